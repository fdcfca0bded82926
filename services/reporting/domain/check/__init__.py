"""Checking a report (核稿): which figures of Chinese prose belong together, and whether they add up."""

"""Reporting: figures against targets, each with its evidence."""

"""A believable district year, invented from a seed, for demonstrations and tests."""

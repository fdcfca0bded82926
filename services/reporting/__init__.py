"""Adds the ledger's facts up to figures against targets, each with its evidence."""

"""Programs that do a smaller or another job on the same events, to measure the ledger against."""

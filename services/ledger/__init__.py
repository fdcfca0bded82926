"""The ledger: what is true of each project."""

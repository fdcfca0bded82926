"""What the ledger decides without asking anyone."""

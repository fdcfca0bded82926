"""How fast the ledger is, beside others that do the same work on the same machine in the same run."""

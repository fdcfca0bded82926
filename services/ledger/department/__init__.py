"""A department's side: events from files onto the bus, and what the ledger says to them."""

"""`python -m services.ledger`: the ledger's own command line."""

from services.ledger.cli import app

app()

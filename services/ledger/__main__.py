"""`python -m services.ledger`: the ledger's own command line."""

from services.ledger.cli import app
from shared.command import run

if __name__ == "__main__":
    run(app)

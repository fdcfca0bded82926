"""The ledger's commands."""

import typer

from services.ledger.app import build
from services.ledger.settings import LedgerSettings
from shared.web import serve

app = typer.Typer(help="What is true of each project.", no_args_is_help=True)


@app.callback()
def ledger() -> None:
    """What is true of each project: archives events, folds them into records, publishes the records."""


@app.command()
def run() -> None:
    """Run the service until Ctrl-C. Reads LUODI_NATS_URL, LUODI_DATABASE_URL, LUODI_HOST, LUODI_PORT (8081)."""
    settings = LedgerSettings()
    serve(lambda: build(settings), settings)

"""The ledger's commands."""

import typer

from services.ledger.settings import LedgerSettings
from services.ledger.upkeep_cli import app as upkeep

app = typer.Typer(help="What is true of each project.", no_args_is_help=True)
app.add_typer(upkeep)


@app.callback()
def ledger() -> None:
    """What is true of each project: archives events, folds them into records, publishes the records."""


@app.command()
def run() -> None:
    """Run the service until Ctrl-C. Reads LUODI_NATS_URL, LUODI_DATABASE_URL, LUODI_HOST, LUODI_PORT (8081)."""
    # What the other commands do without takes a second to load.
    from services.ledger.app import build  # noqa: PLC0415 - for this command only
    from shared.web import serve  # noqa: PLC0415 - for this command only

    settings = LedgerSettings()
    serve(lambda: build(settings), settings)

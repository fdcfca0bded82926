"""The front door: one command, `luodi`, composed of the services' own."""

import asyncio
from pathlib import Path

import typer
from rich.console import Console

import services
from services.ledger.cli import app as ledger
from services.ledger.cli import publish
from services.notifier.cli import app as notifier
from services.reporting.cli import app as reporting
from shared import bus, database
from shared.settings import Settings

app = typer.Typer(
    help="Luodi 落地: investment projects from first contact to production.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals hold secrets
)
app.add_typer(ledger, name="ledger")
app.add_typer(notifier, name="notifier")
app.add_typer(reporting, name="reporting")
app.command()(publish)

SERVICES = tuple(Path(services.__file__).parent / name for name in ("ledger", "notifier", "reporting"))


@app.command()
def provision() -> None:
    """Make or update the streams, the consumers and each service's schema. Safe to repeat.

    Reads LUODI_NATS_URL and LUODI_DATABASE_URL.
    """
    settings, console = Settings(), Console(stderr=True)

    async def everything() -> None:
        for line in await bus.provision(settings.nats_url):
            console.print(f"  {line}")
        for service in SERVICES:
            await database.provision(settings.database_url, service)
            console.print(f"  schema {service.name} up to date")

    try:
        asyncio.run(everything())
    except (OSError, database.SchemaError, TimeoutError) as error:
        console.print(f"[red]Not provisioned:[/] {error}", highlight=False)
        raise typer.Exit(1) from error


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()

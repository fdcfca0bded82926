"""The front door: one command, `luodi`, composed of the services' own."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Literal

import asyncpg
import typer
from nats.errors import Error as NatsError
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console

import services
from deploy.demo.cli import simulate
from deploy.local.cli import up
from services.ledger.cli import app as ledger
from services.ledger.cli import publish
from services.ledger.quarantine_cli import app as quarantine
from services.notifier.cli import app as notifier
from services.reporting.check_cli import check
from services.reporting.cli import app as reporting
from shared import database, schema, streams
from shared.partitions import MOST
from shared.settings import Settings

app = typer.Typer(
    help="Luodi 落地: investment projects from first contact to production.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals hold secrets
)
app.command()(up)
app.command()(simulate)
app.add_typer(ledger, name="ledger")
app.add_typer(quarantine, name="quarantine")
app.add_typer(notifier, name="notifier")
app.add_typer(reporting, name="reporting")
app.command()(publish)
app.command()(check)

SERVICES = tuple(Path(services.__file__).parent / name for name in ("ledger", "notifier", "reporting"))


@app.command()
def provision(
    replicas: Annotated[
        int | None, typer.Option(min=1, max=5, help="On how many servers of a NATS cluster each stream is kept.")
    ] = None,
    partitions: Annotated[
        int | None,
        typer.Option(min=1, max=MOST, help="Into how many parts the ledger's work is divided, by project."),
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Deliver every message again, as when an older database was restored.")
    ] = False,
) -> None:
    """Make or update the streams, the consumers and each service's schema. Safe to repeat.

    An option that is not given leaves things as they are; at first, one replica and no division. Both may be changed at
    any time while services run. What a replay delivers and a service knows already changes nothing.

    Reads LUODI_NATS_URL and LUODI_DATABASE_URL.
    """
    settings, console = Settings(), Console(stderr=True)

    async def everything() -> None:
        for line in await streams.provision(settings.nats_url, replicas=replicas, partitions=partitions, replay=replay):
            console.print(f"  {line}")
        for service in SERVICES:
            await database.provision(settings.database_url, service)
            console.print(f"  schema {service.name} up to date")

    try:
        asyncio.run(everything())
    except (OSError, NatsError, asyncpg.PostgresError, database.SchemaError, TimeoutError) as error:
        console.print(f"[red]Not provisioned:[/] {str(error) or type(error).__name__}", highlight=False)
        console.print("Are the servers up, and are LUODI_NATS_URL and LUODI_DATABASE_URL right?")
        raise typer.Exit(1) from error


@app.command(name="schema")
def print_schema(
    form: Annotated[
        Literal["json", "asyncapi"], typer.Argument(help="json: JSON Schema 2020-12. asyncapi: AsyncAPI 3.0.")
    ] = "json",
) -> None:
    """Print the published language: every event as JSON Schema, or every subject and message as AsyncAPI."""
    document = schema.json_schema() if form == "json" else schema.asyncapi()
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def main() -> None:
    """Run the command line; a setting that is wrong ends it with a sentence instead of a traceback."""
    try:
        app()
    except ValidationError as error:
        for fault in error.errors():
            name = "LUODI_" + "_".join(str(part) for part in fault["loc"]).upper()
            typer.echo(f"Wrong setting: {name}: {fault['msg']}", err=True)
        raise SystemExit(2) from None
    except SettingsError as error:
        typer.echo(f"Wrong setting: {error}: {error.__cause__}", err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()

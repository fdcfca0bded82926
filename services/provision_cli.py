"""`luodi provision`: what the services need on the bus and in the database, before they start."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from nats.errors import Error as NatsError
from rich.console import Console

import services
from shared import database, streams
from shared.partitions import MOST
from shared.settings import Settings

SERVICES = tuple(Path(services.__file__).parent / name for name in ("ledger", "notifier", "reporting"))


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

    An option that is not given leaves things as they are; at first, one
    replica and no division. Both may be changed at any time while services
    run. What a replay delivers and a service knows already changes nothing.

    Exit 0: done. 2: a server cannot be reached or refuses it; repeat it
    then.

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
    except (*database.AWAY, NatsError, database.SchemaError) as error:
        console.print(f"[red]Not provisioned:[/] {str(error) or type(error).__name__}", highlight=False)
        console.print("Are the servers up, and are LUODI_NATS_URL and LUODI_DATABASE_URL right?")
        raise typer.Exit(2) from error

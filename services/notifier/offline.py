"""Answers a command from the notifier's database, whether or not the service runs."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import asyncpg
import typer

from services.notifier.settings import NotifierSettings
from shared import database
from shared.database import AWAY, Connection

_T = TypeVar("_T")


def asking(work: Callable[[Connection], Awaitable[_T]]) -> _T:
    """Do it with a connection, as `done` does it."""
    return done(_connected(work))


def done(work: Coroutine[Any, Any, _T]) -> _T:
    """Do it; what keeps it from being done is said in a sentence, and ends the command with 2."""
    try:
        return asyncio.run(work)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InvalidSchemaNameError) as error:
        typer.echo(f"{error}: run 'luodi provision'.", err=True)
    except AWAY as error:
        typer.echo(f"{str(error) or type(error).__name__}: is Postgres up at LUODI_DATABASE_URL?", err=True)
    raise typer.Exit(2)


async def _connected(work: Callable[[Connection], Awaitable[_T]]) -> _T:
    async with (
        database.make_pool(NotifierSettings().database_url, "luodi-notifier-command", size=1) as pool,
        pool.acquire() as connection,
    ):
        return await work(connection)

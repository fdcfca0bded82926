"""Sifts a batch: what cannot be handled is found by halves and left out, so that the others go on."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import asyncpg
from pydantic import ValidationError

from services.notifier.domain.record import what_is_wrong
from shared.database import Connection

_Row = TypeVar("_Row")

# What the content of one row can make us or Postgres say. Anything else, such as a server that is away, is no row's
# fault.
POISON: Final = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
)
_LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class Faulty(Generic[_Row]):
    """A row that cannot be handled, and why."""

    row: _Row
    why: str


async def sift(
    connection: Connection, rows: Sequence[_Row], work: Callable[[Sequence[_Row]], Awaitable[None]]
) -> list[Faulty[_Row]]:
    """Do the work for all rows within the caller's transaction, save those whose own content makes it fail.

    Returns these. The work may be begun several times for one row, and is done once. Raises what is no row's fault.
    """
    if not rows:
        return []
    try:
        async with connection.transaction():
            await work(rows)
    except POISON as error:
        if len(rows) == 1:
            return [Faulty(rows[0], why(error))]
        middle = len(rows) // 2
        return [*await sift(connection, rows[:middle], work), *await sift(connection, rows[middle:], work)]
    return []


def why(error: Exception) -> str:
    """What is wrong with a row, in a line."""
    if isinstance(error, ValidationError):
        return what_is_wrong(error)[:_LONGEST_REASON]
    return f"{type(error).__name__}: {error}".partition("\n")[0][:_LONGEST_REASON]

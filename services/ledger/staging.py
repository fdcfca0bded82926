"""The rows that a rebuild puts aside, and the swap that brings them in."""

from services.ledger.comparing import around_comparison
from services.ledger.domain.batch import Key
from services.ledger.domain.slices import Slice
from services.ledger.tables import HOURS, TABLES, ask_each_table
from shared.database import Connection
from shared.sql import queries_beside

SQL = around_comparison(queries_beside(__file__))


async def clear(connection: Connection) -> None:
    """Remove what is put aside, by this or an earlier rebuild."""
    await _each(connection, "drop_keys", "drop_rows")


async def make(connection: Connection) -> None:
    """Make room; raises when there is some already."""
    await _each(connection, "make_keys", "make_rows")


async def put_aside(connection: Connection, part: Slice) -> list[Key]:
    """Fold these keys and put aside the rows that differ; returns the keys whose fold has other events."""
    return [(row["district"], row["subject"]) for _, row in await ask_each_table(connection, SQL, "put_aside", part)]


async def note(connection: Connection) -> None:
    """Note what is to be published after the swap, within its transaction."""
    await _each(connection, "to_publish")


async def swap(connection: Connection) -> None:
    """Bring in what is put aside, within the caller's transaction, in which no recorder may be at work."""
    await _each(connection, "take_out", "put_in")


async def size(connection: Connection) -> int:
    """How many rows are to change."""
    counts = [await connection.fetchval(SQL["size", table]) for table in TABLES]
    return sum(counts)


async def _each(connection: Connection, *names: str) -> None:
    for table in TABLES:
        for name in names:
            await connection.execute(SQL[name, table], timeout=HOURS)

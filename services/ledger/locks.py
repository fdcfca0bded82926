"""Locks of projects and of quarantines. They belong to the session, not to its transactions, and last until `unlock`.

Whoever needs both takes the projects' first, and each kind at once and in order: so nobody waits in a circle.
"""

from collections.abc import Iterable

from services.ledger.domain.batch import Key
from services.ledger.domain.buckets import bucket
from shared.database import Connection
from shared.sql import queries_beside

SQL = queries_beside(__file__)


async def lock_projects(connection: Connection, keys: Iterable[Key]) -> None:
    """Nobody else records or publishes these projects, trips or targets from now on."""
    if buckets := {bucket(district, subject) for district, subject in keys}:
        await connection.execute(SQL["lock_projects"], sorted(buckets))


async def lock_quarantine(connection: Connection, districts: Iterable[str]) -> None:
    """Nobody else parks or closes messages of these districts, or publishes their number, from now on."""
    await connection.execute(SQL["lock_quarantine"], list(districts))


async def unlock(connection: Connection) -> None:
    """Let go of everything that this session holds, also of what an interrupted attempt left."""
    await connection.execute(SQL["unlock"])

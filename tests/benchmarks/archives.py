"""Makes a large archive of a small one, in seconds: by SQL, beside the ledger."""

import asyncpg

from shared.sql import queries_beside
from tests.benchmarks.house import House

SQL = queries_beside(__file__)
_SECONDS = 600.0


async def copy_projects(house: House, copies: int) -> int:
    """Every project so many times more, under other names; returns how many events there are.

    In the archive alone: the copies have no records.
    """
    return await _change(house, "copy_projects", copies)


async def lengthen_histories(house: House, events: int) -> int:
    """So many more arrivals of funds for each project; returns how many events there are.

    In the archive alone: the records show them when the project's next event is folded.
    """
    return await _change(house, "lengthen_histories", events)


async def _change(house: House, query: str, number: int) -> int:
    connection = await asyncpg.connect(house.database_url, command_timeout=_SECONDS)
    try:
        await connection.execute(SQL[query], number)
        await connection.execute("vacuum analyze ledger.event")
        return int(await connection.fetchval("select count(*) from ledger.event"))
    finally:
        await connection.close()

"""Every named query of the ledger is one that Postgres can prepare."""

import asyncpg
import pytest

from services.ledger import archive, gaps, recorder

QUERIES = {
    f"{module.__name__}.{name}": text for module in (recorder, archive, gaps) for name, text in module.SQL.items()
}


@pytest.mark.parametrize("name", QUERIES)
async def test_every_named_query_can_be_prepared(database_url: str, name: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.prepare(QUERIES[name])
    finally:
        await connection.close()

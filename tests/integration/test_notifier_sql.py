"""Every named query of the notifier is one that Postgres can prepare."""

from pathlib import Path

import asyncpg

import services.notifier
from shared.sql import queries_beside

_MODULES = sorted(file.with_suffix(".py") for file in Path(services.notifier.__file__).parent.glob("*.sql"))
QUERIES = {
    f"{module.stem}.{name}": statement for module in _MODULES for name, statement in queries_beside(str(module)).items()
}


def test_every_file_of_queries_stands_beside_its_module() -> None:
    assert _MODULES
    assert all(module.exists() for module in _MODULES)


async def test_every_named_query_can_be_prepared(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for name, statement in QUERIES.items():
            assert statement.startswith("-- "), f"{name} does not say why"
            await connection.prepare(statement)
    finally:
        await connection.close()

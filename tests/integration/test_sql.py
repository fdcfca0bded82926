"""Every named query of every service is one that Postgres can prepare, and says why it is there."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import asyncpg
import pytest

import services
from services.ledger import staging
from shared.sql import queries_beside

# What is written once to be woven into the queries of others, where it is prepared with them.
_PATTERNS = {"services.ledger.comparing"}
_SERVICES = Path(services.__file__).parent
FILES = sorted(file for file in _SERVICES.rglob("*.sql") if file.parent.name not in ("migrations", "projections"))


def test_every_service_has_queries() -> None:
    assert {file.relative_to(_SERVICES).parts[0] for file in FILES} == {"ledger", "notifier", "reporting"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(_SERVICES)))
def test_every_named_query_says_why(file: Path) -> None:
    for name, text in queries_beside(str(file)).items():
        assert text.startswith("-- "), f"{name} does not say why"


async def test_every_named_query_can_be_prepared(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    broken: dict[str, str] = {}

    async def prepare(queries: Iterator[tuple[str, str]]) -> None:
        for name, text in queries:
            try:
                await connection.prepare(text)
            except asyncpg.PostgresError as error:
                broken[name] = str(error)

    try:
        await prepare((name, text) for name, text in _queries() if _makes_room(name))
        # What a rebuild puts aside is there during a rebuild only.
        await staging.make(connection)
        await prepare((name, text) for name, text in _queries() if not _makes_room(name))
    finally:
        await connection.close()
    assert broken == {}


def _queries() -> Iterator[tuple[str, str]]:
    """Each query as its module asks it, with `module name` or `module name table`."""
    for file in FILES:
        module = ".".join(file.with_suffix("").relative_to(_SERVICES.parent).parts)
        for key, text in import_module(module).SQL.items() if module not in _PATTERNS else ():
            words = [key] if isinstance(key, str) else [key[0], key[1].name]
            yield " ".join([module, *words]), text


def _makes_room(name: str) -> bool:
    return name.startswith(f"{staging.__name__} make_")

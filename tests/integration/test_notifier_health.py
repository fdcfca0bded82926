"""What the notifier says of itself while something that it needs is missing."""

import contextlib
from collections.abc import AsyncIterator

import asyncpg
import httpx
from structlog.testing import capture_logs

from deploy.local.ports import any_free
from services.notifier.app import build
from services.notifier.settings import NotifierSettings
from tests.integration.conftest import running
from tests.waiting import until


@contextlib.asynccontextmanager
async def served(nats_url: str, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The service as it starts, whatever is there of what it needs."""
    settings = NotifierSettings(nats_url=nats_url, database_url=database_url, tick_seconds=0.01)
    app = build(settings)
    transport = httpx.ASGITransport(app)
    # Each round that fails would be drawn with its stack, which takes longer than the round.
    with capture_logs():
        async with running(app), httpx.AsyncClient(transport=transport, base_url="http://notifier") as http:
            yield http


async def missing(http: httpx.AsyncClient) -> dict[str, str]:
    """The sentences of what is not there."""
    answer = await http.get("/readyz")
    checks = answer.json()["checks"]
    found = {name: said for name, said in checks.items() if said != "ok"}
    assert (answer.status_code, answer.json()["ready"]) == ((503, False) if found else (200, True))
    return found


async def test_with_all_that_it_needs_it_is_alive_and_ready(provisioned: str, database_url: str) -> None:
    async with served(provisioned, database_url) as http:

        async def ready() -> bool:
            return not await missing(http)

        await until(ready)
        assert (await http.get("/livez")).json() == {"status": "alive"}


async def test_while_the_bus_is_away_it_lives_and_says_what_to_look_at(database_url: str) -> None:
    async with served(f"nats://127.0.0.1:{any_free()}", database_url) as http:
        said = await missing(http)
        assert said["nats"] == "not connected to NATS: is the server up, and is LUODI_NATS_URL right?"
        assert set(said) >= {"nats", "intake", "reports"}
        assert "postgres" not in said
        alive = await http.get("/livez")
        assert (alive.status_code, alive.json()) == (200, {"status": "alive"})


async def test_without_its_schema_it_lives_and_names_the_command_that_makes_it(
    provisioned: str, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("drop schema notifier cascade")
    await connection.close()
    async with served(provisioned, database_url) as http:
        said = await missing(http)
        assert said["postgres"] == "schema notifier lacks migration 20261101000000: run 'luodi provision'"

        # Its parts cannot do their rounds, and are named once that lasts; nothing else is missing.
        async def named() -> bool:
            said = await missing(http)
            return set(said) == {"postgres", "rounds"} and "brake keeps failing" in said["rounds"]

        await until(named)
        assert (await http.get("/livez")).status_code == 200


async def test_while_postgres_is_away_it_lives_and_says_so(provisioned: str) -> None:
    async with served(provisioned, f"postgresql://luodi@127.0.0.1:{any_free()}/luodi") as http:
        assert "Connect" in (await missing(http))["postgres"]
        assert (await http.get("/livez")).status_code == 200

"""The server's configuration that operators get: what it promises, and what the city's user may do."""

import asyncio
import subprocess
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import nats
import orjson
import pytest
import pytest_asyncio
from nats.aio.client import Client
from structlog.testing import capture_logs

from deploy.local.nats import Nats
from shared.bus import connected, make_broker, running
from shared.jetstream import ask
from shared.subjects import STREAMS
from tests.integration.deployed_nats import FILES, PASSWORDS, DeployedNats
from tests.waiting import until

SUBJECT = "ledger.500101.project.P-2026-017"


class City:
    """The city's connection, and what the server refused to it."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.connection = Client()

    async def connect(self, bus: DeployedNats) -> None:
        await self.connection.connect(bus.url_of("city"), inbox_prefix=b"_INBOX_city", error_cb=self._hear)

    async def refusal(self) -> str:
        """Wait until something was refused."""

        async def refused() -> bool:
            return bool(self.refused)

        await until(refused)
        [one] = self.refused
        return one

    async def _hear(self, error: Exception) -> None:
        self.refused.append(str(error).lower())


@pytest_asyncio.fixture
async def city(bus: DeployedNats) -> AsyncIterator[City]:
    found = City()
    await found.connect(bus)
    yield found
    await found.connection.close()


async def published(bus: DeployedNats, subject: str, message: dict[str, Any]) -> None:
    connection = await nats.connect(bus.url_of("luodi"))
    await connection.jetstream().publish(subject, orjson.dumps(message))
    await connection.close()


def test_the_server_accepts_the_file_as_it_stands() -> None:
    program = Path(sysconfig.get_path("scripts")) / "nats-server"
    said = subprocess.run(
        [program, "-t", "-c", FILES / "nats.conf"], env=PASSWORDS, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr


async def test_what_the_server_acknowledges_is_on_disk_and_a_record_of_8_mb_fits(bus: DeployedNats) -> None:
    async with httpx.AsyncClient(base_url=bus.monitoring_url) as monitoring:
        assert (await monitoring.get("/varz")).json()["max_payload"] == 8 * 1024 * 1024
        assert (await monitoring.get("/jsz?config=1")).json()["config"]["sync_always"] is True


async def test_the_server_of_luodi_up_keeps_the_same_promise(tmp_path: Path) -> None:
    server = Nats(tmp_path / "nats")
    await server.start()
    await server.stop()
    lines = [line.strip() for line in (tmp_path / "nats" / "nats.conf").read_text(encoding="utf-8").splitlines()]
    assert {"sync_interval: always", "max_payload: 8MB"} <= set(lines)


async def test_a_stranger_is_not_let_in(bus: DeployedNats) -> None:
    reader, writer = await asyncio.open_connection(*bus.url.removeprefix("nats://").split(":"))
    assert b'"auth_required":true' in await reader.readline()
    writer.write(b"CONNECT {}\r\nPING\r\n")
    assert await reader.readline() == b"-ERR 'Authorization Violation'\r\n"
    writer.close()
    await writer.wait_closed()


async def test_the_city_reads_records_and_reports_through_a_consumer_of_its_own(bus: DeployedNats, city: City) -> None:
    await published(bus, SUBJECT, {"revision": 1})
    await published(bus, "report.500101.progress.2026", {"revision": 7})
    stream = city.connection.jetstream()
    for name, revision in (("LEDGER", 1), ("REPORTS", 7)):
        reader = await stream.pull_subscribe(">", "city", name)
        [message] = await reader.fetch(1)
        await message.ack_sync()
        assert orjson.loads(message.data) == {"revision": revision}
        assert (await stream.stream_info(name)).state.messages == 1
        assert (await stream.consumer_info(name, "city")).ack_floor.stream_seq == 1
    assert city.refused == []


@pytest.mark.parametrize("subject", [SUBJECT, "events.500101.finance.P-1.signed", "report.500101.progress.2026"])
async def test_the_city_publishes_nothing(bus: DeployedNats, city: City, subject: str) -> None:
    await city.connection.publish(subject, b"{}")
    assert f'publish to "{subject.lower()}"' in await city.refusal()
    connection = await nats.connect(bus.url_of("luodi"))
    held = [(await ask(connection, f"STREAM.INFO.{one.name}"))["state"]["messages"] for one in STREAMS]
    await connection.close()
    assert set(held) == {0}


@pytest.mark.parametrize(
    "question",
    [
        "CONSUMER.MSG.NEXT.LEDGER.reporting",
        "CONSUMER.DELETE.LEDGER.notifier",
        "CONSUMER.CREATE.LEDGER.reporting",
        "CONSUMER.CREATE.EVENTS.city",
        "STREAM.UPDATE.LEDGER",
        "STREAM.PURGE.LEDGER",
        "STREAM.MSG.GET.EVENTS",
    ],
)
async def test_the_city_touches_nothing_of_others(bus: DeployedNats, city: City, question: str) -> None:
    await city.connection.publish(f"$JS.API.{question}", b"{}", reply="_INBOX_city.answer")
    assert f'publish to "$js.api.{question.lower()}"' in await city.refusal()


@pytest.mark.parametrize("subject", ["events.>", "ledger.>", "refusals.>", "_INBOX.>", "_INBOX_finance.>"])
async def test_the_city_listens_to_nobody(bus: DeployedNats, city: City, subject: str) -> None:
    await city.connection.subscribe(subject)
    assert f'to "{subject.lower()}"' in await city.refusal()


async def test_a_service_that_is_not_let_in_comes_in_once_its_password_is_put_right(bus: DeployedNats) -> None:
    async def refused() -> bool:
        return any("Authorization Violation" in str(one.get("error")) for one in logs)

    async def let_in() -> bool:
        return await connected(broker) is None

    await bus.admit("luodi", whether=False)
    with capture_logs() as logs:
        async with running(make_broker(bus.url_of("luodi"), "test")) as broker:
            await until(refused)
            await bus.admit("luodi", whether=True)
            await until(let_in)

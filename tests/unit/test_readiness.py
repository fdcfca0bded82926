"""What `/readyz` says of each check Prometheus hears as well, as it is when it asks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from shared import readiness
from shared.web import make_app


class Parts:
    """What a service depends on, as a test sets it."""

    def __init__(self) -> None:
        self.postgres: str | None = None
        self.waiting: int | None = 7
        self.hangs = False

    async def check_postgres(self) -> str | None:
        return self.postgres

    async def check_nats(self) -> str | None:
        if self.hangs:
            await asyncio.Event().wait()
        return None

    async def check_intake(self) -> str | None:
        raise OSError("no route")

    async def count(self) -> int | None:
        return self.waiting

    def client(self) -> httpx.AsyncClient:
        app = make_app(
            "test",
            checks={"postgres": self.check_postgres, "nats": self.check_nats, "intake": self.check_intake},
            pending={"LEDGER": self.count},
            lifespan=_nothing,
            registry=CollectorRegistry(),
        )
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://luodi")


@contextlib.asynccontextmanager
async def _nothing(app: FastAPI) -> AsyncIterator[None]:
    yield


async def gauges(http: httpx.AsyncClient) -> dict[str, str]:
    """The gauges of readiness as `/metrics` has them."""
    lines = (await http.get("/metrics")).text.splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if line.startswith("luodi_"))


async def test_each_check_is_a_gauge_that_says_how_it_is_now() -> None:
    parts = Parts()
    async with parts.client() as http:
        assert await gauges(http) == {
            'luodi_ready{check="postgres"}': "1.0",
            'luodi_ready{check="nats"}': "1.0",
            'luodi_ready{check="intake"}': "0.0",
            'luodi_pending{stream="LEDGER"}': "7.0",
        }
        parts.postgres = "schema lacks a migration"
        assert (await gauges(http))['luodi_ready{check="postgres"}'] == "0.0"
        parts.postgres = None
        assert (await gauges(http))['luodi_ready{check="postgres"}'] == "1.0"


async def test_a_check_that_hangs_is_not_ready_and_holds_up_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "CHECK_SECONDS", 0.05)
    parts = Parts()
    parts.hangs = True
    async with parts.client() as http:
        said = await gauges(http)
        assert (said['luodi_ready{check="nats"}'], said['luodi_ready{check="postgres"}']) == ("0.0", "1.0")
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {
            "postgres": "ok",
            "nats": "no answer within 0.05 seconds",
            "intake": "OSError: no route",
        }


async def test_what_nobody_can_count_is_not_said_to_be_nothing() -> None:
    parts = Parts()
    async with parts.client() as http:
        parts.waiting = None
        assert 'luodi_pending{stream="LEDGER"}' not in await gauges(http)
        parts.waiting = 0
        assert (await gauges(http))['luodi_pending{stream="LEDGER"}'] == "0.0"

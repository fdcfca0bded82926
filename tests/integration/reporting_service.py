"""The reporting service within a test: built as in production, without a port, fed with records by hand."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
from fastapi import FastAPI
from nats.js import JetStreamContext

from tests.reporting_records import DISTRICT, fact, funds, project, signed, subject, target

PROGRESS = f"/v1/districts/{DISTRICT}/progress"
AUGUST = {"year": "2026", "through": "2026-08-31"}


@contextlib.asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running service, once it takes records in."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://reporting") as client:
            async with asyncio.timeout(20):
                while (await client.get("/readyz")).json()["checks"]["intake"] != "ok":
                    pass
            yield client


async def publish(stream: JetStreamContext, *records: dict[str, Any]) -> None:
    """Put records on the bus, as the ledger does."""
    for record in records:
        await stream.publish(subject(record), orjson.dumps(record))


async def settled(client: httpx.AsyncClient, *expected: str, path: str = PROGRESS) -> dict[str, Any]:
    """The answer for August once nothing but `expected` is missing; the answer itself tells when that is."""
    async with asyncio.timeout(20):
        while True:
            answer = await client.get(path, params=AUGUST)
            if answer.status_code == 200:
                body: dict[str, Any] = answer.json()
                if [gap["code"] for gap in body["incomplete"]] == list(expected):
                    return body


def year() -> list[dict[str, Any]]:
    """A district's year in few records."""
    return [
        target("funds-arrived", ("2026-01-05", "105")),
        target("platform-signings", ("2026-01-05", "130.00")),
        project(
            "P-1",
            [
                fact("registered", "2026-01-05", "r-1", name="智能装备制造产业园"),
                signed("2026-02-01", "15280000000.00", "s-1", level="provincial"),
                funds("2026-03-01", "5540000000.00", "f-1", evidence={"kind": "bank-slip", "reference": "2026-0183"}),
            ],
            name="智能装备制造产业园",
            stage="started",
            contract_amount="15280000000.00",
        ),
        project(
            "P-2",
            [
                fact("registered", "2026-01-06", "r-2", name="P-2项目"),
                funds("2026-08-31", "2940000000.00", "f-2", origin="500103"),
            ],
        ),
    ]


def park() -> dict[str, Any]:
    """A project with everything that its page and its timeline show."""
    facts = [
        fact("registered", "2026-01-10", "r-1", name="产业园", industry="C3911", cluster="智能装备", channel="agent"),
        fact("claimed", "2026-01-20", "c-1", lead_official="张明远", lead_unit="区经济信息委"),
        signed("2026-02-01", "900000000.00", "s-1", level="provincial"),
        fact("started", "2026-05-06", "b-1"),
        funds("2026-06-30", "120000000.00", "f-1", evidence={"kind": "equipment-invoice", "reference": "FP-2601"}),
    ]
    return project(
        "P-7",
        facts,
        name="产业园",
        stage="started",
        reached="started",
        cluster="智能装备",
        industry="C3911",
        channel="agent",
        lead_official="张明远",
        lead_unit="区经济信息委",
        contract_amount="900000000.00",
        funds_arrived="120000000.00",
        milestones={
            "signed": {"due": "2026-03-01", "on": "2026-02-01"},
            "completed": {"due": "2026-08-01", "on": None},
        },
        gates={"legal": {"outcome": "passed", "on": "2026-01-30"}},
        progress=[
            {"on": "2026-07-02", "phrase": "主体结构已封顶", "quantity": None, "source": "/500101/zone-2", "id": "p-1"},
        ],
        escalations=[
            {"case": "k-1", "rule": "overdue", "rung": 2, "state": "acknowledged", "who": "张明远", "on": "2026-08-09"},
        ],
        anomalies=[
            {"code": "signed-before-gates", "text": "2026-02-01 签约时三项审查尚未全部通过", "source": "", "event": ""},
        ],
        last_recorded_at="2026-08-20T01:00:00Z",
    )

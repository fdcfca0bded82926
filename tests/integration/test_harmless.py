"""Whatever bytes a department puts into a subject, headers or payload, it stops nobody but itself."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from nats.aio.client import Client

from services.ledger.app import build
from services.ledger.settings import LedgerSettings
from tests.integration.conftest import running
from tests.integration.department import Department, contract_signed


@pytest_asyncio.fixture
async def ledger(provisioned: str, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    settings = LedgerSettings(nats_url=provisioned, database_url=database_url)
    app = build(settings)
    transport = httpx.ASGITransport(app=app)
    async with running(app), httpx.AsyncClient(transport=transport, base_url="http://ledger") as http:
        yield http


async def speak_raw(nats_url: str, subject: bytes, payload: bytes, headers: bytes = b"") -> None:
    """Publish bytes that no client library would send; returns when the server has taken them."""
    where = urlsplit(nats_url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    await reader.readline()
    writer.write(b'CONNECT {"verbose": false, "headers": true}\r\n')
    if headers:
        sizes = b" %d %d\r\n" % (len(headers), len(headers) + len(payload))
        writer.write(b"HPUB " + subject + sizes + headers + payload + b"\r\nPING\r\n")
    else:
        writer.write(b"PUB " + subject + b" %d\r\n" % len(payload) + payload + b"\r\nPING\r\n")
    assert await reader.readline() == b"PONG\r\n"
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("token", "kept"),
    [
        (b"\xff\xfe", r"\xff\xfe"),
        (b"a\x00b", r"a\x00b"),
        (b"\x1b[2J\x07", r"\x1b[2J\x07"),
        ("\u202e项目".encode(), r"\u202e项目"),
        (b"a" * 3000, "a" * 3000),
    ],
    ids=["not UTF-8", "NUL", "terminal escapes", "right to left", "long"],
)
async def test_a_subject_of_hostile_bytes_is_parked_readably_and_the_others_go_on(
    provisioned: str, client: Client, ledger: httpx.AsyncClient, token: bytes, kept: str
) -> None:
    department = await Department.open(client)
    await speak_raw(provisioned, b"events.500101.finance." + token + b".signed", b"\xff")
    refusal = await department.hear_refusal()
    assert (refusal["code"], refusal["unit"]) == ("bad-subject", "finance")
    await department.say(contract_signed("P-1", "1"))
    await department.hear_record("P-1", 1)
    [parked] = (await ledger.get("/v1/quarantine")).json()
    assert parked["subject"] == f"events.500101.finance.{kept}.signed"


@pytest.mark.parametrize(
    "headers",
    [
        b"NATS/1.0",
        b"XX",
        b"NATS/1.0 404 \xff\r\n\r\n",
        b"NATS/1.0\r\nA: \xff\r\n\r\n",
        b"NATS/1.0\r\nStatus: 100\r\n\r\n",
    ],
)
async def test_hostile_headers_are_taken_as_none_and_the_message_is_judged_like_any_other(
    provisioned: str, client: Client, ledger: httpx.AsyncClient, headers: bytes
) -> None:
    department = await Department.open(client)
    await speak_raw(provisioned, b"events.500101.finance.P-1.signed", b"\x00\xff", headers)
    assert (await department.hear_refusal())["code"] == "not-json"
    await department.say(contract_signed("P-1", "1"))
    await department.hear_record("P-1", 1)

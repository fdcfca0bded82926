"""Whoever asks a service while Postgres is away is told that it passes, in the form that they can read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from structlog.testing import capture_logs

import services.ledger.app
import services.notifier.app
from services.ledger.settings import LedgerSettings
from services.notifier.domain.links import LinkMaker
from services.notifier.settings import NotifierSettings
from tests.integration.conftest import running

_NOBODY_LISTENS = "postgresql://luodi@127.0.0.1:1/luodi"
_SECRET = "a secret of at least thirty-two characters"
_BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@asynccontextmanager
async def asked(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service") as client,
    ):
        yield client


@pytest.fixture
def notifier(provisioned: str) -> FastAPI:
    settings = NotifierSettings(nats_url=provisioned, database_url=_NOBODY_LISTENS, link_secret=SecretStr(_SECRET))
    return services.notifier.app.build(settings)


@pytest.mark.parametrize("path", ["/v1/districts/500101/projects/P-1", "/v1/quarantine"])
async def test_a_program_that_asks_the_ledger_is_told_to_try_again(provisioned: str, path: str) -> None:
    app = services.ledger.app.build(LedgerSettings(nats_url=provisioned, database_url=_NOBODY_LISTENS))
    async with asked(app) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {
        "detail": "a server behind this service does not answer: try again in a moment; /readyz tells which"
    }


async def test_a_program_is_told_the_same_while_postgres_takes_no_more_connections(
    provisioned: str, database_url: str
) -> None:
    owner = await asyncpg.connect(database_url, ssl=False)
    await owner.execute(f"alter database {urlsplit(database_url).path.strip('/')} connection limit 0")
    await owner.close()
    app = services.ledger.app.build(LedgerSettings(nats_url=provisioned, database_url=database_url))
    async with asked(app) as client:
        answer = await client.get("/v1/quarantine")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_program_that_asks_the_notifier_is_told_to_try_again(notifier: FastAPI) -> None:
    async with asked(notifier) as client:
        answer = await client.get("/v1/cases")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/json")


async def test_the_page_of_all_cases_says_to_wait_and_looks_again_by_itself(notifier: FastAPI) -> None:
    async with asked(notifier) as client:
        page = await client.get("/cases", headers=_BROWSER)
    assert page.status_code == 503
    assert "系统正在恢复" in page.text
    assert '<meta http-equiv="refresh" content="15">' in page.text


async def test_an_official_whose_answer_may_be_lost_is_told_so_and_no_page_repeats_it(notifier: FastAPI) -> None:
    links = LinkMaker("", _SECRET.encode(), timedelta(days=14))
    path = links.own_token("王建国", datetime.now(UTC), datetime.now(UTC) + timedelta(days=1))
    with capture_logs() as logged:
        async with asked(notifier) as client:
            page = await client.post(f"/mine/{path}", headers=_BROWSER)
    assert page.status_code == 503
    assert "刚才的操作可能没有记录" in page.text
    assert "refresh" not in page.text
    # What is in the link's place lets people in.
    assert [one["path"] for one in logged if "not answered" in one["event"]] == ["/mine/{token}"]
    assert path not in str(logged)

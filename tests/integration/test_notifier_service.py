"""The whole service, on a real bus and a real database: a record in, a push out, an answer by link, the end told."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from fastapi import FastAPI
from nats.aio.client import Client
from pydantic import SecretStr

from services.notifier.app import build
from services.notifier.settings import NotifierSettings
from shared.envelope import Event, judge
from tests.integration.notifier_office import LINK_SECRET, OFFICIAL, POLICIES, START, record, token_of
from tests.labels import strays
from tests.providers.webhook import FakeWebhook, fake_webhook
from tests.providers.wecom import FakeWecom, fake_wecom

PATIENCE = 10.0


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Service:
    """The running service, with what is around it."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that is around it
        self,
        app: FastAPI,
        bus: Client,
        wecom: FakeWecom,
        webhook: FakeWebhook,
        clock: Hands,
        settings: NotifierSettings,
    ) -> None:
        transport = httpx.ASGITransport(app=app, client=("10.1.2.3", 5000))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://notifier")
        self.wecom, self.webhook, self.clock = wecom, webhook, clock
        self._bus = bus
        self.settings = settings

    async def hear(self, document: dict[str, Any]) -> None:
        """The ledger publishes a record."""
        subject = f"ledger.{document['district']}.project.{document['project']}"
        await self._bus.jetstream().publish(subject, orjson.dumps(document))

    async def until(self, holds: Callable[[], Awaitable[object]]) -> None:
        """Wait for something to hold."""
        async with asyncio.timeout(PATIENCE):
            while not await holds():  # noqa: ASYNC110 - fakes in threads, rows and streams signal nobody
                await asyncio.sleep(0.01)

    async def pushed(self) -> str:
        """Wait until the official was told over both channels; returns the path of the link in the webhook."""

        async def recorded() -> bool:
            cases = (await self.http.get("/v1/cases")).json()["unresolved"]
            return [{each["state"] for each in case["deliveries"]} for case in cases] == [{"sent"}]

        await self.until(recorded)
        return f"/ack/{token_of(self.webhook.posts[0]['acknowledge'])}"

    async def case(self) -> dict[str, Any]:
        """The one case, whatever its state."""
        answer = (await self.http.get("/v1/cases")).json()
        (case,) = answer["unresolved"] + answer["resolved"]
        found: dict[str, Any] = case
        return found

    async def on_record(self, count: int) -> list[Event]:
        """Wait until so many events are in the stream; returns them as the ledger will judge them."""
        stream = self._bus.jetstream()

        async def stored() -> bool:
            return (await stream.stream_info("EVENTS")).state.messages >= count

        await self.until(stored)
        events = []
        for sequence in range(1, count + 1):
            message = await stream.get_msg("EVENTS", sequence)
            verdict = judge(str(message.subject), message.data or b"")
            assert isinstance(verdict, Event), verdict
            events.append(verdict)
        return events


@pytest_asyncio.fixture
async def service(client: Client, provisioned: str, database_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    clock = Hands()
    with fake_wecom() as wecom, fake_webhook() as webhook:
        directory = tmp_path / "directory.csv"
        directory.write_text(
            "name,role,unit,wecom_userid,wecom_bot,webhook,webhook_secret\n"
            f"{OFFICIAL},official,,WangJianGuo,leaders,{webhook.url},office\n"
            "马超,unit-contact,区经济信息委,MaChao,leaders,,\n",
            encoding="utf-8",
        )
        settings = NotifierSettings(
            nats_url=provisioned,
            database_url=database_url,
            policy=POLICIES / "at_once.toml",
            directory=directory,
            public_url="http://notifier/",
            link_secret=SecretStr(LINK_SECRET.decode()),
            wecom_base_url=wecom.url,
            wecom_bots={"leaders": SecretStr(wecom.key)},
            webhook_secrets={"office": SecretStr(webhook.secret)},
            settle_seconds=0,
            group_wait_seconds=0,
            tick_seconds=0.02,
        )
        app = build(settings, clock=clock)
        async with app.router.lifespan_context(app):
            running = Service(app, client, wecom, webhook, clock, settings)
            async with running.http:
                yield running


async def test_from_a_late_milestone_to_its_end(service: Service) -> None:
    await service.hear(record())
    path = await service.pushed()

    page = await service.http.get(path)
    assert page.status_code == 200
    assert "王建国副区长，您好" in page.text
    assert "原定8月31日前开工，已逾期2天" in page.text
    assert (await service.case())["state"] == "open", "GET must not answer: whatever unfurls links sends GET"

    answered = await service.http.post(path)
    assert "已签收1项" in answered.text
    case = await service.case()
    assert case["state"] == "acknowledged"
    assert [each["who"] for each in case["acknowledgements"]] == [OFFICIAL]

    await service.hear(record(revision=2, on="2026-09-02", stage="started"))

    async def told() -> bool:
        return len(service.webhook.posts) == 2

    await service.until(told)
    assert "已于9月2日开工" in service.webhook.posts[1]["text"]
    assert (await service.case())["state"] == "resolved"
    assert "已办结" in (await service.http.get(path)).text

    opened, acknowledged, resolved = await service.on_record(3)
    assert [each.name for each in (opened, acknowledged, resolved)] == [
        "escalation-opened",
        "escalation-acknowledged",
        "escalation-resolved",
    ]
    assert {(each.unit, each.subject) for each in (opened, acknowledged, resolved)} == {("notifier", "P-2026-017")}
    assert acknowledged.data.document()["who"] == OFFICIAL


async def test_the_link_in_the_group_asks_who_answers(service: Service) -> None:
    await service.hear(record())
    await service.pushed()
    text = next(text for text in service.wecom.texts() if "王建国副区长" in text.splitlines()[1])
    found = re.search(r"http://notifier/ack/\S+", text)
    assert found is not None
    path = found[0].removeprefix("http://notifier")
    assert 'name="who"' in (await service.http.get(path)).text
    refused = await service.http.post(path, data={"who": "  "})
    assert refused.status_code == 422
    assert "请先填写您的姓名和职务" in refused.text
    answered = await service.http.post(path, data={"who": "秘书 <b>小李</b>\x00"})
    assert "已签收1项" in answered.text
    assert "<b>小李" not in answered.text
    assert (await service.case())["acknowledgements"][0]["who"] == "秘书 ＜b＞小李＜/b＞"


async def test_a_name_may_come_unescaped_as_from_a_command_line(service: Service) -> None:
    await service.hear(record())
    await service.pushed()
    found = re.search(r"/ack/\S+", service.wecom.texts()[0])
    assert found is not None
    form = {"content-type": "application/x-www-form-urlencoded"}
    answered = await service.http.post(found[0], content="who=李强 科长".encode(), headers=form)
    assert "李强科长" in answered.text


async def test_nothing_is_answered_when_nothing_is_chosen(service: Service) -> None:
    await service.hear(record())
    path = await service.pushed()
    refused = await service.http.post(path, data={"choosing": "true"})
    assert refused.status_code == 422
    assert "请至少选择一项" in refused.text
    stranger = {"choosing": "true", "case": "00000000-0000-0000-0000-000000000001"}
    assert (await service.http.post(path, data=stranger)).status_code == 200
    assert (await service.case())["state"] == "open"
    chosen = {"choosing": "true", "case": (await service.case())["id"]}
    assert "已签收1项" in (await service.http.post(path, data=chosen)).text


async def test_an_expired_link_says_so_and_answers_nothing(service: Service) -> None:
    await service.hear(record())
    path = await service.pushed()
    # It lasts to the end of its last day.
    service.clock.now += timedelta(days=14, hours=13)
    assert (await service.http.get(path)).status_code == 200
    service.clock.now += timedelta(hours=1)
    for answer in (await service.http.get(path), await service.http.post(path)):
        assert answer.status_code == 410
        assert "链接已过期" in answer.text
    assert (await service.case())["acknowledgements"] == []


@pytest.mark.parametrize("token", ["nonsense", "a.b", "%00", "x" * 5000])
async def test_a_link_that_is_not_ours_is_refused(service: Service, token: str) -> None:
    answer = await service.http.get(f"/ack/{token}")
    assert answer.status_code == 404
    assert "链接无效" in answer.text


async def test_pages_are_kept_by_nobody_and_run_nothing(service: Service) -> None:
    await service.hear(record(name="<script>alert(1)</script>"))
    path = await service.pushed()
    for page in (await service.http.get(path), await service.http.get("/cases"), await service.http.get("/ack/x")):
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<script" not in page.text
        assert "http://" not in page.text
        assert 'lang="zh-CN"' in page.text


async def test_the_page_of_cases_shows_rung_next_instant_and_the_providers_answers(service: Service) -> None:
    await service.hear(record())
    await service.pushed()
    await service.on_record(1)
    text = (await service.http.get("/cases")).text
    assert "下一步：9月4日 10:00上报第2级。" in re.sub(r"\s+", " ", text).replace("通知 第", "通知第")
    assert "应答 0" in text
    assert OFFICIAL in text


async def test_the_service_tells_its_health_and_counts(service: Service) -> None:
    await service.hear(record())
    await service.pushed()
    ready = (await service.http.get("/readyz")).json()
    assert ready["ready"], ready
    metrics = (await service.http.get("/metrics")).text
    assert 'luodi_notifier_attempts_total{channel="wecom-bot",code="0",outcome="Sent"} 2.0' in metrics
    assert 'luodi_ready{check="reports"} 1.0' in metrics
    assert 'luodi_pending{stream="REPORTS"} 0.0' in metrics
    assert strays(metrics) == []
    assert "P-2026-017" not in metrics
    assert OFFICIAL not in metrics

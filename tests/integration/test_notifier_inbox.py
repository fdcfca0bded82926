"""The demo's inbox takes what the notifier sends and refuses the rest, and its directory fits the demo's officials."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from ipaddress import ip_network
from pathlib import Path

import httpx
import orjson
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from deploy.demo.clusters import CLUSTERS
from deploy.demo.officials import DISTRICT_HEAD, LEAD_OFFICIALS
from deploy.local.inbox import BOTS, OFFICE_SECRET, Inbox, build, notifier_environment
from services.notifier.channels.http import Client, make_client
from services.notifier.channels.strangers import Guard
from services.notifier.channels.webhook import Webhook
from services.notifier.channels.wecom_bot import WecomBot
from services.notifier.checks import examine
from services.notifier.domain.directory import Address, Nobody, read_directory
from services.notifier.domain.outcomes import Refused, Sent
from services.notifier.domain.policy import read_policy
from services.notifier.domain.record import Record
from services.notifier.settings import NotifierSettings
from tests.integration.test_notifier_channels import ITEM, parcel

LEADERS = Address("wecom-bot", "leaders", "leaders", "WangJianGuo")

DAY = date(2026, 9, 2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "inbox.jsonl"


@pytest.fixture
def inbox(file: Path) -> FastAPI:
    return build(Inbox(file, {"WangJianGuo": "王建国 副区长"}))


class Visiting(httpx.AsyncClient):
    """Somebody who looks at the page; `sender` is how the notifier calls it."""

    sender: Client


@pytest_asyncio.fixture
async def client(inbox: FastAPI) -> AsyncIterator[Visiting]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(inbox, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with Visiting(base_url=url, trust_env=False) as client, make_client() as client.sender:
        yield client
    server.should_exit = True
    await serving


def bot(client: Visiting, key: str = BOTS["leaders"]) -> WecomBot:
    return WecomBot(client.sender, str(client.base_url), {"leaders": SecretStr(key)})


def hook(client: Visiting, secret: str = OFFICE_SECRET) -> Webhook:
    return Webhook(client.sender, {"office": SecretStr(secret)}, Guard([ip_network("127.0.0.0/8")]))


def office(client: Visiting) -> Address:
    return Address("webhook", str(client.base_url.join("/hooks/office")), "office")


async def test_what_the_notifier_sends_is_shown_newest_first(client: Visiting) -> None:
    now = datetime.now(UTC)
    assert await bot(client).send(parcel(LEADERS)) == Sent("0", "ok")
    assert await bot(client).send(parcel(LEADERS, items=2)) == Sent("0", "ok")
    assert isinstance(await hook(client).send(replace(parcel(office(client)), now=now)), Sent)
    messages = (await client.get("/messages")).json()
    assert [each["kind"] for each in messages] == ["webhook", "markdown", "text"]
    assert {name for each in messages for name in each["to"]} == {"王建国 副区长"}
    page = (await client.get("/", params={"to": "王建国 副区长"})).text
    assert '<a href="https://l.example/ack/t" target="_blank">查看并签收</a>' in page
    assert '<span class="at">@王建国 副区长</span>' in page
    assert '<span class="comment">编号 LD-000042</span>' in page


async def test_a_card_is_shown_as_its_lines(client: Visiting) -> None:
    assert await bot(client).send(parcel(replace(LEADERS, mention=None))) == Sent("0", "ok")
    page = (await client.get("/")).text
    assert "【落地催办】王建国副区长<br>智能装备产业园（P-2026-017）" in page
    assert '<a href="https://l.example/ack/t" target="_blank">' in page


async def test_what_is_not_signed_as_agreed_is_refused(client: Visiting) -> None:
    now = datetime.now(UTC)
    wrong = await hook(client, "another").send(replace(parcel(office(client)), now=now))
    assert isinstance(wrong, Refused)
    assert wrong.code == "401"
    stale = await hook(client).send(parcel(office(client)))
    assert isinstance(stale, Refused)
    assert await bot(client, "another").send(parcel(LEADERS)) == Refused("93000", "invalid webhook url")
    assert (await client.get("/messages")).json() == []


async def test_a_repetition_of_a_delivery_is_shown_once(client: Visiting) -> None:
    now = datetime.now(UTC)
    for _ in range(2):
        assert isinstance(await hook(client).send(replace(parcel(office(client)), now=now)), Sent)
    assert len((await client.get("/messages")).json()) == 1


async def test_messages_are_there_after_a_restart(client: Visiting, file: Path) -> None:
    await bot(client).send(parcel(LEADERS))
    again = Inbox(file, {})
    assert [message.kind for message in again.messages] == ["text"]


async def test_nothing_in_a_message_becomes_markup_of_the_page(client: Visiting) -> None:
    hostile = replace(ITEM, name="<script>alert(1)</script>", text='"><img src=x onerror=alert(1)>')
    await bot(client).send(parcel(LEADERS, items=[hostile]))
    document = {"msgtype": "markdown", "markdown": {"content": '[x](javascript:alert(1)) <b onclick="x">'}}
    await client.post("/cgi-bin/webhook/send", params={"key": BOTS["units"]}, content=orjson.dumps(document))
    page = (await client.get("/")).text
    assert "<script" not in page
    assert "<img" not in page
    assert "<b onclick" not in page
    assert 'href="javascript' not in page


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (b"{", 47001),
        (b"[]", 47001),
        (b'{"msgtype": "image", "image": {}}', 40008),
        (orjson.dumps({"msgtype": "text", "text": {"content": "长" * 683}}), 40058),
    ],
)
async def test_the_inbox_refuses_as_wecom_does(client: Visiting, body: bytes, errcode: int) -> None:
    answer = await client.post("/cgi-bin/webhook/send", params={"key": BOTS["leaders"]}, content=body)
    assert (answer.status_code, answer.json()["errcode"]) == (200, errcode)


def test_the_demos_settings_are_fine_and_reach_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in notifier_environment("http://127.0.0.1:18083", tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LUODI_PUBLIC_URL", "http://127.0.0.1:8082")
    monkeypatch.setenv("LUODI_LINK_SECRET", "0123456789abcdef0123456789abcdef")
    settings = NotifierSettings()
    assert examine(settings, date(2026, 9, 2)) == []
    directory = read_directory(settings.directory.read_bytes())
    ladder = read_policy(settings.policy.read_text(encoding="utf-8")).rules[0].ladder
    assert directory.person(DISTRICT_HEAD, DAY) is not None
    assert b"127.0.0.1:8083" not in settings.directory.read_bytes()
    for official in LEAD_OFFICIALS:
        for unit in {cluster.lead_unit for cluster in CLUSTERS}:
            project = Record(
                district="500101", project="P", revision=1, stage="signed", lead_official=official, lead_unit=unit
            )
            for role in (role for rung in ladder for role in rung.who):
                assert not isinstance(directory.holders(role, project, unit, DAY), Nobody)

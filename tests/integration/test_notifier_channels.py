"""Each channel against a fake that takes and refuses as the provider does."""

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
import structlog
from pydantic import SecretStr

from deploy.local.ports import any_free
from services.notifier.channels import http
from services.notifier.channels.parcel import Parcel
from services.notifier.channels.strangers import Guard
from services.notifier.channels.webhook import Webhook, sign
from services.notifier.channels.wecom_bot import WecomBot
from services.notifier.domain.directory import Address
from services.notifier.domain.letters import Item, Letter
from services.notifier.domain.outcomes import Refused, Sent, TryLater, Unclear
from tests.providers.loopback import Reply
from tests.providers.webhook import FakeWebhook, fake_webhook
from tests.providers.wecom import FakeWecom, fake_wecom

NOW = datetime(2026, 9, 2, 2, 0, tzinfo=UTC)
MESSAGE = UUID(int=7)
ITEM = Item(
    case="0190",
    rule="milestone-overdue",
    rung=1,
    district="500101",
    project="P-2026-017",
    name="智能装备产业园",
    matter="started",
    due=date(2026, 8, 31),
    text="原定8月31日前开工，已逾期2天，尚未收到开工信息。",
    brief="原定8月31日前开工，已逾期2天",
)


@pytest_asyncio.fixture
async def client() -> AsyncIterator[http.Client]:
    async with http.make_client() as client:
        yield client


@pytest.fixture
def wecom() -> Iterator[FakeWecom]:
    with fake_wecom() as wecom:
        yield wecom


@pytest.fixture
def receiver() -> Iterator[FakeWebhook]:
    with fake_webhook() as webhook:
        yield webhook


def parcel(address: Address, items: int | list[Item] = 1, now: datetime = NOW, **changes: Any) -> Parcel:
    """An attempt at a message with these items, or with so many of the usual one."""
    whole = {"notice": "overdue", "number": "LD-000042", "recipient": "王建国 副区长", "today": NOW.date()}
    letter = Letter(
        **{
            **whole,
            "link": "https://l.example/ack/t",
            "discreet": True,
            "items": [ITEM] * items if isinstance(items, int) else items,
            **changes,
        }
    )
    return Parcel(MESSAGE, letter, address, now)


def to_group(items: int = 1) -> Parcel:
    return parcel(Address("wecom-bot", "leaders", "leaders", "WangJianGuo"), items)


def to_office(receiver: FakeWebhook, **changes: Any) -> Parcel:
    return parcel(Address("webhook", receiver.url, "office"), **changes)


def bot(client: http.Client, wecom: FakeWecom, key: str | None = None) -> WecomBot:
    return WecomBot(client, wecom.url, {"leaders": SecretStr(key or wecom.key)})


def hook(client: http.Client, receiver: FakeWebhook, secret: str | None = None) -> Webhook:
    return Webhook(client, {"office": SecretStr(secret or receiver.secret)}, Guard([ip_network("127.0.0.0/8")]))


async def test_one_case_goes_to_wecom_as_text_that_calls_its_addressee(client: http.Client, wecom: FakeWecom) -> None:
    assert await bot(client, wecom).send(to_group()) == Sent("0", "ok")
    (message,) = wecom.messages
    assert message["msgtype"] == "text"
    assert message["text"]["mentioned_list"] == ["WangJianGuo"]
    assert "【落地催办】智能装备产业园" in message["text"]["content"]


async def test_several_cases_go_to_wecom_as_one_markdown_within_its_bytes(
    client: http.Client, wecom: FakeWecom
) -> None:
    assert await bot(client, wecom).send(to_group(items=200)) == Sent("0", "ok")
    (message,) = wecom.messages
    assert message["msgtype"] == "markdown"
    assert "<@WangJianGuo>" in message["markdown"]["content"]


@pytest.mark.parametrize("errcode", [93000, 40058, 40008, 40033, 44004, 301002])
async def test_what_wecom_refuses_with_http_200_is_refused(client: http.Client, wecom: FakeWecom, errcode: int) -> None:
    wecom.next_replies.append(errcode)
    assert await bot(client, wecom).send(to_group()) == Refused(str(errcode), "scripted")


async def test_one_case_that_calls_nobody_goes_to_wecom_as_a_card(client: http.Client, wecom: FakeWecom) -> None:
    item = replace(ITEM, name="智" * 60, text="原定8月31日前开工。" * 30, unit="区经济信息委", official="王建国 副区长")
    group = parcel(Address("wecom-bot", "leaders", "leaders"), [item])
    assert await bot(client, wecom).send(group) == Sent("0", "ok")
    (message,) = wecom.messages
    card = message["template_card"]
    assert (card["card_type"], card["card_action"]) == ("text_notice", {"type": 1, "url": "https://l.example/ack/t"})
    assert card["main_title"]["desc"] == "【落地催办】王建国副区长"
    assert {"keyname": "编号", "value": "LD-000042"} in card["horizontal_content_list"]


@pytest.mark.parametrize(("errcode", "seconds", "blocks"), [(45009, 65, True), (-1, 5, False)])
async def test_what_wecom_cannot_take_now_is_tried_later(
    client: http.Client, wecom: FakeWecom, errcode: int, seconds: int, blocks: bool
) -> None:
    wecom.next_replies.append(errcode)
    expected = TryLater(str(errcode), "scripted", timedelta(seconds=seconds), blocks)
    assert await bot(client, wecom).send(to_group()) == expected


# A proxy that breaks off, or an answer of which the code is lost, says nothing of what WeCom did with the message.
UNDECIDABLE = [
    Reply(200, b"<html>gateway</html>"),
    Reply(200, b'{"errcode": 0, "errm', broken_off=True),
    Reply(200, b"[]"),
    Reply(200, b'{"errcode": "0"}'),
    Reply(500, b""),
    Reply(502, b""),
    Reply(504, b"<html>gateway timeout</html>"),
]
# Whoever says this has not passed the message on.
NOT_TAKEN = [
    Reply(429, b""),
    Reply(503, b""),
    Reply(404, b"<html>"),
    Reply(302, b"", {"location": "http://127.0.0.1:1/"}),
]


@pytest.mark.parametrize("reply", UNDECIDABLE)
async def test_an_answer_without_wecoms_code_may_be_that_of_a_message_that_arrived(
    client: http.Client, wecom: FakeWecom, reply: Reply
) -> None:
    wecom.next_replies.append(reply)
    assert isinstance(await bot(client, wecom).send(to_group()), Unclear)
    assert wecom.requests == 1


@pytest.mark.parametrize("reply", NOT_TAKEN)
async def test_what_was_turned_away_before_wecom_is_tried_later(
    client: http.Client, wecom: FakeWecom, reply: Reply
) -> None:
    wecom.next_replies.append(reply)
    assert isinstance(await bot(client, wecom).send(to_group()), TryLater)
    assert wecom.requests == 1


async def test_a_wrong_key_is_refused_and_the_key_is_not_repeated(client: http.Client, wecom: FakeWecom) -> None:
    outcome = await bot(client, wecom, key="a-wrong-key").send(to_group())
    assert isinstance(outcome, Refused)
    assert outcome.code == "93000"
    assert "a-wrong-key" not in outcome.said
    assert "***" in outcome.said


async def test_a_bot_whose_key_nobody_set_is_refused_before_anything_is_sent(
    client: http.Client, wecom: FakeWecom
) -> None:
    outcome = await WecomBot(client, wecom.url, {}).send(to_group())
    assert outcome == Refused("no-key", "LUODI_WECOM_BOTS has no 'leaders'")
    assert wecom.requests == 0


async def test_a_bot_that_hangs_up_may_have_taken_the_message(client: http.Client, wecom: FakeWecom) -> None:
    wecom.next_replies.append(Reply(hang_up=True))
    assert isinstance(await bot(client, wecom).send(to_group()), Unclear)


async def test_a_bot_that_never_answers_may_have_taken_the_message(wecom: FakeWecom) -> None:
    wecom.next_replies.append(Reply(silent=True))
    async with http.make_client(0.2) as impatient:
        assert isinstance(await bot(impatient, wecom).send(to_group()), Unclear)


async def test_a_bot_that_cannot_be_reached_has_not_taken_the_message(client: http.Client) -> None:
    unreachable = WecomBot(client, f"http://127.0.0.1:{any_free()}", {"leaders": SecretStr("key")})
    assert isinstance(await unreachable.send(to_group()), TryLater)


async def test_a_webhook_is_signed_and_names_its_delivery(client: http.Client, receiver: FakeWebhook) -> None:
    assert await hook(client, receiver).send(to_office(receiver)) == Sent("200")
    (request,) = receiver.requests
    assert request.headers["luodi-delivery"] == str(MESSAGE)
    assert request.headers["luodi-timestamp"] == str(int(NOW.timestamp()))
    (post,) = receiver.posts
    assert post["number"] == "LD-000042"
    assert post["acknowledge"] == "https://l.example/ack/t"
    assert post["items"][0] == {
        "case": "0190",
        "rule": "milestone-overdue",
        "rung": 1,
        "district": "500101",
        "project": "P-2026-017",
        "name": "智能装备产业园",
        "milestone": "started",
        "due": "2026-08-31",
        "lead_unit": None,
        "lead_official": None,
        "text": ITEM.text,
    }


def test_the_signature_is_the_one_that_other_tools_compute() -> None:
    # printf '1788314400.{"a":1}' | openssl dgst -sha256 -hmac whsec
    expected = "sha256=a70b3d536fdc56266a55f5ec4b35e9b78f7fbccdc1a993dd866cd32e382bae29"
    assert sign(SecretStr("whsec"), "1788314400", b'{"a":1}') == expected


async def test_a_webhook_signed_with_another_secret_is_refused(client: http.Client, receiver: FakeWebhook) -> None:
    outcome = await hook(client, receiver, secret="another").send(to_office(receiver))
    assert outcome == Refused("401", '{"error": "signature"}')


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_2xx_is_success(client: http.Client, receiver: FakeWebhook, status: int) -> None:
    receiver.next_replies.append(Reply(status))
    assert isinstance(await hook(client, receiver).send(to_office(receiver)), Sent)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 301, 302, 307, 308, 304])
async def test_a_refusal_or_a_redirect_is_final(client: http.Client, receiver: FakeWebhook, status: int) -> None:
    receiver.next_replies.append(Reply(status, b"no" if status != 304 else b"", {"location": receiver.url}))
    assert await hook(client, receiver).send(to_office(receiver)) == Refused(str(status), "no" if status != 304 else "")
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_what_may_pass_is_tried_later(client: http.Client, receiver: FakeWebhook, status: int) -> None:
    receiver.next_replies.append(Reply(status, b"", {"retry-after": "120"}))
    outcome = await hook(client, receiver).send(to_office(receiver))
    assert outcome == TryLater(str(status), "", timedelta(seconds=120))


@pytest.mark.parametrize("pause", ["", "soon", "-5", "²", "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_a_pause_that_is_no_number_of_seconds_is_ours_to_choose(
    client: http.Client, receiver: FakeWebhook, pause: str
) -> None:
    receiver.next_replies.append(Reply(429, b"", {"retry-after": pause.encode("utf-8").decode("latin-1")}))
    assert await hook(client, receiver).send(to_office(receiver)) == TryLater("429", "", timedelta())


@pytest.mark.parametrize("reply", [Reply(hang_up=True), Reply(503)])
async def test_a_webhook_may_be_repeated_since_its_receiver_knows_the_delivery(
    client: http.Client, receiver: FakeWebhook, reply: Reply
) -> None:
    receiver.next_replies.append(reply)
    assert isinstance(await hook(client, receiver).send(to_office(receiver)), TryLater)
    await hook(client, receiver).send(to_office(receiver))
    await hook(client, receiver).send(to_office(receiver))
    assert len(receiver.messages) == 1


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "http://", "http://[::1", "nonsense"])
async def test_what_is_no_address_is_refused(client: http.Client, url: str) -> None:
    channel = Webhook(client, {"office": SecretStr("s")}, Guard([]))
    assert isinstance(await channel.send(parcel(Address("webhook", url, "office"))), Refused)


async def test_an_endless_answer_is_cut_off(client: http.Client, receiver: FakeWebhook) -> None:
    receiver.next_replies.append(Reply(404, b"x" * 5_000_000))
    outcome = await hook(client, receiver).send(to_office(receiver))
    assert isinstance(outcome, Refused)
    assert len(outcome.said) == 200


async def test_secrets_are_in_no_log_and_no_outcome(
    wecom: FakeWecom, receiver: FakeWebhook, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.next_replies.extend([Reply(500, receiver.secret.encode()), Reply(hang_up=True)])
    wecom.next_replies.extend([Reply(hang_up=True), Reply(502, wecom.key.encode())])
    log = structlog.get_logger()
    async with http.make_client() as client:
        for _ in range(3):
            log.info("outcome", said=await hook(client, receiver).send(to_office(receiver)))
            log.info("outcome", said=await bot(client, wecom).send(to_group()))
        log.info("outcome", said=await bot(client, wecom, key="a-wrong-key").send(to_group()))
        nowhere = WecomBot(client, f"http://127.0.0.1:{any_free()}", {"leaders": SecretStr("a-wrong-key")})
        log.info("outcome", said=await nowhere.send(to_group()))
    written = "".join(capsys.readouterr()) + caplog.text
    assert "outcome" in written
    for secret in (wecom.key, receiver.secret, "a-wrong-key"):
        assert secret not in written

"""WeCom's app, DingTalk and Feishu against fakes that check signatures with code of their own."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.notifier.channels import dingtalk_bot, feishu_bot, http
from services.notifier.channels.credentials import App, SignedBot
from services.notifier.channels.dingtalk_bot import DingtalkBot
from services.notifier.channels.feishu_bot import FeishuBot
from services.notifier.channels.wecom_app import WecomApp
from services.notifier.domain.directory import Address
from services.notifier.domain.outcomes import Refused, Sent, TryLater, Unclear
from tests.integration.test_notifier_channels import NOW, parcel
from tests.providers import dingtalk, feishu, wecom_app
from tests.providers.dingtalk import FakeDingtalk, fake_dingtalk
from tests.providers.feishu import FakeFeishu, fake_feishu
from tests.providers.loopback import Reply
from tests.providers.wecom_app import FakeWecomApp, fake_wecom_app

MEMBER = Address("wecom-app", "WangJianGuo", "office")
DING = Address("dingtalk-bot", "leaders", "leaders", "wangjianguo01")
LARK = Address("feishu-bot", "leaders", "leaders", "ou_84aad35d084aa403a838cf73ee18467")


@pytest_asyncio.fixture
async def client() -> AsyncIterator[http.Client]:
    async with http.make_client() as client:
        yield client


@pytest.fixture
def enterprise() -> Iterator[FakeWecomApp]:
    with fake_wecom_app() as enterprise:
        yield enterprise


@pytest.fixture
def ding() -> Iterator[FakeDingtalk]:
    with fake_dingtalk() as ding:
        ding.now = NOW.timestamp
        yield ding


@pytest.fixture
def lark() -> Iterator[FakeFeishu]:
    with fake_feishu() as lark:
        lark.now = NOW.timestamp
        yield lark


def app(client: http.Client, enterprise: FakeWecomApp, secret: str = wecom_app.SECRET) -> WecomApp:
    known = App(corpid=wecom_app.CORPID, agentid=wecom_app.AGENT, secret=SecretStr(secret))
    return WecomApp(client, enterprise.url, {"office": known})


def ding_bot(client: http.Client, ding: FakeDingtalk, secret: str = dingtalk.SECRET) -> DingtalkBot:
    known = SignedBot(token=SecretStr(dingtalk.TOKEN), secret=SecretStr(secret))
    return DingtalkBot(client, ding.url, {"leaders": known})


def lark_bot(client: http.Client, lark: FakeFeishu, secret: str = feishu.SECRET) -> FeishuBot:
    known = SignedBot(token=SecretStr(feishu.TOKEN), secret=SecretStr(secret))
    return FeishuBot(client, lark.url, {"leaders": known})


async def test_a_wecom_app_sends_one_case_as_a_card_and_a_list_as_markdown(
    client: http.Client, enterprise: FakeWecomApp
) -> None:
    channel = app(client, enterprise)
    assert await channel.send(parcel(MEMBER)) == Sent("0", "m-1")
    assert await channel.send(parcel(MEMBER, 200)) == Sent("0", "m-2")
    assert await channel.send(parcel(MEMBER, notice="resolved", link=None)) == Sent("0", "m-3")
    assert [each["msgtype"] for each in enterprise.messages] == ["template_card", "markdown", "text"]
    assert {each["touser"] for each in enterprise.messages} == {"WangJianGuo"}


async def test_a_wecom_token_is_asked_for_once_and_again_shortly_before_it_expires(
    client: http.Client, enterprise: FakeWecomApp
) -> None:
    channel = app(client, enterprise)
    for _ in range(3):
        await channel.send(parcel(MEMBER))
    assert enterprise.fetched == 1
    await channel.send(parcel(MEMBER, now=NOW + timedelta(hours=1, minutes=54)))
    assert enterprise.fetched == 1
    await channel.send(parcel(MEMBER, now=NOW + timedelta(hours=1, minutes=56)))
    assert enterprise.fetched == 2
    assert len(enterprise.messages) == 5


@pytest.mark.parametrize("errcode", [40014, 42001, 40001])
async def test_a_token_that_wecom_no_longer_knows_is_replaced_and_the_message_goes_out(
    client: http.Client, enterprise: FakeWecomApp, errcode: int
) -> None:
    channel = app(client, enterprise)
    await channel.send(parcel(MEMBER))
    enterprise.next_replies.append(errcode)
    assert await channel.send(parcel(MEMBER)) == Sent("0", "m-2")
    assert enterprise.fetched == 2
    enterprise.forget_token()
    assert await channel.send(parcel(MEMBER)) == Sent("0", "m-3")
    assert enterprise.fetched == 3


async def test_a_token_that_is_refused_again_is_a_refusal(client: http.Client, enterprise: FakeWecomApp) -> None:
    enterprise.next_replies.extend([40014, 40014])
    outcome = await app(client, enterprise).send(parcel(MEMBER))
    assert isinstance(outcome, Refused)
    assert outcome.code == "40014"
    assert "token-" not in outcome.said


async def test_a_member_whom_wecom_does_not_know_was_not_reached_although_wecom_says_ok(
    client: http.Client, enterprise: FakeWecomApp
) -> None:
    outcome = await app(client, enterprise).send(parcel(Address("wecom-app", "NoSuch", "office")))
    assert outcome == Refused("invaliduser", "NoSuch")


@pytest.mark.parametrize("errcode", [81013, 60020, 40056, 301002])
async def test_what_wecom_refuses_an_app_is_refused(
    client: http.Client, enterprise: FakeWecomApp, errcode: int
) -> None:
    enterprise.next_replies.append(errcode)
    outcome = await app(client, enterprise).send(parcel(MEMBER))
    assert isinstance(outcome, Refused)
    assert outcome.code == str(errcode)


async def test_a_wrong_app_secret_is_refused_and_not_repeated(client: http.Client, enterprise: FakeWecomApp) -> None:
    outcome = await app(client, enterprise, secret="a-wrong-secret").send(parcel(MEMBER))
    assert isinstance(outcome, Refused)
    assert outcome.code == "40001"
    assert "a-wrong-secret" not in outcome.said


@pytest.mark.parametrize("reply", [45009, -1, Reply(502), Reply(200, b"[]")])
async def test_a_token_that_cannot_be_had_now_is_waited_for(
    client: http.Client, enterprise: FakeWecomApp, reply: int | Reply
) -> None:
    enterprise.next_tokens.append(reply)
    channel = app(client, enterprise)
    assert isinstance(await channel.send(parcel(MEMBER)), TryLater)
    assert isinstance(await channel.send(parcel(MEMBER)), Sent)


async def test_an_app_message_without_an_answer_may_have_arrived_and_a_token_without_one_has_sent_nothing(
    client: http.Client, enterprise: FakeWecomApp
) -> None:
    enterprise.next_replies.append(Reply(hang_up=True))
    assert isinstance(await app(client, enterprise).send(parcel(MEMBER)), Unclear)
    for reply in (Reply(502), Reply(200, b'{"errcode": 0}'), Reply(200, b'{"errc')):
        enterprise.next_tokens.append(reply)
        assert isinstance(await app(client, enterprise).send(parcel(MEMBER)), TryLater), reply


async def test_dingtalk_takes_what_is_signed_and_calls_the_member(client: http.Client, ding: FakeDingtalk) -> None:
    assert await ding_bot(client, ding).send(parcel(DING, 3)) == Sent("0", "ok")
    (message,) = ding.messages
    assert message["at"] == {"isAtAll": False, "atMobiles": [], "atUserIds": ["wangjianguo01"]}
    assert message["markdown"]["title"] == "【落地催办】王建国副区长：有3项需您推动"
    assert "  \n1. 智能装备产业园" in message["markdown"]["text"]


async def test_dingtalk_is_given_a_mobile_to_call_when_the_directory_has_no_id(
    client: http.Client, ding: FakeDingtalk
) -> None:
    assert isinstance(
        await ding_bot(client, ding).send(parcel(Address("dingtalk-bot", "l", "leaders", "13800138000"))), Sent
    )
    assert ding.messages[0]["at"]["atMobiles"] == ["13800138000"]


async def test_a_list_of_any_length_is_cut_for_dingtalk_and_feishu_and_taken(
    client: http.Client, ding: FakeDingtalk, lark: FakeFeishu
) -> None:
    assert isinstance(await ding_bot(client, ding).send(parcel(DING, 900)), Sent)
    assert isinstance(await lark_bot(client, lark).send(parcel(LARK, 900)), Sent)
    assert "等900项" in ding.messages[0]["markdown"]["text"]


async def test_dingtalk_refuses_another_secret_and_nothing_of_it_is_repeated(
    client: http.Client, ding: FakeDingtalk
) -> None:
    assert await ding_bot(client, ding, secret="SECwrong").send(parcel(DING)) == Refused("310000", "sign not match")


async def test_dingtalk_blocks_for_ten_minutes_whoever_is_too_fast(client: http.Client, ding: FakeDingtalk) -> None:
    channel = ding_bot(client, ding)
    outcomes = [await channel.send(parcel(DING)) for _ in range(21)]
    assert all(isinstance(each, Sent) for each in outcomes[:20])
    assert outcomes[20] == TryLater(
        "130101", "send too fast, exceed 20 times per minute", timedelta(minutes=10, seconds=5), blocks=True
    )


@pytest.mark.parametrize("errcode", [300001, 310000, 400602])
async def test_what_dingtalk_refuses_is_refused(client: http.Client, ding: FakeDingtalk, errcode: int) -> None:
    ding.next_replies.append(errcode)
    assert await ding_bot(client, ding).send(parcel(DING)) == Refused(str(errcode), "scripted, token=***")


async def test_feishu_takes_what_is_signed_as_a_card_that_calls_the_member(
    client: http.Client, lark: FakeFeishu
) -> None:
    assert await lark_bot(client, lark).send(parcel(LARK)) == Sent("0", "success")
    (message,) = lark.messages
    card = message["card"]
    assert card["header"] == {
        "template": "red",
        "title": {"tag": "plain_text", "content": "【落地催办】智能装备产业园（P-2026-017）"},
    }
    assert card["elements"][0]["text"]["content"].startswith(f"<at id={LARK.mention}></at>\n王建国副区长：原定8月31日")
    assert card["elements"][1]["actions"][0]["url"] == "https://l.example/ack/t"


async def test_feishu_refuses_another_secret(client: http.Client, lark: FakeFeishu) -> None:
    outcome = await lark_bot(client, lark, secret="wrong").send(parcel(LARK))
    assert isinstance(outcome, Refused)
    assert outcome.code == "19021"


@pytest.mark.parametrize(
    ("reply", "after"),
    [
        (11232, timedelta(seconds=65)),
        (Reply(400, b'{"code": 9499, "msg": "too many request"}'), timedelta(seconds=65)),
        (
            Reply(
                429, b'{"code": 99991400, "msg": "request trigger frequency limit"}', {"x-ogw-ratelimit-reset": "43"}
            ),
            timedelta(seconds=44),
        ),
    ],
)
async def test_feishu_is_left_alone_when_it_was_called_too_often(
    client: http.Client, lark: FakeFeishu, reply: int | Reply, after: timedelta
) -> None:
    lark.next_replies.append(reply)
    outcome = await lark_bot(client, lark).send(parcel(LARK))
    assert isinstance(outcome, TryLater)
    assert (outcome.after, outcome.blocks) == (after, True)


@pytest.mark.parametrize("code", [19021, 19022, 19024, 9499, 11246])
async def test_what_feishu_refuses_is_refused(client: http.Client, lark: FakeFeishu, code: int) -> None:
    lark.next_replies.append(code)
    assert await lark_bot(client, lark).send(parcel(LARK)) == Refused(str(code), "scripted, ***")


@pytest.mark.parametrize("reply", [Reply(200, b"<html>"), Reply(502), Reply(200, b'{"errcode": true, "code": false}')])
async def test_an_answer_that_is_not_the_providers_leaves_open_whether_the_message_arrived(
    client: http.Client, ding: FakeDingtalk, lark: FakeFeishu, enterprise: FakeWecomApp, reply: Reply
) -> None:
    for fake in (ding, lark, enterprise):
        fake.next_replies.append(reply)
    assert isinstance(await ding_bot(client, ding).send(parcel(DING)), Unclear)
    assert isinstance(await lark_bot(client, lark).send(parcel(LARK)), Unclear)
    assert isinstance(await app(client, enterprise).send(parcel(MEMBER)), Unclear)


async def test_a_bot_that_hangs_up_may_have_taken_the_message(
    client: http.Client, ding: FakeDingtalk, lark: FakeFeishu
) -> None:
    for fake in (ding, lark):
        fake.next_replies.append(Reply(hang_up=True))
    assert isinstance(await ding_bot(client, ding).send(parcel(DING)), Unclear)
    assert isinstance(await lark_bot(client, lark).send(parcel(LARK)), Unclear)


async def test_what_nobody_set_is_refused_before_anything_is_sent(client: http.Client) -> None:
    url = "http://127.0.0.1:9"
    assert await WecomApp(client, url, {}).send(parcel(MEMBER)) == Refused("no-app", "LUODI_WECOM_APPS has no 'office'")
    assert isinstance(await DingtalkBot(client, url, {}).send(parcel(DING)), Refused)
    assert isinstance(await FeishuBot(client, url, {}).send(parcel(LARK)), Refused)


def test_dingtalks_signature_is_the_one_of_its_page() -> None:
    at = datetime.fromtimestamp(1_700_000_000, UTC)
    signed = dingtalk_bot.signed(SecretStr("SECtest"), at)
    assert signed == {"timestamp": "1700000000000", "sign": "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g="}


def test_feishus_signature_is_the_one_of_its_page() -> None:
    signed = feishu_bot.signed(SecretStr("demo"), datetime.fromtimestamp(1_700_000_000, UTC))
    assert signed == {"timestamp": "1700000000", "sign": "8oT2n3SMKFfEnDoiwer8BUM/SjKLwe9SqoEIHlhDTKo="}

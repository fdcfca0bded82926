"""Every channel takes every kind of message: of one case and of several, open, ended, and both in one."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.notifier.channels import http
from services.notifier.channels.email import Email, Server
from services.notifier.channels.parcel import Channel, Parcel
from services.notifier.channels.routes import Routes
from services.notifier.channels.wecom_bot import WecomBot
from services.notifier.domain.directory import Address, read_directory
from services.notifier.domain.outcomes import Refused, Sent, Unclear
from tests.integration.test_notifier_channels import ITEM, MESSAGE, NOW, hook, parcel
from tests.integration.test_notifier_secrets import ADDRESSES, every_channel
from tests.providers import wecom
from tests.providers.dingtalk import fake_dingtalk
from tests.providers.feishu import fake_feishu
from tests.providers.loopback import Reply
from tests.providers.smtp import fake_smtp
from tests.providers.webhook import fake_webhook
from tests.providers.wecom import fake_wecom
from tests.providers.wecom_app import fake_wecom_app

ENDED = replace(ITEM, outcome="met", text="已于9月1日开工，此前的催办到此结束。", brief="已于9月1日开工")
CONTENTS = {"one": [ITEM], "several": [ITEM] * 3, "one ended": [ENDED], "ended": [ENDED] * 3, "both": [ITEM, ENDED]}
CHANNELS = [*ADDRESSES, "webhook"]


@dataclass
class District:
    """A channel of each kind, and the fakes that they write to."""

    channels: dict[str, Channel]
    addresses: dict[str, Address]


@pytest_asyncio.fixture
async def client() -> AsyncIterator[http.Client]:
    async with http.make_client(1.0) as client:
        yield client


@pytest_asyncio.fixture
async def district(client: http.Client) -> AsyncIterator[District]:
    with fake_wecom() as group, fake_wecom_app() as app, fake_dingtalk() as ding, fake_feishu() as lark:
        # Two seconds from one look at the clock to the next, so that nobody calls too fast.
        seconds = itertools.count(int(NOW.timestamp()), 2)
        ding.now = lark.now = lambda: float(next(seconds))
        with fake_webhook() as receiver:
            async with fake_smtp(starttls=False, auth=False) as smtp:
                urls = {"wecom-bot": group.url, "wecom-app": app.url, "dingtalk-bot": ding.url, "feishu-bot": lark.url}
                channels = {name: every_channel(client, url, smtp.port)[name] for name, url in urls.items()}
                channels |= {"email": open_mail(smtp.port), "webhook": hook(client, receiver)}
                yield District(channels, {**ADDRESSES, "webhook": Address("webhook", receiver.url, "office")})


def open_mail(port: int) -> Channel:
    """A mail server that wants no password."""
    return Email(Server("127.0.0.1", port, "luodi@example.gov.cn", "none"))


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_channel_takes_every_notice_of_one_case_and_of_several(district: District, channel: str) -> None:
    address = district.addresses[channel]
    for notice in ("overdue", "digest"):
        for content, items in CONTENTS.items():
            outcome = await district.channels[channel].send(parcel(address, items, notice=notice))
            assert isinstance(outcome, Sent), (notice, content)
    for content in ("one ended", "ended"):
        letter = parcel(address, CONTENTS[content], notice="resolved", link=None)
        assert isinstance(await district.channels[channel].send(letter), Sent), content
    assert isinstance(await district.channels[channel].send(parcel(address, [], notice="test", link=None)), Sent)


class Faulty(WecomBot):
    """A bot that cannot write one kind of message."""

    async def send(self, parcel: Parcel) -> Any:
        """Fail before WeCom is called."""
        raise KeyError(parcel.letter.notice)


async def test_a_fault_before_anything_was_sent_is_a_refusal_so_that_the_next_channel_is_used(
    client: http.Client,
) -> None:
    directory = read_directory("name,role,wecom_bot\n王建国 副区长,official,leaders\n".encode())
    with fake_wecom() as group:
        routes = Routes({"wecom-bot": Faulty(client, group.url, {"leaders": SecretStr(wecom.KEY)})}, directory)
        outcome = await routes.send("wecom-bot", MESSAGE, parcel(ADDRESSES["wecom-bot"]).letter, NOW)
    assert isinstance(outcome, Refused)
    assert outcome.code == "not-made"
    assert "KeyError" in outcome.said
    assert group.requests == 0


async def test_a_fault_in_reading_the_answer_leaves_open_whether_the_message_arrived(client: http.Client) -> None:
    def broken(answer: http.Answer) -> Any:
        raise KeyError(answer.body)

    with fake_wecom() as group:
        group.next_replies.append(Reply(200, b"secret words"))
        outcome = await client.post(group.url, b"{}", broken)
    assert isinstance(outcome, Unclear)
    assert (outcome.code, "KeyError" in outcome.said, "secret" in outcome.said) == ("fault", True, False)

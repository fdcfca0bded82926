"""Postgres, NATS or a provider gone for a while: each message arrives once, nothing is forgotten, nobody is held up."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

import services.notifier
from deploy.local.nats import Nats
from deploy.local.postgres import Postgres
from services.notifier.app import build
from services.notifier.channels.http import make_client
from services.notifier.channels.parcel import Parcel
from services.notifier.channels.webhook import Webhook
from services.notifier.domain.directory import Address, Directory, read_directory
from services.notifier.domain.outcomes import Outcome, Sent
from shared import database
from tests.integration.notifier_office import CONTACT, START, Office, record
from tests.integration.test_notifier_service import Service, service  # noqa: F401 - a fixture
from tests.providers.loopback import Reply
from tests.providers.webhook import FakeWebhook, fake_webhook
from tests.providers.wecom import FakeWecom, fake_wecom

HOUR = timedelta(hours=1)


@pytest_asyncio.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    with fake_wecom() as wecom, fake_webhook() as webhook:
        async with database.make_pool(database_url, "test") as pool, make_client() as client:
            yield Office(pool, wecom, webhook, client)


def many(webhook: FakeWebhook, count: int, bot: bool = True) -> Directory:
    """So many contacts, each of a unit of their own."""
    where = "leaders,," if bot else f",{webhook.url},office"
    lines = [f"联络员{number:03d},unit-contact,单位{number:03d},{where}" for number in range(count)]
    return read_directory("\n".join(["name,role,unit,wecom_bot,webhook,webhook_secret", *lines]).encode())


def one_each(count: int) -> list[dict[str, Any]]:
    """A late project for each unit."""
    return [record(f"P-{number:03d}", lead_unit=f"单位{number:03d}", lead_official=None) for number in range(count)]


class Watched:
    """A channel that lets a test act when the provider has answered and nothing is recorded yet."""

    group = False

    def __init__(self, inner: Webhook) -> None:
        self.inner = inner
        self.answered = asyncio.Event()
        self.go_on = asyncio.Event()

    def pace(self, address: Any) -> None:
        """As fast as it goes."""

    async def send(self, parcel: Any) -> Outcome:
        """As the channel inside, with a pause after the answer."""
        outcome = await self.inner.send(parcel)
        self.answered.set()
        await self.go_on.wait()
        return outcome


async def test_an_answer_that_comes_while_postgres_is_away_is_recorded_once_it_is_back(server_path: Path) -> None:
    server = Postgres(server_path, durable=False)
    await server.start()
    try:
        await database.provision(server.url, Path(services.notifier.__file__).parent)
        with fake_wecom() as wecom, fake_webhook() as webhook:
            async with database.make_pool(server.url, "test") as pool, make_client() as client:
                office = Office(pool, wecom, webhook, client)
                inner = office.channels["webhook"]
                assert isinstance(inner, Webhook)
                watched = office.channels["webhook"] = Watched(inner)
                await office.hear(record(lead_unit="区财政局"))
                await office.sweeper.run_once(office.now)
                await office.bundler.run_once(office.now)
                sending = asyncio.create_task(office.sender.run_once(office.now, "webhook"))
                await watched.answered.wait()
                await server.stop()
                watched.go_on.set()
                await server.start()
                assert await sending == 1
                await office.pass_days(1)
                assert len(webhook.posts) == 1
                assert await pool.fetchval("select state from notifier.message where channel = 'webhook'") == "sent"
    finally:
        await server.stop()


async def test_pushes_go_out_while_nats_is_away_and_the_record_follows(
    service: Service,  # noqa: F811 - the fixture imported above
    nats_server: Nats,
) -> None:
    # 22:00 in Shanghai: the case is opened and waits for the morning.
    service.clock.now = START.replace(hour=14)
    await service.hear(record())

    async def opened() -> bool:
        return bool((await service.http.get("/v1/cases")).json()["unresolved"])

    await service.until(opened)
    await nats_server.stop()
    service.clock.now = START + timedelta(days=1)
    await service.pushed()
    assert len(service.webhook.posts) == 1
    await nats_server.start()
    [event] = await service.on_record(1)
    assert event.data.NAME == "escalation-opened"
    assert len(service.wecom.messages) == 2


async def test_a_provider_that_is_away_for_an_hour_gets_each_message_once_when_it_is_back(office: Office) -> None:
    office.take_directory(many(office.webhook, 5))
    office.wecom.next_replies.extend([Reply(503)] * 1000)
    await office.hear(*one_each(5))
    await office.work()
    await office.pass_days(1 / 24)
    assert office.wecom.messages == []
    office.wecom.next_replies.clear()
    await office.pass_days(1 / 24)
    numbers = [text.rpartition("编号 ")[2] for text in office.wecom.texts() + _cards(office.wecom)]
    assert len(office.wecom.messages) == 5
    assert len(set(numbers)) == len(numbers)
    assert await office.pool.fetchval("select count(*) from notifier.message where state <> 'sent'") == 0


def two_ways() -> Directory:
    """The contact in the group, and by mail when the group does not answer."""
    line = f"{CONTACT},unit-contact,区经济信息委,leaders,machao@example.gov.cn"
    return read_directory(f"name,role,unit,wecom_bot,email\n{line}\n".encode())


async def test_a_provider_that_never_answers_for_an_hour_is_asked_once_more_when_it_does_again(office: Office) -> None:
    office.wecom.next_replies.extend([Reply(silent=True)] * 100)
    async with make_client(0.1) as impatient:
        slow = Office(office.pool, office.wecom, office.webhook, impatient)
        await slow.hear(record(lead_official=None))
        await slow.work()
        await slow.pass_days(59 / (24 * 60))
        assert office.wecom.requests == 1
        office.wecom.next_replies.clear()
        await slow.pass_days(2 / (24 * 60))
    assert office.wecom.requests == 2
    (text,) = office.wecom.texts()
    assert text.endswith("（第2次发送，如已收到请忽略）")


async def test_who_may_not_have_got_either_of_two_attempts_is_told_over_the_next_channel(office: Office) -> None:
    mails: list[Parcel] = []

    class Mail:
        group = False

        def pace(self, address: Address) -> None:
            """As fast as it goes."""

        async def send(self, parcel: Parcel) -> Outcome:
            """Take it."""
            mails.append(parcel)
            return Sent("250")

    office.wecom.take_all_but_answer = Reply(hang_up=True)
    office.channels["email"] = Mail()
    office.take_directory(two_ways())
    await office.hear(record(lead_official=None))
    await office.work()
    await office.pass_days(2 / 24)
    assert office.wecom.requests == 2
    assert [parcel.letter.recipient for parcel in mails] == [CONTACT]
    (case,) = (await office.overview()).unresolved
    states = {each.channel: each.state for each in case.deliveries if each.recipient == CONTACT}
    assert states == {"wecom-bot": "uncertain", "email": "sent"}


async def test_a_slow_provider_holds_up_nobody_elses_messages(office: Office) -> None:
    office.wecom.next_replies.append(Reply(silent=True))
    async with make_client(2.0) as impatient:
        slow = Office(office.pool, office.wecom, office.webhook, impatient)
        await slow.hear(record(lead_unit="区财政局"))
        await slow.sweeper.run_once(slow.now)
        await slow.bundler.run_once(slow.now)
        waiting = asyncio.create_task(slow.sender.run_once(slow.now, "wecom-bot"))
        assert await slow.sender.run_once(slow.now, "webhook") == 1
        assert not waiting.done()
        assert len(office.webhook.posts) == 1
        assert await waiting == 1


@pytest.mark.parametrize("replicas", [1, 3])
async def test_all_replicas_together_keep_within_what_a_bot_bears(office: Office, replicas: int) -> None:
    directory = many(office.webhook, 30)
    offices = [office, *(Office(office.pool, office.wecom, office.webhook, office.client) for _ in range(replicas - 1))]
    for each in offices:
        each.take_directory(directory)
    await office.hear(*one_each(30))
    arrivals: list[datetime] = []
    while len(arrivals) < 30:
        await asyncio.gather(*(each.work() for each in offices))
        arrivals += [office.now] * (len(office.wecom.messages) - len(arrivals))
        for each in offices:
            each.now += timedelta(seconds=1)
    assert max(sum(at <= each < at + timedelta(minutes=1) for each in arrivals) for at in arrivals) <= 20
    # And no slower than need be: six at once, then one in five seconds.
    assert arrivals[-1] - arrivals[0] <= timedelta(seconds=5 * 24 + 3)


async def test_a_bot_that_said_too_fast_is_left_alone_by_every_replica(office: Office) -> None:
    other = Office(office.pool, office.wecom, office.webhook, office.client)
    for each in (office, other):
        each.take_directory(many(office.webhook, 4))
    office.wecom.next_replies.append(45009)
    await office.hear(*one_each(2))
    await office.work()
    tried = office.wecom.requests
    await office.hear(*one_each(4))
    for _ in range(6):
        other.now += timedelta(seconds=10)
        await other.work()
    assert office.wecom.requests == tried
    other.now += timedelta(seconds=5)
    await other.work()
    assert len(office.wecom.messages) == 4


async def test_a_database_made_anew_beside_a_bus_that_was_told_already_sends_nothing_until_told_to(
    service: Service,  # noqa: F811 - the fixture imported above
    provisioned: str,
    database_url: str,
) -> None:
    await service.hear(record())
    await service.pushed()
    await service.on_record(1)
    posts = len(service.webhook.posts)
    async with database.make_pool(database_url, "test") as pool:
        await pool.execute(
            "truncate notifier.announcement, notifier.acknowledgement, notifier.delivery, notifier.message,"
            " notifier.escalation_case, notifier.project;"
            " update notifier.installation set last_tick = null, database = null"
        )
        restored = build(service.settings, clock=service.clock)
        async with restored.router.lifespan_context(restored):
            transport = httpx.ASGITransport(app=restored, client=("127.0.0.1", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://restored") as http:

                async def paused() -> bool:
                    # The database says it at once, also where the other process paused it; the metric, once looked at.
                    on_page = "发送已暂停" in (await http.get("/cases")).text
                    return on_page and "luodi_notifier_paused 1.0" in (await http.get("/metrics")).text

                await service.until(paused)
                await service.hear(record(revision=2))

                async def opened() -> bool:
                    return bool((await http.get("/v1/cases")).json()["unresolved"])

                await service.until(opened)
    assert len(service.webhook.posts) == posts


async def test_three_hundred_due_at_once_reach_each_recipient_once(office: Office) -> None:
    count = 300
    office.take_directory(many(office.webhook, count, bot=False))
    await office.hear(*one_each(count))
    await office.work()
    told = Counter(post["recipient"] for post in office.webhook.posts)
    assert len(told) == count
    assert set(told.values()) == {1}


def _cards(wecom: FakeWecom) -> list[str]:
    cards = [each["template_card"] for each in wecom.messages if each["msgtype"] == "template_card"]
    return [
        f"编号 {row['value']}" for card in cards for row in card["horizontal_content_list"] if row["keyname"] == "编号"
    ]

"""A notifier in parts, over a real database and fake providers, whose time a test moves by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.notifier.acknowledger import Acknowledger, Visitor
from services.notifier.announcer import Announcer
from services.notifier.bundler import Bundler
from services.notifier.channels.http import Client
from services.notifier.channels.parcel import Channel
from services.notifier.channels.routes import Routes
from services.notifier.channels.strangers import Guard
from services.notifier.channels.webhook import Webhook
from services.notifier.channels.wecom_bot import WecomBot
from services.notifier.desk import Desk, Overview
from services.notifier.domain.cases import Timing
from services.notifier.domain.directory import Directory, read_directory
from services.notifier.domain.links import LinkMaker
from services.notifier.domain.policy import Policy, read_policy
from services.notifier.metrics import Metrics
from services.notifier.registrar import Registrar
from services.notifier.sender import Sender
from services.notifier.sweeper import Sweeper
from services.notifier.watcher import Arrived, Watcher
from shared.database import Pool
from shared.publishing import Outgoing
from tests.providers.webhook import FakeWebhook
from tests.providers.wecom import FakeWecom

LINK_SECRET = b"0123456789abcdef0123456789abcdef"
POLICIES = Path(__file__).with_name("policies")
POLICY = read_policy((POLICIES / "at_once.toml").read_text(encoding="utf-8"))
OFFICIAL, CONTACT, HEAD, DISTRICT_HEAD = "王建国 副区长", "马超", "钱进 主任", "孙立新 区长"
# Wednesday, 10:00 in Shanghai, with no holiday in the fortnight that follows.
START = datetime(2026, 9, 2, 2, 0, tzinfo=UTC)

_NEXT_INSTANT = """
select min(instant) from (
    select next_fire_at as instant from notifier.escalation_case where paused_at is null and state <> 'resolved'
    union all select next_attempt_at from notifier.message where state = 'waiting'
    union all select lease_until from notifier.message where state = 'sending'
    union all select not_before from notifier.delivery where state = 'waiting'
    union all select next_look from notifier.project
    union all select until from notifier.silence where not over
) as instants
where instant > $1
"""


def directory_of(wecom: FakeWecom, webhook: FakeWebhook) -> Directory:
    """The official over both channels, the others over the group."""
    return read_directory(
        (
            "name,role,unit,wecom_userid,wecom_bot,webhook,webhook_secret\n"
            f"{OFFICIAL},official,,WangJianGuo,leaders,{webhook.url},office\n"
            f"{CONTACT},unit-contact,区经济信息委,MaChao,leaders,,\n"
            f"{HEAD},unit-head,区经济信息委,QianJin,leaders,,\n"
            f"{DISTRICT_HEAD},district-head,,SunLiXin,leaders,,\n"
        ).encode()
    )


def record(
    project: str = "P-2026-017",
    *,
    revision: int = 1,
    due: str | None = "2026-08-31",
    on: str | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A project's record as the ledger publishes it, with one milestone: `started`."""
    return {
        "district": "500101",
        "project": project,
        "revision": revision,
        "digest": "0" * 64,
        "name": "智能装备产业园",
        "stage": "signed",
        "reached": "signed",
        "lead_official": OFFICIAL,
        "lead_unit": "区经济信息委",
        "investor": {"name": "华创智能科技有限公司", "origin": "440300"},
        "planned_amount": "500000000.00",
        "milestones": {"started": {"due": due, "on": on}},
        "facts": [],
    } | changes


@dataclass
class Office:
    """The parts of one notifier. `published` is what it put on the record."""

    pool: Pool
    wecom: FakeWecom
    webhook: FakeWebhook
    client: Client
    settle: timedelta = timedelta()
    now: datetime = START
    published: list[dict[str, Any]] = field(default_factory=list)
    sequence: int = 0
    policy: Policy = POLICY

    def __post_init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)
        self.directory = directory_of(self.wecom, self.webhook)
        self.links = LinkMaker("http://127.0.0.1:8082", LINK_SECRET, timedelta(days=14))
        self.channels: dict[str, Channel] = {
            "webhook": Webhook(
                self.client, {"office": SecretStr(self.webhook.secret)}, Guard([ip_network("127.0.0.0/8")])
            ),
            "wecom-bot": WecomBot(self.client, self.wecom.url, {"leaders": SecretStr(self.wecom.key)}),
        }
        self.announcer = Announcer(self.pool, self._publish)
        self.take_policy(self.policy)

    def take_policy(self, policy: Policy) -> None:
        """Start again with another policy."""
        self.policy = policy
        self.registrar = Registrar(policy, Timing(self.settle, catch_up_days=7))
        self.watcher = Watcher(self.pool, self.registrar, self.metrics, lambda: self.now)
        self.acknowledger = Acknowledger(self.pool, policy)
        self.desk = Desk(self.pool, policy)
        self.bundler = Bundler(self.pool, timedelta(), policy)
        self.take_directory(self.directory)

    def take_directory(self, directory: Directory) -> None:
        """Go on with other people in the directory."""
        self.directory = directory
        self.sweeper = Sweeper(self.pool, self.registrar, self.policy, directory, self.metrics)
        self.sender = Sender(self.pool, Routes(self.channels, directory), self.links, self.policy, self.metrics)

    async def _publish(self, messages: Any) -> None:
        self.published += [orjson.loads(message.payload) for message in messages if isinstance(message, Outgoing)]

    async def hear(self, *records: dict[str, Any]) -> None:
        """The ledger publishes these records."""
        batch = []
        for each in records:
            self.sequence += 1
            subject = f"ledger.{each['district']}.project.{each['project']}"
            batch.append(Arrived(subject, orjson.dumps(each), self.sequence))
        await self.watcher.take(batch)

    async def work(self) -> None:
        """Do everything that is due now."""
        await self.sweeper.run_once(self.now)
        await self.bundler.run_once(self.now)
        while await self.sender.run_once(self.now):
            pass
        await self.announcer.run_once(self.now)

    async def pass_days(self, days: float) -> None:
        """Let time pass, from one instant at which something falls due to the next, and do it."""
        until = self.now + timedelta(days=days)
        while (instant := await self.pool.fetchval(_NEXT_INSTANT, self.now)) and instant < until:
            self.now = instant
            await self.work()
        self.now = until
        await self.work()

    async def overview(self) -> Overview:
        """What the page of cases shows."""
        return await self.desk.overview(self.now, 500)

    async def states(self) -> dict[str, str]:
        """Project → state of its newest case, resolved ones that told somebody included."""
        overview = await self.overview()
        return {each.case.project: each.case.state for each in (*overview.resolved, *overview.unresolved)}

    async def answer(self, address: str, who: str | None = None) -> Sequence[Any]:
        """Acknowledge everything behind a link, as the page does."""
        link = self.links.read(token_of(address), self.now)
        visitor = Visitor(who or link.recipient, "127.0.0.1", "test")
        return await self.acknowledger.answer(link, None, visitor, self.now)

    def events(self) -> list[str]:
        """What is on the record: kind and rung, in order."""
        return [f"{each['type'].split('.')[1]} {each['data']['rung']}" for each in self.published]


def token_of(address: str) -> str:
    """The token at the end of a link."""
    return urlsplit(address).path.rpartition("/")[2]


def day(text: str) -> date:
    """A date from its ISO form."""
    return date.fromisoformat(text)

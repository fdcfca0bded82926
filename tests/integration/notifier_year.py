"""The demo district's year, day by day: real ledger and notifier on one Postgres, a clock that is moved, no network."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import CollectorRegistry

import services.notifier
from deploy.demo.year import dispatches
from services.ledger.domain.batch import Stored
from services.ledger.metrics import Metrics as LedgerMetrics
from services.ledger.recorder import Recorder
from services.notifier.acknowledger import Acknowledger, Visitor
from services.notifier.announcer import Announcer
from services.notifier.bundler import Bundler
from services.notifier.channels.parcel import Parcel
from services.notifier.channels.routes import Routes
from services.notifier.domain.cases import Timing
from services.notifier.domain.directory import EMAIL, WECOM_BOT, Address, Directory, read_directory
from services.notifier.domain.kinds import KINDS
from services.notifier.domain.links import LinkMaker
from services.notifier.domain.messages import as_text
from services.notifier.domain.outcomes import Outcome, Refused, Sent
from services.notifier.domain.pacing import Pace
from services.notifier.domain.policy import Policy, read_policy
from services.notifier.metrics import Metrics
from services.notifier.registrar import Registrar
from services.notifier.sender import Sender
from services.notifier.silencer import Silencer
from services.notifier.sweeper import Sweeper
from services.notifier.watcher import Arrived, Watcher
from shared.clock import BUSINESS_ZONE
from shared.database import Pool
from shared.envelope import to_cloudevent
from shared.publishing import Outgoing
from shared.subjects import event_subject
from tests.integration.notifier_staged import REFUSED, ROTATED, WITH_MAIL, silences, staged

DISTRICT, YEAR, SEED = "500101", 2026, 2026
PACKAGED = Path(services.notifier.__file__).with_name("policy.toml")
# The instants of a day at which somebody looks: at midnight, when the digest goes out, and in the afternoon.
_LOOKS = (time(0, 1), time(8, 40, 10), time(15, 0))
# Every second person answers in the afternoon what they got since the day before.
_ANSWERED_AT = time(15, 0)


@dataclass(frozen=True, slots=True)
class Told:
    """One message as its recipient reads it."""

    at: datetime
    recipient: str
    notice: str
    items: int
    text: str
    channel: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that happened to a case, as it stands on the record."""

    at: datetime
    text: str


@dataclass(slots=True)
class Post:
    """A channel to one person that takes everything and keeps it, save what is `refused`: on which day, for whom."""

    told: list[Told] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    channel: str = WECOM_BOT
    refused: Set[tuple[date, str]] = frozenset()
    group: bool = False

    def pace(self, address: Address) -> Pace | None:
        """As fast as it goes."""
        return None

    async def send(self, parcel: Parcel) -> Outcome:
        """Take a message, or refuse it."""
        letter = parcel.letter
        if (letter.today, letter.recipient) in self.refused:
            return Refused("93000")
        text = as_text(letter, 2048)
        if letter.link:
            text = text.replace(letter.link, "（链接）")
            self.links.append(letter.link)
        # Numbers depend on the order in which senders come to them.
        text = text.replace(letter.number, "LD-…")
        self.told.append(Told(parcel.now, letter.recipient, letter.notice, len(letter.items), text, self.channel))
        return Sent("0")


def people() -> Directory:
    """The demo's directory, everybody over one channel, one with another beside it; and one who hands over."""
    lines = Path("deploy/local/directory.csv").read_text(encoding="utf-8").splitlines()
    rows: list[list[str]] = []
    for line in lines[1:]:
        row = [*line.split(",")[:4], "bot", "", "", ""]
        if row[0] == WITH_MAIL:
            row[5] = "someone@example.gov.cn"
        if row[0] in ROTATED:
            successor, until, since = ROTATED[row[0]]
            rows.append([successor, *row[1:6], since, ""])
            row[7] = until
        rows.append(row)
    table = [",".join(row) for row in rows]
    return read_directory("\n".join(["name,role,unit,district,wecom_bot,email,from,until", *table]).encode())


class District:
    """A district whose days pass by hand."""

    def __init__(self, pool: Pool, policy: Policy | None = None) -> None:
        self.pool = pool
        self.policy = policy or read_policy(PACKAGED.read_text(encoding="utf-8"))
        self.now = datetime(YEAR, 1, 1, tzinfo=BUSINESS_ZONE)
        self.post = Post(refused=REFUSED)
        self.escalations: list[dict[str, Any]] = []
        self.noted: list[Noted] = []
        self._records: dict[str, bytes] = {}
        self._changed: list[Arrived] = []
        self._sequence = 0
        self._events: defaultdict[date, list[Stored]] = defaultdict(list)
        self._parts(people())
        for each in dispatches(DISTRICT, SEED, YEAR):
            self._store(each.sent, each.publication.subject, each.publication.payload)
        for one in staged():
            event = one.event
            subject = event_subject(event.district, event.unit, event.subject, event.data.NAME)
            self._store(one.at, subject, orjson.dumps(to_cloudevent(event)))
        for events in self._events.values():
            events.sort(key=lambda stored: stored.recorded_at)

    def _parts(self, directory: Directory) -> None:
        metrics, links = Metrics(CollectorRegistry()), LinkMaker("https://luodi", b"0" * 32, timedelta(days=14))
        posts = {WECOM_BOT: self.post, EMAIL: Post(self.post.told, self.post.links, EMAIL)}
        registrar = Registrar(self.policy, Timing(timedelta(minutes=1), catch_up_days=7))
        self._recorder = Recorder(self.pool, self._from_ledger, LedgerMetrics(CollectorRegistry()))
        self._watcher = Watcher(self.pool, registrar, metrics, lambda: self.now)
        self._sweeper = Sweeper(self.pool, registrar, self.policy, directory, metrics)
        self._bundler = Bundler(self.pool, timedelta(), self.policy)
        self._sender = Sender(self.pool, Routes(posts, directory), links, self.policy, metrics)
        self._announcer = Announcer(self.pool, self._on_record)
        self._acknowledger, self._links = Acknowledger(self.pool, self.policy), links

    def _store(self, at: datetime, subject: str, payload: bytes) -> None:
        self._sequence += 1
        self._events[at.astimezone(BUSINESS_ZONE).date()].append(
            Stored(subject, payload, self._sequence, at.astimezone(UTC))
        )

    async def _from_ledger(self, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            self._records[message.subject] = message.payload
            self._sequence += 1
            self._changed.append(Arrived(message.subject, message.payload, self._sequence))

    async def _on_record(self, messages: Any) -> None:
        for message in messages:
            event = orjson.loads(message.payload)
            self.escalations.append(event)
            self.noted.append(Noted(self.now, _note(event)))
            self._store(self.now, message.subject, message.payload)

    async def refused(self) -> int:
        """How many of the notifier's own events the ledger refused."""
        query = "select count(*) from ledger.quarantine where unit = 'notifier'"
        found: int = await self.pool.fetchval(query)
        return found

    def shown_escalations(self) -> Iterator[Mapping[str, Any]]:
        """The cases in the newest record of each project, as the ledger published it."""
        for subject, payload in self._records.items():
            if ".project." in subject:
                yield from orjson.loads(payload)["escalations"]

    async def live_through(self, first: date, last: date) -> None:
        """Let these days pass."""
        day = first
        # What was sent before the first day is there already, as after an import.
        await self._record([each for past in sorted(self._events) if past < first for each in self._events.pop(past)])
        while day <= last:
            for clock in _LOOKS if self.policy.days.is_working_day(day) else _LOOKS[:1]:
                self.now = datetime.combine(day, clock, BUSINESS_ZONE)
                if clock == _LOOKS[0]:
                    await self._silence(day)
                due = [each for each in self._events[day] if each.recorded_at <= self.now]
                self._events[day] = [each for each in self._events[day] if each.recorded_at > self.now]
                await self._record(due)
                await self._work()
            self._events[day + timedelta(days=1)][:0] = self._events.pop(day)
            day += timedelta(days=1)
        # What the last hour put on the bus.
        await self._recorder.record([each for each in self._events.pop(day) if each.recorded_at <= self.now])

    async def _silence(self, day: date) -> None:
        for begins, wish in silences():
            if begins == day:
                async with self.pool.acquire() as connection:
                    await Silencer(connection).add(wish, self.now)

    async def _record(self, due: Sequence[Stored]) -> None:
        if due:
            await self._recorder.record(due)
        changed, self._changed = self._changed, []
        if self.now.time() == _LOOKS[0] and self.now.weekday() == 0 and self.now.year == YEAR:
            changed.append(self._report())
        await self._watcher.take(changed)

    async def _work(self) -> None:
        await self._sweeper.run_once(self.now)
        # What one channel refuses is bundled once more, for the next.
        while await self._bundler.run_once(self.now):
            while await self._sender.run_once(self.now):
                pass
        if self.now.time() == _ANSWERED_AT:
            await self._answer()
        await self._announcer.run_once(self.now)

    async def _answer(self) -> None:
        links = self.post.links.copy()
        self.post.links.clear()
        for address in links:
            link = self._links.read(address.rpartition("/")[2], self.now)
            # The same half of the people every time: those who never answer are those whose heads hear of it.
            if sum(link.recipient.encode()) % 2:
                visitor = Visitor(link.recipient, None, None)
                await self._acknowledger.answer(link, None, visitor, self.now)

    def _report(self) -> Arrived:
        """What reporting says of two indicators, read plainly from what the ledger published."""
        through = (self.now - timedelta(days=1)).date()
        elapsed = Decimal(through.timetuple().tm_yday) / Decimal("3.65") if through.year == YEAR else Decimal(0)
        indicators = [
            _indicator(
                "funds-arrived", "招商引资到位资金", list(self._funds(6)), self._target("funds-arrived"), elapsed
            ),
            _indicator(
                "funds-outside-province",
                "引进省外到位资金",
                list(self._funds(2)),
                self._target("funds-outside-province"),
                elapsed,
            ),
        ]
        self._sequence += 1
        document = {
            "district": DISTRICT,
            "year": YEAR,
            "through": max(through, date(YEAR, 1, 1)).isoformat(),
            "elapsed_pct": f"{elapsed:.2f}",
            "revision": self._sequence,
            "indicators": indicators,
        }
        return Arrived(f"report.{DISTRICT}.progress.{YEAR}", orjson.dumps(document), self._sequence)

    def _funds(self, digits: int) -> Iterator[Decimal]:
        """Amounts that arrived this year from elsewhere: whose place differs in its first digits."""
        for subject, payload in self._records.items():
            if ".project." not in subject:
                continue
            for fact in orjson.loads(payload)["facts"]:
                counts = fact["event"] == "funds-arrived" and fact["superseded_at"] is None
                if counts and fact["on"] >= f"{YEAR}-01-01" and fact["data"]["origin"][:digits] != DISTRICT[:digits]:
                    yield Decimal(fact["data"]["amount"])

    def _target(self, indicator: str) -> Decimal | None:
        payload = self._records.get(f"ledger.{DISTRICT}.target.{YEAR}.{indicator}")
        return Decimal(orjson.loads(payload)["facts"][-1]["data"]["value"]) if payload else None


_HAPPENED = {"opened": "立案", "climbed": "上报", "acknowledged": "签收", "resolved": "结案"}


def _note(event: Mapping[str, Any]) -> str:
    """An event of the notifier's in a line: 立案 P-2025-013 里程碑逾期 第1级：曾小燕."""
    data, kind = event["data"], event["type"].split(".")[1].removeprefix("escalation-")
    what = data.get("note", "") if kind == "resolved" else data.get("who") or "无人可通知"
    title = next(each.name for rule, each in KINDS.items() if rule == data["rule"])
    return f"{_HAPPENED[kind]} {event['subject']} {title} 第{data['rung']}级：{what}"


def _indicator(
    code: str, title: str, amounts: Sequence[Decimal], target: Decimal | None, elapsed: Decimal
) -> dict[str, Any]:
    actual = sum(amounts, Decimal(0)) / 10**8
    done = actual / target * 100 if target else None
    return {
        "code": code,
        "title": title,
        "actual": f"{actual:.1f}",
        "target": str(target) if target else None,
        "completion_pct": f"{done:.1f}" if done is not None else None,
        "lead_points": f"{done - elapsed:.1f}" if done is not None else None,
    }

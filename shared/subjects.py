"""The map of the bus: every stream, every consumer and every subject, in one table."""

import re
from dataclasses import dataclass, replace
from typing import Final

DISTRICT: Final = re.compile(r"[1-9][0-9]{5}")
UNIT: Final = re.compile(r"[a-z0-9-]{1,32}")
SUBJECT: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Stream:
    """A JetStream stream as `luodi provision` makes it.

    `last_only` keeps one message a subject; `days` is how long messages stay (None: for ever).
    """

    name: str
    subjects: tuple[str, ...]
    purpose: str
    last_only: bool = False
    days: int | None = None
    atomic: bool = False


@dataclass(frozen=True, slots=True)
class Consumer:
    """A durable pull consumer of a stream; `ack_wait` in seconds, `filters` the subjects that it gets (none: all).

    `part` is the number of the partition that it reads; the stream then has that number before each subject.
    """

    stream: str
    name: str
    ack_wait: float = 30.0
    max_ack_pending: int = 5_000
    filters: tuple[str, ...] = ()
    part: int | None = None


EVENTS = Stream("EVENTS", ("events.>",), "what departments say happened", atomic=True)
LEDGER = Stream("LEDGER", ("ledger.>",), "what is true of each project and target", last_only=True, atomic=True)
REFUSALS = Stream("REFUSALS", ("refusals.*.*",), "what was refused, told to its sender", days=90)
# A bulletin's number is in its subject, so that keeping the last of each subject keeps all bulletins.
REPORTS = Stream("REPORTS", ("report.*.*.*",), "figures against targets, and sealed bulletins", last_only=True)
STREAMS: Final = (EVENTS, LEDGER, REFUSALS, REPORTS)

LEDGER_OF_EVENTS = Consumer("EVENTS", "ledger", max_ack_pending=45_000)
NOTIFIER_OF_LEDGER = Consumer("LEDGER", "notifier")
NOTIFIER_OF_REPORTS = Consumer("REPORTS", "notifier", filters=("report.*.progress.*",))
REPORTING_OF_LEDGER = Consumer("LEDGER", "reporting")
CONSUMERS: Final = (LEDGER_OF_EVENTS, NOTIFIER_OF_LEDGER, NOTIFIER_OF_REPORTS, REPORTING_OF_LEDGER)

# Every event subject that names a project, in one pattern: the server copies by one pattern fast, by several slowly.
OF_A_PROJECT: Final = "events.*.*.*.>"
# What somebody published under `events.` without naming a project: in no partition, and still to be refused.
OF_NO_PROJECT: Final = ("events.*", "events.*.*", "events.*.*.*")


PARTITIONS: Final = "EVENTS_IN_"


def partitions_stream(count: int) -> str:
    """The stream that holds, divided into so many partitions, the events that the ledger has not acknowledged yet."""
    return f"{PARTITIONS}{count}"


def partition_subject(count: int) -> str:
    """The server's rule for an event's subject there: a district's project is always in the same partition."""
    return f"{{{{partition({count},1,3)}}}}.events.{{{{wildcard(1)}}}}.{{{{wildcard(2)}}}}.{{{{wildcard(3)}}}}.>"


def parts(consumer: Consumer, count: int) -> tuple[Consumer, ...]:
    """The consumers that together get what `consumer` alone would get: one a partition, one for what is in none."""
    if count == 1:
        return (consumer,)
    stream, name = partitions_stream(count), consumer.name
    divided = (replace(consumer, stream=stream, name=f"{name}-{n}", filters=(f"{n}.>",), part=n) for n in range(count))
    return (replace(consumer, filters=OF_NO_PROJECT), *divided)


def roll_call(consumer: Consumer) -> str:
    """Where the processes that read a partitioned consumer tell each other that they are there."""
    return f"roll-call.{consumer.name}"


@dataclass(frozen=True, slots=True)
class EventAddress:
    """The four tokens of an event's NATS subject."""

    district: str
    unit: str
    subject: str
    name: str


def event_subject(district: str, unit: str, subject: str, name: str) -> str:
    """Where a unit publishes an event about a project or another entity."""
    return f"events.{district}.{unit}.{subject}.{name}"


def parse_event_subject(text: str) -> EventAddress | None:
    """The tokens of `events.<district>.<unit>.<subject>.<name>`; None when the text has another shape."""
    match text.split("."):
        case ["events", district, unit, subject, name] if (
            DISTRICT.fullmatch(district) and UNIT.fullmatch(unit) and SUBJECT.fullmatch(subject)
        ):
            return EventAddress(district, unit, subject, name)
    return None


def project_subject(district: str, project: str) -> str:
    """Where the ledger publishes a project's record."""
    return f"ledger.{district}.project.{project}"


def target_subject(district: str, year: int, indicator: str) -> str:
    """Where the ledger publishes a target with its history."""
    return f"ledger.{district}.target.{year}.{indicator}"


def outreach_subject(district: str, trip: str) -> str:
    """Where the ledger publishes what a trip was."""
    return f"ledger.{district}.outreach.{trip}"


def quarantine_subject(district: str) -> str:
    """Where the ledger publishes how many of a district's messages are parked in quarantine."""
    return f"ledger.{district}.quarantine"


def refusal_subject(district: str, unit: str) -> str:
    """Where a unit reads what of its own was refused."""
    return f"refusals.{district}.{unit}"


def progress_subject(district: str, year: int) -> str:
    """Where reporting publishes a year's progress whenever it changes."""
    return f"report.{district}.progress.{year}"


def bulletin_subject(district: str, number: str) -> str:
    """Where reporting publishes a sealed bulletin."""
    return f"report.{district}.bulletin.{number}"

"""Everything that can be measured, by name: what runs, on how much work, and what the reader must know."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tests.benchmarks import projection
from tests.benchmarks.archives import copy_projects, lengthen_histories
from tests.benchmarks.asking import Answers
from tests.benchmarks.catchup import catch_up
from tests.benchmarks.contestant import PER_MESSAGE, RAW, Contestant, ledger, make_way
from tests.benchmarks.deliveries import deliver
from tests.benchmarks.figures import Questions, ask
from tests.benchmarks.house import House
from tests.benchmarks.lap import Lap, Track
from tests.benchmarks.latency import Delay, delay
from tests.benchmarks.race import race
from tests.benchmarks.rebuilding import rebuild
from tests.benchmarks.sweeps import IDLE_ROUNDS, sweep_due, sweep_idle
from tests.benchmarks.workload import Work

Tell = Callable[[str, int, int], None]
"""Hears what is going on, how far it is, and of how much."""
_FURTHER = 10
Run = Callable[[House, Tell], Awaitable[Lap | Delay | Answers]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything.

    `few` events are for those who take a transaction an event, `many` show whether memory stays; `projects` get the
    `histories`; an archive is multiplied by `copies`, or by `missing` ones without records; `seconds` is for a lap.
    """

    events: int
    per_project: int
    few: int
    histories: Sequence[int]
    projects: int
    processes: Sequence[int]
    rates: Sequence[int]
    latency_seconds: float
    copies: int
    missing: int
    many: int
    seconds: float

    @property
    def work(self) -> Work:
        """The events of a lap."""
        return Work(self.events, self.events // self.per_project)

    @property
    def little(self) -> Work:
        """The events for those who take a transaction an event."""
        return Work(self.few, self.few // self.per_project)


FULL = Sizes(100_000, 10, 5_000, (10, 100, 1_000), 500, (2, 4), (200, 1_000), 10.0, 49, 9, 1_000_000, 600.0)
QUICK = Sizes(2_000, 10, 200, (100,), 50, (2,), (100,), 1.0, 1, 1, 4_000, 30.0)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row: `title` says what it is, `note` what is different about it.

    One that is measured `once` is left out of all rounds but the first: it takes long, and no ratio needs it.
    """

    name: str
    title: str
    note: str
    run: Run
    once: bool = False


def measurements(sizes: Sizes) -> Mapping[str, Measurement]:
    """Every measurement that can be made here, by name, in the order of the table."""
    notifier = [*_sweeps(sizes), _deliveries(sizes)]
    every = [*_peers(sizes), *_ledgers(sizes), *_histories(sizes), *_rebuilds(sizes), *notifier, *_delays(sizes)]
    every += _reporting(sizes)
    return {one.name: one for one in every}


def _peers(sizes: Sizes) -> list[Measurement]:
    work, little = sizes.work, sizes.little
    fewer = f"{little.events:,} events: its cost does not grow with their number"
    rows = [
        Measurement("raw", "raw loop", "no ledger semantics: see docs/performance.md", _race(RAW, work, sizes)),
        Measurement("per-message", "FastStream, one by one", fewer, _race(PER_MESSAGE, little, sizes)),
    ]
    if projection.is_installed():
        rows += [
            Measurement("eventsourcing", "eventsourcing", f"archived and projected; {fewer}", _take_in(little, sizes)),
            Measurement(
                "eventsourcing-projection",
                "eventsourcing, projection",
                f"the projection alone, archived before; {fewer}",
                _project(little, sizes),
            ),
        ]
    return rows


def _ledgers(sizes: Sizes) -> list[Measurement]:
    one = Measurement("ledger", "ledger", "the real service, one process", _race(ledger(), sizes.work, sizes))
    several = [
        Measurement(
            f"ledger-{count}",
            f"ledger, {count} processes",
            f"on {count} partitions",
            _race(ledger(count, partitions=count), sizes.work, sizes),
        )
        for count in sizes.processes
    ]
    most = max(sizes.processes)
    undivided = Measurement(
        f"ledger-{most}-undivided",
        f"ledger, {most}, undivided",
        "without partitions: each process waits for projects that another is at",
        _race(ledger(most), sizes.work, sizes),
    )
    many = Work(sizes.many, sizes.many // sizes.per_project)
    memory = Measurement(
        "memory",
        f"ledger, {sizes.many:,} events",
        "one process; for its memory at 10, 50 and 100 %",
        _race(ledger(), many, sizes),
        once=True,
    )
    return [one, *several, undivided, memory]


def _histories(sizes: Sizes) -> list[Measurement]:
    note = f"{sizes.projects} projects that have so many events already get {_FURTHER} more each, in turn"
    return [
        Measurement(f"history-{count}", f"ledger, {count:,} before", note, _history(count, sizes), once=True)
        for count in sizes.histories
    ]


def _rebuilds(sizes: Sizes) -> list[Measurement]:
    right = "folds and compares all of the archive; every record is right already"
    missing = f"{sizes.missing} of {sizes.missing + 1} records are missing, are swapped in and published"
    return [
        Measurement("rebuild", "rebuild", right, _rebuild(sizes, sizes.copies, settled=True)),
        Measurement(
            "rebuild-missing",
            "rebuild, records missing",
            missing,
            _rebuild(sizes, sizes.missing, settled=False),
            once=True,
        ),
    ]


def _sweeps(sizes: Sizes) -> list[Measurement]:
    cases, due = sizes.events, sizes.events // 10

    async def idle(house: House, tell: Tell) -> Lap:
        tell("opening cases", 0, cases)
        return await sweep_idle(house, cases, Track(sizes.seconds, partial(_progress, tell, "sweeping", IDLE_ROUNDS)))

    async def fire(house: House, tell: Tell) -> Lap:
        tell("opening cases", 0, cases)
        return await sweep_due(house, cases, due, Track(sizes.seconds, partial(_progress, tell, "firing", due)))

    rounds = "none of them is due; an event is a round of the sweeper"
    fired = f"at one instant, among {cases:,} open ones, in one round; events ÷ median/s is how late the last one is"
    return [
        Measurement("sweep-idle", f"sweep, {cases:,} open cases", rounds, idle, once=True),
        Measurement("sweep-due", f"sweep, {due:,} due", fired, fire, once=True),
    ]


def _deliveries(sizes: Sizes) -> Measurement:
    messages = sizes.events // 10

    async def run(house: House, tell: Tell) -> Lap:
        tell("opening cases", 0, messages)
        return await deliver(house, messages, Track(sizes.seconds, partial(_progress, tell, "sending", messages)))

    note = "cases due at one instant, each with a message of its own, until the last is at its receiver"
    return Measurement("deliveries", f"notifier, {messages:,} messages", note, run, once=True)


def _reporting(sizes: Sizes) -> list[Measurement]:
    facts, projects = sizes.many, sizes.events
    questions = Questions(sizes.few // 10, int(20 * sizes.latency_seconds), sizes.latency_seconds)

    async def answer(house: House, tell: Tell) -> Answers:
        return await ask(house, facts, questions, tell)

    async def catching_up(house: House, tell: Tell) -> Lap:
        tell("publishing records", 0, projects)
        return await catch_up(house, projects, Track(sizes.seconds, partial(_progress, tell, "reading", projects)))

    note = "records of ten facts each, published before; the figure is projects a second"
    return [
        Measurement("reporting", f"reporting, {facts:,} facts", "", answer, once=True),
        Measurement("catch-up", f"reporting, {projects:,} projects", note, catching_up, once=True),
    ]


def _delays(sizes: Sizes) -> list[Measurement]:
    return [
        measurement
        for rate in sizes.rates
        for measurement in (
            Measurement(f"latency-{rate}", f"ledger, {rate:,} events/s", "", _delay(ledger(), rate, sizes)),
            Measurement(f"latency-{rate}-raw", f"raw loop, {rate:,} events/s", "", _delay(RAW, rate, sizes)),
        )
    ]


def _race(contestant: Contestant, work: Work, sizes: Sizes) -> Run:
    async def run(house: House, tell: Tell) -> Lap:
        *messages, last = work.messages()
        await make_way(house, contestant)
        await house.store(iter(messages), partial(_progress, tell, "publishing", work.events))
        track = Track(sizes.seconds, partial(_progress, tell, "consuming", work.events))
        return await race(house, contestant, last, track)

    return run


def _take_in(work: Work, sizes: Sizes) -> Run:
    async def run(house: House, tell: Tell) -> Lap:
        *messages, last = work.messages()
        await make_way(house, projection.TAKING_IN)
        await house.store(iter(messages), partial(_progress, tell, "publishing", work.events))
        track = Track(sizes.seconds, partial(_progress, tell, "projecting", work.events))
        return await projection.take_in(house, last, track)

    return run


def _project(work: Work, sizes: Sizes) -> Run:
    async def run(house: House, tell: Tell) -> Lap:
        tell("storing", 0, work.events)
        track = Track(sizes.seconds, partial(_progress, tell, "projecting", work.events))
        return await projection.project(house, work, track)

    return run


def _history(count: int, sizes: Sizes) -> Run:
    work = Work(sizes.projects * sizes.per_project, sizes.projects)

    async def run(house: House, tell: Tell) -> Lap:
        await _race(ledger(), work, sizes)(house, tell)
        tell("lengthening histories", 0, count)
        await lengthen_histories(house, count - sizes.per_project)
        *messages, last = work.further(_FURTHER)
        await house.store(iter(messages))
        track = Track(sizes.seconds, partial(_progress, tell, "consuming", work.events + len(messages) + 1))
        return await race(house, ledger(), last, track)

    return run


def _rebuild(sizes: Sizes, copies: int, *, settled: bool) -> Run:
    # Most of the archive is copied in SQL, which takes seconds instead of minutes.
    recorded = sizes.events // 5

    async def run(house: House, tell: Tell) -> Lap:
        await _race(ledger(), Work(recorded, recorded // sizes.per_project), sizes)(house, tell)
        tell("copying the archive", 0, copies)
        events = await copy_projects(house, copies)
        track = Track(sizes.seconds, partial(_progress, tell, "rebuilding", events))
        if settled:
            await rebuild(house, events, track)
        return await rebuild(house, events, track)

    return run


def _delay(contestant: Contestant, rate: int, sizes: Sizes) -> Run:
    async def run(house: House, tell: Tell) -> Delay:
        total = int(rate * (sizes.latency_seconds + 1))
        track = Track(sizes.latency_seconds, partial(_progress, tell, "publishing", total))
        return await delay(house, contestant, rate, track)

    return run


def _progress(tell: Tell, what: str, total: int, done: int) -> None:
    tell(what, done, total)

"""How fast reporting takes in the records of a ledger that it has not read yet: each a project with ten facts."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import orjson
import psutil

from shared.partitions import acknowledged
from shared.publishing import Outgoing, Publisher
from shared.subjects import REPORTING_OF_LEDGER
from tests.benchmarks.house import House
from tests.benchmarks.lap import Lap, Track, timed
from tests.benchmarks.race import WrongError
from tests.benchmarks.reporting import reporting
from tests.reporting_records import fact, funds, project, signed, subject

_PAUSE = timedelta(hours=1)
_PART = 500
_ARRIVALS = 7


async def catch_up(house: House, projects: int, track: Track) -> Lap:
    """From the consumer's release to its last acknowledgement. Raises WrongError when one is not in the tables."""
    publish = Publisher(house.connection)

    async def position() -> int:
        return await acknowledged(house.stream, REPORTING_OF_LEDGER)

    async with reporting(house) as service:
        # Paused only now: a service whose consumer is paused is not ready.
        until = (datetime.now(UTC) + _PAUSE).strftime("%Y-%m-%dT%H:%M:%SZ")
        await house.stream.pause_consumer(REPORTING_OF_LEDGER.stream, REPORTING_OF_LEDGER.name, until)
        for begin in range(1, projects, _PART):
            await publish(record(number) for number in range(begin, min(begin + _PART, projects)))
        await house.stream.resume_consumer(REPORTING_OF_LEDGER.stream, REPORTING_OF_LEDGER.name)
        # The server looks at a consumer that it let go on when the next message comes.
        await publish([record(projects)])
        lap = await timed(house, [psutil.Process(service.process.pid)], projects, position, track)
    await _check(house, lap.events)
    return lap


def record(number: int) -> Outgoing:
    """A project as the ledger publishes it: registered, claimed, signed, and seven arrivals of funds."""
    first = date(2026, 1, 1) + timedelta(days=number % 200)
    amount = f"{number % 900 + 1}0000.00"
    facts = [
        fact("registered", f"{first}", f"{number}-r", industry="C36", cluster="装备制造", channel="fixed-point"),
        fact("claimed", f"{first}", f"{number}-c", lead_official="王建国", lead_unit="区经济和信息化委员会"),
        signed(f"{first}", f"{number % 900 + 1}000000.00", f"{number}-s"),
        *(funds(f"{first + timedelta(days=10 * one)}", amount, f"{number}-{one}") for one in range(_ARRIVALS)),
    ]
    document = project(f"P-{number}", facts)
    return Outgoing(subject(document), orjson.dumps(document))


async def _check(house: House, acknowledged: int) -> None:
    connection = await asyncpg.connect(house.database_url)
    try:
        held = await connection.fetchval("select count(*) from reporting.project")
    finally:
        await connection.close()
    if held < acknowledged:
        raise WrongError(f"reporting acknowledged {acknowledged} projects and has {held}")

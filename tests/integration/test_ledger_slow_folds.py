"""A project is held up, or cannot be folded, or the clock jumps: the others go on, and everything is right after it."""

import contextlib
import time
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from services.ledger.domain.batch import Key
from services.ledger.locks import lock_projects
from shared import clock, intake
from shared.database import make_pool
from shared.jetstream import ask
from tests.integration.disturbed import SOON_AGAIN, at_ease, disturbed, outage
from tests.integration.quarantine_operator import Operator
from tests.waiting import PATIENCE, until

_YEARS = 2 * 365 * 86_400.0

_BREAK = """
create function ledger.break() returns trigger language plpgsql as $$
begin raise exception 'a fault of ours'; end $$;
create trigger break before insert on ledger.project for each row when (new.project = 'P-0')
execute function ledger.break();
"""
_MEND = "drop function ledger.break() cascade"

_FOLD_SECONDS = 0.8
_SLOW = """
create function ledger.slow() returns trigger language plpgsql as $$
begin perform pg_sleep(60); return new; end $$;
create trigger slow before insert on ledger.project for each row {when} execute function ledger.slow();
"""
_QUICK = "drop function ledger.slow() cascade"


async def test_a_project_that_is_held_up_holds_up_nobody_and_is_handed_out_once(
    provisioned: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "SLOW_SECONDS", SOON_AGAIN.ack_wait)
    async with disturbed(provisioned, database_url) as ledger:
        async with held(database_url, ("500101", "P-0")):
            await ledger.say(projects=30)

            async def others_went_on() -> bool:
                return (await ledger.client.jetstream().stream_info("LEDGER")).state.messages > 0

            await until(others_went_on)
            with at_ease():
                await ledger.until_said("intake", "a batch has been at work for")
        await ledger.until_ready()
        await ledger.assert_as_undisturbed()
        assert (await ask(ledger.client, "CONSUMER.INFO.EVENTS.ledger"))["num_redelivered"] == 0


@pytest.mark.parametrize("begin", ["", "begin"])
async def test_a_process_in_which_nothing_happens_any_more_lets_go_of_its_projects(
    database_url: str, begin: str
) -> None:
    pool = make_pool(database_url, "test", stuck_seconds=1)
    await pool
    try:
        suspended = await pool.acquire()
        await suspended.execute(f"{begin}; select pg_advisory_lock(1)")
        other = await asyncpg.connect(database_url, ssl=False)
        try:
            await other.execute("select pg_advisory_lock(1)", timeout=PATIENCE)
        finally:
            await other.close()
    finally:
        # Not closed in good order: the server has ended the session, perhaps at this moment.
        pool.terminate()


async def test_a_project_that_cannot_be_folded_is_parked_and_recorded_once_it_can(
    provisioned: str, database_url: str
) -> None:
    async with disturbed(provisioned, database_url) as ledger:
        await execute(database_url, _BREAK)
        await ledger.say(projects=6)
        refusals = [await ledger.department.hear_refusal() for _ in range(2)]
        assert {refusal["code"] for refusal in refusals} == {"fold-failed"}
        await ledger.department.acknowledged()
        await ledger.until_ready()
        assert await recorded_projects(database_url) == [f"P-{number}" for number in range(1, 6)]
        await execute(database_url, _MEND)
        await Operator(provisioned, database_url).types("retry", "--code", "fold-failed")
        assert len(await recorded_projects(database_url)) == 6
        await ledger.assert_as_undisturbed(except_for=["quarantine"])


async def test_a_project_whose_fold_takes_too_long_is_parked_and_all_that_came_with_it_is_recorded(
    provisioned: str, database_url: str
) -> None:
    async with disturbed(provisioned, database_url, lanes=1, fold_seconds=_FOLD_SECONDS) as ledger:
        await execute(database_url, _SLOW.format(when="when (new.project = 'P-0')"))
        await ledger.say_at_once(projects=30)
        refusal = await ledger.department.hear_refusal()
        assert refusal["code"] == "fold-failed"
        assert "took longer than 0.8 seconds" in refusal["reason"]
        await ledger.department.acknowledged()
        await ledger.until_ready()
        others = sorted(f"P-{number}" for number in range(1, 30))
        assert await recorded_projects(database_url) == others
        for project in others:
            assert (await ledger.department.last_record(f"ledger.500101.project.{project}"))["revision"] == 1
        await execute(database_url, _QUICK)
        await Operator(provisioned, database_url).types("retry", "--code", "fold-failed")
        assert len(await recorded_projects(database_url)) == 30
        await ledger.assert_as_undisturbed(except_for=["quarantine"])


async def test_when_every_fold_takes_too_long_nothing_is_parked_and_readiness_says_why(
    provisioned: str, database_url: str
) -> None:
    async with disturbed(provisioned, database_url, fold_seconds=_FOLD_SECONDS / 4) as ledger:
        await execute(database_url, _SLOW.format(when=""))
        await ledger.say()
        await ledger.until_said("intake", "took longer than 0.2 seconds, and so would any other's")
        await outage()
        await execute(database_url, _QUICK)
        await ledger.until_ready()
        await ledger.assert_as_undisturbed()


async def test_a_clock_that_jumps_changes_nothing(
    provisioned: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with disturbed(provisioned, database_url) as ledger:
        for jump in (_YEARS, -_YEARS, 0.0):
            with jumped(monkeypatch, jump):
                await ledger.say()
                await ledger.department.acknowledged()
                await ledger.until_ready()
        await ledger.assert_as_undisturbed()


@contextlib.contextmanager
def jumped(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Iterator[None]:
    """The time of day is another in this process. The ledger itself never asks: `recorded_at` is the bus's instant."""
    now = time.time
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: now() + seconds)
        patch.setattr(clock, "system", lambda: pytest.fail("the ledger asked what time it is"))
        yield


@contextlib.asynccontextmanager
async def held(database_url: str, key: Key) -> AsyncIterator[None]:
    """Another session has a project's lock, as a recorder whose transaction does not end."""
    connection = await asyncpg.connect(database_url, ssl=False)
    try:
        await lock_projects(connection, [key])
        yield
    finally:
        await connection.close()


async def execute(database_url: str, statements: str) -> None:
    connection = await asyncpg.connect(database_url, ssl=False)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


async def recorded_projects(database_url: str) -> list[str]:
    connection = await asyncpg.connect(database_url, ssl=False)
    try:
        return [row["project"] for row in await connection.fetch("select project from ledger.project order by project")]
    finally:
        await connection.close()

"""A restored, copied or newly made database sends nothing by itself; and the auditor notices what is late or stuck."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr
from structlog.testing import capture_logs

from deploy.local.ports import any_free
from services.notifier import brake as braking
from services.notifier.auditor import KINDS, Auditor, Heartbeat
from services.notifier.brake import Brake
from services.notifier.channels.http import Client, make_client
from services.notifier.domain.directory import read_directory
from services.notifier.rounds import Streaks
from shared import database
from shared.clock import BUSINESS_ZONE
from shared.readiness import Check
from tests.databases import drop
from tests.integration.notifier_office import CONTACT, DISTRICT_HEAD, OFFICIAL, START, Office, record
from tests.providers.loopback import Received, Reply, serving
from tests.providers.webhook import fake_webhook
from tests.providers.wecom import fake_wecom

THREE_DAYS = timedelta(days=3)


class Bus:
    """What the bus holds of our announcements, as far as the brake asks."""

    def __init__(self) -> None:
        self.newest: str | None = None
        self.away = False

    async def __call__(self) -> str | None:
        if self.away:
            raise ConnectionError
        return self.newest


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest_asyncio.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    with fake_wecom() as wecom, fake_webhook() as webhook:
        async with database.make_pool(database_url, "test") as pool, make_client() as client:
            yield Office(pool, wecom, webhook, client)


def brake_of(office: Office, bus: Bus) -> Brake:
    """The brake of a process that starts now."""
    return Brake(office.pool, bus, THREE_DAYS, office.metrics)


async def start(office: Office, bus: Bus) -> Brake:
    """A process starts and looks around."""
    brake = brake_of(office, bus)
    await brake.run_once(office.now)
    return brake


async def newest_announced(office: Office) -> str:
    found: str = await office.pool.fetchval("select id from notifier.announcement order by created_at desc limit 1")
    return found


async def why(brake: Brake) -> str:
    paused = await brake.paused()
    assert paused is not None
    return paused.why


async def test_a_new_installation_sends_and_so_does_one_that_starts_again(office: Office, bus: Bus) -> None:
    assert await (await start(office, bus)).released()
    await office.hear(record())
    await office.work()
    bus.newest = await newest_announced(office)
    office.now += timedelta(hours=70)
    assert await (await start(office, bus)).released()


async def test_nothing_is_sent_before_a_process_has_looked_around_nor_while_the_bus_is_away(
    office: Office, bus: Bus
) -> None:
    brake = brake_of(office, bus)
    assert not await brake.released()
    bus.away = True
    await brake.run_once(office.now)
    assert not await brake.released()
    bus.away = False
    await brake.run_once(office.now)
    assert await brake.released()


async def test_a_database_that_never_made_what_the_bus_holds_was_restored(office: Office, bus: Bus) -> None:
    await start(office, bus)
    bus.newest = f"/500101/notifier#{uuid4()}-escalation-climbed-1-2"
    brake = await start(office, bus)
    assert not await brake.released()
    assert "which this database never announced" in await why(brake)

    # It stays so over a restart, and an operator ends it for good.
    assert not await (await start(office, bus)).released()
    assert await braking.resume(office.pool, office.now, discard=False) == 0
    assert await brake.released()
    assert await (await start(office, bus)).released()


async def test_nothing_runs_or_climbs_while_sending_is_paused_and_nothing_is_lost(office: Office, bus: Bus) -> None:
    brake = await start(office, bus)
    await brake.pause("for a test", office.now)
    await office.hear(record())
    sweep, send = brake.holding(office.sweeper.run_once), brake.holding(office.sender.run_once)
    for _ in range(2):
        assert (await sweep(office.now), await send(office.now)) == (0, 0)
        office.now += timedelta(days=1)
    assert (await office.overview()).unresolved[0].case.rung == 0
    await braking.resume(office.pool, office.now, discard=False)
    assert await sweep(office.now) > 0
    await office.work()
    assert len(office.webhook.posts) == 1
    assert office.webhook.posts[0]["recipient"] == OFFICIAL


async def test_what_waited_may_be_dropped_when_it_was_sent_before_the_restore(office: Office, bus: Bus) -> None:
    brake = await start(office, bus)
    await office.hear(record())
    await office.sweeper.run_once(office.now)
    await office.bundler.run_once(office.now)
    await brake.pause("for a test", office.now)
    assert await braking.resume(office.pool, office.now, discard=True) == 3
    await office.work()
    assert (office.wecom.messages, office.webhook.posts) == ([], [])
    case = (await office.overview()).unresolved[0]
    assert {(each.state, each.code) for each in case.deliveries} == {("uncertain", "discarded")}


async def test_a_database_that_is_a_copy_of_another_is_noticed(office: Office, bus: Bus, database_url: str) -> None:
    await start(office, bus)
    name = f"copy_{uuid4().hex}"
    source = urlsplit(database_url).path[1:]
    await office.pool.expire_connections()
    admin = await asyncpg.connect(urlunsplit(urlsplit(database_url)._replace(path="/postgres")), ssl=False)
    try:
        await admin.execute(
            f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{source}'"  # noqa: S608 - our own name
        )
        await admin.execute(f"create database {name} template {source} strategy file_copy")
        copy = urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))
        async with database.make_pool(copy, "test") as pool:
            brake = Brake(pool, bus, THREE_DAYS, office.metrics)
            await brake.run_once(office.now)
            assert "another database than last time" in await why(brake)
            await braking.resume(pool, office.now, discard=False)
            again = Brake(pool, bus, THREE_DAYS, office.metrics)
            await again.run_once(office.now)
            assert await again.released()
        await drop(database_url, name)
    finally:
        await admin.close()


async def test_after_days_without_running_an_operator_is_asked(office: Office, bus: Bus) -> None:
    await start(office, bus)
    office.now += timedelta(hours=73)
    brake = await start(office, bus)
    assert "nothing ran since 2026-09-02 02:00 UTC" in await why(brake)
    await braking.resume(office.pool, office.now, discard=False)
    assert await (await start(office, bus)).released()


async def test_a_database_that_is_restored_under_a_running_process_is_noticed(office: Office, bus: Bus) -> None:
    brake = await start(office, bus)
    before = await office.pool.fetchval("select last_tick from notifier.installation")
    office.now += timedelta(hours=1)
    await brake.run_once(office.now)
    assert await brake.released()
    await office.pool.execute("update notifier.installation set last_tick = $1", before)
    office.now += timedelta(seconds=1)
    await brake.run_once(office.now)
    assert "went back in time" in await why(brake)


async def test_an_operator_whose_clock_is_behind_can_resume(office: Office, bus: Bus) -> None:
    brake = await start(office, bus)
    await brake.pause("for a test", office.now)
    await braking.resume(office.pool, office.now - timedelta(seconds=30), discard=False)
    office.now += timedelta(seconds=1)
    await brake.run_once(office.now)
    assert await brake.released()


async def test_two_processes_tick_without_alarming_each_other(office: Office, bus: Bus) -> None:
    one, other = await start(office, bus), await start(office, bus)
    for _ in range(5):
        office.now += timedelta(seconds=1)
        await one.run_once(office.now)
        await other.run_once(office.now - timedelta(seconds=3))
    assert await one.released()
    assert await other.released()


class Alarm:
    """What a heartbeat address hears."""

    def __init__(self) -> None:
        self.calls = 0
        self.status = 200

    def answer(self, request: Received) -> Reply:
        self.calls += 1
        return Reply(self.status)


def auditor_of(  # noqa: PLR0913, PLR0917 - what a test wants to be different
    office: Office,
    brake: Brake,
    client: Client,
    url: str | None,
    streaks: Streaks | None = None,
    checks: Mapping[str, Check] | None = None,
) -> Auditor:
    heartbeat = Heartbeat(client, SecretStr(url) if url else None)
    parts = office.pool, office.policy, brake, checks or {}, streaks or Streaks()
    return Auditor(*parts, heartbeat, office.metrics, timedelta(minutes=1))


async def test_the_heartbeat_is_called_only_while_all_is_well(office: Office, bus: Bus) -> None:
    alarm, brake = Alarm(), await start(office, bus)
    with serving(alarm.answer) as url:
        auditor = auditor_of(office, brake, office.client, url)
        assert await auditor.audit(office.now) == {}
        assert alarm.calls == 1
        await office.hear(record())
        office.now += timedelta(minutes=6)
        assert await auditor.audit(office.now) == {"late-case": 1}
        assert alarm.calls == 1
        await office.work()
        assert await auditor.audit(office.now) == {}
        assert alarm.calls == 2
        await brake.pause("for a test", office.now)
        assert await auditor.audit(office.now) == {"paused": 1}
        assert alarm.calls == 2


async def test_every_way_to_be_stuck_is_found(office: Office, bus: Bus) -> None:
    streaks, brake = Streaks(), await start(office, bus)
    auditor = auditor_of(office, brake, office.client, None, streaks)
    seen: set[str] = set()

    async def audit(after: timedelta) -> Mapping[str, int]:
        found = await auditor.audit(office.now + after)
        seen.update(found)
        return found

    soon = timedelta(minutes=6)
    await office.hear(record(), record("P-2", due="2026-09-02"))
    assert await audit(soon) == {"late-case": 1}
    await office.sweeper.run_once(office.now)
    assert await audit(soon) == {"unbundled-delivery": 3, "unpublished-event": 1}
    await office.bundler.run_once(office.now)
    await office.announcer.run_once(office.now)
    assert await audit(soon) == {"unsent-message": 3}
    await office.pool.execute("update notifier.message set state = 'sending', lease_until = $1", office.now)
    assert await audit(soon) == {"abandoned-message": 3}
    await office.pool.execute(
        "update notifier.message set state = 'waiting', attempts = 9, next_attempt_at = $1", office.now + soon
    )
    assert await audit(soon) == {}
    assert await audit(soon + timedelta(hours=2)) == {"unsent-message": 3, "undelivered-message": 3}
    office.now += soon
    await office.work()
    assert await audit(soon) == {}

    # From midnight on P-2 owes something, which nobody has found yet.
    office.now = START + timedelta(hours=14)
    assert await audit(timedelta(minutes=5)) == {}
    assert await audit(soon) == {"unlooked-project": 1}
    await office.pool.execute("update notifier.project set record = '{}' where project = 'P-2'")
    await office.work()
    assert await audit(timedelta()) == {"set-aside-project": 1}
    await office.hear(record("P-2", due="2026-09-02", revision=2))
    await office.pool.execute("update notifier.escalation_case set ladder = '[{}]' where project = 'P-2'")
    office.now += timedelta(days=1)
    await office.work()
    assert await audit(timedelta()) == {"set-aside-case": 1}
    await office.pool.execute("delete from notifier.escalation_case where project = 'P-2'")

    streaks.count("sweeper", "broken")
    assert await audit(timedelta()) == {}
    for _ in range(2):
        streaks.count("sweeper", "broken")
    assert await audit(timedelta()) == {"failing-part": 1}
    streaks.count("sweeper", None)
    await brake.pause("for a test", office.now)
    assert await audit(timedelta()) == {"paused": 1}
    assert await braking.resume(office.pool, office.now, discard=False) == 0

    await office.pool.execute("update notifier.delivery set state = 'dead' where recipient = $1", CONTACT)
    assert await audit(timedelta()) == {"undelivered-dead": 1}
    await office.pool.execute("delete from notifier.delivery")
    await office.pool.execute("delete from notifier.escalation_case")
    office.now = datetime(2026, 12, 2, tzinfo=BUSINESS_ZONE)
    assert await audit(timedelta(seconds=-1)) == {}
    assert await audit(timedelta()) == {"calendar-ends": 1}
    assert seen == set(KINDS)


async def test_whom_nothing_reached_is_found_until_the_case_is_answered(office: Office, bus: Bus) -> None:
    auditor = auditor_of(office, await start(office, bus), office.client, None)
    # The official has a webhook as well, the contact has nothing but the group, and nobody heads the unit.
    office.take_directory(read_directory(directory_text(office).encode()))
    office.wecom.next_replies.extend([93000, 93000])
    await office.hear(record())
    await office.work()
    with capture_logs() as logs:
        assert await auditor.audit(office.now) == {"undelivered-dead": 1}
    key = "500101/P-2026-017/milestone-overdue/started"
    assert logs[0]["which"] == {"undelivered-dead": [f"{key} → {CONTACT}"]}
    await office.pass_days(2)
    assert await auditor.audit(office.now) == {"undelivered-dead": 2}
    await office.answer(office.webhook.posts[0]["acknowledge"])
    assert await auditor.audit(office.now) == {}


def directory_text(office: Office) -> str:
    """Everybody but the head of the unit."""
    return (
        "name,role,unit,wecom_userid,wecom_bot,webhook,webhook_secret\n"
        f"{OFFICIAL},official,,WangJianGuo,leaders,{office.webhook.url},office\n"
        f"{CONTACT},unit-contact,区经济信息委,MaChao,leaders,,\n"
        f"{DISTRICT_HEAD},district-head,,SunLiXin,leaders,,\n"
    )


async def test_a_year_without_holidays_is_told_ahead_and_is_no_reason_to_raise_the_alarm(
    office: Office, bus: Bus
) -> None:
    alarm = Alarm()
    with serving(alarm.answer) as url:
        auditor = auditor_of(office, await start(office, bus), office.client, url)
        with capture_logs() as logs:
            assert await auditor.audit(datetime(2026, 12, 24, 9, tzinfo=BUSINESS_ZONE)) == {"calendar-ends": 1}
        assert logs[0]["which"] == {"calendar-ends": ["2027"]}
    assert alarm.calls == 1
    known_until = datetime(2027, 1, 1, tzinfo=BUSINESS_ZONE).timestamp()
    assert office.registry.get_sample_value("luodi_notifier_calendar_until_timestamp_seconds") == known_until


async def test_a_poisoned_row_is_named_by_the_auditor(office: Office, bus: Bus) -> None:
    auditor = auditor_of(office, await start(office, bus), office.client, None)
    await office.hear(record(due="2026-09-02"))
    await office.pool.execute("update notifier.project set record = '{}'")
    await office.pass_days(1)
    with capture_logs() as logs:
        assert await auditor.audit(office.now) == {"set-aside-project": 1}
    assert logs[0]["which"] == {"set-aside-project": ["500101/P-2026-017"]}


async def test_the_auditor_measures_what_is_open_and_how_late_it_is(office: Office, bus: Bus) -> None:
    auditor = auditor_of(office, await start(office, bus), office.client, None)

    def measured() -> dict[str, float]:
        samples = [each for family in office.registry.collect() for each in family.samples]
        return {
            "".join([each.name.removeprefix("luodi_notifier_"), *each.labels.values()]): each.value for each in samples
        }

    await office.hear(record(), record("P-2026-018"))
    await auditor.audit(office.now + timedelta(seconds=90))
    assert measured() | {"casesopen": 2.0, "oldest_timer_seconds": 90.0} == measured()
    await office.work()
    await office.hear(record(revision=2, on="2026-09-02"))
    await auditor.audit(office.now + timedelta(seconds=90))
    assert measured() | {"casesopen": 1.0, "oldest_timer_seconds": 0.0} == measured()
    # A project that is to be looked at is late as well.
    await office.hear(record("P-2026-019", due="2026-09-02"))
    midnight = office.now + timedelta(hours=14)
    await auditor.audit(midnight + timedelta(seconds=30))
    assert measured() | {"oldest_timer_seconds": 30.0} == measured()


async def test_a_check_that_fails_keeps_the_heartbeat_back(office: Office, bus: Bus) -> None:
    async def away() -> str | None:
        return "not connected"

    alarm, brake = Alarm(), await start(office, bus)
    with serving(alarm.answer) as url:
        auditor = auditor_of(office, brake, office.client, url, checks={"nats": away})
        assert await auditor.audit(office.now) == {"nats": 1}
    assert alarm.calls == 0


async def test_the_auditor_looks_once_a_minute_and_survives_an_alarm_that_is_away(office: Office, bus: Bus) -> None:
    alarm = Alarm()
    alarm.status = 503
    with serving(alarm.answer) as url:
        auditor = auditor_of(office, await start(office, bus), office.client, url)
        for _ in range(3):
            assert await auditor.run_once(office.now) == 0
        assert alarm.calls == 1
        office.now += timedelta(minutes=1)
        await auditor.run_once(office.now)
        assert alarm.calls == 2
    nowhere = auditor_of(office, await start(office, bus), office.client, f"http://127.0.0.1:{any_free()}")
    assert await nowhere.audit(office.now) == {}


async def test_what_waits_for_the_morning_or_for_its_project_is_not_late(office: Office, bus: Bus) -> None:
    auditor = auditor_of(office, await start(office, bus), office.client, None)
    # 22:00 in Shanghai.
    office.now = office.now.replace(hour=14)
    await office.hear(record())
    await office.work()
    office.now += timedelta(hours=8)
    assert await auditor.audit(office.now) == {}
    await office.hear(record(revision=2, stage="suspended"))
    office.now += timedelta(days=3)
    assert await auditor.audit(office.now) == {}

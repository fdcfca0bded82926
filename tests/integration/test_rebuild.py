"""A rebuild computes what the recorder computes, publishes what changed, and stops no live write."""

import asyncio
import itertools
import json
import re
import shutil
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.aio.msg import Msg

import services.ledger
from services.ledger import rebuilder, staging
from services.ledger.announcer import Announcer
from services.ledger.app import build
from services.ledger.domain.batch import Stored
from services.ledger.rebuilder import Rebuilder, RebuildRefused, Rebuilt, rebuild_needed
from services.ledger.settings import LedgerSettings
from services.ledger.slicing import Walk
from services.ledger.verifier import Verifier
from shared.database import Pool, make_pool, provision
from tests.integration import ledger_rows
from tests.integration.conftest import running
from tests.integration.department import Department, contract_signed, funds_arrived
from tests.integration.dying_rebuild import AFTER_THE_SWAP, BEFORE_THE_SWAP, Step
from tests.integration.ledger_histories import stored_messages
from tests.integration.ledger_upkeep import Operator, recorded, refused, some_projects
from tests.waiting import until

PROJECTIONS = Path(services.ledger.__file__).parent / "projections"
SMALL = Walk(connections=2, events=3)

# Whatever may have gone wrong with rows; the archive is as it was.
DAMAGES = (
    "delete from ledger.project",
    "delete from ledger.target",
    "update ledger.project set revision = 99, digest = '\\x00'",
    "update ledger.project set funds_arrived = 1, name = null, facts_hash = 0 where project = 'P-1'",
    "update ledger.target set facts_hash = 0",
    'insert into ledger.project select (jsonb_populate_record(record, \'{"project": "P-invented"}\')).*'
    " from ledger.project as record limit 1 on conflict do nothing",
    "select",
)
DAMAGE_TO_ONE = (
    "update ledger.project set contract_amount = 7 where project = $1",
    "delete from ledger.project where project = $1",
)


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "test") as pool:
        yield pool


@pytest.fixture
def operator(provisioned: str, database_url: str) -> Operator:
    return Operator(provisioned, database_url)


async def rebuild(pool: Pool, client: Client, *, republish: bool = False) -> Rebuilt:
    return await Rebuilder(pool, client, SMALL).rebuild(republish=republish)


async def differences(pool: Pool, client: Client) -> list[str]:
    return [str(one) async for one in Verifier(pool, client, SMALL).differences()]


async def last_sequence(client: Client) -> int:
    return (await client.jetstream().stream_info("LEDGER")).state.last_seq


async def published_since(client: Client, sequence: int) -> list[str]:
    """The subjects of what was published on LEDGER after a message."""
    reader = await client.jetstream().subscribe("ledger.>", ordered_consumer=True)
    subjects = []
    while (await last_sequence(client)) > sequence:
        message = await reader.next_msg(5)
        subjects += [message.subject] if message.metadata.sequence.stream > sequence else []
        if message.metadata.num_pending == 0:
            break
    await reader.unsubscribe()
    return subjects


def changed_fold(old: str, new: str) -> str:
    """The text of the projects' fold, changed as a new version of Luodi would."""
    text = (PROJECTIONS / "project.sql").read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new)


def upgrade(folder: Path, old: str, new: str) -> Path:
    """The ledger of a new version, with another fold of projects: what `luodi provision` gets to see."""
    newer = folder / PROJECTIONS.parent.name
    for part in ("migrations", "projections"):
        shutil.copytree(PROJECTIONS.parent / part, newer / part)
    (newer / "projections" / "project.sql").write_text(changed_fold(old, new), encoding="utf-8")
    return newer


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(stored_messages(), st.lists(st.sampled_from(DAMAGES), max_size=3))
async def test_whatever_happened_to_the_rows_a_rebuild_makes_them_what_the_recorder_made(
    provisioned: str, client: Client, database_url: str, messages: list[Stored], damages: list[str]
) -> None:
    async with make_pool(database_url, "test", size=3) as pool:
        await ledger_rows.wipe(pool)
        await client.jetstream().purge_stream("LEDGER")
        by_recorder = ledger_rows.Published()
        await ledger_rows.recorder(pool, by_recorder).record(messages)
        right = await ledger_rows.rows(pool)
        for damage in damages:
            await pool.execute(damage)

        await rebuild(pool, client, republish=True)

        assert await ledger_rows.rows(pool) == right
        assert await differences(pool, client) == []


async def test_a_ledger_that_is_right_is_left_alone(pool: Pool, client: Client) -> None:
    await recorded(pool, client, some_projects(5))
    versions = await pool.fetch("select project, xmin from ledger.project order by project")
    before = await last_sequence(client)
    assert (await rebuild(pool, client)).changed == 0
    assert await pool.fetch("select project, xmin from ledger.project order by project") == versions
    assert await last_sequence(client) == before


async def test_only_what_changed_is_written_and_published(pool: Pool, client: Client) -> None:
    await recorded(pool, client, some_projects(5))
    before = await last_sequence(client)
    await pool.execute("update ledger.project set contract_amount = 1 where project = 'P-3'")
    done = await rebuild(pool, client)
    assert (done.changed, done.published) == (1, 1)
    assert await published_since(client, before) == ["ledger.500101.project.P-3"]


async def test_a_row_that_has_no_events_goes_and_so_does_what_was_published_of_it(pool: Pool, client: Client) -> None:
    await recorded(pool, client, some_projects(2))
    await pool.execute(DAMAGES[-2])
    await client.jetstream().publish("ledger.500101.project.P-invented", b"{}")
    done = await rebuild(pool, client)
    assert (done.changed, done.published, done.withdrawn) == (1, 0, 1)
    assert await differences(pool, client) == []


async def test_a_stream_that_was_lost_is_filled_again_when_asked_for(pool: Pool, client: Client) -> None:
    await recorded(pool, client, some_projects(5))
    await client.jetstream().purge_stream("LEDGER")
    assert (await rebuild(pool, client)).published == 0
    assert (await rebuild(pool, client, republish=True)).published == 6
    assert await differences(pool, client) == []
    assert (await rebuild(pool, client, republish=True)).published == 0


async def test_the_number_of_parked_messages_is_published_again_when_the_stream_lacks_it_or_has_another(
    pool: Pool, client: Client
) -> None:
    await refused(pool, client)
    address = "ledger.500101.quarantine"
    right = (await client.jetstream().get_last_msg("LEDGER", address)).data
    assert (await rebuild(pool, client, republish=True)).published == 0

    await client.jetstream().purge_stream("LEDGER", subject=address)
    assert (await rebuild(pool, client, republish=True)).published == 1
    await client.jetstream().publish(address, b'{"district":"500101","parked":7,"revision":9}')
    await client.jetstream().publish("ledger.500102.quarantine", b'{"district":"500102","parked":7,"revision":9}')
    done = await rebuild(pool, client, republish=True)
    assert (done.changed, done.published, done.withdrawn) == (0, 1, 1)
    assert (await client.jetstream().get_last_msg("LEDGER", address)).data == right
    assert await differences(pool, client) == []


async def test_a_rebuild_beside_live_writes_loses_nothing_and_never_publishes_an_older_record(
    provisioned: str, database_url: str, pool: Pool, client: Client
) -> None:
    heard: dict[str, list[int]] = defaultdict(list)

    async def hear(message: Msg) -> None:
        heard[message.subject].append(json.loads(message.data)["revision"])

    await client.subscribe("ledger.500101.project.>", cb=hear)
    department = await Department.open(client)
    settings = LedgerSettings(nats_url=provisioned, database_url=database_url, batch_size=20)
    rebuilt = asyncio.Event()

    async def say() -> int:
        number = 0
        while not rebuilt.is_set():
            await department.say(funds_arrived(f"P-{number % 30}", f"f{number}", "10000000.00"))
            number += 1
            # As fast as departments are on a busy day; faster, every row is written anew before it is compared.
            await asyncio.sleep(0.005)
        return number

    async def damage_and_rebuild() -> None:
        changed = 0
        while changed < 60:
            # One row at a time: several in one statement may meet the recorder in another order.
            for number in range(30):
                await pool.execute(DAMAGE_TO_ONE[number % 5 == 0], f"P-{number}")
            changed += (await Rebuilder(pool, client, Walk(connections=2, events=100)).rebuild()).changed
        rebuilt.set()

    async with running(build(settings)):
        said, _ = await asyncio.gather(say(), damage_and_rebuild())
        await department.acknowledged()
    await rebuild(pool, client)

    assert await pool.fetchval("select count(*) from ledger.event") == said
    assert await pool.fetchval("select sum(revision) from ledger.project") == said
    assert await differences(pool, client) == []
    await client.flush()
    assert all(revisions == sorted(revisions) for revisions in heard.values())


async def test_live_events_are_recorded_while_a_rebuild_folds_and_publishes_and_wait_for_its_swap_only(
    provisioned: str, database_url: str, pool: Pool, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await recorded(pool, client, [contract_signed(f"P-{number}", f"c{number}") for number in range(300)])
    await pool.execute("update ledger.project set contract_amount = 1")
    department = await Department.open(client)
    revisions = itertools.count(1)

    def beside(step: Step) -> Step:
        async def with_a_live_event(*args: Any) -> Any:
            done = await step(*args)
            revision = next(revisions)
            await department.say(funds_arrived("P-live", f"live-{revision}", "1.00"))
            await department.hear_record("P-live", revision)
            return done

        return with_a_live_event

    monkeypatch.setattr(staging, "put_aside", beside(staging.put_aside))
    monkeypatch.setattr(Announcer, "_announce_some", beside(Announcer._announce_some))
    async with running(build(LedgerSettings(nats_url=provisioned, database_url=database_url))):
        done = await Rebuilder(pool, client, Walk(connections=1, events=100)).rebuild()
    assert next(revisions) > 4
    assert done.changed >= 300
    assert done.waited < 1.0
    assert await differences(pool, client) == []


@pytest.mark.parametrize("step", BEFORE_THE_SWAP | AFTER_THE_SWAP)
async def test_killed_at_a_step_all_rows_are_as_they_were_or_all_are_new_and_the_next_rebuild_finishes(
    step: str, pool: Pool, client: Client, operator: Operator
) -> None:
    await recorded(pool, client, some_projects(5))
    right = await ledger_rows.rows(pool)
    await pool.execute("update ledger.project set contract_amount = 1")
    await pool.execute("delete from ledger.target")
    damaged = await ledger_rows.rows(pool)
    before = await last_sequence(client)

    ended = await operator.run(step, module="tests.integration.dying_rebuild")
    assert ended.code == -signal.SIGKILL, ended.err

    assert await ledger_rows.rows(pool) == (right if step in AFTER_THE_SWAP else damaged)
    await rebuild(pool, client)
    assert await ledger_rows.rows(pool) == right
    assert await differences(pool, client) == []
    assert len(set(await published_since(client, before))) == 6
    assert await pool.fetch("select from pg_class where relname like 'rebuilt_%'") == []
    assert await rebuild_needed(pool) is None


@pytest.mark.parametrize("step", ["swapped", "half published"])
async def test_a_rebuild_that_ended_before_it_had_published_all_is_needed_again(
    step: str, pool: Pool, client: Client, operator: Operator
) -> None:
    await recorded(pool, client, some_projects(3))
    await pool.execute("update ledger.project set contract_amount = 1")
    await operator.run(step, module="tests.integration.dying_rebuild")
    assert "ended before it had published" in str(await rebuild_needed(pool))


async def test_a_changed_fold_is_told_by_readiness_until_a_rebuild(
    pool: Pool, client: Client, operator: Operator, tmp_path: Path
) -> None:
    await recorded(pool, client, [*some_projects(3), contract_signed("P-fine", "fine")])
    await recorded(pool, client, [funds_arrived("P-early", "early", "1.00")], first=50)

    async with running(build(LedgerSettings(nats_url=operator.nats_url, database_url=operator.database_url))) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as http:

            async def ready() -> bool:
                return (await http.get("/readyz")).status_code == 200

            await until(ready)
            await provision(operator.database_url, upgrade(tmp_path, "资金到位时尚未签订正式合同", "资金先于合同到位"))
            answer = await http.get("/readyz")
            assert answer.status_code == 503
            assert answer.json()["checks"]["rebuild"] == (
                "rebuild needed: the folds are not those that the rows were built with: run 'luodi ledger rebuild'"
            )
            before = await last_sequence(client)
            assert (await operator.run("rebuild")).code == 0
            assert await ready()

    assert await published_since(client, before) == ["ledger.500101.project.P-early"]
    [record] = await pool.fetch("select anomalies from ledger.project where project = 'P-early'")
    assert "资金先于合同到位" in record["anomalies"][0]["text"]


async def test_a_fold_is_the_same_however_often_it_is_provisioned(
    pool: Pool, client: Client, database_url: str
) -> None:
    await recorded(pool, client, some_projects(1))
    await provision(database_url, PROJECTIONS.parent)
    assert await rebuild_needed(pool) is None


async def test_an_empty_ledger_needs_no_rebuild_whatever_its_folds(pool: Pool, database_url: str) -> None:
    await pool.execute(changed_fold("资金到位时尚未签订正式合同", "资金先于合同到位"))
    assert await rebuild_needed(pool) is not None
    await provision(database_url, PROJECTIONS.parent)
    assert await rebuild_needed(pool) is None


async def test_when_no_rebuild_is_needed_none_is_made(pool: Pool, client: Client, operator: Operator) -> None:
    await recorded(pool, client, some_projects(1))
    await pool.execute("update ledger.project set contract_amount = 1")
    ended = await operator.run("rebuild", "--if-needed")
    assert (ended.code, ended.err.strip()) == (0, "No rebuild is needed.")
    assert await pool.fetchval("select contract_amount from ledger.project") == 1


async def test_a_project_that_cannot_be_folded_is_named_and_nothing_is_changed(
    pool: Pool, client: Client, operator: Operator
) -> None:
    await recorded(pool, client, some_projects(5))
    await pool.execute("update ledger.project set contract_amount = 1")
    before = await ledger_rows.rows(pool)
    await pool.execute(
        changed_fold("count(*)::integer as revision", "count(*)::integer / (key.subject <> 'P-3')::integer as revision")
    )
    ended = await operator.run("rebuild")
    assert ended.code == 1
    assert "500101/P-3: division by zero" in ended.err
    assert await ledger_rows.rows(pool) == before
    assert await rebuild_needed(pool) is not None


async def test_a_fold_that_does_not_count_every_event_is_refused(pool: Pool, client: Client) -> None:
    await recorded(pool, client, some_projects(2))
    await pool.execute(changed_fold("count(*)::integer as revision", "count(replaces)::integer as revision"))
    with pytest.raises(RebuildRefused, match="2 would not account for every event, the first is 500101/P-0"):
        await rebuild(pool, client)
    assert [row["revision"] for row in await pool.fetch("select revision from ledger.project")] == [3, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        "order by source, id)) as digest",
        "order by recorded_at, source, id) filter (where replaces is null)) as digest",
    ],
)
async def test_a_fold_that_gets_the_digest_wrong_is_refused(pool: Pool, client: Client, wrong: str) -> None:
    await recorded(pool, client, some_projects(2))
    before = await ledger_rows.rows(pool)
    right = "order by recorded_at, source, id)) as digest"
    await pool.execute(changed_fold(right, wrong))
    with pytest.raises(RebuildRefused, match="2 would not account for every event, the first is 500101/P-0"):
        await rebuild(pool, client)
    assert await ledger_rows.rows(pool) == before


async def test_whoever_watches_a_rebuild_sees_how_far_it_is(pool: Pool, client: Client, operator: Operator) -> None:
    await recorded(pool, client, some_projects(5))
    await pool.execute("update ledger.project set contract_amount = 1")
    await pool.execute("vacuum analyze ledger.event")
    code, seen = await operator.watch("rebuild")
    assert code == 0
    assert re.search(r"folding +━+ +16/16 +[\d,]+/s", seen)
    assert re.search(r"publishing +━+ +5/5 ", seen)
    assert "5 rows changed, 5 records published" in seen


async def test_folds_that_change_while_they_are_used_are_noticed(
    pool: Pool, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await recorded(pool, client, some_projects(2))
    await pool.execute("update ledger.project set contract_amount = 1")
    plain = staging.size

    async def provisioned_meanwhile(connection: Any) -> int:
        await pool.execute(changed_fold("资金到位时尚未签订正式合同", "资金先于合同到位"))
        return await plain(connection)

    monkeypatch.setattr(staging, "size", provisioned_meanwhile)
    with pytest.raises(RebuildRefused, match="changed by 'luodi provision' meanwhile"):
        await rebuild(pool, client)
    assert await pool.fetchval("select max(contract_amount) from ledger.project") == 1


async def test_two_rebuilds_at_once_are_refused(pool: Pool, client: Client) -> None:
    async with pool.acquire() as other:
        await other.execute(rebuilder.SQL["alone"])
        with pytest.raises(RebuildRefused, match="another rebuild is under way"):
            await rebuild(pool, client)


async def test_a_rebuild_without_its_servers_says_so(operator: Operator) -> None:
    without_nats = await Operator("nats://127.0.0.1:1", operator.database_url).run("rebuild")
    assert without_nats.code == 2
    assert "NATS (LUODI_NATS_URL)" in without_nats.err

"""Verification finds whatever is not as the archive says, names it, and raises no false alarm beside live writes."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from services.ledger.app import build
from services.ledger.metrics import Metrics
from services.ledger.rebuilder import Rebuilder
from services.ledger.recorder import Recorder
from services.ledger.settings import LedgerSettings
from services.ledger.slicing import Walk
from services.ledger.verifier import Verifier
from shared.database import Pool, make_pool
from shared.publishing import Outgoing, Publisher
from tests.integration.conftest import running
from tests.integration.department import Department, funds_arrived
from tests.integration.ledger_upkeep import Operator, recorded, refused, some_projects, stored

TAMPERED = {
    "project.revision: 9 instead of 3": "update ledger.project set revision = 9 where project = 'P-1'",
    "project.stage: 新阶段 instead of signed": "update ledger.project set stage = '新阶段' where project = 'P-1'",
    "project.name: 名称 instead of null": "update ledger.project set name = '名称' where project = 'P-1'",
    "project.funds_arrived: 5.00 instead of 30000000.00": "update ledger.project set funds_arrived = 5"
    " where project = 'P-1'",
    'project.gates: {"legal": 1} instead of {}': "update ledger.project set gates = '{\"legal\": 1}'"
    " where project = 'P-1'",
    "project: no row": "delete from ledger.project where project = 'P-1'",
}


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "test") as pool:
        yield pool


@pytest.fixture
def operator(provisioned: str, database_url: str) -> Operator:
    return Operator(provisioned, database_url)


async def differences(pool: Pool, client: Client, district: str | None = None) -> list[str]:
    walk = Walk(connections=2, events=4, district=district)
    return [str(one) async for one in Verifier(pool, client, walk).differences()]


async def test_an_operator_sees_that_all_is_equal_then_what_differs_then_that_it_was_mended(
    pool: Pool, client: Client, operator: Operator
) -> None:
    await recorded(pool, client, some_projects(3))
    equal = await operator.run("verify")
    assert (equal.code, equal.out) == (0, "")
    assert "are what the archive says" in equal.err

    await pool.execute("update ledger.project set funds_arrived = 5 where project = 'P-1'")
    found = await operator.run("verify")
    assert (found.code, found.out) == (1, "500101/P-1: project.funds_arrived: 5.00 instead of 30000000.00\n")

    mended = await operator.run("rebuild")
    assert mended.code == 0
    assert "1 rows changed, 1 records published" in mended.err
    assert (await operator.run("verify")).code == 0


@pytest.mark.parametrize("said", TAMPERED)
async def test_a_tampered_row_is_found_by_its_column(pool: Pool, client: Client, said: str) -> None:
    await recorded(pool, client, some_projects(3))
    await pool.execute(TAMPERED[said])
    assert await differences(pool, client) == [f"500101/P-1: {said}"]


async def test_each_column_that_differs_has_a_line(pool: Pool, client: Client) -> None:
    await recorded(pool, client, some_projects(2))
    await pool.execute(
        "update ledger.project set stage = 'started', revision = 9, facts_hash = 0 where project = 'P-1'"
    )
    columns = [line.split(": ")[1] for line in await differences(pool, client)]
    assert columns == ["project.facts_hash", "project.revision", "project.stage"]


async def test_a_row_without_events_is_found(pool: Pool, client: Client) -> None:
    await recorded(pool, client, some_projects(1))
    await pool.execute("update ledger.project set project = 'P-other'")
    assert await differences(pool, client) == [
        "500101/P-0: project: no row",
        "500101/P-other: project: a row without events",
    ]


async def test_a_tampered_target_is_found(pool: Pool, client: Client) -> None:
    await recorded(pool, client, some_projects(1))
    await pool.execute("update ledger.target set revision = 2")
    assert await differences(pool, client) == [
        "500101/target-2026-funds-arrived: target.revision: 2 instead of 1",
    ]


async def test_a_message_that_is_old_strange_or_missing_is_found(pool: Pool, client: Client) -> None:
    await recorded(pool, client, some_projects(3))
    stream = client.jetstream()
    message = await stream.get_last_msg("LEDGER", "ledger.500101.project.P-0")
    older = (message.data or b"").replace(b'"revision":3', b'"revision":2')
    assert older != message.data
    await stream.publish("ledger.500101.project.P-0", older)
    await stream.publish("ledger.500101.project.P-1", b"hello")
    await stream.purge_stream("LEDGER", subject="ledger.500101.project.P-2")
    await stream.publish("ledger.500101.project.P-none", older)
    assert await differences(pool, client) == [
        "500101/P-0: LEDGER.revision: 2 instead of 3",
        "500101/P-1: LEDGER: hello is no record",
        "500101/P-2: LEDGER: no message",
        "500101/P-none: LEDGER: a message without events",
    ]


async def test_a_number_of_parked_messages_that_is_old_missing_or_strange_is_found(pool: Pool, client: Client) -> None:
    await recorded(pool, client, some_projects(1))
    await refused(pool, client)
    assert await differences(pool, client) == []
    stream = client.jetstream()
    await stream.publish("ledger.500101.quarantine", b'{"district":"500101","parked":0,"revision":1}')
    await stream.publish("ledger.500102.quarantine", b'{"district":"500102","parked":3,"revision":1}')
    assert await differences(pool, client) == [
        "500101/quarantine: LEDGER.parked: 0 instead of 1",
        "500102/quarantine: LEDGER: a message without refusals",
    ]
    await stream.purge_stream("LEDGER", subject="ledger.500101.quarantine")
    assert await differences(pool, client, "500101") == ["500101/quarantine: LEDGER: no message"]


async def test_only_the_district_that_was_asked_for_is_compared(pool: Pool, client: Client, operator: Operator) -> None:
    await recorded(pool, client, some_projects(2))
    await pool.execute("update ledger.project set stage = 'started'")
    assert await differences(pool, client, "500102") == []
    assert len(await differences(pool, client, "500101")) == 2
    assert (await operator.run("verify", "--district", "chongqing")).code == 2


async def test_a_fold_that_fails_is_a_difference_and_the_others_are_compared(pool: Pool, client: Client) -> None:
    await recorded(pool, client, some_projects(3))
    await pool.execute("update ledger.project set stage = 'started' where project = 'P-2'")
    # The column cannot hold what the fold computes any more.
    await pool.execute("alter table ledger.project alter funds_arrived type numeric(10, 2)")
    await recorded(pool, client, [funds_arrived("P-0", "little", "1.00")], first=50)
    await pool.execute("alter table ledger.event disable trigger user")
    await pool.execute("update ledger.event set data = data || '{\"amount\": \"123456789.00\"}' where id = 'little'")
    found = await differences(pool, client)
    assert [line for line in found if "P-0" in line] == ["500101/P-0: fold: fails: numeric field overflow"]
    assert "500101/P-2: project.stage: started instead of signed" in found


async def test_beside_live_writes_nothing_seems_to_differ(
    provisioned: str, database_url: str, pool: Pool, client: Client
) -> None:
    department = await Department.open(client)
    compared = asyncio.Event()

    async def say() -> int:
        number = 0
        while not compared.is_set():
            await department.say(funds_arrived(f"P-{number % 30}", f"f{number}", "10000000.00"))
            number += 1
        return number

    async def compare() -> list[str]:
        found = [line for _ in range(10) for line in await differences(pool, client)]
        compared.set()
        return found

    async with running(build(LedgerSettings(nats_url=provisioned, database_url=database_url, batch_size=20))):
        said, found = await asyncio.gather(say(), compare())
        await department.acknowledged()
    assert said > 0
    assert found == []


async def test_a_record_that_is_just_being_published_is_waited_for(pool: Pool, client: Client) -> None:
    committed, go_on = asyncio.Event(), asyncio.Event()
    publish = Publisher(client)

    async def slow(messages: Sequence[Outgoing]) -> None:
        committed.set()
        await go_on.wait()
        await publish(messages)

    recorder = Recorder(pool, slow, Metrics(CollectorRegistry()))
    recording = asyncio.create_task(recorder.record(stored(some_projects(2))))
    await committed.wait()
    comparing = asyncio.create_task(differences(pool, client))
    while not await pool.fetchval("select count(*) from pg_locks where locktype = 'advisory' and not granted"):
        assert not comparing.done()
    go_on.set()
    assert await comparing == []
    await recording


async def test_without_its_servers_it_says_so(operator: Operator) -> None:
    ended = await Operator("nats://127.0.0.1:1", operator.database_url).run("verify")
    assert (ended.code, ended.out) == (2, "")


async def test_a_rebuild_leaves_nothing_to_find_whatever_was_tampered_with(pool: Pool, client: Client) -> None:
    await recorded(pool, client, some_projects(3))
    for damage in TAMPERED.values():
        await pool.execute(damage)
    await Rebuilder(pool, client, Walk(connections=2, events=4)).rebuild()
    assert await differences(pool, client) == []

"""Whatever the order, the repetitions and the batches of delivery, the rows of the ledger are the same."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ledger.domain.batch import Stored
from shared.database import make_pool
from tests.integration import ledger_rows
from tests.integration.ledger_histories import SUBJECTS, deliveries, stored_messages


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(deliveries(), st.integers(1, 4))
async def test_any_order_any_repetition_and_any_batches_leave_the_same_rows(
    database_url: str, delivered: tuple[list[Stored], list[list[Stored]]], at_once: int
) -> None:
    messages, batches = delivered
    async with make_pool(database_url, "test", size=1) as pool:
        await ledger_rows.wipe(pool)
        in_order = ledger_rows.Published()
        await ledger_rows.recorder(pool, in_order).record(messages)
        expected = await ledger_rows.rows(pool)

        await ledger_rows.wipe(pool)
        in_disorder = ledger_rows.Published()
        for batch in batches:
            await ledger_rows.recorder(pool, in_disorder, at_once).record(batch)
        assert await ledger_rows.rows(pool) == expected
        assert in_disorder.last == in_order.last


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(stored_messages(), st.data())
async def test_a_record_as_of_an_instant_is_what_the_ledger_held_then(
    database_url: str, messages: list[Stored], choose: st.DataObject
) -> None:
    until = choose.draw(st.sampled_from(sorted({message.recorded_at for message in messages})))
    async with make_pool(database_url, "test", size=1) as pool:
        await ledger_rows.wipe(pool)
        by_then = [message for message in messages if message.recorded_at <= until]
        await ledger_rows.recorder(pool, ledger_rows.Published()).record(by_then)
        held = await ledger_rows.rows(pool)

        await ledger_rows.recorder(pool, ledger_rows.Published()).record(messages)
        for projection, key in (("project", "project"), ("outreach", "trip"), ("target", "year")):
            as_of = await pool.fetch(
                f"select (record).* from ledger.{projection}_as_of($1, $2, $3) order by {key}",  # noqa: S608 - our own names
                *(["500101"] * 4, [*SUBJECTS, "target-2026-funds-arrived"], until),
            )
            assert [dict(row) for row in as_of] == held[projection]

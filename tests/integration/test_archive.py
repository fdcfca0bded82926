"""The archive is append-only: whoever asks the database to change or forget an event is refused."""

import asyncpg
import pytest

from shared.database import make_pool
from tests.integration import ledger_rows
from tests.integration.department import contract_signed, funds_arrived
from tests.integration.ledger_upkeep import stored

CHANGES = (
    "update ledger.event set data = data || '{\"amount\": \"1.00\"}' where id = '1'",
    'update ledger.event set recorded_at = recorded_at - interval \'1 day\', "on" = "on" - 1',
    "update ledger.event set recorded_at = recorded_at + interval '1 day'",
    "update ledger.event set replaces = '1' where id = '2'",
    "update ledger.event set voids = default, source = '/500101/finance' where id = '1'",
    "delete from ledger.event where id = '1'",
    "delete from ledger.event",
    "truncate ledger.event",
    "truncate ledger.event, ledger.project cascade",
)


async def test_no_statement_changes_or_forgets_an_event(database_url: str) -> None:
    async with make_pool(database_url, "test", size=1) as pool:
        events = stored([contract_signed("P-1", "1"), funds_arrived("P-1", "2", "1.00")])
        assert await ledger_rows.recorder(pool, ledger_rows.Published()).record(events) == []
        before = await ledger_rows.rows(pool)
        for change in CHANGES:
            with pytest.raises(asyncpg.RaiseError, match=r"ledger\.event is append-only"):
                await pool.execute(change)
        assert await ledger_rows.rows(pool) == before
        assert len(before["event"]) == 2

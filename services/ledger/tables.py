"""The tables that hold what is true: which fold computes each, and how a row is named in the archive and on the bus."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg

from services.ledger.domain.batch import Key
from services.ledger.domain.slices import Slice
from shared.database import Connection
from shared.subjects import outreach_subject, project_subject, target_subject

# What is done to all rows lasts as long as it lasts; the pool's own limit is meant for the recorder.
HOURS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Table:
    """One projection. After its name go the table, the fold `<name>_as_of` and the message `<name>_message`.

    `key` are the columns of the primary key, `subject` is SQL that makes the subject of a row's events from them,
    `owns(subject)` says whether events about a subject are folded into this table, and `address(district, subject)` is
    where the row is published.
    """

    name: str
    key: tuple[str, ...]
    subject: str
    owns: Callable[[str], bool]
    address: Callable[[str, str], str]

    def fill_in(self, text: str) -> str:
        """A query that is written once for all tables: `{table}`, `{key}` and `{subject}` become those of this one."""
        parts = {"{table}": self.name, "{key}": ", ".join(self.key), "{subject}": self.subject}
        for placeholder, part in parts.items():
            text = text.replace(placeholder, part)
        return text


def _target_address(district: str, subject: str) -> str:
    _, year, indicator = subject.split("-", 2)
    return target_subject(district, int(year), indicator)


def _is_target(subject: str) -> bool:
    return subject.startswith("target-")


PROJECT: Final = Table(
    "project", ("district", "project"), "project", lambda subject: not _is_target(subject), project_subject
)
# Which subjects are trips only their events tell: the fold gives no row for any other.
OUTREACH: Final = Table(
    "outreach", ("district", "trip"), "trip", lambda subject: not _is_target(subject), outreach_subject
)
TARGET: Final = Table(
    "target", ("district", "year", "indicator"), "'target-' || year || '-' || indicator", _is_target, _target_address
)
TABLES: Final = (PROJECT, OUTREACH, TARGET)


def key_of(address: str) -> Key | None:
    """The district and the subject of the events behind what is published there; None when it is no row's address."""
    match address.split("."):
        case ["ledger", district, PROJECT.name, project]:
            return district, project
        case ["ledger", district, OUTREACH.name, trip]:
            return district, trip
        case ["ledger", district, TARGET.name, year, indicator]:
            return district, f"target-{year}-{indicator}"
    return None


async def ask_each_table(
    connection: Connection, queries: Mapping[tuple[str, Table], str], name: str, part: Slice
) -> list[tuple[Table, asyncpg.Record]]:
    """What a query with the parameters districts and subjects finds for these keys, in the tables that own them."""
    found: list[tuple[Table, asyncpg.Record]] = []
    for table in TABLES:
        own = part.only(table.owns)
        if own.subjects:
            rows = await connection.fetch(queries[name, table], own.districts, own.subjects, timeout=HOURS)
            found += [(table, row) for row in rows]
    return found


def in_all_tables(text: str) -> str:
    """A query that is written once for all tables, over all of them."""
    return " union all ".join(table.fill_in(text) for table in TABLES)

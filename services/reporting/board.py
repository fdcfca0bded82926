"""How the projects of a district stand now: by stage, which are late, and what came in last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.reporting.domain.progress import Tally
from shared.database import Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Board:
    """Projects by stage; the late ones, longest overdue first, with the number of all of them; the newest facts."""

    stages: Mapping[str, Tally]
    late: Sequence[Mapping[str, Any]]
    late_total: int
    recent: Sequence[Mapping[str, Any]]


async def board(pool: Pool, district: str, day: date) -> Board:
    """The present state of a district; `day` is the day by which a milestone must have been reached."""
    stages = await pool.fetch(SQL["stages"], district)
    late = await pool.fetch(SQL["late"], district, day, _SHOWN)
    return Board(
        stages={row["stage"]: Tally(row["amount"], row["projects"]) for row in stages},
        late=[dict(row) for row in late],
        late_total=late[0]["total"] if late else 0,
        recent=[dict(row) for row in await pool.fetch(SQL["recent"], district, _SHOWN)],
    )

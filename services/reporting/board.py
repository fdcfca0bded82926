"""How the projects of a district stand: by stage, which are late, and what came in last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.reporting.domain.progress import Tally
from services.reporting.domain.question import Question
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


async def board(pool: Pool, district: str, asked: Question, today: date) -> Board:
    """A district at the end of the asked day, as known at the asked instant; late is what was due before that day."""
    scope = (district, asked.through, asked.known_by, asked.known_by is None and asked.through >= today)
    stages = await pool.fetch(SQL["stages"], *scope)
    late = await pool.fetch(SQL["late"], *scope, _SHOWN)
    recent = await pool.fetch(SQL["recent"], district, _SHOWN, asked.known_by, asked.through)
    return Board(
        stages={row["stage"]: Tally(row["amount"], row["projects"]) for row in stages},
        late=[dict(row) for row in late],
        late_total=late[0]["total"] if late else 0,
        recent=[dict(row) for row in recent],
    )

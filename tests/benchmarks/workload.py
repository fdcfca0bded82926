"""The work that every row of the table does: the same events in the same order, made from a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from shared.subjects import event_subject

DISTRICT: Final = "500101"
_UNITS: Final = {
    "registered": "investment",
    "claimed": "investment",
    "timetable-set": "planning",
    "signed": "investment",
    "funds-arrived": "finance",
}
_KINDS: Final = tuple(_UNITS)
_NOTE: Final = "由部门业务系统自动报送，经办人已核对原始凭证，附件留存备查，如有疑问请联系经办科室。"


@dataclass(frozen=True, slots=True)
class Work:
    """How many events over how many projects; each project gets the five kinds in order, then more funds."""

    events: int
    projects: int

    @property
    def per_project(self) -> int:
        return self.events // self.projects

    def messages(self) -> Iterator[tuple[str, bytes]]:
        """(bus subject, CloudEvent) of every event. Projects are mixed, as departments' traffic is."""
        rng = random.Random(2026)  # noqa: S311 - the same work every time, not a secret
        turns = [project for project in range(self.projects) for _ in range(self.per_project)]
        rng.shuffle(turns)
        steps = [0] * self.projects
        for number, project in enumerate(turns):
            kind = _KINDS[min(steps[project], len(_KINDS) - 1)]
            steps[project] += 1
            yield message(project, kind, number, rng)

    def further(self, each: int) -> Iterator[tuple[str, bytes]]:
        """After those, so many more funds for each project, a whole round of projects at a time."""
        rng = random.Random(2027)  # noqa: S311 - the same work every time, not a secret
        for number in range(each * self.projects):
            yield message(number % self.projects, "funds-arrived", self.events + number, rng)


def message(project: int, kind: str, number: int, rng: random.Random) -> tuple[str, bytes]:
    """One event as a department sends it: its bus subject, and about 480 bytes of JSON."""
    unit, subject = _UNITS[kind], f"P-2026-{project:05}"
    event = {
        "specversion": "1.0",
        "id": f"2026-{number:08}",
        "source": f"/{DISTRICT}/{unit}",
        "type": f"luodi.{kind}.v1",
        "subject": subject,
        "time": f"2026-08-{1 + number % 28:02}T{number % 24:02}:30:00+08:00",
        "datacontenttype": "application/json",
        "data": _data(kind, rng),
    }
    return event_subject(DISTRICT, unit, subject, kind), orjson.dumps(event)


def _data(kind: str, rng: random.Random) -> dict[str, Any]:
    on = f"2026-{rng.randint(1, 8):02}-{rng.randint(1, 28):02}"
    amount = f"{rng.randint(100, 99_999)}0000.00"
    own: dict[str, dict[str, Any]] = {
        "registered": {
            "name": "新能源汽车电池结构件生产基地项目",
            "investor": {"name": "深圳某精密制造股份有限公司", "origin": "440300"},
            "industry": "C36",
            "channel": "fixed-point",
            "cluster": "装备制造",
        },
        "claimed": {"lead_official": "王建国", "lead_unit": "区经济和信息化委员会", "command_office": "第一指挥部"},
        "timetable-set": {"milestones": {"site-fixed": "2026-04-30", "signed": "2026-03-31", "started": "2026-06-30"}},
        "signed": {"kind": "contract", "amount": amount, "number": "JK-2026-0117"},
        "funds-arrived": {
            "amount": amount,
            "origin": "440300",
            "nature": "fixed-assets",
            "evidence": {"kind": "bank-slip", "reference": "JZ-88121"},
        },
    }
    return {"on": on, **own[kind], "note": _NOTE}

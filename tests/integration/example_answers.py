"""The small district whose answers stand as examples in the description of the interface, and the questions to it."""

from datetime import UTC, datetime
from typing import Any

import httpx
from nats.js import JetStreamContext

from services.reporting import sealer
from services.reporting.domain.bulletin import Document, canonical
from services.reporting.domain.bulletin_changes import recounted, restated
from shared.database import Pool
from tests import bulletin_documents as bulletins
from tests.integration.reporting_service import AUGUST, park, publish, settled, year
from tests.reporting_records import DISTRICT, at, funds, project, quarantine, superseded, target
from tests.unit.test_bulletin_text import standing

HERE = f"/v1/districts/{DISTRICT}"
KNOWN = AUGUST | {"known_by": "2026-09-05T00:00:00+08:00"}
REPORT = "1-8月，全区到位招商引资资金84.8亿元，完成目标任务（105亿元）的84.2%。"
_RESEALED = datetime(2026, 9, 8, 1, tzinfo=UTC)

QUESTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "districts": ("/v1/districts", {"limit": "1"}),
    "indicators": ("/v1/indicators", {}),
    "definitions": ("/v1/definitions", {}),
    "all-progress": ("/v1/progress", KNOWN | {"limit": "2"}),
    "progress": (f"{HERE}/progress", KNOWN),
    "series": (f"{HERE}/series", {"through": "2026-02-28"} | {"known_by": KNOWN["known_by"]}),
    "ratios": (f"{HERE}/ratios", KNOWN),
    "facts": (f"{HERE}/indicators/funds-arrived/facts", KNOWN | {"limit": "3"}),
    "parts": (f"{HERE}/indicators/funds-arrived/by/tier", KNOWN | {"limit": "1"}),
    "projects": (f"{HERE}/projects", KNOWN | {"sort": "overdue", "limit": "1"}),
    "project": (f"{HERE}/projects/P-7", {"limit": "9"}),
    "bulletins": (f"{HERE}/bulletins", {"limit": "1"}),
    "bulletin": (f"{HERE}/bulletins/2026-08-2", {}),
    "compare": (f"{HERE}/bulletins/2026-08-1/compare/2026-08-2", {}),
}


def records() -> list[dict[str, Any]]:
    """What the ledger says of three districts; the second one has refused messages that nobody has settled."""
    joint = park()
    joint["facts"] += [
        superseded(funds("2026-08-20", "1000000.00", "f-2"), at(243)),
        funds("2026-08-21", "2000000.00", "f-3", share="50"),
    ]
    there = "500102"
    return [
        *year(),
        joint,
        project("P-1", [funds("2026-03-01", "100000000.00", "f-1", source="/500102/finance")], district=there),
        target("funds-arrived", ("2026-01-05", "2"), district=there),
        quarantine(2, district=there),
        quarantine(0, district="500103"),
    ]


def sealed() -> tuple[Document, Document]:
    """The bulletin for August, and the one sealed again after a correction, though two messages were parked."""
    first = bulletins.sealed_bulletin(projects=standing(), issuer="示范区招商引资工作领导小组办公室")
    facts = [one for one in bulletins.year() if one["id"] != "f-1"]
    right = bulletins.funds("P-1", "f-3", "2026-03-01", "5500000000.00")
    by = {name: right[name] for name in ("source", "id", "event", "recorded_at")}
    now = recounted(first, [*facts, right], bulletins.targets(), _RESEALED)
    second = bulletins.sealed_bulletin(
        [*facts, right],
        standing(),
        restated(first, now, {(right["source"], "f-1"): by}, bulletins.TEXT),
        number="2026-08-2",
        known_by=_RESEALED,
        issuer=first["issuer"],
        reason="更正一笔到位资金",
        despite="两条重复上报的数据正在核实",
        gaps=[{"code": "events-parked", "count": 2, "detail": "2 refused messages are parked at the ledger."}],
    )
    return first, second


async def fill(stream: JetStreamContext, pool: Pool, client: httpx.AsyncClient) -> None:
    """Have the service hold the district and its bulletins."""
    await keep_bulletins(pool)
    await publish(stream, *records())
    await settled(client)
    await settled(client, "events-parked", path="/v1/districts/500102/progress")


async def keep_bulletins(pool: Pool) -> None:
    """Lay the two bulletins into the table, as the sealer does."""

    for one in sealed():
        through, known_by = datetime.fromisoformat(one["through"]).date(), datetime.fromisoformat(one["known_by"])
        row = (DISTRICT, one["number"], through, known_by, one["root"], canonical(one).decode())
        await pool.execute(sealer.SQL["insert"], *row)


async def answered(client: httpx.AsyncClient) -> dict[str, Any]:
    """What is answered to each question, by its name."""
    found = {name: await client.get(path, params=params) for name, (path, params) in QUESTIONS.items()}
    found["check"] = await client.post(f"{HERE}/check", content=REPORT, headers={"Content-Type": "text/plain"})
    assert {name: one.status_code for name, one in found.items()} == dict.fromkeys(found, 200)
    return {name: one.json() for name, one in found.items()}

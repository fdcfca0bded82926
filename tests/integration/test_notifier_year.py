"""A whole year of the demo district, and what each person received, day by day."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

from services.notifier.domain.directory import WECOM_BOT
from services.notifier.pages import WORDS
from shared import database
from shared.clock import BUSINESS_ZONE
from tests.integration.notifier_year import YEAR, District, Noted, Told

GOLDEN = Path(__file__).with_name("golden")
_WEEKDAYS = "一二三四五六日"


def as_read(told: Iterable[Told], noted: Iterable[Noted]) -> dict[str, str]:
    """Each month as a text: day by day and look by look, what is on the record, then what everybody read."""
    months: defaultdict[str, list[str]] = defaultdict(list)
    day, happened = None, list[Told | Noted]([*told, *noted])
    for each in sorted(happened, key=_place):
        at = each.at.astimezone(BUSINESS_ZONE)
        page = months[f"notifier-{at:%Y-%m}.txt"]
        if at.date() != day:
            day = at.date()
            page.append(f"\n══ {day} 星期{_WEEKDAYS[day.weekday()]} ══\n")
        if isinstance(each, Noted):
            page.append(f"{at:%H:%M} {each.text}")
        else:
            way = "" if each.channel == WECOM_BOT else f"（{WORDS['channel'][each.channel]}）"
            page.append(f"\n── {at:%H:%M} → {each.recipient}{way}\n{each.text}\n")
    return {name: re.sub(r"\n{3,}", "\n\n", "\n".join(page)) for name, page in months.items()}


def _place(each: Told | Noted) -> tuple[datetime, bool, str, str]:
    # Nobody's order but the clock's is promised; a name and a text make one.
    return (each.at, False, "", each.text) if isinstance(each, Noted) else (each.at, True, each.recipient, each.text)


def counted(told: Sequence[Told]) -> str:
    """Messages a person: in the year, in the fullest week, and in weeks with any; with the lines that they had."""
    weeks: defaultdict[str, Counter[int]] = defaultdict(Counter)
    lines: Counter[str] = Counter()
    for each in told:
        weeks[each.recipient][each.at.astimezone(BUSINESS_ZONE).isocalendar().week] += 1
        lines[each.recipient] += each.items
    rows = sorted(weeks.items(), key=lambda row: (-row[1].total(), row[0]))
    head = "全年条数\t最多一周\t有通知的周数\t事项数\t姓名"
    table = [f"{row.total()}\t{max(row.values())}\t{len(row)}\t{lines[name]}\t{name}" for name, row in rows]
    return "\n".join([head, *table, ""])


async def test_a_year_of_the_demo_district_reads_as_it_did(database_url: str) -> None:
    """Every message of the year stands in tests/integration/golden/, for people to read and judge.

    To write them anew after a change of wording or policy: REGENERATE=1 pytest tests/integration/test_notifier_year.py
    """
    async with database.make_pool(database_url, "test") as pool:
        district = District(pool)
        # On into a year whose holidays nobody knows yet.
        await district.live_through(date(YEAR, 1, 1), date(YEAR + 1, 1, 8))
        assert await district.refused() == 0
        on_record, cases = await pool.fetch(_ON_RECORD), await pool.fetch(_CASES)
    told = district.post.told
    pages = as_read(told, district.noted) | {"notifier-counts.txt": counted(told)}
    if os.environ.get("REGENERATE"):
        GOLDEN.mkdir(exist_ok=True)
        for name, text in pages.items():
            (GOLDEN / name).write_text(text, encoding="utf-8")
    for name, text in pages.items():
        assert (GOLDEN / name).read_text(encoding="utf-8") == text, name
    assert {file.name for file in GOLDEN.glob("notifier-*.txt")} == set(pages)

    # Whatever the texts say: nobody is written to at night or on a day off, or gets two digests on a morning.
    days = district.policy.days
    for each in told:
        at = each.at.astimezone(BUSINESS_ZONE)
        assert days.is_working_day(at.date())
        assert district.policy.hours.start <= at.time() <= district.policy.hours.until
    digests = Counter((each.recipient, each.at.date()) for each in told if each.notice == "digest")
    assert set(digests.values()) == {1}
    # What happened to cases is on the record, under the projects, and nothing else.
    assert sorted((row["subject"], row["id"]) for row in on_record) == sorted(
        (event["subject"], event["id"]) for event in district.escalations
    )
    lives: defaultdict[str, list[str]] = defaultdict(list)
    for row in on_record:
        if row["name"] in ("escalation-opened", "escalation-resolved"):
            lives[row["case"]].append(row["name"].removeprefix("escalation-"))
    for case in cases:
        # Opened and resolved by turns: once, unless it came back within days.
        life = lives.pop(str(case["id"]), [])
        assert life == ["opened", "resolved"] * (len(life) // 2) + ["opened"] * (len(life) % 2), case
        assert bool(len(life) % 2) == (case["state"] != "resolved" and case["rung"] > 0), case
    assert not lives
    # And each project's record, as the ledger publishes it, shows its cases where they are.
    shown = {each["case"]: (each["state"] == "resolved", each["rung"]) for each in district.shown_escalations()}
    assert shown == {
        str(case["id"]): (case["state"] == "resolved", case["rung"])
        for case in cases
        if case["rung"] > 0 and not case["project"].startswith("target-")
    }


_ON_RECORD = """
select subject, id, name, data ->> 'case' as case
from ledger.event
where source like '%/notifier'
order by recorded_at, stream_sequence
"""
_CASES = "select id, project, state, rung from notifier.escalation_case"

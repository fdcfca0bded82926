"""`luodi notifier explain` and `silence`, as somebody types them, over a real database."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner, Result

from services.notifier.channels.http import make_client
from services.notifier.cli import app
from shared import clock, database
from shared.clock import business_day
from tests.integration.notifier_office import POLICIES, Office, record
from tests.integration.test_notifier_mornings import PEOPLE
from tests.providers.webhook import fake_webhook
from tests.providers.wecom import fake_wecom


@pytest_asyncio.fixture
async def office(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """An office of today, over the database, the policy and the directory that the commands read."""
    (tmp_path / "directory.csv").write_text(PEOPLE, encoding="utf-8")
    monkeypatch.setenv("LUODI_DATABASE_URL", database_url)
    monkeypatch.setenv("LUODI_POLICY", str(POLICIES / "mornings.toml"))
    monkeypatch.setenv("LUODI_DIRECTORY", str(tmp_path / "directory.csv"))
    with fake_wecom() as wecom, fake_webhook() as webhook:
        async with database.make_pool(database_url, "test") as pool, make_client() as client:
            yield Office(pool, wecom, webhook, client, now=clock.system())


async def typed(*words: str) -> Result:
    """A command, in a thread: it has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, words)


async def test_explain_says_what_holds_why_and_who_will_be_told_when(office: Office) -> None:
    late, soon = (business_day(office.now) + timedelta(days=days) for days in (-3, 30))
    due = {"started": {"due": late.isoformat(), "on": None}, "completed": {"due": soon.isoformat(), "on": None}}
    await office.hear(record(milestones=due))
    said = (await typed("explain", "P-2026-017")).output
    assert "500101/P-2026-017 智能装备产业园: signed, revision 1" in said
    assert f"milestone-overdue started, due {late}, owed by 区经济信息委" in said
    assert "已逾期3天，尚未收到开工信息。" in said
    # The case was opened by a policy of one rule, whose first rung is the official, and it keeps its ladder.
    assert re.search(
        r"case [0-9a-f-]{36}: open, rung 0 of 3\n +\d{4}-\d\d-\d\d \d\d:\d\d rung 1 → lead-official 王建国", said
    )
    assert "rung 3 → district-head nobody (通讯录中没有500101的区主要领导)" in said
    assert " exhausted" in said
    # Whoever is late with a milestone is not reminded of the next, and hears of it when it is late as well.
    assert "milestone-due-soon" not in said
    assert f"{soon + timedelta(days=1)} milestone-overdue completed" in said
    assert "rung 1 → unit-contact 马超 (digest)" in said


async def test_explain_of_what_is_not_known_says_so(office: Office) -> None:
    unknown = await typed("explain", "P-404", "--district", "500101")
    assert unknown.exit_code == 1
    assert "knows no project P-404 of 500101" in unknown.output


async def test_a_silence_is_added_listed_explained_and_ended(office: Office) -> None:
    late = business_day(office.now) - timedelta(days=3)
    await office.hear(record(due=late.isoformat()))
    until = business_day(office.now) + timedelta(days=7)
    words = ("--project", "P-2026-017", "--reason", "等批复", "--who", "周文斌", "--until", until.isoformat())
    added = await typed("silence", "add", *words)
    assert added.exit_code == 0, added.output
    office.now = clock.system()
    await office.work()
    said = (await typed("explain", "P-2026-017")).output
    assert f"silenced until {until + timedelta(days=1)} 00:00 by 周文斌: 等批复" in said
    assert "paused since" in said
    assert "project=P-2026-017  周文斌: 等批复" in (await typed("silence", "list")).output
    assert (await typed("silence", "end", added.output.strip()[:6])).exit_code == 0
    assert (await typed("silence", "list")).output == ""
    assert "等批复" in (await typed("silence", "list", "--past")).output
    assert (await typed("silence", "end", added.output.strip()[:6])).exit_code == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--until", "2999-01-01"), "say what"),
        (("--project", "P-1", "--until", "2020-01-01"), "lies in the past"),
        (("--rule", "milestone-late", "--until", "2999-01-01"), "one of issue-overdue, milestone-overdue"),
    ],
)
async def test_a_silence_that_makes_no_sense_is_refused_in_a_sentence(words: tuple[str, ...], says: str) -> None:
    refused = await typed("silence", "add", "--reason", "等批复", "--who", "周文斌", *words)
    assert refused.exit_code == 2
    assert says in " ".join(re.sub("[│╭╮╰╯─]", " ", refused.output).split())


async def test_a_command_without_its_database_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUODI_DATABASE_URL", "postgresql://luodi@127.0.0.1:1/luodi")
    refused = await typed("silence", "list")
    assert refused.exit_code == 2
    assert "is Postgres up at LUODI_DATABASE_URL?" in refused.output

"""What an official's assistant types: what is pressed on a project and what follows, what is silenced or wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from typer.testing import CliRunner, Result

from deploy.local.ports import any_free
from services.notifier.channels.http import make_client
from services.notifier.cli import app
from shared import clock, database
from tests.integration.notifier_office import CONTACT, DISTRICT_HEAD, OFFICIAL, POLICIES, START, Office, record
from tests.providers.webhook import fake_webhook
from tests.providers.wecom import fake_wecom

_T = TypeVar("_T")
DIRECTORY = (
    "name,role,unit,wecom_userid,wecom_bot\n"
    f"{OFFICIAL},official,,WangJianGuo,leaders\n"
    f"{CONTACT},unit-contact,区经济信息委,MaChao,leaders\n"
    f"{DISTRICT_HEAD},district-head,,SunLiXin,leaders\n"
)


class Desk:
    """A register that a notifier of ours filled, and the commands that somebody types beside it at START."""

    def __init__(self, url: str) -> None:
        self.url = url

    def after(self, work: Callable[[Office], Awaitable[_T]]) -> _T:
        """Let a notifier work."""

        async def done() -> _T:
            with fake_wecom() as wecom, fake_webhook() as webhook:
                async with database.make_pool(self.url, "test") as pool, make_client() as client:
                    return await work(Office(pool, wecom, webhook, client))

        return asyncio.run(done())

    def hear(self, *records: dict[str, Any]) -> None:
        """The ledger publishes; what is due is done."""

        async def work(office: Office) -> None:
            await office.hear(*records)
            await office.work()

        self.after(work)

    def types(self, *words: str) -> Result:
        """One command."""
        return CliRunner().invoke(app, words)


@pytest.fixture
def desk(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    file = tmp_path / "directory.csv"
    file.write_text(DIRECTORY, encoding="utf-8")
    monkeypatch.setenv("LUODI_DATABASE_URL", database_url)
    monkeypatch.setenv("LUODI_POLICY", str(POLICIES / "at_once.toml"))
    monkeypatch.setenv("LUODI_DIRECTORY", str(file))
    monkeypatch.setattr(clock, "system", lambda: START)
    return Desk(database_url)


def test_a_duty_that_is_pressed_is_told_with_its_reason_and_all_that_is_still_to_come(desk: Desk) -> None:
    desk.hear(record())
    done = desk.types("explain", "P-2026-017")
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "智能装备产业园（500101/P-2026-017）：已签约",
        "  牵头单位：区经济信息委　挂包领导：王建国 副区长",
        "现在催办：",
        "· 里程碑逾期：原定8月31日前开工，已逾期2天，尚未收到开工信息。",
        "    责任单位 区经济信息委，期限 8月31日，规则 milestone-overdue",
        "    待签收：已通知到第1级，共3级",
        "    9月4日 10:00　第2级：单位主要负责人 无法通知（通讯录中没有区经济信息委的单位主要负责人）",
        "    9月8日 10:00　第3级：区主要领导 孙立新 区长",
        "    9月11日 10:00　仍无人签收或办结的，转人工督办",
        "以后，一直没有办结的话：没有",
    ]


def test_what_will_be_owed_is_told_in_the_words_of_that_day(desk: Desk) -> None:
    desk.hear(record(due="2026-09-10"))
    said = desk.types("explain", "P-2026-017").output
    assert "现在催办：没有" in said
    assert "· 9月11日起　里程碑逾期：原定9月10日前开工，已逾期1天，尚未收到开工信息。" in said
    assert "9月11日 08:35　第1级：挂包领导 王建国 副区长；单位联络员 马超" in said


def test_a_project_that_is_suspended_waits_and_is_not_said_to_climb(desk: Desk) -> None:
    milestones = {"started": {"due": "2026-08-31"}, "completed": {"due": "2026-12-31"}}
    desk.hear(record(milestones=milestones))
    desk.hear(record(milestones=milestones, revision=2, stage="suspended"))
    said = desk.types("explain", "P-2026-017").output
    assert "：已暂停\n" in said
    assert "· 里程碑逾期：项目已暂停，恢复后接着催" in said
    assert "待签收：已通知到第1级，共3级；自9月2日 10:00起计时暂停" in said
    assert "以后，一直没有办结的话（项目恢复后才催）：\n· 2027年1月1日起　里程碑逾期\n" in said
    assert "第2级" not in said


def test_what_is_silenced_says_why_by_whom_and_until_when(desk: Desk) -> None:
    desk.hear(record())
    given = ("--reason", "等上级批复用地", "--who", "周文斌 区委副书记", "--until", "2026-10-31")
    assert desk.types("silence", "add", "--project", "P-2026-017", *given).exit_code == 0
    desk.hear(record(revision=2))
    said = desk.types("explain", "P-2026-017").output
    assert "免打扰至10月31日 24:00：等上级批复用地（周文斌 区委副书记）" in said
    assert "计时暂停" in said
    assert "第2级" not in said


def test_a_record_that_cannot_be_read_is_named_and_nothing_else_is_lost(desk: Desk) -> None:
    async def work(office: Office) -> None:
        await office.hear(record(), record(district="500102"))
        await office.pool.execute("update notifier.project set record = record - 'stage' where district = '500101'")

    desk.after(work)
    done = desk.types("explain", "P-2026-017")
    assert done.exit_code == 0
    assert done.output.startswith("500101/P-2026-017：台账记录无法读取，已单列（stage: Field required）\n")
    assert "（500102/P-2026-017）" in done.output


def test_a_project_that_nobody_knows_ends_with_one_and_a_database_that_is_away_with_two(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.hear(record())
    unknown = desk.types("explain", "P-1")
    assert (unknown.exit_code, unknown.output) == (1, "the notifier knows no project P-1\n")
    elsewhere = desk.types("explain", "P-2026-017", "--district", "500102")
    assert (elsewhere.exit_code, elsewhere.output) == (1, "the notifier knows no project P-2026-017 of 500102\n")
    monkeypatch.setenv("LUODI_DATABASE_URL", f"postgresql://luodi@127.0.0.1:{any_free()}/luodi")
    for words in (["explain", "P-2026-017"], ["silence", "list"], ["silence", "end", "0"]):
        away = desk.types(*words)
        assert away.exit_code == 2
        assert "is Postgres up at LUODI_DATABASE_URL?" in away.output


def test_a_silence_is_begun_listed_and_ended(desk: Desk) -> None:
    given = ("--reason", "等批复", "--who", "周文斌", "--until", "2026-10-31")
    begun = desk.types("silence", "add", "--unit", "区商务委", "--rule", "no-event", *given)
    assert begun.exit_code == 0
    identity = begun.output.strip()
    line = f"{identity}  至10月31日 24:00  规则 no-event，责任单位 区商务委  等批复（周文斌）\n"
    assert desk.types("silence", "list").output == line
    assert desk.types("silence", "end", "not-one").exit_code == 1
    assert desk.types("silence", "end", identity[:6]).output == f"{identity}\n"
    assert desk.types("silence", "list").output == "没有免打扰\n"
    assert identity in desk.types("silence", "list", "--past").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--until", "2026-10-31"), "say what"),
        (("--until", "2026-09-01", "--project", "P-1"), "lies in the past"),
        (("--until", "tomorrow", "--project", "P-1"), "does not match"),
        (("--until", "2026-10-31", "--rule", "late"), "one of issue-overdue"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused_and_nothing_is_done(
    desk: Desk, words: tuple[str, ...], said: str
) -> None:
    refused = desk.types("silence", "add", "--reason", "x", "--who", "y", *words)
    assert refused.exit_code == 2
    assert said in refused.output
    assert desk.types("silence", "list", "--past").stdout == ""


@pytest.mark.parametrize(("command", "code"), [("check", 1), ("run", 2), ("explain", 2)])
def test_a_file_with_a_mistake_is_told_by_its_line_and_nothing_is_started(
    desk: Desk, command: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, directory = tmp_path / "policy.toml", tmp_path / "directory.csv"
    policy.write_text('version = 1\n[[rules]]\nid = "no-event"\ndayz = 9\n', encoding="utf-8")
    directory.write_text("name,role\n王建国,mayor\n", encoding="utf-8")
    monkeypatch.setenv("LUODI_POLICY", str(policy))
    done = desk.types(*(["explain", "P-1"] if command == "explain" else [command]))
    assert done.exit_code == code
    assert f"{policy}:4: rules.1.dayz: unknown; allowed here: id, ladder, days" in done.output
    assert f"{directory}:2: role: 'mayor' is unknown" in done.output


def test_files_without_a_mistake_are_fine_and_what_is_worth_knowing_is_noted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUODI_WECOM_BOTS", '{"leaders": "key"}')
    done = desk.types("check")
    assert done.exit_code == 0
    assert "note: " in done.output
    assert "nobody is unit-head, which the policy's ladder names" in done.output
    assert done.output.splitlines()[-1].startswith("Fine:")

"""The policy and the directory: what is wrong, in which line, and what is allowed."""

from datetime import date
from pathlib import Path

import pytest

import services.notifier
from services.notifier.checks import examine
from services.notifier.domain.directory import Address, Nobody, read_directory
from services.notifier.domain.policy import InvalidFileError, read_policy
from services.notifier.domain.record import Record
from services.notifier.settings import NotifierSettings

PACKAGED = (Path(services.notifier.__file__).parent / "policy.toml").read_text(encoding="utf-8")
HEADER = "name,role,unit,district,wecom_userid,wecom_bot,webhook,webhook_secret\n"
PEOPLE = HEADER + (
    "王建国 副区长,official,,,WangJianGuo,leaders,https://oa.example.gov.cn/hook,office\n"
    "钱进,unit-head,区经济信息委,,QianJin,leaders,,\n"
    "孙立新 区长,district-head,,500101,SunLiXin,leaders,,\n"
    "马超,unit-contact,区商务委,,,,,\n"
)


def policy_faults(text: str) -> list[str]:
    with pytest.raises(InvalidFileError) as caught:
        read_policy(text)
    return [str(problem) for problem in caught.value.problems]


def directory_faults(*lines: str) -> list[str]:
    with pytest.raises(InvalidFileError) as caught:
        read_directory((HEADER + "\n".join(lines)).encode())
    return [str(problem) for problem in caught.value.problems]


def record(
    official: str | None = "王建国 副区长", unit: str | None = "区经济信息委", district: str = "500101"
) -> Record:
    return Record(district=district, project="P-1", revision=1, stage="signed", lead_official=official, lead_unit=unit)


def test_the_packaged_policy_tells_the_lead_official_at_once_and_the_district_head_last() -> None:
    ladder = read_policy(PACKAGED).rules[0].ladder
    assert "lead-official" in ladder[0].who
    assert ladder[-1].who == ("district-head",)


def test_the_packaged_calendar_knows_holidays_and_the_days_worked_in_their_stead() -> None:
    days = read_policy(PACKAGED).days
    assert not days.is_working_day(date(2026, 10, 7))
    assert days.is_working_day(date(2026, 10, 10))
    assert not days.knows(date(2027, 1, 4))


@pytest.mark.parametrize(
    ("old", "new", "line_of", "says"),
    [
        ('days = "working"', 'days = "weekdays"', "days = ", "hours.days: Input should be 'working' or 'every'"),
        ("working_days = 5", "working_days = 0", "working_days", "greater than or equal to 1"),
        ("working_days = 5", "days = 5", "days = 5", "unknown; allowed here: working_days"),
        ('who = ["unit-head"]', 'who = ["boss"]', "boss", "rules.1.ladder.2.who.1: Input should be 'lead-official'"),
        ('who = ["district-head"]', "who = []", "who = []", "at least one is needed"),
        ('id = "milestone-overdue"', 'id = "milestone-late"', "milestone-late", "Input should be 'milestone-overdue'"),
        ("from = 08:35:00", "from = 19:00:00", "[hours]", "'from' must be before 'until'"),
        ("years = [2026]", "years = [2025]", "[calendar]", "a year that 'years' does not name"),
        ("version = 1", "version = 2", "version", "Input should be 1"),
        ("version = 1", "version 1", "version", "not TOML"),
    ],
)
def test_a_policy_with_something_wrong_names_the_line_and_what_is_allowed(
    old: str, new: str, line_of: str, says: str
) -> None:
    text = PACKAGED.replace(old, new, 1)
    (fault,) = policy_faults(text)
    number = next(
        number for number, line in enumerate(text.splitlines(), start=1) if line_of in line and line[0] != "#"
    )
    assert fault.startswith(f"line {number}: ")
    assert says in fault


def test_a_rule_given_twice_is_refused() -> None:
    rule = PACKAGED[PACKAGED.index("[[rules]]") :]
    assert any("given twice" in fault for fault in policy_faults(PACKAGED + rule))


def test_everything_wrong_in_a_policy_is_told_at_once() -> None:
    text = PACKAGED.replace("working_days = 5", "working_days = 0").replace('"unit-head"', '"boss"')
    assert len(policy_faults(text)) == 2


def test_a_directory_leads_from_a_role_to_the_people_who_hold_it() -> None:
    directory = read_directory(PEOPLE.encode())
    (official,) = named(directory.holders("lead-official", record()))
    (head,) = named(directory.holders("unit-head", record()))
    (district_head,) = named(directory.holders("district-head", record()))
    assert (official, head, district_head) == ("王建国 副区长", "钱进", "孙立新 区长")
    person = directory.person("王建国 副区长")
    assert person is not None
    assert person.addresses == (
        Address("webhook", "https://oa.example.gov.cn/hook", "office"),
        Address("wecom-bot", "leaders", "leaders", "WangJianGuo"),
    )


def named(found: object) -> list[str]:
    assert isinstance(found, list)
    return [person.name for person in found]


@pytest.mark.parametrize(
    ("subject", "role", "whom"),
    [
        (record(official="赵六 副区长"), "lead-official", "赵六 副区长"),
        (record(official=None), "lead-official", "挂包领导"),
        (record(unit=None), "unit-head", "单位主要负责人"),
        (record(unit="区财政局"), "unit-head", "区财政局单位主要负责人"),
        (record(unit="区商务委"), "unit-contact", "马超"),
        (record(district="500102"), "district-head", "区主要领导"),
    ],
    ids=["unknown", "not claimed", "no unit", "no head", "no address", "another district's"],
)
def test_a_role_that_leads_to_nobody_says_whom_it_looked_for(subject: Record, role: str, whom: str) -> None:
    found = read_directory(PEOPLE.encode()).holders(role, subject)  # type: ignore[arg-type] # the roles listed above
    assert isinstance(found, Nobody)
    assert found.whom == whom
    assert found.why


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_directory_may_come_from_a_spreadsheet(encoding: str) -> None:
    assert read_directory(PEOPLE.replace("\n", "\r\n").encode(encoding)).person("钱进") is not None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (",official,,,,,,", "name: empty"),
        ("李四,boss,,,,,,", "role: 'boss' is unknown; allowed: official, unit-contact"),
        ("李四,unit-head,,,,,,", "unit: a unit-head needs the name of the unit"),
        ("李四,official,,5001,,,,", "district: '5001' is not a code of six digits"),
        ("李四,official,,,@all,leaders,,", "wecom_userid: '@all' is not a member's id"),
        ("李四,official,,,,https://qyapi.weixin.qq.com/?key=1,,", "wecom_bot: the name of a bot"),
        ("李四,official,,,,,ftp://oa/hook,office", "webhook: a URL that begins with https://"),
        ("李四,official,,,,,https://a:b@oa/hook,office", "webhook: a URL without user and password"),
        ("李四,official,,,,,https://oa:port/hook,office", "webhook: not a URL"),
        ("李四,official,,,,,https://oa/hook,", "webhook and webhook_secret"),
        ("李四,official,,,,,,,,,", "more cells than the header has columns"),
    ],
)
def test_a_directory_with_something_wrong_names_the_line(line: str, says: str) -> None:
    (fault,) = directory_faults("王五,official,,,,,,", line)
    assert fault.startswith("line 3: ")
    assert says in fault


def test_two_lines_for_one_person_are_refused() -> None:
    (fault,) = directory_faults("李四,official,,,,,,", "李四,unit-head,区财政局,,,,,")
    assert fault.startswith("line 3: name: '李四' is in the file already")


@pytest.mark.parametrize("content", [b"name;role\n", b"role\n", b"", b"name,role,salary\n"])
def test_a_directory_with_other_columns_says_which_are_allowed(content: bytes) -> None:
    with pytest.raises(InvalidFileError, match=r"line 1: .*allowed: name, role, unit"):
        read_directory(content)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidFileError, match="neither UTF-8 nor GB 18030"):
        read_directory(b"name,role\n\xff\xff\xff")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NotifierSettings:
    """Settings over the packaged policy and the directory above, with every secret it names."""
    (tmp_path / "directory.csv").write_text(PEOPLE, encoding="utf-8")
    monkeypatch.setenv("LUODI_DIRECTORY", str(tmp_path / "directory.csv"))
    monkeypatch.setenv("LUODI_PUBLIC_URL", "https://luodi.example.gov.cn")
    monkeypatch.setenv("LUODI_LINK_SECRET", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("LUODI_WECOM_BOTS", '{"leaders": "the-key"}')
    monkeypatch.setenv("LUODI_WEBHOOK_SECRETS", '{"office": "the-secret"}')
    return NotifierSettings()


def test_a_check_names_whom_nobody_can_reach(files: NotifierSettings) -> None:
    (note,) = examine(files)
    assert not note.wrong
    assert str(note) == f"{files.directory}:5: 马超 cannot be reached: no address"


def test_a_check_names_the_secrets_that_are_not_set_and_shows_none(
    files: NotifierSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUODI_WECOM_BOTS", '{"others": "the-key"}')
    wrong = [str(finding) for finding in examine(NotifierSettings()) if finding.wrong]
    assert wrong[0] == f"{files.directory}:2: 王建国 副区长: LUODI_WECOM_BOTS has no 'leaders'"
    assert len(wrong) == 3
    assert not any("the-key" in line or "the-secret" in line for line in wrong)


def test_a_check_tells_what_links_will_lack(files: NotifierSettings) -> None:
    notes = [str(finding) for finding in examine(files.model_copy(update={"public_url": None, "link_secret": None}))]
    assert notes[-2:] == [
        "LUODI_PUBLIC_URL: not set: links will begin with http://127.0.0.1:8082",
        "LUODI_LINK_SECRET: not set: links will work until the next restart only",
    ]


def test_a_check_of_missing_files_says_so(files: NotifierSettings, tmp_path: Path) -> None:
    absent = files.model_copy(update={"policy": tmp_path / "none.toml", "directory": tmp_path / "none.csv"})
    assert [finding.wrong for finding in examine(absent)] == [True, True]

"""The policy and the directory: what is wrong, in which line, and what is allowed."""

from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import chinese_calendar  # type: ignore[import-untyped] # it has no types
import pytest

import services.notifier
from services.notifier.checks import examine
from services.notifier.domain.directory import Address, Nobody, Person, read_directory
from services.notifier.domain.files import InvalidFileError
from services.notifier.domain.holidays import YEARS, days_by_law
from services.notifier.domain.policy import read_policy
from services.notifier.domain.record import Record
from services.notifier.domain.rules import RuleId
from services.notifier.settings import NotifierSettings

PACKAGED = (Path(services.notifier.__file__).parent / "policy.toml").read_text(encoding="utf-8")
TODAY = date(2026, 9, 2)
HEADER = "name,role,unit,district,wecom_userid,wecom_bot,webhook,webhook_secret\n"
PEOPLE = HEADER + (
    "王建国 副区长,official,,,WangJianGuo,leaders,https://oa.example.gov.cn/hook,office\n"
    "钱进,unit-head,区经济信息委,,QianJin,leaders,,\n"
    "孙立新 区长,district-head,,500101,SunLiXin,leaders,,\n"
    "马超,unit-contact,区商务委,,,,,\n"
)


POLICY = """
version = 1
[[rules]]
id = "milestone-overdue"
[[rules.ladder]]
who = ["lead-official", "unit-head"]
answer_within = 2
"""
DAY = date(2026, 9, 2)


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


def test_the_packaged_policy_uses_every_rule_and_climbs_from_the_contact_to_the_head_of_the_district() -> None:
    policy = read_policy(PACKAGED)
    assert {rule.id for rule in policy.rules} == set(get_args(RuleId))
    overdue = policy.rule("milestone-overdue")
    assert overdue is not None
    assert [rung.who for rung in overdue.ladder] == [
        ("unit-contact",),
        ("unit-head",),
        ("lead-official",),
        ("district-head",),
    ]


@pytest.mark.parametrize("year", sorted(YEARS))
def test_the_calendar_says_what_the_published_one_says_for_every_day_of_its_years(year: int) -> None:
    days = read_policy("version = 1").days
    every_day = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
    for day in (each for each in every_day if each.year == year):
        assert days.is_working_day(day) == chinese_calendar.is_workday(day), day


@pytest.mark.parametrize(
    ("first", "last"),
    # New Year's Day, and from New Year's Eve of the lunar year to the third day.
    [
        (date(2027, 1, 1), date(2027, 1, 1)),
        (date(2027, 2, 5), date(2027, 2, 8)),
        (date(2040, 10, 1), date(2040, 10, 3)),
    ],
)
def test_nobody_works_on_what_the_law_itself_makes_a_holiday_before_a_years_notice_is_out(
    first: date, last: date
) -> None:
    days = read_policy("version = 1").days
    assert not days.knows(first)
    assert not any(days.is_working_day(first + timedelta(days=each)) for each in range((last - first).days + 1))


@pytest.mark.parametrize("year", [2025, 2026])
def test_what_the_law_makes_a_holiday_is_one_in_every_notice(year: int) -> None:
    assert len(by_law := set(days_by_law(year))) >= 12
    assert not any(map(chinese_calendar.is_workday, by_law))


def test_a_district_adds_days_of_its_own_and_years_that_came_out_since() -> None:
    days = read_policy(
        "version = 1\n[calendar]\nyears = [2027]\nholidays = [2026-10-10, 2027-01-04]\nworked = [2026-10-05]"
    ).days
    assert not days.is_working_day(date(2026, 10, 10))
    assert days.is_working_day(date(2026, 10, 5))
    assert not days.is_working_day(date(2027, 1, 4))
    assert days.knows(date(2027, 6, 1))
    assert not days.knows(date(2028, 6, 1))


def test_two_files_that_decide_the_same_have_one_fingerprint() -> None:
    first, second = read_policy(PACKAGED), read_policy(f"# another comment\n{PACKAGED}")
    assert first.fingerprint == second.fingerprint
    assert first.fingerprint != read_policy(PACKAGED.replace("within_days = 3", "within_days = 4")).fingerprint


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
        ("points = 15", "points = 101", "points", "rules.4.points: Input should be less than or equal to 100"),
        ("points = 15", "days = 10", "days = 10", "rules.4.days: unknown; allowed here: id, ladder, points"),
        ("special = 360", "special = 0", "special = 0", "rules.2.hours.special: Input should be greater than"),
        ("special = 360", "later = 9", "later = 9", "rules.2.hours.later: unknown; allowed here: at-once, urgent"),
        ("signed = 120", "sign = 120", "sign = 120", "default_days.sign"),
        ("at = 08:40:00", "at = 07:40:00", "at = 07", "digest.at: must lie within the hours"),
        ('who = ["district-head"]', "who = []", "who = []", "at least one is needed"),
        (
            '"milestone-overdue"',
            '"milestone-late"',
            "milestone-late",
            "rules.1.id: unknown; allowed: issue-overdue, mi",
        ),
        ("from = 08:35:00", "from = 19:00:00", "[hours]", "'from' must be before 'until'"),
        ("holidays = []", "holidays = [2029-01-01]", "[calendar]", "a year whose holidays are not known: name it in"),
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_policy_may_come_from_any_editor(encoding: str) -> None:
    assert read_policy('version = 1\ncoordinator = "区招商投资局"'.encode(encoding)).coordinator == "区招商投资局"


def test_a_policy_of_bytes_that_are_no_text_is_refused() -> None:
    with pytest.raises(InvalidFileError, match="neither UTF-8 nor GB 18030"):
        read_policy(b"version = 1\n# \xff\xff")


def test_a_rule_given_twice_is_refused() -> None:
    rule = PACKAGED[PACKAGED.index("[[rules]]") :]
    assert any("given twice" in fault for fault in policy_faults(PACKAGED + rule))


def test_everything_wrong_in_a_policy_is_told_at_once() -> None:
    text = PACKAGED.replace("answer_within = 20", "answer_within = 0", 1).replace('["unit-head"]', '["boss"]', 1)
    assert len(policy_faults(text)) == 2


def test_a_directory_leads_from_a_role_to_the_people_who_hold_it() -> None:
    directory = read_directory(PEOPLE.encode())
    (official,) = named(directory.holders("lead-official", record(), "区经济信息委", DAY))
    (head,) = named(directory.holders("unit-head", record(), "区经济信息委", DAY))
    (district_head,) = named(directory.holders("district-head", record(), None, DAY))
    assert (official, head, district_head) == ("王建国 副区长", "钱进", "孙立新 区长")
    person = directory.person("王建国 副区长", DAY)
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
    found = read_directory(PEOPLE.encode()).holders(role, subject, subject.lead_unit, DAY)  # type: ignore[arg-type] # the roles listed above
    assert isinstance(found, Nobody)
    assert found.whom == whom
    assert found.why


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_directory_may_come_from_a_spreadsheet(encoding: str) -> None:
    assert read_directory(PEOPLE.replace("\n", "\r\n").encode(encoding)).person("钱进", DAY) is not None


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


def test_posts_change_hands_on_a_day() -> None:
    lines = (
        "钱进,unit-head,区经济信息委,,QianJin,leaders,,,,2026-06-30",
        "何平,unit-head,区经济信息委,,HePing,leaders,,,2026-07-01,",
        "钱进,unit-head,区商务委,,QianJin,leaders,,,2026-07-01,",
    )
    directory = read_directory((HEADER.strip() + ",from,until\n" + "\n".join(lines)).encode())
    for day, head in ((date(2026, 6, 30), "钱进"), (date(2026, 7, 1), "何平")):
        assert named(directory.holders("unit-head", record(), "区经济信息委", day)) == [head]
    assert isinstance(directory.holders("unit-head", record(), "区商务委", date(2026, 6, 30)), Nobody)
    moved = directory.person("钱进", date(2026, 7, 1))
    assert moved is not None
    assert moved.unit == "区商务委"


def test_a_lead_official_who_has_left_is_nobody_and_it_is_said_why() -> None:
    line = "王建国 副区长,official,,,WangJianGuo,leaders,,,2025-01-01,2026-08-31"
    directory = read_directory((HEADER.strip() + f",from,until\n{line}").encode())
    found = directory.holders("lead-official", record(), None, date(2026, 9, 1))
    assert isinstance(found, Nobody)
    assert "已不在任" in found.why


@pytest.mark.parametrize(
    ("span", "says"), [("2026-09,", "a day as 2026-09-01"), ("2026-09-01,2026-08-31", "until: before 'from'")]
)
def test_a_span_that_is_none_names_the_line(span: str, says: str) -> None:
    with pytest.raises(InvalidFileError, match=f"line 2: .*{says}"):
        read_directory((HEADER.strip() + f",from,until\n李四,official,,,,,,,{span}").encode())


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ("李四,unit-head,区财政局,,LiSi,units,,", "in line 2, with other contacts; repeat them for a second post, and"),
        ("李四,unit-head,区财政局,,,,,", "in line 2, with other contacts"),
        ("李四,official,,,LiSi,leaders,,", "in line 2, in the same post at the same time"),
    ],
    ids=["other contacts", "no contacts", "the same post"],
)
def test_two_lines_for_one_person_are_refused(second: str, says: str) -> None:
    (fault,) = directory_faults("李四,official,,,LiSi,leaders,,", second)
    assert fault.startswith("line 3: name: '李四' is in the file already")
    assert says in fault


def test_one_person_may_hold_several_posts_under_the_same_contacts() -> None:
    lines = (
        "王建国 副区长,official,,,WangJianGuo,leaders,,",
        "王建国 副区长,unit-head,区经济信息委,,WangJianGuo,leaders,,",
    )
    directory = read_directory((HEADER + "\n".join(lines)).encode())
    for role in ("lead-official", "unit-head"):
        assert named(directory.holders(role, record(), "区经济信息委", DAY)) == ["王建国 副区长"]


def test_a_person_is_reached_as_in_the_post_of_that_day() -> None:
    lines = (
        "钱进,unit-head,区经济信息委,,QianJin,commerce,,,2026-09-01,",
        "钱进,unit-head,区商务委,,QianJin,economy,,,2025-01-01,2026-06-30",
        "钱进,unit-contact,区商务委,,QianJin,before,,,,2024-12-31",
    )
    directory = read_directory((HEADER.strip() + ",from,until\n" + "\n".join(lines)).encode())

    def bot(day: date) -> str:
        person = directory.person("钱进", day)
        assert person is not None
        return person.addresses[0].target

    days = date(2024, 1, 1), date(2025, 1, 1), date(2026, 6, 30), date(2026, 8, 31), date(2026, 9, 1)
    assert [bot(day) for day in days] == ["before", "economy", "economy", "economy", "commerce"]


@pytest.mark.parametrize(
    ("failed", "following"), [("wecom-app", "email"), ("email", None), ("wecom-bot", "wecom-app"), ("webhook", None)]
)
def test_what_failed_goes_over_the_next_way_and_over_the_best_when_the_way_is_none_any_more(
    failed: str, following: str | None
) -> None:
    addresses = (
        Address("webhook", "https://oa", "office"),
        Address("wecom-app", "LiSi", "office"),
        Address("email", "a@b.cn", ""),
    )
    way = Person("李四", "official", "", "", addresses).after(failed)
    assert (way.channel if way else None) == following


def test_a_person_who_comes_later_is_reached_as_then() -> None:
    line = "何平,unit-head,区经济信息委,,HePing,leaders,,,2026-10-01,"
    directory = read_directory((HEADER.strip() + f",from,until\n{line}").encode())
    assert directory.person("何平", DAY) is not None
    assert isinstance(directory.holders("unit-head", record(), "区经济信息委", DAY), Nobody)


@pytest.mark.parametrize("content", [b"name;role\n", b"role\n", b"", b"name,role,salary\n"])
def test_a_directory_with_other_columns_says_which_are_allowed(content: bytes) -> None:
    with pytest.raises(InvalidFileError, match=r"line 1: .*allowed: name, role, unit"):
        read_directory(content)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidFileError, match="neither UTF-8 nor GB 18030"):
        read_directory(b"name,role\n\xff\xff\xff")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NotifierSettings:
    """Settings over the policy and the directory above, with every secret it names."""
    (tmp_path / "directory.csv").write_text(PEOPLE, encoding="utf-8")
    monkeypatch.setenv("LUODI_DIRECTORY", str(tmp_path / "directory.csv"))
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    monkeypatch.setenv("LUODI_POLICY", str(tmp_path / "policy.toml"))
    monkeypatch.setenv("LUODI_PUBLIC_URL", "https://luodi.example.gov.cn")
    monkeypatch.setenv("LUODI_LINK_SECRET", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("LUODI_WECOM_BOTS", '{"leaders": "the-key"}')
    monkeypatch.setenv("LUODI_WEBHOOK_SECRETS", '{"office": "the-secret"}')
    return NotifierSettings()


def test_a_check_names_whom_nobody_can_reach(files: NotifierSettings) -> None:
    (note,) = examine(files, TODAY)
    assert not note.wrong
    assert str(note) == f"{files.directory}:5: 马超 cannot be reached: no address"


def test_a_check_names_the_units_of_the_policy_in_which_nobody_has_a_post(
    files: NotifierSettings, tmp_path: Path
) -> None:
    (tmp_path / "policy.toml").write_text(f'coordinator = "区招商投资局"\n{POLICY}', encoding="utf-8")
    notes = [finding.text for finding in examine(files, TODAY) if not finding.wrong]
    assert notes[-1] == "nobody is unit-head of 区招商投资局, which the policy names"


def test_a_check_names_the_secrets_that_are_not_set_and_shows_none(
    files: NotifierSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUODI_WECOM_BOTS", '{"others": "the-key"}')
    wrong = [str(finding) for finding in examine(NotifierSettings(), TODAY) if finding.wrong]
    assert wrong[0] == f"{files.directory}:2: 王建国 副区长: LUODI_WECOM_BOTS has no 'leaders'"
    assert len(wrong) == 3
    assert not any("the-key" in line or "the-secret" in line for line in wrong)


def test_a_check_tells_what_links_will_lack(files: NotifierSettings) -> None:
    notes = [
        str(finding) for finding in examine(files.model_copy(update={"public_url": None, "link_secret": None}), TODAY)
    ]
    assert notes[-2:] == [
        "LUODI_PUBLIC_URL: not set: links will begin with http://127.0.0.1:8082",
        "LUODI_LINK_SECRET: not set: links will work until the next restart only",
    ]


def test_a_check_of_missing_files_says_so(files: NotifierSettings, tmp_path: Path) -> None:
    absent = files.model_copy(update={"policy": tmp_path / "none.toml", "directory": tmp_path / "none.csv"})
    assert [finding.wrong for finding in examine(absent, TODAY)] == [True, True]


def test_a_check_says_that_nobody_owes_what_no_lead_unit_does(files: NotifierSettings, tmp_path: Path) -> None:
    rules = (
        POLICY
        + """
[[rules]]
id = "unclaimed"
[[rules.ladder]]
who = ["unit-head"]
answer_within = 3
[[rules.ladder]]
who = ["district-head"]
answer_within = 3
"""
    )
    (tmp_path / "policy.toml").write_text(rules, encoding="utf-8")
    (wrong,) = [str(finding) for finding in examine(files, TODAY) if finding.wrong]
    assert wrong == (
        f"{files.policy}: coordinator: not set, so 'unclaimed' finds no unit-head: name the unit that owes it"
    )
    (tmp_path / "policy.toml").write_text(f'coordinator = "区经济信息委"\n{rules}', encoding="utf-8")
    assert not [finding for finding in examine(files, TODAY) if finding.wrong]


def test_a_check_warns_a_month_ahead_of_a_year_whose_holidays_are_not_known(files: NotifierSettings) -> None:
    def notes(today: date) -> list[str]:
        return [finding.text for finding in examine(files, today) if finding.text.startswith("calendar")]

    assert notes(date(2026, 12, 1)) == []
    (note,) = notes(date(2026, 12, 2))
    assert note.startswith("calendar: the holidays of 2027 are not known, and deadlines in it are a guess: upgrade")

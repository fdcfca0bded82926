"""What a bulletin says, how projects stood on its day, and what the next one restates."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain import bulletin_words as say
from services.reporting.domain.bulletin import Document
from services.reporting.domain.bulletin_changes import compared, missing, recounted, restated
from services.reporting.domain.check.report import check
from services.reporting.domain.check.verdicts import Verdict
from services.reporting.domain.landscape import ProjectThen, landscape
from tests.bulletin_documents import (
    DISTRICT,
    SEALED,
    TEXT,
    THROUGH,
    contract,
    funds,
    project,
    sealed_bulletin,
    targets,
    year,
)


def paragraphs(document: Document, heading: str) -> list[str]:
    """The paragraphs and subheadings of a section."""
    [section] = [one for one in document["report"]["sections"] if heading in one["heading"]]
    return [part.get("paragraph") or part["subheading"] for part in section["parts"] if "table" not in part]


def table(document: Document, caption: str) -> list[list[str]]:
    """The rows of a table."""
    parts = [part for section in document["report"]["sections"] for part in section["parts"]]
    [found] = [part["table"]["rows"] for part in parts if part.get("table", {}).get("caption") == caption]
    rows: list[list[str]] = found
    return rows


def test_each_target_is_told_with_its_share_and_what_is_left() -> None:
    overview, first, _, _, last, *_ = paragraphs(sealed_bulletin(), "目标任务")
    assert overview == "截至8月31日，全年序时进度为66.67%。市上下达的2项目标任务均达到或超过序时进度。"
    assert first == (
        "（一）招商引资到位资金84.8亿元，完成市上下达全年目标任务（105亿元）的80.8%，超序时进度14.1个百分点。"
        "距全年目标还差20.2亿元，后4个月月均需完成5.05亿元。其中省外资金55.4亿元、区外市内资金29.4亿元。"
    )
    assert last == (
        "（四）省级平台签约项目1个，总金额152.8亿元，完成市上下达全年目标任务（130亿元）的117.5%，超序时进度50.9个百分点。"
    )


OF_DECEMBER = 'code = "funds-arrived"\nyear_begins = "12-01"'
MIXED_YEARS = TEXT.replace('code = "funds-arrived"', OF_DECEMBER, 1)


def test_an_indicator_of_another_year_is_told_by_its_own_line_and_by_the_months_it_has_left() -> None:
    document = sealed_bulletin(text=MIXED_YEARS)
    overview, first, *_ = paragraphs(document, "目标任务")
    assert overview.startswith(
        "截至8月31日，全年序时进度为66.67%；招商引资到位资金自2025年12月1日起计，序时进度为75.00%。"
    )
    assert "完成市上下达全年目标任务（105亿元）的80.8%，超序时进度5.8个百分点。" in first
    assert "距全年目标还差20.2亿元，后3个月月均需完成6.73亿元。" in first
    assert "招商引资到位资金自2025年12月1日起累计" in document["report"]["notes"][0]


def test_where_every_year_begins_in_december_the_bulletin_is_of_that_year() -> None:
    every = re.sub(r'(?m)^code = "', 'year_begins = "12-01"\ncode = "', TEXT)
    document = sealed_bulletin(text=every)
    overview = paragraphs(document, "目标任务")[0]
    assert overview.startswith("截至8月31日，自2025年12月1日起计，全年序时进度为75.00%。")
    assert "本通报各项数据为2025年12月1日至2026年8月31日发生" in document["report"]["notes"][0]
    assert document["report"]["title"] == "关于2025年12月1日—2026年8月31日招商引资工作情况的通报"


@pytest.mark.parametrize(
    ("through", "said"),
    [
        # 4 months and 16 of 31 days are left, 4.516 months: 49.6 / 4.516.
        (date(2026, 8, 15), "距全年目标还差49.6亿元，后4.5个月月均需完成10.98亿元。"),
        (date(2026, 12, 10), "距全年目标还差20.2亿元。"),
    ],
)
def test_what_is_left_of_a_month_counts_as_a_part_of_it(through: date, said: str) -> None:
    known = [one for one in year() if one["on"] <= through.isoformat()]
    assert said in paragraphs(sealed_bulletin(known, through=through), "目标任务")[1]


def test_what_is_behind_is_named_in_the_overview() -> None:
    overview = paragraphs(sealed_bulletin([funds("P-1", "f-1", "2026-03-01", "5000000000.00")]), "目标任务")[0]
    assert overview.endswith("市上下达的2项目标任务中，2项欠序时进度（招商引资到位资金、省级平台签约）。")


def test_the_text_adds_up_by_the_check_of_reports() -> None:
    text = "\n".join(paragraphs(sealed_bulletin(), "目标任务"))
    verdicts = Counter(claim.verdict for claim in check(text))
    assert verdicts[Verdict.CONSISTENT] >= 4
    assert not verdicts[Verdict.INCONSISTENT]


def standing() -> list[ProjectThen]:
    """Projects of every kind that a bulletin tells of."""
    late = {"site-fixed": {"due": "2026-05-31", "on": None}, "started": {"due": "2026-09-15", "on": None}}
    issue = {
        "category": "land",
        "urgency": "urgent",
        "owner_unit": "区规划自然资源局",
        "text": "首期用地尚缺30亩",
        "raised_on": "2026-08-01",
        "due": "2026-08-06",
        "resolved_on": "2026-09-02",
    }
    return [
        project("P-1", stage="started", progress=[{"on": "2026-07-20", "phrase": "已开工建设"}]),
        project("P-2", milestones=late, issues={"Q-1": issue}),
        project("P-3", stage="terminated", milestones=late, cluster=None),
    ]


def test_clusters_list_their_projects_by_stage_with_the_last_words_of_each() -> None:
    overview, *rest = paragraphs(sealed_bulletin(projects=standing()), "产业集群")
    assert overview == "截至8月31日，在册招商引资项目3个，其中在建1个、储备1个、终止1个。"
    assert rest[:2] == ["（一）装备制造", "项目2个，在建1个：P-1项目（已开工建设）；储备1个：P-2项目。"]


def test_problems_are_told_by_kind_with_who_answers() -> None:
    said = paragraphs(sealed_bulletin(projects=standing()), "存在的问题")
    assert said == [
        "截至8月31日，项目推进中尚有1个问题未办结，按类别：用地1个；超过办结时限的1个。",
        "（一）用地问题",
        "P-2项目：首期用地尚缺30亩（责任单位区规划自然资源局，应于8月6日办结，已超期25天）。",
    ]


def test_what_is_late_and_what_is_due_next_stands_in_tables() -> None:
    document = sealed_bulletin(projects=standing())
    assert table(document, "逾期项目表") == [["区经济信息委", "P-2项目", "5月31日 敲定选址", "92", "王建国"]]
    assert table(document, "近期到期节点表") == [["9月15日", "P-2项目", "开工建设", "区经济信息委", "王建国"]]


def test_a_bulletin_of_nothing_says_so() -> None:
    document = sealed_bulletin([])
    assert paragraphs(document, "产业集群") == ["目前没有在册项目。"]
    assert paragraphs(document, "存在的问题") == ["截至8月31日，没有未办结的问题。"]
    assert paragraphs(document, "逾期") == ["截至8月31日，没有逾期未完成的节点。"]
    assert paragraphs(document, "近期到期") == ["下月没有到期的节点。"]


def test_why_it_was_sealed_again_or_despite_something_is_printed() -> None:
    gaps = [{"code": "events-parked", "count": 6, "detail": ""}]
    notes = "".join(sealed_bulletin(reason="补报", despite="正在核实", gaps=gaps)["report"]["notes"])
    assert "本月通报重新发布，原因：补报。" in notes
    assert "发布时尚有6条有误、已退回报送单位更正的上报数据，未计入本通报。说明：正在核实。" in notes
    assert "2026年9月5日8时00分以前入账" in notes


def test_what_happened_after_the_day_is_left_out() -> None:
    later = project(
        "P-1",
        milestones={"started": {"due": "2026-08-15", "on": "2026-09-03"}},
        issues={"Q-1": {"raised_on": "2026-09-01", "resolved_on": None, "due": None}},
        progress=[{"on": "2026-09-02", "phrase": "已开工建设"}],
    )
    found = landscape([later], THROUGH)
    assert found["issues"] == []
    assert [(one["milestone"], one["days"]) for one in found["late"]] == [("started", 16)]
    assert found["projects"][0]["phrase"] is None


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.dates(date(2026, 1, 1), date(2027, 3, 1)))
def test_an_open_milestone_is_late_or_due_next_or_later_and_never_two_of_them(day: date, due: date) -> None:
    found = landscape([project("P-1", milestones={"started": {"due": due.isoformat(), "on": None}})], day)
    assert len(found["late"]) == (due < day)
    months = (due.year - day.year) * 12 + due.month - day.month
    assert len(found["due_next"]) == (due >= day and months <= 1)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (say.months(date(2026, 1, 1), date(2026, 8, 31)), "2026年1—8月"),
        (say.months(date(2026, 1, 1), date(2026, 1, 31)), "2026年1月"),
        (say.months(date(2026, 1, 1), date(2026, 8, 15)), "2026年1月1日—8月15日"),
        (say.months(date(2025, 12, 1), date(2026, 8, 31)), "2025年12月1日—2026年8月31日"),
        (say.numeral(10), "十"),
        (say.numeral(21), "二十一"),
        (say.numeral(3), "三"),
    ],
)
def test_periods_and_numerals_are_written_as_people_do(said: str, meant: str) -> None:
    assert said == meant


BEFORE = sealed_bulletin()


def now(facts: list[Document], corrections: dict[tuple[str, str], Document] | None = None) -> Document:
    """What a next bulletin with these facts says of the one before."""
    found = recounted(BEFORE, facts, targets(), SEALED)
    return restated(BEFORE, found, corrections or {}, TEXT)


def test_nothing_is_restated_when_nothing_changed() -> None:
    said = now([*year(), funds("P-1", "f-9", "2026-09-02", "1.00")])
    assert (said["indicators"], said["facts"], said["targets"]) == ([], [], [])
    document = sealed_bulletin(restated=said, number="2026-09-1")
    [sentence] = paragraphs(document, "以往数据更正")
    assert sentence == "第2026-08-1号通报（截至2026年8月31日）的数据没有更正。"


def test_a_replaced_fact_is_told_with_its_successor() -> None:
    source, new = f"/{DISTRICT}/finance", funds("P-1", "f-3", "2026-03-01", "5500000000.00")
    facts = [one for one in year() if one["id"] != "f-1"] + [new]
    by: Document = {"source": source, "id": "f-3", "event": "funds-arrived", "recorded_at": new["recorded_at"]}
    assert [one["id"] for one in missing(BEFORE, recounted(BEFORE, facts, targets(), SEALED))] == ["f-1"]
    said = now(facts, {(source, "f-1"): by})
    [change] = said["facts"]
    assert (change["change"], change["was"], change["now"], change["by"]) == (
        "replaced",
        "5540000000.00",
        "5500000000.00",
        by,
    )
    figures = {one["code"]: (one["was"]["actual"], one["now"]["actual"]) for one in said["indicators"]}
    assert figures == {"funds-arrived": ("84.8", "84.4"), "funds-outside-province": ("55.4", "55.0")}
    told = paragraphs(sealed_bulletin(restated=said, number="2026-09-1"), "以往数据更正")[0]
    assert "招商引资到位资金完成数由84.8亿元更正为84.4亿元，完成率由80.8%更正为80.4%" in told


def test_a_share_that_was_corrected_is_told_beside_the_amount() -> None:
    source, new = f"/{DISTRICT}/finance", funds("P-1", "f-3", "2026-03-01", "5540000000.00")
    new["data"]["share"] = "40"
    by: Document = {"source": source, "id": "f-3", "event": "funds-arrived", "recorded_at": new["recorded_at"]}
    said = now([one for one in year() if one["id"] != "f-1"] + [new], {(source, "f-1"): by})
    [change] = said["facts"]
    assert (change["was_share"], change["now_share"]) == (None, "40")
    assert change["counts"]["funds-arrived"] == "2216000000.00"
    document = sealed_bulletin(restated=said, number="2026-09-1")
    assert "到位资金554000万元改为554000万元（本区占40%）" in str(document["report"])


def test_a_voided_and_a_late_fact_are_told_apart() -> None:
    source, late = f"/{DISTRICT}/finance", funds("P-3", "f-4", "2026-08-30", "100000000.00")
    by: Document = {"source": source, "id": "v-1", "event": "voided", "recorded_at": "2026-09-06T00:00:00.000000Z"}
    said = now([one for one in year() if one["id"] != "f-2"] + [late], {(source, "f-2"): by})
    assert {one["id"]: (one["change"], one["by"]["id"]) for one in said["facts"]} == {
        "f-4": ("added", "f-4"),
        "f-2": ("voided", "v-1"),
    }


def test_a_contract_that_turns_out_not_to_be_the_first_no_longer_counts() -> None:
    said = now([*year(), contract("P-1", "s-0", "2025-11-30", "15280000000.00", "provincial")])
    assert [(one["id"], one["change"]) for one in said["facts"]] == [("s-0", "added"), ("s-1", "dropped")]


def test_a_rate_that_is_other_now_is_told_with_the_event_that_did_it() -> None:
    source = f"/{DISTRICT}/zone"
    by: Document = {"source": source, "id": "v-1", "event": "voided", "recorded_at": "2026-09-06T00:00:00.000000Z"}
    [begun] = [one for one in year() if one["event"] == "started"]
    facts = [one for one in year() if one != begun]
    assert missing(BEFORE, recounted(BEFORE, facts, targets(), SEALED)) == [begun | {"counts": {}}]
    said = now(facts, {(begun["source"], begun["id"]): by})
    assert said["indicators"] == []
    [rate] = said["ratios"]
    assert (rate["title"], rate["was"]["pct"], rate["now"]["pct"]) == ("开工率", "100.0", "0.0")
    assert [(one["id"], one["change"], one["by"]) for one in said["facts"]] == [(begun["id"], "voided", by)]
    document = sealed_bulletin(restated=said, number="2026-09-1")
    assert "开工率由100.0%更正为0.0%。" in paragraphs(document, "以往数据更正")[0]
    assert "作废开工" in str(document["report"])


def test_a_target_that_was_changed_is_told() -> None:
    [first, other] = targets()
    changed = [replace(first, value=first.value + 5, id="t-new"), other]
    said = restated(BEFORE, recounted(BEFORE, year(), changed, SEALED), {}, TEXT)
    assert [(one["change"], one["id"]) for one in said["targets"]] == [
        ("withdrawn", "t-funds-arrived"),
        ("added", "t-new"),
    ]
    told = paragraphs(sealed_bulletin(restated=said), "以往数据更正")[0]
    assert "目标由105更正为110" in told


def test_two_bulletins_are_compared_by_figures_and_facts() -> None:
    september = sealed_bulletin(
        [*year(), funds("P-1", "f-5", "2026-09-10", "20000000.00"), funds("P-1", "f-6", "2026-08-10", "10000000.00")],
        number="2026-09-1",
        through=date(2026, 9, 30),
    )
    found = compared(BEFORE, september)
    assert {one["id"]: one["within"] for one in found["facts"]} == {"f-5": False, "f-6": True}
    arrived = found["indicators"][0]
    assert (arrived["was"]["amount"], arrived["now"]["amount"]) == ("8480000000.00", "8510000000.00")
    assert found["same_definitions"]
    assert compared(BEFORE, BEFORE)["facts"] == []

"""Claims in prose, each kind by its own sentences; published figures first."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from services.reporting.checker import Checker, Comparison
from services.reporting.documents.word import document_bytes
from services.reporting.domain.check.ledger import Booked
from services.reporting.domain.check.names import Names
from services.reporting.domain.check.readings import ClaimKind
from services.reporting.domain.check.report import check, examine
from services.reporting.domain.check.slips import SlipCode
from services.reporting.domain.check.verdicts import Claim, Verdict
from services.reporting.manuscripts import read
from tests.bulletin_documents import TEXT, project, sealed_bulletin


def only(text: str) -> Claim:
    [claim] = check(text)
    return claim


def said(text: str) -> list[tuple[str, str, str]]:
    """Kind, claimed figure and verdict of each claim."""
    return [(one.kind.value, text[slice(*one.figure)], one.verdict.value) for one in check(text)]


def slips(text: str) -> Iterator[tuple[str, str, str]]:
    yield from ((one.code.value, one.printed, one.perhaps) for claim in check(text) for one in claim.slips)


def test_the_seeds_wrong_percentage_is_found_with_the_digits_that_were_swapped() -> None:
    text = "1-8月，招商引资到位资金84.8亿元，完成市上下达全年目标任务（105亿元）的84.2%。"
    claim = only(text)
    assert (claim.verdict, str(claim.computed), str(claim.difference)) == (Verdict.INCONSISTENT, "80.8", "3.4")
    assert text[claim.start : claim.end] == "招商引资到位资金84.8亿元，完成市上下达全年目标任务（105亿元）的84.2%"
    assert list(slips(text)) == [("digits-swapped", "84.8亿元", "88.4亿元")]


@pytest.mark.parametrize(
    "text",
    [
        "引进省外到位资金55.4亿元，完成市上下达全年目标任务（68亿元）的81.5%。",
        "新签约投资5亿元及以上项目10个，完成市上下达全年目标任务（10个）的100%。",
        "省级平台签约项目18个，总金额152.8亿元，完成市上下达全年目标任务（130亿元）的117.5%。",
        "签约项目31个，其中履约项目26个，履约率83.87%。",
        "签约项目31个，已开工19个，开工率61.29%。",
        "合同投资202.02亿元，到位资金18.54亿元，资金到位率9.18%。",
        "本年到位资金2006.47亿元，结转到位资金5161.94亿元，两项合计7168.41亿元。",
        "国内省外412,678万元，市外省内176,031万元，市内县际416,427万元，合计1,005,136万元。",
    ],
)
def test_published_figures_that_add_up_are_consistent(text: str) -> None:
    assert {one.verdict for one in check(text)} == {Verdict.CONSISTENT}


@pytest.mark.parametrize("words", ["其中我市签约881.4亿元，占签约总额的", "我市签约881.4亿元，占"])
def test_a_share_that_a_city_published_wrong_is_found(words: str) -> None:
    claim = only(f"兰洽会签约总额6793.18亿元，{words}12.64%。")
    assert (claim.verdict, str(claim.computed), str(claim.difference)) == (Verdict.INCONSISTENT, "12.97", "-0.33")


def test_a_rate_that_was_truncated_is_told_as_such() -> None:
    text = "签约项目292个，履约项目291个，履约率99.65%。"
    assert only(text).verdict is Verdict.INCONSISTENT
    assert ("truncated", "99.65%", "99.66%") in slips(text)


@pytest.mark.parametrize(
    "text",
    [
        "开工26个，未开工5个，开工率83.9%。",
        "26个项目已开工，5个项目未开工，开工率83.9%。",
        "已办结38个，未办结7个，办结率84.4%。",
        "签约45个，未开工19个，开工率57.8%。",
        "应办结45件，逾期未办结7件，办结率84.4%。",
        "应到位100亿元，尚未到位15.2亿元，资金到位率84.8%。",
        "年度任务45个，未完成7个，完成率84.4%。",
    ],
)
def test_what_was_not_done_is_the_rest_of_a_rate_and_never_its_numerator(text: str) -> None:
    assert [verdict for _, _, verdict in said(text)] == ["consistent"]
    assert [verdict for _, _, verdict in said(re.sub(r"[\d.]+%", "12.3%", text))] == ["unverifiable"]


def test_a_lead_over_elapsed_time_is_computed_from_the_period() -> None:
    text = "完成年度任务的125.64%，比时序进度83.33%超42.31个百分点。截至10月底，完成125.64%。"
    assert ("lead", "42.31个百分点", "consistent") in said(text)
    text = "1—8月，完成全年目标的80.8%，较序时进度快17.5个百分点。"
    assert said(text)[-1] == ("lead", "17.5个百分点", "inconsistent")
    assert str(check(text)[-1].computed) == "14.1"


@pytest.mark.parametrize(
    ("words", "percent"),
    [
        *(("1-8月", "66.67"), ("截至8月底", "66.67"), ("上半年", "50"), ("前三季度", "75"), ("一季度", "25")),
        *(("1—10月", "83.33"), ("截至2026年8月31日", "66.67"), ("1至11月份", "91.67"), ("前5个月", "41.67")),
    ],
)
def test_period_words_say_how_much_of_the_year_has_passed(words: str, percent: str) -> None:
    assert said(f"{words}，序时进度为{percent}%。") == [("elapsed", f"{percent}%", "consistent")]
    assert said(f"{words}，序时进度为99.99%。") == [("elapsed", "99.99%", "inconsistent")]


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        ("到位资金84.8亿元，完成目标任务（105万元）的80.8%。", ("unit", "105万元", "105亿元")),
        ("到位资金848亿元，完成目标任务（105亿元）的80.8%。", ("decimal-point", "848亿元", "84.8亿元")),
        ("到位资金884.8亿元，完成目标任务（105亿元）的80.8%。", ("digit-doubled", "884.8亿元", "84.8亿元")),
        ("到位资金4.8亿元，完成目标任务（10.6亿元）的422.6%。", ("digit-dropped", "4.8亿元", "44.8亿元")),
        ("1—8月，完成全年目标的80.8%，较序时进度快22.5个百分点。", ("other-month", "66.67%", "58.33%")),
    ],
)
def test_likely_slips_are_named(text: str, slip: tuple[str, str, str]) -> None:
    assert slip in slips(text)


def test_one_wrong_digit_is_likelier_than_a_point_elsewhere_and_less_likely_than_swapped_digits() -> None:
    text = "全区84.8亿元，其中第一产业3.2亿元、第二产业40.5亿元、第三产业44.1亿元。"
    assert list(slips(text)) == [("digit-wrong", "44.1亿元", "41.1亿元"), ("digit-wrong", "84.8亿元", "87.8亿元")]
    assert list(slips("到位资金84.8亿元，完成目标任务（105亿元）的83.8%。")) == [("digit-wrong", "83.8%", "80.8%")]
    assert {code for code, _, _ in slips("到位资金84.8亿元，完成目标任务（105亿元）的88.0%。")} == {"digits-swapped"}
    assert list(slips("引进项目14个，其中5亿元以上项目16个。")) == []


def test_a_claim_that_follows_from_what_its_wrong_neighbour_should_be_names_that_neighbour() -> None:
    text = "1—8月，到位资金84.8亿元，完成目标任务（105亿元）的84.2%，较序时进度快14.1个百分点。"
    assert [verdict for _, _, verdict in said(text)] == ["inconsistent", "inconsistent"]
    assert list(slips(text))[-1] == ("wrong-neighbour", "84.2%", "80.8%")
    assert list(slips(text.replace("14.1", "11.4")))[-1] != ("wrong-neighbour", "84.2%", "80.8%")


def test_no_figure_is_said_to_end_in_its_point() -> None:
    assert "8.亿元" not in {perhaps for _, _, perhaps in slips("到位资金8.8亿元，完成目标任务（10.0亿元）的80%。")}


def test_the_target_of_another_indicator_is_a_likely_slip() -> None:
    text = "到位资金84.8亿元，完成目标任务（105亿元）的124.7%；省外资金55.4亿元，完成目标任务（68亿元）的81.5%。"
    assert ("other-target", "105亿元", "68亿元") in slips(text)


def test_what_was_left_out_of_a_sum_is_named() -> None:
    text = "一季度到位资金28.6亿元，二季度到位资金33.7亿元，三季度到位资金27.3亿元，合计62.3亿元。"
    assert list(slips(text)) == [("left-out", "27.3亿元", "62.3亿元")]


def test_a_sum_of_the_first_or_last_of_a_list_is_wrong_only_where_the_list_is_sure_to_be_one() -> None:
    for text in (
        "本年一季度到位2.1亿元，二季度到位3.4亿元，三季度到位1.2亿元，合计4.6亿元。",
        "甲2个，乙1个，丙2个，三项合计3个。",
    ):
        assert [verdict for _, _, verdict in said(text)] == ["inconsistent"], text
    for text in (
        "甲2个，乙1个，丙2个，合计3个。",
        "上半年到位5.5亿元，一季度到位2.1亿元，二季度到位3.4亿元，合计5.5亿元。",
    ):
        assert [verdict for _, _, verdict in said(text)] == ["unverifiable"], text


def test_rounding_is_half_up_and_counts_are_exact() -> None:
    assert said("签约项目8个，已开工1个，开工率12.5%。")[0][2] == "consistent"
    assert said("签约项目8个，已开工1个，开工率13%。")[0][2] == "consistent"
    assert said("签约项目8个，已开工1个，开工率12%。")[0][2] == "inconsistent"


def test_what_holds_by_rounding_only_is_consistent_and_says_so() -> None:
    for text in (
        "到位资金84.8亿元，完成目标任务（105亿元）的81.1%。",
        "实际利用外资1.2亿美元，完成目标任务（1.5亿美元）的85%。",
        "工业到位3.1亿元、农业到位2.1亿元，合计5.3亿元。",
    ):
        claim = only(text)
        assert (claim.verdict, [one.code for one in claim.slips]) == (Verdict.CONSISTENT, [SlipCode.RESTS_ON_ROUNDING])
    for text in (
        "到位资金84.8亿元，完成目标任务（105亿元）的80.8%。",
        "工业到位3.1亿元、农业到位2.1亿元，合计5.2亿元。",
    ):
        assert only(text).slips == ()


def test_units_and_ways_of_writing_make_no_difference() -> None:
    for done in ("84.8亿元", "848,000万元", "８４．８亿元", "8480000000元", "84.8 亿元"):
        assert said(f"到位资金{done}，完成目标任务（105亿元）的80.8％。")[0][2] == "consistent", done
        assert said(f"到位资金{done}，完成目标任务（105亿元）的84.2％。")[0][2] == "inconsistent", done
    assert said("新签约项目一百二十个，其中工业项目四十八个，占40%。")[0][2] == "consistent"


def test_a_line_that_was_wrapped_is_one_sentence_and_keeps_its_places() -> None:
    text = "1—8月，全区招商引资到位资金84.8亿元，\n完成市上下达全年目标任务（105亿元）的\n84.2%。"
    claim = only(text)
    assert (claim.verdict, text[slice(*claim.figure)]) == (Verdict.INCONSISTENT, "84.2%")


def test_figures_that_are_about_something_else_are_not_tied_together() -> None:
    for text in [
        "到位资金84.8亿元，固定资产投资完成年度目标任务（200亿元）的60%。",
        "项目总投资50亿元，已完成年度投资计划（12亿元）的65%。",
        "到位资金近85亿元，完成目标任务（105亿元）的84.2%。",
        "总投资12亿元，主体工程完成80%。",
        "到位资金84.8亿元，占全市的12%。",
        "126个项目总投资682.5亿元，工业到位资金30亿元，占35.4%。",
    ]:
        assert all(verdict == "unverifiable" for _, _, verdict in said(text)), text


def test_a_bulletin_of_luodis_own_passes_the_check() -> None:
    claims = check(read(document_bytes(sealed_bulletin(projects=[project("P-1")]))))
    assert [one for one in claims if one.verdict is Verdict.INCONSISTENT or one.slips] == []
    assert [one.verdict for one in claims].count(Verdict.CONSISTENT) > 8


def test_what_a_rate_is_computed_from_may_stand_behind_it_and_what_is_left_in_the_next_sentence() -> None:
    assert said("开工率83.87%（26个/31个）。") == [("rate", "83.87%", "consistent")]
    assert said("开工率87.83%（26个/31个）。") == [("rate", "87.83%", "inconsistent")]
    before = "到位资金84.8亿元，完成目标任务（105.0亿元）的80.8%。"
    assert said(before + "距全年目标还差20.2亿元。")[-1] == ("difference", "20.2亿元", "consistent")
    assert said(before + "距全年目标还差22.0亿元。")[-1] == ("difference", "22.0亿元", "inconsistent")


def test_a_bulletin_of_years_from_december_on_passes_the_check() -> None:
    every = re.sub(r'(?m)^code = "', 'year_begins = "12-01"\ncode = "', TEXT)
    one = TEXT.replace('code = "funds-arrived"', 'code = "funds-arrived"\nyear_begins = "12-01"', 1)
    for text in (every, one):
        claims = check(read(document_bytes(sealed_bulletin(text=text))))
        assert [one for one in claims if one.verdict is Verdict.INCONSISTENT or one.slips] == []
        assert [one.kind for one in claims if one.verdict is Verdict.CONSISTENT].count(ClaimKind.LEAD) == 4


def test_a_day_on_which_a_rule_comes_into_force_begins_no_year() -> None:
    text = "办法自2026年9月1日起施行。1—8月到位资金84.8亿元，完成目标（105亿元）的80.8%，超序时进度8.5个百分点。"
    assert said(text)[-1] == ("lead", "8.5个百分点", "inconsistent")


def test_elapsed_time_is_that_of_the_indicator_which_the_sentence_names() -> None:
    names = Names({"funds": ["到位资金"], "signed": ["新签约"]}, {"funds": "12-01"})

    def leads(text: str) -> list[str]:
        found = examine("1—8月，" + text, names).claims()
        return [one.verdict.value for one in found if one.kind in {ClaimKind.LEAD, ClaimKind.ELAPSED}]

    funds = "到位资金84.8亿元，完成目标任务（105亿元）的80.8%，"
    assert leads(funds + "超序时进度5.8个百分点。") == ["consistent"]
    assert leads(funds + "超序时进度14.1个百分点。") == ["consistent"]
    assert leads(funds + "超序时进度8.5个百分点。") == ["inconsistent"]
    assert leads("新签约10个，完成目标任务（10个）的100%，超序时进度38.3个百分点。") == ["inconsistent"]
    assert leads("完成目标任务（105亿元）的80.8%，超序时进度8.5个百分点。") == ["unverifiable"]
    assert leads("序时进度75.00%。") == ["consistent"]
    assert leads("序时进度70.00%。") == ["unverifiable"]


async def test_what_counts_since_december_is_not_wrong_where_the_text_counts_from_new_year() -> None:
    async def ledger(day: date) -> list[Booked]:
        return [Booked("funds", "亿元", Decimal("8480000000"), 2, Decimal(105), complete=True)]

    text = "1—8月，到位资金80亿元，完成目标任务（110亿元）的72.7%。"
    for begins, verdict in (("12-01", "unverifiable"), ("01-01", "inconsistent")):
        comparison = Comparison(Names({"funds": ["到位资金"]}, {"funds": begins}), ledger, 2026)
        found = (await Checker().check(text, comparison)).findings
        said = {one.claim.kind.value: one.claim.verdict.value for one in found}
        assert (said["ledger"], said["ledger-target"]) == (verdict, "inconsistent")


def test_a_rise_over_any_earlier_percentage_is_computed_where_nothing_stands_between() -> None:
    for before in ("较年初的77.7%提升", "比上半年（77.7%）提高", "较一季度77.7%上升"):
        assert said(f"履约率83.9%，{before}6.2个百分点。")[-1] == ("difference", "6.2个百分点", "consistent")
        assert said(f"履约率83.9%，{before}7.2个百分点。")[-1] == ("difference", "7.2个百分点", "inconsistent")
    assert said("失业率5.1%，较去年底的5.4%下降0.3个百分点。")[-1][2] == "consistent"
    assert said("综合进度78.2%（其中土建81.4%），较上月的70.1%提高8.1个百分点。")[-1][2] == "unverifiable"


def test_a_share_of_an_account_that_has_budget_in_its_name_is_no_share_of_a_target() -> None:
    text = "一般公共预算收入18.64亿元，其中税收收入11.87亿元，占一般公共预算收入的{}%。"
    assert said(text.format("63.7")) == [("share", "63.7%", "consistent")]
    assert said(text.format("65.7")) == [("share", "65.7%", "inconsistent")]
    assert said("民生支出30.2亿元，占一般公共预算支出38.6亿元的80.2%。") == [("share", "80.2%", "inconsistent")]
    assert said("收入18.64亿元，占年度预算（26亿元）的71.7%。") == [("completion", "71.7%", "consistent")]


@pytest.mark.parametrize(
    "aside",
    [
        "较7月底提高8.4个百分点",
        "完成率较7月底的72.4%提高8.4个百分点",
        "比1—7月多12.4亿元",
        "预计到9月底达88%",
        "力争前三季度完成90%",
        "在7月底通报中排名第三",
        "完成上半年目标的110.2%",
        "自3月底以来逐月上升",
    ],
)
async def test_a_period_that_is_said_of_something_else_is_not_that_of_the_sentence(aside: str) -> None:
    async def ledger(day: date) -> list[Booked]:
        amounts = {date(2026, 8, 31): Decimal("8480000000")}
        return [Booked("funds", "亿元", amounts.get(day, Decimal(1)), 2, Decimal(105), complete=True)]

    text = f"1—8月，全区运行平稳。到位资金84.8亿元，完成目标（105亿元）的80.8%，超序时进度14.1个百分点，{aside}。"
    found = (await Checker().check(text, Comparison(Names({"funds": ["到位资金"]}, {}), ledger, 2026))).findings
    assert {one.claim.kind for one in found} >= {ClaimKind.LEAD, ClaimKind.LEDGER}
    assert [one.quote for one in found if one.claim.verdict is Verdict.INCONSISTENT] == []


def test_a_lead_is_still_wrong_by_the_period_that_its_sentence_begins_with() -> None:
    for period in ("1—8月，全区", "截至8月底，", "今年1—8月", "全区1—8月"):
        text = f"{period}到位资金84.8亿元，完成目标（105亿元）的80.8%，超序时进度15.1个百分点。"
        assert said(text)[-1] == ("lead", "15.1个百分点", "inconsistent"), period


def test_a_period_of_a_comparison_dates_no_other_sentence_and_no_table() -> None:
    before = "到位资金较7月底增加12.4亿元。"
    assert said(before + "完成目标（105亿元）的80.8%，超序时进度14.1个百分点。")[-1][2] == "unverifiable"
    table = "单位\t目标（亿元）\t完成（亿元）\t完成率\t超序时（百分点）\n高新区\t25\t21.3\t85.2%\t18.5\n"
    assert [verdict for kind, _, verdict in said(before + "\n" + table) if kind == "lead"] == ["unverifiable"]
    for title in ("1—8月招商引资情况", "关于工作的通报（截至8月底）"):
        text = f"{title}\n完成目标（105亿元）的80.8%，超序时进度15.1个百分点。\n{table.replace('18.5', '19.5')}"
        assert [verdict for kind, _, verdict in said(text) if kind == "lead"] == ["inconsistent"] * 2, title

"""Claims in prose, each kind by its own sentences; published figures first."""

import io
import re
from collections.abc import Iterator

import pytest
from docx import Document

from services.reporting.documents.word import document_bytes
from services.reporting.domain.check.report import check, examine
from services.reporting.domain.check.slips import SlipCode
from services.reporting.domain.check.verdicts import Claim, Verdict
from services.reporting.manuscripts import read
from tests.bulletin_documents import project, sealed_bulletin


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


TABLE = """\
单位\t目标任务（亿元）\t1-8月到位资金（亿元）\t完成率（%）\t排名
高新区\t30\t18.9\t63.0\t1
江南片区\t25\t12.4\t49.6%\t2
合　计\t55\t31.3\t56.9\t
"""


def test_the_rows_and_the_total_of_a_table_are_checked() -> None:
    assert {one.verdict for one in check(TABLE)} == {Verdict.CONSISTENT}
    assert len(check(TABLE)) == 5
    assert [one for one in said(TABLE.replace("63.0", "36.0")) if one[2] == "inconsistent"] == [
        ("completion", "36.0", "inconsistent")
    ]
    wrong = TABLE.replace("31.3", "33.1").replace("56.9", "60.2")
    assert [one for one in said(wrong) if one[2] == "inconsistent"] == [("sum", "33.1", "inconsistent")]
    [total] = [one for one in check(wrong) if one.verdict is Verdict.INCONSISTENT]
    assert wrong[total.start : total.end] == "合　计\t55\t33.1"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("目标任务（亿元）", "排名依据"),
        ("到位资金（亿元）", "到位资金（万元）"),
        ("完成率（%）", "增长率（%）"),
        ("高新区\t30", "高新区"),
    ],
)
def test_a_percentage_in_a_table_whose_heads_leave_a_choice_is_not_called_wrong(old: str, new: str) -> None:
    assert [one for one in said(TABLE.replace("63.0", "36.0").replace(old, new)) if one[2] == "inconsistent"] == []


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ("单位\t目标（亿元）\t到位（亿元）\t占任务比例\n高新区\t30\t18.9\t63%\n江南\t25\t12.4\t46.9%", "46.9%"),
        ("单位\t完成率（%）\t超序时（百分点）\n高新区\t63\t13\n江南\t49.6\t-0.4\n百安\t44.1\t5.9", "5.9"),
        ("单位\t完成率\t欠序时进度（百分点）\n江南\t49.6%\t0.4\n百安\t44.1%\t9.5", "9.5"),
        ("单位\t签约\t开工\t开工率\n高新区\t31\t19\t61.3%\n江南\t26\t12\t64.2%\n合计\t57\t31\t54.4%", "64.2%"),
        ("单位\t协议投资（亿元）\t到位资金（亿元）\t资金到位率（%）\n高新区\t202.02\t18.54\t9.81", "9.81"),
        ("单位\t今年（亿元）\t去年（亿元）\t同比增长（%）\n高新区\t18.9\t15.2\t24.3\n江南\t12.4\t13.1\t5.3", "5.3"),
        ("单位\t到位资金（亿元）\t上年同期（亿元）\t增幅\n高新区\t18.9\t15.2\t24.3%\n江南\t12.4\t13.1\t-3.5%", "-3.5%"),
    ],
)
def test_the_usual_tables_are_read_in_word_documents_and_texts(table: str, wrong: str) -> None:
    document = Document()
    document.add_paragraph("2026年上半年招商引资情况表")
    rows = [line.split("\t") for line in table.split("\n")]
    grid = document.add_table(len(rows), len(rows[0]))
    for cells, row in zip(rows, grid.rows, strict=True):
        for text, cell in zip(cells, row.cells, strict=True):
            cell.text = text
    packed = io.BytesIO()
    document.save(packed)
    text = read(packed.getvalue())
    found = examine(text, wrapped=False)
    assert [text[slice(*one.figure)] for one in found.claims() if one.verdict is Verdict.INCONSISTENT] == [
        wrong.removeprefix("-")
    ]
    assert [one for one in found.claims() if one.verdict is Verdict.UNVERIFIABLE] == []
    assert found.unread_rows == 0


def test_rows_whose_figures_are_in_no_claim_are_counted() -> None:
    assert examine("单位\t目标\t得分\n高新区\t30\t96.5\n江南\t25\t-\n说明\t无\t无\n").unread_rows == 2
    assert examine("单位\t签约\t履约\t开工率\n高新区\t31\t26\t61.3%\n").unread_rows == 1
    assert examine(TABLE).unread_rows == 0


def test_a_rate_in_a_table_that_may_be_of_another_column_is_not_called_wrong() -> None:
    table = "单位\t签约\t履约\t开工\t开工率\n高新区\t31\t26\t19\t{}%"
    for rate, verdict in {"61.3": "consistent", "73.1": "consistent", "31.7": "unverifiable"}.items():
        assert said(table.format(rate)) == [("rate", f"{rate}%", verdict)]
    table = "单位\t签约\t开工\t开工率\t投产\t投产率\n高新区\t31\t19\t{}%\t8\t42.1%"
    assert [verdict for _, _, verdict in said(table.format("61.3"))] == ["consistent", "consistent"]
    assert [verdict for _, _, verdict in said(table.format("63.1"))] == ["inconsistent", "consistent"]


@pytest.mark.parametrize(
    ("old", "new"), [("合　计", "全　区"), ("江南片区", "其中：江南片区"), ("江南片区\t25", "江南片区")]
)
def test_a_total_that_may_be_of_other_rows_is_not_called_wrong(old: str, new: str) -> None:
    wrong = TABLE.replace("31.3", "33.1").replace("56.9", "60.2").replace(old, new)
    assert [one for one in said(wrong) if one[2] == "inconsistent"] == []


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

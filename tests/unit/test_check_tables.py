"""Claims in tables: which heads are read, which rows and totals are judged, and what is left unread."""

import io

import pytest
from docx import Document

from services.reporting.domain.check.report import check, examine
from services.reporting.domain.check.verdicts import Verdict
from services.reporting.manuscripts import read
from tests.unit.test_check_claims import said

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
def test_the_usual_tables_are_read_in_word_documents(table: str, wrong: str) -> None:
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

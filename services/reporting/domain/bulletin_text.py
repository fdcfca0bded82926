"""Writes a bulletin's text by rules, from what its document holds, in the manner of such reports (情况通报)."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from services.reporting.domain import bulletin_words as say
from services.reporting.domain.bulletin import Document
from services.reporting.domain.bulletin_corrections import corrections
from services.reporting.domain.bulletin_projects import clusters, due_next, late, problems
from services.reporting.domain.bulletin_proof import question
from services.reporting.domain.indicators import YUAN_IN, Definitions, Indicator
from services.reporting.domain.progress import passed_of, percent, plain, rounded
from services.reporting.domain.question import Question
from services.reporting.domain.rules import CALENDAR
from shared.places import tier


def report(document: Document, definitions: Definitions) -> Document:
    """The text: title, addressee, opening, numbered sections of paragraphs and tables, and notes on the data."""
    period = say.months(say.day_of(document, "first_day"), say.day_of(document, "through"))
    sections = [
        ("目标任务完成情况", list(_targets(document, definitions))),
        ("产业集群和项目推进情况", list(clusters(document))),
        ("存在的问题", list(problems(document))),
        ("逾期节点", list(late(document))),
        ("近期到期节点", list(due_next(document))),
    ]
    if document["restated"]["since"] is not None:
        sections.append(("以往数据更正", list(corrections(document))))
    return {
        "title": f"关于{period}招商引资工作情况的通报",
        "addressee": "各有关单位：",
        "opening": f"现将{document['district_name']}{period}招商引资目标任务完成情况和项目推进情况通报如下。",
        "sections": [
            {"heading": f"{say.numeral(number)}、{heading}", "parts": parts}
            for number, (heading, parts) in enumerate(sections, 1)
        ],
        "notes": list(_notes(document, definitions)),
    }


def _targets(document: Document, definitions: Definitions) -> Iterator[say.Part]:
    lines, rules = document["indicators"], {one.code: one for one in definitions.indicator}
    yield say.paragraph(_overview(document, definitions))
    for place, line in enumerate(lines, 1):
        sentence = _achieved(line, rules[line["code"]])
        yield say.paragraph(
            f"（{say.numeral(place)}）{sentence}{_rest(document, line, rules)}{_sources(document, line, rules)}"
        )
    if rates := [one for one in document["ratios"] if one["pct"] is not None]:
        yield say.paragraph(
            f"（{say.numeral(len(lines) + 1)}）项目转化。{say.listed((_rate(one) for one in rates), '，')}。"
        )
    yield say.table(
        "目标任务完成情况表",
        (
            ("指标", 38),
            ("单位", 8),
            ("全年目标", -13),
            ("完成数", -11),
            ("完成率", -11),
            ("超欠序时", -13),
            ("亮灯", 8),
        ),
        (
            (
                *(line["title"], line["unit"], line["target"] or "—", line["actual"]),
                f"{line['completion_pct']}%" if line["completion_pct"] else "—",
                _signed(line["lead_points"]),
                say.LIGHTS.get(line["light"], "—"),
            )
            for line in lines
        ),
    )


def _overview(document: Document, definitions: Definitions) -> str:
    lines = [line for line in document["indicators"] if line["lead_points"] is not None]
    kept = f"截至{say.through(document)}，{_lines_of_time(document, definitions)}。"
    behind = [line["title"] for line in lines if Decimal(line["lead_points"]) < 0]
    if not lines:
        return f"{kept}市尚未下达本年度目标任务。"
    if not behind:
        return f"{kept}市上下达的{len(lines)}项目标任务均达到或超过序时进度。"
    ahead = f"{len(lines) - len(behind)}项达到或超过序时进度，" if len(behind) < len(lines) else ""
    return f"{kept}市上下达的{len(lines)}项目标任务中，{ahead}{len(behind)}项欠序时进度（{say.listed(behind)}）。"


def _lines_of_time(document: Document, definitions: Definitions) -> str:
    """序时进度 of the bulletin's year, and of the indicators whose own year is another one."""
    asked, begins = question(document), definitions.year_begins
    since = "" if begins == CALENDAR else f"自{say.full_day(say.day_of(document, 'first_day'))}起计，"
    return "；".join(
        [
            f"{since}全年{_line_of_time(asked, begins)}",
            *(
                f"{titles}自{say.full_day(asked.period(other)[0])}起计，{_line_of_time(asked, other)}"
                for other, titles in _other_years(definitions).items()
            ),
        ]
    )


def _line_of_time(asked: Question, year_begins: str) -> str:
    return f"序时进度为{percent(passed_of(asked, year_begins), 2)}%"


def _other_years(definitions: Definitions) -> dict[str, str]:
    """The indicators whose year is not the bulletin's, by how it begins."""
    others = {one.year_begins for one in definitions.indicator} - {definitions.year_begins}
    return {
        begins: say.listed(one.title for one in definitions.indicator if one.year_begins == begins)
        for begins in sorted(others)
    }


def _achieved(line: Document, rule: Indicator) -> str:
    signings = rule.fact.event == "signed" and rule.unit in YUAN_IN
    done = (
        f"{line['title']}项目{line['projects']}个，总金额{line['actual']}{line['unit']}"
        if signings
        else f"{line['title']}{line['actual']}{line['unit']}"
    )
    if line["target"] is None or line["completion_pct"] is None:
        return f"{done}。"
    goal = f"市上下达全年目标任务（{line['target']}{line['unit']}）"
    return f"{done}，完成{goal}的{line['completion_pct']}%，{say.lead(Decimal(line['lead_points']))}。"


def _rest(document: Document, line: Document, rules: dict[str, Indicator]) -> str:
    """What is left until the target is met, and what that means a month."""
    rule = rules[line["code"]]
    if line["target"] is None or rule.unit not in YUAN_IN:
        return ""
    left = Fraction(line["target"]) - Fraction(line["amount"]) / YUAN_IN[rule.unit]
    if left <= 0:
        return ""
    decimals = rule.rounding.decimals
    lacking = f"距全年目标还差{rounded(left, decimals)}{rule.unit}"
    months = 12 * (1 - passed_of(question(document), rule.year_begins))
    if months < 1:
        return f"{lacking}。"
    each = rounded(left / months, decimals + 1)
    return f"{lacking}，后{plain(rounded(months, 1)):f}个月月均需完成{each}{rule.unit}。"


def _sources(document: Document, line: Document, rules: dict[str, Indicator]) -> str:
    """From how far the funds of an indicator came, when they came from more than one tier."""
    rule = rules[line["code"]]
    if rule.fact.event != "funds-arrived":
        return ""
    sums: dict[str, Decimal] = {}
    for fact in document["facts"]:
        if (amount := fact["counts"].get(line["code"])) is not None:
            code = tier(fact["data"]["origin"], document["district"]).value
            sums[code] = sums.get(code, Decimal(0)) + Decimal(amount)
    if len(sums) < 2:
        return ""
    return (
        f"其中{say.listed(f'{name}资金{say.money(sums[code])}' for code, name in say.TIERS.items() if code in sums)}。"
    )


def _rate(one: Document) -> str:
    """A rate with what it is of: one name has several formulas."""
    if one["measure"] == "amount":
        above, below = (say.money(Decimal(one[name])) for name in ("done_amount", "cohort_amount"))
    else:
        above, below = f"{one['done']}个", f"{one['cohort']}个"
    return f"{one['title']}{one['pct']}%（{above}/{below}）"


def _notes(document: Document, definitions: Definitions) -> Iterator[str]:
    known = say.moment(datetime.fromisoformat(document["known_by"]))
    first, last = (say.full_day(say.day_of(document, key)) for key in ("first_day", "through"))
    version = document["definitions"]["version"]
    others = "".join(
        f"，其中{titles}自{say.full_day(question(document).period(begins)[0])}起累计"
        for begins, titles in _other_years(definitions).items()
    )
    yield f"本通报各项数据为{first}至{last}发生、{known}以前入账的事项{others}，口径版本{version}。"
    yield "项目阶段、问题和节点为截止日当日情况；金额为人民币，完成率和序时进度按未舍入的数值计算后四舍五入。"
    if document["reason"]:
        yield f"本月通报重新发布，原因：{document['reason']}。"
    if document["despite"]:
        held = say.listed(f"{gap['count']}条{_GAPS.get(gap['code'], gap['code'])}" for gap in document["gaps"])
        yield f"发布时尚有{held}，未计入本通报。说明：{document['despite']}。"


_GAPS = {"events-parked": "有误、已退回报送单位更正的上报数据", "records-unread": "无法读取的台账记录"}


def _signed(points: str | None) -> str:
    return "—" if points is None else f"{Decimal(points):+}"

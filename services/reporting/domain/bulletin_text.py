"""Writes a bulletin's text by rules, from what its document holds, in the manner of such reports (情况通报)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from services.reporting.domain import bulletin_words as say
from services.reporting.domain.bulletin import Document
from services.reporting.domain.indicators import YUAN_IN, Definitions, Indicator
from services.reporting.domain.progress import rounded
from shared.places import tier

Part = dict[str, object]
_NAMED_AT_MOST = 12


def report(document: Document, definitions: Definitions) -> Document:
    """The text: title, addressee, opening, numbered sections of paragraphs and tables, and notes on the data."""
    period = say.months(_day(document, "first_day"), _day(document, "through"))
    rules = {one.code: one for one in definitions.indicator}
    sections = [
        ("目标任务完成情况", list(_targets(document, rules))),
        ("产业集群和项目推进情况", list(_clusters(document))),
        ("存在的问题", list(_problems(document))),
        ("逾期节点", list(_late(document))),
        ("近期到期节点", list(_due(document))),
    ]
    if document["restated"]["since"] is not None:
        sections.append(("以往数据更正", list(_restated(document))))
    return {
        "title": f"关于{period}招商引资工作情况的通报",
        "addressee": "各有关单位：",
        "opening": f"现将{document['district_name']}{period}招商引资目标任务完成情况和项目推进情况通报如下。",
        "sections": [
            {"heading": f"{say.numeral(number)}、{heading}", "parts": parts}
            for number, (heading, parts) in enumerate(sections, 1)
        ],
        "notes": list(_notes(document)),
    }


def _targets(document: Document, rules: dict[str, Indicator]) -> Iterator[Part]:
    lines = document["indicators"]
    yield _paragraph(_overview(document))
    for place, line in enumerate(lines, 1):
        sentence = _achieved(line, rules.get(line["code"]))
        yield _paragraph(
            f"（{say.numeral(place)}）{sentence}{_rest(document, line, rules)}{_sources(document, line, rules)}"
        )
    if rates := [one for one in document["ratios"] if one["pct"] is not None]:
        yield _paragraph(
            f"（{say.numeral(len(lines) + 1)}）项目转化。{say.listed((_rate(one) for one in rates), '，')}。"
        )
    yield say.table(
        "目标任务完成情况表",
        (
            ("指标", 34),
            ("单位", 9),
            ("全年目标", -13),
            ("完成数", -11),
            ("完成率", -11),
            ("超欠序时", -13),
            ("亮灯", 9),
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


def _overview(document: Document) -> str:
    lines = [line for line in document["indicators"] if line["lead_points"] is not None]
    behind = [line["title"] for line in lines if Decimal(line["lead_points"]) < 0]
    kept = f"截至{_through(document)}，全年序时进度为{document['elapsed_pct']}%。"
    if not lines:
        return f"{kept}市尚未下达本年度目标任务。"
    if not behind:
        return f"{kept}市上下达的{len(lines)}项目标任务均达到或超过序时进度。"
    ahead = f"{len(lines) - len(behind)}项达到或超过序时进度，" if len(behind) < len(lines) else ""
    return f"{kept}市上下达的{len(lines)}项目标任务中，{ahead}{len(behind)}项欠序时进度（{say.listed(behind)}）。"


def _achieved(line: Document, rule: Indicator | None) -> str:
    signings = rule is not None and rule.fact.event == "signed" and rule.unit in YUAN_IN
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
    rule, through = rules.get(line["code"]), _day(document, "through")
    if rule is None or line["target"] is None or rule.unit not in YUAN_IN or through.month == 12:
        return ""
    left = Fraction(line["target"]) - Fraction(line["amount"]) / YUAN_IN[rule.unit]
    if left <= 0:
        return ""
    decimals = rule.rounding.decimals
    each = rounded(left / (12 - through.month), decimals + 1)
    return (
        f"距全年目标还差{rounded(left, decimals)}{rule.unit}，后{12 - through.month}个月月均需完成{each}{rule.unit}。"
    )


def _sources(document: Document, line: Document, rules: dict[str, Indicator]) -> str:
    """From how far the funds of an indicator came, when they came from more than one tier."""
    rule = rules.get(line["code"])
    if rule is None or rule.fact.event != "funds-arrived":
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


def _clusters(document: Document) -> Iterator[Part]:
    projects = document["landscape"]["projects"]
    if not projects:
        yield _paragraph("目前没有在册项目。")
        return
    yield _paragraph(f"截至{_through(document)}，在册招商引资项目{len(projects)}个，其中{_by_group(projects)}。")
    by_cluster = {name: list(those) for name, those in groupby(sorted(projects, key=_cluster), key=_cluster)}
    largest = sorted(by_cluster.items(), key=lambda item: (-len(item[1]), item[0]))
    for place, (name, those) in enumerate(largest, 1):
        yield _subheading(place, name)
        yield _paragraph(f"项目{len(those)}个，{_contracts(those)}{_by_stage(those)}")
    yield say.table(
        "各产业集群项目推进情况表",
        (("产业集群", 20), ("项目数", -9), *((group, -9) for group in say.GROUPS), ("合同金额", -17)),
        (
            (name, str(len(those)), *(str(len(_in_group(those, group))) for group in say.GROUPS), _total(those))
            for name, those in largest
        ),
    )


def _by_group(projects: list[Document]) -> str:
    counts = ((group, len(_in_group(projects, group))) for group in say.GROUPS)
    return say.listed(f"{group}{count}个" for group, count in counts if count)


def _by_stage(projects: list[Document]) -> str:
    groups = ((group, _in_group(projects, group)) for group in say.GROUPS)
    return say.listed((f"{group}{len(those)}个：{_names(those)}" for group, those in groups if those), "；") + "。"


def _names(projects: list[Document]) -> str:
    """The largest first, each with the last words reported of it."""
    largest = sorted(projects, key=lambda one: (-Decimal(one["contract_amount"] or 0), one["project"]))
    shown = (one["name"] + (f"（{one['phrase']}）" if one["phrase"] else "") for one in largest[:_NAMED_AT_MOST])
    return say.listed(shown) + ("等" if len(largest) > _NAMED_AT_MOST else "")


def _problems(document: Document) -> Iterator[Part]:
    issues = document["landscape"]["issues"]
    if not issues:
        yield _paragraph(f"截至{_through(document)}，没有未办结的问题。")
        return
    kinds = Counter(issue["category"] for issue in issues)
    over = sum(1 for issue in issues if issue["days_over"])
    spread = say.listed(f"{word}{kinds[code]}个" for code, word in say.CATEGORIES.items() if code in kinds)
    tail = f"；超过办结时限的{over}个" if over else ""
    yield _paragraph(f"截至{_through(document)}，项目推进中尚有{len(issues)}个问题未办结，按类别：{spread}{tail}。")
    for place, code in enumerate((code for code in say.CATEGORIES if code in kinds), 1):
        yield _subheading(place, f"{say.CATEGORIES[code]}问题")
        those = [issue for issue in issues if issue["category"] == code]
        yield _paragraph(say.listed((_problem(issue, document["year"]) for issue in those), "；") + "。")


def _problem(issue: Document, year: int) -> str:
    when = ""
    if issue["due"]:
        when = f"，应于{_short(issue['due'], year)}办结"
        when += f"，已超期{issue['days_over']}天" if issue["days_over"] else ""
    return f"{issue['name']}：{issue['text']}（责任单位{issue['owner_unit']}{when}）"


def _late(document: Document) -> Iterator[Part]:
    late = document["landscape"]["late"]
    if not late:
        yield _paragraph(f"截至{_through(document)}，没有逾期未完成的节点。")
        return
    units = Counter(_unit(one) for one in late)
    spread = say.listed(f"{unit}{count}个" for unit, count in _largest(units))
    yield _paragraph(
        f"截至{_through(document)}，{len(late)}个项目有节点逾期未完成，按牵头单位：{spread}。请有关单位倒排工期，尽快销号。"
    )
    yield say.table(
        "逾期项目表",
        (("牵头单位", 18), ("项目", 32), ("应完成节点", 25), ("逾期天数", -12), ("挂包领导", 13)),
        (
            (
                _unit(one),
                one["name"],
                f"{_short(one['due'], document['year'])} {_milestone(one)}",
                str(one["days"]),
                _official(one),
            )
            for unit, _ in _largest(units)
            for one in late
            if _unit(one) == unit
        ),
    )


def _due(document: Document) -> Iterator[Part]:
    due = document["landscape"]["due_next"]
    if not due:
        yield _paragraph("下月没有到期的节点。")
        return
    kinds = Counter(one["milestone"] for one in due)
    spread = say.listed(f"{word}{kinds[code]}个" for code, word in say.MILESTONES.items() if code in kinds)
    last = max(date.fromisoformat(one["due"]) for one in due)
    yield _paragraph(f"至{say.month_day(last)}，将有{len(due)}个节点到期：{spread}。请牵头单位按期完成。")
    yield say.table(
        "近期到期节点表",
        (("到期日", 13), ("项目", 40), ("节点", 13), ("牵头单位", 20), ("挂包领导", 14)),
        (
            (_short(one["due"], document["year"]), one["name"], _milestone(one), _unit(one), _official(one))
            for one in due
        ),
    )


def _restated(document: Document) -> Iterator[Part]:
    restated = document["restated"]
    since = f"第{restated['since']}号通报（截至{say.full_day(date.fromisoformat(restated['through']))}）"
    if restated["definitions_changed"]:
        yield _paragraph(f"本期口径版本与{since}不同，以下更正仍按该期口径计算。")
    if not restated["indicators"] and not restated["facts"]:
        yield _paragraph(f"{since}的数据没有更正。")
        return
    unchanged = "各项指标数值不变，其组成有以下更正"
    figures = say.listed((_restatement(one) for one in restated["indicators"]), "；") or unchanged
    yield _paragraph(f"{since}发布后，因补报、更正和作废，其数据重新计算如下：{figures}。")
    if restated["facts"]:
        yield say.table(
            "更正事项表",
            (("发生日期", 15), ("项目", 26), ("事项", 29), ("更正事件", 30)),
            (
                (fact["on"], fact["name"] or fact["project"], _change(fact), _correction(fact))
                for fact in restated["facts"]
            ),
        )


def _restatement(one: Document) -> str:
    was, now, unit = one["was"], one["now"], one["unit"]
    said = []
    if was["actual"] != now["actual"]:
        said.append(f"完成数由{was['actual']}{unit}更正为{now['actual']}{unit}")
    elif was["amount"] != now["amount"]:
        exact = (say.exact_money(Decimal(value["amount"])) for value in (was, now))
        said.append("金额由{}更正为{}".format(*exact))
    if was["target"] != now["target"]:
        said.append(f"目标由{was['target'] or '未下达'}更正为{now['target'] or '未下达'}")
    if was["completion_pct"] != now["completion_pct"]:
        said.append(f"完成率由{was['completion_pct'] or '—'}%更正为{now['completion_pct'] or '—'}%")
    return str(one["title"]) + (say.listed(said, "，") or "的项目数有更正")


def _change(fact: Document) -> str:
    event = say.EVENTS.get(fact["event"], fact["event"])
    was, now = ((None if value is None else say.exact_money(Decimal(value))) for value in (fact["was"], fact["now"]))
    amounts = f"{was}改为{now}" if was and now else was or now or ""
    return f"{say.CHANGES[fact['change']]}{event}{amounts}"


def _correction(fact: Document) -> str:
    by = fact["by"]
    if by is None:
        return "—"
    unit = by["source"].rsplit("/", 1)[-1]
    return f"{unit} {by['id'] or '（编号未知）'}，{say.moment(datetime.fromisoformat(by['recorded_at']))}入账"


def _notes(document: Document) -> Iterator[str]:
    known = say.moment(datetime.fromisoformat(document["known_by"]))
    yield (
        f"本通报各项数据为{say.full_day(_day(document, 'first_day'))}至{say.full_day(_day(document, 'through'))}"
        f"发生、{known}以前入账的事项，口径版本{document['definitions']['version']}。"
    )
    yield "项目阶段、问题和节点为截止日当日情况；金额为人民币，完成率和序时进度按未舍入的数值计算后四舍五入。"
    if document["reason"]:
        yield f"本月通报重新发布，原因：{document['reason']}。"
    if document["despite"]:
        held = say.listed(f"{_GAPS.get(gap['code'], gap['code'])}{gap['count']}条" for gap in document["gaps"])
        yield f"发布时尚有{held}，未计入本通报。说明：{document['despite']}。"


_GAPS = {"events-parked": "未通过校验、待处理的上报数据", "records-unread": "无法读取的台账记录"}


def _in_group(projects: Iterable[Document], group: str) -> list[Document]:
    return [one for one in projects if one["stage"] in say.GROUPS[group]]


def _contracts(projects: list[Document]) -> str:
    return f"合同金额{_total(projects)}。" if any(one["contract_amount"] for one in projects) else ""


def _total(projects: list[Document]) -> str:
    """What is agreed; a contract that was terminated is no longer."""
    agreed = (Decimal(one["contract_amount"] or 0) for one in projects if one["stage"] != "terminated")
    return say.money(sum(agreed, Decimal(0)))


def _largest(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _cluster(one: Document) -> str:
    return str(one["cluster"] or say.NO_CLUSTER)


def _unit(one: Document) -> str:
    return str(one["lead_unit"] or say.NOBODY)


def _official(one: Document) -> str:
    """The name alone; the office follows it after a space."""
    return str(one["lead_official"] or "—").split(" ", maxsplit=1)[0]


def _milestone(one: Document) -> str:
    return say.MILESTONES.get(one["milestone"], str(one["milestone"]))


def _signed(points: str | None) -> str:
    return "—" if points is None else f"{Decimal(points):+}"


def _short(day: str, year: int) -> str:
    """Without the year when it is the bulletin's."""
    due = date.fromisoformat(day)
    return say.month_day(due) if due.year == year else say.full_day(due)


def _through(document: Document) -> str:
    return say.month_day(_day(document, "through"))


def _day(document: Document, key: str) -> date:
    return date.fromisoformat(document[key])


def _paragraph(text: str) -> Part:
    return {"paragraph": text}


def _subheading(place: int, name: str) -> Part:
    return {"subheading": f"（{say.numeral(place)}）{name}"}

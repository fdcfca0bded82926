"""What a bulletin says of the one before: which figures are other now, and by which events."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from services.reporting.domain import bulletin_words as say
from services.reporting.domain.bulletin import Document


def corrections(document: Document) -> Iterator[say.Part]:
    """Figures and events that were restated; the document must have a bulletin before it."""
    restated = document["restated"]
    since = f"第{restated['since']}号通报（截至{say.full_day(date.fromisoformat(restated['through']))}）"
    if restated["definitions_changed"]:
        yield say.paragraph(f"本期口径版本与{since}不同，以下更正仍按该期口径计算。")
    if not restated["indicators"] and not restated["ratios"] and not restated["facts"]:
        yield say.paragraph(f"{since}的数据没有更正。")
        return
    unchanged = "各项指标数值不变，其组成有以下更正"
    lines = (*map(_restatement, restated["indicators"]), *map(_restated_rate, restated["ratios"]))
    figures = say.listed(lines, "；") or unchanged
    yield say.paragraph(f"{since}发布后，因补报、更正和作废，其数据重新计算如下：{figures}。")
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
        said.append(f"完成率由{_percent(was['completion_pct'])}更正为{_percent(now['completion_pct'])}")
    return str(one["title"]) + (say.listed(said, "，") or "的项目数有更正")


def _restated_rate(one: Document) -> str:
    was, now = one["was"]["pct"], one["now"]["pct"]
    return f"{one['title']}" + ("的组成有更正" if was == now else f"由{_percent(was)}更正为{_percent(now)}")


def _percent(said: str | None) -> str:
    return "—" if said is None else f"{said}%"


def _change(fact: Document) -> str:
    event = say.EVENTS.get(fact["event"], fact["event"])
    was, now = _amount(fact, "was"), _amount(fact, "now")
    amounts = f"{was}改为{now}" if was and now else was or now or ""
    return f"{say.CHANGES[fact['change']]}{event}{amounts}"


def _amount(fact: Document, when: str) -> str | None:
    if fact[when] is None:
        return None
    share = fact[f"{when}_share"]
    return say.exact_money(Decimal(fact[when])) + (f"（本区占{share}%）" if share else "")


def _correction(fact: Document) -> str:
    by = fact["by"]
    if by is None:
        return "—"
    unit = by["source"].rsplit("/", 1)[-1]
    return f"{unit} {by['id'] or '（编号未知）'}，{say.moment(datetime.fromisoformat(by['recorded_at']))}入账"

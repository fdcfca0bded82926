"""What a bulletin says of the projects: by cluster and stage, their problems, what is late and what is due."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby

from services.reporting.domain import bulletin_words as say
from services.reporting.domain.bulletin import Document
from services.reporting.domain.landscape import end_of_next_month

_NAMED_AT_MOST = 12


def clusters(document: Document) -> Iterator[say.Part]:
    """The projects of each cluster, by how far they are."""
    projects = document["landscape"]["projects"]
    if not projects:
        yield say.paragraph("目前没有在册项目。")
        return
    yield say.paragraph(f"截至{say.through(document)}，在册招商引资项目{len(projects)}个，其中{_by_group(projects)}。")
    by_cluster = {name: list(those) for name, those in groupby(sorted(projects, key=_cluster), key=_cluster)}
    largest = sorted(by_cluster.items(), key=lambda item: (-len(item[1]), item[0]))
    for place, (name, those) in enumerate(largest, 1):
        yield say.subheading(place, name)
        yield say.paragraph(f"项目{len(those)}个，{_contracts(those)}{_by_stage(those)}")
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


def problems(document: Document) -> Iterator[say.Part]:
    """What is not settled, by kind, with who answers for it."""
    issues = document["landscape"]["issues"]
    if not issues:
        yield say.paragraph(f"截至{say.through(document)}，没有未办结的问题。")
        return
    kinds = Counter(issue["category"] for issue in issues)
    over = sum(1 for issue in issues if issue["days_over"])
    spread = say.listed(f"{word}{kinds[code]}个" for code, word in say.CATEGORIES.items() if code in kinds)
    tail = f"；超过办结时限的{over}个" if over else ""
    yield say.paragraph(
        f"截至{say.through(document)}，项目推进中尚有{len(issues)}个问题未办结，按类别：{spread}{tail}。"
    )
    for place, code in enumerate((code for code in say.CATEGORIES if code in kinds), 1):
        yield say.subheading(place, f"{say.CATEGORIES[code]}问题")
        those = [issue for issue in issues if issue["category"] == code]
        yield say.paragraph(say.listed((_problem(issue, document["year"]) for issue in those), "；") + "。")


def _problem(issue: Document, year: int) -> str:
    when = ""
    if issue["due"]:
        when = f"，应于{_short(issue['due'], year)}办结"
        when += f"，已超期{issue['days_over']}天" if issue["days_over"] else ""
    return f"{issue['name']}：{issue['text']}（责任单位{issue['owner_unit']}{when}）"


def late(document: Document) -> Iterator[say.Part]:
    """The projects that are late, by the unit that leads them."""
    found = document["landscape"]["late"]
    if not found:
        yield say.paragraph(f"截至{say.through(document)}，没有逾期未完成的节点。")
        return
    units = Counter(_unit(one) for one in found)
    spread = say.listed(f"{unit}{count}个" for unit, count in _largest(units))
    yield say.paragraph(
        f"截至{say.through(document)}，{len(found)}个项目有节点逾期未完成，按牵头单位：{spread}。请有关单位倒排工期，尽快销号。"
    )
    yield say.table(
        "逾期项目表",
        (("牵头单位", 18), ("项目", 30), ("应完成节点", 25), ("逾期天数", -14), ("挂包领导", 13)),
        (
            (
                _unit(one),
                one["name"],
                f"{_short(one['due'], document['year'])} {_milestone(one)}",
                str(one["days"]),
                _official(one),
            )
            for unit, _ in _largest(units)
            for one in found
            if _unit(one) == unit
        ),
    )


def due_next(document: Document) -> Iterator[say.Part]:
    """What is to be done by the end of the next month."""
    due = document["landscape"]["due_next"]
    if not due:
        yield say.paragraph("下月没有到期的节点。")
        return
    kinds = Counter(one["milestone"] for one in due)
    spread = say.listed(f"{word}{kinds[code]}个" for code, word in say.MILESTONES.items() if code in kinds)
    last = end_of_next_month(say.day_of(document, "through"))
    yield say.paragraph(f"至{say.month_day(last)}，将有{len(due)}个节点到期：{spread}。请牵头单位按期完成。")
    yield say.table(
        "近期到期节点表",
        (("到期日", 13), ("项目", 40), ("节点", 13), ("牵头单位", 20), ("挂包领导", 14)),
        (
            (_short(one["due"], document["year"]), one["name"], _milestone(one), _unit(one), _official(one))
            for one in due
        ),
    )


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


def _short(day: str, year: int) -> str:
    """Without the year when it is the bulletin's."""
    due = date.fromisoformat(day)
    return say.month_day(due) if due.year == year else say.full_day(due)

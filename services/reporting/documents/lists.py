"""What a bulletin lists, as tables: projects, problems, milestones, corrections, and every fact that counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.reporting.domain import bulletin_words as say
from services.reporting.domain.bulletin import Document

Value = str | int | Decimal | None

_WHO_ANSWERS = ("牵头单位", "挂包领导")


@dataclass(frozen=True, slots=True)
class Listed:
    """A table: a row has a value for each column."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]


def lists(bulletin: Document) -> Iterator[Listed]:
    """The tables, in the order in which they are read."""
    yield _projects(bulletin)
    yield _issues(bulletin)
    yield _milestones("逾期节点", bulletin["landscape"]["late"])
    yield _milestones("近期到期节点", bulletin["landscape"]["due_next"])
    yield _corrections(bulletin)
    yield _facts(bulletin)


def number(text: str | None) -> Decimal | None:
    """A figure as the bulletin writes it, or that there is none."""
    return None if text is None else Decimal(text)


def _projects(bulletin: Document) -> Listed:
    stages = {stage: group for group, stages in say.GROUPS.items() for stage in stages}
    return Listed(
        "项目",
        ("编号", "项目", "产业集群", "阶段", "合同金额（元）", *_WHO_ANSWERS, "最近进展"),
        [
            (
                *(one["project"], one["name"], one["cluster"], stages.get(one["stage"], one["stage"])),
                *(number(one["contract_amount"]), one["lead_unit"], one["lead_official"], one["phrase"]),
            )
            for one in bulletin["landscape"]["projects"]
        ],
    )


def _issues(bulletin: Document) -> Listed:
    return Listed(
        "问题",
        ("编号", "项目", "类别", "缓急", "问题", "责任单位", "提出日期", "办结时限", "超期天数", *_WHO_ANSWERS),
        [
            (
                *(one["project"], one["name"], say.CATEGORIES.get(one["category"], one["category"])),
                *(say.URGENCIES.get(one["urgency"], one["urgency"]), one["text"], one["owner_unit"]),
                *(one["raised_on"], one["due"], one["days_over"], one["lead_unit"], one["lead_official"]),
            )
            for one in bulletin["landscape"]["issues"]
        ],
    )


def _milestones(name: str, milestones: Sequence[Document]) -> Listed:
    return Listed(
        name,
        ("编号", "项目", "节点", "到期日", "逾期天数", *_WHO_ANSWERS),
        [
            (
                *(one["project"], one["name"], say.MILESTONES.get(one["milestone"], one["milestone"])),
                *(one["due"], one.get("days"), one["lead_unit"], one["lead_official"]),
            )
            for one in milestones
        ],
    )


def _corrections(bulletin: Document) -> Listed:
    what = ("变化", "编号", "项目", "事项", "发生日期", "来源", "事件编号")
    return Listed(
        "更正",
        (*what, "原金额（元）", "现金额（元）", "更正事件", "更正入账时间"),
        [
            (
                *(say.CHANGES[one["change"]], one["project"], one["name"], say.EVENTS.get(one["event"], one["event"])),
                *(one["on"], one["source"], one["id"], number(one["was"]), number(one["now"])),
                *((one["by"] or {}).get("id"), (one["by"] or {}).get("recorded_at")),
            )
            for one in bulletin["restated"]["facts"]
        ],
    )


def _facts(bulletin: Document) -> Listed:
    codes = [line["code"] for line in bulletin["indicators"]]
    titles = (f"计入{line['title']}（元）" for line in bulletin["indicators"])
    return Listed(
        "计入事项",
        ("发生日期", "编号", "项目", "事项", "金额（元）", "来源", "事件编号", "依据", "入账时间", *titles),
        [
            (
                *(one["on"], one["project"], one["name"], say.EVENTS.get(one["event"], one["event"])),
                *(number(one["data"].get("amount")), one["source"], one["id"], _evidence(one), one["recorded_at"]),
                *(number(one["counts"].get(code)) for code in codes),
            )
            for one in bulletin["facts"]
            if one["counts"]
        ],
    )


def _evidence(fact: Document) -> str | None:
    found = fact["data"].get("evidence")
    return None if not found else f"{found.get('kind', '')} {found.get('reference', '')}".strip()

"""The registry of rules: every kind there is, what it looks for, and what is said when nothing of it is owed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, TypeAlias

from services.notifier.domain.ladder import midnight
from services.notifier.domain.milestones import MILESTONES, milestone_gone, milestones_due_soon, overdue_milestones
from services.notifier.domain.negotiations import GATES, pending_gates, unclaimed
from services.notifier.domain.obligations import Obligation, View, after
from services.notifier.domain.promises import overdue_issues, overdue_pledges, pledges_due_soon, silence
from services.notifier.domain.record import Record
from services.notifier.domain.rules import IndicatorBehind, Rule, RuleId
from services.notifier.domain.wording import quoted

Find: TypeAlias = Callable[[View, Any], Iterator[Obligation]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule, and its name for people.

    `find` yields each matter's obligation at most once; `gone` says that nothing is owed of a matter any more. `quiet`:
    its end is not worth a message, as for a reminder. `subject` is what is pressed, in a few words.
    """

    name: str
    find: Find
    gone: Callable[[str], str]
    subject: Callable[[Record, str], str]
    quiet: bool = False


_ALL: Final = Decimal(100)


def find_obligations(rule: Rule, view: View) -> Iterator[Obligation]:
    """Everything that the rule looks for on this project."""
    return KINDS[rule.id].find(view, rule)


def _behind(view: View, rule: IndicatorBehind) -> Iterator[Obligation]:
    """Owed from the day of the figures, while they lag, and until their year is over."""
    figure = view.record.indicator
    if figure is None or figure.lead_points is None or figure.completion_pct is None:
        return
    lag = -figure.lead_points
    if lag <= 0 or lag <= rule.points - rule.margin:
        return
    behind = _one_decimal(lag)
    last_day = date(figure.year, 12, 31)
    # A year may end earlier: when all of it has passed, on the day of the figures.
    ends = figure.through if figure.elapsed_pct >= _ALL else last_day
    brief = f"完成年度目标的{figure.completion_pct}%，比序时进度落后{behind}个百分点"
    yield Obligation(
        rule=rule.id,
        matter=figure.code,
        due=last_day,
        since=midnight(figure.through),
        until=after(ends),
        brief=brief,
        text=f"截至{view.say(figure.through)}，{brief}（时间已过{_one_decimal(figure.elapsed_pct)}%）。请分析原因，加快推进。",
        owed_by=view.coordinator,
        moved="年度已结束",
        urgency=4,
        opens=lag > rule.points,
    )


def _issue(record: Record, matter: str) -> str:
    issue = record.issues.get(matter)
    return f"问题{quoted(issue.text or matter)}" if issue else "问题办理"


def _pledge(record: Record, matter: str) -> str:
    pledge = record.pledges.get(matter)
    return f"承诺{quoted(pledge.clause or matter)}" if pledge else "承诺兑现"


def _gate(record: Record, matter: str) -> str:
    return GATES.get(matter, "审查")


def _milestone(record: Record, matter: str) -> str:
    return MILESTONES[matter][0] if matter in MILESTONES else "时间表"


def _one_decimal(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)


KINDS: Final[Mapping[RuleId, Kind]] = {
    "issue-overdue": Kind("问题超期", overdue_issues, lambda _: "该问题已撤销", _issue),
    "milestone-overdue": Kind("里程碑逾期", overdue_milestones, milestone_gone, _milestone),
    "pledge-overdue": Kind("承诺逾期", overdue_pledges, lambda _: "该承诺已撤销", _pledge),
    "indicator-behind": Kind(
        "指标落后", _behind, lambda _: "与序时进度的差距已收窄到催办线以内", lambda *_: "年度进度"
    ),
    "unclaimed": Kind("未认领", unclaimed, lambda _: "意向已撤销", lambda *_: "明确挂包领导"),
    "gate-pending": Kind("审查超时", pending_gates, lambda _: "该项审查已不再等待", _gate),
    "no-event": Kind("长期无进展", silence, lambda _: "不再单独催报进展", lambda *_: "报送进展"),
    "milestone-due-soon": Kind("里程碑临期", milestones_due_soon, lambda _: "不再作临期提醒", _milestone, quiet=True),
    "pledge-due-soon": Kind("承诺临期", pledges_due_soon, lambda _: "该承诺已撤销", _pledge, quiet=True),
}
"""Every rule there is. A policy chooses among them, and gives each its days and its ladder."""

OWED_BY_COORDINATOR: Final = frozenset[RuleId]({"unclaimed", "indicator-behind"})
"""Rules for what no lead unit owes."""


def subject(record: Record, rule_id: str, matter: str) -> str:
    """What is pressed by a rule in a matter, in a few words: 开工, 行业审查; empty for a rule that is gone."""
    return next((kind.subject(record, matter) for rule, kind in KINDS.items() if rule == rule_id), "")

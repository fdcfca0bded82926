"""What each rule looks for in a record: what has to happen, by when and by whom, whether or not it is late today."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

from services.notifier.domain.ladder import Calendar, working_day_after
from services.notifier.domain.record import Gate, Pledge, Record
from services.notifier.domain.rules import (
    GatePending,
    IndicatorBehind,
    IssueOverdue,
    MilestoneDueSoon,
    MilestoneOverdue,
    NoEvent,
    PledgeDueSoon,
    PledgeOverdue,
    Rule,
    RuleId,
    Unclaimed,
)
from services.notifier.domain.wording import days_left, quoted, zh_date
from shared.clock import business_day

# What has to happen, and the word for the message that says it did, in the order of a project's life.
MILESTONES: Final[Mapping[str, tuple[str, str]]] = {
    "signed": ("签订正式协议", "签约"),
    "site-fixed": ("敲定选址", "选址"),
    "planned": ("完成规划", "规划"),
    "started": ("开工", "开工"),
    "completed": ("竣工", "竣工"),
    "commissioned": ("投产", "投产"),
}
_STEPS: Final = tuple(MILESTONES)
GATES: Final[Mapping[str, str]] = {"preliminary": "协议初审", "industry": "行业审查", "legal": "法制审查"}
URGENCIES: Final[Mapping[str, str]] = {"at-once": "立即办", "urgent": "加急办", "special": "专项办"}
_ONE: Final = timedelta(days=1)
_IN_HAND: Final = frozenset(
    {
        "negotiating",
        "intent-signed",
        "approved",
        "signed",
        "site-fixed",
        "planned",
        "started",
        "completed",
        "commissioned",
    }
)


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something that has to happen on a project.

    `due` is the last day in time; somebody is to hear from `since` on, and no longer from `until` on. `met` is the day
    on which it happened. `matter` tells apart what one rule looks for on one project. `text` is the sentence that
    people read today, `brief` what they read of it in a list, `done` says how it ended, `moved` that it is not due any
    more. `urgency`: the lower, the earlier in a list. `provisional`: the calendar of that year is not known yet.
    """

    rule: RuleId
    matter: str
    due: date
    since: date
    brief: str
    text: str
    owed_by: str | None = None
    until: date | None = None
    met: date | None = None
    done: str = ""
    moved: str = ""
    urgency: int = 5
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What a rule looks at: a record on a day, with the calendar, and the unit that owes what none does yet."""

    record: Record
    today: date
    calendar: Calendar
    coordinator: str | None

    def say(self, day: date) -> str:
        """A day as people write it."""
        return zh_date(day, self.today)

    def late(self, due: date) -> int:
        """Days since the last day in time."""
        return (self.today - due).days


Find: TypeAlias = Callable[[View, Any], Iterator[Obligation]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule. `find` yields each matter's obligation at most once; `gone` says that nothing is owed of a
    matter any more. `quiet`: its end is not worth a message, as for a reminder."""

    find: Find
    gone: Callable[[str], str]
    quiet: bool = False
    name: str = field(default="")


def find_obligations(rule: Rule, view: View) -> Iterator[Obligation]:
    """Everything that the rule looks for on this project."""
    return KINDS[rule.id].find(view, rule)


def _overdue_milestones(view: View, rule: MilestoneOverdue) -> Iterator[Obligation]:
    late: date | None = None
    for name, (action, word) in MILESTONES.items():
        found = view.record.milestones.get(name)
        on = found.on if found else None
        if found and found.due:
            due, brief = found.due, f"原定{view.say(found.due)}前{action}，已逾期{view.late(found.due)}天"
            text = f"{brief}，尚未收到{word}信息。"
        elif usual := _by_default(view, rule, name):
            due, brief = (
                usual[0],
                f"{usual[1]}后{usual[2]}天内应{action}（{view.say(usual[0])}到期），已超{view.late(usual[0])}天",
            )
            text = f"{brief}，也未排定时间表。请抓紧推进，或补报时间表。"
        elif on:
            due, brief, text = on, "", ""
        else:
            continue
        waits = rule.first_only and late is not None and late <= due
        if on is None and due < view.today:
            late = min(late or due, due)
        yield Obligation(
            rule=rule.id,
            matter=name,
            due=due,
            since=due + _ONE,
            # What waits is late from a day on which it is not any more.
            until=due + _ONE if waits else None,
            brief=brief,
            text=text,
            owed_by=view.record.lead_unit or view.coordinator,
            met=on,
            done=f"已于{view.say(on)}{action}" if on else "",
            moved="已并入前一里程碑的催办" if waits else f"时间表已调整，{action}的新期限为{view.say(due)}",
            urgency=2,
        )


def _by_default(view: View, rule: MilestoneOverdue, name: str) -> tuple[date, str, int] | None:
    """The day, the step before and the days after it, where the policy gives any. What comes later has not happened."""
    days = rule.days_after(name)
    if days is None:
        return None
    milestones, place = view.record.milestones, _STEPS.index(name)
    if any((later := milestones.get(step)) and later.on for step in _STEPS[place + 1 :]):
        return None
    if place == 0:
        before, word = view.record.intent_signed_on, "签订意向"
    else:
        step = milestones.get(_STEPS[place - 1])
        before, word = step.on if step else None, MILESTONES[_STEPS[place - 1]][1]
    return (before + timedelta(days=days), word, days) if before else None


def _milestones_due_soon(view: View, rule: MilestoneDueSoon) -> Iterator[Obligation]:
    milestones = view.record.milestones
    for name, (action, word) in MILESTONES.items():
        found = milestones.get(name)
        if found is None or found.due is None:
            continue
        # Whoever is late with an earlier step is not reminded of the next.
        if found.on is None and found.due < view.today:
            return
        brief = f"应于{view.say(found.due)}前{action}，{days_left(found.due, view.today)}"
        yield Obligation(
            rule=rule.id,
            matter=name,
            due=found.due,
            since=found.due - timedelta(days=rule.days),
            until=found.due + _ONE,
            brief=brief,
            text=f"{brief}。完成后请及时报送{word}信息；不能按期的，请提前报告。",
            owed_by=view.record.lead_unit or view.coordinator,
            met=found.on,
            done=f"已于{view.say(found.on)}{action}" if found.on else "",
            moved=f"{action}的期限为{view.say(found.due)}",
            urgency=7,
        )


def _unclaimed(view: View, rule: Unclaimed) -> Iterator[Obligation]:
    record = view.record
    signed = record.intent_signed_on
    if signed is None:
        return
    due = working_day_after(signed, rule.working_days, view.calendar)
    claimed = (record.claimed_on or signed) if record.lead_official else None
    brief = f"{view.say(signed)}签订意向，已{view.late(signed)}天无人挂包"
    yield Obligation(
        rule=rule.id,
        matter="lead",
        due=due,
        since=due + _ONE,
        brief=brief,
        text=f"{brief}。请尽快明确挂包领导和牵头单位。",
        owed_by=view.coordinator,
        met=claimed,
        done=f"已明确由{record.lead_official}挂包" if claimed else "",
        moved=f"认领的期限为{view.say(due)}",
        urgency=3,
        provisional=not view.calendar.knows(due),
    )


def _pending_gates(view: View, rule: GatePending) -> Iterator[Obligation]:
    """A gate waits since it was returned, or since the one before it was passed; a contract ends the waiting."""
    record = view.record
    signed = record.milestones.get("signed")
    before: Gate | None = None
    passed = ""
    for name, title in GATES.items():
        gate = record.gates.get(name)
        if gate is not None and gate.outcome == "returned":
            begun, why = gate.on, f"{title}{view.say(gate.on)}退回补正"
        elif before is not None and before.outcome == "passed":
            begun, why = before.on, f"{passed}{view.say(before.on)}通过后，{title}"
        elif gate is not None:
            begun, why = gate.on, title
        else:
            break
        over = gate.on if gate is not None and gate.outcome != "returned" else None
        if over is None and signed is not None and signed.on is not None:
            break
        due = working_day_after(begun, rule.working_days, view.calendar)
        brief = f"{why}，已{view.late(begun)}天未完成" if gate else f"{why}已{view.late(begun)}天未出结果"
        verdict = {"passed": "通过", "rejected": "作出不通过结论"}.get(gate.outcome if gate else "", "办结")
        yield Obligation(
            rule=rule.id,
            matter=name,
            due=due,
            since=due + _ONE,
            brief=brief,
            text=f"{brief}。请抓紧办理，并报送审查结果。",
            owed_by=next((unit for each, unit in rule.units.items() if each == name), record.lead_unit)
            or view.coordinator,
            met=over,
            done=f"{title}已于{view.say(over)}{verdict}" if over else "",
            moved=f"{title}的期限为{view.say(due)}",
            urgency=3,
            provisional=not view.calendar.knows(due),
        )
        before, passed = gate, title


def _silence(view: View, rule: NoEvent) -> Iterator[Obligation]:
    record = view.record
    if record.last_recorded_at is None or record.stage not in {*_IN_HAND, "suspended"}:
        return
    # Whoever is late with a milestone is asked for that, and not for news as well.
    if any(each.due and each.due < view.today and each.on is None for each in record.milestones.values()):
        return
    heard = business_day(record.last_recorded_at)
    due = heard + timedelta(days=rule.days)
    brief = f"已{view.late(heard)}天没有任何进展报送（最近一次{view.say(heard)}）"
    yield Obligation(
        rule=rule.id,
        matter="news",
        due=due,
        since=due + _ONE,
        brief=brief,
        text=f"{brief}。请核实项目情况，并报送最新进展。",
        owed_by=record.lead_unit or view.coordinator,
        moved=f"{view.say(heard)}收到新的进展",
        urgency=6,
    )


def _overdue_issues(view: View, rule: IssueOverdue) -> Iterator[Obligation]:
    for name, issue in view.record.issues.items():
        # The ledger knows the day on which an issue was raised, no hour.
        days = rule.days(issue.urgency)
        if issue.raised_on is None or (issue.due is None and days is None):
            continue
        due = issue.due or issue.raised_on + timedelta(days=days or 0)
        owner = issue.owner_unit or view.record.lead_unit or view.coordinator
        what, how = quoted(issue.text or name), URGENCIES.get(issue.urgency or "", "限期办")
        brief = f"问题{what}（{how}）应于{view.say(due)}前解决，已超期{view.late(due)}天"
        yield Obligation(
            rule=rule.id,
            matter=name,
            due=due,
            since=due + _ONE,
            brief=brief,
            text=f"{brief}。{view.say(issue.raised_on)}提出，由{owner or '牵头单位'}负责，请尽快解决并报送办结情况。",
            owed_by=owner,
            met=issue.resolved_on,
            done=f"问题{what}已于{view.say(issue.resolved_on)}解决" if issue.resolved_on else "",
            moved=f"问题{what}的期限为{view.say(due)}",
            urgency={"at-once": 0, "urgent": 1}.get(issue.urgency or "", 2),
        )


def _pledges_due_soon(view: View, rule: PledgeDueSoon) -> Iterator[Obligation]:
    for name, pledge, due in _dated(view):
        what = quoted(pledge.clause or name)
        brief = f"对企业的承诺{what}应于{view.say(due)}前兑现，{days_left(due, view.today)}"
        yield Obligation(
            rule=rule.id,
            matter=name,
            due=due,
            since=due - timedelta(days=rule.days),
            until=due + _ONE,
            brief=brief,
            text=f"{brief}。请提前落实。",
            owed_by=view.record.lead_unit or view.coordinator,
            met=pledge.kept_on,
            done=f"承诺{what}已兑现",
            moved=f"承诺{what}的期限为{view.say(due)}",
            urgency=7,
        )


def _overdue_pledges(view: View, rule: PledgeOverdue) -> Iterator[Obligation]:
    for name, pledge, due in _dated(view):
        what = quoted(pledge.clause or name)
        brief = f"对企业的承诺{what}应于{view.say(due)}前兑现，已逾期{view.late(due)}天"
        yield Obligation(
            rule=rule.id,
            matter=name,
            due=due,
            since=due + _ONE,
            brief=brief,
            text=f"{brief}。请尽快兑现并报送，或说明原因。",
            owed_by=view.record.lead_unit or view.coordinator,
            met=pledge.kept_on,
            done=f"承诺{what}已于{view.say(pledge.kept_on)}兑现" if pledge.kept_on else "",
            moved=f"承诺{what}的期限为{view.say(due)}",
            urgency=2,
        )


def _dated(view: View) -> Iterator[tuple[str, Pledge, date]]:
    for name, pledge in view.record.pledges.items():
        if pledge.due is not None:
            yield name, pledge, pledge.due


def _behind(view: View, rule: IndicatorBehind) -> Iterator[Obligation]:
    """Owed from the day of the figures, while they lag, and until their year is over."""
    figure = view.record.indicator
    if (
        figure is None
        or figure.lead_points is None
        or figure.completion_pct is None
        or figure.lead_points >= -rule.points
    ):
        return
    behind = _one_decimal(-figure.lead_points)
    brief = f"完成年度目标的{figure.completion_pct}%，比序时进度落后{behind}个百分点"
    yield Obligation(
        rule=rule.id,
        matter=figure.code,
        due=date(figure.year, 12, 31),
        since=figure.through,
        until=date(figure.year + 1, 1, 1),
        brief=brief,
        text=f"截至{view.say(figure.through)}，{brief}（时间已过{_one_decimal(figure.elapsed_pct)}%）。请分析原因，加快推进。",
        owed_by=view.coordinator,
        moved="年度已结束",
        urgency=4,
    )


def _one_decimal(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"))


def _milestone_gone(matter: str) -> str:
    return f"时间表中已不再要求{MILESTONES[matter][0]}" if matter in MILESTONES else "时间表已调整"


KINDS: Final[Mapping[RuleId, Kind]] = {
    "issue-overdue": Kind(_overdue_issues, lambda _: "该问题已撤销", name="问题超期"),
    "milestone-overdue": Kind(_overdue_milestones, _milestone_gone, name="里程碑逾期"),
    "pledge-overdue": Kind(_overdue_pledges, lambda _: "该承诺已撤销", name="承诺逾期"),
    "indicator-behind": Kind(_behind, lambda _: "与序时进度的差距已收窄到催办线以内", name="指标落后"),
    "unclaimed": Kind(_unclaimed, lambda _: "意向已撤销", name="未认领"),
    "gate-pending": Kind(_pending_gates, lambda _: "已签订正式协议，不再催办审查", name="审查超时"),
    "no-event": Kind(_silence, lambda _: "不再单独催报进展", name="长期无进展"),
    "milestone-due-soon": Kind(_milestones_due_soon, _milestone_gone, quiet=True, name="里程碑临期"),
    "pledge-due-soon": Kind(_pledges_due_soon, lambda _: "该承诺已撤销", quiet=True, name="承诺临期"),
}
"""Every rule there is. A policy chooses among them, and gives each its days and its ladder."""

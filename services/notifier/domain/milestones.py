"""What is due of a timetable, or by the usual days where there is none."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from services.notifier.domain.ladder import midnight
from services.notifier.domain.obligations import Obligation, View, after
from services.notifier.domain.rules import MilestoneDueSoon, MilestoneOverdue
from services.notifier.domain.wording import days_left

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


def overdue_milestones(view: View, rule: MilestoneOverdue) -> Iterator[Obligation]:
    """Each milestone with a day of its own, or one by default, in the order of a project's life."""
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
            since=after(due),
            # What waits is late from a day on which it is not any more.
            until=after(due) if waits else None,
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


def milestones_due_soon(view: View, rule: MilestoneDueSoon) -> Iterator[Obligation]:
    """Each milestone of the timetable up to the first that is late."""
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
            since=midnight(found.due - timedelta(days=rule.days)),
            until=after(found.due),
            brief=brief,
            text=f"{brief}。完成后请及时报送{word}信息；不能按期的，请提前报告。",
            owed_by=view.record.lead_unit or view.coordinator,
            met=found.on,
            done=f"已于{view.say(found.on)}{action}" if found.on else "",
            moved=f"{action}的期限为{view.say(found.due)}",
            urgency=7,
        )


def milestone_gone(matter: str) -> str:
    """What is said when the timetable does not name a milestone any more."""
    return f"时间表中已不再要求{MILESTONES[matter][0]}" if matter in MILESTONES else "时间表已调整"

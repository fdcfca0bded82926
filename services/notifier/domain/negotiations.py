"""What is due before a contract: that somebody answers for the project, and that its reviews come to an end."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.notifier.domain.ladder import working_day_after
from services.notifier.domain.obligations import Obligation, View, after
from services.notifier.domain.rules import GatePending, Unclaimed
from services.notifier.domain.wording import person

GATES: Final[Mapping[str, str]] = {"preliminary": "协议初审", "industry": "行业审查", "legal": "法制审查"}


def unclaimed(view: View, rule: Unclaimed) -> Iterator[Obligation]:
    """An official who answers for the project, so many working days after the intention was signed."""
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
        since=after(due),
        brief=brief,
        text=f"{brief}。请尽快明确挂包领导和牵头单位。",
        owed_by=view.coordinator,
        met=claimed,
        done=f"已明确由{person(record.lead_official or '')}挂包" if claimed else "",
        moved=f"认领的期限已调整为{view.say(due)}",
        urgency=3,
        provisional=not view.calendar.knows(due),
    )


def pending_gates(view: View, rule: GatePending) -> Iterator[Obligation]:
    """A gate waits since it was returned, or since the step before: the intention was signed, or another gate passed.

    A contract ends the waiting.
    """
    record = view.record
    signed, intent = record.milestones.get("signed"), record.intent_signed_on
    # The day of the step before, how it is said, and the working days from there on.
    before = (intent, f"{view.say(intent)}签订意向后", rule.first_working_days) if intent else None
    for name, title in GATES.items():
        gate, days = record.gates.get(name), rule.working_days
        if gate is not None and gate.outcome == "returned":
            begun, why = gate.on, f"{title}{view.say(gate.on)}退回补正"
        elif before is not None:
            begun, step, days = before
            why = f"{step}，{title}"
        elif gate is not None:
            begun, why = gate.on, title
        else:
            break
        over = gate.on if gate is not None and gate.outcome != "returned" else None
        # A contract without the review is out of rule; pressing for the review does not undo it.
        too_late = over is None and signed is not None and signed.on is not None
        due = working_day_after(begun, days, view.calendar)
        brief = f"{why}，已{view.late(begun)}天未完成" if gate else f"{why}已{view.late(begun)}天未出结果"
        verdict = {"passed": "通过", "rejected": "作出不通过结论"}.get(gate.outcome if gate else "", "办结")
        yield Obligation(
            rule=rule.id,
            matter=name,
            due=due,
            since=after(due),
            until=after(due) if too_late else None,
            brief=brief,
            text=f"{brief}。请抓紧办理，并报送审查结果。",
            owed_by=next((unit for each, unit in rule.units.items() if each == name), record.lead_unit)
            or view.coordinator,
            met=over,
            done=f"{title}已于{view.say(over)}{verdict}" if over else "",
            moved="已签订正式协议，不再催办审查" if too_late else f"{title}的期限已调整为{view.say(due)}",
            urgency=3,
            provisional=not view.calendar.knows(due),
        )
        before = None
        if gate is not None and gate.outcome == "passed":
            before = gate.on, f"{title}{view.say(gate.on)}通过后", rule.working_days

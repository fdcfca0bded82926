"""What is due of issues that were raised, of promises to investors, and of news."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from services.notifier.domain.ladder import midnight
from services.notifier.domain.obligations import ONE_DAY, Obligation, View, after
from services.notifier.domain.record import TERMINATED, Issue
from services.notifier.domain.rules import IssueOverdue, NoEvent, PledgeDueSoon, PledgeOverdue, RuleId
from services.notifier.domain.wording import days_left, quoted
from shared.clock import BUSINESS_ZONE, business_day

URGENCIES: Final[Mapping[str, str]] = {"at-once": "立即办", "urgent": "加急办", "special": "专项办"}
_HOURS_A_DAY: Final = 24
# What has not begun, and what is over, has no news.
_AT_REST: Final = frozenset({"reserved", "at-capacity", TERMINATED})


def silence(view: View, rule: NoEvent) -> Iterator[Obligation]:
    """News of a project in hand, so many days after the last that was recorded."""
    record = view.record
    if record.last_recorded_at is None or record.stage in _AT_REST:
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
        since=after(due),
        brief=brief,
        text=f"{brief}。请核实项目情况，并报送最新进展。",
        owed_by=record.lead_unit or view.coordinator,
        moved=f"{view.say(heard)}收到新的进展",
        urgency=6,
    )


def overdue_issues(view: View, rule: IssueOverdue) -> Iterator[Obligation]:
    """The end of each issue, by its own day or by the hours of its urgency."""
    for name, issue in view.record.issues.items():
        since = _late_from(issue, rule)
        if issue.raised_on is None or since is None:
            continue
        due, by, late = _deadline(view, since)
        owner = issue.owner_unit or view.record.lead_unit or view.coordinator
        what, how = quoted(issue.text or name), URGENCIES.get(issue.urgency or "", "限期办")
        brief = f"问题{what}（{how}）应于{by}前解决，已超期{late}"
        yield Obligation(
            rule=rule.id,
            matter=name,
            due=due,
            since=since,
            brief=brief,
            text=f"{brief}。{view.say(issue.raised_on)}提出，由{owner or '牵头单位'}负责，请尽快解决并报送办结情况。",
            owed_by=owner,
            met=issue.resolved_on,
            done=f"问题{what}已于{view.say(issue.resolved_on)}解决" if issue.resolved_on else "",
            moved=f"问题{what}的期限已调整为{by}",
            urgency={"at-once": 0, "urgent": 1}.get(issue.urgency or "", 2),
            # Where hours count, a morning is too late.
            pressing=issue.urgency == "at-once" and since != after(due),
        )


def _late_from(issue: Issue, rule: IssueOverdue) -> datetime | None:
    """When an issue begins to be late; None for one that has no deadline."""
    if issue.due is not None:
        return after(issue.due)
    allowed = rule.allowed(issue.urgency)
    if issue.raised_on is None or allowed is None:
        return None
    if issue.raised_at is not None and business_day(issue.raised_at) == issue.raised_on:
        return issue.raised_at + allowed
    # Of one that was reported on another day the hour is not known: it has the whole day.
    return after(issue.raised_on + timedelta(days=-(-allowed // ONE_DAY)))


def _deadline(view: View, since: datetime) -> tuple[date, str, str]:
    """The last day in time, how it is said, and for how long it is late by now."""
    local = since.astimezone(BUSINESS_ZONE)
    if local.time() == time():
        due = local.date() - ONE_DAY
        return due, view.say(due), f"{view.late(due)}天"
    due, hours = local.date(), (view.now - since) // timedelta(hours=1)
    late = f"{view.late(due)}天" if hours >= _HOURS_A_DAY else f"{hours}小时" if hours else "不足1小时"
    return due, f"{view.say(due)}{local.hour}:{local:%M}", late


def pledges_due_soon(view: View, rule: PledgeDueSoon) -> Iterator[Obligation]:
    """Each promise that has a day, so many days ahead of it."""
    for each in _pledges(view, rule.id, "期限为"):
        brief = f"{each.brief}，{days_left(each.due, view.today)}"
        yield replace(
            each,
            since=midnight(each.due - timedelta(days=rule.days)),
            until=after(each.due),
            brief=brief,
            text=f"{brief}。请提前落实。",
            urgency=7,
        )


def overdue_pledges(view: View, rule: PledgeOverdue) -> Iterator[Obligation]:
    """Each promise that has a day, once that has passed."""
    for each in _pledges(view, rule.id, "期限已调整为"):
        brief = f"{each.brief}，已逾期{view.late(each.due)}天"
        yield replace(each, brief=brief, text=f"{brief}。请尽快兑现并报送，或说明原因。", urgency=2)


def _pledges(view: View, rule: RuleId, moved: str) -> Iterator[Obligation]:
    """Each promise that has a day; `brief` says what was promised, and nothing of today."""
    for name, pledge in view.record.pledges.items():
        if pledge.due is None:
            continue
        what = quoted(pledge.clause or name)
        brief = f"对企业的承诺{what}应于{view.say(pledge.due)}前兑现"
        yield Obligation(
            rule=rule,
            matter=name,
            due=pledge.due,
            since=after(pledge.due),
            brief=brief,
            text=f"{brief}。",
            owed_by=view.record.lead_unit or view.coordinator,
            met=pledge.kept_on,
            done=f"承诺{what}已于{view.say(pledge.kept_on)}兑现" if pledge.kept_on else "",
            moved=f"承诺{what}的{moved}{view.say(pledge.due)}",
        )

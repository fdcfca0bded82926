"""What stands in a project's way, and what the district promises: issues, suspensions, endings, pledges."""

from datetime import date, timedelta
from typing import Final

from deploy.demo.amounts import yuan
from deploy.demo.days import after, working_day
from deploy.demo.deals import Fate
from deploy.demo.diary import Diary
from deploy.demo.funding import SUSPENSION
from deploy.demo.officials import LEAD_OFFICIALS
from deploy.demo.projects import Project
from deploy.demo.timetable import Milestone

_TERMINATION: Final = (6, 17)
_PAUSE: Final = ((5, 12), (7, 3))
# Category, who must clear it, what is wrong, what cleared it.
_ISSUES: Final = (
    ("land", "区规划自然资源局", "用地指标不足，首期用地尚缺30亩", "已从存量指标中调剂落实"),
    ("land", "区规划自然资源局", "地块征拆未完成，影响施工进场", "征拆已完成，场地已移交"),
    ("planning", "区规划自然资源局", "方案与园区控规退距要求不一致", "方案已调整并通过审查"),
    ("funding", "区财政局", "企业流动资金紧张，希望协调银行授信", "已组织银企对接，授信已获批"),
    ("policy", "区经济信息委", "企业申请的设备补贴政策口径不清", "已按一企一策会议纪要明确"),
    ("approval", "区生态环境局", "环评报告需补充评估", "环评批复已取得"),
    ("location", "区规划自然资源局", "中心城区产业定位限制，需另行选址", "已协调调整至园区地块"),
    ("other", "区住房城乡建委", "施工用电容量不足", "专线已接通"),
)
_HOURS_IN_DAYS: Final = {"at-once": 2, "urgent": 5, "special": 15}
_CLAUSES: Final = (
    "固定资产投资补助，按实际到位设备投资的3%",
    "标准厂房租金前三年减半补贴",
    "高管人才公寓及子女入学保障",
    "项目用地七通一平",
    "物流运输费用补贴",
)


def befall(diary: Diary, project: Project, agreed: dict[str, Milestone], year: int) -> None:
    """Write down a project's troubles, and strike what could not happen because of them."""
    rng = diary.rng
    if project.deal.depth != "landing":
        _give_up(diary, project, year, "投资方战略调整，双方协商一致不再推进")
        return
    match project.deal.fate:
        case Fate.STALLED:
            due = agreed[project.deal.stalls_at or "started"].due
            _raise_issue(diary, project, after(due, -rng.randint(5, 12)), solved=False)
        case Fate.TERMINATED:
            _give_up(diary, project, year, "投资方资金链断裂，经区政府审定解除协议")
        case Fate.SUSPENDED:
            _suspend(diary, project, date(year, *SUSPENSION), "用地报批政策调整，暂缓推进")
        case Fate.RESUMED:
            _pause(diary, project, year)
        case _ if rng.random() < 0.35:
            day = after(project.deal.signed_on, rng.randint(20, 90))
            _raise_issue(diary, project, day, solved=rng.random() < 0.8)


def promise(diary: Diary, project: Project) -> None:
    """Write down what the district promised in the contract, and whether it kept its word."""
    rng = diary.rng
    if project.deal.depth != "landing" or rng.random() > 0.3:
        return
    made = after(project.deal.signed_on, rng.randint(0, 6))
    due = after(made, rng.randint(90, 200))
    pledge = f"{project.id}-C1"
    amount = yuan(max(20, round(project.deal.amount * 0.01 / 10) * 10)) if rng.random() < 0.7 else None
    clause = rng.choice(_CLAUSES)
    diary.note(made, "investment", "pledge-made", pledge=pledge, clause=clause, amount=amount, due=due.isoformat())
    if rng.random() < 0.75:
        diary.note(after(due, -rng.randint(1, 30)), "finance", "pledge-kept", pledge=pledge, amount=amount)


def hand_over(diary: Diary, project: Project) -> None:
    """Write down that another official took over, for the few projects where that was so."""
    rng = diary.rng
    if project.deal.depth == "landing" and rng.random() < 0.08:
        successor = rng.choice([name for name in LEAD_OFFICIALS if name != project.lead_official])
        claim = project.claim() | {"lead_official": successor}
        diary.note(
            after(project.deal.signed_on, rng.randint(30, 120)), "investment", "claimed", **claim, note="分工调整"
        )


def _raise_issue(diary: Diary, project: Project, day: date, *, solved: bool) -> None:
    rng = diary.rng
    category, owner, text, solution = rng.choice(_ISSUES)
    urgency = rng.choices(list(_HOURS_IN_DAYS), [1, 3, 3])[0]
    issue = f"{project.id}-Q1"
    due = day + timedelta(days=_HOURS_IN_DAYS[urgency])
    diary.note(
        day,
        project.zone,
        "issue-raised",
        issue=issue,
        category=category,
        urgency=urgency,
        owner_unit=owner,
        text=text,
        due=due.isoformat(),
    )
    if solved:
        diary.note(after(day, rng.randint(3, 25)), project.zone, "issue-resolved", issue=issue, text=solution)


def _suspend(diary: Diary, project: Project, day: date, reason: str) -> None:
    diary.strike_after(day)
    diary.note(working_day(day), project.zone, "suspended", reason=reason)


def _pause(diary: Diary, project: Project, year: int) -> None:
    first, last = (working_day(date(year, *day)) for day in _PAUSE)
    diary.postpone(first, (last - first).days + 3)
    diary.note(first, project.zone, "suspended", reason="上级环保督察整改，暂停施工")
    diary.note(last, project.zone, "resumed", reason="整改验收合格，恢复施工")


def _give_up(diary: Diary, project: Project, year: int, reason: str) -> None:
    if project.deal.fate is Fate.TERMINATED:
        day = working_day(max(date(year, *_TERMINATION), project.deal.signed_on + timedelta(days=10)))
        diary.strike_after(day)
        diary.note(day, "investment", "terminated", reason=reason)

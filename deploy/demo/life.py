"""A project's course from its registration to its full capacity, as the departments report it."""

from datetime import date, timedelta
from random import Random
from typing import Any, Final

from deploy.demo.amounts import yuan
from deploy.demo.days import after, round_date, working_day
from deploy.demo.deals import Depth, Fate, Signing
from deploy.demo.diary import Diary
from deploy.demo.fairs import Fair
from deploy.demo.officials import PANEL
from deploy.demo.projects import Project
from deploy.demo.timetable import Milestone, timetable

_REPORTERS: Final = {
    "site-fixed": "planning",
    "planned": "planning",
    "started": "housing",
    "completed": "housing",
}
_BEFORE_CONTRACT: Final = ("signed", "site-fixed")
# How far along the way from registration to contract each step lies.
_NEGOTIATION: Final[dict[str, float]] = {
    "registered": 0.0,
    "evaluated": 0.2,
    "intent-signed": 0.38,
    "claimed": 0.44,
    "timetable-set": 0.5,
    "preliminary": 0.62,
    "industry": 0.72,
    "legal": 0.82,
    "approved": 0.93,
}
_REACHES: Final[dict[Depth, str]] = {
    "reserve": "registered",
    "talks": "evaluated",
    "intent": "intent-signed",
    "claimed": "preliminary",
    "landing": "approved",
}


def negotiate(diary: Diary, project: Project) -> dict[str, Milestone]:
    """Write down all from the registration to the signatures; returns the timetable that was agreed."""
    rng = diary.rng
    agreed = timetable(rng, project.deal)
    steps = list(_NEGOTIATION)
    length = (project.deal.signed_on - project.registered_on).days
    for step in steps[: steps.index(_REACHES[project.deal.depth]) + 1]:
        day = after(project.registered_on, _NEGOTIATION[step] * length + rng.uniform(0, 0.04) * length)
        _step(diary, project, step, project.registered_on if step == "registered" else day, agreed)
    _signatures(diary, project)
    return agreed


def land(diary: Diary, project: Project, agreed: dict[str, Milestone]) -> None:
    """Write down the milestones that were reached, up to full capacity."""
    rng = diary.rng
    for name, milestone in agreed.items():
        if name != "signed" and milestone.on:
            unit = _REPORTERS.get(name, project.cluster.unit)
            diary.note(milestone.on, unit, name, **(_site(rng, project) if name == "site-fixed" else {}))
    if running := agreed["commissioned"].on:
        swift = project.deal.fate is Fate.SWIFT
        diary.note(
            after(running, rng.randint(40, 60) if swift else rng.randint(90, 180)), project.cluster.unit, "at-capacity"
        )


def _step(diary: Diary, project: Project, step: str, day: date, agreed: dict[str, Milestone]) -> None:
    rng = diary.rng
    match step:
        case "registered":
            diary.note(day, "investment", step, **_registration(project))
        case "evaluated":
            diary.note(day, "investment", step, factors=_factors(rng, project))
        case "intent-signed":
            diary.note(day, "investment", step, amount=yuan(project.deal.amount))
        case "claimed":
            diary.note(day, "investment", step, **project.claim())
        case "timetable-set":
            _agree(diary, project, day, agreed)
        case "approved":
            # The government meets weekly, and its minutes are numbered by the year.
            minutes = f"区政府常务会议纪要〔{day.year}〕{day.isocalendar().week}号"
            diary.note(day, "office", step, minutes=minutes)
        case _:
            _review(diary, project, step, day)


def _agree(diary: Diary, project: Project, day: date, agreed: dict[str, Milestone]) -> None:
    """All milestones where a contract follows; where none does, those up to the contract, and many are put off."""
    rng = diary.rng
    landing = project.deal.depth == "landing"
    due = {name: milestone.due for name, milestone in agreed.items() if landing or name in _BEFORE_CONTRACT}
    _set_timetable(diary, project, day, due)
    if not landing and rng.random() < 0.5:
        later = {name: round_date(milestone + timedelta(days=75)) for name, milestone in due.items()}
        _set_timetable(diary, project, after(due["signed"], -3), later)


def _set_timetable(diary: Diary, project: Project, day: date, due: dict[str, date]) -> None:
    milestones = {name: milestone.isoformat() for name, milestone in due.items()}
    diary.note(day, project.cluster.unit, "timetable-set", milestones=milestones)


def _registration(project: Project) -> dict[str, Any]:
    return {
        "name": project.name,
        "investor": project.investor.data(),
        "industry": project.industry,
        "cluster": project.cluster.name,
        "planned_amount": yuan(project.deal.amount),
        **project.channel,
    }


def _factors(rng: Random, project: Project) -> dict[str, Any]:
    intensity = rng.randint(260, 520)
    opinions = {
        "industry": f"符合{project.cluster.name}产业布局，产业链带动作用较强",
        "planning": "符合国土空间总体规划和园区控制性详细规划",
        "land": "用地指标可在园区存量内统筹",
        "environment": "属环境准入清单允许类，须依法办理环评手续",
        "intensity": f"投资强度约{intensity}万元/亩，达到园区准入标准",
    }
    weak = rng.choice(("land", "environment")) if rng.random() < 0.2 else None
    factors = {}
    for name, opinion in opinions.items():
        unit, person = PANEL[name]
        doubtful = name == weak
        factors[name] = {
            "verdict": "conditional" if doubtful else "pass",
            "opinion": "原则同意，须补充论证材料" if doubtful else opinion,
            "signer": f"{unit} {person}",
            "score": str(rng.randint(66, 75) if doubtful else rng.randint(78, 96)),
        }
    return factors


def _review(diary: Diary, project: Project, gate: str, day: date) -> None:
    rng = diary.rng
    unit = {"preliminary": "investment", "industry": project.cluster.unit, "legal": "justice"}[gate]
    if gate == "legal" and project.deal.fate is Fate.REVIEWED_LATE:
        day = after(project.deal.signed_on, 12)
    elif rng.random() < 0.12:
        returned = after(day, -6)
        diary.note(returned, unit, "reviewed", gate=gate, outcome="returned", opinion="违约责任条款不明确，退回补正")
    sealed = f"{rng.getrandbits(256):064x}"
    diary.note(day, unit, "reviewed", gate=gate, outcome="passed", opinion="审查通过", sha256=sealed)


def _signatures(diary: Diary, project: Project) -> None:
    rng = diary.rng
    deal = project.deal
    if deal.depth == "landing":
        _sign(diary, Signing(deal.signed_on, "contract", deal.amount, deal.fair))
    for other in deal.others:
        _sign(diary, other)
    if deal.depth == "landing" and not deal.others and rng.random() < 0.08:
        later = working_day(deal.signed_on + timedelta(days=rng.randint(40, 90)))
        _sign(diary, Signing(later, "supplement", rng.randrange(500, 3_001, 500)))


def _sign(diary: Diary, signing: Signing) -> None:
    kind = {"contract": "投", "framework": "框", "supplement": "补"}[signing.kind]
    diary.note(
        working_day(signing.on),
        "investment",
        "signed",
        kind=signing.kind,
        amount=yuan(signing.amount),
        number=f"招商{kind}字〔{signing.on:%Y〕%m%d}-{diary.subject[-3:]}号",
        platform=_platform(signing.fair),
    )


def _platform(fair: Fair | None) -> dict[str, str] | None:
    return {"name": fair.name, "level": fair.level} if fair else None


def _site(rng: Random, project: Project) -> dict[str, str]:
    zone = project.claim()["command_office"].removesuffix("指挥部办公室")
    area = max(8, round(project.deal.amount / rng.uniform(260, 520)))
    plot = f"{rng.choice('ABCDE')}{rng.randint(1, 9)}-{rng.randint(1, 30):02}号地块"
    return {"site": f"{zone}{plot}", "area_mu": str(area), "zone": zone}

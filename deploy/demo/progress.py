"""What the command offices say of a project between its milestones, in the field's own words."""

from datetime import date, timedelta
from random import Random
from typing import Final

from deploy.demo.days import working_day
from deploy.demo.diary import Diary
from deploy.demo.projects import Project
from deploy.demo.timetable import Milestone

_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "talks": ("正进行实质性谈判", "达成初步合作意向", "企业来区实地考察选址", "正在商谈协议文本"),
    "signed": ("正在办理公司注册和项目备案", "正进行规划设计", "正完善规划设计方案"),
    "site-fixed": ("已确定入驻集中区，正进行规划设计", "正办理土地挂牌前期手续", "已完成地勘"),
    "planned": ("正在办理施工许可", "场地平整已完成", "施工图审查已完成"),
    "started": ("已开工建设", "正加快推进主体结构施工", "主体结构已封顶", "设备正在安装调试"),
    "completed": ("厂房已竣工验收，设备安装调试中", "正在办理生产许可"),
    "commissioned": ("已投入运营", "首批产品已下线", "二期已开工", "正扩大产能"),
}
_QUANTITIES: Final = (
    ("已完成厂房建设{}平方米", "平方米", (4_000, 30_000)),
    ("已安装设备{}台（套）", "台（套）", (20, 260)),
    ("已招聘本地员工{}人", "人", (30, 420)),
)


def report_progress(diary: Diary, project: Project, agreed: dict[str, Milestone], first: date, last: date) -> None:
    """Write down a few words every few weeks, from the first talks until `last`; none before `first`."""
    rng = diary.rng
    day = max(project.registered_on, first) + timedelta(days=rng.randint(12, 40))
    while day <= last:
        stage = _stage(day, agreed)
        phrase, quantity = _words(rng, stage, project)
        unit = project.zone if stage != "talks" else project.cluster.unit
        diary.note(working_day(day), unit, "progress-reported", phrase=phrase, quantity=quantity)
        day += timedelta(days=rng.randint(40, 75))


def _stage(day: date, agreed: dict[str, Milestone]) -> str:
    reached = [name for name, milestone in agreed.items() if milestone.on and milestone.on <= day]
    return reached[-1] if reached else "talks"


def _words(rng: Random, stage: str, project: Project) -> tuple[str, dict[str, str] | None]:
    if stage in ("started", "commissioned") and rng.random() < 0.25:
        if project.industry.startswith("A"):
            mu = rng.randrange(1_000, 5_001, 500)
            return f"一期已种植{mu}亩", {"value": str(mu), "unit": "亩"}
        words, unit, (low, high) = rng.choice(_QUANTITIES)
        value = rng.randrange(low, high, 10)
        return words.format(value), {"value": str(value), "unit": unit}
    return rng.choice(_WORDS[stage]), None

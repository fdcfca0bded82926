"""The year's investment fairs and signing ceremonies, each with the level of its host."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.places import province_name

Level = Literal["national", "provincial", "municipal", "district"]


@dataclass(frozen=True, slots=True)
class Fair:
    """An occasion on which contracts are signed in public, on one day."""

    name: str
    level: Level
    on: date


@dataclass(frozen=True, slots=True)
class Season:
    """The fairs of one year, in the order of the calendar; those from `harvest` on lie after August."""

    start: Fair
    briefing: Fair
    flagship: Fair
    spring: Fair
    national: Fair
    summer: Fair
    ceremony: Fair
    harvest: Fair
    imports: Fair


def short_province(district: str) -> str:
    """The province as people say it: 四川 for 四川省; 本省 when the code names none."""
    name = province_name(district) or "本省"
    for ending in ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "特别行政区", "省", "市"):
        if name != "本省" and name.endswith(ending):
            return name.removesuffix(ending)
    return name


def season(district: str, year: int) -> Season:
    """The fairs that a district goes to in a year."""
    return Season(
        start=Fair("全区产业招商突破年推介会", "district", date(year, 2, 5)),
        briefing=Fair("全市专题投资推介会", "municipal", date(year, 3, 12)),
        flagship=Fair(f"中外知名企业{short_province(district)}行", "provincial", date(year, 4, 16)),
        spring=Fair("渝洽会", "provincial", date(year, 5, 21)),
        national=Fair("西博会", "national", date(year, 6, 11)),
        summer=Fair("西投会", "provincial", date(year, 7, 9)),
        ceremony=Fair("全市重点项目集中签约仪式", "municipal", date(year, 7, 23)),
        harvest=Fair("省级重大招商项目集中签约活动", "provincial", date(year, 10, 22)),
        imports=Fair("进博会", "national", date(year, 11, 6)),
    )

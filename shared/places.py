"""Places: what a place code may be, and how far an origin is from a district."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

PROVINCES: Mapping[str, str] = MappingProxyType(
    {
        "11": "北京市",
        "12": "天津市",
        "13": "河北省",
        "14": "山西省",
        "15": "内蒙古自治区",
        "21": "辽宁省",
        "22": "吉林省",
        "23": "黑龙江省",
        "31": "上海市",
        "32": "江苏省",
        "33": "浙江省",
        "34": "安徽省",
        "35": "福建省",
        "36": "江西省",
        "37": "山东省",
        "41": "河南省",
        "42": "湖北省",
        "43": "湖南省",
        "44": "广东省",
        "45": "广西壮族自治区",
        "46": "海南省",
        "50": "重庆市",
        "51": "四川省",
        "52": "贵州省",
        "53": "云南省",
        "54": "西藏自治区",
        "61": "陕西省",
        "62": "甘肃省",
        "63": "青海省",
        "64": "宁夏回族自治区",
        "65": "新疆维吾尔自治区",
        "71": "台湾省",
        "81": "香港特别行政区",
        "82": "澳门特别行政区",
    }
)
"""GB/T 2260: the first two digits of a place code → the province's name."""

# Counted as abroad by the rule for funds, under their GB/T 2260 code as under HK, MO and TW.
_ABROAD_PROVINCES = frozenset({"71", "81", "82"})

_COUNTRIES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM
    JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP
    MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN
    TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_COUNTRIES.split())
"""ISO 3166-1 alpha-2 without CN: a place in China is named by its GB/T 2260 code, or its tier could not be told."""


class Tier(StrEnum):
    """How far an origin is, seen from a district; the farthest first."""

    ABROAD = "abroad"
    OUTSIDE_PROVINCE = "outside-province"
    OUTSIDE_CITY = "outside-city"
    OUTSIDE_DISTRICT = "outside-district"
    LOCAL = "local"


def is_domestic(code: str) -> bool:
    """Six digits of GB/T 2260 whose first two are a province; whether the county exists is not looked up."""
    return len(code) == 6 and code.isascii() and code.isdigit() and code[:2] in PROVINCES


def is_place(code: str) -> bool:
    """A GB/T 2260 code, or the ISO 3166-1 alpha-2 code of a place abroad (HK, MO and TW included, CN not)."""
    return is_domestic(code) or code in COUNTRIES


def tier(origin: str, district: str) -> Tier:
    """How far `origin` is from `district`, by the digits alone; a code of a province or city counts as written.

    Raises ValueError when `origin` is no place, or `district` no GB/T 2260 code.
    """
    if not is_place(origin):
        raise ValueError(f"not a place: {origin!r}")
    if not is_domestic(district):
        raise ValueError(f"not a GB/T 2260 code: {district!r}")
    if origin in COUNTRIES or origin[:2] in _ABROAD_PROVINCES:
        return Tier.ABROAD
    if origin[:2] != district[:2]:
        return Tier.OUTSIDE_PROVINCE
    if origin[:4] != district[:4]:
        return Tier.OUTSIDE_CITY
    return Tier.LOCAL if origin == district else Tier.OUTSIDE_DISTRICT


def province_name(code: str) -> str | None:
    """The province's name in Chinese for a GB/T 2260 code of any level; None for any other code."""
    return PROVINCES[code[:2]] if is_domestic(code) else None

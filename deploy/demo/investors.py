"""Investors that nobody knows: where they come from, their names and credit codes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Literal

from deploy.demo.clusters import Product
from deploy.demo.credit_code import credit_code
from deploy.demo.fairs import short_province
from deploy.demo.plan import YI_IN_WAN

Tier = Literal["abroad", "outside-province", "outside-city", "outside-district", "local"]

_GROUP: Final = 12 * YI_IN_WAN
_FIRST: Final = "瀚昊晟睿铭泽弘骏沣珩煜翊湛璟霖楷栩澜岚峻"
_SECOND: Final = "辰润翔讯晖拓禾朗策迈衡曜洲序屹桓川颂至樾"


@dataclass(frozen=True, slots=True)
class Home:
    """Where a company comes from: the origin to count by, the city in its name, where it is registered."""

    origin: str
    city: str
    registered: str


@dataclass(frozen=True, slots=True)
class Investor:
    """An investor as a `registered` event names it; `brand` is the short name that its projects bear."""

    name: str
    brand: str
    origin: str
    uscc: str | None
    tags: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """The `investor` field of a `registered` event."""
        optional = {"uscc": self.uscc, "tags": list(self.tags)}
        return {"name": self.name, "origin": self.origin} | {key: value for key, value in optional.items() if value}


def _homes(*lines: str) -> tuple[Home, ...]:
    return tuple(Home(*line.split(" ")) for line in lines)


# Guangdong, Beijing and the lower Yangtze send the most.
_AFAR: Final = _homes(
    "440300 深圳市 440305",
    "440300 深圳市 440306",
    "440300 深圳 440307",
    "440100 广州市 440112",
    "441900 东莞市 441900",
    "440600 佛山市 440605",
    "110000 北京 110108",
    "110000 北京 110115",
    "330100 杭州 330108",
    "330200 宁波 330206",
    "330400 浙江 330411",
    "320500 苏州 320506",
    "320200 江苏 320214",
    "310000 上海 310115",
    "310000 上海 310112",
    "360100 江西 360106",
    "360700 赣州 360703",
    "530100 云南 530112",
    "530100 昆明 530114",
    "350200 厦门 350206",
    "420100 武汉 420115",
    "430100 湖南 430104",
    "370200 青岛 370212",
    "510100 成都 510107",
    "500000 重庆 500112",
)
_NEAR: Final[Mapping[str, tuple[tuple[Home, ...], tuple[Home, ...]]]] = {
    "50": (
        _homes("500235 重庆 500235", "500233 重庆 500233", "500230 重庆 500230", "500236 重庆 500236"),
        _homes("500112 重庆 500112", "500107 重庆 500107", "500102 重庆 500102", "500115 重庆 500115"),
    )
}
"""First two digits of a district → homes outside its city, and in its city: real codes where they are known to us."""


def homes(district: str, tier: Tier) -> tuple[Home, ...]:
    """Where investors of a tier come from, seen from a district."""
    province = short_province(district)
    city, county = _NEAR.get(
        district[:2], (_invented_cities(district, province), _invented_counties(district, province))
    )
    match tier:
        case "abroad":
            return _homes("HK 香港 810000")
        case "outside-province":
            return tuple(home for home in _AFAR if home.origin[:2] != district[:2])
        case "outside-city":
            return tuple(home for home in city if home.origin[:4] != district[:4]) or _invented_cities(
                district, province
            )
        case "outside-district":
            own = tuple(home for home in county if home.origin[:4] == district[:4] and home.origin != district)
            return own or _invented_counties(district, province)
    return (Home(district, province, district),)


def brands(rng: Random) -> Iterator[str]:
    """Brand names in an order of the seed, none twice."""
    names = [first + second for first in _FIRST for second in _SECOND]
    rng.shuffle(names)
    return iter(names)


def investor(rng: Random, brand: str, home: Home, product: Product, amount: int) -> Investor:
    """An investor for a project of `amount` 万元 that makes a product."""
    if home.origin == "HK":
        return Investor(f"香港{brand}国际投资有限公司", brand, home.origin, None, ())
    tags = _tags(rng, amount)
    listed = "股份有限公司" if "上市公司" in tags else "有限公司"
    form = f"集团{listed}" if amount >= _GROUP else listed
    name = f"{home.city}{brand}{rng.choice(product.trades)}{form}"
    return Investor(name, brand, home.origin, credit_code(rng, home.registered), tags)


def _tags(rng: Random, amount: int) -> tuple[str, ...]:
    if amount >= _GROUP:
        return (rng.choice(["中国500强", "中国民营企业500强", "世界500强"]), "上市公司")
    if amount >= 3 * YI_IN_WAN:
        return rng.choice([("上市公司",), ("国家级专精特新小巨人",), ("高新技术企业",), ()])
    return rng.choice([("高新技术企业",), (), ()])


def _invented_cities(district: str, province: str) -> tuple[Home, ...]:
    cities = [f"{district[:2]}{number:02}00" for number in range(1, 8)]
    return tuple(Home(code, province, f"{code[:4]}02") for code in cities if code[:4] != district[:4])


def _invented_counties(district: str, province: str) -> tuple[Home, ...]:
    counties = [f"{district[:4]}{number:02}" for number in range(1, 8)]
    return tuple(Home(code, province, code) for code in counties if code != district)

"""The "6+1" industrial clusters: what they make, and who answers for them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Product:
    """What a project is about: its GB/T 4754 code, the words of the project's name, the trades of who makes it."""

    industry: str
    name: str
    trades: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster with its unit on the bus, that unit's Chinese name, the zones it settles in, and its products."""

    name: str
    unit: str
    lead_unit: str
    zones: tuple[str, ...]
    products: tuple[Product, ...]


def _products(text: str) -> tuple[Product, ...]:
    """One product a line: code, name, trades separated by a slash."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    return tuple(Product(industry, name, tuple(trades.split("/"))) for industry, name, trades in rows)


CLUSTERS: Final = (
    Cluster(
        "装备制造",
        "economy",
        "区经济信息委",
        ("zone-2", "zone-1"),
        _products(
            """
            C3841 新能源电池结构件 新能源科技/精密制造
            C3670 汽车轻量化底盘 汽车零部件/汽车科技
            C3491 工业机器人减速器 智能装备/精密机械
            C3484 精密传动部件 精密机械/传动科技
            C3812 新能源汽车驱动电机 电驱科技/新能源科技
            C3562 半导体封装设备 智能装备/自动化设备
            C3434 起重搬运装备 重工/装备制造
            """
        ),
    ),
    Cluster(
        "电子信息",
        "economy",
        "区经济信息委",
        ("zone-1", "zone-3"),
        _products(
            """
            C3982 高密度电路板 电子科技/电路科技
            C3974 车载显示模组 光电/显示科技
            C3976 光学镜头 光电/光学科技
            C3912 智能终端整机 智能科技/电子科技
            C3981 片式电阻电容 电子元件/电子科技
            C3973 功率器件封测 半导体/微电子
            """
        ),
    ),
    Cluster(
        "新材料",
        "economy",
        "区经济信息委",
        ("zone-2", "zone-3"),
        _products(
            """
            C3061 玻璃纤维复合材料 复合材料/新材料
            C3252 高端铝板带 铝业/新材料
            C3985 锂电池正极材料 新能源材料/新材料科技
            C2651 可降解树脂 高分子材料/生物材料
            C3240 铜基合金 合金材料/新材料
            C3091 石墨负极材料 碳材料/新能源材料
            """
        ),
    ),
    Cluster(
        "医药健康",
        "economy",
        "区经济信息委",
        ("zone-2", "zone-4"),
        _products(
            """
            C2740 中成药智能化生产 制药/中药
            C2720 化学药制剂 制药/药业
            C2730 中药饮片加工 中药/药业
            C3581 医学影像设备 医疗器械/医疗科技
            C2761 重组蛋白药物 生物科技/生物制药
            F5251 连锁药店配送中心 医药/大药房连锁
            """
        ),
    ),
    Cluster(
        "食品精深加工",
        "agriculture",
        "区农业农村委",
        ("zone-6", "zone-6", "zone-2"),
        _products(
            """
            C1371 榨菜及蔬菜精深加工 食品/农业科技
            C1353 肉制品冷链加工 食品/牧业
            C1469 复合调味品 调味食品/食品
            C1523 柑橘果汁 饮品/食品
            C1439 预制菜中央厨房 食品科技/食品
            A0151 柑橘种植及加工一体化 生态农业/农业科技
            """
        ),
    ),
    Cluster(
        "商贸物流",
        "commerce",
        "区商务委",
        ("zone-3", "zone-4", "zone-1"),
        _products(
            """
            G5930 冷链物流园 冷链物流/供应链
            G5810 多式联运物流港 物流/国际物流
            L7222 城市商业综合体 商业管理/置业
            G5990 跨境电商仓储 供应链/电子商务
            F5123 农产品批发市场 农产品/商贸
            """
        ),
    ),
    Cluster(
        "文化旅游",
        "culture",
        "区文化旅游委",
        ("zone-5", "zone-5", "zone-4"),
        _products(
            """
            N7861 山水生态度假区 文旅/旅游开发
            R9020 主题乐园 文旅/文化娱乐
            H6110 康养度假酒店 酒店管理/文旅
            N7869 古镇保护性开发 文化旅游/旅游开发
            H6130 乡村民宿集群 民宿管理/文旅
            """
        ),
    ),
)
"""The six and the one; manufacturing comes first."""

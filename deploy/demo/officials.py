"""Who answers for projects: fictional officials, the departments and the six command offices.

None of these depends on the seed, so that one directory of contacts fits every simulated year.
"""

from typing import Final

DISTRICT_HEAD: Final = "孙立新 区长"

LEAD_OFFICIALS: Final = (
    "王建国 副区长",
    "李明德 区委常委",
    "陈晓东 副区长",
    "刘志远 区人大常委会副主任",
    "张丽华 副区长",
    "赵永康 区政协副主席",
    "周文斌 区委副书记",
    "吴海燕 副区长",
    "郑国强 经开区管委会主任",
)

UNITS: Final = {
    "investment": "区招商投资局",
    "economy": "区经济信息委",
    "commerce": "区商务委",
    "agriculture": "区农业农村委",
    "culture": "区文化旅游委",
    "finance": "区财政局",
    "planning": "区规划自然资源局",
    "housing": "区住房城乡建委",
    "justice": "区司法局",
    "office": "区政府办公室",
    "zone-1": "高铁新区指挥部办公室",
    "zone-2": "经开区指挥部办公室",
    "zone-3": "临空园区指挥部办公室",
    "zone-4": "滨江新城指挥部办公室",
    "zone-5": "文旅度假区指挥部办公室",
    "zone-6": "现代农业园区指挥部办公室",
}
"""Unit token on the bus → the department's name; zone-1 to zone-6 are the command offices of the six zones."""

PANEL: Final = {
    "industry": ("区经济信息委", "何志刚"),
    "planning": ("区规划自然资源局", "林晓峰"),
    "land": ("区规划自然资源局", "谢文静"),
    "environment": ("区生态环境局", "唐国平"),
    "intensity": ("区招商投资局", "冯雅琴"),
}
"""The five factors of an evaluation → who signs for each."""

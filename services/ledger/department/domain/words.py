"""The words of a department's workbook: a sheet for each event, a head for each field, a word for each choice."""

from collections.abc import Mapping
from typing import Final

SHEETS: Final[Mapping[str, str]] = {
    "registered": "登记",
    "claimed": "认领",
    "evaluated": "评估",
    "intent-signed": "意向签约",
    "timetable-set": "时间表",
    "reviewed": "审查",
    "approved": "审定",
    "signed": "签约",
    "site-fixed": "选址",
    "planned": "规划完成",
    "started": "开工",
    "completed": "竣工",
    "commissioned": "投产",
    "at-capacity": "达产",
    "funds-arrived": "资金到位",
    "progress-reported": "进展",
    "suspended": "暂停",
    "resumed": "恢复",
    "terminated": "终止",
    "issue-raised": "问题",
    "issue-resolved": "问题办结",
    "pledge-made": "承诺",
    "pledge-kept": "兑现",
    "outreach-made": "外出招商",
    "target-set": "目标任务",
    "voided": "作废",
}
"""Event → sheet. What the notifier writes is no department's to say."""

ID, REPLACES, SUBJECT, TRIP = "编号", "更正编号", "项目编号", "行程编号"
EXAMPLE = "示例"
GUIDE = "说明"

# Field → head and what a row could say; "event field" where the same field means something else there.
_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "on": ("日期", "2026-08-30"),
    "note": ("备注", "按协议约定"),
    "name": ("项目名称", "智能装备产业园项目"),
    "investor.name": ("投资方名称", "深圳某某装备有限公司"),
    "investor.origin": ("投资方所在地", "440305"),
    "investor.uscc": ("投资方统一社会信用代码", "915001010000001742"),
    "investor.tags": ("投资方标签", "上市公司、世界500强"),
    "industry": ("行业代码", "C3670"),
    "channel": ("招商方式", "自主招商"),
    "cluster": ("产业集群", "装备制造"),
    "agent": ("中介机构", "某某商会"),
    "introduced_by": ("引荐人", "张三"),
    "driven_by": ("带动企业或项目", "某某汽车"),
    "planned_amount": ("计划投资（元）", "620000000.00"),
    "summary": ("项目简介", "新建厂房和生产线"),
    "lead_official": ("挂包领导", "李明"),
    "lead_unit": ("牵头单位", "经信局"),
    "command_office": ("指挥部办公室", "高新区指挥部办公室"),
    **{
        f"factors.{factor}.{part}": (f"{word}：{head}", example)
        for factor, word in {
            "industry": "产业发展",
            "planning": "整体规划",
            "land": "用地保障",
            "environment": "环保准入",
            "intensity": "投资强度",
        }.items()
        for part, (head, example) in {
            "verdict": ("结论", "通过"),
            "opinion": ("意见", "符合要求"),
            "signer": ("签字人", "王芳"),
            "score": ("评分", "92.5"),
        }.items()
    },
    "amount": ("金额（元）", "120000000.00"),
    "milestones.site-fixed": ("选址期限", "2026-03-15"),
    "milestones.planned": ("规划期限", "2026-04-15"),
    "milestones.signed": ("签约期限", "2026-04-30"),
    "milestones.started": ("开工期限", "2026-08-31"),
    "milestones.completed": ("竣工期限", "2027-06-30"),
    "milestones.commissioned": ("投产期限", "2027-12-31"),
    "gate": ("审查环节", "法制审查"),
    "outcome": ("审查结果", "通过"),
    "opinion": ("意见", "同意"),
    "sha256": ("文件摘要（SHA-256）", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    "minutes": ("会议纪要", "区政府常务会议纪要〔2026〕12号"),
    "kind": ("协议种类", "正式合同"),
    "number": ("协议编号", "ZS-2026-031"),
    "platform.name": ("签约平台", "中外知名企业四川行"),
    "platform.level": ("平台级别", "省级"),
    "share": ("本区份额（%）", "60"),
    "site": ("地块", "高新区A-07地块"),
    "area_mu": ("面积（亩）", "118.5"),
    "zone": ("园区", "高新区"),
    "origin": ("资金来源地", "440300"),
    "nature": ("资金性质", "固定资产"),
    "evidence.kind": ("凭证种类", "银行进账单"),
    "evidence.reference": ("凭证编号", "JZ-88121"),
    "evidence.sha256": ("凭证摘要（SHA-256）", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    "original.amount": ("原币金额", "17000000"),
    "original.currency": ("原币币种", "USD"),
    "original.rate": ("折算汇率", "7.0588235294"),
    "phrase": ("进展情况", "完成投资3000万元，主体结构封顶"),
    "quantity.value": ("数量", "3000"),
    "quantity.unit": ("数量单位", "万元"),
    "reason": ("原因", "用地指标未落实"),
    "issue": ("问题编号", "land-1"),
    "category": ("问题类别", "用地"),
    "urgency": ("紧急程度", "紧急"),
    "owner_unit": ("责任单位", "规划自然资源局"),
    "text": ("情况", "尚缺用地指标30亩"),
    "due": ("期限", "2026-09-30"),
    "pledge": ("承诺编号", "p-1"),
    "clause": ("承诺内容", "厂房租金三年减半"),
    "city": ("前往城市", "深圳"),
    "led_by": ("带队领导", "王建国"),
    "met": ("会见企业", "某某集团、某某科技"),
    "projects": ("涉及项目", "P-2026-017、P-2026-018"),
    "year": ("年度", "2026"),
    "indicator": ("指标代码", "funds-arrived"),
    "value": ("目标值", "105"),
    "issued_by": ("下达单位", "市招商引资工作领导小组"),
    "event": ("作废的编号", "2026-000171"),
}

_CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "channel": {
        "fixed-point": "定点招商",
        "targeted": "定位招商",
        "directional": "定向招商",
        "agent": "中介招商",
        "commissioned": "委托招商",
        "enterprise": "以商招商",
        "own": "自主招商",
    },
    "verdict": {"pass": "通过", "conditional": "有条件通过", "fail": "不通过"},
    "gate": {"preliminary": "协议初审", "industry": "行业审查", "legal": "法制审查"},
    "outcome": {"passed": "通过", "returned": "退回修改", "rejected": "否决"},
    "kind": {"contract": "正式合同", "framework": "框架协议", "supplement": "补充协议"},
    "level": {"national": "国家级", "provincial": "省级", "municipal": "市级", "district": "区级"},
    "nature": {
        "fixed-assets": "固定资产",
        "working-capital": "流动资金",
        "registered-capital": "注册资本",
        "other": "其他",
    },
    "category": {
        "policy": "政策",
        "land": "用地",
        "funding": "资金",
        "planning": "规划",
        "approval": "审批",
        "location": "选址",
        "other": "其他",
    },
    "urgency": {"at-once": "立即办", "urgent": "紧急", "special": "专题研究"},
}


def head(path: str) -> str:
    """The head of a field's column, the field named by its path in the data: `investor.name`."""
    return _FIELDS[path][0]


def example(path: str) -> str:
    """What a row could say in it."""
    return _FIELDS[path][1]


def choice(path: str, code: str) -> str:
    """The word for one of the codes that a field may have."""
    return _CHOICES[path.rpartition(".")[2]][code]

"""The words that officials read: zh-CN, the terms of the field, never a code."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from services.reporting.completeness import Gap
from services.reporting.domain import bulletin_words
from services.reporting.domain.lights import Band, Light, LightRule
from services.reporting.domain.progress import Progress, plain
from services.reporting.domain.question import Question
from services.reporting.domain.timeline import Entry
from shared.clock import BUSINESS_ZONE
from shared.places import PROVINCES, province_name

STAGES: Mapping[str, str] = {
    "reserved": "储备",
    "negotiating": "在谈",
    "intent-signed": "意向",
    "approved": "审定",
    "signed": "签约",
    "site-fixed": "选址",
    "planned": "规划",
    "started": "开工",
    "completed": "竣工",
    "commissioned": "投产",
    "at-capacity": "达产",
}
ASIDE: Mapping[str, str] = {"suspended": "暂停", "terminated": "终止"}

_MILESTONES = {
    "site-fixed": "选址敲定",
    "planned": "规划完成",
    "signed": "正式签约",
    "started": "开工建设",
    "completed": "竣工",
    "commissioned": "投产",
}

_EVENTS = {
    "registered": "项目入库",
    "claimed": "明确挂包领导和牵头单位",
    "intent-signed": "签订意向协议",
    "signed": "签约",
    "site-fixed": "敲定选址",
    "planned": "完成规划",
    "started": "开工建设",
    "completed": "竣工",
    "commissioned": "投产",
    "at-capacity": "达产达效",
    "suspended": "暂停",
    "resumed": "恢复推进",
    "terminated": "终止",
    "funds-arrived": "资金到位",
}
_KINDS = {"contract": "正式合同", "framework": "框架协议", "supplement": "补充协议"}
_LEVELS = {"national": "国家级平台", "provincial": "省级平台", "municipal": "市级平台", "district": "区级平台"}
_TIERS = bulletin_words.TIERS
_NATURES = {
    "fixed-assets": "固定资产",
    "working-capital": "流动资金",
    "registered-capital": "注册资本",
    "other": "其他",
}
# The units that publish, by the last part of an event's source; LUODI_UNIT_NAMES adds to them and overrides them.
_UNITS = {
    "finance": "财政局",
    "bureau": "招商局",
    "investment": "招商投资局",
    "economy": "经济信息委",
    "commerce": "商务委",
    "development": "发展改革委",
    "agriculture": "农业农村委",
    "culture": "文化旅游委",
    "planning": "规划自然资源局",
    "housing": "住房城乡建委",
    "environment": "生态环境局",
    "statistics": "统计局",
    "justice": "司法局",
    "office": "政府办公室",
    "city": "市招商局",
    "notifier": "督办系统",
    **{f"zone-{number}": f"{numeral}号片区指挥部办公室" for number, numeral in enumerate("一二三四五六", 1)},
}
_CHANNELS = {
    "fixed-point": "定点招商",
    "targeted": "定位招商",
    "directional": "定向招商",
    "agent": "代理招商",
    "commissioned": "委托招商",
    "enterprise": "以企招商",
    "own": "自主招商",
}
_GATES = {"preliminary": "协议初审", "industry": "行业审查", "legal": "法制审查"}
_OUTCOMES = {"passed": "通过", "returned": "退回修改", "rejected": "否决"}
_URGENCIES = {"at-once": "立即办", "urgent": "紧急", "special": "专题研究"}
_CATEGORIES = {
    "policy": "政策",
    "land": "用地",
    "funding": "资金",
    "planning": "规划",
    "approval": "审批",
    "location": "选址",
    "other": "其他",
}
_CASES = {
    "escalation-opened": "督办立案",
    "escalation-climbed": "督办升级",
    "escalation-acknowledged": "督办签收",
    "escalation-resolved": "督办办结",
}
_EVIDENCE = {
    "bank-slip": "银行进账单",
    "capital-verification": "验资报告",
    "invoice": "发票",
    "land-receipt": "土地出让金票据",
    "equipment-list": "设备清单",
    "equipment-invoice": "设备发票",
}

LIGHTS: Mapping[Light, str] = {"green": "绿灯", "yellow": "黄灯", "red": "红灯"}

_GAPS = {
    "events-parked": "部门上报的数据中有 {count} 条有误，未予入账，已退回报送单位更正",
    "events-not-consumed": "有 {count} 条上报数据尚未入账",
    "records-not-consumed": "有 {count} 个项目的更新尚未计入",
    "records-unread": "有 {count} 条台账记录无法读取",
    "bus-unreachable": "消息总线暂时中断，新上报的数据可能未计入",
}
_GAPS_UNCOUNTED = {
    "events-not-consumed": "上报数据的入账通道尚未建立",
    "records-not-consumed": "台账更新的接收通道尚未建立",
}

_YI, _WAN = Decimal(100_000_000), Decimal(10_000)


def gap(found: Gap) -> str:
    """What the figures lack, as a clause."""
    if found.count is None and found.code in _GAPS_UNCOUNTED:
        return _GAPS_UNCOUNTED[found.code]
    return _GAPS[found.code].format(count=found.count)


day, month_day, instant = bulletin_words.full_day, bulletin_words.month_day, bulletin_words.moment


def minute(value: datetime) -> str:
    """2026-09-05 08:00, in Beijing time."""
    return value.astimezone(BUSINESS_ZONE).strftime("%Y-%m-%d %H:%M")


def period(asked: Question, year_begins: str) -> str:
    """From the first day that counts in a year that begins so to the last: 2026年1—8月 for whole months."""
    return bulletin_words.months(*asked.period(year_begins))


def money(yuan: Decimal | None) -> str:
    """An amount in 亿元 with two decimals from 1 亿元 up, in 万元 below; a dash for none."""
    if yuan is None:
        return "—"
    return f"{yuan / _YI:,.2f}亿元" if yuan >= _YI else f"{yuan / _WAN:,.0f}万元"


def amount(said: object) -> str:
    """An amount as the ledger publishes it, a decimal string in yuan; a dash for none."""
    return "—" if said in {None, "0.00"} else money(Decimal(str(said)))


def exact_wan(yuan: Decimal | None) -> str:
    """An amount in 万元, exact, without trailing zeros; a dash for none."""
    return "—" if yuan is None else format(plain(yuan / _WAN), ",f")


def lead(line: Progress) -> str:
    """How far a figure is before or behind the time line."""
    points = line.lead_points
    if points is None:
        return "未下达目标"
    if points == 0:
        return "与序时持平"
    return f"{'超' if points > 0 else '欠'}序时 {abs(points)} 个百分点"


def light_rule(rule: LightRule) -> str:
    """The rule of the lights, in one sentence."""
    said = _points_behind if rule.by == "lead-points" else _part_of_line
    return "；".join(f"{LIGHTS[light]}：{said(band)}" for light, band in rule.bands()) + "。"


def _points_behind(band: Band) -> str:
    start, below = band.start, band.below
    if start is None:
        return "更为落后" if below is None or below <= 0 else f"超序时不足 {plain(below)} 个百分点"
    if start == 0:
        return "达到或超过序时"
    return f"超序时 {plain(start)} 个百分点及以上" if start > 0 else f"欠序时不超过 {plain(-start)} 个百分点"


def _part_of_line(band: Band) -> str:
    if band.start is None:
        return "更为落后"
    return "达到或超过序时" if band.start == 100 else f"达到序时的 {plain(band.start)}% 及以上"


def milestone(code: str) -> str:
    """A milestone of the timetable."""
    return _MILESTONES.get(code, code)


def happening(row: Mapping[str, Any]) -> str:
    """What a fact says happened, with its amount if it has one."""
    said = _EVENTS.get(row["event"], row["event"])
    if row["event"] == "signed":
        said = f"签订{_KINDS.get(row['kind'], row['kind'])}"
    return f"{said} {money(row['amount'])}" if row["amount"] is not None else said


def own_share(percent: object) -> str:
    """How much of a joint project's amount is the district's; empty when nothing is said of it."""
    return "" if percent is None else f"本区占 {percent}%"


def source_of_money(row: Mapping[str, Any]) -> str:
    """Where the funds come from: tier and province or country."""
    if row["origin"] is None:
        return ""
    place = province_name(row["origin"]) or {"HK": PROVINCES["81"], "MO": PROVINCES["82"], "TW": PROVINCES["71"]}.get(
        row["origin"], row["origin"]
    )
    return f"{_TIERS.get(row['tier'], row['tier'])} · {place}"


def circumstances(row: Mapping[str, Any]) -> str:
    """What distinguishes a fact: nature of the funds, or kind of the contract and its platform."""
    parts = [_NATURES.get(row["nature"]), _KINDS.get(row["kind"]), _LEVELS.get(row["platform_level"]), row["platform"]]
    return " · ".join(part for part in parts if part)


def evidence(found: Mapping[str, Any] | None) -> str:
    """The document that proves a fact."""
    if not found:
        return "—"
    kind = str(found.get("kind", ""))
    return f"{_EVIDENCE.get(kind, kind)} {found.get('reference', '')}".strip()


def unit(source: str | None, names: Mapping[str, str]) -> str:
    """The unit that published an event, by its source: 财政局 for /500101/finance."""
    code = (source or "").rpartition("/")[2]
    return names.get(code) or _UNITS.get(code) or code


def tier(code: str) -> str:
    """How far an origin is, seen from the district."""
    return _TIERS.get(code, code)


def channel(code: str) -> str:
    """How a project was found."""
    return _CHANNELS.get(code, code)


def stage(code: str | None) -> str:
    """A stage of the board."""
    return STAGES.get(code or "") or ASIDE.get(code or "") or code or "—"


def step(entry: Entry) -> str:
    """What an entry of a timeline says happened."""
    if entry.what == "signed":
        kind = entry.details.get("kind")
        return f"签订{_KINDS.get(str(kind), kind)}"
    return _EVENTS.get(entry.what) or _TROUBLES.get(entry.what) or _CASES.get(entry.what) or entry.what


def particulars(entry: Entry) -> str:
    """What else an entry says, in a line; empty when nothing."""
    said = entry.details
    match entry.what:
        case "registered":
            investor = said.get("investor") or {}
            parts = [investor.get("name"), said.get("cluster"), _CHANNELS.get(str(said.get("channel")))]
        case "claimed":
            parts = [said.get("lead_official"), said.get("lead_unit"), said.get("command_office")]
        case "reviewed":
            parts = [_GATES.get(str(said.get("gate"))), _OUTCOMES.get(str(said.get("outcome"))), said.get("opinion")]
        case "signed":
            place = said.get("platform") or {}
            parts = [place.get("name"), _LEVELS.get(str(place.get("level"))), own_share(said.get("share"))]
        case "funds-arrived":
            nature, place = _NATURES.get(str(said.get("nature"))), province_name(str(said.get("origin")))
            parts = [nature, place, own_share(said.get("share"))]
        case "progress-reported":
            parts = [said.get("phrase")]
        case "issue-raised":
            raised = (_CATEGORIES.get(str(said.get("category"))), _URGENCIES.get(str(said.get("urgency"))))
            parts = [*raised, said.get("owner_unit"), said.get("text")]
        case "pledge-made" | "pledge-kept":
            parts = [said.get("clause")]
        case "site-fixed":
            parts = [said.get("site"), said.get("zone")]
        case _:
            parts = [said.get(key) for key in ("reason", "text", "minutes", "who", "note")]
    return " · ".join(str(part) for part in parts if part)


_TROUBLES = {
    "reviewed": "协议审查",
    "approved": "会议审定",
    "progress-reported": "推进情况",
    "issue-raised": "提出问题",
    "issue-resolved": "问题办结",
    "pledge-made": "作出承诺",
    "pledge-kept": "兑现承诺",
}


def apology(code: str) -> str:
    """Why there is no page, by the problem's code, and what to do."""
    return _APOLOGIES.get(code, "没有这个页面。请从首页进入。")


_APOLOGIES = {
    "bad-question": "所选日期或其他条件无法识别，或日期不在所选年度之内。请返回后重新选择。",
    "unknown-district": "还没有收到这个区县的数据。请核对区划代码，或从首页选择。",
    "unknown-indicator": "没有这个指标。请从挂图上点击指标名称进入。",
    "unknown-project": "没有这个项目。请从挂图或项目清单进入。",
    "unknown-definitions": "没有这个口径版本。请从挂图进入。",
    "no-schema": "数据库尚未初始化，请联系系统管理员。",
    "database-away": "数据库暂时无法连接，请稍后刷新。",
}

"""The words in which people are told what a check has found: zh-CN, as one colleague tells another."""

from collections.abc import Mapping
from decimal import Decimal

from services.reporting.checker import Checked, Finding
from services.reporting.domain.check.readings import ClaimKind
from services.reporting.domain.check.slips import Slip, SlipCode
from services.reporting.domain.check.verdicts import Verdict
from services.reporting.manuscripts import Why

KINDS: Mapping[ClaimKind, str] = {
    ClaimKind.COMPLETION: "完成比例",
    ClaimKind.SHARE: "占比",
    ClaimKind.RATE: "比率",
    ClaimKind.LEAD: "与序时进度之差",
    ClaimKind.ELAPSED: "序时进度",
    ClaimKind.GROWTH: "增减幅度",
    ClaimKind.DIFFERENCE: "差额",
    ClaimKind.SUM: "合计",
    ClaimKind.PART: "其中数",
    ClaimKind.AVERAGE: "平均数",
    ClaimKind.CONVERSION: "折合",
    ClaimKind.LEDGER: "与台账核对",
    ClaimKind.LEDGER_TARGET: "目标与台账核对",
}
VERDICTS: Mapping[Verdict, str] = {
    Verdict.CONSISTENT: "相符",
    Verdict.INCONSISTENT: "有误",
    Verdict.UNVERIFIABLE: "无法核对",
}
UNREADABLE: Mapping[Why, str] = {
    Why.TOO_LARGE: "文件过大（上限 10 MB），请只提交需要核对的部分。",
    Why.OLD_WORD: "这是旧版 Word 文档（.doc），请另存为 .docx 后再核对。",
    Why.PDF: "PDF 文件无法核对，请使用 Word 文档（.docx）或文本文件。",
    Why.NO_WORD: "这个压缩文件不是 Word 文档，请使用 .docx 或文本文件。",
    Why.BROKEN: "文档已损坏或已加密，无法读取，请用 Word 打开后另存一份。",
    Why.NO_TEXT: "文件不是文本，无法读取，请使用 .docx 或文本文件（UTF-8 或 GB 18030 编码）。",
    Why.TOO_MUCH: "文稿过长（上限 20 万字、5000 处数据），请分段核对。",
}
NO_FORM = "提交的表单无法识别，请刷新页面后重试。"
NOTHING = "请粘贴文稿，或选择一个文件。"
_SLIPS: Mapping[SlipCode, str] = {
    SlipCode.TRUNCATED: "{printed} 似为截尾所得，四舍五入应为 {perhaps}",
    SlipCode.DIGITS_SWAPPED: "{printed} 是否为 {perhaps}？（数字前后颠倒）",
    SlipCode.DIGIT_DOUBLED: "{printed} 是否为 {perhaps}？（多写一位）",
    SlipCode.DIGIT_DROPPED: "{printed} 是否为 {perhaps}？（漏写一位）",
    SlipCode.DIGIT_WRONG: "{printed} 是否为 {perhaps}？（一位数字有误）",
    SlipCode.UNIT: "{printed} 是否为 {perhaps}？（单位有误）",
    SlipCode.DECIMAL_POINT: "{printed} 是否为 {perhaps}？（小数点错位）",
    SlipCode.OTHER_TARGET: "目标 {printed} 是否为 {perhaps}？（用了另一项目标）",
    SlipCode.LEFT_OUT: "{perhaps} 是否漏加了 {printed}？",
    SlipCode.OTHER_MONTH: "序时进度 {printed} 是否按 {perhaps} 计算？（用了另一月份）",
    SlipCode.WRONG_NEIGHBOUR: "前后文的 {printed} 更正为 {perhaps} 后，此处即相符",
    SlipCode.RESTS_ON_ROUNDING: "按文中数据计算为 {perhaps}，仅在这些数据本身经过取舍时才相符",
}


def summary(checked: Checked) -> str:
    """What was found, in one sentence."""
    unread = f"另有表格 {checked.unread_rows} 行未作核对。" if checked.unread_rows else ""
    if not checked.findings:
        return f"没有找到可以核对的数据。{unread}"
    wrong, right, open_ = (
        checked.number(verdict) for verdict in (Verdict.INCONSISTENT, Verdict.CONSISTENT, Verdict.UNVERIFIABLE)
    )
    doubtful = sum(bool(one.claim.slips) for one in checked.findings if one.claim.verdict is Verdict.CONSISTENT)
    led_astray = sum(slip.code is SlipCode.WRONG_NEIGHBOUR for one in checked.findings for slip in one.claim.slips)
    because = f"（其中 {led_astray} 处由另一处错误引起）" if led_astray else ""
    but = f"（其中 {doubtful} 处请再核实）" if doubtful else ""
    said = f"有误 {wrong} 处{because}，相符 {right} 处{but}，无法核对 {open_} 处。"
    return f"共 {len(checked.findings)} 处数据：{said}{unread}"


def verdict(one: Finding) -> str:
    """The verdict in a word; what is consistent only if a round figure was rounded deserves another look."""
    doubtful = one.claim.verdict is Verdict.CONSISTENT and one.claim.slips
    return "请再核实" if doubtful else VERDICTS[one.claim.verdict]


def judgement(one: Finding) -> str:
    """What is wrong, or why nothing can be said, in one sentence."""
    claim = one.claim
    if claim.computed is None or claim.difference is None:
        return "文中没有可以据以计算的数据" if one.indicator is None else "文中未写明截至日期，或台账没有相应数据"
    should = f"{claim.computed}{claim.unit}"
    if one.indicator is not None:
        day = f"截至{one.through.month}月{one.through.day}日，" if one.through else ""
        # A claim that differs and is not called wrong: the ledger itself lacks something.
        so_far = "数据尚不齐全，暂" if claim.verdict is Verdict.UNVERIFIABLE else ""
        return f"{day}台账{so_far}为 {should}{_off(claim.difference, claim.unit)}"
    word = "不应超过" if claim.kind is ClaimKind.PART else "应为"
    return f"{word} {should}{_off(claim.difference, claim.unit)}"


def slip(one: Slip) -> str:
    """What may have gone wrong, as a question to the writer."""
    return _SLIPS[one.code].format(printed=one.printed, perhaps=one.perhaps)


def _off(difference: Decimal, unit: str) -> str:
    if not difference:
        return ""
    word = "多" if difference > 0 else "少"
    return f"，文中{word} {abs(difference)}{'个百分点' if unit == '%' else unit}"

"""What a group must not read: the investor's name, amounts of money, telephone numbers."""

import re
from typing import Final


def discreet(text: str, investor: str | None) -> str:
    """A text on one line without them; what a quotation cut in its middle is one of them as well."""
    if investor and len(name := "".join(investor.split())) >= _SHORTEST_NAME:
        text = _nameless(text, name)
    text = _NOTHING_LEFT.sub("", _MONEY.sub(r"\1", _AMOUNT.sub("", text)))
    return _CUT_NUMBER.sub("***", _PHONE.sub("***", text))


def _nameless(text: str, name: str) -> str:
    # Whoever wrote it may have broken the line within it.
    text = re.sub(r"\s*".join(map(re.escape, name)), "某企业", text, flags=re.IGNORECASE)
    if "…" in text:
        for length in range(len(name) - 1, _SHORTEST_NAME - 1, -1):
            text = text.replace(f"{name[:length]}…", "某企业…")
    return text


_SHORTEST_NAME: Final = 2
_DIGITS = r"\d+(?:[,，.．]\d+)*\s*[多余]?"
_SCALE = r"(?:万亿|[十百千]?[亿万]|千)"
_CURRENCY = r"(?:[美港欧日澳加韩]?元(?![件器素])|人民币|港币|美金|英镑)"
# In Chinese numerals only with a scale: 三元锂电 is no money.
_WORDS = r"[数几近]?[一二三四五六七八九十两零〇点百千]*[百千万亿][一二三四五六七八九十零百千万亿多余]*"
# The signing (签约) before an amount stays.
_AMOUNT = re.compile(
    r"(?:总?投资|金额|(?<!签)约|人民币)*\s*"
    rf"(?:(?:[¥￥$＄€£]|RMB|CNY|USD|HKD|EUR)\s*{_DIGITS}{_SCALE}?\s*{_CURRENCY}?"
    rf"|{_DIGITS}{_SCALE}?\s*{_CURRENCY}"
    rf"|{_DIGITS}(?:万亿|千万|百万|亿|万)(?![\u4e00-\u9fff])"
    rf"|{_WORDS}\s*{_CURRENCY})",
    re.IGNORECASE,
)
# Without a currency a number is money where the word before it says so, unless it counts something.
_MONEY = re.compile(
    r"((?:投资|资金|资本|金额|贷款|融资|补助|补贴|奖励|保证金|产值|税收|租金|货款|合同额|缺口|出资|到位)[额约近超达为共计需总]{0,3})\s*"
    rf"(?:{_DIGITS}|[一二三四五六七八九十两][一二三四五六七八九十百千点]*)[多余个]?{_SCALE}(?![级吨平台套辆人户件只片颗支亩米立头株张块根枚盒次名家])"
)
_BETWEEN = r"[\s\-－–—.．·]{0,2}"
_PHONE = re.compile(
    rf"(?<!\d)(?:[+＋]?86{_BETWEEN})?[1１][3-9３-９]\d{_BETWEEN}\d{{4}}{_BETWEEN}\d{{4}}(?!\d)"
    rf"|(?<!\d)[(（]?[0０]\d{{2,3}}[)）]?{_BETWEEN}\d{{3,4}}{_BETWEEN}\d{{4}}(?!\d)"
    rf"|(?<!\d)400{_BETWEEN}\d{{3,4}}{_BETWEEN}\d{{3,4}}(?!\d)"
    r"|(?<=电话|手机|座机|热线)[:：]?\s*\d[\d\s\-－]{4,}\d"
)
_CUT_NUMBER = re.compile(r"\d[\d,，.\-－ ]*(?=…)")
_NOTHING_LEFT = re.compile(r"[(（]\s*[)）]")

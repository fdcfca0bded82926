"""Finds parts as percent of a whole (占65.3%) and rates (开工率61.29%)."""

import re
from collections.abc import Iterator

from services.reporting.domain.check.prose import Sentence
from services.reporting.domain.check.quantities import VALUES, Kind, Quantity
from services.reporting.domain.check.readings import (
    Candidate,
    ClaimKind,
    Context,
    Reading,
    linked,
    ratio,
    rest,
    share_of_all,
    suffix_sums,
    total_ratio,
)
from services.reporting.domain.check.roles import Role, affirmed, alike, beside, role, values

_PART = "(?:[^，。；：（）PD占]|（[^（）P]{0,30}）){0,40}?"
_SHARE = re.compile(
    rf"(?P<verb>占到?了?)(?P<what>{_PART})的$|(?P<bare>占比?|所占比重|所占比例|占比重|比重|比例)(?:为|达到?|是|：|约)?$"
)
_RATE = re.compile(
    r"(?P<before>[\u4e00-\u9fff]{0,6}?)(?P<stem>履约|开工|投产|到位|落地|竣工|转化|签约|办结|注册|入库|达产|建成|投运|兑现|满意|合格)"
    r"率(?:为|达到?|是|：|已?达)?$"
)
_ANY_RATE = re.compile(
    r"(?P<before>)(?:(?P<stem>[\u4e00-\u9fff]{2})率|(?P<spent>支出|拨付|使用|发放|征收|兑付)进度)(?:为|达到?|是|：|已?达)?$"
)
_OUT_OF = re.compile("（(?P<part>[MNU])/(?P<whole>[MNU])）")
_WHOLE = re.compile(
    "(?:全部|总数|总额|总量|总投资|总金额|总|项目|签约|额|数|量|的|其|到位资金|资金|投资|金额|个数|企业|合同)*"
)
_OF_SIGNED = {"履约", "开工", "投产", "竣工", "落地"}
_STEPS = {"到位": "到位|实到|到账", "落地": "落地|落户", "转化": "转化"}
_GROWN = re.compile("[，、](?:同比|环比)?(?:增长|下降)P")
_MOST = 24
_WORD = 2
_PAIR = 2


def shares(sentence: Sentence, context: Context) -> Iterator[Candidate]:
    """Every percentage of the sentence that is said to be a part of a whole, or a rate."""
    for place, one in zip(sentence.places, sentence.figures, strict=True):
        if one.kind is not Kind.PERCENT or one.vague:
            continue
        head = sentence.shape[max(0, place - 60) : place]
        offset = place - len(head)
        if behind := _OUT_OF.match(sentence.shape, place + 1):
            inputs = tuple(sentence.here(behind.start(name)) for name in ("part", "whole"))
            if inputs[0].dimension == inputs[1].dimension and not any(each.vague for each in inputs):
                yield Candidate(ClaimKind.RATE, one, (Reading(ratio, inputs, certain=True),), sentence)
        elif match := _SHARE.search(head):
            readings = _share_readings(sentence, context, offset, match)
            yield Candidate(ClaimKind.SHARE, one, tuple(readings), sentence)
        elif match := _RATE.search(head):
            readings = _rate_readings(sentence, offset + match.start(), match["stem"])
            yield Candidate(ClaimKind.RATE, one, tuple(readings), sentence)
        elif match := _ANY_RATE.search(head):
            # 利率 and 税率 are rates of nothing in the text; a rate that names what was counted is one of it.
            found = tuple(_rate_readings(sentence, offset + match.start(), match["stem"] or match["spent"]))
            if found and found[0].certain:
                yield Candidate(ClaimKind.RATE, one, found, sentence)


def _share_readings(sentence: Sentence, context: Context, offset: int, match: re.Match[str]) -> Iterator[Reading]:
    verb = offset + match.start()
    what = match["what"] or ""
    named = [sentence.here(at) for at in sentence.places if verb <= at < offset + match.end()]
    wholes = [one for one in named if one.kind in VALUES]
    if wholes:
        whole = wholes[-1]
        parts = alike(values(sentence, verb), whole)[-_MOST:]
        for part in reversed(parts):
            certain = part is parts[-1] and len(wholes) == 1 and _plain(sentence, part) and linked(sentence, part, verb)
            yield Reading(ratio, (part, whole), certain and not whole.vague)
        return
    yield from _of_the_whole_named(sentence, verb, what)
    yield from _of_the_sentence_before(sentence, context, verb, what)
    yield from _of_the_whole_before(sentence, verb, what)


def _of_the_whole_named(sentence: Sentence, verb: int, what: str) -> Iterator[Reading]:
    """占总投资的45.6%, where one figure before is called 总投资."""
    before = values(sentence, verb)[-_MOST:]
    noun = what.removesuffix("总额").removesuffix("总量").removeprefix("全部") or what
    if not before:
        return
    part, left = before[-1], beside(sentence, before[-1])[0]
    if len(noun) < _WORD:
        # 签约总额6793.18亿元，我市签约881.4亿元，占12.97%: the part must be called as the whole is.
        called = re.compile("(?P<noun>..)总(?:额|投资|金额|数|量)(?:为|达|共)?$")
        found = ((one, called.search(beside(sentence, one)[0])) for one in alike(before, part))
        wholes = [one for one, match in found if match and match["noun"] in left]
    else:
        named = re.compile(f"{re.escape(noun)}(?:为|达|共)?$")
        wholes = [one for one in alike(before, part) if named.search(beside(sentence, one)[0])]
    for whole in reversed(wholes):
        counts = role(sentence, part) in {Role.PLAIN, Role.INVESTMENT}
        certain = len(wholes) == 1 and counts and not whole.vague and linked(sentence, part, verb)
        yield Reading(ratio, (part, whole), certain)


def _of_the_sentence_before(sentence: Sentence, context: Context, verb: int, what: str) -> Iterator[Reading]:
    """A sentence that begins with 其中 is about the one before it."""
    before = values(sentence, verb)[-_MOST:]
    if not (before and context.before and sentence.shape.startswith("其中")):
        return
    part = before[-1]
    wholes = [one for one in values(context.before[-1]) if one.dimension == part.dimension]
    for whole in reversed(wholes):
        certain = len(wholes) == 1 and role(context.before[-1], whole) in {Role.PLAIN, Role.INVESTMENT}
        certain = certain and _plain(sentence, part) and linked(sentence, part, verb) and bool(_WHOLE.fullmatch(what))
        yield Reading(ratio, (part, whole), certain)


def _of_the_whole_before(sentence: Sentence, verb: int, what: str) -> Iterator[Reading]:
    """其中: what stands before it is the whole, what stands nearest before the percentage is the part."""
    before = values(sentence, verb)[-_MOST:]
    if not before:
        return
    part = before[-1]
    cut = sentence.shape.rfind("其中", 0, sentence.at(part))
    cut = cut if cut >= 0 else sentence.shape.find("中，", 0, sentence.at(part))
    wholes = [one for one in alike(before, part) if sentence.at(one) < cut and role(sentence, one) is not Role.VAGUE]
    for whole in reversed(wholes):
        certain = (
            len(wholes) == 1
            and (_plain(sentence, part) or role(sentence, part) is role(sentence, whole) is Role.INVESTMENT)
            and role(sentence, whole) in {Role.PLAIN, Role.INVESTMENT}
            and linked(sentence, part, verb)
            and "P" not in _GROWN.sub("", sentence.shape[sentence.at(whole) : cut])
            and (bool(_WHOLE.fullmatch(what)) or what in sentence.shape[: sentence.at(whole)])
        )
        yield Reading(ratio, (part, whole), certain)
    yield from _any_pair(before)


def _rate_readings(sentence: Sentence, until: int, stem: str) -> Iterator[Reading]:
    before = values(sentence, until)[-_MOST:]
    if not before:
        return
    part = before[-1]
    cut = sentence.shape.rfind("；", 0, until)
    beside_it = [one for one in before if sentence.at(one) > cut]
    if alike(beside_it, part):
        before = beside_it
    if role(sentence, part) is Role.UNDONE:
        yield from _without_the_undone(sentence, stem, alike(before, part), part)
        return
    head, *between = [*alike(before, part), part]
    if head is not part:
        yield Reading(ratio, (part, head), _rate_is_tied(sentence, until, stem, head, between))
    yield from _any_pair(before)


def _rate_is_tied(sentence: Sentence, until: int, stem: str, whole: Quantity, between: list[Quantity]) -> bool:
    """Whether part and whole are the only ones: any other before them has a rate of its own behind it."""
    part = between[-1]
    start = sentence.at(between[-2]) + 1 if len(between) > 1 else sentence.at(whole) + 1
    own = sentence.shape[start : sentence.at(part)]
    others_have_rates = len(between) == 1 or "率" in own
    around = sentence.shape[max(start, sentence.at(part) - 14) : until]
    begun = sentence.at(whole)
    others = [one for one in values(sentence, until) if one.dimension == part.dimension and sentence.at(one) >= begun]
    return (
        others_have_rates
        and len(others) == len({one.start for one in [whole, *between]})
        and role(sentence, part) is Role.PLAIN
        and role(sentence, whole) in {Role.PLAIN, Role.INVESTMENT}
        and affirmed(_STEPS.get(stem, stem), around)
        and ("；" not in sentence.shape[sentence.at(whole) : sentence.at(part)] or _all_signed(sentence, whole, stem))
        and linked(sentence, part, until)
    )


def _without_the_undone(sentence: Sentence, stem: str, others: list[Quantity], undone: Quantity) -> Iterator[Reading]:
    """签约45个，未开工19个，开工率57.8%: what remains of the whole, or what was done of it and the rest together."""
    if len(others) == _PAIR and others[0].value == others[1].value + undone.value:
        whole, done = others
        plain = role(sentence, done) is role(sentence, whole) is Role.PLAIN
        yield Reading(ratio, (done, whole), plain and affirmed(_STEPS.get(stem, stem), beside(sentence, done)[0]))
    for one in reversed(others):
        yield Reading(share_of_all, (one, undone))
        yield Reading(rest, (undone, one))


def _all_signed(sentence: Sentence, whole: Quantity, stem: str) -> bool:
    """签约项目31个；履约项目26个，履约率83.87%；…: of these rates everything that was signed is the whole."""
    first = next(one for one in values(sentence) if one.dimension == whole.dimension)
    return stem in _OF_SIGNED and first is whole and "签约" in sentence.shape[: sentence.at(whole)]


def _any_pair(found: list[Quantity]) -> Iterator[Reading]:
    """What a writer may have divided: any figure by any other of which it can be a part."""
    for index, part in enumerate(found):
        for whole in [one for one in alike(found, part)[-8:] if one.value >= part.value]:
            yield Reading(ratio, (part, whole), remote=True)
            if whole in found[:index]:
                for several in suffix_sums(alike(found[found.index(whole) + 1 : index + 1], whole)):
                    yield Reading(total_ratio, (*several, whole), remote=True)


def _plain(sentence: Sentence, one: Quantity) -> bool:
    return role(sentence, one) in {Role.PLAIN, Role.UNDONE}

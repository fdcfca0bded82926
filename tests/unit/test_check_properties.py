"""What must hold for every text: true prose is never called wrong, changed figures are, and nothing crashes it."""

import io
import zipfile
from collections import Counter
from fractions import Fraction

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from services.reporting.domain.check.report import TooMuchError, check
from services.reporting.domain.check.verdicts import Claim, Verdict
from services.reporting.manuscripts import UnreadableError, read
from tests.unit import check_prose
from tests.unit.check_prose import NOISE, Printed, Said

WORD_BEGINS = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
# Pieces of which claims are made, so that chance finds the seams between them.
PIECES = (
    *(
        "84.8亿元",
        "105亿元",
        "84.2%",
        "14.1个百分点",
        "18个",
        "10家",
        "1-8月",
        "截至8月底",
        "上半年",
        "去年同期",
        "一百二十个",
    ),
    *(
        "完成",
        "占",
        "目标任务",
        "（",
        "）",
        "的",
        "，",
        "、",
        "；",
        "。",
        "其中",
        "合计",
        "分别",
        "较序时进度快",
        "同比增长",
    ),
    *(
        "由",
        "提高到",
        "还差",
        "平均每个",
        "开工率",
        "率",
        "0%",
        "0亿元",
        "0个",
        "-",
        "/",
        "\n",
        "\t",
        "目标任务\t完成\t完成率\n",
        "\n合计\t5\t",
        " ",
        "１２．３％",
        "余",
    ),
)

# Less 1.97 it is near the sum of two of its parts: 4.01.
THREE_ALIKE = Said(
    "一季度到位资金2.00亿元，二季度到位资金2.00亿元，三季度到位资金2.00亿元，合计",
    Printed(Fraction(6), 2),
    "亿元。",
    Fraction("5.985"),
    Fraction("6.015"),
)
# Less 2.1 it is the percentage of what was more than the year before: 2.5.
GROWN = Said(
    "1—8月，招商引资到位资金2.4亿元，较上年同期增加1.2亿元，完成市上下达全年目标任务（50.0亿元）的",
    Printed(Fraction(1224989, 249750), 1),
    "%。",
    Fraction(4700, 1001),
    Fraction(4900, 999),
)
# More 3.84 it is the whole as percentage of its part: 101.99.
NEARLY_ALL = Said(
    "全区到位资金107.5亿元，其中工业项目105.4亿元，占",
    Printed(Fraction(105399999, 1074500), 2),
    "%。",
    Fraction(210700, 2151),
    Fraction(210900, 2149),
)


def wrong(text: str) -> list[Claim]:
    return [one for one in check(text) if one.verdict is Verdict.INCONSISTENT]


@settings(max_examples=400)
@given(st.lists(st.one_of(check_prose.said.map(lambda one: one.text), st.sampled_from(NOISE)), min_size=1, max_size=5))
def test_true_prose_is_never_called_inconsistent(sentences: list[str]) -> None:
    text = "".join(sentences)
    assert [text[one.start : one.end] for one in wrong(text)] == []


@settings(max_examples=400)
@given(check_prose.said)
def test_the_claim_of_a_true_sentence_is_found_and_consistent(one: Said) -> None:
    verdicts = {(claim.figure[0], claim.verdict) for claim in check(one.text)}
    assert (len(one.before), Verdict.CONSISTENT) in verdicts


@settings(max_examples=400)
@given(check_prose.said, st.integers(1, 400), st.booleans(), st.sampled_from(("", *NOISE)))
@example(THREE_ALIKE, 197, False, "")
@example(GROWN, 21, False, "")
@example(NEARLY_ALL, 384, True, "")
def test_a_figure_changed_beyond_rounding_is_called_inconsistent(one: Said, steps: int, up: bool, noise: str) -> None:
    assume(up or one.can_be_less(steps))
    text = noise + one.changed(steps if up else -steps)
    assert [claim.figure[0] for claim in wrong(text)] == [len(noise) + len(one.before)]


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)))
@example("其中第一产业3个、第二产业9个、第三产业6个")
@example("完成目标（0亿元）的84.2%，合计0个，平均每个0亿元")
@example("8月31日84.2%" * 3)
@example("2月30日序时进度16%，截至2月30日完成20%，快4个百分点")
def test_any_text_is_checked_and_every_place_lies_in_it(text: str) -> None:
    for claim in check(text):
        assert 0 <= claim.start <= claim.figure[0] < claim.figure[1] <= claim.end <= len(text)
        assert (claim.computed is None) == (claim.verdict is Verdict.UNVERIFIABLE)


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(), st.binary().map(lambda one: b"PK\x03\x04" + one), st.binary().map(lambda one: b"\xff\xfe" + one)
    )
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        text = read(data)
    except UnreadableError:
        return
    check(text)


@settings(max_examples=200)
@given(
    st.one_of(st.binary(), st.binary().map(lambda one: WORD_BEGINS + one), st.binary().map(lambda one: one + b"]]>"))
)
def test_any_bytes_in_place_of_a_documents_text_are_read_or_refused(part: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", part)
    try:
        check(read(packed.getvalue()))
    except UnreadableError:
        return


def test_no_text_takes_long_however_it_repeats_itself() -> None:
    most = 20_000
    for piece in (*PIECES, "1,", "a1", "“1", "1至", "第一", "1月-", "占84%，", "完成目标（105亿元）的", "84.8亿元，"):
        text = piece * (most // len(piece))
        try:
            found = Counter(one.verdict for one in check(text))
        except TooMuchError:
            continue
        assert found.total() <= most

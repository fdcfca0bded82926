"""How well the check works: the corpora of tests/prose, and that docs/check.md says of them what is so."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from services.reporting.domain.check.readings import ClaimKind
from services.reporting.domain.check.report import check
from services.reporting.domain.check.verdicts import Claim, Verdict

ROOT = Path(__file__).parents[2]
PROSE = ROOT / "tests" / "prose"
DOCS = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
RIGHT = sorted(one.name for one in PROSE.glob("right*.txt"))
CHANGED = ("right.txt", "right_unseen.txt", "right_districts.txt")
WRONG = [
    (one.name, *line.split(" ⇒ "))
    for one in sorted(PROSE.glob("wrong*.txt"))
    for line in one.read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def docs_say(name: str) -> list[str]:
    """The cells beside a corpus in the docs."""
    [row] = [line for line in DOCS.splitlines() if line.startswith(f"| `{name}`")]
    return [cell.strip() for cell in row.split("|")[2:-1]]


def doubtful(claims: list[Claim]) -> bool:
    return any(one.slips for one in claims if one.verdict is Verdict.CONSISTENT)


@pytest.mark.parametrize("name", RIGHT)
def test_nothing_in_right_reports_is_called_inconsistent_and_the_docs_say_what_is_confirmed(name: str) -> None:
    text = (PROSE / name).read_text(encoding="utf-8")
    claims = check(text)
    assert [text[one.start : one.end] for one in claims if one.verdict is Verdict.INCONSISTENT or one.slips] == []
    lines = sum(bool(line.strip()) for line in text.splitlines())
    number = Counter(one.verdict for one in claims)
    counts = (lines, len(claims), number[Verdict.CONSISTENT], number[Verdict.UNVERIFIABLE])
    assert docs_say(name)[:4] == [str(count) for count in counts]


@pytest.mark.parametrize(("text", "expected"), [one[1:] for one in WRONG], ids=[one[1] for one in WRONG])
def test_the_wrong_figure_of_each_wrong_sentence_is_found_and_no_other(text: str, expected: str) -> None:
    figure, should = expected.split()
    found = [
        (text[slice(*one.figure)], str(one.computed)) for one in check(text) if one.verdict is Verdict.INCONSISTENT
    ]
    assert found == ([(figure, should)] if should != "-" else [])


def test_the_docs_say_how_many_wrong_figures_are_found() -> None:
    for name in {one[0] for one in WRONG}:
        missed = [text for of, text, expected in WRONG if of == name and expected.endswith(" -")]
        number = sum(of == name for of, _, _ in WRONG)
        counts = (number, number - len(missed), sum(doubtful(check(text)) for text in missed))
        assert docs_say(name)[:3] == [str(count) for count in counts]


def test_another_result_in_place_of_a_confirmed_one_is_found_as_often_as_the_docs_say() -> None:
    changed = list(_changed_results())
    found = sum(_is_found(text, place, kind) for text, place, kind in changed)
    assert found / len(changed) > 0.8
    assert f"{found} of {len(changed)}" in DOCS, f"{found} of {len(changed)}"


def _changed_results() -> Iterator[tuple[str, int, ClaimKind]]:
    """The corpora with every third confirmed figure, one at a time, greater by an eighth and three last digits."""
    for name in CHANGED:
        for text in (PROSE / name).read_text(encoding="utf-8").split("\n\n"):
            confirmed = [one for one in check(text) if one.verdict is Verdict.CONSISTENT]
            for one in confirmed[::3]:
                step = Decimal(1).scaleb(min(0, int(one.claimed.as_tuple().exponent)))
                wrong = (one.claimed * Decimal("1.125") + 3 * step).quantize(step)
                start, end = one.figure
                yield f"{text[:start]}{wrong}{one.unit}{text[end:]}", start, one.kind


def _is_found(text: str, place: int, kind: ClaimKind) -> bool:
    return any(
        one.figure[0] == place and one.kind is kind and one.verdict is Verdict.INCONSISTENT for one in check(text)
    )

"""Proves a bulletin from what it holds: its root digest, every figure from its facts, every fact's right to count."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.reporting.domain.bulletin import FORM, Document, line, root
from services.reporting.domain.indicators import Definitions, DefinitionsError, read_definitions
from services.reporting.domain.progress import Progress, TargetFact, passed_of, percent
from services.reporting.domain.question import Question
from services.reporting.domain.recount import Fact, counted, figures, rates, series

DEFINITIONS = "definitions"


class NotABulletinError(ValueError):
    """The document is no bulletin that this version can read; the message says why."""


def question(document: Document) -> Question:
    """What the bulletin's figures answer."""
    return Question(document["year"], date.fromisoformat(document["through"]), _instant(document["known_by"]))


def facts(document: Document) -> list[Fact]:
    """The bulletin's facts; all of them are known at its instant."""
    return [fact_of(one) for one in document["facts"]]


def fact_of(one: Document) -> Fact:
    """A fact of a document, which is known, for counting."""
    return Fact(
        **{name: one[name] for name in ("project", "source", "id", "event", "data")},
        on=date.fromisoformat(one["on"]),
        recorded_at=_instant(one["recorded_at"]),
        superseded_at=None,
    )


def targets(document: Document) -> list[TargetFact]:
    """The values that targets had been given."""
    return [
        TargetFact(
            **{key: one[key] for key in ("indicator", "issued_by", "source", "id")},
            value=Decimal(one["value"]),
            on=date.fromisoformat(one["on"]),
            recorded_at=_instant(one["recorded_at"]),
        )
        for one in document["targets"]
    ]


def discrepancies(document: Document) -> list[str]:
    """What of the bulletin does not follow from what it holds, a sentence each; empty when all of it does.

    Raises NotABulletinError.
    """
    if not isinstance(document, dict) or document.get("form") != FORM:
        raise NotABulletinError(f"not a bulletin of the form {FORM}")
    try:
        return list(_discrepancies(document))
    except DefinitionsError as error:
        return [f"definitions: {error}"]
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise NotABulletinError(f"not a whole bulletin: {type(error).__name__}: {error}") from error


def _discrepancies(document: Document) -> Iterator[str]:
    if (computed := root(document)) != document.get("root"):
        yield f"root: the bulletin says {document.get('root')}, its content gives {computed}"
    definitions = read_definitions(document["definitions"]["text"], DEFINITIONS)
    if (version := document["definitions"]["version"]) != definitions.definitions:
        yield f"definitions: the bulletin says {version}, their text {definitions.definitions}"
    asked, known, district = question(document), facts(document), document["district"]
    passed = format(percent(passed_of(asked), 2), "f")
    if passed != document["elapsed_pct"]:
        yield f"elapsed_pct: the bulletin says {document['elapsed_pct']}, its last day gives {passed}"
    yield from _late_facts(document, asked)
    yield from _counts(document, definitions, known, asked)
    computed_lines = [line(one) for one in figures(definitions, known, targets(document), district, asked)]
    yield from _lines("indicator", document["indicators"], computed_lines)
    if document["series"] != months(definitions, known, targets(document), district, asked):
        yield "series: the months are not what the facts give"
    yield from _lines("ratio", document["ratios"], [line(one) for one in rates(definitions, known, district, asked)])


def _late_facts(document: Document, asked: Question) -> Iterator[str]:
    for one in (*document["facts"], *document["targets"]):
        if asked.known_by is not None and _instant(one["recorded_at"]) > asked.known_by:
            yield f"{named(one)}: recorded at {one['recorded_at']}, after the bulletin was sealed"
    seen = [(one["source"], one["id"]) for one in document["facts"]]
    for source, code in sorted({key for key in seen if seen.count(key) > 1} if len(set(seen)) < len(seen) else ()):
        yield f"fact {source} {code}: listed more than once"


def _counts(document: Document, definitions: Definitions, known: list[Fact], asked: Question) -> Iterator[str]:
    """Whether each fact counts toward just those indicators that the bulletin says, and with these amounts."""
    computed = counts(definitions, known, document["district"], asked)
    for one in document["facts"]:
        wanted = computed.get((one["source"], one["id"]), {})
        for code in sorted(wanted.keys() | one["counts"].keys()):
            if (said := one["counts"].get(code)) != (found := wanted.get(code)):
                yield f"{named(one)}: counts {said or 'nothing'} toward {code}, by the definitions {found or 'nothing'}"


def counts(
    definitions: Definitions, known: list[Fact], district: str, asked: Question
) -> dict[tuple[str, str], dict[str, str]]:
    """What each fact adds, in yuan, by the indicator's code; a fact is named by its source and id."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for indicator in definitions.indicator:
        for one in counted(indicator, known, district, asked):
            found.setdefault((one.fact.source, one.fact.id), {})[indicator.code] = format(one.adds, "f")
    return found


def months(
    definitions: Definitions, known: Sequence[Fact], set_by: Sequence[TargetFact], district: str, asked: Question
) -> list[Document]:
    """Each indicator at the end of each month, as known at the instant of sealing."""
    ends = asked.month_ends(definitions.year_begins)
    return [
        _month(then, lines)
        for then, lines in zip(ends, series(definitions, known, set_by, district, ends), strict=True)
    ]


def _month(then: Question, figures_then: Sequence[Progress]) -> Document:
    lines = [line(one) for one in figures_then]
    return {
        "through": then.through.isoformat(),
        "elapsed_pct": format(percent(passed_of(then), 2), "f"),
        "indicators": {one["code"]: {name: one[name] for name in ("actual", "completion_pct")} for one in lines},
    }


def _lines(kind: str, said: Iterable[Document], computed: Iterable[Document]) -> Iterator[str]:
    """Where two lists of lines, each with its code, are not the same."""
    printed, found = ({one["code"]: one for one in lines} for lines in (said, computed))
    for code in (*found, *(code for code in printed if code not in found)):
        if code not in printed or code not in found:
            yield f"{kind} {code}: {'not in the bulletin' if code not in printed else 'not in its definitions'}"
            continue
        for key in sorted(printed[code].keys() | found[code].keys()):
            if (was := printed[code].get(key)) != (now := found[code].get(key)):
                yield f"{kind} {code}: {key}: the bulletin says {was}, its facts give {now}"


def named(one: Mapping[str, Any]) -> str:
    """A fact as a sentence calls it."""
    return f"fact {one['source']} {one['id']}"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)

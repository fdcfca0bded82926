"""What changed between two counts of one period: figures that were restated, and the facts that did it."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Final, TypeAlias

from services.reporting.domain.bulletin import Document, in_order, line
from services.reporting.domain.bulletin_proof import DEFINITIONS, counts, fact_of, question
from services.reporting.domain.indicators import read_definitions
from services.reporting.domain.progress import TargetFact
from services.reporting.domain.question import Question
from services.reporting.domain.recount import events_of, figures, rates

# A fact's identity: source and id.
Key: TypeAlias = tuple[str, str]

_PRINTED = ("actual", "target", "completion_pct", "projects", "amount")
_PRINTED_RATE = ("pct", "cohort", "done", "cohort_amount", "done_amount", "terminated")
# What a rate says by what it measures: one of numbers is none of amounts.
_SAID = {
    "projects": ("pct", "cohort", "done", "terminated", "by_month"),
    "amount": (*_PRINTED_RATE, "by_month"),
}


def key(fact: Document) -> Key:
    """How a fact is found again in another bulletin."""
    return fact["source"], fact["id"]


def recounted(before: Document, facts: Sequence[Document], targets: Sequence[TargetFact], by: datetime) -> Document:
    """An earlier bulletin's figures, by its own definitions and for its own period, as known at a later instant.

    `facts` are what is known then of the events that its definitions ask for, as a document has them. Returns
    `indicators`, `ratios`, `facts` and `targets` as a bulletin would.
    """
    definitions = read_definitions(before["definitions"]["text"], DEFINITIONS)
    then = question(before)
    asked = Question(then.year, then.through, by)
    within = [one for one in facts if one["on"] <= before["through"] or one["event"] == "registered"]
    known = [fact_of(one) for one in within]
    counting = counts(definitions, known, before["district"], asked)
    lines = figures(definitions, known, targets, before["district"], asked)
    return {
        "indicators": [line(one) for one in lines],
        "ratios": [line(one) for one in rates(definitions, known, before["district"], asked)],
        "facts": [one | {"counts": counting.get(key(one), {})} for one in within],
        "targets": [line(one) for one in targets],
    }


NOTHING_BEFORE: Final[Document] = {
    "since": None,
    "through": None,
    "definitions_changed": False,
    "indicators": [],
    "ratios": [],
    "facts": [],
    "targets": [],
}
"""What a district's first bulletin restates."""


def restated(before: Document, now: Document, corrections: Mapping[Key, Document], definitions_text: str) -> Document:
    """What of an earlier bulletin is no longer as it was printed, and the events that did it.

    `now` as `recounted` gives it; `corrections` the event that replaced or voided a fact, by the fact's key;
    `definitions_text` the definitions of the bulletin that tells it.
    """
    return {
        "since": before["number"],
        "through": before["through"],
        "definitions_changed": before["definitions"]["text"] != definitions_text,
        "indicators": [one for one in changed_lines(before, now) if one["was"] != one["now"]],
        "ratios": [
            {
                **{name: is_[name] for name in ("code", "title", "measure")},
                "was": {name: was[name] for name in _PRINTED_RATE},
                "now": {name: is_[name] for name in _PRINTED_RATE},
            }
            for was, is_ in _changed_rates(before, now)
        ],
        "facts": changed_facts(before, now, corrections, _telling(before, now)),
        "targets": _changed_targets(before, now),
    }


def missing(before: Document, now: Document) -> list[Document]:
    """The facts that counted and are not known any more: somebody replaced or voided them."""
    known, telling = {key(one) for one in now["facts"]}, _telling(before, now)
    return [one for one in before["facts"] if (one["counts"] or one["event"] in telling) and key(one) not in known]


def _changed_rates(before: Document, now: Document) -> list[tuple[Document, Document]]:
    """The rates that are other now, each as it was and is; both are by the definitions of the earlier one."""
    both = zip(before["ratios"], now["ratios"], strict=True)
    return [(was, is_) for was, is_ in both if any(was[name] != is_[name] for name in _SAID[was["measure"]])]


def _telling(before: Document, now: Document) -> set[str]:
    """The events by which rates changed: their facts count toward no indicator, and are told all the same."""
    definitions = read_definitions(before["definitions"]["text"], DEFINITIONS)
    changed = {is_["code"] for _, is_ in _changed_rates(before, now)}
    return {event for ratio in definitions.ratio if ratio.code in changed for event in events_of(ratio)}


def changed_lines(before: Document, after: Document) -> list[Document]:
    """Every indicator of the two, with what it was and is."""
    was, now = ({one["code"]: one for one in counted["indicators"]} for counted in (before, after))
    return [
        {
            "code": code,
            "title": (now.get(code) or was[code])["title"],
            "unit": (now.get(code) or was[code])["unit"],
            "was": _printed(was.get(code)),
            "now": _printed(now.get(code)),
        }
        for code in {**was, **now}
    ]


def changed_facts(
    before: Document, after: Document, corrections: Mapping[Key, Document], telling: Set[str] = frozenset()
) -> list[Document]:
    """Each fact that counts in only one of the two, or differently; a correction stands with what it corrects.

    Facts of the events `telling` are told also where they count toward no indicator.
    """
    was, now = (
        {key(one): one for one in counted["facts"] if one["counts"] or one["event"] in telling}
        for counted in (before, after)
    )
    known = {key(one): one for one in after["facts"]}
    found, told = [], set[Key]()
    for one in was.values():
        same = known.get(key(one))
        if same is not None and same["counts"] == one["counts"]:
            continue
        by = corrections.get(key(one))
        instead = now.get((one["source"], by["id"])) if by and by["id"] else None
        if instead is not None:
            told.add(key(instead))
        if same is None:
            kind = "voided" if by is None or by["event"] == "voided" else "replaced"
            found.append(_change(kind, one, instead, by))
        elif same["counts"]:
            found.append(_change("recounted", one, same, by))
        else:
            found.append(_change("dropped", one, None, by))
    for one in now.values():
        if key(one) not in was and key(one) not in told:
            by = {"source": one["source"], "id": one["id"], "event": one["event"], "recorded_at": one["recorded_at"]}
            found.append(_change("added", None, one, by))
    return in_order(found)


def _change(kind: str, was: Document | None, now: Document | None, by: Document | None) -> Document:
    one = was or now
    assert one is not None  # noqa: S101 - a change has a fact before it or after it
    return {
        "change": kind,
        **{name: one[name] for name in ("project", "name", "event", "source", "id", "on", "recorded_at")},
        "was": None if was is None else was["data"].get("amount"),
        "now": None if now is None else now["data"].get("amount"),
        "was_share": None if was is None else was["data"].get("share"),
        "now_share": None if now is None else now["data"].get("share"),
        "counted": {} if was is None else was["counts"],
        "counts": {} if now is None else now["counts"],
        "by": by,
    }


def _printed(found: Document | None) -> Document | None:
    return None if found is None else {name: found[name] for name in _PRINTED}


def _changed_targets(before: Document, now: Document) -> list[Document]:
    was, known = ({key(one): one for one in counted["targets"]} for counted in (before, now))
    gone = [{"change": "withdrawn", **one} for one in was.values() if key(one) not in known]
    new = [{"change": "added", **one} for one in known.values() if key(one) not in was]
    return sorted(gone + new, key=lambda one: (one["indicator"], one["recorded_at"], *key(one)))


def compared(one: Document, other: Document) -> dict[str, Any]:
    """Two bulletins side by side: every figure in both, and the facts that count in one of them only or otherwise.

    `within` tells the facts of the shorter period, which were restated, from those that the longer one goes on to.
    """
    shorter = min(one["through"], other["through"])
    changes = ({name: change[name] for name in _COMPARED} for change in changed_facts(one, other, {}))
    return {
        "district": one["district"],
        "from": _cover(one),
        "to": _cover(other),
        "same_definitions": one["definitions"] == other["definitions"],
        "indicators": changed_lines(one, other),
        "facts": [change | {"within": change["on"] <= shorter} for change in changes],
    }


_COMPARED = ("project", "name", "event", "source", "id", "on", "recorded_at", "counted", "counts")


def _cover(document: Document) -> Document:
    return {name: document[name] for name in ("number", "through", "known_by", "root")} | {
        "definitions": document["definitions"]["version"]
    }

"""What goes wrong on the way: messages sent twice, numbers used again, and messages that no rule allows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any, Final

import orjson

from deploy.demo.dispatch import Dispatch, Publication
from shared.subjects import event_subject, parse_event_subject

_Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Slip:
    """A way to spoil a message: sent shortly before the right one, it is refused with `code`."""

    code: str
    name: str
    month: int
    spoil: Callable[[Publication], Publication]


def with_mischief(rng: Random, dispatches: Sequence[Dispatch], year: int) -> list[Dispatch]:
    """The dispatches in order of sending, with repetitions and spoiled messages among them.

    Each spoiled message comes shortly before the right one that it should have been, so that nothing is missing.
    """
    found = list(dispatches)
    this_year = [each for each in dispatches if each.sent.year == year]
    for slip in _SLIPS:
        for right in _some(rng, this_year, slip.name, slip.month, 1):
            sent = right.sent - timedelta(minutes=rng.randint(2, 25))
            found.append(Dispatch(sent, slip.spoil(right.publication), slip.code))
    for name in ("registered", "signed", "started", "funds-arrived", "progress-reported"):
        for right in _some(rng, this_year, name, rng.randint(2, 7), 2):
            found.append(replace(right, sent=right.sent + timedelta(minutes=rng.choice((1, 30, 1_450)))))
    for right in _some(rng, this_year, "funds-arrived", 6, 1):
        found.append(_number_used_again(right))
    return sorted(found, key=lambda dispatch: dispatch.sent)


def _some(rng: Random, dispatches: Sequence[Dispatch], name: str, month: int, count: int) -> list[Dispatch]:
    """Some events of a name, sent in a month, or in the months after it when there are none."""
    named = [d for d in dispatches if d.publication.subject.endswith(f".{name}")]
    fitting = [d for d in named if d.sent.month == month] or [d for d in named if d.sent.month > month]
    return rng.sample(fitting, min(count, len(fitting)))


def _number_used_again(right: Dispatch) -> Dispatch:
    """Another amount under a number that is taken: the first message stays, this one is refused."""
    event = orjson.loads(right.publication.payload)
    event["data"]["amount"] = event["data"]["amount"].replace(".00", ".50")
    changed = right.publication._replace(payload=orjson.dumps(event))
    return Dispatch(right.sent + timedelta(minutes=7), changed, "id-reused")


def _changed(change: Callable[[_Event], None]) -> Callable[[Publication], Publication]:
    def spoil(right: Publication) -> Publication:
        event = orjson.loads(right.payload)
        change(event)
        return right._replace(payload=orjson.dumps(event))

    return spoil


def _three_decimals(event: _Event) -> None:
    event["data"]["amount"] = event["data"]["amount"].removesuffix("00") + "125"


def _unknown_field(event: _Event) -> None:
    event["data"]["area_sqm"] = "26680"


def _newer_version(event: _Event) -> None:
    event["type"] = event["type"].replace(".v1", ".v2")


def _cut_off(right: Publication) -> Publication:
    return right._replace(payload=right.payload[: len(right.payload) * 2 // 3])


def _other_unit(right: Publication) -> Publication:
    """Published by the housing commission, while the envelope speaks for the finance bureau."""
    address = parse_event_subject(right.subject)
    assert address is not None, right.subject  # noqa: S101 - every subject here was written by event_subject
    return right._replace(subject=event_subject(address.district, "housing", address.subject, address.name))


def _misspelt(right: Publication) -> Publication:
    payload = right.payload.replace(b"luodi.funds-arrived.v1", b"luodi.fund-arrived.v1")
    return Publication(right.subject.replace(".funds-arrived", ".fund-arrived"), payload)


_SLIPS: Final = (
    _Slip("not-json", "progress-reported", 2, _cut_off),
    _Slip("invalid-data", "funds-arrived", 3, _changed(_three_decimals)),
    _Slip("invalid-data", "site-fixed", 5, _changed(_unknown_field)),
    _Slip("not-yours", "funds-arrived", 7, _other_unit),
    _Slip("unknown-event", "funds-arrived", 4, _misspelt),
    _Slip("unknown-version", "signed", 9, _changed(_newer_version)),
)

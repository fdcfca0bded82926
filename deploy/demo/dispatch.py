"""Numbers what departments wrote down, unit by unit, and puts it into envelopes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from deploy.demo.diary import Entry
from shared.subjects import event_subject


class Publication(NamedTuple):
    """A message as it goes on NATS: its subject, and its bytes (an event as CloudEvents JSON, or what was meant so)."""

    subject: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A publication with the moment of its sending; `refused` is the code of the refusal that it is made to get."""

    sent: datetime
    publication: Publication
    refused: str | None = None


def dispatch(district: str, entries: Sequence[Entry]) -> list[Dispatch]:
    """The entries as publications in the order of sending, numbered by each unit from 1 in each year."""
    in_order = sorted(entries, key=lambda entry: entry.sent)
    numbers: Counter[tuple[str, int]] = Counter()
    ids: dict[int, str] = {}
    for entry in in_order:
        series = (entry.unit, entry.sent.year)
        numbers[series] += 1
        ids[id(entry)] = f"{entry.sent.year}-{numbers[series]:06}"
    return [Dispatch(entry.sent, _publication(district, entry, ids)) for entry in in_order]


def _publication(district: str, entry: Entry, ids: dict[int, str]) -> Publication:
    data = entry.data | ({"event": ids[id(entry.voids)]} if entry.voids else {})
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": ids[id(entry)],
        "source": f"/{district}/{entry.unit}",
        "type": f"luodi.{entry.name}.v1",
        "subject": entry.subject,
        "time": entry.sent.isoformat(),
        "datacontenttype": "application/json",
        **({"replaces": ids[id(entry.replaces)]} if entry.replaces else {}),
        "data": data,
    }
    return Publication(event_subject(district, entry.unit, entry.subject, entry.name), orjson.dumps(event))

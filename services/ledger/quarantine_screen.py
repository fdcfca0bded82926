"""Lays out refused messages, and what became of them, for a terminal; nothing in them can speak to it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rich import box
from rich.table import Table
from rich.text import Text

from services.ledger.quarantine import Entry, Kept, Parked, Place
from services.ledger.readable import readable
from services.ledger.warden import Outcome
from shared.clock import BUSINESS_ZONE
from shared.harmless import escaped

_DID = {"retried": "recorded", "refused": "refused again", "discarded": "discarded"}


def table(messages: Iterable[Parked], *, closed: bool, narrow: bool) -> Table:
    """The messages, one a row; `closed` adds what was done about each, `narrow` puts code and why in one column."""
    laid_out = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    laid_out.add_column("sequence", justify="right", no_wrap=True)
    for name in ("stored (Shanghai)", "who", *(() if narrow else ("code",))):
        laid_out.add_column(name, no_wrap=True)
    laid_out.add_column("why", overflow="fold", ratio=2)
    if closed:
        laid_out.add_column("closed", overflow="fold", ratio=1)
    for one in messages:
        code, why = Text(one.code, style="yellow"), Text(escaped(one.reason))
        reasons = [Text("\n").join((code, why))] if narrow else [code, why]
        ends = [Text(escaped(_closed(one)))] if closed else []
        laid_out.add_row(str(one.stream_sequence), _minute(one.recorded_at), _who(one), *reasons, *ends)
    return laid_out


def tally(numbers: Mapping[str, int], *, closed: bool, shown: int) -> str:
    """How many there are of each code, and whether more than are shown."""
    total = sum(numbers.values())
    if not total:
        return "Nothing was ever refused that you asked for." if closed else "Nothing waits that you asked for."
    kinds = ", ".join(f"{number} {code}" for code, number in numbers.items())
    what = "were refused" if closed else "waiting"
    more = f" The oldest {shown} are shown; --limit {total} shows all." if shown < total else ""
    return f"{total} {what}: {kinds}.{more}"


def whole(kept: Kept, history: Sequence[Entry]) -> str:
    """Everything about one message, its bytes included."""
    one, shown = kept.parked, readable(kept.raw)
    told = f"{one.told} was told" if one.told else "nobody was told: the bus subject does not say who sent it"
    lines = [
        ("sequence", f"{one.stream_sequence} in stream EVENTS; {_closed(one) or 'waits'}"),
        ("stored", f"{_instant(one.recorded_at)} (Asia/Shanghai)"),
        ("subject", one.subject),
        ("sender", f"{_who(one)}, as the bus subject proves"),
        ("claims", f"source {one.source or '–'}, id {one.event_id or '–'}"),
        ("code", one.code),
        ("why", one.reason),
        ("field", one.field or "–"),
        ("told", told),
        *(("then" if place else "history", _entry(entry)) for place, entry in enumerate(history)),
        ("content", f"{shown.kind}, {len(kept.raw)} bytes" + ("; only its beginning, --raw has all" * shown.cut)),
    ]
    return "\n".join([*(f"{name:<9} {escaped(text)}" for name, text in lines), "", shown.text])


def outcome(one: Outcome) -> str:
    """What became of a message, as one line."""
    return escaped(f"{one.place.stream_sequence}  {one.what}  {one.sentence}")


def address(place: Place) -> str:
    """How an operator names a message whose sequence number does not suffice."""
    return f"{place.stream_sequence}@{place.recorded_at.isoformat()}"


def _who(one: Parked) -> str:
    return f"{one.district or '?'}/{one.unit or '?'}"


def _closed(one: Parked) -> str:
    if one.closed_at is None or one.closed_as is None:
        return ""
    because = f": {one.closed_because}" if one.closed_because else ""
    return f"{_DID[one.closed_as]} by {one.closed_by or 'somebody'}, {_second(one.closed_at)}{because}"


def _entry(entry: Entry) -> str:
    why = "; ".join(part for part in (entry.code, entry.reason) if part)
    return f"{_second(entry.done_at)} {entry.done_by}: {_DID[entry.did]}" + (f" ({why})" if why else "")


def _second(instant: datetime) -> str:
    return f"{instant.astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M:%S}"


def _minute(instant: datetime) -> str:
    return f"{instant.astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M}"


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M:%S.%f}"

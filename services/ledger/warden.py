"""Settles refused messages on an operator's word: records them after all, or sets them aside."""

import contextlib
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import orjson

from services.ledger import recorder as recording
from services.ledger.domain.batch import Accepted, Refused, Stored, sort_out
from services.ledger.domain.twins import repeated
from services.ledger.locks import lock_quarantine, unlock
from services.ledger.quarantine import Kept, Place, Quarantine
from services.ledger.recorder import Publish, Recorder
from shared.database import Connection, Pool
from shared.envelope import digest
from shared.publishing import Outgoing
from shared.sql import queries_beside
from shared.subjects import quarantine_subject

SQL = queries_beside(__file__)

# Of a message that failed in the fold its sender was told to do nothing, so nothing like it was sent in its stead.
_NOT_SENT_AGAIN: Final = "fold-failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message, in a word and a sentence; `settled` when it does not wait any more."""

    place: Place
    what: str
    sentence: str
    settled: bool


def without_refusals(publish: Publish) -> Publish:
    """For the recorder of a warden: senders were told when the message came, and hear again only what is new."""

    async def quietly(messages: Sequence[Outgoing]) -> None:
        await publish([message for message in messages if not message.subject.startswith("refusals.")])

    return quietly


class Warden:
    """Retries and discards, beside any number of running ledgers.

    Every method may be repeated, and raises when Postgres or NATS is away. After a kill or a raise messages may be
    recorded and not closed, or closed and their number not published: the same call again does the rest. The recorder
    that it is given should publish `without_refusals`.
    """

    def __init__(self, pool: Pool, publish: Publish, recorder: Recorder) -> None:
        self._pool = pool
        self._publish = publish
        self._recorder = recorder
        self._quarantine = Quarantine(pool)

    async def retry(self, places: Sequence[Place], by: str, *, anyway: bool = False) -> list[Outcome]:
        """Judge messages with today's language; those that are events are recorded as of when the stream stored them.

        A message whose sender has said the same under another id is left, unless `anyway`: both would count. One
        outcome a message, in the order of the stream.
        """
        kept = {one.parked.place: one for one in await self._quarantine.kept(places)}
        accepted, refused = sort_out(_stored(one) for one in kept.values() if one.parked.closed_as != "retried")
        twins = {} if anyway else await self._twins(accepted, kept)
        going = {_place(one): one for one in accepted if _place(one) not in twins}
        refused += await self._recorder.record([one.stored for one in going.values()]) if going else []
        against = {_place(one): one for one in refused}
        recorded = {place: one for place, one in going.items() if place not in against}
        districts = _districts(kept.values())
        async with self._locked(districts) as connection:
            async with connection.transaction():
                await connection.fetch(SQL["close"], *_columns(recorded), "retried", by, None)
                await connection.execute(SQL["note_refusals"], *_columns(against), by, *_reasons(against.values()))
            # Without the id of the first refusal, under which the stream would take the second for a repetition.
            news = [
                replace(recording.tell(one), message_id=None)
                for place, one in against.items()
                if _is_news(one, kept[place])
            ]
            await self._publish(news + await _counts(connection, districts))
        return [_retried(place, recorded.get(place), against.get(place), twins.get(place)) for place in kept]

    async def discard(self, places: Sequence[Place], by: str, reason: str) -> list[Outcome]:
        """Close messages without recording them; they stay whole. An event on record counts, and is not discarded."""
        kept = {one.parked.place: one for one in await self._quarantine.kept(places)}
        accepted, _ = sort_out(_stored(one) for one in kept.values())
        counting = await self._on_record(accepted)
        districts = _districts(kept.values())
        async with self._locked(districts) as connection:
            going = [place for place in kept if place not in counting]
            rows = await connection.fetch(SQL["close"], *_columns(going), "discarded", by, reason)
            await self._publish(await _counts(connection, districts))
        closed = {Place(row["recorded_at"], row["stream_sequence"]) for row in rows}
        return [_discarded(one, closed=place in closed, counting=place in counting) for place, one in kept.items()]

    async def announce(self, district: str | None = None) -> None:
        """Publish anew how many messages of every district are parked, or of this one only."""
        districts = [row["district"] for row in await self._pool.fetch(SQL["districts"], district)]
        async with self._locked(districts) as connection:
            await self._publish(await _counts(connection, districts))

    @contextlib.asynccontextmanager
    async def _locked(self, districts: Sequence[str]) -> AsyncIterator[Connection]:
        """Nobody else parks or closes messages of these districts until the block has published their number."""
        async with self._pool.acquire() as connection:
            try:
                await lock_quarantine(connection, districts)
                yield connection
            finally:
                if not connection.is_closed():
                    await unlock(connection)

    async def _on_record(self, accepted: Sequence[Accepted]) -> set[Place]:
        rows = [(one.event.district, one.event.source, one.event.id, digest(one.event)) for one in accepted]
        found = await self._pool.fetch(SQL["on_record"], *_transposed(rows, 4))
        return {_place(accepted[row["position"] - 1]) for row in found}

    async def _twins(self, accepted: Sequence[Accepted], kept: dict[Place, Kept]) -> dict[Place, str]:
        """Of events that were probably sent again after the refusal, the id under which the same was said."""
        on_record = await self._on_record(accepted)
        asked = [
            one for one in accepted if _place(one) not in on_record and kept[_place(one)].parked.code != _NOT_SENT_AGAIN
        ]
        events = [one.event for one in asked]
        rows = [(e.district, e.source, e.subject, e.name, e.id, e.data_json.decode()) for e in events]
        found = await self._pool.fetch(SQL["sent_again"], *_transposed(rows, 6))
        among_them = {_place(later): earlier.event.id for earlier, later in repeated(asked)}
        return among_them | {_place(asked[row["position"] - 1]): row["id"] for row in found}


async def _counts(connection: Connection, districts: Sequence[str]) -> list[Outgoing]:
    rows = await connection.fetch(recording.SQL["parked"], districts)
    return [Outgoing(quarantine_subject(row["district"]), orjson.dumps(dict(row))) for row in rows]


def _districts(kept: Iterable[Kept]) -> list[str]:
    return sorted({one.parked.district for one in kept if one.parked.district})


def _stored(one: Kept) -> Stored:
    return Stored(one.parked.subject, one.raw, one.parked.stream_sequence, one.parked.recorded_at)


def _place(one: Accepted | Refused) -> Place:
    return Place(one.stored.recorded_at, one.stored.sequence)


def _is_news(one: Refused, kept: Kept) -> bool:
    before, now = kept.parked, one.refusal
    return bool(before.told) and (before.code, before.reason) != (now.code, now.reason)


def _retried(place: Place, recorded: Accepted | None, against: Refused | None, twin: str | None) -> Outcome:
    if recorded is not None:
        event = recorded.event
        return Outcome(place, "recorded", f"{event.name} of {event.subject}, {event.source} {event.id}", settled=True)
    if against is not None:
        return Outcome(place, against.refusal.code, against.refusal.reason, settled=False)
    if twin is not None:
        sentence = f"its sender has said the same under id {twin}: discard it, or retry with --anyway if both are true"
        return Outcome(place, "sent-again", sentence, settled=False)
    return Outcome(place, "already-recorded", "was retried before: its event is on record", settled=True)


def _discarded(one: Kept, *, closed: bool, counting: bool) -> Outcome:
    parked = one.parked
    if closed:
        return Outcome(parked.place, "discarded", f"{parked.code}: {parked.reason}", settled=True)
    if counting or parked.closed_as != "discarded":
        closes = "" if parked.closed_as == "retried" else ": close it by retry"
        sentence = f"its event is on record and counts{closes}"
        return Outcome(parked.place, "on-record", sentence, settled=False)
    return Outcome(parked.place, "already-discarded", f"was discarded by {parked.closed_by}", settled=True)


def _columns(places: Collection[Place]) -> list[list[object]]:
    return _transposed([(place.stream_sequence, place.recorded_at) for place in places], 2)


def _reasons(refused: Iterable[Refused]) -> list[list[object]]:
    return _transposed([(one.refusal.code, one.refusal.reason, one.refusal.field) for one in refused], 3)


def _transposed(rows: Sequence[Sequence[object]], width: int) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]

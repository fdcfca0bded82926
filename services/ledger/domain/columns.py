"""A batch as the columns that the recorder's statements take apart with `unnest`, in the order of their parameters.

None of them is for no rows at all.
"""

from collections.abc import Iterable, Sequence

from services.ledger.domain.batch import Accepted, Key, Refused
from shared.envelope import digest

Columns = list[list[object]]


def of_events(accepted: Sequence[Accepted]) -> Columns:
    """For `insert_events`."""
    return _columns(
        (
            one.event.district,
            one.event.source,
            one.event.id,
            one.event.subject,
            one.event.name,
            one.event.version,
            one.event.data.on,
            one.stored.recorded_at,
            one.stored.sequence,
            digest(one.event),
            one.event.time,
            one.event.replaces,
            one.event.data_json.decode(),
        )
        for one in accepted
    )


def of_identities(accepted: Sequence[Accepted]) -> Columns:
    """For `reused_identities`."""
    return _columns((one.event.district, one.event.source, one.event.id, digest(one.event)) for one in accepted)


def of_refusals(refused: Sequence[Refused]) -> Columns:
    """For `park`."""
    return _columns(
        (
            stored.sequence,
            stored.recorded_at,
            stored.subject,
            refusal.district,
            refusal.unit,
            refusal.source,
            refusal.id,
            refusal.code,
            refusal.reason,
            refusal.field,
            stored.payload,
        )
        for stored, refusal in ((one.stored, one.refusal) for one in refused)
    )


def of_keys(keys: Sequence[Key]) -> Columns:
    """For the folds."""
    return _columns(keys)


def _columns(rows: Iterable[Sequence[object]]) -> Columns:
    return [list(column) for column in zip(*rows, strict=True)]

"""Two events that say the same under different ids: one fact sent twice, or two facts that are alike."""

from collections.abc import Iterable, Iterator

from services.ledger.domain.batch import Accepted


def repeated(accepted: Iterable[Accepted]) -> Iterator[tuple[Accepted, Accepted]]:
    """Each event that says what an earlier one of the same source and subject says, after that earlier one."""
    first: dict[tuple[str, str, str, bytes], Accepted] = {}
    for one in accepted:
        event = one.event
        earlier = first.setdefault((event.source, event.subject, event.name, event.data_json), one)
        if earlier.event.id != event.id:
            yield earlier, one

"""An event of nobody's project, by which a slow database is told from a project that is slow by itself."""

from datetime import UTC, datetime

import orjson

from services.ledger.domain.batch import Accepted, Stored, sort_out

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def canary(name: str) -> Accepted:
    """The only event of a project of this name, in a district that is none: to be folded, and never to be kept."""
    event = {
        "specversion": "1.0",
        "id": name,
        "source": "/999999/luodi",
        "type": "luodi.started.v1",
        "subject": name,
        "data": {"on": "2000-01-01"},
    }
    [accepted], _ = sort_out([Stored(f"events.999999.luodi.{name}.started", orjson.dumps(event), 0, _LONG_AGO)])
    return accepted

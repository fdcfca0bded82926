"""A ledger that kills itself (-9) when it reaches a step; run as a process of its own by the tests.

`python -m tests.integration.dying_ledger STEP`, with the service's own environment. The service's code knows nothing
of this: the steps are wrapped here.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NoReturn

from asyncpg import Connection
from nats.aio.msg import Msg

from services.ledger import app as ledger
from services.ledger import recorder
from services.ledger.recorder import SQL, Recorder
from services.ledger.settings import LedgerSettings
from shared.publishing import Outgoing, Publisher
from shared.web import serve

Step = Callable[..., Awaitable[Any]]


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("survived SIGKILL")


def before(step: Step) -> Step:
    async def dying(*args: Any, **kwargs: Any) -> NoReturn:
        die()

    return dying


def after(step: Step) -> Step:
    async def dying(*args: Any, **kwargs: Any) -> NoReturn:
        await step(*args, **kwargs)
        die()

    return dying


def inside_the_transaction() -> None:
    plain = Connection.fetch

    async def dying(self: Any, query: str, *args: Any, **kwargs: Any) -> Any:
        if query == SQL["fold_projects"]:
            await plain(self, query, *args, **kwargs)
            die()
        return await plain(self, query, *args, **kwargs)

    Connection.fetch = dying  # type: ignore[method-assign] # the point of this program


def half_published() -> None:
    plain = Publisher.__call__

    async def dying(self: Publisher, messages: Iterable[Outgoing]) -> None:
        several = list(messages)
        await plain(self, several[: len(several) // 2])
        die()

    Publisher.__call__ = dying  # type: ignore[method-assign] # the point of this program


def half_acknowledged() -> None:
    plain, seen = Msg.ack, []

    async def dying(self: Msg) -> None:
        await plain(self)
        seen.append(self)
        if len(seen) == 3:
            await self._client.flush()
            die()

    Msg.ack = dying  # type: ignore[method-assign] # the point of this program


def wrap(name: str, how: Callable[[Step], Step], owner: Any = Recorder) -> Callable[[], None]:
    return lambda: setattr(owner, name, how(getattr(owner, name)))


STEPS: dict[str, Callable[[], None]] = {
    "fetched": wrap("record", before),
    "locked": wrap("lock_projects", after, recorder),
    "inside the transaction": inside_the_transaction,
    "committed": wrap("_fold", after),
    "parked": wrap("_park", after),
    "half published": half_published,
    "published": wrap("record", after),
    "half acknowledged": half_acknowledged,
}

if __name__ == "__main__":
    STEPS[sys.argv[1]]()
    settings = LedgerSettings()
    serve(lambda: ledger.build(settings), settings)

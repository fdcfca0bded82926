"""A rebuild that kills itself (-9) when it reaches a step; run as a process of its own by the tests.

`python -m tests.integration.dying_rebuild STEP`, with the command's own environment. The command's code knows nothing
of this: the steps are wrapped here.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from services.ledger import announcer, staging
from services.ledger.announcer import Announcer
from services.ledger.cli import app
from services.ledger.rebuilder import Rebuilder
from tests.integration.dying_ledger import after, die

Step = Callable[..., Awaitable[Any]]


def wrap(owner: Any, name: str, how: Callable[[Step], Step]) -> Callable[[], None]:
    return lambda: setattr(owner, name, how(getattr(owner, name)))


def on_second_call(step: Step) -> Step:
    calls = []

    async def dying(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            die()
        return await step(*args, **kwargs)

    return dying


def half_published() -> None:
    # One record a transaction, so that there is a half.
    announcer._AT_ONCE = 1  # type: ignore[misc] # the point of this program
    wrap(Announcer, "_announce_some", on_second_call)()


BEFORE_THE_SWAP: dict[str, Callable[[], None]] = {
    "room made": wrap(staging, "make", after),
    "half folded": wrap(staging, "put_aside", on_second_call),
    "folded": wrap(Rebuilder, "_fold", after),
    "swapped and not committed": wrap(staging, "swap", after),
}
AFTER_THE_SWAP: dict[str, Callable[[], None]] = {
    "swapped": wrap(Rebuilder, "_swap", after),
    "half published": half_published,
    "published": wrap(Announcer, "announce", after),
}
STEPS = BEFORE_THE_SWAP | AFTER_THE_SWAP

if __name__ == "__main__":
    STEPS[sys.argv[1]]()
    app(["rebuild", "--connections", "1", "--slice-events", "3"])

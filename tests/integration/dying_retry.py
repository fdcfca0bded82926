"""`luodi quarantine` after an upgrade, killing itself (-9) when it reaches a step; run as a process of its own.

`python -m tests.integration.dying_retry STEP retry SEQUENCE`; the step - is never reached. The program's code knows
nothing of this.
"""

import sys
from collections.abc import Callable

from services.ledger import warden
from services.ledger.quarantine_cli import app
from services.ledger.recorder import Recorder
from tests.integration.dying_ledger import after, before
from tests.integration.quarantine_operator import upgraded


def recorded() -> None:
    setattr(Recorder, "record", after(Recorder.record))  # noqa: B010 - a plain assignment would need a type: ignore


def closed() -> None:
    setattr(warden, "_counts", before(warden._counts))  # noqa: B010 - the same


STEPS: dict[str, Callable[[], None]] = {"recorded": recorded, "closed": closed}

if __name__ == "__main__":
    if sys.argv[1] != "-":
        STEPS[sys.argv[1]]()
    with upgraded():
        app(sys.argv[2:])

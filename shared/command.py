"""How a command line of ours begins: a setting that is wrong ends it with a sentence, not with a traceback."""

import sys
from collections.abc import Callable


def run(command: Callable[[], object]) -> None:
    """Run it; raises SystemExit with 2 after a sentence for each setting that is wrong."""
    try:
        command()
    except ValueError as error:
        # Nobody has met a wrong setting without having loaded this.
        from shared.settings import wrong_settings  # noqa: PLC0415 - would make up half of what `luodi --help` takes

        if not (sentences := wrong_settings(error)):
            raise
        for sentence in sentences:
            sys.stderr.write(f"Wrong setting: {sentence}\n")
        raise SystemExit(2) from None

"""What the commands that send events have in common: progress while they wait, and what they end with."""

import asyncio
from collections.abc import Sequence
from typing import Final

from nats.errors import Error as NatsError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.ledger.department.sending import Draft, Outcome, send
from shared.settings import Settings

ALL_RECORDED: Final = 0
SOME_REFUSED: Final = 1
UNREACHABLE: Final = 2
NOT_ANSWERED: Final = 3

_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())


def send_showing_progress(
    drafts: Sequence[Draft], seconds: float, console: Console, words: tuple[str, str] = ("published", "judged")
) -> Outcome | str:
    """Send them to the server of the settings with two bars, called by `words`; a sentence when it cannot be reached.

    Without drafts nobody is asked.
    """
    if not drafts:
        return Outcome()
    with Progress(*_COLUMNS, console=console, transient=True) as bars:
        sending, judging = (bars.add_task(word, total=len(drafts)) for word in words)

        def progress(stored: int, judged: int) -> None:
            bars.update(sending, completed=stored)
            bars.update(judging, completed=judged, total=stored or len(drafts))

        try:
            return asyncio.run(send(Settings().nats_url, drafts, seconds=seconds, progress=progress))
        except (OSError, NatsError, TimeoutError) as error:
            return str(error) or type(error).__name__


def exit_code(outcome: Outcome, *, refused: bool) -> int:
    """What a command ends with that has sent events, of which some were refused here or there."""
    if outcome.unsent:
        return UNREACHABLE
    if refused:
        return SOME_REFUSED
    return NOT_ANSWERED if outcome.uncertain or outcome.unanswered else ALL_RECORDED

"""A notifier that kills itself (kill -9) at one step. The wrapping is done here; the product has no hooks for it.

Run as `python -m tests.integration.notifier_victim DATABASE WECOM WEBHOOK STEP`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from services.notifier import sender as sending
from services.notifier.announcer import Announcer
from services.notifier.bundler import Bundler
from services.notifier.channels.http import make_client
from services.notifier.channels.webhook import Webhook
from services.notifier.channels.wecom_bot import WecomBot
from services.notifier.registrar import Registrar
from services.notifier.sender import Sender
from services.notifier.sweeper import Sweeper
from shared import database
from tests.integration.notifier_office import Office, record
from tests.providers.webhook import FakeWebhook
from tests.providers.wecom import FakeWecom

Step = Callable[..., Awaitable[Any]]

# Where the process ends: (whose step, which, before or after it).
STEPS: dict[str, tuple[type, str, str]] = {
    "after the case is written, before the commit": (Registrar, "look", "after"),
    "after the rung is written, before the commit": (Sweeper, "_write", "after"),
    "after the sweep": (Sweeper, "run_once", "after"),
    "after the bundling": (Bundler, "run_once", "after"),
    "after the claim, before the webhook is called": (Webhook, "send", "before"),
    "after the claim, before WeCom is called": (WecomBot, "send", "before"),
    "after the webhook was called, before the record": (Webhook, "send", "after"),
    "after WeCom was called, before the record": (WecomBot, "send", "after"),
    "after the answer is written, before the commit": (Sender, "_write", "after"),
    "after the record": (Sender, "_record", "after"),
    "before the announcement": (Announcer, "run_once", "before"),
    "after the announcement": (Announcer, "run_once", "after"),
}


def end() -> NoReturn:
    """Die as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def wrap(owner: type, name: str, when: str) -> None:
    """Make a method of a class end the process, before or after it did its work."""
    original: Step = getattr(owner, name)

    async def ending(*args: Any, **keywords: Any) -> Any:
        if when == "after":
            await original(*args, **keywords)
        end()

    setattr(owner, name, ending)


async def main(database_url: str, wecom_url: str, webhook_url: str, step: str) -> None:
    """Hear of one late milestone and do what is due, until the end."""
    # One at a time, so that each step is reached with nothing else in the air.
    sending._BATCH = 1  # type: ignore[misc] # a constant of the product, changed for this process alone
    owner, name, when = STEPS[step]
    wrap(owner, name, when)
    async with database.make_pool(database_url, "victim") as pool, make_client() as client:
        office = Office(pool, FakeWecom(url=wecom_url), FakeWebhook(url=webhook_url), client)
        await office.hear(record())
        await office.work()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

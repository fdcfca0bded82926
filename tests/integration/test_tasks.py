"""What runs beside a service goes on whatever happens to it, and ends with the service."""

import asyncio

from structlog.testing import capture_logs

from shared.tasks import beside
from tests.waiting import PATIENCE


class Part:
    """Raises what it is given, once each, and then runs until it is cancelled."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.runs, self.ended = 0, False

    async def run(self) -> None:
        self.runs += 1
        if self._errors:
            raise self._errors.pop(0)
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True


async def test_a_part_that_fails_is_run_again_and_said_to_have_failed_with_where_only_when_nobody_expects_it() -> None:
    part, other = Part(ConnectionRefusedError("nobody listens"), KeyError("a fault of ours")), Part()
    with capture_logs() as said:
        async with beside(part.run, other.run), asyncio.timeout(PATIENCE):
            while part.runs < 3:  # noqa: ASYNC110 - counted in another task, which signals nobody
                await asyncio.sleep(0.01)
    assert [(one["part"], one["reason"], one["exc_info"]) for one in said] == [
        ("Part.run", "nobody listens", False),
        ("Part.run", "'a fault of ours'", True),
    ]
    assert (other.runs, part.ended, other.ended) == (1, True, True)


async def test_a_part_that_is_done_is_not_run_again() -> None:
    runs = []

    async def once() -> None:
        runs.append("run")

    async with beside(once):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert runs == ["run"]

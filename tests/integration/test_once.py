"""One look, and one answer, for many who ask at the same time."""

import asyncio

import pytest

from services.reporting.once import Kept, Shared


class Making:
    """Answers with how often it was begun, once it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.under_way = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        mine = self.begun
        self.under_way.set()
        await self.go.wait()
        if self.begun > 100:
            raise LookupError(mine)
        return mine


async def test_who_asks_while_a_look_is_under_way_gets_a_later_one() -> None:
    look = Making()
    shared = Shared(look)
    first = asyncio.create_task(shared())
    await look.under_way.wait()
    later = [asyncio.create_task(shared()) for _ in range(50)]
    look.go.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2] * 50


async def test_an_answer_is_made_once_for_all_who_ask_while_nothing_else_is_seen() -> None:
    make, kept = Making(), Kept[int](2)
    asking = [asyncio.create_task(kept("how many", "morning", make)) for _ in range(50)]
    await make.under_way.wait()
    make.go.set()
    assert await asyncio.gather(*asking) == [1] * 50
    assert await kept("how many", "morning", make) == 1
    assert await kept("how many", "evening", make) == 2
    assert await kept("how much", "evening", make) == 3


async def test_the_oldest_question_gives_way_and_what_is_forgotten_is_made_anew() -> None:
    make, kept = Making(), Kept[int](2)
    make.go.set()
    assert [await kept(question, "seen", make) for question in ("a", "b", "a", "c")] == [1, 2, 1, 3]
    assert await kept("b", "seen", make) == 4
    kept.forget("b")
    assert await kept("b", "seen", make) == 5


async def test_an_answer_that_failed_is_not_kept() -> None:
    make, kept = Making(), Kept[int](2)
    make.begun = 100
    make.go.set()
    with pytest.raises(LookupError):
        await kept("how many", "seen", make)
    make.begun = 0
    assert await kept("how many", "seen", make) == 1


async def test_one_who_goes_away_does_not_take_the_answer_from_the_others() -> None:
    make, kept = Making(), Kept[int](2)
    asking = [asyncio.create_task(kept("how many", "seen", make)) for _ in range(2)]
    await make.under_way.wait()
    asking[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking[0]
    make.go.set()
    assert await asking[1] == 1

"""Asks a service over HTTP and notes how long each answer took; as little as a client can be: it is not measured."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from tests.benchmarks.race import WrongError

_ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its ETag or '', its body."""

    status: int
    etag: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """How long `count` answers took, in milliseconds, and how many there were a second."""

    count: int
    rate: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked, by name, and how long that took. `load` is the machine's load average at the end."""

    waits: dict[str, Wait]
    load: float


class Asker:
    """One connection that stays open, and one question at a time on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def get(self, target: str, etag: str = "") -> Reply:
        """Ask; with an ETag, 304 when it still holds. Raises WrongError when the service hangs up."""
        known = f"If-None-Match: {etag}\r\n" if etag else ""
        self._writer.write(f"GET {target} HTTP/1.1\r\nHost: bench\r\n{known}\r\n".encode())
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await self._read()
        except (ConnectionError, EOFError) as error:
            raise WrongError(f"the service hung up instead of answering {target}") from error

    async def _read(self) -> Reply:
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        heads = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await self._reader.readexactly(int(heads.get("content-length", "0")))
        return Reply(int(first.split()[1]), heads.get("etag", ""), body)


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[Asker]:
    """An asker of the service on a port of this machine."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Asker(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def each(asker: Asker, targets: Sequence[str]) -> Wait:
    """Ask one after the other. Raises WrongError when an answer is no answer."""
    taken = []
    begun = time.perf_counter()
    for target in targets:
        asked = time.perf_counter()
        reply = await asker.get(target)
        taken.append(time.perf_counter() - asked)
        if reply.status != 200:
            raise WrongError(f"{target} was answered with {reply.status}: {reply.body.decode()[:200]}")
    return wait(taken, time.perf_counter() - begun)


async def again(port: int, target: str, connections: int, seconds: float) -> Wait:
    """Ask whether an answer still holds, on so many connections at once, for so long. Raises WrongError if not."""
    taken: list[float] = []

    async def ask() -> None:
        async with connected(port) as asker:
            etag = (await asker.get(target)).etag
            while time.perf_counter() - begun < seconds:
                asked = time.perf_counter()
                if (status := (await asker.get(target, etag)).status) != 304:
                    raise WrongError(f"{target} was answered with {status} though nothing had changed")
                taken.append(time.perf_counter() - asked)

    begun = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(connections)))
    return wait(taken, time.perf_counter() - begun)


def wait(taken: Sequence[float], seconds: float) -> Wait:
    """Of the seconds that each answer took, and of those that all took."""
    ordered = sorted(taken)

    def at(part: float) -> float:
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000

    return Wait(len(ordered), len(ordered) / seconds, at(0.5), at(0.99))

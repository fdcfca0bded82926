"""The way to a NATS server on which conversations fall silent, as when a machine is gone without a farewell."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from shared.tasks import end
from tests.providers.tcp import served


class SilentWay:
    """The way to a server; conversations that begin after one silence go on until the next."""

    def __init__(self, server: str) -> None:
        self.url = ""
        self._server = server
        self._talking = [asyncio.Event()]

    def fall_silent(self) -> None:
        """Nothing more is passed on in the conversations that there are, in either direction, and none is ended."""
        self._talking[-1].set()
        self._talking.append(asyncio.Event())

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what is said until it ends, or silence falls."""
        server, silence = urlsplit(self._server), self._talking[-1]
        answers, questions = await asyncio.open_connection(server.hostname, server.port)
        passing = [asyncio.create_task(_pass_on(*ends)) for ends in ((reader, questions), (answers, writer))]
        silent = asyncio.create_task(_fallen(silence))
        try:
            await asyncio.wait({*passing, silent}, return_when=asyncio.FIRST_COMPLETED)
            if silent.done():
                await end(passing)
                await asyncio.Event().wait()
        finally:
            await end([*passing, silent])
            questions.transport.abort()


async def _fallen(silence: asyncio.Event) -> None:
    await silence.wait()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while said := await reader.read(65_536):
            writer.write(said)
            await writer.drain()


@contextlib.asynccontextmanager
async def silenced(url: str) -> AsyncIterator[SilentWay]:
    """The way to the NATS server at `url`, which talks until told otherwise."""
    way = SilentWay(url)
    async with served(way.talk) as port:
        way.url = f"nats://127.0.0.1:{port}"
        yield way

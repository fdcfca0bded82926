"""A Postgres that says farewell and does not hang up, as one in a slow network: what is asked meanwhile finds it so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from tests.providers.tcp import served


class Lingering:
    """The way to a server, which holds back the end of conversations.

    `parted` is set once the last word of one was passed on; whoever sets `hang_up` lets these and later ones end.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.parted = asyncio.Event()
        self.hang_up = asyncio.Event()


@contextlib.asynccontextmanager
async def lingering(url: str) -> AsyncIterator[Lingering]:
    """The way to the Postgres at `url`."""
    server = urlsplit(url)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_connection(server.hostname, server.port)

        async def answer() -> None:
            await _pass_on(answers, writer)
            way.parted.set()
            await way.hang_up.wait()
            writer.close()

        answering = asyncio.create_task(answer())
        try:
            await _pass_on(reader, questions)
        finally:
            questions.transport.abort()
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async with served(talk) as port:
        user = server.netloc.rpartition("@")[0]
        way = Lingering(server._replace(netloc=f"{user}@127.0.0.1:{port}").geturl())
        yield way


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while said := await reader.read(65_536):
            writer.write(said)
            await writer.drain()

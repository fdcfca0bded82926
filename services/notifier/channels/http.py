"""One HTTP attempt for every channel: no redirects, bounded in time and size, and what its failure means."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from services.notifier.channels.faults import noted
from services.notifier.domain.outcomes import Outcome, Refused, TryLater, Unclear

# Well below the sender's lease: an attempt is over before anybody else may take the message.
_SECONDS: Final = 15.0
_CONNECT_SECONDS: Final = 5.0
_ANSWER_BYTES: Final = 65_536
_CONNECTIONS: Final = 100
_KEPT_SECONDS: Final = 10.0
_JSON: Final = {"Content-Type": "application/json; charset=utf-8"}
_NO_CONNECTION: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the beginning of the body, and the headers, their names in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Failed = TryLater | Refused | Unclear
# What became of a message, from the answer to it.
Judge = Callable[[Answer], Outcome]


class Client:
    """Calls providers. It follows no redirect, keeps no cookie, and takes no proxy or credential from the environment.

    `keep`: whether a connection is kept for the next call. Enter it with `async with` before the first call.
    """

    def __init__(self, *, keep: bool = True, seconds: float = _SECONDS) -> None:
        self._keep = keep
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=_connector(self._keep),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            headers={"User-Agent": "luodi-notifier"},
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(
        self, url: str, body: bytes, judge: Judge, headers: Mapping[str, str] = _JSON, server_name: str | None = None
    ) -> Outcome:
        """Post once. Errors carry their kind only: their texts may hold the address, and the address may be a secret.

        Nothing is raised once the message may have left, whatever the answer does to `judge`. `server_name`: whose
        certificate to ask for and to check, when the URL has an address in place of the name.
        """
        answer = await self._call("POST", url, body, headers, server_name)
        if not isinstance(answer, Answer):
            return answer
        try:
            return judge(answer)
        except Exception as error:
            return Unclear("fault", noted(error))

    async def get(self, url: str) -> Answer | TryLater | Refused:
        """Get once, as `post`; what gets no answer may be asked again."""
        answer = await self._call("GET", url, None, {}, None)
        return TryLater(answer.code, answer.said) if isinstance(answer, Unclear) else answer

    async def _call(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], server_name: str | None
    ) -> Answer | Failed:
        if self._session is None:
            raise RuntimeError("the client was not entered")
        if not _callable(url):
            return Refused("bad-address", "not an address that can be called")
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._session.request(
                    method,
                    # As it is: encoding a signature a second time would spoil it.
                    URL(url, encoded=True),
                    data=body,
                    headers=headers,
                    allow_redirects=False,
                    server_hostname=server_name,
                ) as response,
            ):
                return await _answer(response)
        except aiohttp.InvalidURL as error:
            return Refused("bad-address", type(error).__name__)
        except _NO_CONNECTION as error:
            return TryLater("no-connection", type(error).__name__)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Unclear("no-answer", type(error).__name__)


def make_client(seconds: float = _SECONDS) -> Client:
    """A client for the providers' own addresses. `seconds` is how long an attempt may take."""
    return Client(seconds=seconds)


def make_stranger_client() -> Client:
    """A client for addresses that somebody wrote into a file.

    Such an address is looked up and judged for each attempt; a kept connection would belong to an earlier judgement.
    """
    return Client(keep=False)


def _connector(keep: bool) -> aiohttp.TCPConnector:
    # Its own, so that SSL_CERT_FILE counts, which names the authority of a government network.
    tls = ssl.create_default_context()
    if not keep:
        return aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=tls, force_close=True)
    # Given up here well before a server does: what is sent on a connection that just ends is sent twice.
    return aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=tls, keepalive_timeout=_KEPT_SECONDS)


async def _answer(response: aiohttp.ClientResponse) -> Answer:
    received = b""
    # A body that breaks off or never ends still has its beginning, and the beginning has the code.
    with contextlib.suppress(aiohttp.ClientPayloadError):
        async for chunk in response.content.iter_any():
            received += chunk
            if len(received) > _ANSWER_BYTES:
                break
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, received[:_ANSWER_BYTES], headers)


def _callable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False

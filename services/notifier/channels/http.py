"""One HTTP attempt for every channel: no redirects, bounded in time and size, and what its failure means."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from services.notifier.domain.outcomes import Refused, TryLater, Unclear

# Well below the sender's lease: an attempt is over before anybody else may take the message.
_SECONDS: Final = 15.0
_ANSWER_BYTES: Final = 65_536
_JSON: Final = {"Content-Type": "application/json; charset=utf-8"}
_NO_ADDRESS: Final = (httpx.UnsupportedProtocol, httpx.InvalidURL)
_NO_CONNECTION: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the beginning of the body, and the headers, their names in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Failed = TryLater | Refused | Unclear


def make_client() -> httpx.AsyncClient:
    """A client for all channels. It follows no redirect, and takes no proxy or credential from the environment."""
    _hush()
    timeout = httpx.Timeout(10.0, connect=5.0)
    return httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False)


def make_stranger_client() -> httpx.AsyncClient:
    """A client for addresses that somebody wrote into a file: as `make_client`, and it keeps no connection.

    Such an address is looked up and judged for each attempt; a kept connection would belong to an earlier judgement.
    """
    _hush()
    timeout = httpx.Timeout(10.0, connect=5.0)
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False, limits=limits)


async def post(
    client: httpx.AsyncClient,
    url: str,
    body: bytes,
    headers: Mapping[str, str] = _JSON,
    extensions: Mapping[str, Any] | None = None,
) -> Answer | Failed:
    """Post once. Errors carry their kind only: their texts may hold the address, and the address may be a secret."""
    try:
        async with (
            asyncio.timeout(_SECONDS),
            client.stream("POST", url, content=body, headers=headers, extensions=dict(extensions or {})) as response,
        ):
            return await _answer(response)
    except _NO_ADDRESS as error:
        return Refused(type(error).__name__, "not an address that can be posted to")
    except _NO_CONNECTION as error:
        return TryLater(type(error).__name__, "no connection")
    except (httpx.HTTPError, TimeoutError) as error:
        return Unclear(type(error).__name__, "no whole answer")


async def get(client: httpx.AsyncClient, url: str) -> Answer | TryLater | Refused:
    """Get once, as `post`; what gets no answer may be asked again."""
    try:
        async with asyncio.timeout(_SECONDS), client.stream("GET", url) as response:
            return await _answer(response)
    except _NO_ADDRESS as error:
        return Refused(type(error).__name__, "not an address that can be asked")
    except (httpx.HTTPError, TimeoutError) as error:
        return TryLater(type(error).__name__, "no answer")


async def _answer(response: httpx.Response) -> Answer:
    received = b""
    async for chunk in response.aiter_bytes():
        received += chunk
        if len(received) > _ANSWER_BYTES:
            break
    return Answer(response.status_code, received[:_ANSWER_BYTES], dict(response.headers))


def _hush() -> None:
    # The library logs each address it calls, and an address may hold a bot's key.
    for library in ("httpx", "httpcore"):
        logging.getLogger(library).setLevel(logging.CRITICAL)

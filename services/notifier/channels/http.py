"""One HTTP attempt for every channel: no redirects, bounded in time and size, and what its failure means."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from services.notifier.domain.outcomes import Refused, TryLater, Unclear

# Well below the sender's lease: an attempt is over before anybody else may take the message.
_SECONDS: Final = 15.0
_ANSWER_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, and the beginning of the body."""

    status: int
    body: bytes
    retry_after: str | None = None


def make_client() -> httpx.AsyncClient:
    """A client for all channels. It follows no redirect, and takes no proxy or credential from the environment."""
    # The library logs each address it calls, and an address may hold a bot's key.
    for library in ("httpx", "httpcore"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    timeout = httpx.Timeout(10.0, connect=5.0)
    return httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False)


async def post(
    client: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]
) -> Answer | TryLater | Refused | Unclear:
    """Post once. Errors carry their kind only: their texts may hold the address, and the address may be a secret."""
    try:
        async with asyncio.timeout(_SECONDS), client.stream("POST", url, content=body, headers=headers) as response:
            received = b""
            async for chunk in response.aiter_bytes():
                received += chunk
                if len(received) > _ANSWER_BYTES:
                    break
            return Answer(response.status_code, received[:_ANSWER_BYTES], response.headers.get("retry-after"))
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        return Refused(type(error).__name__, "not an address that can be posted to")
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        return TryLater(type(error).__name__, "no connection")
    except (httpx.HTTPError, TimeoutError) as error:
        return Unclear(type(error).__name__, "no whole answer")

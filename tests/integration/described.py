"""A service on a port of its own, asked whatever its description allows and judged by what the description says."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, cast

import httpx
import schemathesis
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings

from tests.waiting import until

# Cases an operation; the default keeps the suite short, a longer run is for whoever changed an interface.
GENERATED = settings(
    max_examples=int(os.environ.get("LUODI_TEST_FUZZ", "12")),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
_CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.response_schema_conformance,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
]


@contextlib.asynccontextmanager
async def listening(app: FastAPI, *, lifespan: Literal["on", "off"] = "on") -> AsyncIterator[str]:
    """The service's address; `off` where its connections are open already."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan=lifespan, log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await until(started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


def opened(client: httpx.AsyncClient) -> AbstractAsyncContextManager[str]:
    """The address of the running service that a client asks without a port."""
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    return listening(cast("FastAPI", transport.app), lifespan="off")


async def description(url: str) -> Any:
    """What the service says of itself, as schemathesis reads it."""
    return await asyncio.to_thread(schemathesis.openapi.from_url, f"{url}/openapi.json")


def about(case: Any, known: Mapping[str, object]) -> None:
    """Ask about what is there: otherwise hardly any question would get as far as an answer."""
    said = case.path_parameters or {}
    said |= {name: one for name, one in known.items() if name in said}


def ask(case: Any, url: str, **more: Any) -> None:
    """Ask, and judge the answer."""
    case.validate_response(case.call(base_url=url, timeout=20, **more), checks=_CHECKS)

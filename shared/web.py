"""What every service answers over HTTP besides its own: is it alive, is it ready, what does it count."""

import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Any

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from pydantic import BaseModel

from shared.database import UNREACHABLE
from shared.logs import configure
from shared.readiness import Check, Count, Readiness
from shared.settings import Settings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

Answers = dict[int | str, dict[str, Any]]
"""What a path answers, by status, as FastAPI describes it."""

_NOTHING: Mapping[Any, Count] = MappingProxyType({})
# By default at every 700 objects, which is every few messages; measured, a tenth of the ledger's time.
_COLLECT_AFTER = (20_000, 50, 1_000)


def make_app(  # noqa: PLR0913 - each is another thing, and has its name
    title: str,
    *,
    checks: Mapping[str, Check],
    pending: Mapping[str, Count] = _NOTHING,
    counts: Mapping[Gauge, Count] = _NOTHING,
    lifespan: Lifespan,
    registry: CollectorRegistry,
) -> FastAPI:
    """An application with `/livez`, `/readyz` and `/metrics`.

    `/readyz` runs every check at once, each for at most three seconds, and answers 200 or 503 with
    `{"ready": bool, "checks": {name: "ok" | sentence}}`. `/metrics` runs them as well, for the gauge `luodi_ready`, and
    counts what is `pending` of each stream, and what stands in `counts`: whoever asks hears how it is now. A question
    that needs a server which is away is answered with 503, unless the service answers such errors by itself.
    """
    # FastAPI's own documentation pages load scripts from elsewhere; /openapi.json says the same to any tool.
    app = FastAPI(title=title, version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    # Set when the process is to end: an answer without an end, such as a stream of events, is to end then.
    app.state.ending = asyncio.Event()
    readiness = Readiness(checks, pending, counts, registry)
    for kind in UNREACHABLE:
        app.add_exception_handler(kind, unreachable)

    @app.get(
        "/livez", tags=["operation"], summary="Is the process alive?", responses=_example(200, {"status": "alive"})
    )
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    fine, lacking = dict.fromkeys(checks, "ok"), dict.fromkeys(checks, "no answer within 3 seconds")
    readiness_said = _example(200, {"ready": True, "checks": fine}) | _example(503, {"ready": False, "checks": lacking})

    @app.get(
        "/readyz", tags=["operation"], summary="Is every part there that the service needs?", responses=readiness_said
    )
    async def readyz() -> JSONResponse:
        said = await readiness.ask()
        ready = all(sentence is None for sentence in said.values())
        body = {"ready": ready, "checks": {name: sentence or "ok" for name, sentence in said.items()}}
        return JSONResponse(body, status_code=200 if ready else 503)

    @app.get(
        "/metrics",
        tags=["operation"],
        summary="Counters for Prometheus",
        response_class=PlainTextResponse,
        responses=_example(200, "# TYPE luodi_ready gauge\nluodi_ready 1.0\n", "text/plain"),
    )
    async def metrics() -> Response:
        await asyncio.gather(readiness.ask(), readiness.count())
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return app


class Detail(BaseModel):
    """Why there is no other answer, and what helps."""

    detail: str


def instead(status: int, sentence: str) -> Answers:
    """The description of an answer that is a `Detail`, for `responses` of a path or a router."""
    return {status: {"model": Detail, "description": sentence}}


SERVER_AWAY = instead(503, "A server behind this service is away: try again")
"""What `unreachable` answers."""


async def unreachable(request: Request, error: Exception) -> JSONResponse:
    """What is answered to a question that needs a server which is away: 503, `detail` and `Retry-After`."""
    # The pattern of the path only: in the notifier's links, what is in its place lets people in.
    path = getattr(request.scope.get("route"), "path", None)
    log = structlog.get_logger().bind(path=path)
    log.warning("not answered: a server is away", reason=str(error) or type(error).__name__)
    detail = "a server behind this service does not answer: try again in a moment; /readyz tells which"
    return JSONResponse({"detail": detail}, status_code=503, headers={"Retry-After": "5"})


def _example(status: int, example: object, media_type: str = "application/json") -> Answers:
    said = {200: "The answer", 503: "Something is missing"}
    return {status: {"description": said[status], "content": {media_type: {"example": example}}}}


def serve(build: Callable[[], FastAPI], settings: Settings) -> None:
    """Build the application inside the event loop and run it until SIGINT or SIGTERM.

    uvicorn owns the process, the application's lifespan owns what it opens.
    """
    configure(settings)

    inherited = None if settings.listen_fd is None else [socket.socket(fileno=settings.listen_fd)]

    async def main() -> None:
        app = build()
        # What is here now stays: it need not be looked through again and again for what may be thrown away.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=10,
        )
        await _Server(config, app.state.ending).serve(sockets=inherited)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, contextlib.suppress(KeyboardInterrupt):
        runner.run(main())


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ending: asyncio.Event) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending.set()
        await super().shutdown(sockets)

"""The ledger's composition root: makes each part and hands it to the others."""

import contextlib
import functools
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.ledger.api import routes
from services.ledger.archive import Archive
from services.ledger.domain.buckets import lane_key
from services.ledger.domain.callers import read_callers
from services.ledger.entrance_api import entrance_routes
from services.ledger.gaps import Gaps
from services.ledger.metrics import Metrics
from services.ledger.quarantine import Quarantine
from services.ledger.quarantine_api import quarantine_routes
from services.ledger.rebuilder import rebuild_needed
from services.ledger.recorder import Recorder
from services.ledger.settings import LedgerSettings
from shared import bus, database
from shared.intake import Intake
from shared.subjects import LEDGER_OF_EVENTS
from shared.web import make_app

HOME = Path(__file__).parent


def build(settings: LedgerSettings) -> FastAPI:
    """The whole service; its connections are opened in its lifespan. Call it inside the running event loop."""
    registry = CollectorRegistry()
    broker = bus.make_broker(settings.nats_url, "luodi-ledger")
    pool = database.make_pool(
        settings.database_url,
        "luodi-ledger",
        size=settings.database_connections,
        stuck_seconds=settings.stuck_seconds,
        plan_once=True,
    )
    recorder = Recorder(
        pool,
        bus.publisher(broker),
        Metrics(registry),
        fold_seconds=settings.fold_seconds,
        largest=lambda: broker.connection.max_payload,
    )
    intake = Intake(LEDGER_OF_EVENTS, recorder.handle, size=settings.batch_size, lanes=settings.lanes, key=lane_key)
    gaps = Gaps(pool, broker)

    async def schema() -> str | None:
        return await database.missing_migrations(pool, HOME)

    async def rebuild() -> str | None:
        return await rebuild_needed(pool)

    async def nats() -> str | None:
        return await bus.connected(broker)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with database.opened(pool), bus.running(broker, intake):
            yield

    app = make_app(
        "Luodi ledger",
        checks={"postgres": schema, "nats": nats, "intake": intake.check, "rebuild": rebuild, "archive": gaps.check},
        pending={LEDGER_OF_EVENTS.stream: functools.partial(bus.pending, broker, LEDGER_OF_EVENTS)},
        lifespan=lifespan,
        registry=registry,
    )
    tokens = settings.entrance_tokens
    callers = None if tokens is None else read_callers(tokens.read_text(encoding="utf-8"))
    app.include_router(entrance_routes(callers, bus.publisher(broker), nats))
    app.include_router(routes(Archive(pool)))
    app.include_router(quarantine_routes(Quarantine(pool)))
    return app

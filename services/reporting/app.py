"""Reporting's composition root: makes each part and hands it to the others."""

import contextlib
import functools
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry, Gauge

from services.reporting import api, bulletin_api, check_api, check_pages, described, pages, problems
from services.reporting.bulletins import Bulletins
from services.reporting.checker import Checker
from services.reporting.collector import Collector
from services.reporting.completeness import Completeness
from services.reporting.desk import Desk
from services.reporting.editions import read_editions
from services.reporting.figures import Figures
from services.reporting.forms import Heads, Replies, Suffixes
from services.reporting.live import Live
from services.reporting.publisher import Publisher
from services.reporting.rollups import Rollups
from services.reporting.settings import ReportingSettings
from shared import bus, clock, database, tasks
from shared.intake import Intake
from shared.web import make_app

HOME = Path(__file__).parent


def build(settings: ReportingSettings, *, clock: clock.Clock = clock.system) -> FastAPI:
    """The whole service; its connections are opened in its lifespan. Call it inside the running event loop.

    Raises DefinitionsError when the indicators' file cannot be used.
    """
    registry = CollectorRegistry()
    broker = bus.make_broker(settings.nats_url, "luodi-reporting")
    pool = database.make_pool(settings.database_url, "luodi-reporting")
    editions = read_editions(settings.indicators, settings.other_indicators)
    figures = Figures(pool, editions.in_force, editions)
    desk = Desk(figures, Completeness(broker, pool, settings.ledger_consumer), pool, clock, settings.district_names)
    publisher = Publisher(desk, pool, bus.publisher(broker))
    rollups = Rollups(pool, list(editions.every.values()))
    # While the tables take in one batch, others are read.
    collector = Collector(pool, clock, registry)
    intake = Intake(settings.ledger_consumer, collector.handle, lanes=3, key=str)

    async def schema() -> str | None:
        return await database.missing_migrations(pool, HOME)

    async def nats() -> str | None:
        return await bus.connected(broker)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        beside = tasks.beside(rollups.build, live.run, publisher.run)
        async with database.opened(pool), beside, bus.running(broker, intake):
            yield

    checks = {"postgres": schema, "nats": nats, "intake": intake.check}
    consumer = settings.ledger_consumer
    pending = {consumer.stream: functools.partial(bus.pending, broker, consumer)}
    unread = Gauge("luodi_reporting_unread", "Records that could not be read", registry=registry)
    app = make_app(
        "Luodi reporting",
        checks=checks,
        pending=pending,
        counts={unread: collector.unread},
        lifespan=lifespan,
        registry=registry,
    )
    app.state.live = live = Live(desk, app.state.ending)
    app.mount("/static", StaticFiles(directory=HOME / "static"), name="static")
    app.add_middleware(Suffixes)
    app.add_middleware(Heads)
    replies = Replies()
    api.install(app, desk, replies)
    app.include_router(pages.routes(desk, live, settings.unit_names, settings.ledger_url))
    app.include_router(bulletin_api.routes(Bulletins(pool), desk, replies))
    checker = Checker()
    app.include_router(check_api.routes(desk, checker))
    app.include_router(check_pages.routes(desk, checker))
    problems.install(app, pages.apology)
    described.install(app)
    return app

"""The notifier's composition root: makes each part and hands it to the others."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.notifier import api, pages
from services.notifier.acknowledger import Acknowledger
from services.notifier.announcer import Announcer
from services.notifier.bundler import Bundler
from services.notifier.channels.http import make_client
from services.notifier.channels.parcel import Channel
from services.notifier.channels.routes import Routes
from services.notifier.channels.webhook import Webhook
from services.notifier.channels.wecom_bot import WecomBot
from services.notifier.desk import Desk
from services.notifier.domain.cases import Timing
from services.notifier.domain.directory import WEBHOOK, WECOM_BOT, read_directory
from services.notifier.domain.links import LinkMaker
from services.notifier.domain.policy import read_policy
from services.notifier.metrics import Metrics
from services.notifier.registrar import Registrar
from services.notifier.rounds import Rounds, RunOnce
from services.notifier.sender import Sender
from services.notifier.settings import NotifierSettings
from services.notifier.sweeper import Sweeper
from services.notifier.watcher import Watcher
from shared import bus, clock, database
from shared.intake import Intake
from shared.subjects import NOTIFIER_OF_LEDGER
from shared.web import make_app

HOME = Path(__file__).parent


def build(settings: NotifierSettings, *, clock: clock.Clock = clock.system) -> FastAPI:
    """The whole service; its connections are opened in its lifespan. Call it inside the running event loop.

    Raises InvalidFileError or OSError when the policy or the directory cannot be used.
    """
    policy = read_policy(settings.policy.read_text(encoding="utf-8"))
    directory = read_directory(settings.directory.read_bytes())
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    broker = bus.make_broker(settings.nats_url, "luodi-notifier")
    pool = database.make_pool(settings.database_url, "luodi-notifier")
    client = make_client()
    channels: Mapping[str, Channel] = {
        WEBHOOK: Webhook(client, settings.webhook_secrets),
        WECOM_BOT: WecomBot(client, settings.wecom_base_url, settings.wecom_bots),
    }
    links = LinkMaker(settings.reached_at, _link_secret(settings), timedelta(days=settings.link_days))
    registrar = Registrar(policy, Timing(timedelta(seconds=settings.settle_seconds), settings.catch_up_days))
    intake = Intake(NOTIFIER_OF_LEDGER, Watcher(pool, registrar, metrics, clock).handle)
    parts: Mapping[str, RunOnce] = {
        "sweeper": Sweeper(pool, registrar, policy, directory, metrics).run_once,
        "bundler": Bundler(pool, timedelta(seconds=settings.group_wait_seconds)).run_once,
        "sender": Sender(pool, Routes(channels, directory), links, policy, metrics).run_once,
        "announcer": Announcer(pool, bus.publisher(broker)).run_once,
    }
    rounds = Rounds(parts, clock, settings.tick_seconds, metrics)

    async def schema() -> str | None:
        return await database.missing_migrations(pool, HOME)

    async def nats() -> str | None:
        return await bus.connected(broker)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with pool, client, bus.running(broker, intake), rounds.running():
            yield

    app = make_app(
        "Luodi notifier",
        checks={"postgres": schema, "nats": nats, "intake": intake.check},
        lifespan=lifespan,
        registry=registry,
    )
    desk, sheets = Desk(pool), pages.Pages(clock, policy.days)
    app.include_router(api.routes(desk, clock))
    app.include_router(pages.case_routes(desk, directory, sheets, clock))
    doors = pages.Doors(sheets, links, clock)
    app.include_router(pages.answer_routes(doors, Acknowledger(pool, policy), sheets, clock))
    return app


def _link_secret(settings: NotifierSettings) -> bytes:
    if settings.link_secret is not None:
        return settings.link_secret.get_secret_value().encode()
    structlog.get_logger().warning("LUODI_LINK_SECRET is not set: links in messages die with this process")
    return secrets.token_bytes(32)

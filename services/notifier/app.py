"""The notifier's composition root: makes each part and hands it to the others."""

import contextlib
import functools
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import structlog
from fastapi import Depends, FastAPI
from prometheus_client import CollectorRegistry

from services.notifier import api, pages
from services.notifier.acknowledger import Acknowledger
from services.notifier.announcer import Announcer, newest_on_bus
from services.notifier.auditor import Auditor, Heartbeat
from services.notifier.brake import Brake
from services.notifier.bundler import Bundler
from services.notifier.channels.dingtalk_bot import DingtalkBot
from services.notifier.channels.email import Email
from services.notifier.channels.feishu_bot import FeishuBot
from services.notifier.channels.http import Client, make_client, make_stranger_client
from services.notifier.channels.parcel import Channel
from services.notifier.channels.routes import Routes
from services.notifier.channels.strangers import Guard
from services.notifier.channels.webhook import Webhook
from services.notifier.channels.wecom_app import WecomApp
from services.notifier.channels.wecom_bot import WecomBot
from services.notifier.desk import Desk
from services.notifier.domain.cases import Timing
from services.notifier.domain.directory import (
    DINGTALK_BOT,
    EMAIL,
    FEISHU_BOT,
    WEBHOOK,
    WECOM_APP,
    WECOM_BOT,
    read_directory,
)
from services.notifier.domain.links import LinkMaker
from services.notifier.domain.policy import read_policy
from services.notifier.doorkeeper import Doorkeeper
from services.notifier.metrics import Metrics
from services.notifier.registrar import Registrar
from services.notifier.rounds import Rounds, RunOnce, Streaks
from services.notifier.sender import Sender
from services.notifier.settings import NotifierSettings
from services.notifier.sweeper import Sweeper
from services.notifier.watcher import Watcher
from shared import bus, clock, database
from shared.intake import Intake
from shared.readiness import Check
from shared.subjects import NOTIFIER_OF_LEDGER, NOTIFIER_OF_REPORTS
from shared.web import make_app

HOME = Path(__file__).parent


def build(settings: NotifierSettings, *, clock: clock.Clock = clock.system) -> FastAPI:
    """The whole service; its connections are opened in its lifespan. Call it inside the running event loop.

    Raises InvalidFileError or OSError when the policy or the directory cannot be used.
    """
    policy = read_policy(settings.policy.read_bytes())
    directory = read_directory(settings.directory.read_bytes())
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    broker = bus.make_broker(settings.nats_url, "luodi-notifier")
    pool = database.make_pool(settings.database_url, "luodi-notifier")
    client, strangers = make_client(), make_stranger_client()
    channels = make_channels(settings, client, strangers)
    links = LinkMaker(settings.reached_at, _link_secret(settings), timedelta(days=settings.link_days))
    registrar = Registrar(policy, Timing(timedelta(seconds=settings.settle_seconds), settings.catch_up_days))
    watcher = Watcher(pool, registrar, metrics, clock)
    records, reports = Intake(NOTIFIER_OF_LEDGER, watcher.handle), Intake(NOTIFIER_OF_REPORTS, watcher.handle)
    checks: Mapping[str, Check] = {
        "postgres": functools.partial(database.missing_migrations, pool, HOME),
        "nats": functools.partial(bus.connected, broker),
        "intake": records.check,
        "reports": reports.check,
    }
    streaks = Streaks()
    brake = Brake(pool, functools.partial(newest_on_bus, broker), timedelta(hours=settings.pause_after_hours), metrics)
    every = timedelta(seconds=settings.heartbeat_seconds)
    auditor = Auditor(pool, policy, brake, checks, streaks, Heartbeat(client, settings.heartbeat_url), metrics, every)
    sender = Sender(pool, Routes(channels, directory), links, policy, metrics)
    parts: Mapping[str, RunOnce] = {
        "brake": brake.run_once,
        "auditor": auditor.run_once,
        "sweeper": brake.holding(Sweeper(pool, registrar, policy, directory, metrics).run_once),
        "bundler": brake.holding(Bundler(pool, timedelta(seconds=settings.group_wait_seconds), policy).run_once),
        # Each channel by itself: a slow provider holds up nobody else's messages.
        **{
            f"sender-{channel}": brake.holding(functools.partial(sender.run_once, channel=channel))
            for channel in channels
        },
        "announcer": Announcer(pool, bus.publisher(broker)).run_once,
    }
    rounds = Rounds(parts, clock, settings.tick_seconds, metrics, streaks)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with database.opened(pool), client, strangers, bus.running(broker, records, reports), rounds.running():
            yield

    pending = {
        one.stream: functools.partial(bus.pending, broker, one) for one in (NOTIFIER_OF_LEDGER, NOTIFIER_OF_REPORTS)
    }
    ready = {**checks, "rounds": streaks.check}
    app = make_app("Luodi notifier", checks=ready, pending=pending, lifespan=lifespan, registry=registry)
    desk, sheets = Desk(pool, policy), pages.Pages(clock, policy.days)
    pages.excuse(app, sheets)
    desk_only = [Depends(Doorkeeper(settings.desk_token, on_loopback=settings.on_loopback))]
    app.include_router(api.routes(desk, clock), dependencies=desk_only)
    app.include_router(pages.case_routes(desk, directory, policy, brake, sheets), dependencies=desk_only)
    doors = pages.Doors(sheets, links, clock)
    app.include_router(pages.answer_routes(doors, Acknowledger(pool, policy), sheets, clock))
    return app


def make_channels(settings: NotifierSettings, client: Client, strangers: Client) -> Mapping[str, Channel]:
    """Every channel there is, by name. `client` calls providers, `strangers` what the directory names."""
    return {
        WEBHOOK: Webhook(strangers, settings.webhook_secrets, Guard(settings.callable_networks)),
        WECOM_APP: WecomApp(client, settings.wecom_base_url, settings.wecom_apps),
        WECOM_BOT: WecomBot(client, settings.wecom_base_url, settings.wecom_bots),
        DINGTALK_BOT: DingtalkBot(client, settings.dingtalk_base_url, settings.dingtalk_bots),
        FEISHU_BOT: FeishuBot(client, settings.feishu_base_url, settings.feishu_bots),
        EMAIL: Email(settings.mail_server),
    }


def _link_secret(settings: NotifierSettings) -> bytes:
    if settings.link_secret is not None:
        return settings.link_secret.get_secret_value().encode()
    structlog.get_logger().warning("LUODI_LINK_SECRET is not set: links in messages die with this process")
    return secrets.token_bytes(32)

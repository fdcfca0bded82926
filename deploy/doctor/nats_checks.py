"""Looks at NATS: is it there, is it the right one, and is everything in it as `luodi provision` makes it."""

import contextlib
import re
from datetime import datetime
from typing import Final

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from deploy.doctor.clocks import compared
from deploy.doctor.finding import PROVISION, Finding, Findings, ok
from shared import clock
from shared.jetstream import ask, drift
from shared.partitions import Readers, behind
from shared.subjects import CONSUMERS, EVENTS, REPORTING_OF_LEDGER, STREAMS, Consumer, Stream

OLDEST: Final = (2, 12)
PAYLOAD: Final = 8 * 1024 * 1024
BEHIND: Final = 1_000
"""More than this waiting is worth a look; a little always is under way."""


async def examine_nats(connection: Client, reporting: Consumer) -> Findings:
    """Everything about the bus; `reporting` is the consumer that feeds the database here."""
    yield _version(connection)
    yield _payload(connection)
    try:
        info = await ask(connection, "INFO")
    except (NatsError, TimeoutError) as error:
        said = str(error) or type(error).__name__
        yield Finding("JetStream", "wrong", said, "switch it on (jetstream { … }), and let this user ask it")
        return
    yield ok("JetStream", f"{info['streams']} streams, {info['storage'] / 1024**2:.0f} MB")
    for stream in STREAMS:
        yield await _stream(connection, stream)
    for consumer in CONSUMERS:
        yield await _consumer(connection, reporting if consumer == REPORTING_OF_LEDGER else consumer)
    with contextlib.suppress(NotFoundError):
        before = clock.system()
        theirs = _instant((await ask(connection, f"STREAM.INFO.{EVENTS.name}"))["ts"])
        yield compared("NATS", before, theirs, clock.system())


def _version(connection: Client) -> Finding:
    version = connection.connected_server_version
    said = f"version {version.major}.{version.minor}.{version.patch}"
    if (version.major, version.minor) >= OLDEST:
        return ok("NATS", said)
    wanted = ".".join(map(str, OLDEST))
    return Finding("NATS", "wrong", f"{said}; atomic batches need {wanted}", f"upgrade to {wanted} or later")


def _payload(connection: Client) -> Finding:
    said = f"{connection.max_payload / 1024**2:g} MB"
    if connection.max_payload >= PAYLOAD:
        return ok("max_payload", said)
    return Finding("max_payload", "wrong", f"{said}; a project with many facts has a larger record", "max_payload: 8MB")


async def _stream(connection: Client, stream: Stream) -> Finding:
    about = f"stream {stream.name}"
    try:
        info, changed = await drift(connection, stream)
    except NotFoundError:
        return Finding(about, "wrong", "missing", PROVISION)
    if changed:
        return Finding(about, "wrong", "; ".join(changed), PROVISION)
    return ok(about, f"{info['state']['messages']} messages")


async def _consumer(connection: Client, consumer: Consumer) -> Finding:
    about = f"consumer {consumer.stream}/{consumer.name}"
    try:
        if changed := await Readers(connection).withheld(consumer):
            return Finding(about, "wrong", changed.partition(": ")[0], PROVISION)
    except NotFoundError:
        return Finding(about, "wrong", "missing", PROVISION)
    waiting = await behind(connection.jetstream(), consumer) or 0
    if waiting > BEHIND:
        return Finding(about, "warning", f"{waiting} messages wait", "is its service running? See its /readyz and log")
    return ok(about, f"{waiting} messages wait")


def _instant(text: str) -> datetime:
    # Nine decimals; Python reads six.
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))

"""Streams and consumers as the server keeps them: read, made, and changed without losing what an operator set."""

from dataclasses import replace
from typing import Any, Final

import orjson
from nats.aio.client import Client
from nats.js.errors import APIError, NotFoundError

from shared.subjects import Consumer, Stream

Config = dict[str, Any]

_ANSWER_SECONDS: Final = 5.0
_NANOSECONDS: Final = 1_000_000_000
_FROM_THE_START: Final = ("all", "by_start_sequence")
# Where a consumer began and where it lives; the server refuses to change the first, the second is the operator's.
_KEPT_OF_A_CONSUMER: Final = (
    *("deliver_policy", "opt_start_seq", "opt_start_time", "replay_policy"),
    *("num_replicas", "mem_storage", "metadata", "pause_until"),
)
# What keeps messages, or what is in them, from whoever reads the consumer as the table has it.
_WITHHOLDING: Final = (
    *("max_deliver", "ack_policy", "deliver_subject", "filter_subject", "filter_subjects", "headers_only"),
    *("max_batch", "max_bytes", "max_expires", "priority_policy"),
)


async def ask(connection: Client, what: str, body: Config | None = None) -> Config:
    """One request of the server's JetStream API; times in it are nanoseconds.

    Raises NotFoundError or another nats.js.errors.APIError with the server's reason, or a NATS error without an answer.
    """
    answer = await connection.request(f"$JS.API.{what}", orjson.dumps(body or {}), timeout=_ANSWER_SECONDS)
    read: Config = orjson.loads(answer.data)
    if "error" in read:
        raise APIError.from_error(read["error"])
    return read


async def put_stream(connection: Client, wanted: Config, replicas: int | None = None) -> bool:
    """Make a stream, or change it to what is wanted; whether it was made.

    What `wanted` does not name stays as an operator set it, such as placement and compression. Without `replicas` a
    stream keeps its number, a new one has one.
    """
    name = wanted["name"]
    asked = {} if replicas is None else {"num_replicas": replicas}
    try:
        existing: Config = (await ask(connection, f"STREAM.INFO.{name}"))["config"]
    except NotFoundError:
        await ask(connection, f"STREAM.CREATE.{name}", {"num_replicas": 1, **wanted, **asked})
        return True
    await ask(connection, f"STREAM.UPDATE.{name}", {**existing, **wanted, **asked})
    return False


async def drift(connection: Client, stream: Stream) -> tuple[Config, list[str]]:
    """What the server says of a stream, and how its settings differ from the table; raises as `ask` does."""
    info = await ask(connection, f"STREAM.INFO.{stream.name}")
    # What is off the server leaves out.
    kept = {key: info["config"].get(key, False) for key in stream_config(stream)}
    wanted = {**stream_config(stream), "description": kept["description"]}
    return info, [f"has {key} {kept[key]}, not {value}" for key, value in wanted.items() if kept[key] != value]


async def put_consumer(connection: Client, consumer: Consumer, *, anew: bool = False) -> None:
    """Make a consumer, which begins at the start of its stream, or change its settings in place.

    One that may not have got everything, such as one that began with new messages only, or that somebody gave a filter,
    is made anew: the server never goes back for what it has passed over.
    """
    try:
        existing: Config = (await ask(connection, f"CONSUMER.INFO.{consumer.stream}.{consumer.name}"))["config"]
    except NotFoundError:
        await _create(connection, consumer, {})
        return
    if not anew and _withheld(existing, consumer) is None:
        await _create(connection, consumer, {key: existing[key] for key in _KEPT_OF_A_CONSUMER if key in existing})
        return
    await ask(connection, f"CONSUMER.DELETE.{consumer.stream}.{consumer.name}")
    await _create(connection, consumer, {})


async def restored(connection: Client, consumer: Consumer) -> Consumer:
    """The consumer as it is on the server, with the `ack_wait` that it has there.

    Made again when somebody deleted it, or changed it so that it does not get everything. Then it begins at the start
    of the stream, which its reader survives. Raises a NATS error when the stream is missing, or when this connection
    may not make consumers.
    """
    try:
        info = await ask(connection, f"CONSUMER.INFO.{consumer.stream}.{consumer.name}")
        if _withheld(info["config"], consumer) is not None:
            await ask(connection, f"CONSUMER.DELETE.{consumer.stream}.{consumer.name}")
            raise NotFoundError
    except NotFoundError:
        info = await _create(connection, consumer, {})
    return replace(consumer, ack_wait=info["config"].get("ack_wait", 0) / _NANOSECONDS or consumer.ack_wait)


async def changed(connection: Client, consumer: Consumer) -> bool:
    """Whether somebody changed the consumer so that it does not get everything that it should."""
    info = await ask(connection, f"CONSUMER.INFO.{consumer.stream}.{consumer.name}")
    return _withheld(info["config"], consumer) is not None


async def withheld(connection: Client, consumer: Consumer) -> str | None:
    """None when the consumer gets everything that it should, otherwise a sentence of what was changed about it."""
    info = await ask(connection, f"CONSUMER.INFO.{consumer.stream}.{consumer.name}")
    name = f"consumer {consumer.name} of stream {consumer.stream}"
    if info.get("paused"):
        return f"{name} is paused until {info['config'].get('pause_until')}"
    what = _withheld(info["config"], consumer)
    return f"{name} {what}: whoever reads it makes it anew, as does 'luodi provision'" if what else None


def stream_config(stream: Stream) -> Config:
    """A stream of the table as the server wants it told."""
    return {
        "name": stream.name,
        "description": stream.purpose,
        "subjects": list(stream.subjects),
        "storage": "file",
        "retention": "limits",
        "max_msgs": -1,
        "max_bytes": -1,
        "max_msgs_per_subject": 1 if stream.last_only else -1,
        "max_age": (stream.days or 0) * 86_400 * _NANOSECONDS,
        "duplicate_window": 120 * _NANOSECONDS,
        "allow_direct": True,
        "allow_atomic": stream.atomic,
        "deny_delete": not stream.last_only and stream.days is None,
    }


def _withheld(config: Config, consumer: Consumer) -> str | None:
    wanted = _config(consumer)
    for key in _WITHHOLDING:
        if config.get(key) != wanted.get(key):
            return f"has {key} {config.get(key)}, not {wanted.get(key)}"
    return None if config["deliver_policy"] in _FROM_THE_START else "did not begin at the start of the stream"


async def _create(connection: Client, consumer: Consumer, kept: Config) -> Config:
    body = {"stream_name": consumer.stream, "config": {**kept, **_config(consumer)}}
    return await ask(connection, f"CONSUMER.CREATE.{consumer.stream}.{consumer.name}", body)


def _config(consumer: Consumer) -> Config:
    config: Config = {
        "name": consumer.name,
        "durable_name": consumer.name,
        "ack_policy": "explicit",
        "ack_wait": int(consumer.ack_wait * _NANOSECONDS),
        "max_ack_pending": consumer.max_ack_pending,
        "max_deliver": -1,
    }
    if len(consumer.filters) == 1:
        config["filter_subject"] = consumer.filters[0]
    elif consumer.filters:
        config["filter_subjects"] = list(consumer.filters)
    return config

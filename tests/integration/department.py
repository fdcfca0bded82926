"""A department as an integrator would write it: plain nats-py, JSON by hand; only the waiting is the project's."""

import asyncio
import json
from typing import Any

from nats.aio.client import Client
from nats.aio.subscription import Subscription

from shared.partitions import behind_sequence
from shared.subjects import LEDGER_OF_EVENTS, Consumer
from tests.waiting import PATIENCE, until


def contract_signed(
    project: str, event_id: str, amount: str = "600000000.00", on: str = "2026-03-01"
) -> dict[str, Any]:
    data = {"on": "2026-03-01", "kind": "contract", "amount": amount}
    return cloudevent("investment", project, event_id, "signed", data)


def funds_arrived(project: str, event_id: str, amount: str, on: str = "2026-04-01", **more: Any) -> dict[str, Any]:
    data = {"on": on, "amount": amount, "origin": "440300", "nature": "fixed-assets"}
    return cloudevent("finance", project, event_id, "funds-arrived", data, **more)


def cloudevent(unit: str, subject: str, event_id: str, name: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/500101/{unit}",
        "type": f"luodi.{name}.v1",
        "subject": subject,
        "datacontenttype": "application/json",
        "data": data,
        **more,
    }


class Department:
    """Publishes events of district 500101 and hears what the ledger publishes in return."""

    def __init__(self, connection: Client, records: Subscription, refusals: Subscription) -> None:
        self.connection = connection
        self._stream = connection.jetstream()
        self._records = records
        self._refusals = refusals

    @classmethod
    async def open(cls, connection: Client) -> "Department":
        records = await connection.subscribe("ledger.500101.>")
        refusals = await connection.subscribe("refusals.500101.>")
        await connection.flush()
        return cls(connection, records, refusals)

    async def say(self, event: dict[str, Any]) -> int:
        """Publish an event where it belongs; returns its stream sequence."""
        _, district, unit = event["source"].split("/")
        name = event["type"].split(".")[1]
        return await self.say_raw(f"events.{district}.{unit}.{event['subject']}.{name}", json.dumps(event).encode())

    async def say_raw(self, subject: str, payload: bytes) -> int:
        return (await self._stream.publish(subject, payload, timeout=PATIENCE)).seq

    async def hear_record(self, project: str, revision: int) -> dict[str, Any]:
        """The next published record of the project with at least this revision."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self._records.next_msg(PATIENCE)
                if message.subject == f"ledger.500101.project.{project}":
                    record: dict[str, Any] = json.loads(message.data)
                    if record["revision"] >= revision:
                        return record

    async def hear_refusal(self) -> dict[str, Any]:
        refusal: dict[str, Any] = json.loads((await self._refusals.next_msg(PATIENCE)).data)
        return refusal

    async def last_record(self, subject: str) -> dict[str, Any]:
        """What the LEDGER stream keeps under a subject."""
        message = await self._stream.get_last_msg("LEDGER", subject)
        record: dict[str, Any] = json.loads(message.data or b"null")
        return record

    async def acknowledged(self, consumer: Consumer = LEDGER_OF_EVENTS, seconds: float = PATIENCE) -> None:
        """Return when the consumer has acknowledged everything that its stream holds now."""
        # The number of those that are still to be delivered lags behind what was stored; the floor never does.
        last = (await self._stream.stream_info(consumer.stream)).state.last_seq

        async def nothing_left() -> bool:
            return await behind_sequence(self._stream, consumer, last) == 0

        await until(nothing_left, seconds)

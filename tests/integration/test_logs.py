"""What a service says on standard error where a collector reads it: JSON, line by line, and no secret."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deploy.local.nats import Nats
from tests.waiting import PATIENCE

SECRETS = {
    name: f"{name}-that-nobody-may-read-in-a-log" for name in ("database", "nats", "link", "desk", "mail", "bot")
}
USERS = f"authorization {{ users = [{{ user: luodi, password: {SECRETS['nats']} }}] }}\n"


class NatsWithUsers(Nats):
    def _config(self) -> str:
        return super()._config() + USERS


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Nats]:
    """A NATS that wants a password, and has no stream yet."""
    server = NatsWithUsers(tmp_path / "nats", durable=False)
    await server.start()
    yield server
    await server.stop()


def environment(bus: Nats) -> Mapping[str, str]:
    """What every service is told; no Postgres is there."""
    return {
        **os.environ,
        "LUODI_LOG_FORMAT": "json",
        "LUODI_LOG_LEVEL": "debug",
        "LUODI_PORT": "0",
        "LUODI_NATS_URL": bus.url.replace("//", f"//luodi:{SECRETS['nats']}@"),
        "LUODI_DATABASE_URL": f"postgresql://luodi:{SECRETS['database']}@127.0.0.1:9/luodi",
        "LUODI_LINK_SECRET": SECRETS["link"],
        "LUODI_DESK_TOKEN": SECRETS["desk"],
        "LUODI_SMTP_PASSWORD": SECRETS["mail"],
        "LUODI_WECOM_BOTS": json.dumps({"leaders": SECRETS["bot"]}),
    }


@pytest.mark.parametrize("service", ["ledger", "notifier", "reporting"])
async def test_every_line_of_a_service_in_trouble_is_json_and_holds_no_secret(bus: Nats, service: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.cli", service, "run"), env=environment(bus), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    lines: list[str] = []

    async def heard(event: str) -> None:
        assert process.stderr is not None
        while not lines or json.loads(lines[-1])["event"] != event:
            line = await process.stderr.readline()
            assert line, lines
            lines.append(line.decode())

    try:
        async with asyncio.timeout(PATIENCE):
            # Its stream is missing, then its bus, and Postgres was never there.
            await heard("not consuming, trying again")
            await bus.kill()
            await heard("connection lost, reconnecting")
            process.send_signal(signal.SIGTERM)
            lines += (await process.stderr.read()).decode().splitlines()
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    for said in map(json.loads, lines):
        _is_an_event(said)
    text = "".join(lines)
    assert [name for name, secret in SECRETS.items() if secret in text] == []


def _is_an_event(said: dict[str, Any]) -> None:
    assert said["event"]
    assert said["level"] in {"debug", "info", "warning", "error", "critical"}
    assert datetime.fromisoformat(said["timestamp"]).tzinfo == UTC

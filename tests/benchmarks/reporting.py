"""The reporting service of one measurement, started as an administrator starts it."""

import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from deploy.local.ports import any_free
from deploy.local.process import Command, Process
from tests.benchmarks.house import House
from tests.waiting import until

_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Reporting:
    """A service that is ready: its process and its port."""

    process: Process
    port: int


@contextlib.asynccontextmanager
async def reporting(house: House) -> AsyncIterator[Reporting]:
    """Start it; it ends with the block. Raises ProcessError when it ends, TimeoutError when it is not ready in time."""
    port = any_free()
    environment = {
        **os.environ,
        "LUODI_NATS_URL": house.nats_url,
        "LUODI_DATABASE_URL": house.database_url,
        "LUODI_HOST": "127.0.0.1",
        "LUODI_PORT": str(port),
        "LUODI_LOG_LEVEL": "error",
    }
    argv = [sys.executable, "-m", "services.reporting", "run"]
    process = await Process.start(Command("reporting", argv, house.folder / "reporting.log", environment))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:

            async def ready() -> bool:
                process.check_running()
                try:
                    return (await client.get("/readyz")).is_success
                except httpx.TransportError:
                    return False

            await until(ready, _READY_SECONDS)
        yield Reporting(process, port)
    finally:
        await process.stop()

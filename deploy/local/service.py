"""One of our own services as a child process, ready when its `/readyz` says so."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping, Sequence

import httpx

from deploy.local.datadir import DataDirectory
from deploy.local.ports import LOOPBACK
from deploy.local.process import Command, Process

_READY_SECONDS = 60.0
_RETRY_SECONDS = 0.05


class Service:
    """`python -m <module> ...` on one port; `environment` is added to ours."""

    def __init__(
        self, name: str, module: Sequence[str], *, port: int, environment: Mapping[str, str], data: DataDirectory
    ) -> None:
        self.name = name
        self._port = port
        self._command = Command(
            name,
            [sys.executable, "-m", *module],
            data.log(name),
            environment={**os.environ, **environment, "LUODI_HOST": LOOPBACK, "LUODI_PORT": str(port)},
            keep_open=[data.lock],
        )
        self._process: Process | None = None

    @property
    def process(self) -> Process:
        """The running service, or the one that ran last; raises before the first start."""
        if self._process is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._process

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    async def start(self) -> None:
        """Start the service and return when it is ready; raises ProcessError when it ends or is not ready in time."""
        self._process = await Process.start(self._command)
        missing = "it does not answer"
        try:
            async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
                while (missing := await self._missing(client)) != "":
                    self._process.check_running()
                    await asyncio.sleep(_RETRY_SECONDS)
        except TimeoutError:
            await self.kill()
            raise self._process.failure(f"was not ready within {_READY_SECONDS:.0f} seconds ({missing})") from None
        # Another program may have taken the port first and answer in its place.
        self._process.check_running()

    async def stop(self) -> None:
        """Stop in good order."""
        if self._process is not None:
            await self._process.stop()

    async def kill(self) -> None:
        """Stop at once."""
        if self._process is not None:
            await self._process.kill()

    async def _missing(self, client: httpx.AsyncClient) -> str:
        """What the service lacks to be ready; empty when nothing."""
        try:
            answer = await client.get("/readyz", timeout=5.0)
        except httpx.HTTPError:
            return "it does not answer"
        if answer.is_success:
            return ""
        with contextlib.suppress(ValueError, AttributeError):
            checks: dict[str, str] = answer.json()["checks"]
            return "; ".join(sentence for sentence in checks.values() if sentence != "ok")
        return f"/readyz answers {answer.status_code}"

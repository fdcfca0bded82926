"""One of our own services as a child process, ready when its `/readyz` says so."""

import os
import sys
from collections.abc import Mapping, Sequence

import httpx

from deploy.local import ports
from deploy.local.datadir import DataDirectory
from deploy.local.process import Command, Process
from deploy.local.server import Server


class Service(Server):
    """`python -m <module> ...` on one port; `environment` is added to ours.

    Raises OSError when the port is taken. From then on it is held, also while the service is started again.
    """

    def __init__(
        self, name: str, module: Sequence[str], *, port: int, environment: Mapping[str, str], data: DataDirectory
    ) -> None:
        self.name = name
        self._port = port
        self._socket = ports.hold(port)
        descriptor = self._socket.fileno()
        self._run = Command(
            name,
            [sys.executable, "-m", *module],
            data.log(name),
            environment={
                **os.environ,
                **environment,
                "LUODI_HOST": ports.LOOPBACK,
                "LUODI_PORT": str(port),
                "LUODI_LISTEN_FD": str(descriptor),
            },
            keep_open=[data.lock, descriptor],
        )

    @property
    def url(self) -> str:
        return f"http://{ports.LOOPBACK}:{self._port}"

    async def _command(self) -> Command:
        return self._run

    async def _missing(self, process: Process) -> str | None:
        # Plain HTTP on loopback: loading certificates for each look would be for nothing.
        async with httpx.AsyncClient(verify=False, trust_env=False, timeout=5.0) as client:  # noqa: S501 - see above
            try:
                answer = await client.get(f"{self.url}/readyz")
            except httpx.HTTPError:
                return "it does not answer"
        if answer.is_success:
            return None
        said = f"/readyz answers {answer.status_code}"
        try:
            checks: dict[str, str] = answer.json()["checks"]
        except (ValueError, KeyError, TypeError):
            return said
        return "; ".join(sentence for sentence in checks.values() if sentence != "ok") or said

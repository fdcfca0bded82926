"""A NATS server over the very files that operators get, with users and their passwords."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import deploy
from deploy.local.nats import Nats
from deploy.local.ports import LOOPBACK
from deploy.local.process import Command
from tests.waiting import until

FILES: Final = Path(deploy.__file__).parent / "nats"
PASSWORDS: Final[Mapping[str, str]] = {
    name: f"secret-of-{name.partition('_')[0].lower()}"
    for name in re.findall(r"\$([A-Z_]+_NATS_PASSWORD)", (FILES / "users.conf").read_text(encoding="utf-8"))
}
"""The variables that users.conf reads, each with a password."""


class DeployedNats(Nats):
    """The configuration as it stands, but for where it listens and keeps its data."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._folder = directory

    async def _command(self) -> Command:
        command = await super()._command()
        shutil.copy(FILES / "users.conf", self._folder)
        elsewhere = ("-a", LOOPBACK, "-p", "-1", "-m", "-1", "--ports_file_dir", str(self._folder))
        return replace(command, argv=[*command.argv, *elsewhere], environment=PASSWORDS)

    def _config(self) -> str:
        said = (FILES / "nats.conf").read_text(encoding="utf-8")
        assert "store_dir: /data\n" in said
        return said.replace("store_dir: /data\n", f"store_dir: {json.dumps(str(self._folder))}\n")

    async def admit(self, user: str, *, whether: bool) -> None:
        """Have a user let in or not, by the password in the users' file; returns when that is in force."""
        text = (FILES / "users.conf").read_text(encoding="utf-8")
        password = f"${user.upper()}_NATS_PASSWORD"
        written = text if whether else text.replace(password, "another")
        (self._folder / "users.conf").write_text(written, encoding="utf-8")
        os.kill(self.process.pid, signal.SIGHUP)

        async def in_force() -> bool:
            return await self._lets_in(user, f"secret-of-{user}") is whether

        await until(in_force)

    async def _lets_in(self, user: str, password: str) -> bool:
        reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
        writer.write(f"CONNECT {json.dumps({'verbose': False, 'user': user, 'pass': password})}\r\nPING\r\n".encode())
        while (answer := await reader.readline()).startswith(b"INFO "):
            pass
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return answer == b"PONG\r\n"

    def url_of(self, user: str) -> str:
        """The address for one of its users."""
        return self.url.replace("//", f"//{user}:secret-of-{user}@")

    @property
    def monitoring_url(self) -> str:
        """Where it tells of itself."""
        ports = json.loads((self._folder / f"nats-server_{self.process.pid}.ports").read_text(encoding="utf-8"))
        url: str = ports["monitoring"][0]
        return url

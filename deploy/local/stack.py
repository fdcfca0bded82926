"""The embedded stack: every part, what it is told, in which order it starts and stops."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from deploy.local import demo, inbox, ports
from deploy.local.datadir import DataDirectory
from deploy.local.nats import Nats
from deploy.local.postgres import Postgres
from deploy.local.process import Command, ProcessError, run
from deploy.local.screen import Screen
from deploy.local.server import Server
from deploy.local.service import Service
from deploy.local.supervisor import Supervisor

STANDARD_PORTS: Mapping[str, int] = {
    "postgres": 5432,
    "nats": 4222,
    "reporting": 8080,
    "ledger": 8081,
    "notifier": 8082,
    "inbox": 8083,
}
_SERVICES = ("ledger", "notifier", "reporting")
_PORT_ATTEMPTS = 5
_REBUILD_SECONDS = 3_600.0

P = TypeVar("P", bound=Server)
T = TypeVar("T")


class Stack:
    """Postgres, NATS and the three services over one data directory; with `demo`, a simulated district year in them."""

    def __init__(self, data: DataDirectory, supervisor: Supervisor, screen: Screen, *, with_demo: bool) -> None:
        self._data = data
        self._supervisor = supervisor
        self._screen = screen
        self._demo = with_demo
        self._environment: dict[str, str] = {}
        self._inbox: Service | None = None

    async def bring_up(self) -> None:
        """Start everything, wait until all is ready, and say where; raises ProcessError when a part fails."""
        self._screen.opening(self._data.path)
        postgres = await self._start_postgres()
        nats = await self._start("nats", self._nats)
        self._environment = {
            "LUODI_NATS_URL": nats.url,
            "LUODI_DATABASE_URL": postgres.url,
            "PYTHONUNBUFFERED": "1",
        }
        await _together(self._provision(), *([self._start_inbox()] if self._demo else []))
        services = await _together(*(self._start(name, self._service(name)) for name in ("ledger", "notifier")))
        # Its pages link to the ledger, whose port is known only now.
        self._environment["LUODI_LEDGER_URL"] = services[0].url
        services.append(await self._start("reporting", self._service("reporting")))
        addresses = {"nats": nats.url, "postgres": postgres.url} | {part.name: part.url for part in services}
        pages = {
            "Wall chart 挂图作战": f"{addresses['reporting']}/",
            "Open cases 催办": f"{addresses['notifier']}/cases",
        }
        if self._demo:
            await demo.play(nats.url, self._command("simulate", demo.simulate()), self._screen)
            pages |= demo.pages(addresses)
        if self._inbox:
            pages["Pushed messages 消息"] = f"{self._inbox.url}/"
        self._data.write_addresses(addresses)
        self._screen.addresses(pages, addresses, self._data.path)

    async def stop(self) -> None:
        """Stop what was started: the services, then NATS, then Postgres."""
        self._data.forget_addresses()
        await self._supervisor.stop([*_SERVICES, "inbox"], ["nats"], ["postgres"])

    async def _start_postgres(self) -> Postgres:
        postgres = await self._start("postgres", self._postgres)
        for folder in postgres.opened:
            self._screen.notice(
                f"Postgres refuses root and runs as '{postgres.account_name}', which may now pass through {folder}"
            )
        return postgres

    async def _provision(self) -> None:
        with self._screen.step("streams and schema"):
            await run(self._command("provision", ["services.cli", "provision"]))
        # After an upgrade the records may be those of an earlier fold; with these the ledger is not ready.
        with self._screen.step("records up to date"):
            rebuild = ["services.cli", "ledger", "rebuild", "--if-needed"]
            await run(self._command("rebuild", rebuild), _REBUILD_SECONDS)

    async def _start_inbox(self) -> None:
        """Where the demo's pushed messages go, instead of to WeCom."""
        environment = {"LUODI_INBOX_FILE": str(self._data.path / "inbox.jsonl")}
        self._inbox = await self._start(
            "inbox",
            lambda port: Service("inbox", [inbox.__name__], port=port, environment=environment, data=self._data),
        )

    async def _start(self, name: str, make: Callable[[int], P]) -> P:
        """Start a part on its standard port, or on a free one when that is taken."""
        port = STANDARD_PORTS[name]
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            if not ports.is_free(port):
                taken, by, port = port, ports.holder(port), ports.any_free()
                self._screen.notice(f"port {taken} is taken by {by}: {name} takes {port} instead")
            try:
                part = make(port)
            except OSError:
                # Somebody took the port after we looked.
                if attempt == _PORT_ATTEMPTS:
                    raise
                continue
            try:
                with self._screen.step(name):
                    await self._supervisor.start(part)
                return part
            except ProcessError:
                # The same may happen to a server that listens by itself; anything else is a fault of the part.
                if isinstance(part, Service) or ports.is_free(port) or attempt == _PORT_ATTEMPTS:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _postgres(self, port: int) -> Postgres:
        server = Postgres(
            self._data.path / "postgres", port=port, log=self._data.log("postgres"), keep_open=[self._data.lock]
        )
        server.forget_earlier_run()
        return server

    def _nats(self, port: int) -> Nats:
        return Nats(self._data.path / "nats", port=port, log=self._data.log("nats"), keep_open=[self._data.lock])

    def _service(self, name: str) -> Callable[[int], Service]:
        own = {"notifier": self._of_notifier, "reporting": self._of_reporting}.get(name, dict[str, str])
        environment = self._environment | own()
        return lambda port: Service(
            name, [f"services.{name}", "run"], port=port, environment=environment, data=self._data
        )

    def _of_notifier(self) -> dict[str, str]:
        # Links in messages that are already sent must work after a restart.
        own = {"LUODI_LINK_SECRET": os.environ.get("LUODI_LINK_SECRET") or self._data.secret("link-secret")}
        return own | (inbox.notifier_environment(self._inbox.url, self._data.path) if self._inbox else {})

    def _of_reporting(self) -> dict[str, str]:
        return {"LUODI_DISTRICT_NAMES": json.dumps(demo.DISTRICT_NAMES)} if self._demo else {}

    def _command(self, name: str, module: Sequence[str]) -> Command:
        return Command(
            name,
            [sys.executable, "-m", *module],
            self._data.log(name),
            environment={**os.environ, **self._environment},
            stop=signal.SIGINT,
            keep_open=[self._data.lock],
        )


async def _together(*work: Coroutine[Any, Any, T]) -> list[T]:
    """All at once; the first that fails ends the others. Raises its ProcessError."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except* ProcessError as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]

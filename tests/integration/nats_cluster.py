"""Three real nats-servers of one cluster, for a test that takes one of them away."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from nats.aio.client import Client

from deploy.local.nats import Nats
from deploy.local.ports import LOOPBACK, any_free
from shared.jetstream import ask

_ROUTES = """\
cluster {{
  name: luodi
  listen: {listen}
  routes: {routes}
}}
"""


class Member(Nats):
    """One of the cluster's servers."""

    def __init__(self, directory: Path, name: str, route: int, routes: Sequence[int]) -> None:
        super().__init__(directory, durable=False)
        self.name = name
        self._route = route
        self._routes = routes

    def _config(self) -> str:
        routes = json.dumps([f"nats://{LOOPBACK}:{port}" for port in self._routes])
        own = super()._config().replace("server_name: luodi", f"server_name: {self.name}")
        return own + _ROUTES.format(listen=json.dumps(f"{LOOPBACK}:{self._route}"), routes=routes)


class Cluster:
    """The servers by their names."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = {member.name: member for member in members}

    @property
    def url(self) -> str:
        return ",".join(member.url for member in self._members.values())

    async def leader(self, connection: Client, stream: str, consumer: str | None = None) -> Member:
        """The server that leads a stream, or a consumer of it, now."""
        what = f"CONSUMER.INFO.{stream}.{consumer}" if consumer else f"STREAM.INFO.{stream}"
        return self._members[(await ask(connection, what))["cluster"]["leader"]]


@contextlib.asynccontextmanager
async def cluster(directory: Path, size: int = 3) -> AsyncIterator[Cluster]:
    """A running cluster; it may still be choosing its leaders."""
    routes = [any_free() for _ in range(size)]
    members = [Member(directory / f"n{number}", f"n{number}", port, routes) for number, port in enumerate(routes)]
    try:
        await asyncio.gather(*(member.start() for member in members))
        yield Cluster(members)
    finally:
        await asyncio.gather(*(member.kill() for member in members))

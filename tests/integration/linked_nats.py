"""Two NATS servers as a city and a district have them: a leaf node between, through which only records pass."""

from pathlib import Path
from typing import Final

import nats

from deploy.local.nats import Nats
from deploy.local.ports import LOOPBACK
from shared.jetstream import ask
from shared.subjects import LEDGER

_OWN: Final = '["events.>", "ledger.>", "refusals.>", "report.>"]'


class CityNats(Nats):
    """The city's server, to which districts connect at `leaf_port`."""

    def __init__(self, directory: Path, leaf_port: int) -> None:
        super().__init__(directory, durable=False)
        self._leaf_port = leaf_port

    def _config(self) -> str:
        named = super()._config().replace("server_name: luodi", "server_name: city")
        return f'{named}leafnodes {{ listen: "{LOOPBACK}:{self._leaf_port}" }}\n'


class DistrictNats(Nats):
    """A district's server, connected to the city's; its streams are named there by its domain."""

    def __init__(self, directory: Path, leaf_port: int) -> None:
        super().__init__(directory, durable=False)
        self._leaf_port = leaf_port

    def _config(self) -> str:
        named = super()._config().replace("server_name: luodi", "server_name: district")
        with_domain = named.replace("jetstream {", "jetstream {\n  domain: district")
        remote = f'url: "nats-leaf://{LOOPBACK}:{self._leaf_port}", deny_exports: {_OWN}, deny_imports: {_OWN}'
        return f"{with_domain}leafnodes {{ remotes: [ {{ {remote} }} ] }}\n"


async def source_ledger(city_url: str) -> None:
    """Let the city's stream LEDGER take over what the district's has, as an operator would."""
    connection = await nats.connect(city_url)
    try:
        config = (await ask(connection, f"STREAM.INFO.{LEDGER.name}"))["config"]
        config["sources"] = [{"name": LEDGER.name, "external": {"api": "$JS.district.API"}}]
        await ask(connection, f"STREAM.UPDATE.{LEDGER.name}", config)
    finally:
        await connection.close()

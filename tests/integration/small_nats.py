"""A NATS server that takes small messages only."""

from deploy.local.nats import Nats


class SmallNats(Nats):
    """A server that takes messages of 64 KB at most."""

    def _config(self) -> str:
        return super()._config().replace("max_payload: 8MB", "max_payload: 64KB")

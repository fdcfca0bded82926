"""What the ledger reads from the environment."""

from shared.settings import Settings


class LedgerSettings(Settings):
    """The ledger's settings."""

    port: int = 8081
    batch_size: int = 500
    database_connections: int = 10

"""An operator at a terminal, and the upgrade that makes a retry worth while."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar
from unittest.mock import patch

from typer.testing import CliRunner, Result

from services.ledger.quarantine_cli import app
from shared.events import EVENTS, FundsArrived
from tests.integration.department import funds_arrived


class NewerFundsArrived(FundsArrived):
    VERSION: ClassVar[int] = 2


NewerFundsArrived.NAME = FundsArrived.NAME


@contextmanager
def upgraded() -> Iterator[None]:
    """Luodi knows the next version of funds-arrived, and that only: as after an upgrade of everything here."""
    with patch("shared.envelope.EVENTS", {**EVENTS, FundsArrived.NAME: NewerFundsArrived}):
        yield


def newer_funds_arrived(project: str, event_id: str, amount: str, **more: Any) -> dict[str, Any]:
    """An event that is refused before the upgrade, with `unknown-version`, and recorded after it."""
    return {**funds_arrived(project, event_id, amount, **more), "type": "luodi.funds-arrived.v2"}


@dataclass(frozen=True)
class Operator:
    """Types commands of `luodi quarantine` beside whatever else is running."""

    nats_url: str
    database_url: str

    async def types(self, *words: object, code: int = 0) -> str:
        """Run a command and return what it prints; fails when it exits with another code."""
        return (await self.runs(*words, code=code)).output

    async def runs(self, *words: object, code: int = 0) -> Result:
        environment = {"LUODI_NATS_URL": self.nats_url, "LUODI_DATABASE_URL": self.database_url}
        result = await asyncio.to_thread(CliRunner().invoke, app, list(map(str, words)), env=environment)
        assert result.exit_code == code, result.output
        return result

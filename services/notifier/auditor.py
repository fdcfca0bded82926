"""The auditor: looks from outside at whether anything is late or stuck, and calls a heartbeat only when all is well."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

import structlog
from pydantic import SecretStr

from services.notifier.brake import Brake
from services.notifier.channels.http import Answer, Client
from services.notifier.domain.ladder import midnight
from services.notifier.domain.policy import Policy
from services.notifier.metrics import Metrics
from services.notifier.rounds import Streaks
from shared.clock import business_day
from shared.database import Pool
from shared.readiness import Check
from shared.sql import queries_beside

SQL = queries_beside(__file__)

# What is due is done within seconds; five minutes late is a fault.
_LATE: Final = timedelta(minutes=5)
_TRIED_FOR_LONG: Final = timedelta(hours=2)
# What is looked for besides the checks of readiness.
KINDS: Final = (
    "late-case",
    "unlooked-project",
    "set-aside-project",
    "set-aside-case",
    "unbundled-delivery",
    "unsent-message",
    "abandoned-message",
    "undelivered-message",
    "undelivered-dead",
    "unpublished-event",
    "failing-part",
    "calendar-ends",
    "paused",
)
# Known ahead, while nothing is late yet.
_AHEAD: Final = frozenset({"calendar-ends"})


class Heartbeat:
    """Calls an address that raises an alarm when it is not called: nothing here can tell that nothing here runs."""

    def __init__(self, client: Client, url: SecretStr | None) -> None:
        self._client = client
        self._url = url

    async def call(self) -> str | None:
        """Call once. Returns what came of it, in a word; None when nobody is to be called."""
        if self._url is None:
            return None
        answer = await self._client.get(self._url.get_secret_value())
        if not isinstance(answer, Answer):
            return answer.code
        return "ok" if 200 <= answer.status < 300 else f"http-{answer.status}"


class Auditor:
    """Audits every so often. `checks` are what the service's readiness depends on."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that it looks at; it is made in one place
        self,
        pool: Pool,
        policy: Policy,
        brake: Brake,
        checks: Mapping[str, Check],
        streaks: Streaks,
        heartbeat: Heartbeat,
        metrics: Metrics,
        every: timedelta,
    ) -> None:
        self._pool = pool
        self._policy = policy
        self._brake = brake
        self._checks = checks
        self._streaks = streaks
        self._heartbeat = heartbeat
        self._metrics = metrics
        self._every = every
        self._next: datetime | None = None
        self._known: Mapping[str, int] = {}
        self._log = structlog.get_logger().bind(part="auditor")

    async def run_once(self, now: datetime) -> int:
        """Audit when it is time to; there is never more to do at once."""
        if self._next is None or now >= self._next:
            self._next = now + self._every
            await self.audit(now)
        return 0

    async def audit(self, now: datetime) -> Mapping[str, int]:
        """What is wrong: kind and number. The heartbeat is called when that is nothing but what is known ahead."""
        await self._measure(now)
        found, which = dict.fromkeys(KINDS, 0), {}
        for row in await self._pool.fetch(SQL["audit"], now - _LATE, now - _TRIED_FOR_LONG):
            found[row["kind"]], which[row["kind"]] = row["found"], row["which"]
        if failing := self._streaks.broken():
            found["failing-part"], which["failing-part"] = len(failing), list(failing)
        if year := self._policy.unpublished(business_day(now)):
            found["calendar-ends"], which["calendar-ends"] = 1, [str(year)]
        found["paused"] = int(await self._brake.paused() is not None)
        for name, check in self._checks.items():
            found[name] = int(await check() is not None)
        for kind, count in found.items():
            self._metrics.findings.labels(kind).set(count)
        self._metrics.audited.set(now.timestamp())
        wrong = {kind: count for kind, count in found.items() if count}
        if wrong and wrong != self._known:
            self._log.warning("not all is well", **wrong, which=which)
        self._known = wrong
        if not wrong.keys() - _AHEAD and (said := await self._heartbeat.call()):
            self._metrics.heartbeats.labels(said).inc()
            if said != "ok":
                self._log.warning("the heartbeat was not taken", said=said)
        return wrong

    async def _measure(self, now: datetime) -> None:
        for gauge, query in ((self._metrics.cases, "cases_by_state"), (self._metrics.messages, "messages_by_state")):
            counts = await self._pool.fetch(SQL[query])
            gauge.clear()
            for state, count in counts:
                gauge.labels(state).set(count)
        self._metrics.calendar.set(midnight(date(max(self._policy.days.years) + 1, 1, 1)).timestamp())
        oldest = await self._pool.fetchval(SQL["oldest_timer"])
        self._metrics.lateness.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)

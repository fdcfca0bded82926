"""Sums kept ready, so that a figure costs the same however many facts it has: built once, kept current by key."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from services.reporting.domain.indicators import Definitions
from shared.database import Connection, Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)

# Of a rule over millions of facts.
_BUILD_SECONDS = 3600.0


class Rollups:
    """The sums of some definitions' rules. Until they are built, figures are computed from the facts."""

    def __init__(self, pool: Pool, every: Sequence[Definitions]) -> None:
        self._pool = pool
        self._rules = {one.key(): one.rule() for definitions in every for one in definitions.indicator}

    async def build(self) -> None:
        """Build the rules that are not built yet, and give up those that nobody asks for. Intake waits meanwhile."""
        built = {row["key"] for row in await self._pool.fetch(SQL["built"])}
        if built == set(self._rules):
            return
        async with self._pool.acquire() as connection:
            async with connection.transaction():
                await connection.execute(SQL["own"], timeout=_BUILD_SECONDS)
                await _give_up(connection, self._rules)
            for key, rule in self._rules.items():
                async with connection.transaction():
                    await connection.execute(SQL["own"], timeout=_BUILD_SECONDS)
                    # Another process may have been faster.
                    if key not in {row["key"] for row in await connection.fetch(SQL["built"])}:
                        await connection.execute(SQL["put_rule"], key, rule)
                        await connection.execute(SQL["build_changes"], key, rule, timeout=_BUILD_SECONDS)
                        await connection.execute(SQL["build_rollup"], key, timeout=_BUILD_SECONDS)


async def hold(connection: Connection) -> None:
    """Keep rules from being built or given up until the transaction ends: call it before facts are changed."""
    await connection.execute(SQL["share"])


async def renew(connection: Connection, projects: Iterable[tuple[str, str]]) -> None:
    """Bring the sums up to date for projects, given as (district, project), whose facts were replaced."""
    for district, keys in groupby(sorted(projects), key=lambda one: one[0]):
        await connection.execute(SQL["renew"], district, [project for _, project in keys])


async def beat(connection: "Connection | Pool", districts: Iterable[str]) -> None:
    """Tell readers that answers about districts may have changed; last in its transaction."""
    if named := sorted(set(districts)):
        await connection.execute(SQL["beat"], named)


async def _give_up(connection: Connection, wanted: Mapping[str, object]) -> None:
    gone = [row["key"] for row in await connection.fetch(SQL["give_up"], list(wanted))]
    await connection.execute(SQL["drop_changes"], gone, timeout=_BUILD_SECONDS)
    await connection.execute(SQL["drop_rollups"], gone, timeout=_BUILD_SECONDS)

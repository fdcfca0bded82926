"""Looks at Postgres: its version, each service's schema, what is built and what is parked."""

from pathlib import Path
from typing import Final

import asyncpg

import services
from deploy.doctor.clocks import compared
from deploy.doctor.disk import room, seen_here
from deploy.doctor.finding import Finding, Findings, judged, ok
from services.ledger.domain.buckets import BUCKETS
from services.ledger.quarantine import Quarantine, Sieve
from services.ledger.rebuilder import rebuild_needed
from shared import clock
from shared.database import Pool, missing_migrations

TESTED: Final = 18
SERVICES: Final = tuple(Path(services.__file__).parent / name for name in ("ledger", "notifier", "reporting"))


async def examine_postgres(pool: Pool, *, local: bool) -> Findings:
    """Everything about the database; `local`: it keeps its files on this machine."""
    yield await _version(pool)
    yield await _locks(pool)
    complete = True
    for service in SERVICES:
        missing = await missing_migrations(pool, service)
        complete = complete and missing is None
        yield judged(f"schema {service.name}", missing, "up to date")
    if complete:
        yield judged("records", await rebuild_needed(pool), "computed by the folds of this version")
        yield await _parked(pool)
    before = clock.system()
    theirs = await pool.fetchval("select clock_timestamp()")
    yield compared("Postgres", before, theirs, clock.system())
    if local and (folder := await _folder(pool)) is not None:
        yield room("disk of Postgres", folder)


async def _version(pool: Pool) -> Finding:
    number: int = await pool.fetchval("select current_setting('server_version_num')::int")
    major, minor = divmod(number, 10_000)
    if major >= TESTED:
        return ok("Postgres", f"version {major}.{minor}")
    return Finding("Postgres", "warning", f"version {major}.{minor}, tested with {TESTED}", f"upgrade to {TESTED}")


async def _locks(pool: Pool) -> Finding:
    """A recorder holds as many locks as there are buckets, and other work needs some too."""
    slots: int = await pool.fetchval(
        "select current_setting('max_locks_per_transaction')::int * current_setting('max_connections')::int"
    )
    if slots >= 2 * BUCKETS:
        return ok("locks", f"room for {slots}")
    said = f"room for {slots}; recording may take {BUCKETS} at once"
    return Finding("locks", "wrong", said, "raise max_locks_per_transaction; the default of 64 does")


async def _parked(pool: Pool) -> Finding:
    parked = await Quarantine(pool).tally(Sieve())
    if not parked:
        return ok("quarantine", "nothing waits")
    kinds = ", ".join(f"{count} {code}" for code, count in sorted(parked.items()))
    said = f"{sum(parked.values())} refused messages wait ({kinds}), and figures say that they are not complete"
    return Finding("quarantine", "warning", said, "see 'luodi quarantine list'")


async def _folder(pool: Pool) -> Path | None:
    """Where the server keeps its data, if this user may know and it is a folder that we see too."""
    try:
        return seen_here(await pool.fetchval("show data_directory"))
    except asyncpg.InsufficientPrivilegeError:
        return None

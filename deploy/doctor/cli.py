"""`luodi doctor`: looks at everything that an installation needs, and says what is wrong with what remedy."""

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer
from nats.errors import Error as NatsError
from rich.console import Console
from rich.markup import escape

from deploy.doctor.disk import room
from deploy.doctor.file_checks import examine_files
from deploy.doctor.finding import Finding, Findings, is_wrong
from deploy.doctor.nats_checks import examine_nats
from deploy.doctor.postgres_checks import examine_postgres
from deploy.doctor.service_checks import examine_services
from deploy.local.datadir import DEFAULT_DIRECTORY
from services.reporting.settings import ReportingSettings
from shared import database, streams
from shared.clock import business_day, system
from shared.settings import Settings
from shared.subjects import REPORTING_OF_LEDGER, Consumer

_COLOURS: Final = {"ok": "green", "warning": "yellow", "wrong": "red"}
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_CONNECTING_SECONDS: Final = 5.0
_SERVICES: Final = ("ledger", "notifier", "reporting")


class _AwayError(Exception):
    """A server cannot be reached; the message says which and why."""


def doctor(
    data_dir: Annotated[
        Path | None, typer.Option(help="Look at the 'luodi up' that runs on this directory.", file_okay=False)
    ] = None,
    ledger: Annotated[str | None, typer.Option(help="Where the ledger answers, such as http://ledger:8081.")] = None,
    notifier: Annotated[str | None, typer.Option(help="Where the notifier answers.")] = None,
    reporting: Annotated[str | None, typer.Option(help="Where reporting answers.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as a JSON array.")] = False,
) -> None:
    """Say what is wrong with this installation: a line for each thing looked at, with the remedy.

    It looks at settings and the files that they name, NATS with its streams
    and consumers, Postgres with each service's schema, what is parked,
    clocks and disks, and asks each service whose address is known whether
    it is ready. It changes nothing. The stack of 'luodi up' is found by
    itself when it runs in the checkout and no server is set.

    Exit 0: nothing is wrong, though there may be warnings. 1: something is.
    2: a setting cannot be read, or neither server can be reached.

    Reads LUODI_NATS_URL, LUODI_DATABASE_URL and what the services read.
    """
    given = {"ledger": ledger, "notifier": notifier, "reporting": reporting}
    settings, addresses, folder = _installation(data_dir)
    addresses |= {name: url for name, url in given.items() if url}
    findings, away = asyncio.run(_examine(settings, addresses, folder))
    if as_json:
        typer.echo(json.dumps([finding.document() for finding in findings], ensure_ascii=False, indent=2))
    else:
        _show(findings)
    if away == {"NATS", "Postgres"}:
        raise typer.Exit(2)
    if is_wrong(findings):
        raise typer.Exit(1)


def _installation(data_dir: Path | None) -> tuple[Settings, dict[str, str], Path | None]:
    """The settings, the addresses of services, and the data directory where it is the stack of one."""
    settings = Settings()
    unset = not {"nats_url", "database_url"} & settings.model_fields_set
    folder = data_dir or (DEFAULT_DIRECTORY if unset else None)
    file = folder / "addresses.json" if folder else None
    if folder is None or file is None or not file.is_file():
        if data_dir is not None:
            raise typer.BadParameter(f"no 'luodi up' is ready there: {data_dir} has no addresses.json")
        return settings, {}, None
    found: Mapping[str, str] = json.loads(file.read_text(encoding="utf-8"))
    servers = {"nats_url": found["nats"], "database_url": found["postgres"]}
    return settings.model_copy(update=servers), {name: found[name] for name in _SERVICES}, folder


async def _examine(
    settings: Settings, addresses: Mapping[str, str], folder: Path | None
) -> tuple[list[Finding], set[str]]:
    """All findings, and which of the two servers is away."""
    findings, away = list(examine_files(business_day(system()), set_by_the_stack=folder is not None)), set[str]()
    if folder is not None:
        findings.append(room("disk of the data directory", folder))
    for name, examined in (("NATS", _nats(settings)), ("Postgres", _postgres(settings, here=folder is None))):
        try:
            findings += [finding async for finding in examined]
        except _AwayError as error:
            away.add(name)
            variable = "LUODI_NATS_URL" if name == "NATS" else "LUODI_DATABASE_URL"
            findings.append(Finding(name, "wrong", str(error), f"start it, or set {variable}"))
        except (*database.AWAY, NatsError) as error:
            findings.append(Finding(name, "wrong", f"{type(error).__name__}: {error}"))
    findings += [finding async for finding in examine_services(addresses)]
    return findings, away


async def _nats(settings: Settings) -> Findings:
    try:
        connection = await streams.connect(settings.nats_url, "luodi-doctor")
    except (OSError, NatsError, TimeoutError) as error:
        raise _AwayError(f"cannot be reached: {str(error) or type(error).__name__}") from error
    try:
        async for finding in examine_nats(connection, _consumer_of_reporting()):
            yield finding
    finally:
        await connection.close()


async def _postgres(settings: Settings, *, here: bool) -> Findings:
    local = here and (urlsplit(settings.database_url).hostname or "") in _LOOPBACK
    async with database.make_pool(settings.database_url, "luodi-doctor", size=1) as pool:
        try:
            async with asyncio.timeout(_CONNECTING_SECONDS):
                await pool.fetchval("select 1")
        except database.AWAY as error:
            raise _AwayError(f"cannot be reached: {str(error) or type(error).__name__}") from error
        async for finding in examine_postgres(pool, local=local):
            yield finding


def _consumer_of_reporting() -> Consumer:
    """What feeds the database here; when the settings of reporting cannot be read, that is told elsewhere."""
    with contextlib.suppress(ValueError):
        return ReportingSettings().ledger_consumer
    return REPORTING_OF_LEDGER


def _show(findings: list[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True, no_color="NO_COLOR" in os.environ)
    for one in findings:
        remedy = f" → {one.remedy}" if one.remedy else ""
        console.print(f"[{_COLOURS[one.state]}]{one.state:<8}[/]{escape(f'{one.about}: {one.said}{remedy}')}")
    wrong, warnings = (sum(one.state == state for one in findings) for state in ("wrong", "warning"))
    console.print(f"{len(findings)} looked at: {wrong} wrong, {warnings} warnings")

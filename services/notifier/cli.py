"""The notifier's commands."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.notifier import brake
from services.notifier.app import build, make_channels
from services.notifier.channels.http import make_client, make_stranger_client
from services.notifier.checks import examine, read_files
from services.notifier.domain.cases import Timing
from services.notifier.domain.directory import Directory, Person
from services.notifier.domain.outcomes import Outcome, Sent
from services.notifier.explainer import Explainer
from services.notifier.offline import asking, done
from services.notifier.registrar import Registrar
from services.notifier.settings import NotifierSettings
from services.notifier.silence_cli import app as silence
from services.notifier.trial import try_ways, ways_to
from shared import clock, database
from shared.database import Connection
from shared.web import serve

app = typer.Typer(help="Who must hear, by when, until they answer.", no_args_is_help=True)
app.add_typer(silence, name="silence")


@app.callback()
def notifier() -> None:
    """Who must hear, by when, until they answer: watches records, opens cases, pushes and escalates."""


@app.command()
def run() -> None:
    """Run the service until Ctrl-C. Reads LUODI_NATS_URL, LUODI_DATABASE_URL, LUODI_HOST, LUODI_PORT (8082) and more.

    A policy or a directory with something wrong in it is told line by line, and nothing is started: exit 2.
    """
    settings = NotifierSettings()
    *_, findings = read_files(settings)
    for finding in findings:
        typer.echo(finding, err=True)
    if findings:
        raise typer.Exit(2)
    serve(lambda: build(settings), settings)


@app.command()
def explain(
    project: Annotated[str, typer.Argument(help="The project's id, or that of a target: target-2026-funds-arrived.")],
    district: Annotated[str | None, typer.Option(help="Its district; needed by nobody but who has several.")] = None,
) -> None:
    """Say which duties hold for a project now and why, and who will be told of them when if nothing happens.

    Exit 1 when the notifier knows no such project. 2: the policy, the directory or the database cannot be read.
    """
    policy, directory, findings = read_files(NotifierSettings())
    for finding in findings:
        typer.echo(finding, err=True)
    if policy is None or directory is None:
        raise typer.Exit(2)
    explainer = Explainer(policy, directory, Registrar(policy, Timing(timedelta(), 0)))
    now = clock.system()

    async def work(connection: Connection) -> Sequence[str]:
        return await explainer.explain(connection, project, district, now)

    lines = asking(work)
    for line in lines:
        typer.echo(line)
    if not lines:
        typer.echo(f"the notifier knows no project {project}{f' of {district}' if district else ''}", err=True)
        raise typer.Exit(1)


@app.command()
def check(
    policy: Annotated[Path | None, typer.Option(help="A file to check instead of LUODI_POLICY.")] = None,
    directory: Annotated[Path | None, typer.Option(help="A file to check instead of LUODI_DIRECTORY.")] = None,
) -> None:
    """Check the policy and the directory, and that the secrets they name are set. Exit 1 when something is wrong."""
    given = {name: file for name, file in (("policy", policy), ("directory", directory)) if file is not None}
    settings = NotifierSettings().model_copy(update=given)
    findings = examine(settings, clock.business_day(clock.system()))
    for finding in findings:
        typer.echo(f"{'wrong' if finding.wrong else 'note'}: {finding}")
    if any(finding.wrong for finding in findings):
        raise typer.Exit(1)
    Console().print(f"[green]Fine:[/] {settings.policy} and {settings.directory}", highlight=False, soft_wrap=True)


@app.command("test-send")
def send_test(
    person: Annotated[str, typer.Argument(help="Whom to send it to, by the name in the directory.")],
    channel: Annotated[str | None, typer.Option(help="Only over this channel, e.g. wecom-app or email.")] = None,
) -> None:
    """Send a marked test message to one person and print what each provider answered. Exit 1 when one did not take it.

    It goes over every way that the directory has for the person. Nothing is recorded, and no case is touched.
    """
    settings = NotifierSettings()
    _, directory, _ = read_files(settings)
    found = directory.person(person, clock.business_day(clock.system())) if directory else None
    if directory is None or found is None:
        typer.echo(f"{settings.directory}: nobody is called '{person}'", err=True)
        raise typer.Exit(1)
    ways = ways_to(found, channel)
    if not ways:
        typer.echo(f"{person} has no {channel or 'address'} in {settings.directory}", err=True)
        raise typer.Exit(1)
    outcomes = asyncio.run(_try(settings, directory, found, ways))
    for way, outcome in outcomes:
        typer.echo(f"{way}: {type(outcome).__name__} {outcome.code} {outcome.said}".rstrip())
    if not all(isinstance(outcome, Sent) for _, outcome in outcomes):
        raise typer.Exit(1)


@app.command()
def resume(
    discard: Annotated[
        bool, typer.Option("--discard", help="Do not send what waits: it was sent before the database was restored.")
    ] = False,
) -> None:
    """Let sending go on after it was paused: after a restore, or when nothing ran for days.

    Exit 2 when the database cannot be reached.
    """
    dropped = done(_resume(NotifierSettings(), discard))
    typer.echo(f"sending goes on{f'; {dropped} waiting messages were dropped' if discard else ''}")


async def _try(
    settings: NotifierSettings, directory: Directory, person: Person, ways: Sequence[str]
) -> list[tuple[str, Outcome]]:
    async with make_client() as client, make_stranger_client() as strangers:
        return await try_ways(make_channels(settings, client, strangers), directory, person, ways, clock.system())


async def _resume(settings: NotifierSettings, discard: bool) -> int:
    async with database.make_pool(settings.database_url, "luodi-notifier-resume", size=1) as pool:
        return await brake.resume(pool, clock.system(), discard=discard)

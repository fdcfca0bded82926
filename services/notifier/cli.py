"""The notifier's commands."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.notifier.app import build
from services.notifier.checks import examine, read_files
from services.notifier.settings import NotifierSettings
from shared.web import serve

app = typer.Typer(help="Who must hear, by when, until they answer.", no_args_is_help=True)


@app.callback()
def notifier() -> None:
    """Who must hear, by when, until they answer: watches records, opens cases, pushes and escalates."""


@app.command()
def run() -> None:
    """Run the service until Ctrl-C. Reads LUODI_NATS_URL, LUODI_DATABASE_URL, LUODI_HOST, LUODI_PORT (8082) and more.

    A policy or a directory with something wrong in it is told line by line, and nothing is started.
    """
    settings = NotifierSettings()
    *_, findings = read_files(settings)
    for finding in findings:
        typer.echo(finding, err=True)
    if findings:
        raise typer.Exit(1)
    serve(lambda: build(settings), settings)


@app.command()
def check(
    policy: Annotated[Path | None, typer.Option(help="A file to check instead of LUODI_POLICY.")] = None,
    directory: Annotated[Path | None, typer.Option(help="A file to check instead of LUODI_DIRECTORY.")] = None,
) -> None:
    """Check the policy and the directory, and that the secrets they name are set. Exit 1 when something is wrong."""
    given = {name: file for name, file in (("policy", policy), ("directory", directory)) if file is not None}
    settings = NotifierSettings().model_copy(update=given)
    findings = examine(settings)
    for finding in findings:
        typer.echo(f"{'wrong' if finding.wrong else 'note'}: {finding}")
    if any(finding.wrong for finding in findings):
        raise typer.Exit(1)
    Console().print(f"[green]Fine:[/] {settings.policy} and {settings.directory}", highlight=False, soft_wrap=True)

"""The commands of reporting: run the service, check an indicators' file."""

from pathlib import Path
from typing import Annotated

import typer

from services.reporting import bulletin_cli
from services.reporting.app import build
from services.reporting.domain.indicators import DefinitionsError, read_definitions
from services.reporting.settings import ReportingSettings
from shared import web

app = typer.Typer(help="Figures against targets, each with its evidence.", no_args_is_help=True)
app.add_typer(bulletin_cli.app)


@app.command()
def run() -> None:
    """Run the service until Ctrl-C. Reads LUODI_NATS_URL, LUODI_DATABASE_URL, LUODI_HOST, LUODI_PORT (8080) and more.

    Indicators with something wrong in them are told with the line, and nothing is started: exit 2.
    """
    settings = ReportingSettings()
    try:
        web.serve(lambda: build(settings), settings)
    except DefinitionsError as error:
        typer.echo(f"The indicators cannot be used:\n{error}", err=True)
        raise typer.Exit(2) from error


@app.command("check-indicators")
def check_indicators(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file of indicators, in TOML.")],
) -> None:
    """Check a file of indicators; each mistake is told with its line, and the exit code is then 1."""
    try:
        read = read_definitions(file.read_text(encoding="utf-8"), str(file))
    except (DefinitionsError, UnicodeDecodeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for one in read.indicator:
        typer.echo(f"{one.code}  {one.title}（{one.unit}）")
    typer.echo(f"{len(read.indicator)} indicators, definitions {read.definitions}: nothing wrong.")

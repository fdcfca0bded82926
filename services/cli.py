"""The front door: one command, `luodi`, composed of the services' own, each loaded when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from shared.command import run

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "up": ("deploy.local.cli:up", "Run Postgres, NATS and the three services on this machine until Ctrl-C."),
    "simulate": ("deploy.demo.cli:simulate", "Invent a believable year of a district, the same for the same seed."),
    "publish": (
        "services.ledger.department.publish_cli:publish",
        "Publish events from a file and print a line for each one that was refused.",
    ),
    "import": (
        "services.ledger.department.import_cli:import_workbook",
        "Publish the rows of a workbook as events and print a line for each that was refused, with its cell.",
    ),
    "check": (
        "services.reporting.check_cli:check",
        "Check a report's figures: find the claims in Chinese prose, compute each again, say which do not add up.",
    ),
    "provision": (
        "services.provision_cli:provision",
        "Make or update the streams, the consumers and each service's schema. Safe to repeat.",
    ),
    "doctor": (
        "deploy.doctor.cli:doctor",
        "Say what is wrong with this installation: a line for each thing looked at, with the remedy.",
    ),
    "users": (
        "deploy.nats.cli:users",
        "Print the users of a NATS server: Luodi's own, one for each unit that publishes, and the city's.",
    ),
    "schema": (
        "services.schema_cli:schema",
        "Print the published language: every event as JSON Schema, or every subject and message as AsyncAPI.",
    ),
    "ledger": ("services.ledger.cli:app", "What is true of each project."),
    "quarantine": ("services.ledger.quarantine_cli:app", "Messages that were refused: see why, and settle them."),
    "notifier": ("services.notifier.cli:app", "Who must hear, by when, until they answer."),
    "reporting": ("services.reporting.cli:app", "Figures against targets, each with its evidence."),
}
"""Where each command is, and what the list of commands says of it."""


class Later(TyperCommand):
    """A command of which only name and help are known until somebody asks for it: most take a second to load."""

    def __init__(self, name: str, where: str, said: str) -> None:
        super().__init__(name, help=said)
        self._where = where

    def load(self) -> Any:
        """The command itself, or the group of commands."""
        module, _, member = self._where.partition(":")
        found = getattr(import_module(module), member)
        if isinstance(found, typer.Typer):
            return get_group(found)
        alone = typer.Typer(add_completion=False)
        alone.command()(found)
        return get_command(alone)

    def make_context(self, *given: Any, **named: Any) -> Any:
        """Everything that is done with a command begins here."""
        return self.load().make_context(*given, **named)


class _FrontDoor(TyperGroup):
    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands.update({name: Later(name, *row) for name, row in COMMANDS.items()})


app = typer.Typer(
    cls=_FrontDoor,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals hold secrets
)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"luodi {version('luodi')}")
        raise typer.Exit


@app.callback()
def luodi(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Luodi 落地: investment projects from first contact to production.

    Begin with 'luodi up --demo': everything on this machine, with a simulated district year in it.
    """


def main() -> None:
    """Run the command line; a setting that is wrong ends it with a sentence instead of a traceback."""
    run(app)


if __name__ == "__main__":
    main()

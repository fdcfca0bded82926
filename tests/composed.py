"""The three services as composed and not started, and the front door: what files for operators name must be there."""

import re
from typing import Any

import httpx
import typer.main
from fastapi import FastAPI

import services.ledger.app
import services.notifier.app
import services.reporting.app
from services.cli import Later
from services.cli import app as luodi
from services.ledger.department.settings import DepartmentSettings
from services.ledger.settings import LedgerSettings
from services.notifier.settings import NotifierSettings
from services.reporting.settings import ReportingSettings
from shared.settings import Settings

SETTINGS: dict[str, type[Settings]] = {
    "ledger": LedgerSettings,
    "notifier": NotifierSettings,
    "reporting": ReportingSettings,
}


def apps() -> dict[str, FastAPI]:
    """The three services; nothing is connected. Call it inside the running event loop."""
    return {
        "ledger": services.ledger.app.build(LedgerSettings()),
        "notifier": services.notifier.app.build(NotifierSettings()),
        "reporting": services.reporting.app.build(ReportingSettings()),
    }


async def metrics() -> str:
    """What all three tell Prometheus."""
    said = []
    for app in apps().values():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://luodi") as client:
            said.append((await client.get("/metrics")).text)
    return "".join(said)


def metric_names(said: str) -> set[str]:
    """The names of the metrics in a text for Prometheus, without the instants at which they were made."""
    return {name for name in re.findall(r"^# TYPE (\S+)", said, re.MULTILINE) if not name.endswith("_created")}


def settings() -> set[str]:
    """Every variable that a service or a department's command reads."""
    kinds: tuple[type[Settings], ...] = (*SETTINGS.values(), DepartmentSettings)
    return {f"LUODI_{name.upper()}" for kind in kinds for name in kind.model_fields}


def ports() -> dict[str, int]:
    """The port of each service by default."""
    return {name: kind.model_fields["port"].default for name, kind in SETTINGS.items()}


def is_a_command(words: list[str]) -> bool:
    """Whether `luodi` with these words is a command with options that it has."""
    command: Any = typer.main.get_command(luodi)
    for word in words:
        if word.startswith("-") and word != "-":
            known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
            if word.partition("=")[0] not in {*known, "--help"}:
                return False
        elif hasattr(command, "commands"):
            if word in {"…", "..."}:
                return True
            if word not in command.commands:
                return False
            command = loaded(command.commands[word])
    return True


def loaded(command: Any) -> Any:
    """The command itself, where the front door knows only its name so far."""
    return command.load() if isinstance(command, Later) else command

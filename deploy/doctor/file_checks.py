"""Looks at the files and settings that people write, with the services' own checkers."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from pydantic import ValidationError
from pydantic_settings import SettingsError

from deploy.doctor.finding import Finding, ok
from services.ledger.settings import LedgerSettings
from services.notifier.checks import examine
from services.notifier.settings import NotifierSettings
from services.reporting.domain.indicators import DefinitionsError
from services.reporting.editions import read_editions
from services.reporting.settings import ReportingSettings
from shared.settings import Settings, wrong_settings

# What 'luodi up' tells the notifier itself.
_OF_THE_STACK: Final = frozenset({"LUODI_PUBLIC_URL", "LUODI_LINK_SECRET"})


def examine_files(today: date, *, set_by_the_stack: bool) -> Iterator[Finding]:
    """The settings of each service as they are in this environment, and the files that they name."""
    read: dict[type[Settings], Settings] = {}
    for kind in (LedgerSettings, NotifierSettings, ReportingSettings):
        about = f"settings of {kind.__name__.removesuffix('Settings').lower()}"
        try:
            read[kind] = kind()
        except (ValidationError, SettingsError) as error:
            for sentence in wrong_settings(error):
                yield Finding(about, "wrong", sentence, "see docs/operation.md")
        else:
            yield ok(about, "readable")
    if isinstance(notifier := read.get(NotifierSettings), NotifierSettings):
        yield from _notifier(notifier, today, _OF_THE_STACK if set_by_the_stack else frozenset())
    if isinstance(reporting := read.get(ReportingSettings), ReportingSettings):
        yield _indicators(reporting)


def _notifier(settings: NotifierSettings, today: date, elsewhere: frozenset[str]) -> Iterator[Finding]:
    findings = [one for one in examine(settings, today) if one.where not in elsewhere]
    for one in findings:
        yield Finding(one.where, "wrong" if one.wrong else "warning", one.text)
    if not any(one.wrong for one in findings):
        yield ok("policy and directory", f"{settings.policy.name} and {settings.directory.name} can be used")


def _indicators(settings: ReportingSettings) -> Finding:
    try:
        editions = read_editions(settings.indicators, settings.other_indicators)
    except DefinitionsError as error:
        said = "; ".join(str(error).splitlines())
        return Finding("indicators", "wrong", said, "see 'luodi reporting check-indicators'")
    return ok("indicators", f"definitions {editions.in_force.definitions}, {len(editions.every)} versions")

"""Checks an installation's files before they are used: what is wrong, in which line, and what is allowed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.notifier.domain.directory import WECOM_BOT, Directory, read_directory
from services.notifier.domain.policy import InvalidFileError, Policy, read_policy
from services.notifier.settings import NotifierSettings


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a file. `wrong`: the service would not start, or would not reach somebody; otherwise a hint."""

    file: Path
    line: int
    text: str
    wrong: bool

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{where}: {self.text}"


def read_files(settings: NotifierSettings) -> tuple[Policy | None, Directory | None, list[Finding]]:
    """The policy and the directory, each None when it cannot be used, and what is wrong with them."""
    findings: list[Finding] = []
    policy: Policy | None = None
    directory: Directory | None = None
    try:
        policy = read_policy(settings.policy.read_text(encoding="utf-8"))
    except (InvalidFileError, OSError, UnicodeDecodeError) as error:
        findings += _faults(settings.policy, error)
    try:
        directory = read_directory(settings.directory.read_bytes())
    except (InvalidFileError, OSError) as error:
        findings += _faults(settings.directory, error)
    return policy, directory, findings


def examine(settings: NotifierSettings) -> list[Finding]:
    """Everything worth telling about the files and the secrets they name, what is wrong first."""
    policy, directory, findings = read_files(settings)
    if directory is not None:
        findings += _secrets(settings, directory)
        findings += _reach(settings, policy, directory)
    return sorted(findings, key=lambda finding: (not finding.wrong, str(finding.file), finding.line))


def _faults(file: Path, error: Exception) -> list[Finding]:
    if isinstance(error, InvalidFileError):
        return [Finding(file, problem.line, problem.text, wrong=True) for problem in error.problems]
    return [Finding(file, 0, str(error), wrong=True)]


def _secrets(settings: NotifierSettings, directory: Directory) -> Iterator[Finding]:
    for person in directory.people:
        for address in person.addresses:
            bot = address.channel == WECOM_BOT
            held = settings.wecom_bots if bot else settings.webhook_secrets
            if address.secret not in held:
                variable = "LUODI_WECOM_BOTS" if bot else "LUODI_WEBHOOK_SECRETS"
                text = f"{person.name}: {variable} has no '{address.secret}'"
                yield Finding(settings.directory, person.line, text, wrong=True)


def _reach(settings: NotifierSettings, policy: Policy | None, directory: Directory) -> Iterator[Finding]:
    if not directory.people:
        yield Finding(settings.directory, 0, "nobody is in it: nothing will be sent", wrong=False)
        return
    for person in directory.people:
        if not person.addresses:
            yield Finding(settings.directory, person.line, f"{person.name} cannot be reached: no address", wrong=False)
    held = {person.post for person in directory.people}
    roles = {role for rule in policy.rules for rung in rule.ladder for role in rung.who} if policy else set()
    for role in sorted(roles - held - {"lead-official"}):
        yield Finding(settings.directory, 0, f"nobody is {role}, which the policy's ladder names", wrong=False)

"""Checks an installation's files before they are used: what is wrong, in which line, and what is allowed."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.notifier.domain.directory import (
    DINGTALK_BOT,
    EMAIL,
    FEISHU_BOT,
    WEBHOOK,
    WECOM_APP,
    WECOM_BOT,
    Directory,
    read_directory,
)
from services.notifier.domain.files import InvalidFileError
from services.notifier.domain.kinds import OWED_BY_COORDINATOR
from services.notifier.domain.policy import Policy, read_policy
from services.notifier.settings import NotifierSettings


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a file or a setting.

    `wrong`: the service would not start, or would not reach somebody; otherwise a hint.
    """

    where: str
    text: str
    wrong: bool

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def read_files(settings: NotifierSettings) -> tuple[Policy | None, Directory | None, list[Finding]]:
    """The policy and the directory, each None when it cannot be used, and what is wrong with them."""
    findings: list[Finding] = []
    policy: Policy | None = None
    directory: Directory | None = None
    try:
        policy = read_policy(settings.policy.read_bytes())
    except (InvalidFileError, OSError) as error:
        findings += _faults(settings.policy, error)
    try:
        directory = read_directory(settings.directory.read_bytes())
    except (InvalidFileError, OSError) as error:
        findings += _faults(settings.directory, error)
    return policy, directory, findings


def examine(settings: NotifierSettings, today: date) -> list[Finding]:
    """Everything worth telling about the files and the settings they depend on, what is wrong first."""
    policy, directory, findings = read_files(settings)
    if policy is not None:
        findings += _coordinator(settings, policy)
        findings += _calendar(settings, policy, today)
    if directory is not None:
        findings += _secrets(settings, directory)
        findings += _reach(settings, policy, directory)
    findings += _links(settings)
    return sorted(findings, key=lambda finding: not finding.wrong)


def _faults(file: Path, error: Exception) -> list[Finding]:
    if isinstance(error, InvalidFileError):
        return [Finding(_line(file, problem.line), problem.text, wrong=True) for problem in error.problems]
    return [Finding(str(file), str(error), wrong=True)]


def _coordinator(settings: NotifierSettings, policy: Policy) -> Iterator[Finding]:
    if policy.coordinator is not None:
        return
    for rule in policy.rules:
        roles = sorted({role for rung in rule.ladder for role in rung.who if role.startswith("unit-")})
        if rule.id in OWED_BY_COORDINATOR and roles:
            text = f"coordinator: not set, so '{rule.id}' finds no {' and no '.join(roles)}: name the unit that owes it"
            yield Finding(str(settings.policy), text, wrong=True)


def _calendar(settings: NotifierSettings, policy: Policy, today: date) -> Iterator[Finding]:
    if year := policy.unpublished(today):
        text = (
            f"calendar: the holidays of {year} are not known, and deadlines in it are a guess: upgrade, "
            f"or add the year to [calendar] once the State Council has published it"
        )
        yield Finding(str(settings.policy), text, wrong=False)


def _secrets(settings: NotifierSettings, directory: Directory) -> Iterator[Finding]:
    held: Mapping[str, tuple[str, Collection[str]]] = {
        WEBHOOK: ("LUODI_WEBHOOK_SECRETS", settings.webhook_secrets),
        WECOM_APP: ("LUODI_WECOM_APPS", settings.wecom_apps),
        WECOM_BOT: ("LUODI_WECOM_BOTS", settings.wecom_bots),
        DINGTALK_BOT: ("LUODI_DINGTALK_BOTS", settings.dingtalk_bots),
        FEISHU_BOT: ("LUODI_FEISHU_BOTS", settings.feishu_bots),
    }
    for person in directory.people:
        where = _line(settings.directory, person.line)
        for address in person.addresses:
            if address.channel == EMAIL:
                if settings.smtp_host is None:
                    yield Finding(where, f"{person.name} has an e-mail address: LUODI_SMTP_HOST is not set", wrong=True)
                continue
            variable, names = held[address.channel]
            if address.secret not in names:
                yield Finding(where, f"{person.name}: {variable} has no '{address.secret}'", wrong=True)


def _reach(settings: NotifierSettings, policy: Policy | None, directory: Directory) -> Iterator[Finding]:
    file = str(settings.directory)
    if not directory.people:
        yield Finding(file, "nobody is in it: nothing will be sent", wrong=False)
        return
    for person in directory.people:
        if not person.addresses:
            where = _line(settings.directory, person.line)
            yield Finding(where, f"{person.name} cannot be reached: no address", wrong=False)
    held = {person.post for person in directory.people}
    roles = {role for rule in policy.rules for rung in rule.ladder for role in rung.who} if policy else set()
    for role in sorted(roles - held - {"lead-official"}):
        yield Finding(file, f"nobody is {role}, which the policy's ladder names", wrong=False)
    posts = {(person.post, person.unit) for person in directory.people}
    for unit in sorted(policy.units if policy else ()):
        for role in sorted(roles & {"unit-contact", "unit-head"}):
            if (role, unit) not in posts:
                yield Finding(file, f"nobody is {role} of {unit}, which the policy names", wrong=False)


def _links(settings: NotifierSettings) -> Iterator[Finding]:
    if settings.public_url is None:
        yield Finding("LUODI_PUBLIC_URL", f"not set: links will begin with {settings.reached_at}", wrong=False)
    if settings.link_secret is None:
        yield Finding("LUODI_LINK_SECRET", "not set: links will work until the next restart only", wrong=False)


def _line(file: Path, line: int) -> str:
    return f"{file}:{line}" if line else str(file)

"""The directory file: officials, units and contacts, and how each is reached."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from services.notifier.domain.policy import InvalidFileError, Problem, Role
from services.notifier.domain.record import Record
from shared.subjects import DISTRICT

Post: TypeAlias = Literal["official", "unit-contact", "unit-head", "district-head"]
Channel: TypeAlias = Literal["webhook", "wecom-bot"]
WEBHOOK: Final = "webhook"
WECOM_BOT: Final = "wecom-bot"

COLUMNS: Final = ("name", "role", "unit", "district", "wecom_userid", "wecom_bot", "webhook", "webhook_secret")
_POSTS: Final = get_args(Post)
_NAME = re.compile(r"[a-z0-9-]{1,32}")
# A member's own id, never @all: one line of a file must not be able to call everybody.
_USERID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Address:
    """One way to reach a person.

    `target` is a webhook's URL or the name of a bot; `secret` is the name under which the settings hold the bot's key
    or the webhook's signing secret; `mention` is the person's id in the group the bot writes to.
    """

    channel: Channel
    target: str
    secret: str
    mention: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who can be told. `name` is written as in the events; `line` is the line of the file."""

    name: str
    post: Post
    unit: str
    district: str
    addresses: tuple[Address, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Nobody:
    """A rung's role that leads to nobody: `whom` is the name or the role looked for, `why` a sentence in Chinese."""

    whom: str
    why: str


class Directory:
    """Everyone who can be told."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.people = tuple(people)
        self._by_name = {person.name: person for person in people}

    def person(self, name: str) -> Person | None:
        """The person of this name, as written in the file."""
        return self._by_name.get(name)

    def holders(self, role: Role, record: Record) -> list[Person] | Nobody:
        """Who holds a role for a project and can be reached; at least one."""
        found = self._holders(role, record)
        if isinstance(found, Nobody):
            return found
        reachable = [person for person in found if person.addresses]
        return reachable or Nobody(found[0].name, "通讯录中没有其任何联系方式")

    def _holders(self, role: Role, record: Record) -> list[Person] | Nobody:
        if role == "lead-official":
            if not record.lead_official:
                return Nobody("挂包领导", "项目尚未明确挂包领导")
            person = self.person(record.lead_official)
            return [person] if person else Nobody(record.lead_official, "通讯录中没有此人")
        if role == "district-head":
            found = [each for each in self.people if each.post == role and each.district in ("", record.district)]
            return found or Nobody("区主要领导", f"通讯录中没有{record.district}的区主要领导")
        title = {"unit-head": "单位主要负责人", "unit-contact": "单位联络员"}[role]
        if not record.lead_unit:
            return Nobody(title, "项目尚未明确牵头单位")
        found = [
            each
            for each in self.people
            if each.post == role and each.unit == record.lead_unit and each.district in ("", record.district)
        ]
        return found or Nobody(f"{record.lead_unit}{title}", f"通讯录中没有{record.lead_unit}的{title}")


def read_directory(content: bytes) -> Directory:
    """The directory in a CSV file, in UTF-8 or in the GB 18030 that spreadsheets write here.

    Raises InvalidFileError with every problem found.
    """
    rows = csv.DictReader(io.StringIO(_decoded(content), newline=""))
    header = [name.strip() for name in rows.fieldnames or ()]
    strange = [name for name in header if name not in COLUMNS]
    missing = [name for name in ("name", "role") if name not in header]
    if strange or missing:
        what = f"unknown columns {', '.join(strange)}" if strange else f"columns missing: {', '.join(missing)}"
        raise InvalidFileError([Problem(1, f"{what}; allowed: {', '.join(COLUMNS)}")])
    rows.fieldnames = header
    people: list[Person] = []
    problems: list[Problem] = []
    for row in rows:
        cells = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
        found = [Problem(rows.line_num, text) for text in _faults(cells, {person.name for person in people})]
        if None in row:
            found.append(Problem(rows.line_num, "more cells than the header has columns"))
        problems.extend(found)
        if not found:
            people.append(_person(cells, rows.line_num))
    if problems:
        raise InvalidFileError(problems)
    return Directory(people)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise InvalidFileError([Problem(0, "neither UTF-8 nor GB 18030 text")]) from error


def _faults(cells: Mapping[str, str], names: set[str]) -> Iterator[str]:
    name, post = cells["name"], cells["role"]
    if not name:
        yield "name: empty"
    if name in names:
        yield f"name: '{name}' is in the file already; one line a person"
    if post not in _POSTS:
        yield f"role: '{post}' is unknown; allowed: {', '.join(_POSTS)}"
    if post.startswith("unit-") and not cells.get("unit"):
        yield f"unit: a {post} needs the name of the unit, written as in the events"
    if (district := cells.get("district")) and not DISTRICT.fullmatch(district):
        yield f"district: '{district}' is not a code of six digits (leave it empty for every district)"
    if (bot := cells.get("wecom_bot")) and not _NAME.fullmatch(bot):
        yield "wecom_bot: the name of a bot in LUODI_WECOM_BOTS (a-z, 0-9, -), never its key"
    if (userid := cells.get("wecom_userid")) and not _USERID.fullmatch(userid):
        yield f"wecom_userid: '{userid}' is not a member's id"
    if (url := cells.get("webhook")) and (fault := _url_fault(url)):
        yield f"webhook: {fault}"
    if bool(cells.get("webhook")) != bool(cells.get("webhook_secret")):
        yield "webhook and webhook_secret (a name in LUODI_WEBHOOK_SECRETS) go together"
    if (secret := cells.get("webhook_secret")) and not _NAME.fullmatch(secret):
        yield "webhook_secret: the name of a secret in LUODI_WEBHOOK_SECRETS (a-z, 0-9, -), never the secret"


def _url_fault(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "not a URL"
    if parts.scheme not in ("http", "https") or not host:
        return "a URL that begins with https:// or http://"
    return "a URL without user and password" if parts.username or parts.password else None


def _person(cells: Mapping[str, str], line: int) -> Person:
    addresses: list[Address] = []
    if url := cells.get("webhook"):
        addresses.append(Address(WEBHOOK, url, cells["webhook_secret"]))
    if bot := cells.get("wecom_bot"):
        addresses.append(Address(WECOM_BOT, bot, bot, cells.get("wecom_userid") or None))
    post = next(each for each in _POSTS if each == cells["role"])
    return Person(cells["name"], post, cells.get("unit", ""), cells.get("district", ""), tuple(addresses), line)

"""The directory file: officials, units and contacts, and how each is reached."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from services.notifier.domain.files import InvalidFileError, Problem, decoded
from services.notifier.domain.record import Record
from services.notifier.domain.rules import Role
from shared.subjects import DISTRICT

Post: TypeAlias = Literal["official", "unit-contact", "unit-head", "district-head"]
Channel: TypeAlias = Literal["webhook", "wecom-app", "wecom-bot", "dingtalk-bot", "feishu-bot", "email"]
WEBHOOK: Final = "webhook"
WECOM_APP: Final = "wecom-app"
WECOM_BOT: Final = "wecom-bot"
DINGTALK_BOT: Final = "dingtalk-bot"
FEISHU_BOT: Final = "feishu-bot"
EMAIL: Final = "email"

COLUMNS: Final = (
    "name",
    "role",
    "unit",
    "district",
    "wecom_userid",
    "wecom_app",
    "wecom_bot",
    "dingtalk_bot",
    "dingtalk_id",
    "feishu_bot",
    "feishu_id",
    "email",
    "webhook",
    "webhook_secret",
    "from",
    "until",
)
# Columns that name an entry of a setting, which holds the secret.
_NAMED: Final[Mapping[str, str]] = {
    "wecom_app": "an app in LUODI_WECOM_APPS",
    "wecom_bot": "a bot in LUODI_WECOM_BOTS",
    "dingtalk_bot": "a bot in LUODI_DINGTALK_BOTS",
    "feishu_bot": "a bot in LUODI_FEISHU_BOTS",
    "webhook_secret": "a secret in LUODI_WEBHOOK_SECRETS",
}
_POSTS: Final = get_args(Post)
_NAME = re.compile(r"[a-z0-9-]{1,32}")
# A member's own id, never @all: one line of a file must not be able to call everybody.
_USERID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")


@dataclass(frozen=True, slots=True)
class Address:
    """One way to reach a person.

    `target` is a webhook's URL, the name of a bot, a member's id or an e-mail address; `secret` is the name under
    which the settings hold what the channel signs or logs in with; `mention` is the person's id in the group that a bot
    writes to.
    """

    channel: Channel
    target: str
    secret: str
    mention: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in a post, who can be told. `name` is written as in the events; `line` is the line of the file.

    `since` and `until` are the first and the last day in this post, None for one that is not known. Who holds several
    posts at a time is there with each, under the same addresses.
    """

    name: str
    post: Post
    unit: str
    district: str
    addresses: tuple[Address, ...]
    line: int = 0
    since: date | None = None
    until: date | None = None

    def serves(self, day: date) -> bool:
        """Whether the person is in this post on a day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    @property
    def first(self) -> tuple[Address, ...]:
        """Where to tell at once: the webhook, which is a copy for a system, and the best way to the person."""
        return (
            *(each for each in self.addresses if each.channel == WEBHOOK),
            *[each for each in self.addresses if each.channel != WEBHOOK][:1],
        )

    def after(self, channel: str) -> Address | None:
        """The next way to the person when this one failed; the best one after a way that is none any more."""
        if channel == WEBHOOK:
            return None
        ways = [each for each in self.addresses if each.channel != WEBHOOK]
        place = next((place for place, each in enumerate(ways, start=1) if each.channel == channel), 0)
        return ways[place] if place < len(ways) else None


@dataclass(frozen=True, slots=True)
class Nobody:
    """A rung's role that leads to nobody: `whom` is the name or the role looked for, `why` a sentence in Chinese."""

    whom: str
    why: str


class Directory:
    """Everyone who can be told, now, before or later: posts change hands, and a line says from when until when."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.people = tuple(people)
        self._by_name: defaultdict[str, list[Person]] = defaultdict(list)
        self._by_post: defaultdict[tuple[str, str], list[Person]] = defaultdict(list)
        for person in people:
            self._by_name[person.name].append(person)
            self._by_post[person.post, person.unit if person.post.startswith("unit-") else ""].append(person)

    def person(self, name: str, day: date) -> Person | None:
        """The person of this name, as written in the file: in a post of that day, or else as known last before it.

        Who is not in any post yet is as they will be in the first.
        """
        lines = self._by_name.get(name, [])
        serving = next((each for each in lines if each.serves(day)), None)
        left = [(each.until, each.line, each) for each in lines if each.until and each.until < day]
        coming = [(each.since, each.line, each) for each in lines if each.since and each.since > day]
        return serving or (max(left)[-1] if left else min(coming)[-1] if coming else None)

    def holders(self, role: Role, record: Record, unit: str | None, day: date) -> list[Person] | Nobody:
        """Who holds a role for a project on a day and can be reached; at least one. `unit` is the unit that owes."""
        found = self._holders(role, record, unit, day)
        if isinstance(found, Nobody):
            return found
        reachable = [person for person in found if person.addresses]
        return reachable or Nobody(found[0].name, "通讯录中没有其任何联系方式")

    def _holders(self, role: Role, record: Record, unit: str | None, day: date) -> list[Person] | Nobody:
        if role == "lead-official":
            if not record.lead_official:
                return Nobody("挂包领导", "项目尚未明确挂包领导")
            lines = self._by_name.get(record.lead_official, [])
            serving = [each for each in lines if each.serves(day)][:1]
            why = "按通讯录已不在任，项目尚未重新明确挂包领导" if lines else "通讯录中没有此人"
            return serving or Nobody(record.lead_official, why)
        if role == "district-head":
            found = self._in_post(role, "", record.district, day)
            return found or Nobody("区主要领导", f"通讯录中没有{record.district}的区主要领导")
        title = {"unit-head": "单位主要负责人", "unit-contact": "单位联络员"}[role]
        if not unit:
            return Nobody(title, "项目尚未明确牵头单位")
        found = self._in_post(role, unit, record.district, day)
        return found or Nobody(f"{unit}{title}", f"通讯录中没有{unit}的{title}")

    def _in_post(self, role: Role, unit: str, district: str, day: date) -> list[Person]:
        in_post = self._by_post.get((role, unit), [])
        return [each for each in in_post if each.district in ("", district) and each.serves(day)]


def read_directory(content: bytes) -> Directory:
    """The directory in a CSV file, in UTF-8 or in the GB 18030 that spreadsheets write here.

    Raises InvalidFileError with every problem found.
    """
    rows = csv.DictReader(StringIO(decoded(content), newline=""))
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
        found = [Problem(rows.line_num, text) for text in _faults(cells, people)]
        if None in row:
            found.append(Problem(rows.line_num, "more cells than the header has columns"))
        problems.extend(found)
        if not found:
            people.append(_person(cells, rows.line_num))
    if problems:
        raise InvalidFileError(problems)
    return Directory(people)


def _faults(cells: Mapping[str, str], people: Sequence[Person]) -> Iterator[str]:
    name, post = cells["name"], cells["role"]
    if not name:
        yield "name: empty"
    try:
        since, until = _span(cells)
    except ValueError:
        yield "from and until: a day as 2026-09-01, or empty"
    else:
        if since and until and until < since:
            yield "until: before 'from'"
        others = [person for person in people if person.name == name and _overlap((since, until), person)]
        yield from (fault for other in others if (fault := _clash(cells, other)))
    if post not in _POSTS:
        yield f"role: '{post}' is unknown; allowed: {', '.join(_POSTS)}"
    if post.startswith("unit-") and not cells.get("unit"):
        yield f"unit: a {post} needs the name of the unit, written as in the events"
    if (district := cells.get("district")) and not DISTRICT.fullmatch(district):
        yield f"district: '{district}' is not a code of six digits (leave it empty for every district)"
    yield from _contact_faults(cells)


def _contact_faults(cells: Mapping[str, str]) -> Iterator[str]:
    for column, entry in _NAMED.items():
        if (given := cells.get(column)) and not _NAME.fullmatch(given):
            yield f"{column}: the name of {entry} (a-z, 0-9, -), never the secret itself"
    for column in ("wecom_userid", "dingtalk_id", "feishu_id"):
        if (userid := cells.get(column)) and not _USERID.fullmatch(userid):
            yield f"{column}: '{userid}' is not a member's id"
    if cells.get("wecom_app") and not cells.get("wecom_userid"):
        yield "wecom_app: an app writes to a member, so wecom_userid is needed"
    if (email := cells.get("email")) and not _EMAIL.fullmatch(email):
        yield f"email: '{email}' is not an address"
    if (url := cells.get("webhook")) and (fault := _url_fault(url)):
        yield f"webhook: {fault}"
    if bool(cells.get("webhook")) != bool(cells.get("webhook_secret")):
        yield "webhook and webhook_secret (a name in LUODI_WEBHOOK_SECRETS) go together"


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
    post = next(each for each in _POSTS if each == cells["role"])
    place = cells["name"], post, cells.get("unit", ""), cells.get("district", "")
    return Person(*place, tuple(_addresses(cells)), line, *_span(cells))


def _span(cells: Mapping[str, str]) -> tuple[date | None, date | None]:
    since, until = (date.fromisoformat(text) if (text := cells.get(name)) else None for name in ("from", "until"))
    return since, until


def _clash(cells: Mapping[str, str], other: Person) -> str | None:
    """What is wrong with a line for somebody who is in the file already, in a post of the same time."""
    already = f"name: '{other.name}' is in the file already, in line {other.line},"
    if (cells["role"], cells.get("unit", ""), cells.get("district", "")) == (other.post, other.unit, other.district):
        return f"{already} in the same post at the same time (from, until)"
    if tuple(_addresses(cells)) != other.addresses:
        return f"{already} with other contacts; repeat them for a second post, and call another person another name"
    return None


def _overlap(span: tuple[date | None, date | None], person: Person) -> bool:
    (first, last), never, ever = span, date.max, date.min
    return (first or ever) <= (person.until or never) and (person.since or ever) <= (last or never)


def _addresses(cells: Mapping[str, str]) -> Iterator[Address]:
    """The ways to a person, the best first: what reaches them alone and at once, then groups, then e-mail."""
    if url := cells.get("webhook"):
        yield Address(WEBHOOK, url, cells["webhook_secret"])
    if app := cells.get("wecom_app"):
        yield Address(WECOM_APP, cells["wecom_userid"], app)
    if bot := cells.get("wecom_bot"):
        yield Address(WECOM_BOT, bot, bot, cells.get("wecom_userid") or None)
    if bot := cells.get("dingtalk_bot"):
        yield Address(DINGTALK_BOT, bot, bot, cells.get("dingtalk_id") or None)
    if bot := cells.get("feishu_bot"):
        yield Address(FEISHU_BOT, bot, bot, cells.get("feishu_id") or None)
    if email := cells.get("email"):
        yield Address(EMAIL, email, "")

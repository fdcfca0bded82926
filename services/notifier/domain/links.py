"""Signed links: whoever holds one may acknowledge what one message said, until it expires."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal, TypeAlias, cast, get_args
from uuid import UUID

import orjson

from shared.clock import BUSINESS_ZONE

# `acknowledge-by-name`: the message went to a group, so whoever opens the link says who they are. `own`: everything
# that its recipient was told of, whatever the message.
Action: TypeAlias = Literal["acknowledge", "acknowledge-by-name", "own"]


@dataclass(frozen=True, slots=True)
class Link:
    """What a link stands for.

    A message's rows never change: its id fixes the cases it told of and the generation of each. None: not of one
    message but of its recipient.
    """

    message: UUID | None
    recipient: str
    action: Action
    expires: datetime


class BadLinkError(Exception):
    """A link that we did not write, or that lost characters on its way."""


class ExpiredLinkError(Exception):
    """A link of ours that is too old."""


def write_link(link: Link, secret: bytes) -> str:
    """The link as a token for a URL: its content and an HMAC-SHA256 over it, both in URL-safe Base64."""
    message = link.message.hex if link.message else None
    content = orjson.dumps([message, link.recipient, link.action, int(link.expires.timestamp())])
    return f"{_encoded(content)}.{_encoded(_mac(content, secret))}"


def read_link(token: str, secret: bytes, now: datetime) -> Link:
    """The link of a token. Raises BadLinkError or ExpiredLinkError."""
    try:
        content, mac = map(_decoded, token.split("."))
    except (ValueError, binascii.Error) as error:
        raise BadLinkError from error
    # Base64 has many spellings of one content, and a link has one.
    spelled = f"{_encoded(content)}.{_encoded(mac)}" == token
    if not hmac.compare_digest(mac, _mac(content, secret)) or not spelled:
        raise BadLinkError
    # Signed by us, so its shape is ours.
    message, recipient, action, expires = orjson.loads(content)
    if action not in get_args(Action):
        raise BadLinkError
    if now.timestamp() >= expires:
        raise ExpiredLinkError
    if (message is None) != (action == "own"):
        raise BadLinkError
    return Link(
        UUID(message) if message else None, recipient, cast(Action, action), datetime.fromtimestamp(expires, UTC)
    )


@dataclass(frozen=True, slots=True)
class LinkMaker:
    """Writes and reads the links of messages; `public_url` is where the service is reached, without a slash at the
    end, and `lasts` how long a link is good for."""

    public_url: str
    secret: bytes
    lasts: timedelta

    def write(self, message: UUID, recipient: str, *, group: bool, now: datetime) -> str:
        """The address under which the recipient acknowledges what the message says; the same all day long."""
        link = Link(message, recipient, "acknowledge-by-name" if group else "acknowledge", self._expiry(now))
        return f"{self.public_url}/ack/{write_link(link, self.secret)}"

    def own_token(self, recipient: str, now: datetime, expires: datetime | None = None) -> str:
        """What follows `/mine/` in the address under which a person sees everything that they were told of."""
        return write_link(Link(None, recipient, "own", expires or self._expiry(now)), self.secret)

    def read(self, token: str, now: datetime) -> Link:
        """The link of a token. Raises BadLinkError or ExpiredLinkError."""
        return read_link(token, self.secret, now)

    def _expiry(self, now: datetime) -> datetime:
        # At midnight: a message that is sent once more is then the same to the letter, and its provider can tell.
        last = (now + self.lasts).astimezone(BUSINESS_ZONE).date()
        return datetime.combine(last + timedelta(days=1), time(), tzinfo=BUSINESS_ZONE).astimezone(UTC)


def _mac(content: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, b"luodi-link-1." + content, hashlib.sha256)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

"""The signed webhook: JSON to a system of the district's own."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import orjson
from pydantic import SecretStr

from services.notifier.channels.codes import told
from services.notifier.channels.http import Answer, Client
from services.notifier.channels.parcel import Parcel
from services.notifier.channels.strangers import ForbiddenAddressError, Guard, UnknownNameError
from services.notifier.domain.directory import Address
from services.notifier.domain.letters import Item
from services.notifier.domain.messages import as_text
from services.notifier.domain.outcomes import Outcome, Refused, Sent, TryLater, Unclear

_LONGEST_WAIT: Final = timedelta(hours=1)


class Webhook:
    """Posts `{"message", "number", "notice", "recipient", "text", "acknowledge", "again", "items": […]}`.

    Headers: `Luodi-Delivery` (the message's id, the same over all attempts, so that the receiver can drop a
    repetition), `Luodi-Timestamp` (Unix seconds) and `Luodi-Signature`: `sha256=` and the hexadecimal HMAC-SHA256,
    under the shared secret, of the timestamp, a full stop and the body.
    """

    group = False

    def __init__(self, client: Client, secrets: Mapping[str, SecretStr], guard: Guard) -> None:
        self._client = client
        self._secrets = secrets
        self._guard = guard

    def pace(self, address: Address) -> None:
        """As fast as it goes: a receiver that wants less says 429."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once. 2xx is success; 408, 429 and 5xx may work later; anything else is a refusal."""
        secret = self._secrets.get(parcel.address.secret)
        if secret is None:
            return Refused("no-secret", f"LUODI_WEBHOOK_SECRETS has no {parcel.address.secret!r}")
        body = orjson.dumps(_document(parcel))
        timestamp = str(int(parcel.now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "luodi-notifier",
            "Luodi-Delivery": str(parcel.message),
            "Luodi-Timestamp": timestamp,
            "Luodi-Signature": sign(secret, timestamp, body),
        }
        try:
            pinned = await self._guard.pin(parcel.address.target)
        except ValueError:
            return Refused("bad-address", "not an address that can be called")
        except ForbiddenAddressError:
            return Refused("private-network", "the address is in a network that LUODI_WEBHOOK_NETWORKS does not name")
        except UnknownNameError:
            return TryLater("unknown-name", "nobody knows the name of the host")
        headers["Host"] = pinned.host
        outcome = await self._client.post(
            pinned.url, body, lambda answer: _judged(answer, secret), headers, pinned.server_name
        )
        # The receiver knows the delivery's id: a repetition does no harm there.
        return TryLater(outcome.code, outcome.said) if isinstance(outcome, Unclear) else outcome


def sign(secret: SecretStr, timestamp: str, body: bytes) -> str:
    """The value of `Luodi-Signature`."""
    content = timestamp.encode() + b"." + body
    return f"sha256={hmac.new(secret.get_secret_value().encode(), content, hashlib.sha256).hexdigest()}"


def _judged(answer: Answer, secret: SecretStr) -> Outcome:
    code = str(answer.status)
    said = told(answer.body.decode(errors="replace"), [secret])
    if 200 <= answer.status < 300:
        return Sent(code)
    if answer.status in (408, 429) or answer.status >= 500:
        return TryLater(code, said, _wait(answer.headers.get("retry-after")))
    return Refused(code, said)


def _wait(retry_after: str | None) -> timedelta:
    seconds = int(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0
    return min(timedelta(seconds=min(seconds, 86_400)), _LONGEST_WAIT)


def _document(parcel: Parcel) -> Mapping[str, Any]:
    letter = parcel.letter
    return {
        "message": str(parcel.message),
        "number": letter.number,
        "notice": letter.notice,
        "recipient": letter.recipient,
        "text": as_text(letter),
        "acknowledge": letter.link if letter.answerable else None,
        "again": letter.again,
        "items": [_item(item) for item in letter.items],
    }


def _item(item: Item) -> Mapping[str, Any]:
    return {
        "case": item.case,
        "rule": item.rule,
        "rung": item.rung,
        "district": item.district,
        "project": item.project,
        "name": item.name,
        "milestone": item.matter,
        "due": item.due,
        "lead_unit": item.unit,
        "lead_official": item.official,
        "text": item.text,
    }

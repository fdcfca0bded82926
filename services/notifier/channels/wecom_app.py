"""WeCom's app message (企业微信应用消息): to one member alone."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from pydantic import SecretStr

from services.notifier.channels.codes import told
from services.notifier.channels.credentials import App
from services.notifier.channels.http import Answer, Client
from services.notifier.channels.parcel import Parcel
from services.notifier.channels.wecom_bot import CODES, template_card
from services.notifier.domain.directory import Address
from services.notifier.domain.messages import WECOM_APP, WECOM_TEXT_BYTES, as_card, as_markdown, as_text
from services.notifier.domain.outcomes import Outcome, Refused, Sent, TryLater, Unclear
from services.notifier.domain.pacing import Pace

# The token is not, or no longer, one of WeCom's: 40014 invalid, 42001 expired, 40001 of another secret.
_TOKEN_CODES: Final = frozenset({"40014", "42001", "40001"})
# A token that is about to expire may have expired when the message arrives.
_SPARE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Token:
    value: SecretStr
    until: datetime


class WecomApp:
    """Posts to `/cgi-bin/message/send`, with a token that is kept until shortly before it expires."""

    group = False

    def __init__(self, client: Client, base_url: str, apps: Mapping[str, App]) -> None:
        self._client = client
        self._url = f"{base_url.rstrip('/')}/cgi-bin"
        self._apps = apps
        self._tokens: dict[str, _Token] = {}
        self._locks = {name: asyncio.Lock() for name in apps}

    def pace(self, address: Address) -> Pace:
        """30 a minute and 1000 an hour a member; what is more is dropped without a word."""
        key = f"wecom-app/{address.secret}/{address.target}"
        return Pace(key, burst=6, interval=timedelta(seconds=5), off_the_half_hour=True)

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once, and once more with a new token when WeCom does not know ours."""
        name = parcel.address.secret
        app = self._apps.get(name)
        if app is None:
            return Refused("no-app", f"LUODI_WECOM_APPS has no {name!r}")
        token = await self._token(name, app, parcel.now)
        if not isinstance(token, _Token):
            return token
        outcome = await self._post(app, token, parcel)
        if outcome.code in _TOKEN_CODES:
            token = await self._token(name, app, parcel.now, unknown=token)
            outcome = await self._post(app, token, parcel) if isinstance(token, _Token) else token
        return outcome

    async def _token(
        self, name: str, app: App, now: datetime, unknown: _Token | None = None
    ) -> _Token | TryLater | Refused:
        """The token to use; not `unknown`, which WeCom no longer knows."""
        async with self._locks[name]:
            known = self._tokens.get(name)
            if known and known is not unknown and known.until > now:
                return known
            query = urlencode({"corpid": app.corpid, "corpsecret": app.secret.get_secret_value()})
            answer = await self._client.get(f"{self._url}/gettoken?{query}")
            if not isinstance(answer, Answer):
                return answer
            outcome = CODES.judge(answer, [app.secret])
            if isinstance(outcome, Unclear):
                # Of the message nothing has left yet.
                return TryLater(outcome.code, outcome.said)
            if not isinstance(outcome, Sent):
                return outcome
            document = orjson.loads(answer.body)
            value = document.get("access_token")
            if not isinstance(value, str):
                return TryLater("no-token", "the answer has no access_token")
            lasts = timedelta(seconds=int(document.get("expires_in", 7200)))
            token = _Token(SecretStr(value), now + max(lasts - _SPARE, lasts / 2))
            self._tokens[name] = token
            return token

    async def _post(self, app: App, token: _Token, parcel: Parcel) -> Outcome:
        query = urlencode({"access_token": token.value.get_secret_value()})
        body, secrets = orjson.dumps(_document(app, parcel)), [token.value, app.secret]
        return await self._client.post(f"{self._url}/message/send?{query}", body, lambda each: _judged(each, secrets))


def _judged(answer: Answer, secrets: list[SecretStr]) -> Outcome:
    outcome = CODES.judge(answer, secrets)
    if isinstance(outcome, Sent):
        document = orjson.loads(answer.body)
        if nobody := document.get("invaliduser"):
            # Success as far as WeCom is concerned, and nobody got it: we write to one member at a time.
            return Refused("invaliduser", told(str(nobody), secrets))
        return Sent("0", told(str(document.get("msgid", "")), secrets))
    return outcome


def _document(app: App, parcel: Parcel) -> Mapping[str, Any]:
    return {"touser": parcel.address.target, "agentid": app.agentid, **_content(parcel)}


def _content(parcel: Parcel) -> Mapping[str, Any]:
    letter = parcel.letter
    if len(letter.items) > 1:
        return {"msgtype": "markdown", "markdown": {"content": as_markdown(letter, None, WECOM_APP)}}
    if card := as_card(letter):
        return {"msgtype": "template_card", "template_card": template_card(card)}
    return {"msgtype": "text", "text": {"content": as_text(letter, WECOM_TEXT_BYTES)}}

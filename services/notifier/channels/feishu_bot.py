"""Feishu's and Lark's group bot (飞书群机器人): a card into the chat of a group."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from pydantic import SecretStr

from services.notifier.channels.codes import Codebook, Later
from services.notifier.channels.credentials import SignedBot
from services.notifier.channels.http import Answer, Client
from services.notifier.channels.parcel import Parcel
from services.notifier.domain.directory import Address
from services.notifier.domain.letters import Notice
from services.notifier.domain.messages import FEISHU, as_markdown, link_label, subject
from services.notifier.domain.outcomes import Outcome, Refused, TryLater
from services.notifier.domain.pacing import Pace

_TOO_MANY: Final = Later(timedelta(seconds=65))
_CODES: Final = Codebook("code", "msg", {11232: _TOO_MANY, 99991400: _TOO_MANY})
_LONGEST_WAIT: Final = 3600


class FeishuBot:
    """Posts to `/open-apis/bot/v2/hook/…`, signed in the body."""

    group = True

    def __init__(self, client: Client, base_url: str, bots: Mapping[str, SignedBot]) -> None:
        self._client = client
        self._url = f"{base_url.rstrip('/')}/open-apis/bot/v2/hook"
        self._bots = bots

    def pace(self, address: Address) -> Pace:
        """100 a minute and 5 a second a bot, and fewer around the full and the half hour."""
        key = f"feishu-bot/{address.secret}"
        return Pace(key, burst=3, interval=timedelta(seconds=0.65), off_the_half_hour=True)

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once; the outcome follows from the `code` of the answer."""
        bot = self._bots.get(parcel.address.secret)
        if bot is None:
            return Refused("no-bot", f"LUODI_FEISHU_BOTS has no {parcel.address.secret!r}")
        body = orjson.dumps({**signed(bot.secret, parcel.now), **_document(parcel)})
        url = f"{self._url}/{bot.token.get_secret_value()}"
        return await self._client.post(url, body, lambda answer: _judged(answer, bot))


def signed(secret: SecretStr, now: datetime) -> Mapping[str, str]:
    """`timestamp` in seconds and `sign`: HMAC-SHA256 of nothing under "{timestamp}\\n{secret}", in Base64."""
    timestamp = str(int(now.timestamp()))
    key = f"{timestamp}\n{secret.get_secret_value()}"
    return {"timestamp": timestamp, "sign": base64.b64encode(hmac.digest(key.encode(), b"", hashlib.sha256)).decode()}


def _judged(answer: Answer, bot: SignedBot) -> Outcome:
    outcome = _CODES.judge(answer, [bot.token, bot.secret])
    # 9499 is "bad request", and "too many request" as well.
    if isinstance(outcome, Refused) and outcome.code == "9499" and "too many" in outcome.said.lower():
        return TryLater(outcome.code, outcome.said, _TOO_MANY.after, blocks=True)
    reset = answer.headers.get("x-ogw-ratelimit-reset", "")
    if isinstance(outcome, TryLater) and reset.isascii() and reset.isdigit():
        return TryLater(outcome.code, outcome.said, timedelta(seconds=min(int(reset) + 1, _LONGEST_WAIT)), blocks=True)
    return outcome


def _document(parcel: Parcel) -> Mapping[str, Any]:
    letter = parcel.letter
    # The card's header has the first line, so the text below begins with the second.
    text = as_markdown(letter, parcel.address.mention, FEISHU).partition("\n")[2]
    header = {"template": _colour(letter.notice), "title": {"tag": "plain_text", "content": subject(letter)}}
    elements: list[Mapping[str, Any]] = [{"tag": "div", "text": {"tag": "lark_md", "content": text}}]
    if letter.link:
        button = {"tag": "button", "text": {"tag": "plain_text", "content": link_label(letter)}, "type": "primary"}
        elements.append({"tag": "action", "actions": [{**button, "url": letter.link}]})
    card = {"config": {"wide_screen_mode": True}, "header": header, "elements": elements}
    return {"msg_type": "interactive", "card": card}


def _colour(notice: Notice) -> str:
    match notice:
        case "overdue":
            return "red"
        case "digest":
            return "orange"
        case "resolved":
            return "green"
        case "test":
            return "blue"

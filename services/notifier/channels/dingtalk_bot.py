"""DingTalk's group bot (钉钉群机器人): a message into the chat of a group."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from pydantic import SecretStr

from services.notifier.channels.codes import Codebook, Later
from services.notifier.channels.credentials import SignedBot
from services.notifier.channels.http import Client
from services.notifier.channels.parcel import Parcel
from services.notifier.domain.directory import Address
from services.notifier.domain.messages import DINGTALK, as_markdown, subject
from services.notifier.domain.outcomes import Outcome, Refused
from services.notifier.domain.pacing import Pace

# Sent too fast: the bot is blocked for ten minutes.
_CODES: Final = Codebook(
    "errcode", "errmsg", {130101: Later(timedelta(minutes=10, seconds=5)), -1: Later(timedelta(seconds=5), False)}
)
_MOBILE: Final = re.compile(r"1\d{10}")


class DingtalkBot:
    """Posts markdown to `/robot/send?access_token=…&timestamp=…&sign=…`."""

    group = True

    def __init__(self, client: Client, base_url: str, bots: Mapping[str, SignedBot]) -> None:
        self._client = client
        self._url = f"{base_url.rstrip('/')}/robot/send"
        self._bots = bots

    def pace(self, address: Address) -> Pace:
        """20 a minute a bot, with some left over: the price of one more is ten minutes."""
        return Pace(f"dingtalk-bot/{address.secret}", burst=6, interval=timedelta(seconds=5))

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once; the outcome follows from the `errcode` of the answer."""
        bot = self._bots.get(parcel.address.secret)
        if bot is None:
            return Refused("no-bot", f"LUODI_DINGTALK_BOTS has no {parcel.address.secret!r}")
        query = urlencode({"access_token": bot.token.get_secret_value(), **signed(bot.secret, parcel.now)})
        body, secrets = orjson.dumps(_document(parcel)), [bot.token, bot.secret]
        return await self._client.post(f"{self._url}?{query}", body, lambda answer: _CODES.judge(answer, secrets))


def signed(secret: SecretStr, now: datetime) -> Mapping[str, str]:
    """`timestamp` in milliseconds and `sign`: HMAC-SHA256 of "{timestamp}\\n{secret}" under the secret, in Base64."""
    timestamp = str(int(now.timestamp() * 1000))
    key = secret.get_secret_value()
    mac = hmac.digest(key.encode(), f"{timestamp}\n{key}".encode(), hashlib.sha256)
    return {"timestamp": timestamp, "sign": base64.b64encode(mac).decode()}


def _document(parcel: Parcel) -> Mapping[str, Any]:
    mention = parcel.address.mention
    at = {"isAtAll": False, "atMobiles": [], "atUserIds": []}
    if mention:
        # The member is called only when the text has the same id, which DingTalk shows as the member's name.
        at["atMobiles" if _MOBILE.fullmatch(mention) else "atUserIds"] = [mention]
    text = as_markdown(parcel.letter, mention, DINGTALK)
    return {"msgtype": "markdown", "markdown": {"title": subject(parcel.letter), "text": text}, "at": at}

"""WeCom's group bot (企业微信群机器人): a message into the chat of a group."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import httpx
import orjson
from pydantic import SecretStr

from services.notifier.channels.http import Answer, post
from services.notifier.channels.parcel import Parcel
from services.notifier.domain.messages import WECOM_TEXT_BYTES, as_markdown, as_text
from services.notifier.domain.outcomes import Outcome, Refused, Sent, TryLater

# What may pass: too many messages in this minute (a violation blocks for 60 seconds), and "system busy".
_LATER: Final[Mapping[int, timedelta]] = {45009: timedelta(seconds=65), -1: timedelta(seconds=5)}
_SAID_CHARACTERS: Final = 200


class WecomBot:
    """Posts to `/cgi-bin/webhook/send?key=…`.

    A single case goes as text, which can call its addressee; a list goes as markdown, which has room for twice as
    much. The HTTP status says nothing: WeCom answers 200 for what it refused, and only `errcode` counts.
    """

    group = True

    def __init__(self, client: httpx.AsyncClient, base_url: str, keys: Mapping[str, SecretStr]) -> None:
        self._client = client
        self._url = f"{base_url.rstrip('/')}/cgi-bin/webhook/send"
        self._keys = keys

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once; the outcome follows from the `errcode` of the answer."""
        key = self._keys.get(parcel.address.secret)
        if key is None:
            return Refused("no-key", f"LUODI_WECOM_BOTS has no {parcel.address.secret!r}")
        # orjson writes Chinese as it is: WeCom does not take \uXXXX (40033).
        body = orjson.dumps(_document(parcel))
        url = str(httpx.URL(self._url, params={"key": key.get_secret_value()}))
        answer = await post(self._client, url, body, {"Content-Type": "application/json"})
        return _judged(answer, key) if isinstance(answer, Answer) else answer


def _document(parcel: Parcel) -> Mapping[str, Any]:
    mention = parcel.address.mention
    if len(parcel.letter.items) > 1:
        return {"msgtype": "markdown", "markdown": {"content": as_markdown(parcel.letter, mention)}}
    content = as_text(parcel.letter, WECOM_TEXT_BYTES)
    return {"msgtype": "text", "text": {"content": content, "mentioned_list": [mention] if mention else []}}


def _judged(answer: Answer, key: SecretStr) -> Outcome:
    try:
        document = orjson.loads(answer.body)
        errcode = document["errcode"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        errcode = None
    if not isinstance(errcode, int):
        # Not WeCom's own answer: a proxy in between, or an error page.
        return TryLater(f"http-{answer.status}", "the answer has no errcode")
    said = str(document.get("errmsg", ""))[:_SAID_CHARACTERS].replace(key.get_secret_value(), "***")
    if errcode == 0:
        return Sent("0", said)
    if errcode in _LATER:
        return TryLater(str(errcode), said, _LATER[errcode])
    return Refused(str(errcode), said)

"""WeCom's group bot (企业微信群机器人): a message into the chat of a group."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from pydantic import SecretStr

from services.notifier.channels.codes import Codebook, Later
from services.notifier.channels.http import Client
from services.notifier.channels.parcel import Parcel
from services.notifier.domain.directory import Address
from services.notifier.domain.messages import WECOM_TEXT_BYTES, Card, as_card, as_markdown, as_text
from services.notifier.domain.outcomes import Outcome, Refused
from services.notifier.domain.pacing import Pace

# Too many messages in this minute (a violation blocks for 60 seconds), and "system busy".
CODES: Final = Codebook(
    "errcode", "errmsg", {45009: Later(timedelta(seconds=65)), -1: Later(timedelta(seconds=5), blocks=False)}
)


class WecomBot:
    """Posts to `/cgi-bin/webhook/send?key=…`.

    A single case goes as text, which can call its addressee, or as a card when nobody is to be called; a list goes as
    markdown, which has room for twice as much.
    """

    group = True

    def __init__(self, client: Client, base_url: str, keys: Mapping[str, SecretStr]) -> None:
        self._client = client
        self._url = f"{base_url.rstrip('/')}/cgi-bin/webhook/send"
        self._keys = keys

    def pace(self, address: Address) -> Pace:
        """20 a minute a bot, with some left over for whatever else writes through it."""
        return Pace(f"wecom-bot/{address.secret}", burst=6, interval=timedelta(seconds=5))

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once; the outcome follows from the `errcode` of the answer."""
        key = self._keys.get(parcel.address.secret)
        if key is None:
            return Refused("no-key", f"LUODI_WECOM_BOTS has no {parcel.address.secret!r}")
        # orjson writes Chinese as it is: WeCom does not take \uXXXX (40033).
        body = orjson.dumps(_document(parcel))
        query = urlencode({"key": key.get_secret_value()})
        return await self._client.post(f"{self._url}?{query}", body, lambda answer: CODES.judge(answer, [key]))


def template_card(card: Card) -> Mapping[str, Any]:
    """A card of the type text_notice, the one that both bots and apps may send."""
    return {
        "card_type": "text_notice",
        "main_title": {"title": card.title, "desc": card.over},
        "sub_title_text": card.text,
        "horizontal_content_list": [{"keyname": name, "value": value} for name, value in card.rows],
        "jump_list": [{"type": 1, "url": card.link, "title": "查看并签收"}],
        "card_action": {"type": 1, "url": card.link},
    }


def _document(parcel: Parcel) -> Mapping[str, Any]:
    mention, letter = parcel.address.mention, parcel.letter
    if len(letter.items) > 1:
        return {"msgtype": "markdown", "markdown": {"content": as_markdown(letter, mention)}}
    # A card can call nobody.
    if mention is None and (card := as_card(letter)):
        return {"msgtype": "template_card", "template_card": template_card(card)}
    content = as_text(letter, WECOM_TEXT_BYTES)
    return {"msgtype": "text", "text": {"content": content, "mentioned_list": [mention] if mention else []}}

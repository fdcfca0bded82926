"""WeCom's group bot: takes and refuses as the real one does, always with HTTP 200."""

import contextlib
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.providers.loopback import Received, Reply, serving

_BYTES = {"text": 2048, "markdown": 4096}
KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"


@dataclass
class FakeWecom:
    """A bot's group. `messages` are the documents taken; `next_replies` come before the bot's own judgement.

    An integer in `next_replies` is an errcode; a Reply is sent as it is. `per_minute` is how many are taken before
    45009 (None: any number).
    """

    url: str = ""
    key: str = KEY
    per_minute: int | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    next_replies: deque[int | Reply] = field(default_factory=deque)
    take_all_but_answer: Reply | None = None

    def texts(self) -> list[str]:
        """What members of the group read, oldest first."""
        return [
            str(message[message["msgtype"]]["content"]) for message in self.messages if message["msgtype"] in _BYTES
        ]

    def answer(self, request: Received) -> Reply:
        """The reply to one request."""
        self.requests += 1
        if self.next_replies:
            scripted = self.next_replies.popleft()
            return scripted if isinstance(scripted, Reply) else _reply(scripted, "scripted")
        errcode, errmsg = self._judge(request)
        if errcode == 0:
            self.messages.append(json.loads(request.body))
            if self.take_all_but_answer:
                return self.take_all_but_answer
        return _reply(errcode, errmsg)

    def _judge(self, request: Received) -> tuple[int, str]:
        if request.path != "/cgi-bin/webhook/send" or request.query.get("key") != [self.key]:
            return 93000, f"invalid webhook url, hint: [1], from ip: 127.0.0.1, key={request.query.get('key')}"
        if self.per_minute is not None and len(self.messages) >= self.per_minute:
            return 45009, "api freq out of limit"
        if b"\\u" in request.body:
            return 40033, "invalid request body, \\uxxxx is not allowed"
        try:
            return _judge_document(json.loads(request.body.decode("utf-8")))
        except ValueError:
            return 47001, "data format error"


def _judge_document(document: dict[str, Any]) -> tuple[int, str]:
    kind = document.get("msgtype")
    if kind == "template_card":
        return judge_card(document.get(kind, {}))
    if kind not in _BYTES:
        return 40008, "invalid message type"
    content = document.get(kind, {}).get("content")
    if not isinstance(content, str) or not content:
        return 44004, "text content is empty"
    if len(content.encode("utf-8")) > _BYTES[kind]:
        return 40058, f"{kind}.content exceed max length {_BYTES[kind]}"
    mentioned = document[kind].get("mentioned_list", [])
    if not all(isinstance(each, str) for each in mentioned) or (mentioned and kind != "text"):
        return 40058, "mentioned_list"
    return 0, "ok"


def judge_card(card: dict[str, Any]) -> tuple[int, str]:
    """What becomes of a template card: text_notice, with something to open, and nothing longer than it is shown."""
    if card.get("card_type") != "text_notice" or not card.get("main_title", {}).get("title"):
        return 42045, "template_card: card_type or main_title"
    action = card.get("card_action", {})
    if action.get("type") != 1 or not str(action.get("url", "")).startswith("http"):
        return 42014, "template_card: card_action is required"
    rows, jumps = card.get("horizontal_content_list", []), card.get("jump_list", [])
    shown = [(card["main_title"]["title"], 26), (card["main_title"].get("desc", ""), 30), (card["sub_title_text"], 112)]
    shown += [(row["keyname"], 5) for row in rows] + [(row["value"], 26) for row in rows]
    if len(rows) > 6 or len(jumps) > 3 or any(len(text) > most for text, most in shown):
        return 42044, "template_card: too long"
    return 0, "ok"


@contextlib.contextmanager
def fake_wecom() -> Iterator[FakeWecom]:
    """A bot on loopback."""
    wecom = FakeWecom()
    with serving(wecom.answer) as url:
        wecom.url = url
        yield wecom


def _reply(errcode: int, errmsg: str) -> Reply:
    return Reply(body=json.dumps({"errcode": errcode, "errmsg": errmsg}).encode())

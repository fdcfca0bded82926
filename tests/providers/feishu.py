"""Feishu's group bot: checks the signature in the body, and refuses more than five a second or a hundred a minute."""

import base64
import contextlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.providers.loopback import Received, Reply, serving
from tests.providers.signatures import hmac_sha256

TOKEN, SECRET = "c0ffee00-1111-2222-3333-444455556666", "kT7mPq2LxW9z"
_PER_SECOND, _PER_MINUTE, _SKEW, _BYTES = 5, 100, 3600, 20 * 1024


@dataclass
class FakeFeishu:
    """A bot's group. `now` is its clock, in seconds."""

    url: str = ""
    now: Callable[[], float] = time.time
    messages: list[dict[str, Any]] = field(default_factory=list)
    next_replies: deque[int | Reply] = field(default_factory=deque)
    taken_at: list[float] = field(default_factory=list)

    def answer(self, request: Received) -> Reply:
        """The reply to one request."""
        if self.next_replies:
            scripted = self.next_replies.popleft()
            return scripted if isinstance(scripted, Reply) else _reply(scripted, f"scripted, {TOKEN}")
        code, said = self._judge(request)
        if code == 0:
            self.messages.append(json.loads(request.body))
        return _reply(code, said)

    def _judge(self, request: Received) -> tuple[int, str]:
        if request.path != f"/open-apis/bot/v2/hook/{TOKEN}":
            return 19001, f"param invalid: incoming webhook access token invalid {request.path}"
        if len(request.body) > _BYTES:
            return 9499, "Bad Request: too large"
        document = json.loads(request.body)
        timestamp = document.get("timestamp", "")
        mac = hmac_sha256(f"{timestamp}\n{SECRET}".encode(), b"")
        if not timestamp.isdigit() or abs(self.now() - int(timestamp)) > _SKEW:
            return 19021, "sign match fail or timestamp is not within one hour from current time"
        if base64.b64decode(document.get("sign", "")) != mac:
            return 19021, "sign match fail or timestamp is not within one hour from current time"
        if self._too_fast():
            return 11232, "frequency limited"
        return _judge_document(document)

    def _too_fast(self) -> bool:
        now = self.now()
        self.taken_at = [each for each in self.taken_at if each > now - 60] + [now]
        return len(self.taken_at) > _PER_MINUTE or sum(each > now - 1 for each in self.taken_at) > _PER_SECOND


def _judge_document(document: dict[str, Any]) -> tuple[int, str]:
    if document.get("msg_type") != "interactive":
        return 9499, "Bad Request"
    card = document.get("card", {})
    if card.get("header", {}).get("title", {}).get("tag") != "plain_text":
        return 11246, "card: header"
    for element in card.get("elements", []):
        if element["tag"] == "div" and element["text"]["tag"] != "lark_md":
            return 11246, "card: div"
        if element["tag"] == "action" and not all(each["url"].startswith("http") for each in element["actions"]):
            return 11246, "card: a button of a bot can only open an address"
    return 0, "success"


@contextlib.contextmanager
def fake_feishu() -> Iterator[FakeFeishu]:
    """A bot on loopback."""
    bot = FakeFeishu()
    with serving(bot.answer) as url:
        bot.url = url
        yield bot


def _reply(code: int, said: str) -> Reply:
    return Reply(body=json.dumps({"code": code, "msg": said, "data": {}}).encode())

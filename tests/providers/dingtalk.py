"""DingTalk's group bot: checks signature and clock, and blocks for ten minutes whoever is too fast."""

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

TOKEN, SECRET = "566cc69da782ec33", "SEC5f0e6d4c3b2a19"
_PER_MINUTE, _BLOCK_SECONDS, _SKEW_MS, _BYTES = 20, 600, 3_600_000, 20_000


@dataclass
class FakeDingtalk:
    """A bot's group. `now` is its clock, in seconds."""

    url: str = ""
    now: Callable[[], float] = time.time
    messages: list[dict[str, Any]] = field(default_factory=list)
    next_replies: deque[int | Reply] = field(default_factory=deque)
    taken_at: list[float] = field(default_factory=list)
    blocked_until: float = 0.0

    def answer(self, request: Received) -> Reply:
        """The reply to one request."""
        if self.next_replies:
            scripted = self.next_replies.popleft()
            return scripted if isinstance(scripted, Reply) else _reply(scripted, f"scripted, token={TOKEN}")
        errcode, errmsg = self._judge(request)
        if errcode == 0:
            self.messages.append(json.loads(request.body))
        return _reply(errcode, errmsg)

    def _judge(self, request: Received) -> tuple[int, str]:
        if request.path != "/robot/send" or request.query.get("access_token") != [TOKEN]:
            return 300001, f"token is not exist: {request.query.get('access_token')}"
        [timestamp], [sign] = request.query.get("timestamp", [""]), request.query.get("sign", [""])
        if not timestamp.isdigit() or abs(self.now() * 1000 - int(timestamp)) > _SKEW_MS:
            return 310000, "invalid timestamp"
        mac = hmac_sha256(SECRET.encode(), f"{timestamp}\n{SECRET}".encode())
        if base64.b64decode(sign) != mac:
            return 310000, "sign not match"
        if self._too_fast():
            return 130101, "send too fast, exceed 20 times per minute"
        return self._judge_document(json.loads(request.body), len(request.body))

    def _too_fast(self) -> bool:
        now = self.now()
        self.taken_at = [each for each in self.taken_at if each > now - 60] + [now]
        if len(self.taken_at) > _PER_MINUTE:
            self.blocked_until = now + _BLOCK_SECONDS
        return now < self.blocked_until

    def _judge_document(self, document: dict[str, Any], size: int) -> tuple[int, str]:
        if size > _BYTES:
            return 460101, "message too long"
        if document.get("msgtype") != "markdown":
            return 400301, "unexpected msgtype"
        markdown, at = document["markdown"], document.get("at", {})
        if not markdown.get("title") or not markdown.get("text"):
            return 400602, "title and text are required"
        called = at.get("atMobiles", []) + at.get("atUserIds", [])
        if not all(f"@{each}" in markdown["text"] for each in called):
            return 400602, "who is called must be in the text"
        return 0, "ok"


@contextlib.contextmanager
def fake_dingtalk() -> Iterator[FakeDingtalk]:
    """A bot on loopback."""
    bot = FakeDingtalk()
    with serving(bot.answer) as url:
        bot.url = url
        yield bot


def _reply(errcode: int, errmsg: str) -> Reply:
    return Reply(body=json.dumps({"errcode": errcode, "errmsg": errmsg}).encode())

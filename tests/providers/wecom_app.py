"""WeCom's app messages: tokens that expire, members it does not know, and limits, always with HTTP 200."""

import contextlib
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.providers.loopback import Received, Reply, serving
from tests.providers.wecom import judge_card

CORPID, SECRET, AGENT = "ww0123456789abcdef", "app-secret-8Xk2v", 1000002


@dataclass
class FakeWecomApp:
    """An enterprise with one app. `messages` are the documents taken; `fetched` counts the tokens given out.

    An integer in `next_replies` is an errcode for the next message, in `next_tokens` for the next token.
    """

    url: str = ""
    members: frozenset[str] = frozenset({"WangJianGuo"})
    messages: list[dict[str, Any]] = field(default_factory=list)
    next_replies: deque[int | Reply] = field(default_factory=deque)
    next_tokens: deque[int | Reply] = field(default_factory=deque)
    fetched: int = 0
    valid: str = ""

    def forget_token(self) -> None:
        """As when it expired, or somebody else asked for another."""
        self.valid = "forgotten"

    def answer(self, request: Received) -> Reply:
        """The reply to one request."""
        if request.path == "/cgi-bin/gettoken":
            return self._token(request)
        if request.path == "/cgi-bin/message/send":
            return self._message(request)
        return Reply(404)

    def _token(self, request: Received) -> Reply:
        if self.next_tokens:
            scripted = self.next_tokens.popleft()
            return scripted if isinstance(scripted, Reply) else _reply(scripted, f"not this time, secret={SECRET}")
        if request.query.get("corpid") != [CORPID]:
            return _reply(40013, "invalid corpid")
        if request.query.get("corpsecret") != [SECRET]:
            return _reply(40001, f"invalid credential, secret={request.query.get('corpsecret')}")
        self.fetched += 1
        self.valid = f"token-{self.fetched}-{'x' * 40}"
        return _reply(0, "ok", access_token=self.valid, expires_in=7200)

    def _message(self, request: Received) -> Reply:
        token = request.query.get("access_token", [""])[0]
        if self.next_replies:
            scripted = self.next_replies.popleft()
            return scripted if isinstance(scripted, Reply) else _reply(scripted, f"scripted, access_token={token}")
        errcode, errmsg = self._judge(token, request.body)
        if errcode:
            return _reply(errcode, errmsg)
        document = json.loads(request.body)
        users = document["touser"].split("|")
        unknown = [each for each in users if each not in self.members]
        if unknown:
            return _reply(0, "ok", invaliduser="|".join(unknown), msgid="m-0")
        self.messages.append(document)
        return _reply(0, "ok", invaliduser="", invalidparty="", invalidtag="", msgid=f"m-{len(self.messages)}")

    def _judge(self, token: str, body: bytes) -> tuple[int, str]:
        if token != self.valid:
            return 42001 if token.startswith("token-") else 40014, "access_token expired or invalid"
        if b"\\u" in body:
            return 40033, "invalid request body, \\uxxxx is not allowed"
        return _judge(json.loads(body.decode("utf-8")))


def _judge(document: dict[str, Any]) -> tuple[int, str]:
    if document.get("agentid") != AGENT:
        return 40056, "invalid agentid"
    kind = document.get("msgtype")
    if kind == "template_card":
        return judge_card(document.get(kind, {}))
    content = document.get(str(kind), {}).get("content", "")
    if kind not in ("text", "markdown") or not content:
        return 40008, "invalid message type"
    return (0, "ok") if len(content.encode()) <= 2048 else (40058, "content exceed max length 2048")


@contextlib.contextmanager
def fake_wecom_app() -> Iterator[FakeWecomApp]:
    """An enterprise on loopback."""
    app = FakeWecomApp()
    with serving(app.answer) as url:
        app.url = url
        yield app


def _reply(errcode: int, errmsg: str, **more: Any) -> Reply:
    return Reply(body=json.dumps({"errcode": errcode, "errmsg": errmsg, **more}).encode())

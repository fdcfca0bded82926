"""A receiver of signed webhooks that checks what it gets with code of its own."""

import contextlib
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.providers.loopback import Received, Reply, serving
from tests.providers.signatures import hmac_sha256

SECRET = "whsec-5f0e6d4c3b2a"


@dataclass
class FakeWebhook:
    """`posts` is everything that came with a right signature; `messages` is that without repetitions."""

    url: str = ""
    secret: str = SECRET
    posts: list[dict[str, Any]] = field(default_factory=list)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    next_replies: deque[Reply] = field(default_factory=deque)
    requests: list[Received] = field(default_factory=list)

    def answer(self, request: Received) -> Reply:
        """The reply to one request."""
        self.requests.append(request)
        if self.next_replies:
            return self.next_replies.popleft()
        given = request.headers.get("luodi-signature", "")
        content = request.headers["luodi-timestamp"].encode() + b"." + request.body
        if given != f"sha256={hmac_sha256(self.secret.encode(), content).hex()}":
            return Reply(401, b'{"error": "signature"}')
        document = json.loads(request.body)
        self.posts.append(document)
        self.messages.setdefault(request.headers["luodi-delivery"], document)
        return Reply(200, b"{}")


@contextlib.contextmanager
def fake_webhook() -> Iterator[FakeWebhook]:
    """A receiver on loopback."""
    webhook = FakeWebhook()
    with serving(webhook.answer) as url:
        webhook.url = f"{url}/hooks/luodi"
        yield webhook

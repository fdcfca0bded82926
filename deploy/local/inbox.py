"""The demo's inbox: takes messages as WeCom's bots and a signed webhook would, and shows them as people see them.

`python -m deploy.local.inbox --port 8083`. A page on loopback for one demo; nothing here is part of the product.
"""

import contextlib
import csv
import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from prometheus_client import CollectorRegistry

from shared.clock import BUSINESS_ZONE
from shared.settings import Settings
from shared.web import make_app, serve

HOME: Final = Path(__file__).parent
_ADDRESS_IN_DIRECTORY: Final = "http://127.0.0.1:8083"
# They open nothing but this page, on this machine.
BOTS: Final[Mapping[str, str]] = {"leaders": "demo-bot-leaders", "units": "demo-bot-units"}
OFFICE_SECRET: Final = "demo-webhook-office"  # noqa: S105 - see the line above

_GROUPS: Final[Mapping[str, str]] = {"leaders": "挂包领导群", "units": "牵头单位群"}
_BYTES: Final[Mapping[str, int]] = {"text": 2048, "markdown": 4096}
_SKEW_SECONDS: Final = 300
_KEPT: Final = 500


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came: `place` is the group or the system, `kind` text, markdown or webhook."""

    at: str
    place: str
    kind: str
    content: str
    to: Sequence[str]


class Inbox:
    """Keeps messages, newest first; in a file as well, so that they are there after a restart."""

    def __init__(self, file: Path | None, names: Mapping[str, str]) -> None:
        self._file = file
        self._names = names
        self._seen: set[str] = set()
        self.messages: list[Message] = []
        if file is not None and file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                self.messages.insert(0, Message(**json.loads(line)))

    def keep(self, place: str, kind: str, content: str, to: Sequence[str]) -> None:
        """Take a message in."""
        now = datetime.now(BUSINESS_ZONE).isoformat(timespec="seconds")
        message = Message(now, place, kind, content, [self._names.get(each, each) for each in to])
        self.messages.insert(0, message)
        del self.messages[_KEPT:]
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(message), ensure_ascii=False) + "\n")

    def bot(self, key: str | None, body: bytes) -> tuple[int, str]:
        """What WeCom would answer: errcode and errmsg."""
        place = next((_GROUPS[name] for name, known in BOTS.items() if known == key), None)
        if place is None:
            return 93000, "invalid webhook url"
        try:
            document = json.loads(body.decode("utf-8"))
            kind = document["msgtype"]
            if kind == "template_card":
                self.keep(place, kind, _card(document[kind]), [])
                return 0, "ok"
            content = document[kind]["content"] if kind in _BYTES else None
        except (ValueError, KeyError, TypeError):
            return 47001, "data format error"
        if content is None:
            return 40008, "invalid message type"
        if not isinstance(content, str) or len(content.encode()) > _BYTES[kind]:
            return 40058, f"{kind}.content exceed max length {_BYTES[kind]}"
        called = document[kind].get("mentioned_list", []) if kind == "text" else re.findall(r"<@([^<>@\s]+)>", content)
        self.keep(place, kind, content, called)
        return 0, "ok"

    def hook(self, headers: Mapping[str, str], body: bytes, now: float) -> tuple[int, str]:
        """What a receiver of signed webhooks answers: HTTP status and a word."""
        timestamp, given = headers.get("luodi-timestamp", ""), headers.get("luodi-signature", "")
        content = timestamp.encode() + b"." + body
        expected = f"sha256={hmac.new(OFFICE_SECRET.encode(), content, hashlib.sha256).hexdigest()}"
        if not hmac.compare_digest(given.encode(), expected.encode()):
            return 401, "bad signature"
        if not timestamp.isdigit() or abs(now - int(timestamp)) > _SKEW_SECONDS:
            return 401, "stale timestamp"
        delivery = headers.get("luodi-delivery", "")
        if delivery in self._seen:
            return 200, "seen before"
        self._seen.add(delivery)
        document = json.loads(body)
        self.keep("督查业务系统", "webhook", document["text"], [document["recipient"]])
        return 200, "taken"

    def named(self, userid: str) -> str:
        """The name of a member."""
        return self._names.get(userid, userid)


def build(inbox: Inbox) -> FastAPI:
    """The page and the two ways in."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield

    app = make_app("Luodi demo inbox", checks={}, lifespan=lifespan, registry=CollectorRegistry())
    templates = Environment(loader=FileSystemLoader(HOME), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    templates.filters["shown"] = lambda message: shown(message, inbox)
    templates.filters["moment"] = _moment

    @app.get("/", include_in_schema=False)
    async def page(to: str | None = None) -> HTMLResponse:
        people = sorted({name for message in inbox.messages for name in message.to})
        messages = [message for message in inbox.messages if to is None or to in message.to]
        text = templates.get_template("inbox.html").render(messages=messages, people=people, chosen=to)
        return HTMLResponse(text, headers={"Cache-Control": "no-store"})

    @app.get("/messages", include_in_schema=False)
    async def messages() -> list[dict[str, Any]]:
        return [asdict(message) for message in inbox.messages]

    @app.post("/cgi-bin/webhook/send", include_in_schema=False)
    async def bot(request: Request, key: str | None = None) -> JSONResponse:
        errcode, errmsg = inbox.bot(key, await request.body())
        return JSONResponse({"errcode": errcode, "errmsg": errmsg})

    @app.post("/hooks/office", include_in_schema=False)
    async def hook(request: Request) -> JSONResponse:
        status, said = inbox.hook(request.headers, await request.body(), time.time())
        return JSONResponse({"said": said}, status_code=status)

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> RedirectResponse:
        return RedirectResponse("data:,")

    return app


def shown(message: Message, inbox: Inbox) -> Markup:
    """A message as HTML: what is markup in its channel, and nothing else."""
    text = str(escape(message.content))
    if message.kind == "markdown":
        text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
        text = re.sub(r"&lt;font color=&#34;(\w+)&#34;&gt;(.*?)&lt;/font&gt;", r'<span class="\1">\2</span>', text)
        text = re.sub(r"\[([^\[\]]+)\]\((https?://[^\s()]+)\)", r'<a href="\2" target="_blank">\1</a>', text)
        text = re.sub(
            r"&lt;@([\w.-]+)&gt;", lambda found: f'<span class="at">@{escape(inbox.named(found[1]))}</span>', text
        )
    else:
        text = re.sub(r"https?://[^\s<>&]+", r'<a href="\g<0>" target="_blank">\g<0></a>', text)
    return Markup(text.replace("\n", "<br>"))  # noqa: S704 - escaped above, before any markup was added


def notifier_environment(inbox_url: str, folder: Path) -> dict[str, str]:
    """What the notifier must be told so that its messages come here; writes the directory file into `folder`."""
    directory = folder / "directory.csv"
    text = (HOME / "directory.csv").read_text(encoding="utf-8")
    directory.write_text(text.replace(_ADDRESS_IN_DIRECTORY, inbox_url), encoding="utf-8")
    return {
        "LUODI_POLICY": str(HOME / "policy.toml"),
        "LUODI_DIRECTORY": str(directory),
        "LUODI_WECOM_BASE_URL": inbox_url,
        "LUODI_WECOM_BOTS": json.dumps(BOTS),
        "LUODI_WEBHOOK_SECRETS": json.dumps({"office": OFFICE_SECRET}),
        "LUODI_SETTLE_SECONDS": "10",
        "LUODI_GROUP_WAIT_SECONDS": "3",
    }


def _card(card: Mapping[str, Any]) -> str:
    rows = [f"{row['keyname']}：{row['value']}" for row in card["horizontal_content_list"]]
    title = card["main_title"]
    lines = [title["desc"], title["title"], card["sub_title_text"], *rows, f"查看并签收：{card['card_action']['url']}"]
    return "\n".join(lines)


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text):%m-%d %H:%M}"


def _names() -> dict[str, str]:
    with (HOME / "directory.csv").open(encoding="utf-8", newline="") as file:
        return {row["wecom_userid"]: row["name"] for row in csv.DictReader(file) if row["wecom_userid"]}


def main(
    port: Annotated[int, typer.Option(envvar="LUODI_PORT", help="The port on which the page is.")] = 8083,
    host: Annotated[str, typer.Option(envvar="LUODI_HOST", help="The address on which the page is.")] = "127.0.0.1",
    keep: Annotated[
        Path | None, typer.Option(envvar="LUODI_INBOX_FILE", help="A file in which messages outlive the process.")
    ] = None,
) -> None:
    """Take pushed messages and show them, until Ctrl-C."""
    serve(lambda: build(Inbox(keep, _names())), Settings(host=host, port=port))


if __name__ == "__main__":
    typer.run(main)

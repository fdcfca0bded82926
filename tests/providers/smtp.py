"""A mail server that speaks SMTP (RFC 5321) with STARTTLS and AUTH, and refuses where a test says."""

import asyncio
import base64
import contextlib
import email
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default as modern

import trustme

from tests.providers.tcp import served

USER, PASSWORD = "luodi", "smtp-Pa55-9f8e7d"


@dataclass
class FakeSmtp:
    """`refusals`: verb → the line to answer instead, for RCPT, MAIL, AUTH, DATA (at once) or TEXT (after the text).

    `hang_up_at`: the verb at which the connection is closed without an answer.
    """

    port: int = 0
    starttls: bool = True
    auth: bool = True
    refusals: dict[str, str] = field(default_factory=dict)
    hang_up_at: str | None = None
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    authority: trustme.CA = field(default_factory=trustme.CA)

    def trusting(self) -> ssl.SSLContext:
        """What a client needs to trust this server."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def certificate(self) -> ssl.SSLContext:
        """What the server shows of itself."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        return context

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await self._talk(reader, writer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(self, reader, writer)
        await session.say("220 mail.test ESMTP")
        while line := (await reader.readline()).decode().strip():
            verb = line.split(":")[0].split(" ")[0].upper()
            if verb == self.hang_up_at:
                return
            if verb in self.refusals:
                await session.say(self.refusals[verb])
            elif await session.answer(verb, line) == "over":
                return


@dataclass
class _Session:
    server: FakeSmtp
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    secure: bool = False
    known: bool = False
    sender: str = ""
    recipient: str = ""

    async def say(self, line: str) -> None:
        self.writer.write(line.encode(errors="surrogateescape") + b"\r\n")
        await self.writer.drain()

    async def answer(self, verb: str, line: str) -> str | None:
        handlers = {"EHLO": self.ehlo, "STARTTLS": self.start_tls, "AUTH": self.log_in, "DATA": self.take}
        if verb in handlers:
            return await handlers[verb](line)
        address = line.partition("<")[2].partition(">")[0]
        if verb == "MAIL":
            self.sender = address
            await self.say("250 ok" if self.known or not self.server.auth else "530 authentication required")
        elif verb == "RCPT":
            self.recipient = address
            await self.say("250 ok")
        else:
            await self.say("221 bye")
            return "over"
        return None

    async def ehlo(self, line: str) -> None:
        offers = ["250-mail.test", "250-8BITMIME"]
        offers += ["250-STARTTLS"] if self.server.starttls and not self.secure else []
        offers += ["250-AUTH PLAIN"] if self.server.auth and (self.secure or not self.server.starttls) else []
        await self.say("\r\n".join([*offers, "250 HELP"]))

    async def start_tls(self, line: str) -> None:
        await self.say("220 go ahead")
        await self.writer.start_tls(self.server.certificate())
        self.secure = True

    async def log_in(self, line: str) -> None:
        given = base64.b64decode(line.split(" ")[2]).split(b"\0")
        self.known = given == [b"", USER.encode(), PASSWORD.encode()]
        await self.say("235 welcome" if self.known else f"535 no: {given}")

    async def take(self, line: str) -> str | None:
        await self.say("354 go ahead")
        text = await self.reader.readuntil(b"\r\n.\r\n")
        if self.server.hang_up_at == "TEXT":
            return "over"
        if refusal := self.server.refusals.get("TEXT"):
            await self.say(refusal)
            return None
        message = email.message_from_bytes(text[:-5].replace(b"\r\n..", b"\r\n."), policy=modern)
        self.server.mails.append(message)
        self.server.envelopes.append((self.sender, self.recipient))
        self.server.secure.append(self.secure)
        await self.say("250 2.0.0 queued as 4F1")
        return None


@contextlib.asynccontextmanager
async def fake_smtp(*, starttls: bool = True, auth: bool = True) -> AsyncIterator[FakeSmtp]:
    """A mail server on loopback, in the test's own loop."""
    smtp = FakeSmtp(starttls=starttls, auth=auth)
    async with served(smtp.talk) as smtp.port:
        yield smtp

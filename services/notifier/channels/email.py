"""E-mail over SMTP: slower than a push, and there when nothing else is."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Final, Literal, TypeAlias

import aiosmtplib
from pydantic import SecretStr

from services.notifier.channels.codes import told
from services.notifier.channels.faults import noted
from services.notifier.channels.parcel import Parcel
from services.notifier.domain.directory import Address
from services.notifier.domain.messages import as_text, subject
from services.notifier.domain.outcomes import Outcome, Refused, Sent, TryLater, Unclear
from services.notifier.domain.pacing import Pace

Security: TypeAlias = Literal["starttls", "tls", "none"]
_SECONDS: Final = 8.0
_TEXT_SECONDS: Final = 15.0
_BUSY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Server:
    """The SMTP server through which mail leaves, and the address it comes from.

    `security`: `starttls` on the submission port, `tls` from the first byte on, or `none` inside one's own network.
    """

    host: str
    port: int
    sender: str
    security: Security = "starttls"
    username: str | None = None
    password: SecretStr | None = None


class Email:
    """Sends plain text. `context` makes the rules of TLS; certificates are always checked."""

    group = False

    def __init__(
        self, server: Server | None, context: Callable[[], ssl.SSLContext] = ssl.create_default_context
    ) -> None:
        self._server = server
        self._context = context

    def pace(self, address: Address) -> Pace:
        """What a careful mail server takes from one sender without suspicion."""
        return Pace("email", burst=10, interval=timedelta(seconds=1))

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once: 2xx is success, 4xx may pass, 5xx is a refusal; lost after the text was sent is unclear."""
        server = self._server
        if server is None:
            return Refused("no-server", "LUODI_SMTP_HOST is not set")
        text = letter_mail(parcel, server.sender).as_bytes()
        tls = None if server.security == "none" else self._context()
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=_SECONDS,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=tls,
        )
        secrets = [server.password] if server.password else []
        try:
            return await _deliver(client, server, parcel.address.target, text)
        except aiosmtplib.SMTPResponseException as error:
            return _refusal(error.code, told(error.message, secrets))
        except (aiosmtplib.SMTPException, OSError) as error:
            # Nothing of the message was sent yet.
            return TryLater("no-connection", type(error).__name__, _BUSY)
        finally:
            client.close()


def letter_mail(parcel: Parcel, sender: str) -> EmailMessage:
    """The message; a repetition has the same Message-ID, so that mail programs can show it once."""
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["Subject"] = subject(parcel.letter)
    mail["From"] = Mailbox("落地", addr_spec=sender)
    mail["To"] = Mailbox(parcel.letter.recipient, addr_spec=parcel.address.target)
    mail["Date"] = parcel.now
    mail["Message-ID"] = f"<{parcel.message}@{sender.rpartition('@')[2]}>"
    # Keeps answering machines from answering.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(as_text(parcel.letter), cte="base64")
    return mail


async def _deliver(client: aiosmtplib.SMTP, server: Server, to: str, text: bytes) -> Outcome:
    await client.connect()
    if server.username is not None and server.password is not None:
        await client.login(server.username, server.password.get_secret_value())
    await client.mail(server.sender)
    await client.rcpt(to)
    try:
        response = await client.data(text, timeout=_TEXT_SECONDS)
    except aiosmtplib.SMTPResponseException:
        raise
    except (aiosmtplib.SMTPException, OSError) as error:
        return Unclear("no-answer", type(error).__name__)
    except Exception as error:
        return Unclear("fault", noted(error))
    return Sent(str(response.code), told(response.message, []))


def _refusal(code: int, said: str) -> TryLater | Refused:
    return TryLater(str(code), said, _BUSY) if 400 <= code < 500 else Refused(str(code), said)

"""E-mail against a mail server on loopback."""

import logging
import ssl
from dataclasses import replace

import pytest
import structlog
from pydantic import SecretStr

from deploy.local.ports import any_free
from services.notifier.channels.email import Email, Security, Server
from services.notifier.domain.directory import Address
from services.notifier.domain.outcomes import Refused, Sent, TryLater, Unclear
from tests.integration.test_notifier_channels import ITEM, MESSAGE, parcel
from tests.providers.smtp import PASSWORD, USER, FakeSmtp, fake_smtp

TO = Address("email", "wangjianguo@example.gov.cn", "")


def mail(smtp: FakeSmtp, security: Security = "starttls", password: str = PASSWORD) -> Email:
    server = Server("localhost", smtp.port, "luodi@example.gov.cn", security, USER, SecretStr(password))
    return Email(server, smtp.trusting)


async def test_a_mail_leaves_over_tls_and_reads_as_it_was_written() -> None:
    async with fake_smtp() as smtp:
        assert await mail(smtp).send(parcel(TO, discreet=False)) == Sent("250", "2.0.0 queued as 4F1")
    (got,) = smtp.mails
    assert got["Subject"] == "【落地催办】智能装备产业园（P-2026-017）"
    assert got["From"] == "落地 <luodi@example.gov.cn>"
    assert got["To"] == "王建国 副区长 <wangjianguo@example.gov.cn>"
    assert got["Message-ID"] == f"<{MESSAGE}@example.gov.cn>"
    body = got.get_content()
    assert ITEM.text in body
    assert "查看并签收：https://l.example/ack/t" in body
    assert smtp.envelopes == [("luodi@example.gov.cn", "wangjianguo@example.gov.cn")]
    assert smtp.secure == [True]


async def test_a_repetition_has_the_same_message_id() -> None:
    async with fake_smtp() as smtp:
        for again in (False, True):
            await mail(smtp).send(parcel(TO, again=again))
    assert len({got["Message-ID"] for got in smtp.mails}) == 1


async def test_a_title_cannot_add_a_header() -> None:
    hostile = [replace(ITEM, name="x\r\nBcc: all@example.gov.cn")]
    async with fake_smtp() as smtp:
        await mail(smtp).send(parcel(TO, hostile))
    assert smtp.mails[0]["Bcc"] is None
    assert "Bcc" in smtp.mails[0]["Subject"]


@pytest.mark.parametrize(
    ("verb", "line", "outcome"),
    [
        ("RCPT", "550 5.1.1 no such user", Refused("550", "5.1.1 no such user")),
        ("RCPT", "550 \udcd3\udcc3 no such user", Refused("550", "   no such user")),
        ("RCPT", "450 4.2.1 greylisted", TryLater("450", "4.2.1 greylisted")),
        ("MAIL", "553 not your address", Refused("553", "not your address")),
        ("DATA", "421 4.3.2 shutting down", TryLater("421", "4.3.2 shutting down")),
        ("TEXT", "552 5.3.4 too big", Refused("552", "5.3.4 too big")),
        ("TEXT", "451 4.3.0 try again", TryLater("451", "4.3.0 try again")),
    ],
)
async def test_the_servers_code_decides(verb: str, line: str, outcome: Refused | TryLater) -> None:
    async with fake_smtp() as smtp:
        smtp.refusals[verb] = line
        got = await mail(smtp).send(parcel(TO))
    assert type(got) is type(outcome)
    assert (got.code, got.said) == (outcome.code, outcome.said)
    assert smtp.mails == []


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA"])
async def test_a_connection_lost_before_the_text_is_tried_again(verb: str) -> None:
    async with fake_smtp() as smtp:
        smtp.hang_up_at = verb
        got = await mail(smtp).send(parcel(TO))
    assert isinstance(got, Unclear if verb == "DATA" else TryLater)


async def test_a_connection_lost_after_the_text_may_have_delivered_it() -> None:
    async with fake_smtp() as smtp:
        smtp.hang_up_at = "TEXT"
        assert isinstance(await mail(smtp).send(parcel(TO)), Unclear)


async def test_a_server_that_nobody_vouches_for_gets_no_password() -> None:
    async with fake_smtp() as smtp:
        server = Server("localhost", smtp.port, "luodi@example.gov.cn", "starttls", USER, SecretStr(PASSWORD))
        got = await Email(server, ssl.create_default_context).send(parcel(TO))
    assert isinstance(got, TryLater)
    assert smtp.mails == []


async def test_a_server_without_tls_is_refused_unless_that_was_chosen() -> None:
    async with fake_smtp(starttls=False, auth=False) as smtp:
        assert not isinstance(await mail(smtp).send(parcel(TO)), Sent)
        open_server = Server("localhost", smtp.port, "luodi@example.gov.cn", "none")
        assert isinstance(await Email(open_server).send(parcel(TO)), Sent)
    assert smtp.secure == [False]


async def test_a_server_that_cannot_be_reached_is_tried_later() -> None:
    server = Server("127.0.0.1", any_free(), "luodi@example.gov.cn", "none")
    assert isinstance(await Email(server).send(parcel(TO)), TryLater)


async def test_without_a_server_mail_is_refused() -> None:
    assert await Email(None).send(parcel(TO)) == Refused("no-server", "LUODI_SMTP_HOST is not set")


async def test_a_wrong_password_is_refused_and_is_in_no_log(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with fake_smtp() as smtp:
        got = await mail(smtp, password="wrong-password-1").send(parcel(TO))
        structlog.get_logger().info("outcome", said=got)
    assert isinstance(got, Refused)
    assert got.code == "535"
    written = "".join(capsys.readouterr()) + caplog.text
    assert "outcome" in written
    assert "wrong-password-1" not in written

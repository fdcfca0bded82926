"""Where a webhook's URL may lead, and that it leads nowhere else."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from services.notifier.channels.http import Answer, make_stranger_client
from services.notifier.channels.strangers import ForbiddenAddressError, Guard, Pinned, UnknownNameError, resolved
from services.notifier.channels.webhook import Webhook
from services.notifier.domain.directory import Address
from services.notifier.domain.outcomes import Refused, Sent, TryLater
from tests.integration.test_notifier_channels import parcel
from tests.providers.tcp import served


def knowing(*addresses: str, allowed: Sequence[str] = ()) -> Guard:
    """A guard whose names all lead to these addresses."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return Guard([ip_network(each) for each in allowed], resolve)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "192.168.1.1",
        "0.0.0.0",  # noqa: S104 - an address to be refused
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ],
)
async def test_a_name_that_leads_into_a_private_network_is_refused(address: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        await knowing(address).pin("https://hooks.example/x")


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(ForbiddenAddressError):
        await knowing("93.184.216.34", "10.0.0.1").pin("https://hooks.example/x")


async def test_a_network_that_is_listed_is_allowed_and_no_other() -> None:
    pinned = await knowing("10.20.3.4", allowed=["10.20.0.0/16"]).pin("http://oa.district/hook")
    assert pinned == Pinned("http://10.20.3.4:80/hook", "oa.district", None)
    with pytest.raises(ForbiddenAddressError):
        await knowing("10.21.3.4", allowed=["10.20.0.0/16"]).pin("http://oa.district/hook")


async def test_the_address_judged_is_the_one_called_and_the_name_stays_for_tls_and_for_the_server() -> None:
    pinned = await knowing("93.184.216.34").pin("https://hooks.example:8443/x?y=1")
    assert pinned == Pinned("https://93.184.216.34:8443/x?y=1", "hooks.example:8443", "hooks.example")
    pinned = await knowing("2606:2800:220:1::1").pin("https://hooks.example/")
    assert pinned == Pinned("https://[2606:2800:220:1::1]:443/", "hooks.example", "hooks.example")


async def test_a_name_is_looked_up_once_for_each_attempt() -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        # The second answer is the one of an attacker who rebinds the name.
        return ["93.184.216.34"] if len(asked) == 1 else ["10.0.0.1"]

    pinned = await Guard([], resolve).pin("https://hooks.example/x")
    assert asked == ["hooks.example"]
    assert "hooks.example" not in pinned.url


async def test_a_name_that_nobody_knows_is_tried_later_and_a_private_one_refused() -> None:
    async with make_stranger_client() as client:
        address = Address("webhook", "https://hooks.example/x", "office")
        unknown = Webhook(client, {"office": SecretStr("s")}, knowing())
        assert await unknown.send(parcel(address)) == TryLater("unknown-name", "nobody knows the name of the host")
        private = Webhook(client, {"office": SecretStr("s")}, knowing("10.0.0.1"))
        outcome = await private.send(parcel(address))
        assert isinstance(outcome, Refused)
        assert outcome.code == "private-network"


async def test_names_are_looked_up_by_the_system() -> None:
    assert await resolved("127.0.0.1", 80) == ["127.0.0.1"]
    assert await resolved("no-such-name.invalid", 80) == []
    with pytest.raises(UnknownNameError):
        await Guard([]).pin("http://no-such-name.invalid/")


def status(answer: Answer) -> Sent:
    """Success, with the status as its code."""
    return Sent(str(answer.status))


async def test_the_certificate_is_checked_against_the_name_and_not_the_pinned_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example").configure_cert(certificate)
    hosts: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        hosts.append(re.findall(rb"(?im)^host: (.+?)\r$", head)[0])
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    guard = knowing("127.0.0.1", allowed=["127.0.0.0/8"])
    async with served(talk, certificate=certificate) as port, make_stranger_client() as client:
        right = await guard.pin(f"https://hooks.example:{port}/x")
        assert await client.post(right.url, b"{}", status, {"Host": right.host}, right.server_name) == Sent("200")
        assert hosts == [f"hooks.example:{port}".encode()]
        other = await guard.pin(f"https://another.example:{port}/x")
        refused = await client.post(other.url, b"{}", status, {"Host": other.host}, other.server_name)
        assert isinstance(refused, TryLater)
        assert len(hosts) == 1

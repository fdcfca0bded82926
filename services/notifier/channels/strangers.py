"""Looks up an address that somebody wrote into a file, and lets nobody be led into a network by it."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit, urlunsplit

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Pinned:
    """A URL that leads to an address that was judged. `host` is the name for the server, `server_name` that for TLS."""

    url: str
    host: str
    server_name: str | None


class ForbiddenAddressError(Exception):
    """The name leads into a network that is not public, and not among those that were allowed."""


class UnknownNameError(Exception):
    """Nobody knows the name now."""


class Guard:
    """Judges where a URL leads. Public addresses are allowed, private ones only in the `allowed` networks."""

    def __init__(self, allowed: Sequence[Network], resolve: Resolve | None = None) -> None:
        self._allowed = tuple(allowed)
        self._resolve = resolve or resolved

    async def pin(self, url: str) -> Pinned:
        """The address to call in place of the URL's name.

        The name is looked up once, every address it has is judged, and the one called is one that was judged.
        Raises ValueError for what is no URL, ForbiddenAddressError or UnknownNameError.
        """
        parts = urlsplit(url)
        name, secure = parts.hostname, parts.scheme == "https"
        if parts.scheme not in ("http", "https") or not name or parts.username or parts.password:
            raise ValueError("not a URL that may be called")
        port = parts.port or (443 if secure else 80)
        found = [ipaddress.ip_address(each.partition("%")[0]) for each in await self._resolve(name, port)]
        if not found:
            raise UnknownNameError
        if not all(map(self._may_call, found)):
            raise ForbiddenAddressError
        address = f"[{found[0]}]" if found[0].version == 6 else str(found[0])
        called = parts._replace(netloc=f"{address}:{port}", fragment="")
        return Pinned(urlunsplit(called), parts.netloc, name if secure else None)

    def _may_call(self, address: Address) -> bool:
        inner = _unwrapped(address)
        if any(each in network for each in (address, inner) for network in self._allowed):
            return True
        return all(each.is_global and not each.is_multicast for each in (address, inner))


async def resolved(host: str, port: int) -> list[str]:
    """Every address of a name, the preferred first; none when nobody knows it."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(address[0]) for *_, address in found]


def _unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that translators would turn it into."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)

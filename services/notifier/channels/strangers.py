"""Looks up an address that somebody wrote into a file, and lets nobody be led into a network by it."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias

import httpx

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenAddressError(Exception):
    """The name leads into a network that is not public, and not among those that were allowed."""


class UnknownNameError(Exception):
    """Nobody knows the name now."""


class Guard:
    """Judges where a URL leads. Public addresses are allowed, private ones only in the `allowed` networks."""

    def __init__(self, allowed: Sequence[Network], resolve: Resolve | None = None) -> None:
        self._allowed = tuple(allowed)
        self._resolve = resolve or resolved

    async def pin(self, url: str) -> tuple[str, dict[str, str], dict[str, Any]]:
        """The URL with the address to call in place of the name, and the headers and extensions that keep the name.

        The name is looked up once, every address it has is judged, and the one called is one that was judged.
        Raises httpx.InvalidURL, ForbiddenAddressError or UnknownNameError.
        """
        parts = httpx.URL(url)
        if parts.scheme not in ("http", "https") or not parts.host:
            raise httpx.InvalidURL("neither http nor https, or without a host")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = [ipaddress.ip_address(each.partition("%")[0]) for each in await self._resolve(parts.host, port)]
        if not found:
            raise UnknownNameError
        if not all(map(self._may_call, found)):
            raise ForbiddenAddressError
        pinned = parts.copy_with(host=str(found[0]))
        return str(pinned), {"Host": parts.netloc.decode()}, {"sni_hostname": parts.host}

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

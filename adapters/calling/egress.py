"""Where the hub may connect to: names are looked up first, then the addresses found are checked and called.

The check stands between the look-up and the connection, so a name that means another address a moment later
leads nowhere else.
"""

import asyncio
import socket
import time
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, TypeAlias

import httpcore
from httpcore import SOCKET_OPTION

from adapters.calling.connection import Connection
from contracts.errors import Unreachable

_Address: TypeAlias = IPv4Address | IPv6Address

#: Whether private networks may be called: all of them, none, or only these.
Private: TypeAlias = bool | tuple[IPv4Network | IPv6Network, ...]

#: Networks that need an agency's `private: true`.
_PRIVATE = [
    ip_network(block)
    for block in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1", "fc00::/7")
]
_THIS_NETWORK = ip_network("0.0.0.0/8")
#: Where clouds tell a machine its own secrets, outside of the link-local networks where most do.
_METADATA = {ip_address(each) for each in ("fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")}
#: IPv6 that a gateway turns into the IPv4 address in its last 32 bits.
_TRANSLATED = [ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48")]


async def allowed_addresses(host: str, port: int, *, private: Private) -> list[str]:
    """The addresses that `host` has now and that may be called, in the order to try them.

    Raises Unreachable where the name leads to none.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise Unreachable(f"The name {host} leads nowhere: {error.strerror}.", sent=False) from error
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host!r} cannot be a host's name.", sent=False, lasting=True) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    kinds = {address: kind_of(address) for address in addresses}
    allowed = [
        address
        for address, kind in kinds.items()
        if kind == "public" or (kind == "private" and _is_open(address, private))
    ]
    if not allowed:
        raise Unreachable(_refusal(host, kinds), sent=False, lasting=True)
    return allowed


def kind_of(address: str) -> Literal["public", "private", "forbidden"]:
    """What kind of address it is; "private" ones may be called where the agency's spec says so, others never."""
    ip = _meant(ip_address(address))
    if (
        ip in _METADATA
        or ip in _THIS_NETWORK
        or ip.is_link_local
        or ip.is_multicast
        or ip.is_unspecified
        or (isinstance(ip, IPv6Address) and ip.is_site_local)
    ):
        return "forbidden"
    if any(ip in network for network in _PRIVATE):
        return "private"
    return "public" if ip.is_global and not ip.is_reserved else "forbidden"


def _is_open(address: str, private: Private) -> bool:
    return private if isinstance(private, bool) else any(_meant(ip_address(address)) in each for each in private)


def _meant(ip: _Address) -> _Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(ip, IPv4Address):
        return ip
    if any(ip in network for network in _TRANSLATED):
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _refusal(host: str, kinds: Mapping[str, str]) -> str:
    address, kind = next(((each, kind) for each, kind in kinds.items() if kind == "private"), next(iter(kinds.items())))
    leads = host if host == address else f"{host}, which leads to {address},"
    if kind == "private":
        return f"{leads} is in a private network; if the agency is meant to be there, give its system `private: true`."
    return f"{leads} is an address that no agency can have; the hub does not call it."


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """The HTTP library's way to the network, by `allowed_addresses`. Raises its Unreachable too."""

    def __init__(self, private: Private) -> None:
        self._private = private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        until = None if timeout is None else time.monotonic() + timeout
        try:
            async with asyncio.timeout(timeout):
                addresses = await allowed_addresses(host, port, private=self._private)
        except TimeoutError:
            raise httpcore.ConnectTimeout("the name server does not answer") from None
        while True:
            address, *others = addresses
            # A dead address must leave time for those after it.
            share = None if until is None else max(0.0, until - time.monotonic()) / len(addresses)
            try:
                return await Connection.to(address, port, share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not others:
                    raise
            addresses = others

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

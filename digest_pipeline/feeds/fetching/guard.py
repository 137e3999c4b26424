"""No connection into a private network: addresses are checked after their name is resolved, at every connection."""

import ipaddress
import logging
import socket
from collections.abc import Iterable, Sequence
from typing import Any

import anyio
import httpcore

from digest_pipeline.errors import AddressRefused

log = logging.getLogger(__name__)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # RFC 4291; the rest is local, reserved or obsolete
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether an address is on the open internet; for an IPv6 address that wraps an IPv4 one, whether that is."""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if wrapped is None and address in NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(wrapped)
        if address not in GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects only to public addresses, and to those of ``allowed``.

    The name is resolved here and the connection goes to the very address that was checked, so neither a redirect nor a
    name that resolves differently the second time gets through.
    """

    def __init__(self, inner: httpcore.AsyncNetworkBackend, allowed: Sequence[Network] = ()) -> None:
        self._inner = inner
        self._allowed = tuple(allowed)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, refuse what is not public, connect to the first checked address that answers."""
        try:
            found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} does not resolve") from error
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        for text in addresses:
            address = ipaddress.ip_address(text.split("%")[0])
            if not is_public(address) and not any(address in network for network in self._allowed):
                raise AddressRefused(
                    f"{host} resolves to {text}, which is not public",
                    remedy="if that is meant, set DIGEST_ALLOW_PRIVATE_HOSTS=1 or name its network in allowed_networks",
                )
        for text in addresses[:-1]:  # a machine without IPv6 still finds the IPv4 address
            try:
                return await self._inner.connect_tcp(text, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                log.debug("%s: %s does not answer", host, text)
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Wait, as the inner backend does."""
        await self._inner.sleep(seconds)

"""Which hosts and addresses may be reached.

`ipaddress.is_global` is not enough: it calls IPv6 addresses global that contain an IPv4 address, and it does not know
the internal services that clouds have at public addresses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from image_store.adapters.remote.refusal import FetchRefusal, NotAllowed

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NEVER: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # "this host"
            "169.254.0.0/16",  # link-local: the metadata of EC2 and ECS, and of most clouds
            "168.63.129.16/32",  # internal services of Azure, at a public address
            "192.0.0.192/32",  # Oracle's metadata
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
            "::/128",
            "::ffff:0:0/96",  # IPv4-mapped
            "64:ff9b::/96",  # NAT64 (RFC 6052)
            "64:ff9b:1::/48",  # NAT64 of a network's own (RFC 8215)
            "2001::/32",  # Teredo
            "2002::/16",  # 6to4
            "fd00:ec2::/32",  # the metadata and name servers of AWS
            "fe80::/10",  # link-local
            "ff00::/8",  # multicast
        ),
    )
)
"""No deployment may allow these: they give out credentials, are not one host, or contain another address."""

_NOT_PUBLIC: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments
            "192.88.99.0/24",  # the retired relays of 6to4 (RFC 7526)
            "::/96",  # IPv4-compatible
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
"""Addresses that `is_global` calls global, although they are not public hosts."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that IANA has assigned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRules:
    """Which hosts and networks a deployment allows."""

    hosts: Sequence[str] = ()
    """Names in lower-case ASCII; one that begins with a dot means its sub-domains. If empty, every host is allowed."""
    networks: Sequence[Network] = ()
    """Private networks that are allowed, at any port."""

    def check_host(self, host: str) -> None:
        """Raise FetchRefusal for a host, in lower-case ASCII, that is not allowed."""
        is_allowed = not self.hosts or any(
            host.endswith(entry) and host != entry if entry.startswith(".") else host == entry
            for entry in self.hosts
        )
        if not is_allowed:
            raise NotAllowed(f"the host {host} is not among the allowed ones", parameter="RemoteHosts")

    def check_address(self, address: Address, *, is_default_port: bool) -> None:
        """Raise FetchRefusal for an address that is neither public, at the default port, nor in an allowed network."""
        if _in(address, _NEVER):
            raise FetchRefusal(f"{address} is never reached")
        if _in(address, self.networks):
            return
        if not _is_public(address):
            raise NotAllowed(f"{address} is not public", parameter="RemoteNetworks")
        if not is_default_port:
            raise NotAllowed("the port is not the default one", parameter="RemoteNetworks")


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not _in(address, _NOT_PUBLIC)


def _in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)

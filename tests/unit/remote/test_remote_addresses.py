"""A1: which addresses and hosts images may be fetched from."""

from ipaddress import ip_address, ip_network

import pytest

from image_store.adapters.remote.addresses import AddressRules
from image_store.adapters.remote.refusal import FetchRefusal

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.254",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001:82f::200e",
]
REFUSED = [
    # This host, private and shared networks
    "0.0.0.0",  # noqa: S104 - it is refused
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    # Metadata of clouds
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "168.63.129.16",
    "192.0.0.192",
    "100.100.100.200",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    # Assignments, documentation, tests
    "192.0.0.1",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    # Multicast, reserved, broadcast
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "ff0e::1",
    # IPv6 of this host and of local networks
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fdff::1",
    # Not given out
    "4000::1",
    "5f00::1",
    # Others inside
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "::127.0.0.1",
    "::8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]
NEVER = [
    "0.0.0.0",  # noqa: S104 - it is refused
    "169.254.169.254",
    "169.254.170.2",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:a00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
]
EVERYTHING = AddressRules(networks=[ip_network("0.0.0.0/0"), ip_network("::/0")])


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_reached_at_the_default_port_only(address: str) -> None:
    rules = AddressRules()

    rules.check_address(ip_address(address), is_default_port=True)

    with pytest.raises(FetchRefusal, match="port"):
        rules.check_address(ip_address(address), is_default_port=False)


@pytest.mark.parametrize("address", REFUSED)
def test_any_other_address_is_refused(address: str) -> None:
    with pytest.raises(FetchRefusal):
        AddressRules().check_address(ip_address(address), is_default_port=True)


@pytest.mark.parametrize("address", ["10.0.3.4", "127.0.0.2", "fd12::1", "::1"])
def test_an_allowed_network_is_reached_at_any_port(address: str) -> None:
    networks = [ip_network(text) for text in ("10.0.0.0/16", "127.0.0.2/32", "fd12::/16", "::1/128")]

    AddressRules(networks=networks).check_address(ip_address(address), is_default_port=False)


@pytest.mark.parametrize("address", ["10.1.0.1", "127.0.0.1", "fd13::1"])
def test_addresses_beside_an_allowed_network_are_refused(address: str) -> None:
    networks = [ip_network(text) for text in ("10.0.0.0/16", "127.0.0.2/32", "fd12::/16")]

    with pytest.raises(FetchRefusal):
        AddressRules(networks=networks).check_address(ip_address(address), is_default_port=True)


@pytest.mark.parametrize("address", NEVER)
def test_no_network_that_is_allowed_opens_what_holds_credentials_or_hides_another_address(
    address: str,
) -> None:
    with pytest.raises(FetchRefusal):
        EVERYTHING.check_address(ip_address(address), is_default_port=True)


@pytest.mark.parametrize(
    ("entries", "host"),
    [
        ((), "anything.example"),
        (("images.example.com",), "images.example.com"),
        ((".example.com",), "images.example.com"),
        ((".example.com",), "a.b.example.com"),
        (("other.example", ".example.com"), "other.example"),
        (("8.8.8.8",), "8.8.8.8"),
    ],
)
def test_a_host_that_is_chosen_is_reached(entries: tuple[str, ...], host: str) -> None:
    AddressRules(hosts=entries).check_host(host)


@pytest.mark.parametrize(
    ("entries", "host"),
    [
        (("images.example.com",), "example.com"),
        (("images.example.com",), "a.images.example.com"),
        (("images.example.com",), "images.example.com.evil.example"),
        ((".example.com",), "example.com"),
        ((".example.com",), "badexample.com"),
        ((".example.com",), ".example.com"),
        (("example.com",), "8.8.8.8"),
    ],
)
def test_another_host_is_refused(entries: tuple[str, ...], host: str) -> None:
    with pytest.raises(FetchRefusal, match="not among"):
        AddressRules(hosts=entries).check_host(host)

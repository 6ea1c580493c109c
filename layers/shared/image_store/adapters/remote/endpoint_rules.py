"""Decides which addresses a webhook may have; what a name resolves to is checked at each delivery."""

from ipaddress import IPv4Address

from image_store.adapters.remote.addresses import AddressRules
from image_store.adapters.remote.refusal import FetchRefusal
from image_store.adapters.remote.urls import Target, parse_target
from image_store.domain.errors import WebhookUrlNotAllowed
from image_store.ports.webhooks import EndpointRules

_LOCALHOST = "localhost"
_LOOPBACK = IPv4Address("127.0.0.1")


class RemoteEndpointRules(EndpointRules):
    """EndpointRules by the rules for remote addresses, and https.

    http is accepted for an address in an allowed network alone. A name would not do: it can resolve to another
    address later, and events would cross the internet in plain text.
    """

    def __init__(self, rules: AddressRules) -> None:
        self._rules = rules

    def check(self, url: str) -> str:
        try:
            target = parse_target(url)
            self._check(target)
        except FetchRefusal:
            raise WebhookUrlNotAllowed from None
        return target.url

    def _check(self, target: Target) -> None:
        self._rules.check_host(target.host)
        address = _LOOPBACK if target.host == _LOCALHOST else target.address
        if address is not None:
            self._rules.check_address(address, is_default_port=target.is_default_port)
        elif not target.is_default_port and not self._rules.networks:
            raise FetchRefusal("the port is not the default one")
        is_private = address is not None and any(address in network for network in self._rules.networks)
        if target.scheme != "https" and not is_private:
            raise FetchRefusal("not https")

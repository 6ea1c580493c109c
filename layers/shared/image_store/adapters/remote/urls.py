"""Reads URLs so strictly that no other parser can find another host in them (RFC 3986)."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, urljoin, urlsplit

from image_store.adapters.remote.addresses import Address
from image_store.adapters.remote.refusal import FetchRefusal

MAX_CHARS = 8_000
"""More than redirects to signed URLs need; RFC 9110 recommends that servers accept this much."""

MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""The statuses of redirects."""

_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BRACKETED = re.compile(r"\[[^\[\]]*\](:[0-9]*)?")
_AMBIGUOUS = frozenset("ßς\u200c\u200d")
"""Characters that IDNA 2003, which Python implements, and IDNA 2008 map to different hosts."""
_UP_TO_HOST = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:)?[/\\]{2,}[^/?#\\]*")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_PATH_SAFE = "/%:@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a URL."""

    scheme: str
    host: str
    """In lower-case ASCII, without brackets and without a final dot."""
    address: Address | None
    """The address if the host is one, and not a name."""
    port: int
    path: str
    query: str

    @property
    def is_default_port(self) -> bool:
        """Whether the port is that of the scheme."""
        return self.port == _PORTS[self.scheme]

    @property
    def authority(self) -> str:
        """Host and port for the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.is_default_port else f"{host}:{self.port}"

    @property
    def resource(self) -> str:
        """Path and query for the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole URL."""
        return self.origin + self.resource

    @property
    def without_query(self) -> str:
        """The URL without its query, which may contain credentials; for the log."""
        return self.origin + self.path

    def redirect_target(self, location: str) -> "Target":
        """The target of a redirect; FetchRefusal if it is missing or leads from https to http."""
        if not location:
            raise FetchRefusal("a redirect without a target")
        location = _in_ascii_behind_host(_as_sent(location))
        _check_text(location)
        target = parse_target(urljoin(self.url, location))
        if self.scheme == "https" and target.scheme == "http":
            raise FetchRefusal("a redirect leads from https to http")
        return target


def parse_target(url: str) -> Target:
    """Read an absolute http or https URL; FetchRefusal for a URL that parsers could read differently.

    Path and query may have characters outside ASCII.
    """
    url = _in_ascii_behind_host(url)
    _check_text(url)
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        raise FetchRefusal("not a URL") from None
    if scheme not in _PORTS:
        raise FetchRefusal("neither http nor https")
    if "@" in parts.netloc:
        raise FetchRefusal("a user in the URL")
    if "[" in parts.netloc and not _BRACKETED.fullmatch(parts.netloc):
        raise FetchRefusal("text outside the brackets of an address")
    if port == 0:
        raise FetchRefusal("port 0")
    name = _ascii(host)
    address = _literal(name, is_bracketed="[" in parts.netloc)
    return Target(
        scheme=scheme,
        host=name if address is None else str(address),
        address=address,
        port=port or _PORTS[scheme],
        path=quote(parts.path, safe=_PATH_SAFE) or "/",
        query=quote(parts.query, safe=_PATH_SAFE + "?"),
    )


def _as_sent(location: str) -> str:
    """Decode a header again as UTF-8, which servers send; http.client has decoded it as Latin-1."""
    try:
        return location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return location


def _in_ascii_behind_host(url: str) -> str:
    """Percent-encode path and query as browsers do; the host stays as it is."""
    host = _UP_TO_HOST.match(url)
    end = host.end() if host is not None else 0
    return url[:end] + _NOT_ASCII.sub(lambda match: quote(match[0], errors="replace"), url[end:])


def _check_text(url: str) -> None:
    if len(url) > MAX_CHARS:
        raise FetchRefusal("too long")
    # urlsplit removes line breaks and tabs, and browsers read a backslash as a slash.
    if not url.isprintable() or " " in url or "\\" in url:
        raise FetchRefusal("characters that a URL cannot have")


def _ascii(host: str) -> str:
    if host.isascii():
        return host.removesuffix(".")
    if not _AMBIGUOUS.isdisjoint(host):
        raise FetchRefusal("a host that two standards read differently")
    try:
        return host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise FetchRefusal("a host that cannot be written in ASCII") from None


def _literal(host: str, *, is_bracketed: bool) -> Address | None:
    """The address if a host is one; None for a name."""
    try:
        if is_bracketed:
            address = IPv6Address(host)
            if address.scope_id is not None:
                raise FetchRefusal("an address with a zone")
            return address
        if not _NAME.fullmatch(host):
            raise FetchRefusal("neither a name nor an address")
        # A host that ends in a number is an address (https://url.spec.whatwg.org/#ends-in-a-number-checker). Only the
        # usual spelling is accepted, because resolvers would read 0x7f.1 and 2130706433 as 127.0.0.1.
        if _NUMBER.fullmatch(host.rpartition(".")[2]):
            return IPv4Address(host)
    except AddressValueError:
        raise FetchRefusal("an address in an unusual spelling") from None
    return None

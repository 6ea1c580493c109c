"""The issuers whose tokens a deployment accepts, and the owners that their subjects are."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any
from urllib.parse import urlsplit

from image_store.domain.callers.actor import is_owner
from image_store.domain.errors import ConfigurationError, InvalidToken

MAX_ISSUERS = 20
_MEMBERS = frozenset({"issuer", "audiences", "subject_prefix", "keys_url"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """One issuer of tokens, as the deployment describes it."""

    issuer: str
    """Exactly the `iss` claim of its tokens."""
    audiences: frozenset[str]
    subject_prefix: str = ""
    """Comes before each subject: the owner of `sub` is `{subject_prefix}{sub}`."""
    keys_url: str = ""
    """The address of its key set; empty for the one that its OpenID Connect discovery document names."""


@dataclass(frozen=True, slots=True)
class Issuers:
    """All issuers of a deployment; ConfigurationError where two of them could name the same owner.

    No issuer can name an owner of another: prefixes differ, none begins with another, and an issuer without a prefix
    cannot name a subject that begins with the prefix of another issuer.
    """

    all: tuple[TrustedIssuer, ...]

    def __post_init__(self) -> None:
        if len(self.all) > MAX_ISSUERS:
            raise ConfigurationError(f"ISSUERS has more than {MAX_ISSUERS} issuers.")
        if len({issuer.issuer for issuer in self.all}) < len(self.all):
            raise ConfigurationError("ISSUERS names an issuer twice.")
        for first, second in permutations([issuer.subject_prefix for issuer in self.all], 2):
            if first == second or (first and second.startswith(first)):
                raise ConfigurationError(
                    "ISSUERS has subject prefixes that are equal, or of which one begins with another."
                )

    def named(self, issuer: str) -> TrustedIssuer | None:
        """The issuer with this `iss`; None for one that the deployment does not accept."""
        return next((trusted for trusted in self.all if trusted.issuer == issuer), None)

    def owner_of(self, issuer: TrustedIssuer, subject: str) -> str:
        """The owner that a subject of an issuer is; InvalidToken where it cannot be one."""
        owner = issuer.subject_prefix + subject
        is_foreign = any(
            other.subject_prefix and owner.startswith(other.subject_prefix)
            for other in self.all
            if other is not issuer
        )
        if not subject or not is_owner(owner) or is_foreign:
            raise InvalidToken("The token's subject cannot name an owner.")
        return owner


def issuer_from(described: Mapping[str, Any]) -> TrustedIssuer:
    """An issuer from its JSON object; ValueError for one that is not well-formed."""
    if not isinstance(described, Mapping) or not set(described) <= _MEMBERS:
        raise ValueError("not an issuer")
    audiences = described["audiences"]
    texts = (described["issuer"], described.get("subject_prefix", ""), described.get("keys_url", ""))
    if not isinstance(audiences, list) or not audiences:
        raise ValueError("no audiences")
    if not all(isinstance(text, str) for text in (*texts, *audiences)):
        raise ValueError("not a text")
    issuer, prefix, keys_url = texts
    for address in filter(None, (issuer, keys_url)):
        check_address(address)
    return TrustedIssuer(
        issuer=issuer, audiences=frozenset(audiences), subject_prefix=prefix, keys_url=keys_url
    )


def check_address(address: str) -> None:
    """Raise ValueError unless an address is https, or http on this machine, without a query and credentials."""
    parts = urlsplit(address)
    is_local = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"}
    if not (parts.scheme == "https" or is_local) or not parts.hostname:
        raise ValueError("not an https address")
    if parts.query or parts.fragment or parts.username is not None or not address.isprintable():
        raise ValueError("an address with more than a host and a path")

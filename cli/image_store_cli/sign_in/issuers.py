"""Where and how to sign in: the settings of a store's console, and the discovery document of its issuer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from image_store_cli.errors import NotOffered, Unavailable, UsageError

if TYPE_CHECKING:
    from image_store_cli.settings.config_file import Profile
    from image_store_cli.store.api import ApiClient

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
OFFLINE_ACCESS = "offline_access"
"""The scope for a refresh token (OpenID Connect Core, section 11)."""
DEFAULT_SCOPES = "openid"


@dataclass(frozen=True, slots=True)
class Client:
    """The client of an issuer as which this command signs in."""

    issuer: str
    client_id: str
    scopes: str
    audience: str | None
    """The audience to request; Auth0 makes a JWT only for a named one, and others ignore it."""


@dataclass(frozen=True, slots=True)
class IssuerDocument:
    """What the discovery document of an issuer says."""

    issuer: str
    token_endpoint: str
    authorization_endpoint: str | None
    device_endpoint: str | None
    revocation_endpoint: str | None
    scopes: frozenset[str]

    def scopes_for(self, client: Client) -> str:
        """The scopes to request: those of the client, and a refresh token where the issuer offers it by scope."""
        scopes = client.scopes.split()
        if OFFLINE_ACCESS in self.scopes and OFFLINE_ACCESS not in scopes:
            scopes.append(OFFLINE_ACCESS)
        return " ".join(scopes)


def client_of(
    api: ApiClient, profile: Profile, *, issuer: str | None, client_id: str | None, scopes: str | None
) -> Client:
    """The client to sign in as: options before the profile before the console's settings of the store.

    UsageError if none of them names an issuer and a client id.
    """
    issuer, client_id = issuer or profile.issuer, client_id or profile.client_id
    console = {} if issuer and client_id else _console_settings(api)
    client = Client(
        issuer=issuer or str(console.get("issuer") or ""),
        client_id=client_id or str(console.get("client_id") or ""),
        scopes=scopes or profile.scopes or str(console.get("scopes") or DEFAULT_SCOPES),
        audience=profile.audience or console.get("audience") or None,
    )
    if not client.issuer or not client.client_id:
        raise UsageError(
            "This store does not say where to sign in: its console has no client id. "
            "Use --issuer and --client-id, or set issuer and client_id in the profile."
        )
    return client


def _console_settings(api: ApiClient) -> dict[str, Any]:
    try:
        settings = api.request_json("GET", "/config.json", signed_in=False)
    except NotOffered:  # a deployment without the console
        return {}
    return settings if isinstance(settings, dict) else {}


def discover(http: httpx.Client, issuer: str) -> IssuerDocument:
    """Read the discovery document of an issuer (OpenID Connect Discovery, section 4).

    UsageError if its name or an address in it is wrong, Unavailable if it does not answer.
    """
    require_secure(issuer)
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        answer = http.get(url)
        document = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as failed:
        raise Unavailable(f"The issuer {issuer} does not answer with its discovery document.") from failed
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise UsageError(f"The discovery document at {url} is that of another issuer.")
    if not document.get("token_endpoint"):
        raise UsageError(f"The issuer {issuer} has no token endpoint.")
    return IssuerDocument(
        issuer=issuer,
        token_endpoint=require_secure(str(document["token_endpoint"])),
        authorization_endpoint=_address(document, "authorization_endpoint"),
        device_endpoint=_address(document, "device_authorization_endpoint"),
        revocation_endpoint=_address(document, "revocation_endpoint"),
        scopes=frozenset(map(str, document.get("scopes_supported") or ())),
    )


def require_secure(url: str) -> str:
    """Return an address to which tokens or codes may be sent; UsageError unless it is HTTPS or on this machine."""
    parts = urlsplit(url)
    is_here = parts.scheme == "http" and is_on_this_machine(url)
    if not (parts.scheme == "https" and parts.hostname) and not is_here:
        raise UsageError(f"{url} is not an https address: nobody should sign in there.")
    return url


def is_on_this_machine(url: str) -> bool:
    """Whether an address is one of this machine's own."""
    return urlsplit(url).hostname in LOOPBACK_HOSTS


def _address(document: dict[str, Any], name: str) -> str | None:
    value = document.get(name)
    return require_secure(str(value)) if value else None

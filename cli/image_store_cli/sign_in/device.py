"""Sign-in on another device: a code is shown here and entered there (RFC 8628)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_cli.display.texts import plain
from image_store_cli.errors import NotOffered, NotSignedIn, Unavailable
from image_store_cli.sign_in.token_endpoint import TokenRefused, post_form, request_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from image_store_cli.sign_in.issuers import Client, IssuerDocument
    from image_store_cli.sign_in.token_endpoint import IssuedTokens

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_INTERVAL_SECONDS = 5.0
SLOWER_SECONDS = 5.0
"""How much longer the interval becomes after `slow_down` (RFC 8628, section 3.5)."""
DEFAULT_LIFETIME_SECONDS = 600.0
REFUSALS = {
    "access_denied": "The sign-in was refused.",
    "expired_token": "The code has expired: begin again.",
}


def sign_in_with_code(
    http: httpx.Client,
    document: IssuerDocument,
    client: Client,
    *,
    show: Callable[[str, str], None],
    sleep: Callable[[float], None],
) -> IssuedTokens:
    """Show the address and the code, ask the issuer until somebody has entered it, and return the tokens.

    NotSignedIn if the sign-in is refused or the code expires, NotOffered if the issuer has no device codes.
    """
    if document.device_endpoint is None:
        raise NotOffered(f"The issuer {document.issuer} has no device codes: sign in with a browser.")
    form = {"client_id": client.client_id, "scope": document.scopes_for(client)}
    begun = post_form(
        http, document.device_endpoint, form | ({"audience": client.audience} if client.audience else {})
    )
    try:
        device_code, address, user_code = (
            str(begun[name]) for name in ("device_code", "verification_uri", "user_code")
        )
        interval = max(float(begun.get("interval", DEFAULT_INTERVAL_SECONDS)), 1.0)
        lifetime = float(begun.get("expires_in", DEFAULT_LIFETIME_SECONDS))
    except (KeyError, TypeError, ValueError) as incomplete:
        raise Unavailable("The issuer answers without a device code.") from incomplete
    show(plain(address), plain(user_code))
    waited_seconds = 0.0
    while waited_seconds < lifetime:
        sleep(interval)
        waited_seconds += interval
        try:
            return request_tokens(
                http,
                document.token_endpoint,
                {"grant_type": GRANT, "device_code": device_code, "client_id": client.client_id},
            )
        except TokenRefused as refused:
            if refused.reason == "slow_down":
                interval += SLOWER_SECONDS
            elif refused.reason != "authorization_pending":
                raise NotSignedIn(REFUSALS.get(refused.reason, refused.message)) from refused
    raise NotSignedIn(REFUSALS["expired_token"])

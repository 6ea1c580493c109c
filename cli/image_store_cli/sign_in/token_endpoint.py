"""Gets tokens from the token endpoint of an issuer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from image_store_cli.display.texts import plain
from image_store_cli.errors import NotSignedIn, Unavailable
from image_store_cli.sign_in.tokens import claims_of

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_LIFETIME_SECONDS = 300


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """The tokens of one response."""

    token: str
    """The JWT for the store."""
    refresh_token: str | None
    expires_at: float
    """Seconds since 1970."""
    id_token: str | None = None

    def __repr__(self) -> str:
        return "IssuedTokens()"


class TokenRefused(NotSignedIn):
    """The issuer refused a request for tokens; `reason` is OAuth's error code."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def request_tokens(http: httpx.Client, endpoint: str, form: Mapping[str, str]) -> IssuedTokens:
    """Send a token request (RFC 6749) and return the tokens.

    Raises TokenRefused, Unavailable if there is no answer, and NotSignedIn if no token in it is a JWT. It is not
    repeated: a code or a refresh token is often valid once.
    """
    body = post_form(http, endpoint, form)
    access, identity = body.get("access_token"), body.get("id_token")
    # The store accepts JWTs only: where the access token is none, the ID token stands in for it.
    token = next((each for each in (access, identity) if isinstance(each, str) and claims_of(each)), None)
    if token is None:
        raise NotSignedIn(
            "The issuer gave no JWT, which the store needs: request an audience, as `audience` in the profile does."
        )
    claims = claims_of(token)
    expiry = claims.payload.get("exp") if claims else None
    lifetime = body.get("expires_in", DEFAULT_LIFETIME_SECONDS)
    expires_at = expiry if isinstance(expiry, int | float) else time.time() + float(lifetime)
    refresh = body.get("refresh_token")
    return IssuedTokens(
        token=token,
        refresh_token=str(refresh) if refresh else None,
        expires_at=float(expires_at),
        id_token=identity if isinstance(identity, str) else None,
    )


def post_form(http: httpx.Client, endpoint: str, form: Mapping[str, str]) -> dict[str, Any]:
    """Send a form to an endpoint of OAuth and return the JSON; raises TokenRefused or Unavailable."""
    try:
        answer = http.post(endpoint, data=dict(form), headers={"Accept": "application/json"})
        body = answer.json()
    except (httpx.HTTPError, ValueError) as failed:
        raise Unavailable("The issuer does not answer, or answers without JSON.") from failed
    if not isinstance(body, dict):
        raise Unavailable("The issuer does not answer with a JSON object.")
    if answer.status_code >= 500:
        raise Unavailable(f"The issuer answered {answer.status_code}.")
    if answer.status_code >= 400:
        reason = plain(str(body.get("error") or answer.status_code))
        detail = plain(str(body.get("error_description") or ""))
        raise TokenRefused(reason, f"The issuer refused the sign-in: {detail or reason}.")
    return body

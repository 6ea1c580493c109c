"""Checks whether the API's authorizer would accept the token or key, and the token's issuer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from image_store_cli.errors import CommandError
from image_store_cli.texts import plain
from image_store_cli.tokens import KEY_FORM, KEY_PREFIX, claims_of, key_id_of

if TYPE_CHECKING:
    from image_store_cli.api import ApiClient
    from image_store_cli.doctor.results import CheckResults
    from image_store_cli.tokens import TokenClaims

ALGORITHMS = {
    "RSA": {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
    "EC": {"ES256", "ES384", "ES512"},
    "OKP": {"EdDSA"},
}
"""The algorithms that the store accepts, by the kind of the key."""
SIGN_MEND = "Configure the issuer to sign with RS256, ES256 or EdDSA, or with another RS, PS or ES algorithm."
TIMEOUT = 10
DISCOVERY = "/.well-known/openid-configuration"


def check_token(findings: CheckResults, api: ApiClient, *, audiences: list[str]) -> TokenClaims | None:
    """Check the token, and return its claims; None for an API key, which has none, and for a token that is missing."""
    try:
        token = api.tokens.current()
    except CommandError as missing:
        findings.wrong("token", missing.message, "See docs/command-line.md, `Signing in`.")
        return None
    if token.startswith(KEY_PREFIX):
        _check_key(findings, token, api.tokens.origin)
        return None
    claims = claims_of(token)
    if claims is None:
        findings.wrong(
            "token",
            f"the token from {api.tokens.origin} is not a JWT",
            "The store accepts signed JWTs and API keys: get a token from the issuer.",
        )
        return None
    _check_times(findings, claims, api)
    _check_subject(findings, claims)
    _check_audience(findings, claims, audiences)
    return claims


def check_issuer(
    findings: CheckResults, http: httpx.Client, claims: TokenClaims | None, *, expected: str | None
) -> None:
    """Check that the issuer is the stack's, is reachable, and has the key that signed the token."""
    token_issuer = str(claims.payload.get("iss") or "") if claims else ""
    if expected and claims and token_issuer != expected:
        findings.wrong(
            "issuer",
            f"the token's issuer is {plain(token_issuer) or 'missing'}, and the stack's Issuer is {expected}",
            "Both must be equal, including a slash at the end: get a token of that issuer, or deploy with the other "
            "Issuer.",
        )
    issuer = expected or token_issuer
    if urlsplit(issuer).scheme not in {"http", "https"}:
        findings.wrong("issuer", "the token's issuer (iss) is not an address", "Use a token with `iss`.")
        return
    document = _json(findings, http, f"{issuer.rstrip('/')}{DISCOVERY}", "issuer")
    if document is None:
        return
    if document.get("issuer") != issuer:
        findings.wrong(
            "issuer",
            f"the document of {issuer} names the issuer {plain(str(document.get('issuer')))}",
            "Deploy with Issuer exactly as that document names it.",
        )
    elif not findings.is_wrong("issuer"):
        findings.ok("issuer", f"{issuer} can be reached")
    keys = _json(findings, http, str(document.get("jwks_uri", "")), "issuer's keys")
    if keys is not None:
        _check_keys(findings, keys.get("keys", []), claims)


def _check_key(findings: CheckResults, token: str, origin: str) -> None:
    key_id = key_id_of(token)
    if key_id is None:
        findings.wrong("token", f"the API key from {origin} is incomplete or altered", KEY_FORM)
    else:
        findings.ok("token", f"the API key {key_id} from {origin}")


def _check_times(findings: CheckResults, claims: TokenClaims, api: ApiClient) -> None:
    now = (datetime.now(UTC) + api.ahead).timestamp()
    expires, begins = claims.payload.get("exp"), claims.payload.get("nbf")
    if isinstance(expires, int | float) and expires <= now:
        at = datetime.fromtimestamp(expires, UTC).isoformat()
        findings.wrong(
            "token", f"it expired at {at}", "Get a new token; token_command does so automatically."
        )
    elif isinstance(begins, int | float) and begins > now:
        findings.wrong(
            "token", "it is not valid yet (nbf)", "Check the clocks of the issuer and of this machine."
        )
    else:
        left = f", for another {_minutes(expires - now)}" if isinstance(expires, int | float) else ""
        findings.ok("token", f"from {api.tokens.origin}{left}")


def _minutes(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _check_subject(findings: CheckResults, claims: TokenClaims) -> None:
    subject = claims.payload.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
        findings.wrong(
            "subject",
            "the token has no `sub` of 1 to 255 characters",
            "The owner of images is `sub`: configure the issuer to set it.",
        )


def _check_audience(findings: CheckResults, claims: TokenClaims, expected: list[str]) -> None:
    claim = claims.payload.get("aud", claims.payload.get("client_id"))
    audiences = [str(each) for each in claim] if isinstance(claim, list) else [str(claim)] if claim else []
    if not audiences:
        findings.wrong(
            "audience",
            "the token has neither `aud` nor `client_id`",
            "The store refuses it: configure the issuer to set `aud` (Clerk: a JWT template).",
        )
    elif not expected:
        findings.skip(
            "audience", f"the token is for {plain(', '.join(audiences))}; the stack's Audience is not known"
        )
    elif set(audiences) & set(expected):
        findings.ok("audience", plain(", ".join(sorted(set(audiences) & set(expected)))))
    else:
        findings.wrong(
            "audience",
            f"the token is for {plain(', '.join(audiences))}, and the stack's Audience is {', '.join(expected)}",
            "Get a token for that audience, or deploy with the other Audience.",
        )


def _check_keys(findings: CheckResults, keys: Any, claims: TokenClaims | None) -> None:
    entries = keys if isinstance(keys, list) else []
    public = [each for each in entries if isinstance(each, dict) and each.get("kty") in ALGORITHMS]
    algorithm = claims.header.get("alg") if claims else None
    kid = claims.header.get("kid") if claims else None
    if not public:
        findings.wrong("issuer's keys", "there is no public key among them", SIGN_MEND)
    elif algorithm is not None and algorithm not in set().union(*ALGORITHMS.values()):
        findings.wrong("issuer's keys", f"the token is signed with {plain(str(algorithm))}", SIGN_MEND)
    elif kid is not None and kid not in {each.get("kid") for each in public}:
        findings.wrong(
            "issuer's keys",
            "the key that signed the token is not among them",
            "The token is from another issuer, or its key was replaced: get a new token.",
        )
    else:
        kinds = ", ".join(sorted({str(each["kty"]) for each in public}))
        findings.ok(
            "issuer's keys", f"{len(public)} ({kinds})" + (", including that of the token" if kid else "")
        )


def _json(findings: CheckResults, http: httpx.Client, url: str, name: str) -> dict[str, Any] | None:
    """Read a document of the issuer; None, with a reported result, if there is none."""
    mend = "The authorizer reads it over the internet: check the address, and that it is public."
    try:
        answer = http.get(url, timeout=TIMEOUT, follow_redirects=True)
        answer.raise_for_status()
        body = answer.json()
    except httpx.HTTPStatusError as failed:
        findings.wrong(name, f"{url} answers {failed.response.status_code}", mend)
    except (httpx.HTTPError, httpx.InvalidURL) as failed:
        findings.wrong(name, f"{url} does not answer ({type(failed).__name__})", mend)
    except ValueError:
        findings.wrong(name, f"{url} is not JSON", mend)
    else:
        if isinstance(body, dict):
            return body
        findings.wrong(name, f"{url} is not a JSON object", mend)
    return None

"""Checks of the token and its issuer: would the API's authorizer accept them?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from image_store_cli.errors import CommandError
from image_store_cli.texts import plain
from image_store_cli.tokens import claims_of

if TYPE_CHECKING:
    from image_store_cli.api import ApiClient
    from image_store_cli.doctor.results import CheckResults
    from image_store_cli.tokens import TokenClaims

RSA_ALGORITHMS = {"RS256", "RS384", "RS512"}
TIMEOUT = 10
DISCOVERY = "/.well-known/openid-configuration"


def check_token(findings: CheckResults, api: ApiClient, *, audiences: list[str]) -> TokenClaims | None:
    """Read the token; answers its claims when it has any."""
    try:
        token = api.tokens.current()
    except CommandError as missing:
        findings.wrong("token", missing.message, "See docs/command-line.md, `Signing in`.")
        return None
    claims = claims_of(token)
    if claims is None:
        findings.wrong(
            "token",
            f"what comes from {api.tokens.origin} is no JWT",
            "API Gateway takes signed JWTs alone: ask the issuer for one.",
        )
        return None
    _check_times(findings, claims, api)
    _check_subject(findings, claims)
    _check_audience(findings, claims, audiences)
    return claims


def check_issuer(
    findings: CheckResults, http: httpx.Client, claims: TokenClaims | None, *, wanted: str | None
) -> None:
    """Check that the issuer is the stack's, is reachable, and has the RSA key that signed the token."""
    named = str(claims.payload.get("iss") or "") if claims else ""
    if wanted and claims and named != wanted:
        findings.wrong(
            "issuer",
            f"the token is from {plain(named) or 'nobody'}, and the stack's Issuer is {wanted}",
            "Both must agree letter by letter, a slash at the end included: get a token of that issuer, or deploy "
            "with the other Issuer.",
        )
    issuer = wanted or named
    if urlsplit(issuer).scheme not in {"http", "https"}:
        findings.wrong(
            "issuer", "the token names no issuer (iss) that is an address", "Use a token with `iss`."
        )
        return
    discovered = _json(findings, http, f"{issuer.rstrip('/')}{DISCOVERY}", "issuer")
    if discovered is None:
        return
    if discovered.get("issuer") != issuer:
        findings.wrong(
            "issuer",
            f"{issuer} calls itself {plain(str(discovered.get('issuer')))}",
            "Deploy with Issuer exactly as the issuer's own document names it.",
        )
    elif not findings.is_wrong("issuer"):
        findings.ok("issuer", f"{issuer} can be reached")
    keys = _json(findings, http, str(discovered.get("jwks_uri", "")), "issuer's keys")
    if keys is not None:
        _check_keys(findings, keys.get("keys", []), claims)


def _check_times(findings: CheckResults, claims: TokenClaims, api: ApiClient) -> None:
    now = (datetime.now(UTC) + api.ahead).timestamp()
    expires, begins = claims.payload.get("exp"), claims.payload.get("nbf")
    if isinstance(expires, int | float) and expires <= now:
        at = datetime.fromtimestamp(expires, UTC).isoformat()
        findings.wrong("token", f"it expired at {at}", "Get a new token; token_command gets one by itself.")
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
            "Images belong to `sub`: let the issuer set it.",
        )


def _check_audience(findings: CheckResults, claims: TokenClaims, wanted: list[str]) -> None:
    given = claims.payload.get("aud", claims.payload.get("client_id"))
    named = [str(each) for each in given] if isinstance(given, list) else [str(given)] if given else []
    if not named:
        findings.wrong(
            "audience",
            "the token has neither `aud` nor `client_id`",
            "API Gateway refuses it: let the issuer set `aud` (Clerk: a JWT template).",
        )
    elif not wanted:
        findings.skip(
            "audience", f"the token is for {plain(', '.join(named))}; the stack's Audience is not known"
        )
    elif set(named) & set(wanted):
        findings.ok("audience", plain(", ".join(sorted(set(named) & set(wanted)))))
    else:
        findings.wrong(
            "audience",
            f"the token is for {plain(', '.join(named))}, and the stack's Audience is {', '.join(wanted)}",
            "Get a token for that audience, or deploy with the other Audience.",
        )


def _check_keys(findings: CheckResults, keys: Any, claims: TokenClaims | None) -> None:
    listed = [each for each in keys if isinstance(each, dict)] if isinstance(keys, list) else []
    rsa = [each for each in listed if each.get("kty") == "RSA"]
    algorithm = claims.header.get("alg") if claims else None
    kid = claims.header.get("kid") if claims else None
    if not rsa:
        findings.wrong(
            "issuer's keys",
            "there is no RSA key among them",
            "API Gateway checks RSA signatures alone: let the issuer sign with RS256.",
        )
    elif algorithm is not None and algorithm not in RSA_ALGORITHMS:
        findings.wrong(
            "issuer's keys",
            f"the token is signed with {plain(str(algorithm))}",
            "Let the issuer sign with RS256.",
        )
    elif kid is not None and kid not in {each.get("kid") for each in rsa}:
        findings.wrong(
            "issuer's keys",
            "the key that signed the token is not among them",
            "The token is from another issuer, or its key was rotated away: get a new one.",
        )
    else:
        findings.ok("issuer's keys", f"{len(rsa)} RSA" + (", with that of the token" if kid else ""))


def _json(findings: CheckResults, http: httpx.Client, url: str, name: str) -> dict[str, Any] | None:
    """Read a document of the issuer; None, with a reported result, if there is none."""
    mend = "The authorizer reads it over the internet: check the address, and that nothing guards it."
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

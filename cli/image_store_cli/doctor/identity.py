"""Checks whether the API's authorizer would accept the token (form, times, claims) or the API key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeIs

from image_store_cli.display.texts import plain
from image_store_cli.doctor.issuers import StackIssuer, owner_of
from image_store_cli.errors import CommandError
from image_store_cli.sign_in.tokens import KEY_FORM, KEY_PREFIX, UPLOAD_TOKEN_PREFIX, claims_of, key_id_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from image_store_cli.doctor.results import CheckResults
    from image_store_cli.sign_in.tokens import TokenClaims
    from image_store_cli.store.api import ApiClient

ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
TYPES = frozenset({"jwt", "at+jwt"})
CLOCK_SKEW_SECONDS = 60
MAX_TOKEN_CHARS = 8 * 1024
MAX_OWNER_CHARS = 255
NEW_TOKEN = "Get a new token; token_command does so automatically."  # noqa: S105 - an instruction


def check_token(
    findings: CheckResults, api: ApiClient, *, issuers: Sequence[StackIssuer], audiences: Sequence[str]
) -> TokenClaims | None:
    """Check the token, and return its claims; None for an API key, which has none, and for a missing token.

    `audiences` are those of the profile, for a stack whose issuers are not known here.
    """
    try:
        token = api.tokens.current()
    except CommandError as missing:
        findings.wrong("token", missing.message, "See docs/command-line.md, `Signing in`.")
        return None
    if token.startswith(KEY_PREFIX):
        _check_key(findings, token, api.tokens.origin)
        return None
    if token.startswith(UPLOAD_TOKEN_PREFIX):
        findings.wrong(
            "token",
            f"the token from {api.tokens.origin} is an upload token, which only uploads from a page",
            "Use a user's token or an API key; docs/browser-uploads.md says why an upload is refused.",
        )
        return None
    claims = claims_of(token)
    if claims is None:
        findings.wrong(
            "token",
            f"the token from {api.tokens.origin} is not a JWT",
            "The store accepts signed JWTs and API keys: get a token from the issuer.",
        )
        return None
    if _check_form(findings, token, claims):
        _check_times(findings, claims, api)
    issuer = issuer_of(claims, issuers)
    _check_subject(findings, claims, issuer, issuers)
    _check_audience(findings, claims, issuer.audiences if issuer else audiences)
    return claims


def issuer_of(claims: TokenClaims, issuers: Sequence[StackIssuer]) -> StackIssuer | None:
    """The issuer of the stack that a token names."""
    return next((each for each in issuers if each.issuer == claims.payload.get("iss")), None)


def _check_key(findings: CheckResults, token: str, origin: str) -> None:
    key_id = key_id_of(token)
    if key_id is None:
        findings.wrong("token", f"the API key from {origin} is incomplete or altered", KEY_FORM)
    else:
        findings.ok("token", f"the API key {key_id} from {origin}")


def _check_form(findings: CheckResults, token: str, claims: TokenClaims) -> bool:
    """Whether the token has a form that the store accepts."""
    header, algorithm, kind = claims.header, claims.header.get("alg"), claims.header.get("typ", "JWT")
    problem = mend = ""
    if len(token) > MAX_TOKEN_CHARS:
        problem = f"the token has {len(token):,} characters, and the store accepts {MAX_TOKEN_CHARS:,}"
        mend = "Configure the issuer to put fewer claims into it."
    elif algorithm not in ALGORITHMS:
        problem = f"the token is signed with {plain(str(algorithm))}"
        mend = "Configure the issuer to sign with RS256, ES256 or EdDSA: the store shares no secret with it."
    elif not isinstance(kind, str) or kind.lower().removeprefix("application/") not in TYPES:
        problem = f"the token is of the type {plain(str(kind))}"
        mend = "Use an access token or an ID token."
    elif "crit" in header or header.get("b64", True) is not True:
        problem = "the token's header demands an extension (crit, b64)"
        mend = "Configure the issuer to sign plain JWTs."
    if problem:
        findings.wrong("token", problem, mend)
    return not problem


def _check_times(findings: CheckResults, claims: TokenClaims, api: ApiClient) -> None:
    now = (datetime.now(UTC) + api.ahead).timestamp()
    expires, begins, issued = (claims.payload.get(name) for name in ("exp", "nbf", "iat"))
    clocks = "Check the clocks of the issuer and of this machine: 60 s of difference are allowed."
    if not _is_date(expires):
        findings.wrong("token", "it has no `exp`", "Configure the issuer to sign tokens that expire.")
    elif not all(each is None or _is_date(each) for each in (begins, issued)):
        findings.wrong("token", "its `nbf` or `iat` is not a number", "Get a token of another issuer.")
    elif expires <= now - CLOCK_SKEW_SECONDS:
        findings.wrong("token", f"it expired at {_at(expires)}", NEW_TOKEN)
    elif (begins or 0) > now + CLOCK_SKEW_SECONDS:
        findings.wrong("token", "it is not valid yet (nbf)", clocks)
    elif (issued or 0) > now + CLOCK_SKEW_SECONDS:
        findings.wrong("token", "it was issued in the future (iat)", clocks)
    else:
        findings.ok("token", f"from {api.tokens.origin}, for another {_minutes(max(expires - now, 0))}")


def _is_date(value: Any) -> TypeIs[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _at(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return f"the second {seconds}"


def _minutes(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _check_subject(
    findings: CheckResults,
    claims: TokenClaims,
    issuer: StackIssuer | None,
    issuers: Sequence[StackIssuer],
) -> None:
    subject = claims.payload.get("sub")
    if not isinstance(subject, str) or not subject or not subject.isprintable():
        findings.wrong(
            "subject",
            "the token has no `sub` of printable characters",
            "The owner of images is `sub`: configure the issuer to set it.",
        )
        return
    owner = owner_of(issuer, subject, among=issuers) if issuer else subject
    if owner is None:
        findings.wrong(
            "subject",
            "the token's `sub` begins with the subject prefix of another issuer",
            "No issuer can name another's owners: change the prefix in Issuers, or the subject.",
        )
    elif len(owner) > MAX_OWNER_CHARS:
        findings.wrong(
            "subject",
            f"the owner, prefix and `sub`, has {len(owner)} characters, and the store accepts {MAX_OWNER_CHARS}",
            "Configure the issuer to set a shorter `sub`.",
        )
    elif issuer and issuer.subject_prefix:
        findings.ok("subject", f"the token's images belong to {plain(owner)}")


def _check_audience(findings: CheckResults, claims: TokenClaims, expected: Sequence[str]) -> None:
    claim = claims.payload.get("aud", claims.payload.get("client_id"))
    audiences = [str(each) for each in claim] if isinstance(claim, list) else [str(claim)] if claim else []
    if not audiences:
        findings.wrong(
            "audience",
            "the token has neither `aud` nor `client_id`",
            "The store refuses it: configure the issuer to set `aud` (Clerk: a JWT template). See docs/sign-in.md.",
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
            f"the token is for {plain(', '.join(audiences))}, and the stack accepts {', '.join(expected)}",
            "Get a token for that audience, or deploy with the other Audience.",
        )

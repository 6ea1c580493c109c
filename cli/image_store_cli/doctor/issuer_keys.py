"""Checks whether issuers can be reached, and whether they publish the key that signed the token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from image_store_cli.display.texts import plain, plural
from image_store_cli.doctor.identity import ALGORITHMS, issuer_of
from image_store_cli.doctor.issuers import StackIssuer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from image_store_cli.doctor.results import CheckResults
    from image_store_cli.sign_in.tokens import TokenClaims

TIMEOUT = 10
MAX_DOCUMENT_BYTES = 256 * 1024
MIN_RSA_BITS = 2048
DISCOVERY = "/.well-known/openid-configuration"
KINDS = {
    ("RSA", None): {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
    ("EC", "P-256"): {"ES256"},
    ("EC", "P-384"): {"ES384"},
    ("EC", "P-521"): {"ES512"},
    ("OKP", "Ed25519"): {"EdDSA"},
}
"""The algorithms that each kind of key verifies."""
MEND = "The authorizer reads it over the internet: check the address, and that it is public."


def check_issuers(
    findings: CheckResults,
    http: httpx.Client,
    claims: TokenClaims | None,
    *,
    issuers: Sequence[StackIssuer],
) -> None:
    """Check the issuer of the token with its key, and that the stack's other issuers can be reached."""
    trusted = issuer_of(claims, issuers) if claims else None
    named = str(claims.payload.get("iss") or "") if claims else ""
    if claims and issuers and trusted is None:
        findings.wrong(
            "issuer",
            f"the token's issuer is {plain(named) or 'missing'}, and the stack accepts "
            f"{', '.join(each.issuer for each in issuers)}",
            "They must be equal, including a slash at the end: get a token of such an issuer, or deploy with another "
            "Issuer or more Issuers.",
        )
    if not issuers:
        if urlsplit(named).scheme not in {"http", "https"}:
            findings.wrong("issuer", "the token's issuer (iss) is not an address", "Use a token with `iss`.")
            return
        trusted = StackIssuer(named, ())
    if trusted is not None:
        _check_issuer(findings, http, trusted, claims, name="issuer")
    for other in issuers:
        if other is not trusted:
            _check_issuer(findings, http, other, None, name="other issuer" if trusted else "issuer")


def _check_issuer(
    findings: CheckResults,
    http: httpx.Client,
    trusted: StackIssuer,
    claims: TokenClaims | None,
    *,
    name: str,
) -> None:
    keys_url = trusted.keys_url
    if not keys_url:
        document = _json(findings, http, f"{trusted.issuer.rstrip('/')}{DISCOVERY}", name)
        if document is None:
            return
        keys_url = str(document.get("jwks_uri", ""))
        if document.get("issuer") != trusted.issuer:
            findings.wrong(
                name,
                f"the document of {trusted.issuer} names the issuer {plain(str(document.get('issuer')))}",
                "Deploy with Issuer exactly as that document names it.",
            )
            return
    if not findings.is_wrong(name):
        admins = "; it has a subject_prefix, so its scopes make no admins, only AdminSubjects does"
        findings.ok(name, f"{trusted.issuer} can be reached{admins if trusted.subject_prefix else ''}")
    keys = _json(findings, http, keys_url, f"{name}'s keys")
    if keys is not None:
        _check_keys(findings, keys.get("keys"), claims, name=f"{name}'s keys")


def _check_keys(findings: CheckResults, entries: Any, claims: TokenClaims | None, *, name: str) -> None:
    usable = [
        (key, kinds) for key in (entries if isinstance(entries, list) else []) if (kinds := _kinds(key))
    ]
    algorithm = claims.header.get("alg") if claims else None
    kid = claims.header.get("kid") if claims else None
    known = [kinds for key, kinds in usable if kid is None or key.get("kid") == kid]
    if not usable:
        findings.wrong(
            name,
            "there is no key among them that can verify tokens",
            "Configure the issuer to sign with RS256 (2048 bits or more), ES256 or EdDSA (Ed25519).",
        )
    elif claims and not known:
        findings.wrong(
            name,
            "the key that signed the token is not among them",
            "The token is from another issuer, or its key was replaced: get a new token.",
        )
    elif claims and algorithm in ALGORITHMS and not any(algorithm in kinds for kinds in known):
        findings.wrong(
            name,
            f"the token is signed with {plain(str(algorithm))}, which its key does not verify",
            "The token's header names another key, or another algorithm, than the issuer signs with.",
        )
    else:
        findings.ok(name, plural(len(usable), "key") + (", including that of the token" if kid else ""))


def _kinds(key: Any) -> set[str]:
    """The algorithms for which the store uses a published key."""
    if (
        not isinstance(key, dict)
        or key.get("use", "sig") != "sig"
        or "verify" not in key.get("key_ops", ["verify"])
    ):
        return set()
    kind = str(key.get("kty"))
    if kind == "RSA" and len(str(key.get("n", ""))) * 6 < MIN_RSA_BITS:
        return set()
    kinds = KINDS.get((kind, None if kind == "RSA" else str(key.get("crv"))), set())
    return {each for each in kinds if key.get("alg", each) == each}


def _json(findings: CheckResults, http: httpx.Client, url: str, name: str) -> dict[str, Any] | None:
    """Read a document of the issuer as the authorizer does; None, with a reported result, if there is none."""
    try:
        answer = http.get(url, timeout=TIMEOUT, follow_redirects=False)
        body = answer.json() if answer.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, httpx.InvalidURL) as failed:
        findings.wrong(name, f"{url} does not answer ({type(failed).__name__})", MEND)
    except ValueError:
        findings.wrong(name, f"{url} is not JSON", MEND)
    else:
        if answer.has_redirect_location:
            mend = "The authorizer follows no redirect: name the address that it leads to."
            findings.wrong(name, f"{url} redirects to another address", mend)
        elif answer.status_code != httpx.codes.OK:
            findings.wrong(name, f"{url} answers {answer.status_code}", MEND)
        elif len(answer.content) > MAX_DOCUMENT_BYTES:
            findings.wrong(name, f"{url} has more than {MAX_DOCUMENT_BYTES:,} bytes", MEND)
        elif not isinstance(body, dict):
            findings.wrong(name, f"{url} is not a JSON object", MEND)
        else:
            return body
    return None

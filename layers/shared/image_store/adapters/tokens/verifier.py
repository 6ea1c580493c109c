"""Verifies the tokens of issuers that the deployment trusts (RFC 7515, 7519, 8725).

Header and claims are read strictly before PyJWT sees them: it takes the last of two members with the same name, a date
that is a text, and padding. Another program in front of or behind the store might understand such a token differently.
"""

import re
from base64 import urlsafe_b64decode
from typing import Any

import jwt
from jwt.exceptions import ExpiredSignatureError, ImmatureSignatureError, PyJWTError

from image_store.adapters.tokens.key_sets import ALGORITHMS, KeySets, PublicKey
from image_store.domain.callers.issuers import Issuers, TrustedIssuer
from image_store.domain.errors import InvalidToken
from image_store.domain.json_values import read_json
from image_store.ports.callers import TokenVerifier, VerifiedToken

CLOCK_SKEW_SECONDS = 60
MAX_TOKEN_CHARS = 8 * 1024
"""API Gateway takes 10,240 bytes of headers in all."""
_MAX_KEYS_TRIED = 10
"""A token without a `kid` is checked with as many keys of the right kind."""

_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
"""Header, claims and signature in base64url without padding (RFC 7515, sections 2 and 7.1)."""
_TYPES = frozenset({"jwt", "at+jwt"})
"""ID tokens and access tokens (RFC 9068); a logout token or an event is for another purpose (RFC 8725, 3.11)."""
_DATES = ("exp", "nbf", "iat")
_ACCEPTED = frozenset(name for names in ALGORITHMS.values() for name in names)
_DECODING: Any = {
    "require": ["exp", "iss", "sub"],
    "verify_aud": False,  # by `_check_audience`, for Cognito has its own claim
    "verify_iss": False,  # the issuer chose the keys
}


class JwtVerifier(TokenVerifier):
    """TokenVerifier with the keys that issuers publish."""

    def __init__(self, issuers: Issuers, key_sets: KeySets) -> None:
        self._issuers = issuers
        self._key_sets = key_sets

    def verify(self, token: str) -> VerifiedToken:
        header = _header(token)
        issuer = self._issuer_of(_unverified_claims(token))
        claims = self._claims(token, header, issuer)
        _check_audience(claims, issuer)
        owner = self._issuers.owner_of(issuer, claims["sub"])
        # An admin acts on all owners' images, so an issuer with a prefix, which names its own owners only, makes none.
        scopes = frozenset[str]() if issuer.subject_prefix else _scopes(claims)
        return VerifiedToken(owner=owner, scopes=scopes)

    def _issuer_of(self, claims: dict[str, Any]) -> TrustedIssuer:
        name = claims.get("iss")
        issuer = self._issuers.named(name) if isinstance(name, str) else None
        if issuer is None:
            raise InvalidToken("The token's issuer is not one that this deployment accepts.")
        return issuer

    def _claims(self, token: str, header: dict[str, Any], issuer: TrustedIssuer) -> dict[str, Any]:
        """The claims, once one of the issuer's keys verifies the signature and they are in force."""
        algorithm, key_id = header["alg"], header.get("kid")
        keys = [key for key in self._key_sets.keys(issuer, key_id) if algorithm in key.algorithms]
        for key in keys[:_MAX_KEYS_TRIED]:
            try:
                return self._decoded(token, key, algorithm)
            except jwt.InvalidSignatureError:
                continue
            except ExpiredSignatureError:
                raise InvalidToken("The token has expired.") from None
            except ImmatureSignatureError:
                raise InvalidToken("The token is not valid yet.") from None
            except (PyJWTError, ValueError, OverflowError, TypeError):
                raise InvalidToken("The token's claims are missing or malformed.") from None
        raise InvalidToken("The token's signature is not one of its issuer.")

    def _decoded(self, token: str, key: PublicKey, algorithm: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token, key.material, algorithms=[algorithm], options=_DECODING, leeway=CLOCK_SKEW_SECONDS
        )
        return claims


def _header(token: str) -> dict[str, Any]:
    if len(token) > MAX_TOKEN_CHARS or not token.isascii():
        raise InvalidToken("The token is too long, or not ASCII.")
    if not _COMPACT.fullmatch(token):
        raise InvalidToken(
            "This is neither a JSON Web Token nor an API key of the store, which begins with isk_."
        )
    header = _object_in(token.split(".")[0])
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _ACCEPTED:
        raise InvalidToken("The token is signed with an algorithm that is not accepted.")
    if "crit" in header or header.get("b64", True) is not True:  # RFC 7515, section 4.1.11, and RFC 7797
        raise InvalidToken("The token has a critical header that is not understood.")
    kind, key_id = header.get("typ", "JWT"), header.get("kid", "")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in _TYPES:
        raise InvalidToken("The token is of a type that is not accepted.")
    if not isinstance(key_id, str):
        raise InvalidToken("The token is not a JSON Web Token.")
    return header


def _unverified_claims(token: str) -> dict[str, Any]:
    """The claims as the token has them; they choose the issuer whose keys must then verify them."""
    claims = _object_in(token.split(".")[1])
    for name in _DATES:
        date = claims.get(name, 0)
        if not isinstance(date, int | float) or isinstance(date, bool):
            raise InvalidToken("The token's claims are missing or malformed.")
    return claims


def _object_in(part: str) -> dict[str, Any]:
    try:
        value = read_json(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InvalidToken("The token is not a JSON Web Token.")
    return value


def _check_audience(claims: dict[str, Any], issuer: TrustedIssuer) -> None:
    """Raise InvalidToken unless `aud`, or `client_id` where there is no `aud`, is an audience of the deployment.

    Cognito's access tokens have no `aud` (Amazon Cognito, "Understanding the access token").
    """
    audience = claims.get("aud", claims.get("client_id"))
    names = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(name, str) and name in issuer.audiences for name in names):
        raise InvalidToken("The token is for another audience.")


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    """The claim `scope` (RFC 8693, section 4.2), or `scp` as some issuers name it: a text or a list."""
    value = claims.get("scope") or claims.get("scp") or ""
    names = value.split() if isinstance(value, str) else value
    return (
        frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()
    )

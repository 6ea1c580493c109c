"""Verifies the tokens of issuers that the deployment trusts (RFC 7515, 7519, 8725)."""

from typing import Any

import jwt
from jwt.exceptions import ExpiredSignatureError, ImmatureSignatureError, PyJWTError

from image_store.adapters.tokens.key_sets import ALGORITHMS, KeySets, PublicKey
from image_store.domain.callers.issuers import Issuers, TrustedIssuer
from image_store.domain.errors import InvalidToken
from image_store.ports.callers import TokenVerifier, VerifiedToken

CLOCK_SKEW_SECONDS = 60
MAX_TOKEN_CHARS = 8 * 1024
"""API Gateway takes 10,240 bytes of headers in all."""
_MAX_KEYS_TRIED = 10
"""A token without a `kid` is checked with as many keys of the right kind."""

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
        issuer = self._issuer_of(token)
        claims = self._claims(token, header, issuer)
        _check_audience(claims, issuer)
        owner = self._issuers.owner_of(issuer, claims["sub"])
        return VerifiedToken(owner=owner, scopes=_scopes(claims))

    def _issuer_of(self, token: str) -> TrustedIssuer:
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except (PyJWTError, ValueError, RecursionError):
            raise InvalidToken("The token is not a JSON Web Token.") from None
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
    try:
        header: dict[str, Any] = jwt.get_unverified_header(token)
    except (PyJWTError, ValueError, RecursionError):
        raise InvalidToken("The token is not a JSON Web Token.") from None
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _ACCEPTED:
        raise InvalidToken("The token is signed with an algorithm that is not accepted.")
    if "crit" in header or header.get("b64", True) is not True:  # RFC 7515, section 4.1.11, and RFC 7797
        raise InvalidToken("The token has a critical header that is not understood.")
    return header


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

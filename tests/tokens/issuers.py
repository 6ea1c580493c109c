"""Issuers of tokens with keys of every kind, and what they publish."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from image_store.adapters.tokens import JwtVerifier, KeySets
from image_store.adapters.tokens.documents import UnreadableDocument
from image_store.domain.callers.issuers import Issuers, TrustedIssuer

ISSUER = "https://issuer.example"
AUDIENCE = "pictures"
KEY_KINDS = {
    "RS256": "rsa",
    "RS384": "rsa",
    "RS512": "rsa",
    "PS256": "rsa",
    "PS384": "rsa",
    "PS512": "rsa",
    "ES256": "p256",
    "ES384": "p384",
    "ES512": "p521",
    "EdDSA": "ed25519",
}


@cache
def private_key(kind: str) -> Any:
    """A private key; the same for the same kind, since RSA keys take long to make."""
    match kind:
        case "rsa" | "other rsa":
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case "small rsa":
            return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
        case "p256" | "other p256":
            return ec.generate_private_key(ec.SECP256R1())
        case "p384":
            return ec.generate_private_key(ec.SECP384R1())
        case "p521":
            return ec.generate_private_key(ec.SECP521R1())
        case "ed25519" | "other ed25519":
            return ed25519.Ed25519PrivateKey.generate()
    raise AssertionError(kind)


def public_jwk(kind: str, *, key_id: str | None = None, **members: Any) -> dict[str, Any]:
    """The public part of a key as an issuer publishes it."""
    key = private_key(kind).public_key()
    if "rsa" in kind:
        described = jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True)
    elif kind.endswith("ed25519"):
        described = jwt.algorithms.OKPAlgorithm.to_jwk(key, as_dict=True)
    else:
        described = jwt.algorithms.ECAlgorithm.to_jwk(key, as_dict=True)
    return {**described, "kid": key_id or kind, "use": "sig", **members}


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good token, with changes: None leaves one out, and a timedelta is a time from now."""
    now = datetime.now(UTC)
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": timedelta(minutes=5)}
    return {
        name: now + value if isinstance(value, timedelta) else value
        for name, value in {**usual, **changes}.items()
        if value is not None
    }


def token(
    algorithm: str = "RS256", *, kind: str | None = None, key_id: str | None = None, **changes: Any
) -> str:
    """A signed token."""
    kind = kind or KEY_KINDS[algorithm]
    return jwt.encode(
        claims(**changes), private_key(kind), algorithm=algorithm, headers={"kid": key_id or kind}
    )


class SetClock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The time that was set."""
        return self.time

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.time += by


@dataclass
class Published:
    """What issuers publish, by address; an address without a document cannot be read."""

    documents: dict[str, Any] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)

    def read(self, address: str) -> dict[str, Any]:
        """The document at an address, as KeySets reads it."""
        self.reads.append(address)
        if address not in self.documents:
            raise UnreadableDocument("status 404")
        document: dict[str, Any] = json.loads(json.dumps(self.documents[address]))
        return document

    def publish(self, keys: list[dict[str, Any]], *, issuer: str = ISSUER) -> None:
        """Publish a discovery document and a key set."""
        base = issuer.rstrip("/")
        self.documents[f"{base}/.well-known/openid-configuration"] = {
            "issuer": issuer,
            "jwks_uri": f"{base}/keys",
        }
        self.documents[f"{base}/keys"] = {"keys": keys}


@dataclass
class World:
    """A verifier, and everything around it."""

    issuers: tuple[TrustedIssuer, ...] = (TrustedIssuer(issuer=ISSUER, audiences=frozenset({AUDIENCE})),)
    published: Published = field(default_factory=Published)
    clock: SetClock = field(default_factory=SetClock)
    reports: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key_sets = KeySets(
            clock=self.clock,
            report=lambda issuer, reason: self.reports.append((issuer.issuer, reason)),
            read=self.published.read,
        )
        self.verifier = JwtVerifier(Issuers(self.issuers), self.key_sets)


def kind_of(described: Any) -> str:
    """What a key is, for test ids: its members without their values, which are random."""
    return f"{described.get('kty')} {' '.join(described)}" if isinstance(described, dict) else repr(described)

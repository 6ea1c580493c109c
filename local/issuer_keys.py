"""The private keys with which the local issuers sign: one for each algorithm."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from local.problems import CannotRun
from local.state_folder import StateFolder, damaged_file_error, write_privately

if TYPE_CHECKING:
    from pathlib import Path

type PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

KEY_BITS = 2048
DEFAULT_ALGORITHM = "RS256"
ALGORITHMS = (DEFAULT_ALGORITHM, "ES256", "EdDSA")
"""As most issuers sign: RSA (Clerk, Cognito, Auth0, Keycloak), P-256 (Supabase), Ed25519 (Better Auth)."""


@dataclass(frozen=True)
class SigningKey:
    """A private key and the algorithm that it signs with."""

    algorithm: str
    private: PrivateKey

    @property
    def id(self) -> str:
        """The `kid` of its tokens, derived from the public key."""
        described = self._described()
        return hashlib.sha256(described.get("n", described.get("x", "")).encode()).hexdigest()[:16]

    @property
    def published(self) -> dict[str, Any]:
        """The public part, as a key set has it (RFC 7517)."""
        return {**self._described(), "kid": self.id, "use": "sig", "alg": self.algorithm}

    def _described(self) -> dict[str, Any]:
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            return jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
        if isinstance(public, ec.EllipticCurvePublicKey):
            return jwt.algorithms.ECAlgorithm.to_jwk(public, as_dict=True)
        return jwt.algorithms.OKPAlgorithm.to_jwk(public, as_dict=True)


def new_key(algorithm: str) -> SigningKey:
    """Return a new key."""
    private: PrivateKey
    match algorithm:
        case "RS256":
            private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        case "ES256":
            private = ec.generate_private_key(ec.SECP256R1())
        case _:
            private = ed25519.Ed25519PrivateKey.generate()
    return SigningKey(algorithm, private)


def issuer_keys(state: StateFolder, issuer: str = "issuer") -> tuple[SigningKey, ...]:
    """Return the keys of an issuer; the first start creates them, readable only by their owner."""
    return tuple(_kept_key(state.issuer_key(issuer, algorithm), algorithm) for algorithm in ALGORITHMS)


def _kept_key(path: Path, algorithm: str) -> SigningKey:
    if not path.exists():
        key = new_key(algorithm)
        pem = key.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_privately(path, pem.decode())
        return key
    os.chmod(path, 0o600)
    try:
        loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise damaged_file_error(path) from error
    match loaded:
        case rsa.RSAPrivateKey() if algorithm == "RS256":
            return SigningKey(algorithm, loaded)
        case ec.EllipticCurvePrivateKey(curve=ec.SECP256R1()) if algorithm == "ES256":
            return SigningKey(algorithm, loaded)
        case ed25519.Ed25519PrivateKey() if algorithm == "EdDSA":
            return SigningKey(algorithm, loaded)
    raise CannotRun(
        f"{path} is not a key for {algorithm}: delete that file and start again, no image is lost."
    )

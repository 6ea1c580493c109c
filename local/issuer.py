"""A token issuer for one machine: what Clerk, Cognito or any OpenID Connect provider is in the cloud."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.problems import CannotRun
from local.settings import AUDIENCE, CONSOLE_CLIENT_ID
from local.sign_in import SignIn
from local.state_folder import StateFolder, broken, write_privately

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOKEN_LIFETIME = timedelta(hours=12)  # a working day: the printed curl lines should not end at lunch
KEY_BITS = 2048
DEFAULT_SUBJECT = "alice"
NO_SCRIPT = re.compile(r"-[1-9][a-df-mo-zA-DF-Z]")
"""What JavaScript never parses: a minus and a number that continues as a name."""


class Issuer:
    """Signs RS256 tokens, and answers the documents an authorizer reads to check them.

    ``origins`` are those of the pages that may sign somebody in.
    """

    def __init__(
        self,
        *,
        url: str,
        key: rsa.RSAPrivateKey,
        now: Callable[[], datetime],
        origins: frozenset[str] = frozenset(),
    ) -> None:
        self.url = url
        self.origins = origins
        self._key = key
        self._now = now
        self._public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        self.sign_in = SignIn(client_id=CONSOLE_CLIENT_ID, origins=origins, now=now)
        self._key_id = hashlib.sha256(self._public["n"].encode()).hexdigest()[:16]

    @property
    def token_url(self) -> str:
        """Where a token is asked for: ``GET {token_url}?sub=alice&scope=images:admin``."""
        return f"{self.url}/token"

    def token(self, *, subject: str, scope: str = "") -> str:
        """Answer a signed token for a subject, with a scope claim when one is asked for."""
        return self._signed(subject, {"aud": AUDIENCE, **({"scope": scope} if scope else {})})

    def tokens_for(self, sent: Mapping[str, str]) -> dict[str, Any]:
        """Answer the tokens that a code is good for, as a token endpoint does; Refused when it is good for none."""
        grant = self.sign_in.redeem(sent)
        nonce = {"nonce": grant.nonce} if grant.nonce else {}
        return {
            "access_token": self.token(subject=grant.subject, scope=grant.scope),
            "id_token": self._signed(grant.subject, {"aud": grant.client_id, **nonce}),
            "token_type": "Bearer",
            "expires_in": round(TOKEN_LIFETIME.total_seconds()),
            "scope": grant.scope,
        }

    def _signed(self, subject: str, further: dict[str, str]) -> str:
        """Sign a token that is no JavaScript: a page that loads it as a script gets a syntax error, and no names."""
        issued = self._now()
        claims = {"iss": self.url, "sub": subject, "iat": issued, "exp": issued + TOKEN_LIFETIME, **further}
        token = ""
        while not NO_SCRIPT.search(token):  # about every second one is
            named = {**claims, "jti": secrets.token_urlsafe(9)}
            token = jwt.encode(named, self._key, algorithm="RS256", headers={"kid": self._key_id})
        return token

    def configuration(self) -> dict[str, Any]:
        """Answer the OpenID Connect discovery document, as far as authorizers and browsers read it."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks.json",
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": self.token_url,
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
        }

    def keys(self) -> dict[str, Any]:
        """Answer the key set with the one public key."""
        return {"keys": [{**self._public, "kid": self._key_id, "use": "sig", "alg": "RS256"}]}


def make_issuer(state: StateFolder, *, port: int, origins: frozenset[str]) -> Issuer:
    """Answer the issuer with this state folder's key: a token outlives a restart."""
    url = f"http://localhost:{port}"
    return Issuer(url=url, key=issuer_key(state), origins=origins, now=lambda: datetime.now(UTC))


def issuer_key(state: StateFolder) -> rsa.RSAPrivateKey:
    """Read the signing key, made on the first start and readable by its owner alone."""
    if not state.issuer_key.exists():
        made = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_privately(state.issuer_key, pem.decode())
        return made
    os.chmod(state.issuer_key, 0o600)
    try:
        kept = serialization.load_pem_private_key(state.issuer_key.read_bytes(), password=None)
    except ValueError as unreadable:
        raise broken(state.issuer_key) from unreadable
    if not isinstance(kept, rsa.RSAPrivateKey):
        raise CannotRun(
            f"{state.issuer_key} is not an RSA key: delete that file and start again, no image is lost."
        )
    return kept

"""A token issuer for one machine, in place of Clerk, Cognito or another OpenID Connect provider."""

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
from local.state_folder import StateFolder, damaged_file_error, write_privately

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOKEN_LIFETIME = timedelta(hours=12)  # a working day, so that the printed curl lines keep working
KEY_BITS = 2048
DEFAULT_SUBJECT = "alice"
NO_SCRIPT = re.compile(r"-[1-9][a-df-mo-zA-DF-Z]")
"""A syntax error in JavaScript: a minus sign and a number that continues as a name."""


class Issuer:
    """Signs RS256 tokens, and provides the documents with which an authorizer checks them.

    Pages of ``origins`` may sign a person in.
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
        """Address of tokens: ``GET {token_url}?sub=alice&scope=images:admin``."""
        return f"{self.url}/token"

    def token(self, *, subject: str, scope: str = "") -> str:
        """Return a signed token for a subject, with a scope claim if `scope` is not empty."""
        return self._signed(subject, {"aud": AUDIENCE, **({"scope": scope} if scope else {})})

    def tokens_for(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Redeem a code and return its tokens, as a token endpoint does; raises SignInRefused."""
        grant = self.sign_in.redeem(form)
        nonce = {"nonce": grant.nonce} if grant.nonce else {}
        return {
            "access_token": self.token(subject=grant.subject, scope=grant.scope),
            "id_token": self._signed(grant.subject, {"aud": grant.client_id, **nonce}),
            "token_type": "Bearer",
            "expires_in": round(TOKEN_LIFETIME.total_seconds()),
            "scope": grant.scope,
        }

    def _signed(self, subject: str, further: dict[str, str]) -> str:
        """Sign a token that is not valid JavaScript: a page that loads it as a script only gets a syntax error."""
        issued = self._now()
        claims = {"iss": self.url, "sub": subject, "iat": issued, "exp": issued + TOKEN_LIFETIME, **further}
        token = ""
        while not NO_SCRIPT.search(token):  # about every second token matches
            unique_claims = {**claims, "jti": secrets.token_urlsafe(9)}
            token = jwt.encode(unique_claims, self._key, algorithm="RS256", headers={"kid": self._key_id})
        return token

    def configuration(self) -> dict[str, Any]:
        """Return the parts of the OpenID Connect discovery document that authorizers and browsers read."""
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
        """Return the key set with the one public key."""
        return {"keys": [{**self._public, "kid": self._key_id, "use": "sig", "alg": "RS256"}]}


def make_issuer(state: StateFolder, *, port: int, origins: frozenset[str]) -> Issuer:
    """Return the issuer with the key of this state folder, so that tokens outlive a restart."""
    url = f"http://localhost:{port}"
    return Issuer(url=url, key=issuer_key(state), origins=origins, now=lambda: datetime.now(UTC))


def issuer_key(state: StateFolder) -> rsa.RSAPrivateKey:
    """Return the signing key; the first start creates it, readable only by its owner."""
    if not state.issuer_key.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_privately(state.issuer_key, pem.decode())
        return key
    os.chmod(state.issuer_key, 0o600)
    try:
        loaded = serialization.load_pem_private_key(state.issuer_key.read_bytes(), password=None)
    except ValueError as error:
        raise damaged_file_error(state.issuer_key) from error
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise CannotRun(
            f"{state.issuer_key} is not an RSA key: delete that file and start again, no image is lost."
        )
    return loaded

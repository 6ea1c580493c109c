"""A token issuer for one machine, in place of Clerk, Cognito or another OpenID Connect provider."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt

from local.device_sign_in import DeviceSignIn
from local.issuer_keys import DEFAULT_ALGORITHM, issuer_keys
from local.refresh_tokens import RefreshTokens
from local.settings import AUDIENCE, CONSOLE_CLIENT_ID, SECOND_AUDIENCE
from local.sign_in import OFFLINE_ACCESS, SignIn, SignInRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from local.issuer_keys import SigningKey
    from local.state_folder import StateFolder

TOKEN_LIFETIME = timedelta(hours=12)  # a working day, so that the printed curl lines keep working
SHORTEST_LIFETIME = timedelta(seconds=1)
DEFAULT_SUBJECT = "alice"
NO_SCRIPT = re.compile(r"-[1-9][a-df-mo-zA-DF-Z]")
"""A syntax error in JavaScript: a minus sign and a number that continues as a name."""


class UnknownAlgorithm(Exception):
    """The issuer has no key for this algorithm; the message names those that it has."""


class Issuer:
    """Signs tokens, and provides the documents with which an authorizer checks them.

    Pages of ``origins`` may sign a person in.
    """

    def __init__(
        self,
        *,
        url: str,
        keys: Iterable[SigningKey],
        now: Callable[[], datetime],
        origins: frozenset[str] = frozenset(),
        audience: str = AUDIENCE,
    ) -> None:
        self.url = url
        self.origins = origins
        self.audience = audience
        self._keys = {key.algorithm: key for key in keys}
        self._now = now
        self.sign_in = SignIn(client_id=CONSOLE_CLIENT_ID, origins=origins, now=now)
        self.devices = DeviceSignIn(client_id=CONSOLE_CLIENT_ID, url=url, now=now)
        self.refresh_tokens = RefreshTokens(now=now)

    @property
    def token_url(self) -> str:
        """Address of tokens: ``GET {token_url}?sub=alice&scope=images:admin&alg=ES256&expires_in=30``."""
        return f"{self.url}/token"

    def token(
        self,
        *,
        subject: str,
        scope: str = "",
        algorithm: str = DEFAULT_ALGORITHM,
        lifetime: timedelta = TOKEN_LIFETIME,
    ) -> str:
        """Return a signed token for a subject, with a scope claim if `scope` is not empty.

        Raises UnknownAlgorithm.
        """
        further = {"aud": self.audience, **({"scope": scope} if scope else {})}
        return self._signed(subject, further, algorithm=algorithm, lifetime=lifetime)

    def tokens_for(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Redeem a code or a refresh token and return the tokens, as a token endpoint does; raises SignInRefused."""
        match form.get("grant_type"):
            case "authorization_code":
                grant = self.sign_in.redeem(form)
            case "refresh_token":
                grant = self.refresh_tokens.redeem(form)
            case "urn:ietf:params:oauth:grant-type:device_code":
                grant = self.devices.redeem(form)
            case _:
                raise SignInRefused("unsupported_grant_type")
        nonce = {"nonce": grant.nonce} if grant.nonce else {}
        return {
            "access_token": self.token(subject=grant.subject, scope=grant.scope),
            "id_token": self._signed(grant.subject, {"aud": grant.client_id, **nonce}),
            "token_type": "Bearer",
            "expires_in": round(TOKEN_LIFETIME.total_seconds()),
            "scope": grant.scope,
        } | (
            {"refresh_token": self.refresh_tokens.issue(grant)}
            if OFFLINE_ACCESS in grant.scope.split()
            else {}
        )

    def _signed(
        self,
        subject: str,
        further: dict[str, str],
        *,
        algorithm: str = DEFAULT_ALGORITHM,
        lifetime: timedelta = TOKEN_LIFETIME,
    ) -> str:
        """Sign a token that is not valid JavaScript: a page that loads it as a script only gets a syntax error."""
        key = self._keys.get(algorithm)
        if key is None:
            raise UnknownAlgorithm(f"alg must be one of {', '.join(self._keys)}")
        issued = self._now()
        claims = {"iss": self.url, "sub": subject, "iat": issued, "exp": issued + lifetime, **further}
        token = ""
        while not NO_SCRIPT.search(token):  # about every second token matches
            unique_claims = {**claims, "jti": secrets.token_urlsafe(9)}
            token = jwt.encode(unique_claims, key.private, algorithm=key.algorithm, headers={"kid": key.id})
        return token

    def configuration(self) -> dict[str, Any]:
        """Return the parts of the OpenID Connect discovery document that authorizers and browsers read."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks.json",
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": self.token_url,
            "id_token_signing_alg_values_supported": list(self._keys),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "device_authorization_endpoint": f"{self.url}/device",
            "revocation_endpoint": f"{self.url}/revoke",
            "scopes_supported": ["openid", OFFLINE_ACCESS],
            "subject_types_supported": ["public"],
        }

    def keys(self) -> dict[str, Any]:
        """Return the key set with the public keys."""
        return {"keys": [key.published for key in self._keys.values()]}


def make_issuer(state: StateFolder, *, port: int, origins: frozenset[str]) -> Issuer:
    """Return the issuer with the keys of this state folder, so that tokens outlive a restart."""
    return Issuer(url=f"http://localhost:{port}", keys=issuer_keys(state), origins=origins, now=_now)


def make_second_issuer(state: StateFolder, *, port: int) -> Issuer:
    """Return the issuer that stands beside the first, with its own keys; nobody can sign in there."""
    keys = issuer_keys(state, "second-issuer")
    return Issuer(url=f"http://localhost:{port}/second", keys=keys, audience=SECOND_AUDIENCE, now=_now)


def _now() -> datetime:
    return datetime.now(UTC)

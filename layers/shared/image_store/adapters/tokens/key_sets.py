"""The public keys of issuers, read when a token needs them and kept for a while.

Whoever sends tokens decides which `kid` is looked for, and must not decide how often an issuer is asked:

- a key set is read again after an hour, so a key that its issuer withdrew stops working then;
- an unknown `kid` reads it again at most once a minute, so a new key works within a minute of its first use;
- after a failure nothing is read for ten seconds, and keys that are known go on working for a day.

Reads of one issuer wait for each other, and none waits for another issuer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from jwt import PyJWK
from jwt.exceptions import InvalidKeyError, PyJWKError

from image_store.adapters.tokens.documents import UnreadableDocument, read_document
from image_store.domain.callers.issuers import TrustedIssuer
from image_store.domain.errors import IssuerUnavailable
from image_store.ports.system import Clock

FRESH_FOR = timedelta(hours=1)
USABLE_FOR = timedelta(days=1)
UNKNOWN_KEY_PAUSE = timedelta(minutes=1)
FAILURE_PAUSE = timedelta(seconds=10)
MAX_KEYS = 100
"""Of one set; the rest is ignored."""
MIN_RSA_BITS = 2048
"""RFC 7518, sections 3.3 and 3.5."""

ALGORITHMS = {
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
"""The algorithms of RFC 7518 and RFC 8037 that each kind of key verifies. Symmetric keys verify nothing here."""

Read = Callable[[str], dict[str, Any]]
"""Reads the JSON object at an address; raises UnreadableDocument."""
Report = Callable[[TrustedIssuer, str], None]
"""Receives the reason why the keys of an issuer could not be read."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key of an issuer, and the algorithms that it verifies."""

    id: str | None
    algorithms: tuple[str, ...]
    jwk: PyJWK

    @property
    def material(self) -> Any:
        """The key as `cryptography` has it."""
        return self.jwk.key


@dataclass(slots=True)
class _KeySet:
    keys: tuple[PublicKey, ...] = ()
    read_at: datetime | None = None
    tried_at: datetime | None = None
    has_failed: bool = False
    lock: Lock = field(default_factory=Lock)


class KeySets:
    """The key sets of all issuers of a deployment."""

    def __init__(self, *, clock: Clock, report: Report, read: Read = read_document) -> None:
        self._clock = clock
        self._report = report
        self._read = read
        self._sets: dict[str, _KeySet] = {}

    def keys(self, issuer: TrustedIssuer, key_id: str | None) -> tuple[PublicKey, ...]:
        """The keys that may have signed a token with this `kid`; all of them for a token without one.

        Raises IssuerUnavailable when the keys of the issuer are not known and cannot be read.
        """
        key_set = self._sets.setdefault(issuer.issuer, _KeySet())
        with key_set.lock:
            now = self._clock.now()
            if not self._is_usable(key_set, now) or not _matching(key_set, key_id) or _is_old(key_set, now):
                self._refresh(issuer, key_set, now)
            if not self._is_usable(key_set, now):
                raise IssuerUnavailable
            return _matching(key_set, key_id)

    def _is_usable(self, key_set: _KeySet, now: datetime) -> bool:
        return key_set.read_at is not None and now - key_set.read_at < USABLE_FOR

    def _refresh(self, issuer: TrustedIssuer, key_set: _KeySet, now: datetime) -> None:
        pause = FAILURE_PAUSE if key_set.has_failed else UNKNOWN_KEY_PAUSE
        if key_set.tried_at is not None and now - key_set.tried_at < pause:
            return
        key_set.tried_at = now
        try:
            document = self._read(issuer.keys_url or self._discovered(issuer))
            keys = _keys_of(document)
        except UnreadableDocument as failure:
            key_set.has_failed = True
            self._report(issuer, str(failure))
        else:
            key_set.keys, key_set.read_at, key_set.has_failed = keys, now, False

    def _discovered(self, issuer: TrustedIssuer) -> str:
        """The address of the key set, from the discovery document (OpenID Connect Discovery 1.0, section 4)."""
        document = self._read(f"{issuer.issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != issuer.issuer:  # section 4.3
            raise UnreadableDocument("the discovery document is of another issuer")
        address = document.get("jwks_uri")
        if not isinstance(address, str):
            raise UnreadableDocument("the discovery document names no key set")
        return address


def _is_old(key_set: _KeySet, now: datetime) -> bool:
    return key_set.read_at is None or now - key_set.read_at >= FRESH_FOR


def _matching(key_set: _KeySet, key_id: str | None) -> tuple[PublicKey, ...]:
    return tuple(key for key in key_set.keys if key_id is None or key.id == key_id)


def _keys_of(document: dict[str, Any]) -> tuple[PublicKey, ...]:
    described = document.get("keys")
    if not isinstance(described, list):
        raise UnreadableDocument("not a key set")
    keys = [key for each in described[:MAX_KEYS] if (key := _key_of(each)) is not None]
    if not keys:
        raise UnreadableDocument("a key set without a key that can verify tokens")
    return tuple(keys)


def _key_of(described: Any) -> PublicKey | None:
    """A key for signatures; None for anything else, which RFC 7517, section 5, says to ignore."""
    if not isinstance(described, dict) or described.get("use", "sig") != "sig":
        return None
    operations = described.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:  # RFC 7517, section 4.3
        return None
    kind = described.get("kty")
    curve = described.get("crv") if kind != "RSA" else None
    algorithms = ALGORITHMS.get((kind, curve)) if isinstance(kind, str) and _is_text(curve) else None
    key_id = described.get("kid")
    if algorithms is None or not _is_text(key_id):
        return None
    algorithms = tuple(name for name in algorithms if described.get("alg", name) == name)
    if not algorithms:
        return None
    try:
        jwk = PyJWK(_public_part(described), algorithm=algorithms[0])
    except (PyJWKError, InvalidKeyError, ValueError, TypeError):
        return None
    if kind == "RSA" and jwk.key.key_size < MIN_RSA_BITS:
        return None
    return PublicKey(key_id, algorithms, jwk)


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _public_part(described: dict[str, Any]) -> dict[str, Any]:
    return {name: described[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in described}

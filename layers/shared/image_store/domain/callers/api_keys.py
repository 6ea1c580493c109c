"""API keys: secrets that name an owner and what may be done, without a token issuer.

A key is `isk_{id}_{secret}`. The store keeps the SHA-256 of the secret alone; 256 random bits need no slow hash
(NIST SP 800-63B, section 5.1.2.2, asks for one where a person chose the secret).
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.callers.key_limits import NO_LIMITS, KeyLimits
from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import InvalidToken, KeyExpired, KeyRevoked

KEY_PREFIX = "isk_"
MAX_NAME_CHARS = 100
MAX_KEYS = 100
"""Keys of one owner that are in force."""
MAX_LISTED_KEYS = 1_000
"""With those that ended in the last 90 days."""
MAX_LIFETIME = timedelta(days=3660)
MAX_GRACE = timedelta(days=7)
USUAL_GRACE = timedelta(hours=24)
LAST_USE_PERIOD = timedelta(hours=1)
"""The last use of a key is written at most once in this time."""

_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
_KEY = re.compile(rf"isk_({_ID.pattern})_([A-Za-z0-9_-]{{43}})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key without its secret."""

    id: str
    owner: str
    """Whose images it reads and writes; with the scope `act-as` those of a caller who names no other owner."""
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    created_by: str
    """The name of the actor who made it."""
    secret_sha256: str
    version: int
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    previous_sha256: str | None = None
    """The secret before the last rotation."""
    previous_until: datetime | None = None
    limits: KeyLimits = NO_LIMITS

    def check(self, secret: str, *, now: datetime) -> None:
        """Raise unless this is a secret of the key and the key is in force.

        Raises
        ------
        InvalidToken
            the secret is wrong, or was replaced and its grace period is over
        KeyRevoked, KeyExpired
            the secret is right and the key is no longer in force
        """
        digest = secret_digest(secret)
        is_current = hmac.compare_digest(digest, self.secret_sha256)
        is_previous = hmac.compare_digest(digest, self.previous_sha256 or "")
        if not is_current and not is_previous:
            raise InvalidToken("The API key is not valid.")
        if self.revoked_at is not None:
            raise KeyRevoked
        if self.expires_at is not None and self.expires_at <= now:
            raise KeyExpired
        if not is_current and (self.previous_until is None or self.previous_until <= now):
            raise InvalidToken("This secret of the API key was replaced, and its grace period is over.")

    def is_in_force(self, now: datetime) -> bool:
        """Whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def rotated(self, digest: str, *, now: datetime, grace: timedelta) -> "ApiKey":
        """The key with a new secret; the old one works for the grace period, and one before that no longer."""
        return replace(
            self,
            secret_sha256=digest,
            previous_sha256=self.secret_sha256 if grace else None,
            previous_until=now + grace if grace else None,
            version=self.version + 1,
        )


def key_text(key_id: str, secret: str) -> str:
    """The key as its user sends it."""
    return f"{KEY_PREFIX}{key_id}_{secret}"


def is_key_id(text: str) -> bool:
    """Whether a text can be the id of a key."""
    return _ID.fullmatch(text) is not None


def parse_key(text: str) -> tuple[str, str]:
    """The id and the secret of a key; InvalidToken for a text that is no key."""
    match = _KEY.fullmatch(text)
    if match is None:
        raise InvalidToken("The API key is not valid.")
    return match[1], match[2]


def secret_digest(secret: str) -> str:
    """The SHA-256 of a secret, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()

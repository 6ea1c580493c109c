"""Shares: permissions to view images of an owner, which whoever has their address uses until they end.

A share has one address for all its images and presets, `/s/{share}.{signature}/{image_id}/{preset}`, so a page can
build `srcset` attributes without a request. Its row can be revoked; the signature lets only addresses of real shares
reach the table.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.signed_ids import is_signed, sign_id

MIN_LIFETIME = timedelta(minutes=1)
MAX_LIFETIME = timedelta(days=366)
USUAL_LIFETIME = timedelta(hours=1)
MAX_NAME_CHARS = 100
MAX_SHARES = 1_000
"""Shares of one owner that are in force."""
CACHED_FOR = timedelta(seconds=60)
"""How long a function may use a share without looking whether it was revoked."""

USE_PERIOD = timedelta(hours=1)
"""The last use of a share is exact to this, and each process writes it at most this often."""

_PURPOSE = b"share"
_TOKEN = re.compile(r"([0-9a-f]{16})\.([A-Za-z0-9_-]{22})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A permission to view one image, the images of one group, or all images of an owner."""

    id: str
    owner: str
    created_at: datetime
    created_by: str
    """The name of the actor who made it."""
    expires_at: datetime
    image_id: str | None = None
    group: str | None = None
    """`type:id`. Without an image and a group the share is of everything."""
    presets: frozenset[str] = frozenset()
    """The presets that it shows; empty for all."""
    name: str | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    """When it last showed an image, exact to USE_PERIOD; None if it never did."""

    def is_in_force(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and self.expires_at > now

    def allows(self, image_id: str, preset: str) -> bool:
        """Whether it may show this preset of this image, as far as the share alone decides."""
        return self.image_id in (None, image_id) and (not self.presets or preset in self.presets)


def share_token(share_id: str, key: str) -> str:
    """The name of a share with its signature, as addresses have it."""
    return f"{share_id}.{sign_id(share_id, key, purpose=_PURPOSE)}"


def verified_share_id(token: str, keys: Collection[str]) -> str | None:
    """The share that a token names; None unless one of these keys signed it."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    return match[1] if is_signed(match[1], match[2], keys, purpose=_PURPOSE) else None

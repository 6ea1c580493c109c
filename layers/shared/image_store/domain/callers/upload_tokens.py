"""Upload tokens: permissions to upload images for an owner, which a browser can hold for at most a day.

A token is `iut_{id}.{signature}`. The signature lets only real tokens reach the table; its row says what it allows
and how much of it is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from image_store.domain.callers.caller import UPLOAD_TOKEN_PREFIX
from image_store.domain.deadlines import has_passed
from image_store.domain.errors import (
    InvalidToken,
    PayloadTooLarge,
    UnsupportedMediaType,
    UploadNotAllowed,
    UploadTokenUsedUp,
)
from image_store.domain.images.details import DETAIL_ATTRIBUTES, Details
from image_store.domain.images.reservation import Charge, Counter, CounterKind
from image_store.domain.signed_ids import is_signed, sign_id

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from image_store.domain.callers.key_allowance import KeyAllowance
    from image_store.domain.images.attributes import Attributes
    from image_store.domain.images.image import Image
    from image_store.domain.images.media import MediaType

MIN_LIFETIME = timedelta(minutes=1)
MAX_LIFETIME = timedelta(hours=24)
USUAL_LIFETIME = timedelta(hours=1)
MAX_IMAGES = 1_000

NEVER_SENT = frozenset({"created_at", "on_duplicate"})
"""Attributes that no browser sets: only admins give an image an earlier date, and the answer to `on_duplicate` would
tell whether the owner has an image with these bytes."""
NEVER_FIXED = NEVER_SENT | {"generation", "analysis"}
"""Attributes that no token fixes. The two others may be encrypted, and the row of a token is not."""

_PURPOSE = b"upload-token"
_TOKEN = re.compile(rf"{UPLOAD_TOKEN_PREFIX}([0-9a-f]{{16}})\.([A-Za-z0-9_-]{{22}})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadToken:
    """What an upload token allows."""

    id: str
    owner: str
    created_at: datetime
    created_by: str
    """The name of the actor who made it."""
    expires_at: datetime
    max_images: int
    max_bytes: int | None
    """Of one image; None for as many as the store accepts."""
    content_types: frozenset[MediaType]
    """Empty for all that the store accepts."""
    attributes: Attributes
    """The values of the fixed attributes; the others have their defaults."""
    fixed: frozenset[str]
    """The names of the attributes that every image of the token gets."""
    may_set: frozenset[str]
    """The names of the attributes that the browser can set; none of them is fixed."""
    images: int = 0
    """How many images were reserved with it."""
    allowance: KeyAllowance | None = None
    """Of the API key that created it: what is uploaded with the token counts for the key as well."""

    def check_in_force(self, now: datetime) -> None:
        """Raise InvalidToken for a token that has expired, or ends so late that a wrong clock has made it."""
        if has_passed(self.expires_at, now, longest=MAX_LIFETIME):
            raise InvalidToken("The upload token has expired.")

    def check(self, *, size_bytes: int, media_type: MediaType | None) -> None:
        """Raise unless an image of this size and type can be uploaded, as far as is known before the reservation.

        Raises
        ------
        UploadTokenUsedUp, PayloadTooLarge, UnsupportedMediaType
            but not for the type None, which the store refuses
        """
        if self.images >= self.max_images:
            raise UploadTokenUsedUp
        if self.max_bytes is not None and size_bytes > self.max_bytes:
            raise PayloadTooLarge(f"This upload token accepts at most {self.max_bytes:,} bytes an image.")
        if media_type is not None and self.content_types and media_type not in self.content_types:
            allowed = ", ".join(sorted(self.content_types))
            raise UnsupportedMediaType(f"This upload token accepts only {allowed}.")

    def attributes_with(self, sent: Attributes, names: Collection[str]) -> Attributes:
        """The attributes of an image, of which the browser sent those with these names.

        Raises UploadNotAllowed for a name that is not in `may_set`. Other values that `sent` holds, such as the
        filename of a form, are ignored.
        """
        refused = sorted(set(names) - self.may_set)
        if refused:
            raise UploadNotAllowed(f"This upload token does not let you set: {', '.join(refused)}.")
        return replace(self.attributes, **{name: getattr(sent, name) for name in self.may_set})

    def charge(self, size_bytes: int) -> Charge:
        """What the reservation of an image adds to the count of the token."""
        return Charge(
            counter=Counter(CounterKind.UPLOAD_TOKEN, self.id),
            size_bytes=size_bytes,
            max_images=self.max_images,
            ends_at=self.expires_at,
        )

    def shown(self, image: Image) -> Image:
        """The image as its uploader sees it: of what describes it only what the token lets a browser set."""
        details = image.details
        values = {name: getattr(details, name) for name in DETAIL_ATTRIBUTES if name in self.may_set}
        if not details.alt_text_given:
            values.pop("alt_text", None)  # it may be derived from a fixed title
        category = image.record.category if "category" in self.may_set else None
        return replace(
            image,
            record=replace(image.record, category=category),
            details=Details(**values, alt_text_given="alt_text" in values, warnings=details.warnings),
        )


def charges_of(
    token: UploadToken | None, allowance: KeyAllowance | None, *, size_bytes: int, at: datetime
) -> tuple[Charge, ...]:
    """What an image adds to the counts of the upload token that it is sent with and of an API key."""
    by_token = (token.charge(size_bytes),) if token is not None else ()
    by_key = allowance.charges(size_bytes=size_bytes, at=at) if allowance is not None else ()
    return (*by_token, *by_key)


def token_text(token_id: str, key: str) -> str:
    """The token as its user sends it, signed with this key."""
    return f"{UPLOAD_TOKEN_PREFIX}{token_id}.{sign_id(token_id, key, purpose=_PURPOSE)}"


def verified_token_id(text: str, keys: Collection[str]) -> str:
    """The id in a token; InvalidToken unless one of these keys signed it."""
    match = _TOKEN.fullmatch(text)
    if match is None:
        raise InvalidToken("The upload token is not valid.")
    if not is_signed(match[1], match[2], keys, purpose=_PURPOSE):
        raise InvalidToken("The upload token is not valid.")
    return match[1]

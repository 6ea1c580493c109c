"""The image: its record, its states and the transitions that are legal between them."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from image_store.domain.delivery.renditions import Placeholder, Rendition
from image_store.domain.errors import Conflict
from image_store.domain.images.details import Details
from image_store.domain.images.media import MediaType


class Kind(StrEnum):
    """The origin of an image; references are never published."""

    GENERATED = "generated"
    REFERENCE = "reference"
    UPLOAD = "upload"


class Visibility(StrEnum):
    """Who may see an image: its owner, everyone with the link, or everyone (link and feed)."""

    PRIVATE = "private"
    UNLISTED = "unlisted"
    PUBLIC = "public"


class State(StrEnum):
    """The states of an image; only READY and TRASHED images are visible."""

    PENDING = "pending"
    READY = "ready"
    TRASHED = "trashed"
    DELETING = "deleting"
    TOMBSTONE = "tombstone"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.READY, State.DELETING}),
    State.READY: frozenset({State.READY, State.TRASHED, State.DELETING}),
    State.TRASHED: frozenset({State.READY, State.DELETING}),
    State.DELETING: frozenset({State.TOMBSTONE}),
    State.TOMBSTONE: frozenset(),
}
"""READY → READY is an edit. The record of a TOMBSTONE is removed."""

PUBLIC_PREFIX = "p/"
"""The prefix of copies in the public bucket."""

STAGING_PREFIX = "staging/"
"""The prefix of direct uploads that are not accepted yet."""

TRANSFORMS_PREFIX = "transforms/"
"""The prefix of files made for signed links; the bucket's lifecycle expires them."""

ORIGINAL = "original"
"""The name of the original in its key; the key of a rendition has the name of its preset there."""


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """The row of an image: its state, and where its objects are.

    `version` grows by one with every change; `change` names the change that made this version, so that a writer
    whose response was lost recognises its own change.
    """

    id: str
    owner: str
    state: State
    attempt: str
    version: int
    change: str
    folder: str
    """The folder of its private objects: empty or ending in `/`, fixed by the reservation."""
    kind: Kind
    visibility: Visibility
    filename: str
    media_type: MediaType
    size_bytes: int
    width: int
    height: int
    sha256: str
    placeholder: Placeholder
    renditions: tuple[Rendition, ...]
    created_at: datetime
    """The time in its id."""
    updated_at: datetime
    category: str | None = None
    cache_control: str | None = None
    expires_at: datetime | None = None
    publication: str | None = None
    """The current publication; None unless READY and not private."""
    intent: str | None = None
    """A publication whose copies are being written; not committed yet."""
    due_at: datetime | None = None
    """When cleanup has to check this record next."""
    guarded: bool = False
    """Whether this image holds the guard of its owner and checksum."""
    idempotency: str | None = None
    """The name of the idempotency row that its reservation wrote."""
    staging: str | None = None
    """The attempt in the staging key of a direct upload until its commit; otherwise None."""
    refusal: str | None = None
    """The error code of a refused direct upload; its bytes cannot be accepted any more."""
    queued_at: datetime | None = None
    """When a direct upload was queued, to be completed after its request."""
    counted: bool = False
    """Whether the owner's usage row counts it, because it was reserved under a quota."""
    transformed: bool = False
    """Whether there may be transforms of it."""
    perceptual_hash: str | None = None
    """16 hexadecimal digits, nearly equal for pictures that look alike; None until the bytes are decoded."""
    amendment: str | None = None
    """The name of the last change that kept the version, because clients do not see it."""
    upload_token: str | None = None
    """The id of the upload token that reserved it."""
    api_key: str | None = None
    """The id of the API key that it counts for."""
    dated_back_at: datetime | None = None
    """When it was stored, if its sender gave an earlier `created_at`; otherwise None."""

    @property
    def stored_at(self) -> datetime:
        """When this store has got it; `created_at` may be earlier."""
        return self.dated_back_at or self.created_at

    @property
    def prefix(self) -> str:
        """The prefix of the private objects of all attempts; ends in `/`."""
        return _image_prefix(self.folder, self.id)

    @property
    def attempt_prefix(self) -> str:
        """The prefix of the private keys of original and renditions; ends in `/`."""
        return attempt_prefix(self.folder, self.id, self.attempt)

    @property
    def original_key(self) -> str:
        """The private key of the original."""
        return f"{self.attempt_prefix}{ORIGINAL}.{self.media_type.extension}"

    def rendition_key(self, rendition: Rendition) -> str:
        """The private key of a rendition."""
        return f"{self.attempt_prefix}{rendition.filename}"

    @property
    def transforms_prefix(self) -> str:
        """The prefix of the transforms of all attempts; ends in `/`."""
        return f"{TRANSFORMS_PREFIX}{self.id}/"

    def transform_key(self, filename: str) -> str:
        """The private key of a transform."""
        return f"{self.transforms_prefix}{self.attempt}/{filename}"

    @property
    def staging_key(self) -> str | None:
        """The key under which the bytes of a direct upload arrive; None for other images."""
        if self.staging is None:
            return None
        return f"{STAGING_PREFIX}{self.id}/{self.staging}/{ORIGINAL}.{self.media_type.extension}"

    @property
    def is_visible(self) -> bool:
        """Whether its owner can see it."""
        return self.state in {State.READY, State.TRASHED}

    @property
    def restorable_until(self) -> datetime | None:
        """When cleanup deletes it for good; None unless it is in the trash."""
        return self.due_at if self.state is State.TRASHED else None

    @property
    def is_in_feed(self) -> bool:
        """Whether the feed shows it."""
        return (
            self.state is State.READY
            and self.visibility is Visibility.PUBLIC
            and self.publication is not None
        )

    @property
    def stored_bytes(self) -> int:
        """The size of original and renditions."""
        return self.size_bytes + sum(rendition.size_bytes for rendition in self.renditions)

    @property
    def private_keys(self) -> tuple[str, ...]:
        """The keys of all private objects of the attempt, and of its staged bytes."""
        renditions = (self.rendition_key(rendition) for rendition in self.renditions)
        staging = () if self.staging_key is None else (self.staging_key,)
        return (self.original_key, *renditions, *staging)

    def public_keys(self, publication: str) -> frozenset[str]:
        """The keys of all copies in a publication of this image."""
        return frozenset(public_key(publication, rendition) for rendition in self.renditions)

    def rendition(self, preset: str, media_type: MediaType | None = None) -> Rendition | None:
        """The rendition of a preset in this format, or else in its first format; None if there is none."""
        of_preset = (rendition for rendition in self.renditions if rendition.preset == preset)
        return next((each for each in of_preset if media_type in {None, each.media_type}), None)

    def next_version(self, change: str, **values: Any) -> "ImageRecord":
        """The record after a change of this name, with new values."""
        return replace(self, version=self.version + 1, change=change, **values)

    def moved_to(self, state: State, *, change: str, **values: Any) -> "ImageRecord":
        """The next version, in another state; Conflict when the transition is not legal."""
        if state not in TRANSITIONS[self.state]:
            raise Conflict(f"An image that is {self.state} cannot become {state}.")
        return self.next_version(change, state=state, **values)


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its record and its details."""

    record: ImageRecord
    details: Details


class RecordsById(dict[str, ImageRecord]):
    """Records by id, without absent ones; the rows of `unreadable` ids exist and cannot be read."""

    def __init__(self) -> None:
        super().__init__()
        self.unreadable: set[str] = set()


class RecordPage(list[ImageRecord]):
    """The records of a page; the rows of `unreadable` ids were on it and cannot be read."""

    def __init__(self) -> None:
        super().__init__()
        self.unreadable: set[str] = set()


def attempt_prefix(folder: str, image_id: str, attempt: str) -> str:
    """The prefix of the private keys of an attempt; ends in `/`."""
    return f"{_image_prefix(folder, image_id)}{attempt}/"


def public_key(publication: str, rendition: Rendition) -> str:
    """The public key of a copy; it reveals neither owner nor image."""
    return public_file(publication, rendition.public_filename)


def public_file(publication: str, filename: str) -> str:
    """The public key of a file of a publication."""
    return f"{PUBLIC_PREFIX}{publication}/{filename}"


def _image_prefix(folder: str, image_id: str) -> str:
    return f"{folder}{image_id}/"

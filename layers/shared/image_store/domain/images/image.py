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
"""READY → READY is an edit. After TOMBSTONE the record is removed."""

PUBLIC_PREFIX = "p/"
"""The prefix of copies in the public bucket."""

STAGING_PREFIX = "staging/"
"""The prefix of direct uploads that are not accepted yet."""

TRANSFORMS_PREFIX = "transforms/"
"""The prefix of files made for signed links; the bucket's lifecycle expires them too."""

ORIGINAL = "original"
"""Takes the place of the preset in the key of an original."""


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
    """The folder of its private objects: empty or ending in `/`, fixed when it is reserved."""
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
    updated_at: datetime
    category: str | None = None
    cache_control: str | None = None
    expires_at: datetime | None = None
    publication: str | None = None
    """The publication that is current; None unless READY and not private."""
    intent: str | None = None
    """A publication being copied, not yet committed."""
    due_at: datetime | None = None
    """When cleanup has to look at this record next."""
    guarded: bool = False
    """Whether this image holds the guard of its owner and checksum."""
    idempotency: str | None = None
    """The name of the idempotency row that its reservation took."""
    staging: str | None = None
    """The attempt under which a direct upload stages its bytes; None when they came with the request."""
    refusal: str | None = None
    """The code with which a direct upload was refused; its bytes cannot be accepted any more."""
    queued_at: datetime | None = None
    """When a direct upload was queued, to be completed after its request."""
    counted: bool = False
    """Whether the owner's usage row counts it, since it was reserved under a quota."""
    transformed: bool = False
    """Whether transforms were ever made of it, so some may exist."""
    perceptual_hash: str | None = None
    """Nearly equal for pictures that look alike: 16 hexadecimal digits; None until the bytes were decoded."""
    amendment: str | None = None
    """The name of the last change that clients do not see, and that did not change the version."""

    @property
    def prefix(self) -> str:
        """What all private objects of all attempts begin with; ends in `/`."""
        return _image_prefix(self.folder, self.id)

    @property
    def attempt_prefix(self) -> str:
        """What the private keys of original and renditions begin with; ends in `/`."""
        return attempt_prefix(self.folder, self.id, self.attempt)

    @property
    def original_key(self) -> str:
        """The private key of the bytes as they were accepted."""
        return f"{self.attempt_prefix}{ORIGINAL}.{self.media_type.extension}"

    def rendition_key(self, rendition: Rendition) -> str:
        """The private key of a rendition."""
        return f"{self.attempt_prefix}{rendition.filename}"

    @property
    def transforms_prefix(self) -> str:
        """What all transforms begin with, those of all attempts; ends in `/`."""
        return f"{TRANSFORMS_PREFIX}{self.id}/"

    def transform_key(self, filename: str) -> str:
        """The private key of a transform."""
        return f"{self.transforms_prefix}{self.attempt}/{filename}"

    @property
    def staging_key(self) -> str | None:
        """Where the bytes of a direct upload arrive; None when there is nothing to arrive."""
        if self.staging is None:
            return None
        return f"{STAGING_PREFIX}{self.id}/{self.staging}/{ORIGINAL}.{self.media_type.extension}"

    @property
    def is_in_feed(self) -> bool:
        """Whether everyone may find it."""
        return (
            self.state is State.READY
            and self.visibility is Visibility.PUBLIC
            and self.publication is not None
        )

    @property
    def stored_bytes(self) -> int:
        """The size of original and renditions."""
        return self.size_bytes + sum(made.size_bytes for made in self.renditions)

    @property
    def private_keys(self) -> tuple[str, ...]:
        """The keys of all private objects of the attempt, and of its staged bytes."""
        made = tuple(self.rendition_key(rendition) for rendition in self.renditions)
        staged = () if self.staging_key is None else (self.staging_key,)
        return (self.original_key, *made, *staged)

    def public_keys(self, publication: str) -> frozenset[str]:
        """The keys of all copies in a publication of this image."""
        return frozenset(public_key(publication, made) for made in self.renditions)

    def rendition(self, preset: str, media_type: MediaType | None = None) -> Rendition | None:
        """The rendition made by a preset, in one format or in the first it was made in; None if there is none."""
        wanted = (made for made in self.renditions if made.preset == preset)
        return next((made for made in wanted if media_type in {None, made.media_type}), None)

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
    """An image with its details, as one read gives them."""

    record: ImageRecord
    details: Details


class RecordsById(dict[str, ImageRecord]):
    """Images by id, without those that are not there; `unreadable` ids are there and cannot be read."""

    def __init__(self) -> None:
        super().__init__()
        self.unreadable: set[str] = set()


class RecordPage(list[ImageRecord]):
    """Images of a page; `unreadable` ids were on it and cannot be read."""

    def __init__(self) -> None:
        super().__init__()
        self.unreadable: set[str] = set()


def attempt_prefix(folder: str, image_id: str, attempt: str) -> str:
    """What the private keys of an attempt begin with; ends in `/`."""
    return f"{_image_prefix(folder, image_id)}{attempt}/"


def public_key(publication: str, rendition: Rendition) -> str:
    """The public key of a copy; it reveals neither owner nor image."""
    return public_file(publication, rendition.public_filename)


def public_file(publication: str, filename: str) -> str:
    """The public key of a file of a publication."""
    return f"{PUBLIC_PREFIX}{publication}/{filename}"


def _image_prefix(folder: str, image_id: str) -> str:
    return f"{folder}{image_id}/"

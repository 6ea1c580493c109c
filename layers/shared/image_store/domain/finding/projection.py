"""What is projected of an image, so that it can be found and counted without reading all others."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from image_store.domain.finding.words import terms_of
from image_store.domain.ids import created_at
from image_store.domain.images.image import Details, Image, ImageRecord, State, Visibility

MAX_TERMS = 100
"""An image is found by so many terms: of title and tags first, then filename and alt text, then the prompt."""

TITLE_RANK, NAME_RANK, PROMPT_RANK = range(3)
"""How much a term says of its image, by where it stands; the lowest says most."""
RANKS = 3

Figures = dict[str, int]
"""Numbers by name, to be added up."""

IMAGES, SIZE = "images", "size_bytes"
USAGE_PREFIX = "counted:"
"""Begins the names of the figures of images that usage rows count as well."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """All that the projections of an image are made from, besides its card."""

    owner: str
    trashed: bool
    kind: str
    visibility: str
    """`private` in the trash."""
    content_type: str
    size_bytes: int
    category: str | None
    model: str | None
    provider: str | None
    tags: tuple[str, ...]
    terms: dict[str, int]
    """Each term with its rank."""
    perceptual_hash: str | None = None
    """None in the trash, where nothing similar is looked for."""
    counted: bool = False
    """Whether the owner's usage row counts it as well."""

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "ImageFacts":
        """The facts that `to_json` made a value of JSON."""
        # Earlier builds also told whether the image is in the feed, whose rows they projected.
        known = {name: told for name, told in value.items() if name != "public"}
        return cls(**{**known, "tags": tuple(value["tags"])})

    def to_json(self) -> dict[str, Any]:
        """The same as a value of JSON."""
        return asdict(self)

    @property
    def figures(self) -> Figures:
        """What it adds to the totals of its owner and of the system."""
        names = [
            "",
            f"kind:{self.kind}:",
            f"format:{self.content_type}:",
            f"visibility:{self.visibility}:",
            *(["trash:"] if self.trashed else []),
            *([USAGE_PREFIX] if self.counted else []),
        ]
        return {
            f"{name}{what}": amount
            for name in names
            for what, amount in ((IMAGES, 1), (SIZE, self.size_bytes))
        }


@dataclass(frozen=True, slots=True)
class Rebuild:
    """How far a rebuild of the projections has come.

    Every rebuild counts figures in a new epoch, while those of the old one are still answered. `serving` is the epoch
    that is answered and `building` the one that is counted. Both are the same when no rebuild is under way.
    """

    serving: int = 1
    building: int = 1
    begins_at: datetime | None = None
    """No row is read before: until then consumers may be at work that do not know of the rebuild."""
    after: str | None = None
    step: int = 0
    examined: int = 0

    @property
    def under_way(self) -> bool:
        """Whether it has been begun and not ended."""
        return self.serving != self.building


def facts_of(image: Image) -> ImageFacts | None:
    """What is projected of a record; None while, or once, it is not to be found."""
    record, details = image.record, image.details
    if record.state not in {State.READY, State.TRASHED}:
        return None
    trashed = record.state is State.TRASHED
    generation = details.generation or {}
    return ImageFacts(
        owner=record.owner,
        trashed=trashed,
        kind=record.kind.value,
        visibility=(Visibility.PRIVATE if trashed else record.visibility).value,
        content_type=record.media_type.value,
        size_bytes=record.size_bytes,
        category=record.category,
        model=generation.get("model") or None,
        provider=generation.get("provider") or None,
        tags=details.tags,
        terms=search_terms(record, details),
        perceptual_hash=None if trashed else record.perceptual_hash,
        counted=record.counted,
    )


def search_terms(record: ImageRecord, details: Details) -> dict[str, int]:
    """The terms by which an image is found, each with its best rank."""
    found: dict[str, int] = {}
    for rank, text in _texts(record, details):
        for term in terms_of(text):
            if term not in found:
                if len(found) == MAX_TERMS:
                    return found
                found[term] = rank
    return found


def day_of(image_id: str) -> str:
    """The day on which an image was made, `yyyy-mm-dd` in UTC."""
    return created_at(image_id).strftime("%Y-%m-%d")


def _texts(record: ImageRecord, details: Details) -> Iterator[tuple[int, str]]:
    """Everything that is searched, what says most first."""
    yield TITLE_RANK, details.title or ""
    for tag in details.tags:
        yield TITLE_RANK, tag
    yield NAME_RANK, record.filename
    # A derived text is the prompt's, or the title's, beginning.
    if details.alt_text_given:
        yield NAME_RANK, details.alt_text or ""
    prompt = (details.generation or {}).get("prompt")
    yield PROMPT_RANK, prompt if isinstance(prompt, str) else ""

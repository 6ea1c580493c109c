"""The facts of an image from which projections are built: rows for lists and searches, and figures."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from image_store.domain.finding.words import terms_of
from image_store.domain.ids import created_at
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, ImageRecord, State, Visibility

MAX_TERMS = 100
"""The most terms of an image: from title and tags first, then filename and alt text, then the prompt."""

TITLE_RANK, NAME_RANK, PROMPT_RANK = range(3)
"""How well a term describes its image, by the text it comes from; the lowest is best."""
RANKS = 3

Figures = dict[str, int]
"""Amounts by name, for addition."""

IMAGES, SIZE = "images", "size_bytes"
TRASH_PREFIX = "trash:"
"""Begins the names of figures of images in the trash."""
USAGE_PREFIX = "counted:"
"""Begins the names of figures of images that the owner's usage row counts too."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """Everything that the projections of an image are built from, besides its card."""

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
    """None in the trash, where similar images are not searched."""
    counted: bool = False
    """Whether the owner's usage row counts the image too."""
    groups: tuple[str, ...] | None = None
    """None in facts of earlier builds, which counted images of neither groups nor tags."""

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "ImageFacts":
        """The facts in a value of `to_json`."""
        # Earlier builds also projected the feed, and stored whether the image is in it.
        known = {name: fact for name, fact in value.items() if name != "public"}
        groups = known.get("groups")
        return cls(
            **{**known, "tags": tuple(value["tags"]), "groups": None if groups is None else tuple(groups)}
        )

    def to_json(self) -> dict[str, Any]:
        """The facts as a JSON value."""
        return asdict(self)

    @property
    def shown_groups(self) -> tuple[str, ...]:
        """The groups that count the image; none in the trash."""
        return () if self.trashed else self.groups or ()

    @property
    def shown_tags(self) -> tuple[str, ...]:
        """The tags that count the image; none in the trash."""
        return () if self.trashed or self.groups is None else self.tags

    @property
    def figures(self) -> Figures:
        """The amounts that the image adds to the totals of its owner and of the system."""
        names = [
            "",
            f"kind:{self.kind}:",
            f"format:{self.content_type}:",
            f"visibility:{self.visibility}:",
            *([TRASH_PREFIX] if self.trashed else []),
            *([USAGE_PREFIX] if self.counted else []),
        ]
        return {
            f"{name}{figure}": amount
            for name in names
            for figure, amount in ((IMAGES, 1), (SIZE, self.size_bytes))
        }


@dataclass(frozen=True, slots=True)
class Rebuild:
    """How far a rebuild of the projections has come.

    Every rebuild counts figures in a new epoch, while requests still read those of the served epoch. Both epochs are
    the same when no rebuild is under way.
    """

    served_epoch: int = 1
    new_epoch: int = 1
    begins_at: datetime | None = None
    """The rebuild reads no row before this instant, because consumers may not know of the new epoch yet."""
    after: str | None = None
    step: int = 0
    examined: int = 0

    @property
    def is_under_way(self) -> bool:
        """Whether a rebuild has begun and not ended."""
        return self.served_epoch != self.new_epoch


def facts_of(image: Image) -> ImageFacts | None:
    """The facts of an image; None unless it is READY or TRASHED."""
    record, details = image.record, image.details
    if not record.is_visible:
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
        groups=details.groups,
    )


def search_terms(record: ImageRecord, details: Details) -> dict[str, int]:
    """The search terms of an image, each with its best rank."""
    terms: dict[str, int] = {}
    for rank, text in _texts(record, details):
        for term in terms_of(text):
            if term not in terms:
                if len(terms) == MAX_TERMS:
                    return terms
                terms[term] = rank
    return terms


def day_of(image_id: str) -> str:
    """The day on which an image was made, `yyyy-mm-dd` in UTC."""
    return created_at(image_id).strftime("%Y-%m-%d")


def _texts(record: ImageRecord, details: Details) -> Iterator[tuple[int, str]]:
    """All texts that a search looks at, the best ranks first."""
    yield TITLE_RANK, details.title or ""
    for tag in details.tags:
        yield TITLE_RANK, tag
    yield NAME_RANK, record.filename
    # A derived alternative text only repeats the beginning of the prompt or the title.
    if details.alt_text_given:
        yield NAME_RANK, details.alt_text or ""
    prompt = (details.generation or {}).get("prompt")
    yield PROMPT_RANK, prompt if isinstance(prompt, str) else ""

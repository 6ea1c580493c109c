"""The details of an image: the attributes that callers set, stored as they are, and a few facts about them.

`DetailAttributes` is where an attribute begins. New images, stored rows, responses and merge patches follow its fields.
"""

from dataclasses import dataclass, field, fields
from typing import Any

MAX_TAGS = 20
MAX_TAG_CHARS = 64
MAX_GROUPS = 20
MAX_GROUP_ID_CHARS = 128
MAX_TITLE_CHARS = 300
MAX_ALT_TEXT_CHARS = 2_000
MAX_METADATA_BYTES = 4 * 1024
MAX_GENERATION_BYTES = 16 * 1024
MAX_ANALYSIS_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailAttributes:
    """The attributes that a caller sets and that only the detail view of an image needs.

    Each has a default, which images have that were stored before the attribute existed.
    """

    title: str | None = None
    alt_text: str | None = None
    tags: tuple[str, ...] = ()
    rating: int | None = None
    groups: tuple[str, ...] = ()
    """Each `type:id`."""
    generation: dict[str, Any] | None = None
    analysis: dict[str, Any] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


DETAIL_ATTRIBUTES = tuple(each.name for each in fields(DetailAttributes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Details(DetailAttributes):
    """The details of a stored image, in a row beside its record."""

    alt_text_given: bool = False
    """Whether the caller wrote the alternative text; otherwise it is derived, or there is none."""
    warnings: tuple[str, ...] = ()
    sealed: str | None = None
    """The sealed part of generation and analysis; None if nothing is sealed."""
    old_paths: tuple[str, ...] = ()
    """Paths under which it was public elsewhere, and which lead to it while it is published."""


def derived_alt_text(title: str | None, generation: dict[str, Any] | None) -> str | None:
    """The alternative text of an image that has none of its own: its prompt, or else its title."""
    prompt = (generation or {}).get("prompt")
    text = prompt if isinstance(prompt, str) and prompt.strip() else title
    return " ".join(text.split())[:300] if text else None

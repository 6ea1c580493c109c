"""The query of a search, the rows that it reads, and the score of an image."""

from collections.abc import Mapping
from dataclasses import dataclass

from image_store.domain.finding.filters import Filters
from image_store.domain.finding.projection import RANKS

_BINDING_ORDER = (
    "kind",
    "visibility",
    "tag",
    "group",
    "model",
    "provider",
    "category",
    "since",
    "until",
    "trashed",
)


@dataclass(frozen=True, slots=True)
class SearchQuery(Filters):
    """Which images of an owner to search, and for which words."""

    owner: str
    words: tuple[str, ...]
    """Folded terms; an image needs one that begins with each."""
    limit: int
    fields: frozenset[str] = frozenset()
    """The names out of `FIELDS` that cards carry."""

    @property
    def binding(self) -> tuple[str | None, ...]:
        """The query parts that a cursor is valid for; the limit may change from page to page."""
        return ("search", self.owner, " ".join(self.words), *self.filter_binding(_BINDING_ORDER))


@dataclass(frozen=True, slots=True)
class TermRow:
    """One term of an image, as a row."""

    place: str
    """The sort key: by term, then by rank, then the newest first."""
    term: str
    image_id: str
    terms: Mapping[str, int]
    """All terms of the image, each with its rank."""

    def is_first_for(self, word: str) -> bool:
        """Whether this is the first term of the image that begins with a word."""
        return self.term == min(term for term in self.terms if term.startswith(word))


@dataclass(frozen=True, slots=True)
class TermRows:
    """Rows in the order of their places, the number of rows examined, and the place after which to continue."""

    rows: tuple[TermRow, ...]
    examined: int
    resume_after: str | None


def score(terms: Mapping[str, int], words: tuple[str, ...]) -> int | None:
    """The distance of an image from a search, 0 being best; None when a word is missing.

    Each word counts with its best term: whole words before beginnings, then title and tags before filename and alt
    text before the prompt.
    """
    total = 0
    for word in words:
        distances = [
            rank if term == word else rank + RANKS for term, rank in terms.items() if term.startswith(word)
        ]
        if not distances:
            return None
        total += min(distances)
    return total

"""What a search asks for and what it finds."""

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

    @property
    def binding(self) -> tuple[str | None, ...]:
        """What a cursor of this search is bound to; the limit may change from page to page."""
        return ("search", self.owner, " ".join(self.words), *self.filter_binding(_BINDING_ORDER))


@dataclass(frozen=True, slots=True)
class TermRow:
    """A term of an image, as a search meets it."""

    place: str
    """Sorts by term, then by what says most of an image, then the newest first."""
    term: str
    image_id: str
    terms: Mapping[str, int]
    """All terms of the image, each with its rank."""

    def is_first_for(self, word: str) -> bool:
        """Whether a search for a word meets no other term of the image before."""
        return self.term == min(term for term in self.terms if term.startswith(word))


@dataclass(frozen=True, slots=True)
class TermRows:
    """Rows in the order of their places, how many were read for them, and where to go on."""

    rows: tuple[TermRow, ...]
    examined: int
    resume_after: str | None


def score(terms: Mapping[str, int], words: tuple[str, ...]) -> int | None:
    """How far an image is from what was asked, 0 being nearest; None when a word is missing.

    Each word counts by where it stands best: whole words before beginnings, then title and tags before filename and
    alt text before the prompt.
    """
    total = 0
    for word in words:
        found = [
            rank if term == word else rank + RANKS for term, rank in terms.items() if term.startswith(word)
        ]
        if not found:
            return None
        total += min(found)
    return total

"""Terms in memory, read off the records, so that they can never disagree with them."""

from collections.abc import Iterator, Mapping, Sequence

from image_store.domain.finding.cards import Card
from image_store.domain.finding.filters import FILTER_NAMES
from image_store.domain.finding.lists import ListQuery
from image_store.domain.finding.projection import facts_of
from image_store.domain.finding.search import SearchQuery, TermRow, TermRows
from image_store.domain.images.image import Image
from image_store.ports.finding import SearchIndex
from tests.fakes.repository import MemoryRepository, card_of, meets

_INVERTED = str.maketrans("0123456789abcdef", "fedcba9876543210")


class MemorySearchIndex(SearchIndex):
    """SearchIndex over a MemoryRepository."""

    def __init__(self, repository: MemoryRepository) -> None:
        self._repository = repository

    def rows(
        self, query: SearchQuery, word: str, *, start: str | None, end: str | None, limit: int
    ) -> TermRows:
        there = [
            (row, image)
            for image in self._repository.records.values()
            for row in _rows_of(image, query)
            if row.term.startswith(word)
        ]
        there.sort(key=lambda pair: pair[0].place)
        behind = [
            (row, image)
            for row, image in there
            if (start is None or row.place > start) and (end is None or row.place <= end)
        ]
        read = behind[:limit]
        matches = tuple(row for row, image in read if meets(image, _as_list(query)))
        return TermRows(matches, len(read), read[-1][0].place if len(behind) > limit else None)

    def cards(self, query: SearchQuery, image_ids: Sequence[str]) -> Mapping[str, Card]:
        result = {}
        for image_id in image_ids:
            image = self._repository.records.get(image_id)
            facts = facts_of(image) if image is not None else None
            if image is None or facts is None or facts.trashed != query.trashed:
                continue
            in_group = query.group is None or query.group in image.details.groups
            if in_group and (query.tag is None or query.tag in facts.tags):
                result[image_id] = card_of(image)
        return result


def _rows_of(image: Image, query: SearchQuery) -> Iterator[TermRow]:
    facts = facts_of(image)
    if facts is None or (facts.owner, facts.trashed) != (query.owner, query.trashed):
        return
    for term, rank in facts.terms.items():
        place = f"{term} {rank}{image.record.id.translate(_INVERTED)}"
        yield TermRow(place, term, image.record.id, facts.terms)


def _as_list(query: SearchQuery) -> ListQuery:
    """The same filters as a list's, but for tag and group, which rows of terms do not hold."""
    filters = {name: getattr(query, name) for name in FILTER_NAMES if name not in {"tag", "group"}}
    return ListQuery(query.owner, query.limit, from_records=True, **filters)

"""The feed's rows in memory, read off the records, with rows that are behind where a test leaves them."""

from collections.abc import Collection, Mapping, Sequence

from image_store.domain.cards import Card
from image_store.domain.image import Record
from image_store.domain.projection import facts_of, month_of
from image_store.ports.projections import FeedRows
from tests.fakes.repository import MemoryRepository, card_of


class MemoryFeedRows(FeedRows):
    """FeedRows over a MemoryRepository; `stale` are ids that still have a row."""

    def __init__(self, repository: MemoryRepository) -> None:
        self._repository = repository
        self.stale: set[str] = set()

    def months(self) -> Sequence[str]:
        return sorted({month_of(image_id) for image_id in self._shown()}, reverse=True)

    def ids(self, month: str, *, after: str | None, limit: int) -> Sequence[str]:
        found = sorted((image_id for image_id in self._shown() if month_of(image_id) == month), reverse=True)
        return [image_id for image_id in found if after is None or image_id < after][:limit]

    def public_cards(self, image_ids: Collection[str]) -> Mapping[str, Card]:
        records = self._repository.records
        return {
            image_id: card_of(records[image_id])
            for image_id in image_ids
            if image_id in records and is_public(records[image_id])
        }

    def _shown(self) -> set[str]:
        public = {image_id for image_id, record in self._repository.records.items() if is_public(record)}
        return public | self.stale


def is_public(record: Record) -> bool:
    """Whether an image belongs into the feed."""
    facts = facts_of(record)
    return facts is not None and facts.public

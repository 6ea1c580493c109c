"""The feed's rows in memory, read off the records, so that they can never disagree with them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from image_store.adapters.dynamodb.images.records import fingerprint
from image_store.domain.finding.feed import FeedEntry, FeedQuery, FeedSlice
from image_store.domain.ids import first_id_at
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image
from image_store.ports.finding import FeedRows
from tests.fakes.repository import MemoryRepository, card_of


class MemoryFeedRows(FeedRows):
    """FeedRows over a MemoryRepository."""

    def __init__(self, repository: MemoryRepository) -> None:
        self._repository = repository

    def entries(self, query: FeedQuery, *, after: str | None, at: datetime) -> FeedSlice:
        images = sorted(
            (
                image
                for image in self._repository.records.values()
                if is_shown(image, query, at) and (after is None or image.record.id < after)
            ),
            key=lambda image: image.record.id,
            reverse=True,
        )
        page = tuple(map(_entry, images[: query.limit]))
        return FeedSlice(page, page[-1].card.id if len(images) > query.limit else None)

    def details(self, entries: Sequence[FeedEntry]) -> Mapping[str, Details]:
        records = self._repository.records
        return {
            entry.card.id: records[entry.card.id].details
            for entry in entries
            if entry.card.id in records and fingerprint(records[entry.card.id].details) == entry.fingerprint
        }


def is_shown(image: Image, query: FeedQuery, at: datetime) -> bool:
    """Whether an image belongs into a feed."""
    record = image.record
    return (
        record.is_in_feed
        and (record.expires_at is None or record.expires_at > at)
        and query.owner in {None, record.owner}
        and (query.group is None or query.group in image.details.groups)
        and (query.since is None or record.id >= first_id_at(query.since))
        and (query.until is None or record.id < first_id_at(query.until))
    )


def _entry(image: Image) -> FeedEntry:
    record = image.record
    return FeedEntry(card_of(image), record.owner, record.expires_at, fingerprint(image.details))

"""What is built from the records, and found by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store.bootstrap.images import Images
from image_store.bootstrap.parts import made_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.ports.finding import FeedRows, Projector, SearchIndex, SimilarityIndex
    from image_store.ports.operations import Figures
    from image_store.ports.upkeep import FeedUpkeep
    from image_store.services.finding.card_details import CardCompletion
    from image_store.services.finding.feed import Feed
    from image_store.services.finding.search import Searching
    from image_store.services.finding.similarity import Similarity
    from image_store.services.upkeep.projecting import Projecting


class Finding(Images):
    """What is built from the records, and found by it."""

    @made_once
    def projector(self) -> Projector:
        from image_store.adapters.dynamodb.finding.projector import DynamoProjector

        return DynamoProjector(
            self.settings.table,
            client=lambda: self._dynamodb,
            policies_after_save=self.settings.cleanup_on_save,
        )

    @made_once
    def changed_image(self) -> Callable[[dict[str, Any]], str | None]:
        from image_store.adapters.dynamodb.images.changes import changed_image

        return changed_image

    @made_once
    def search_index(self) -> SearchIndex:
        from image_store.adapters.dynamodb.finding.search_index import DynamoSearchIndex

        return DynamoSearchIndex(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def similarity_index(self) -> SimilarityIndex:
        from image_store.adapters.dynamodb.finding.search_index import DynamoSimilarityIndex

        return DynamoSimilarityIndex(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def feed_rows(self) -> FeedRows:
        from image_store.adapters.dynamodb.finding.feed_rows import DynamoFeedRows

        return DynamoFeedRows(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def feed_upkeep(self) -> FeedUpkeep:
        from image_store.adapters.dynamodb.upkeep.feed_upkeep import DynamoFeedUpkeep

        return DynamoFeedUpkeep(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def figures(self) -> Figures:
        from image_store.adapters.dynamodb.operations.figures import DynamoFigures

        return DynamoFigures(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def card_completion(self) -> CardCompletion:
        from image_store.adapters.dynamodb.finding.card_details import DynamoCardDetails
        from image_store.services.finding.card_details import CardCompletion

        return CardCompletion(rows=DynamoCardDetails(self.settings.table, client=lambda: self._dynamodb))

    @made_once
    def projecting(self) -> Projecting:
        from image_store.services.upkeep.projecting import Projecting

        return Projecting(projector=self.projector, clock=self.clock)

    @made_once
    def searching(self) -> Searching:
        from image_store.services.finding.search import Searching

        return Searching(index=self.search_index, cursors=self.cursors, clock=self.clock)

    @made_once
    def similarity(self) -> Similarity:
        from image_store.services.finding.similarity import Similarity

        return Similarity(repository=self.repository, rows=self.similarity_index)

    @made_once
    def feed(self) -> Feed:
        from image_store.services.finding.feed import Feed

        return Feed(rows=self.feed_rows, cursors=self.cursors, clock=self.clock)

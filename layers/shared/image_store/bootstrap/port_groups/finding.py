"""Chooses the adapters of the ports by which images, groups and tags are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property
from image_store.bootstrap.port_groups.callers import CallerPorts

if TYPE_CHECKING:
    from image_store.ports.finding import (
        FeedRows,
        Groups,
        ListRows,
        Places,
        Projector,
        SearchIndex,
        SimilarityIndex,
    )


class FindingPorts(CallerPorts):
    """The rows of lists, searches and the feed, and what projects them."""

    @lazy_property
    def list_rows(self) -> ListRows:
        from image_store.adapters.dynamodb.finding.lists import DynamoListRows

        return DynamoListRows(self.table)

    @lazy_property
    def projector(self) -> Projector:
        from image_store.adapters.dynamodb.finding.projector import DynamoProjector

        return DynamoProjector(self.table, policies_after_save=self._settings.cleanup.runs_after_save)

    @lazy_property
    def search_index(self) -> SearchIndex:
        from image_store.adapters.dynamodb.finding.search_index import DynamoSearchIndex

        return DynamoSearchIndex(self.table)

    @lazy_property
    def similarity_index(self) -> SimilarityIndex:
        from image_store.adapters.dynamodb.finding.search_index import DynamoSimilarityIndex

        return DynamoSimilarityIndex(self.table)

    @lazy_property
    def feed_rows(self) -> FeedRows:
        from image_store.adapters.dynamodb.finding.feed_rows import DynamoFeedRows

        return DynamoFeedRows(self.table)

    @lazy_property
    def groups(self) -> Groups:
        from image_store.adapters.dynamodb.finding.groups import DynamoGroups

        return DynamoGroups(self.table)

    @lazy_property
    def places(self) -> Places:
        from image_store.adapters.dynamodb.finding.places import DynamoPlaces

        return DynamoPlaces(self.table)

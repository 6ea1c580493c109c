"""What queries of lists and searches mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.domain.listing import ListQuery
from image_store.entrypoints.schemas.queries import Order

if TYPE_CHECKING:
    from image_store.domain.searching import SearchQuery
    from image_store.entrypoints.schemas import queries


def list_query(owner: str, asked: queries.ImageQuery) -> ListQuery:
    """The list that a query means, of one owner."""
    return ListQuery(
        owner=owner,
        limit=asked.limit,
        descending=asked.order is Order.DESC,
        kind=asked.kind,
        visibility=asked.visibility,
        group=asked.group,
        since=asked.since,
        until=asked.until,
        trashed=asked.trashed,
        category=asked.category,
        tag=asked.tag,
        model=asked.model,
        provider=asked.provider,
    )


def search_query(owner: str, asked: queries.SearchQuery) -> SearchQuery:
    """The search that a query means, among the images of one owner."""
    from image_store.domain.searching import SearchQuery
    from image_store.domain.words import query_terms

    return SearchQuery(
        owner=owner,
        words=query_terms(asked.q),
        limit=asked.limit,
        kind=asked.kind,
        visibility=asked.visibility,
        tag=asked.tag,
        group=asked.group,
        model=asked.model,
        provider=asked.provider,
        category=asked.category,
        since=asked.since,
        until=asked.until,
        trashed=asked.trashed,
    )

"""What queries of lists and searches mean, and what their cards carry on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.domain.finding.lists import ListQuery
from image_store.entrypoints.finding.query_schemas import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.domain.finding.search import SearchQuery
    from image_store.entrypoints.finding import query_schemas as queries
    from image_store.entrypoints.images.answers import Answers, Extras
    from image_store.services.finding.card_details import CardFields
    from image_store.services.finding.lists import Page


def carried_fields(
    answers: Answers, rows: Callable[[], CardFields], owner: str, page: Page, fields: frozenset[str] | None
) -> Extras | None:
    """What the cards of an owner's page carry on request; nothing is loaded or read where nothing is wanted."""
    if not fields:
        return None
    from image_store.entrypoints.finding.card_details import extras_of

    return extras_of(answers, rows().of(owner, page.cards, fields), fields)


def list_query(owner: str, asked: queries.ImageListParameters) -> ListQuery:
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
        sha256=asked.sha256.lower() if asked.sha256 else None,
        fields=asked.fields or frozenset(),
    )


def search_query(owner: str, asked: queries.SearchParameters) -> SearchQuery:
    """The search that a query means, among the images of one owner."""
    from image_store.domain.finding.search import SearchQuery
    from image_store.domain.finding.words import query_terms

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

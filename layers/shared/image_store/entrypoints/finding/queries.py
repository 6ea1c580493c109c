"""Turns query parameters into queries of lists and searches, and completes their cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store.domain.finding.filters import FILTER_NAMES
from image_store.domain.finding.lists import ListQuery
from image_store.entrypoints.finding.query_schemas import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.domain.finding.search import SearchQuery
    from image_store.entrypoints.finding import query_schemas as queries
    from image_store.entrypoints.images.answers import Answers, OptionalFields
    from image_store.services.finding.card_details import CardCompletion
    from image_store.services.finding.lists import Page


def page_fields(
    answers: Answers,
    rows: Callable[[], CardCompletion],
    owner: str,
    page: Page,
    fields: frozenset[str] | None,
) -> OptionalFields | None:
    """The fields that the cards of an owner's page carry; without a request for fields, loads and reads nothing."""
    if not fields:
        return None
    from image_store.entrypoints.finding.card_details import extras_of

    return extras_of(answers, rows().of(owner, page.cards, fields), fields)


def list_query(owner: str, parameters: queries.ImageListParameters) -> ListQuery:
    """The list that query parameters describe, of one owner."""
    return ListQuery(
        owner=owner,
        limit=parameters.limit,
        descending=parameters.order is Order.DESC,
        sha256=parameters.sha256.lower() if parameters.sha256 else None,
        fields=parameters.fields or frozenset(),
        **_filters(parameters),
    )


def search_query(owner: str, parameters: queries.SearchParameters) -> SearchQuery:
    """The search that query parameters describe, among the images of one owner."""
    from image_store.domain.finding.search import SearchQuery
    from image_store.domain.finding.words import query_terms

    return SearchQuery(
        owner=owner, words=query_terms(parameters.q), limit=parameters.limit, **_filters(parameters)
    )


def _filters(parameters: queries.FilterParameters) -> dict[str, Any]:
    return {name: getattr(parameters, name) for name in FILTER_NAMES}

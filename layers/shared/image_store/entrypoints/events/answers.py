"""Reads requests about events, and builds the responses."""

import json

from aws_lambda_powertools.event_handler import Response

from image_store.domain.callers.caller import Caller
from image_store.domain.callers.scopes import Scope
from image_store.domain.events.event import event_body
from image_store.entrypoints.events.schemas import EventsQuery
from image_store.entrypoints.http.request import JSON
from image_store.entrypoints.operations.statistics_queries import StatsScope
from image_store.services.events.feed import EventPage, EventQuery


def event_query(query: EventsQuery, caller: Caller) -> EventQuery:
    """The events that a request is about; ScopeRequired unless an admin asks for those of all owners."""
    if query.scope is StatsScope.ALL:
        caller.check_scope(Scope.ADMIN)
    return EventQuery(
        owner=None if query.scope is StatsScope.ALL else caller.owner,
        after=query.after,
        since=query.since,
        types=query.types or frozenset(),
        limit=query.limit,
        wait=query.longest_wait,
    )


def event_page(page: EventPage) -> "Response[str]":
    """A page of events."""
    body = {
        "items": [event_body(event) for event in page.events],
        "next_cursor": page.next_cursor,
        "has_more": page.has_more,
    }
    return Response(200, JSON, json.dumps(body), headers={"Cache-Control": "no-store"})

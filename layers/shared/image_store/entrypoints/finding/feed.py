"""Turns pages of the feed into public responses."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Response

from image_store.domain.finding.cards import Card, CardFields
from image_store.domain.finding.feed import FeedPage, FeedQuery
from image_store.domain.finding.lists import FIELDS, FIELDS_OF_DETAILS
from image_store.domain.ids import link
from image_store.entrypoints.finding import query_schemas as queries
from image_store.entrypoints.finding.card_details import extras_of
from image_store.entrypoints.http.request import JSON
from image_store.entrypoints.images.answers import Answers

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALWAYS_SHOWN = frozenset({"renditions"})
_OWNER = frozenset({"owner_id"})


def feed_query(parameters: queries.FeedParameters) -> FeedQuery:
    """The part of the feed that query parameters describe."""
    return FeedQuery(
        parameters.limit,
        owner=parameters.owner,
        group=parameters.group,
        since=parameters.since,
        until=parameters.until,
    )


def shown_fields(*, details: bool, owners: bool) -> frozenset[str]:
    """The fields that a deployment makes public; the others are null in its feed."""
    of_images = frozenset(FIELDS) - _OWNER if details else _ALWAYS_SHOWN
    return of_images | (_OWNER if owners else frozenset())


def needs_details(fields: frozenset[str], shown: frozenset[str]) -> bool:
    """Whether the shown fields of a request need details."""
    return bool(fields & shown & FIELDS_OF_DETAILS)


def feed_answer(
    answers: Answers,
    page: FeedPage,
    *,
    fields: frozenset[str],
    shown: frozenset[str],
    details: bool,
    api_url: str,
    cache_for: timedelta,
) -> "Response[str]":
    """A page of the feed; without `details` it has no filename, and no alternative text that was derived.

    The page is the same for everyone, so a cache may store it for `cache_for`. `Vary` names the origin, because the
    gateway's CORS headers depend on it.
    """
    extras: Mapping[str, CardFields] = {
        entry.card.id: CardFields(entry.owner, page.details.get(entry.card.id), entry.card.renditions)
        for entry in page.entries
    }
    extra = extras_of(answers, extras, fields, shown=shown)

    def item(card: Card, publication: str) -> dict[str, Any]:
        return {
            **{name: value for name, value in answers.card(card).items() if name != "visibility"},
            "filename": card.filename if details else None,
            "alt_text": card.alt_text if details or card.alt_text_given else None,
            "public_url": f"{api_url}/i/{quote(link(card.id, publication))}",
            **extra(card),
        }

    items = [
        item(entry.card, entry.card.publication)
        for entry in page.entries
        if entry.card.publication is not None
    ]
    seconds = int(cache_for.total_seconds())
    cache_control = f"public, max-age={seconds}" if seconds else "no-store"
    text = json.dumps(
        {"items": items, "next_cursor": page.next_cursor}, ensure_ascii=False, separators=(",", ":")
    )
    return Response(200, JSON, text, headers={"Cache-Control": cache_control, "Vary": "Origin"})

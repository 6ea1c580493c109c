"""Turns pages of the feed into public responses."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Response

from image_store.domain.finding.cards import Card, Page
from image_store.domain.finding.lists import FIELDS, FIELDS_OF_DETAILS
from image_store.domain.ids import link
from image_store.entrypoints.finding.pages import field_values
from image_store.entrypoints.http.request import JSON
from image_store.entrypoints.images.answers import Answers

_ALWAYS_PUBLIC = frozenset({"renditions"})
_OWNER = frozenset({"owner_id"})


def public_fields(*, details: bool, owners: bool) -> frozenset[str]:
    """The fields that a deployment makes public; the others are null in its feed."""
    of_images = frozenset(FIELDS) - _OWNER if details else _ALWAYS_PUBLIC
    return of_images | (_OWNER if owners else frozenset())


def needs_details(fields: frozenset[str], public: frozenset[str]) -> bool:
    """Whether the public fields of a request need details."""
    return bool(fields & public & FIELDS_OF_DETAILS)


def feed_answer(
    answers: Answers,
    page: Page,
    *,
    fields: frozenset[str],
    public: frozenset[str],
    details: bool,
    api_url: str,
    cache_for: timedelta,
) -> "Response[str]":
    """A page of the feed; without `details` it has no filename, and no alternative text that was derived.

    The page is the same for everyone, so a cache may store it for `cache_for`. `Vary` names the origin, because the
    gateway's CORS headers depend on it.
    """

    def item(card: Card, publication: str) -> dict[str, Any]:
        values = field_values(answers, card, page.fields[card.id], fields)
        return {
            **{name: value for name, value in answers.card(card).items() if name != "visibility"},
            "filename": card.filename if details else None,
            "alt_text": card.alt_text if details or card.alt_text_given else None,
            "public_url": f"{api_url}/i/{quote(link(card.id, publication))}",
            **{name: value if name in public else None for name, value in values.items()},
        }

    items = [item(card, card.publication) for card in page.cards if card.publication is not None]
    seconds = int(cache_for.total_seconds())
    cache_control = f"public, max-age={seconds}" if seconds else "no-store"
    text = json.dumps(
        {"items": items, "next_cursor": page.next_cursor}, ensure_ascii=False, separators=(",", ":")
    )
    return Response(200, JSON, text, headers={"Cache-Control": cache_control, "Vary": "Origin"})

"""Turns pages of lists, searches and similar images into responses."""

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response

from image_store.domain.finding.cards import Card, CardFields, Page
from image_store.domain.finding.lists import FIELDS
from image_store.entrypoints.http.request import JSON
from image_store.entrypoints.images.answers import Answers, groups_of

if TYPE_CHECKING:
    from image_store.domain.finding.similarity import SimilarImage


def list_answer(answers: Answers, page: Page, fields: Collection[str] | None) -> "Response[str]":
    """A page of a list; its cards carry these fields."""
    return _answer(_body(answers, page, fields))


def search_answer(
    answers: Answers, page: Page, fields: Collection[str] | None, *, not_searched: Sequence[str]
) -> "Response[str]":
    """A page of search results, and the fields that were not searched."""
    return _answer(_body(answers, page, fields) | {"not_searched": not_searched})


def similar_answer(answers: Answers, images: "Sequence[SimilarImage]") -> "Response[str]":
    """Images that look like another one, each with its distance from it."""
    items = [{"card": answers.card(image.card), "distance": image.distance} for image in images]
    return _answer({"items": items})


def field_values(answers: Answers, card: Card, values: CardFields, fields: Collection[str]) -> dict[str, Any]:
    """The fields that a card carries on request."""
    details = values.details
    every = {
        "title": details.title if details else None,
        "prompt": (details.generation or {}).get("prompt") if details else None,
        "model": card.model,
        "provider": card.provider,
        "tags": details.tags if details else None,
        "groups": groups_of(details.groups) if details else None,
        "owner_id": values.owner,
        "renditions": {
            rendition.preset: answers.rendition_of_card(card, rendition) for rendition in values.renditions
        },
    }
    return {name: every[name] for name in FIELDS if name in fields}


def _body(answers: Answers, page: Page, fields: Collection[str] | None) -> dict[str, Any]:
    items = [
        answers.card(card) | (field_values(answers, card, page.fields[card.id], fields) if fields else {})
        for card in page.cards
    ]
    return {"items": items, "next_cursor": page.next_cursor}


def _answer(body: dict[str, Any]) -> "Response[str]":
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(200, JSON, text, headers={"Cache-Control": "private, no-store"})

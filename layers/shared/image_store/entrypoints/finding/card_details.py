"""Turns the fields that cards carry on request into JSON."""

from collections.abc import Mapping
from typing import Any

from image_store.domain.finding.cards import Card, CardFields
from image_store.domain.finding.lists import FIELDS
from image_store.entrypoints.images.answers import Answers, OptionalFields, groups_of


def extras_of(
    answers: Answers,
    extras: Mapping[str, CardFields],
    fields: frozenset[str],
    *,
    shown: frozenset[str] = frozenset(FIELDS),
) -> OptionalFields:
    """The fields to add to each card; a field is null if it is not in `shown` or the image has no value."""
    names = [name for name in FIELDS if name in fields]

    def extra(card: Card) -> dict[str, Any]:
        values = _values(answers, card, extras[card.id])
        return {name: values[name] if name in shown else None for name in names}

    return extra


def _values(answers: Answers, card: Card, card_fields: CardFields) -> dict[str, Any]:
    details = card_fields.details
    prompt = (details.generation or {}).get("prompt") if details else None
    return {
        "title": details.title if details else None,
        "prompt": prompt,
        "model": card.model,
        "provider": card.provider,
        "tags": details.tags if details else None,
        "groups": groups_of(details.groups) if details else None,
        "owner_id": card_fields.owner,
        "renditions": {
            rendition.preset: answers.rendition_of_card(card, rendition)
            for rendition in card_fields.renditions
        },
    }

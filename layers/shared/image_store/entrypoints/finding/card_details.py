"""What cards carry on request, as clients see it."""

from collections.abc import Mapping
from typing import Any

from image_store.domain.finding.cards import Card, CardFields
from image_store.domain.finding.lists import FIELDS
from image_store.entrypoints.images.answers import Answers, Extras, groups_of


def extras_of(
    answers: Answers,
    extras: Mapping[str, CardFields],
    fields: frozenset[str],
    *,
    shown: frozenset[str] = frozenset(FIELDS),
) -> Extras:
    """What to add to each card: each wanted field, which is null where it is not `shown` or there is none."""
    wanted = [name for name in FIELDS if name in fields]

    def extra(card: Card) -> dict[str, Any]:
        values = _values(answers, card, extras[card.id])
        return {name: values[name] if name in shown else None for name in wanted}

    return extra


def _values(answers: Answers, card: Card, extra: CardFields) -> dict[str, Any]:
    details = extra.details
    prompt = (details.generation or {}).get("prompt") if details else None
    return {
        "title": details.title if details else None,
        "prompt": prompt,
        "model": card.model,
        "provider": card.provider,
        "tags": details.tags if details else None,
        "groups": groups_of(details.groups) if details else None,
        "owner_id": extra.owner,
        "renditions": {made.preset: answers.rendition_of_card(card, made) for made in extra.renditions},
    }

"""Completes the cards of an owner's images with the fields of a request.

Rows of lists hold model, provider, owner and renditions. Title, prompt, tags and groups take one more row for each
image. An encrypted prompt is not decrypted here: only the response for a single image contains it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from image_store.domain.finding.cards import Card, CardFields
from image_store.domain.finding.lists import FIELDS_OF_DETAILS
from image_store.ports.finding import CardDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCompletion:
    """Completes cards."""

    rows: CardDetails

    def of(self, owner: str, cards: Sequence[Card], fields: frozenset[str]) -> Mapping[str, CardFields]:
        """The fields of an owner's cards, by image id."""
        ids = [card.id for card in cards]
        details = self.rows.details(ids) if ids and fields & FIELDS_OF_DETAILS else {}
        renditions = {card.id: card.renditions for card in cards}
        if "renditions" in fields:
            earlier = [card.id for card in cards if not card.renditions]
            renditions |= self.rows.renditions(earlier) if earlier else {}
        return {
            image_id: CardFields(owner, details.get(image_id), renditions.get(image_id, ()))
            for image_id in ids
        }

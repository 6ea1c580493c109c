"""What cards carry on request, of an owner's own images.

Rows of lists tell model, provider, owner and renditions. Title, prompt, tags and groups are read with one more row of
each image. A prompt that is sealed stays sealed: only the image itself is answered with it.
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
        """What the cards of an owner carry besides, by id."""
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

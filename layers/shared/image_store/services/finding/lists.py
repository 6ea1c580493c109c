"""Answers pages of an owner's images, and completes cards with the fields of a request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from image_store.domain.errors import InvalidRequest
from image_store.domain.finding.cards import Card, CardFields, Page
from image_store.domain.finding.lists import FIELDS_OF_DETAILS, ListQuery
from image_store.ports.finding import ListRows
from image_store.ports.system import Clock
from image_store.services.finding.cursors import Cursors


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Answers pages of lists."""

    rows: ListRows
    cursors: Cursors
    clock: Clock

    def page(self, query: ListQuery, *, cursor: str | None) -> Page:
        """One page; InvalidCursor unless the cursor is from the same query of the same owner."""
        if query.trashed and query.group is not None:
            raise InvalidRequest("Trashed images are in no group: ask for one or the other.")
        if query.sha256 is not None and (query.trashed or query.group is not None or query.tag is not None):
            raise InvalidRequest(
                "`sha256` finds images that are not in the trash; without `tag` and `group`."
            )
        if query.is_empty:
            return Page((), None)
        now = self.clock.now()
        after = self.cursors.read(cursor, query, at=now) if cursor is not None else None
        page = self.rows.cards(query, after=after)
        resume = page.resume_after
        return Page(
            page.cards,
            self.cursors.make(resume, query, at=now) if resume is not None else None,
            card_fields(self.rows, query.owner, page.cards, query.fields),
        )


def card_fields(
    rows: ListRows, owner: str, cards: Sequence[Card], fields: frozenset[str]
) -> Mapping[str, CardFields]:
    """The fields of an owner's cards, by image id.

    Rows of lists hold model, provider, owner and renditions. Title, prompt, tags and groups take one more row for each
    image. An encrypted prompt is not decrypted here: only the response for a single image contains it.
    """
    if not fields:
        return {}
    ids = [card.id for card in cards]
    details = rows.details(ids) if ids and fields & FIELDS_OF_DETAILS else {}
    renditions = {card.id: card.renditions for card in cards}
    if "renditions" in fields:
        earlier = [card.id for card in cards if not card.renditions]
        renditions |= rows.renditions(earlier) if earlier else {}
    return {
        image_id: CardFields(owner, details.get(image_id), renditions.get(image_id, ())) for image_id in ids
    }

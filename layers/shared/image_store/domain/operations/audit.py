"""The audit trail: who changed an image, in which request, and what became of it."""

from dataclasses import dataclass
from datetime import datetime

from image_store.domain.callers.actor import Actor
from image_store.domain.images.image import ImageRecord, State


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One write of a record, as the table's stream delivers it; the same write may come more than once."""

    event_id: str
    """Equal each time this write is delivered."""
    at: datetime
    before: ImageRecord | None
    """None when the record was new."""
    after: ImageRecord | None
    """None when the record is gone."""
    actor: Actor | None
    """None when it is unknown: a removed record and old records carry no actor."""

    @property
    def image(self) -> ImageRecord:
        """The image as it is by then, or as it was last."""
        record = self.after or self.before
        if record is None:
            raise ValueError("a change of nothing")
        return record

    @property
    def actions(self) -> tuple[str, ...]:
        """What happened, each by its word; never empty."""
        if self.after is None:
            is_end = self.before is not None and self.before.state is State.TOMBSTONE
            return ("forgotten",) if is_end else ("record_lost",)
        if self.before is None:
            return ("reserved",)
        if self.before.change == self.after.change and self.before.amendment == self.after.amendment:
            return ("changed_outside",)
        found = (*_moved(self.before, self.after), *_published(self.before, self.after))
        return found or (_otherwise(self.before, self.after),)


_ARRIVED = {
    State.READY: "stored",
    State.TRASHED: "trashed",
    State.DELETING: "deleting",
    State.TOMBSTONE: "deleted",
}


def _moved(before: ImageRecord, after: ImageRecord) -> tuple[str, ...]:
    if before.state is after.state:
        return ()
    if before.state is State.TRASHED and after.state is State.READY:
        return ("restored",)
    return (_ARRIVED.get(after.state, "changed_outside"),)


def _published(before: ImageRecord, after: ImageRecord) -> tuple[str, ...]:
    if before.publication == after.publication:
        is_begun = after.intent is not None and before.intent != after.intent
        return ("publishing",) if is_begun else ()
    ended = ("unpublished",) if before.publication is not None else ()
    begun = ("published",) if after.publication is not None else ()
    return (*ended, *begun)


def _otherwise(before: ImageRecord, after: ImageRecord) -> str:
    if before.renditions != after.renditions and after.state is not State.PENDING:
        return "renditions_added"
    if before.transformed != after.transformed:
        return "transform_added"
    if after.state is State.PENDING:
        return "upload_refused" if after.refusal is not None else "upload_advanced"
    if before.intent is not None and after.intent is None:
        return "publishing_given_up"
    return "edited"

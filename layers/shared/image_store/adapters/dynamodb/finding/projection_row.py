"""The row `PROJECTION#{id}`: which version of an image is projected, and by which facts its rows can be found."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from image_store.adapters.dynamodb import items, keys, schema
from image_store.adapters.dynamodb.finding import projections as rows
from image_store.adapters.dynamodb.finding.projections import RowKey
from image_store.domain.finding.projection import ImageFacts
from image_store.domain.images.image import Image, State


@dataclass(frozen=True, slots=True)
class ProjectionRow:
    """The row; it stores the epoch as `generation`."""

    revision: int
    version: int
    epoch: int
    facts: ImageFacts | None
    before: tuple[ImageFacts, ...]
    """The facts of earlier versions, until all rows are written."""
    cards: str
    terms: str
    """Digests of the rows that lists read (`cards`) and that searches read (`terms`)."""
    is_complete: bool

    @property
    def all_facts(self) -> tuple[ImageFacts, ...]:
        """The facts behind all rows that may exist."""
        own = () if self.facts is None else (self.facts,)
        return (*own, *(facts for facts in self.before if facts not in own))

    def row_keys(self, image_id: str) -> set[RowKey]:
        """The keys of all rows that may exist."""
        return {key for facts in self.all_facts for key in rows.row_keys(image_id, facts)}


def needs_projection(image: Image | None, current: ProjectionRow | None, epoch: int, *, again: bool) -> bool:
    """Whether the image has changes that are not projected."""
    if image is None:
        return current is not None and (current.facts is not None or not current.is_complete)
    if current is None:
        # A reservation has no projections. The end of an image gets a row even if the image was never projected,
        # because a slow consumer that read the image before its end must find it.
        return image.record.state is not State.PENDING
    older = current.version < image.record.version
    counted_elsewhere = current.facts is not None and current.epoch < epoch
    return older or not current.is_complete or counted_elsewhere or again


def item_of(image_id: str, row: ProjectionRow, *, is_complete: bool, ends_at: datetime | None) -> items.Item:
    """The row as an item; until `is_complete` it names the rows of earlier versions too."""
    item: items.Item = {
        **keys.projection(image_id),
        **schema.STAMP,
        "revision": {"N": str(row.revision)},
        "version": {"N": str(row.version)},
        "generation": {"N": str(row.epoch)},
        "cards": {"S": row.cards},
        "terms": {"S": row.terms},
    }
    if row.facts is not None:
        item["facts"] = {"S": _json(row.facts.to_json())}
    if not is_complete:
        item["before"] = {"S": _json([facts.to_json() for facts in row.before])}
    if ends_at is not None:
        item["ttl"] = {"N": str(int(ends_at.timestamp()))}
    return item


@schema.reading
def row_of(item: items.Item) -> ProjectionRow:
    """The row in an item; UnreadableRow if a newer version wrote it."""
    schema.version_of(item)
    before = json.loads(item["before"]["S"]) if "before" in item else []
    return ProjectionRow(
        revision=int(item["revision"]["N"]),
        version=int(item["version"]["N"]),
        epoch=int(item["generation"]["N"]),
        facts=ImageFacts.from_json(json.loads(item["facts"]["S"])) if "facts" in item else None,
        before=tuple(map(ImageFacts.from_json, before)),
        cards=item["cards"]["S"],
        # Earlier builds stored no digest of these rows, so the next change writes them again.
        terms=item["terms"]["S"] if "terms" in item else "",
        is_complete="before" not in item,
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

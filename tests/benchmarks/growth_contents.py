"""What a table and a bucket hold whose growth is measured.

The rows by which images are found, and the figures that they are counted in, are made by what the projector makes
them with, but a thousand images at once: to project a hundred thousand, each in a transaction of its own, would take
longer than all that is measured. A test holds them against what the projector writes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import batched
from pathlib import Path

from image_store.adapters.dynamodb import items, keys, projections
from image_store.adapters.dynamodb.projections import Counters, RowKey
from image_store.domain.ids import uuid7
from image_store.domain.image import Record, State, Visibility
from image_store.domain.projection import IMAGES, SIZE, Facts, facts_of
from tests.benchmarks.disk_bucket import DiskBucket
from tests.benchmarks.disk_table import DiskTable
from tests.benchmarks.sample import OWNER, record

COMMON, ALSO_COMMON, RARE = "harbour", "dawn", "lighthouse"
"""Words, and tags, of all images and of the first few."""
GENERATION = 1
"""The generation of figures that is answered while there has been no rebuild."""

_BATCH = 1_000
_DAYS = 30
_MODELS = 12
_RARE_IMAGES = 50
_TRASHED_FOR = timedelta(days=7)
# An image has ten more rows by which nobody here asks; none of them lies in a partition that is read.
_READ = (
    keys.tagged(OWNER, COMMON, trashed=False),
    *(keys.terms(OWNER, word, trashed=False) for word in (COMMON, ALSO_COMMON, RARE)),
    keys.feed(""),
)


@dataclass(frozen=True, slots=True)
class Contents:
    """Images, and what of them is written."""

    sample: Callable[[int], Record]
    rows: Callable[[Sequence[Record]], Iterable[items.Item]]
    figures: Callable[[Sequence[Record]], Iterable[items.Item]] = lambda _: ()
    """Rows whose numbers add up."""

    def fill(self, folder: Path, indexes: Sequence[int]) -> None:
        """Add images to a table and a bucket, which are made if they are not there."""
        with (
            closing(DiskTable(folder / "table.db")) as table,
            closing(DiskBucket(folder / "bucket.db")) as bucket,
        ):
            for some in batched(indexes, _BATCH, strict=False):
                made = [self.sample(index) for index in some]
                table.put(self.rows(made))
                table.add(self.figures(made))
                bucket.put(key for sample in made for key in sample.image.private_keys)


def found(index: int) -> Record:
    """One of the images of a month, of several models; every second is public, and the first few are rare."""
    made = record(index)
    created_at = made.image.created_at + timedelta(days=index % _DAYS)
    image = replace(
        made.image, id=uuid7(created_at, index << 64 | index), created_at=created_at, updated_at=created_at
    )
    if index % 2 == 0:
        image = replace(image, visibility=Visibility.PUBLIC, publication=f"{index:021d}A")
    tags = (*made.details.tags, *((RARE,) if index < _RARE_IMAGES else ()))
    generation = {**(made.details.generation or {}), "model": f"model-{index % _MODELS}"}
    return Record(image, replace(made.details, tags=tags, generation=generation))


def trashed(index: int) -> Record:
    """An image that has been in the trash for long enough."""
    made = record(index)
    due_at = made.image.created_at + _TRASHED_FOR
    return replace(made, image=replace(made.image, state=State.TRASHED, due_at=due_at))


def found_by(made: Record) -> dict[RowKey, items.Item]:
    """Every row by which the projector lets an image be found."""
    facts = _facts(made)
    return {
        **projections.listed_rows(made, facts),
        **projections.term_rows(made.image.id, facts),
        **projections.feed_rows(made.image.id, facts),
    }


def counted_in(samples: Iterable[Record]) -> dict[RowKey, items.Item]:
    """The figures that the projector counts of images: for their owner, for all, and by month for the feed."""
    sums: Counters = {}
    models: dict[RowKey, str] = {}
    for made in samples:
        facts = _facts(made)
        for key, amounts in projections.counters_of(made.image.id, facts, GENERATION).items():
            sums.setdefault(key, Counter()).update(amounts)
            if facts.model is not None and key[1] == keys.model_stats(facts.model):
                models[key] = facts.model
    return {
        key: _numbers(keys.key(*key), amounts) | ({"model": {"S": models[key]}} if key in models else {})
        for key, amounts in sums.items()
    }


def _stored_rows(samples: Iterable[Record]) -> Iterable[items.Item]:
    return (row for made in samples for row in items.rows_of(made).values())


def _read_rows(samples: Sequence[Record]) -> list[items.Item]:
    """Records, and the rows by which they are asked for here."""
    rows = {}
    for made in samples:
        stored = items.rows_of(made)
        meta = (keys.image(made.image.id), keys.META)
        rows[meta] = stored[meta]
        rows |= {key: row for key, row in found_by(made).items() if key[0].startswith(_READ)}
    return [rows[key] for key in sorted(rows)]


def _figures(samples: Sequence[Record]) -> Iterable[items.Item]:
    stored: Counter[str] = Counter()
    for made in samples:
        stored.update({IMAGES: 1, SIZE: made.image.size_bytes})
    return [*counted_in(samples).values(), _numbers(keys.usage(OWNER), stored)]


def _numbers(key: keys.Key, amounts: Counter[str]) -> items.Item:
    return {**key, **{name: {"N": str(amount)} for name, amount in amounts.items()}}


def _facts(made: Record) -> Facts:
    facts = facts_of(made)
    assert facts is not None
    return facts


STORED = Contents(record, _stored_rows)
"""Images with the rows that are written together with them."""
TRASHED = Contents(trashed, _stored_rows)
"""The same in the trash."""
FOUND = Contents(found, _read_rows, _figures)
"""Images as they are listed, searched, shown to everybody and counted."""

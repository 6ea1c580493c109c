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

from image_store.adapters.dynamodb import group_keys, items, keys
from image_store.adapters.dynamodb.finding import projections
from image_store.adapters.dynamodb.finding.place_figures import NEWEST
from image_store.adapters.dynamodb.finding.projections import Counters, RowKey
from image_store.adapters.dynamodb.images import records
from image_store.domain.finding.projection import ImageFacts, facts_of
from image_store.domain.ids import uuid7
from image_store.domain.images.image import Image, Kind, State, Visibility
from tests.benchmarks.disk_bucket import DiskBucket
from tests.benchmarks.disk_table import DiskTable
from tests.benchmarks.sample import OWNER, sample_image

COMMON, ALSO_COMMON, RARE = "harbour", "dawn", "lighthouse"
"""Words, and tags, of all images and of the first few."""
CATEGORY, MODEL, PROVIDER, GROUP = "category-2", "model-2", "provider-2", "conversation:c1"
"""One category of seven, one model of eleven, one provider of four; all images are in the group."""
EPOCH = 1
"""The epoch whose figures are answered while there has been no rebuild."""

_BATCH = 1_000
_DAYS = 30
_SAME_DAY = 4
# None of these divides another, nor do days; so what a filter leaves lies evenly in the order of time.
_CATEGORIES, _MODELS, _UPLOADS = 7, 11, 9
_PROVIDERS = _SAME_DAY
_REFERENCES = 1_000
_RARE_IMAGES = 100
_TRASHED_FOR = timedelta(days=7)
# An image has more rows by which nobody here asks; none of them lies in a partition that is read.
_READ = (
    keys.group(OWNER, GROUP),
    keys.in_category(OWNER, CATEGORY),
    keys.by_model(OWNER, MODEL),
    keys.tagged(OWNER, COMMON, trashed=False),
    *(keys.terms(OWNER, word, trashed=False) for word in (COMMON, ALSO_COMMON, RARE)),
    keys.FEED,
    keys.feed_of_owner(OWNER),
    keys.feed_of_group(GROUP),
)


@dataclass(frozen=True, slots=True)
class Contents:
    """Images, and what of them is written."""

    sample: Callable[[int], Image]
    write: Callable[[DiskTable, Sequence[Image]], None]
    sizes: tuple[int, ...]
    """With how many images it is measured, the fewest first."""
    lasts: bool = False
    """Whether it is only read."""

    def fill(self, folder: Path, indexes: Sequence[int]) -> None:
        """Add images to a table and a bucket, which are made if they are not there."""
        with (
            closing(DiskTable(folder / "table.db")) as table,
            closing(DiskBucket(folder / "bucket.db")) as bucket,
        ):
            for some in batched(indexes, _BATCH, strict=False):
                samples = [self.sample(index) for index in some]
                self.write(table, samples)
                bucket.put(key for sample in samples for key in sample.record.private_keys)


def found(index: int) -> Image:
    """One of the images of a month, which filters tell apart; every second is public, and the first few are rare.

    Every ninth is an upload, one in a thousand a reference, and all others are generated.
    """
    image = sample_image(index)
    created_at = image.record.created_at + timedelta(days=index // _SAME_DAY % _DAYS)
    record = replace(
        image.record,
        id=uuid7(created_at, index << 64 | index),
        created_at=created_at,
        updated_at=created_at,
        kind=_kind(index),
        category=f"category-{index % _CATEGORIES}",
    )
    if index % 2 == 0:
        record = replace(record, visibility=Visibility.PUBLIC, publication=f"{index:021d}A")
    tags = (*image.details.tags, *((RARE,) if index < _RARE_IMAGES else ()))
    generation = {
        **(image.details.generation or {}),
        "model": f"model-{index % _MODELS}",
        "provider": f"provider-{index % _PROVIDERS}",
    }
    return Image(record, replace(image.details, tags=tags, generation=generation))


def _kind(index: int) -> Kind:
    if index % _REFERENCES == 1:
        return Kind.REFERENCE
    return Kind.UPLOAD if index % _UPLOADS == 0 else Kind.GENERATED


def trashed(index: int) -> Image:
    """An image that has been in the trash for long enough."""
    image = sample_image(index)
    due_at = image.record.created_at + _TRASHED_FOR
    return replace(image, record=replace(image.record, state=State.TRASHED, due_at=due_at))


def found_by(record: Image, facts: ImageFacts) -> dict[RowKey, items.Item]:
    """Every row by which the projector lets an image be found."""
    return {
        **projections.card_rows(record, facts),
        **projections.term_rows(record, facts),
    }


def counted_in(images: Iterable[tuple[str, ImageFacts]]) -> dict[RowKey, items.Item]:
    """The figures that the projector counts of images: for their owner and for all."""
    sums: Counters = {}
    models: dict[RowKey, str] = {}
    newest: dict[RowKey, str] = {}
    for image_id, facts in images:
        for key, amounts in projections.counters_of(image_id, facts, EPOCH, part=image_id).items():
            sums.setdefault(key, Counter()).update(amounts)
            if facts.model is not None and key[1] == keys.model_stats(facts.model):
                models[key] = facts.model
            if group_keys.is_place_stats(key[1]):
                newest[key] = max(image_id, newest.get(key, ""))
    texts = {"model": models, NEWEST: newest}
    return {
        key: _numbers(keys.key(*key), amounts)
        | {name: {"S": values[key]} for name, values in texts.items() if key in values}
        for key, amounts in sums.items()
    }


def facts_for(record: Image) -> ImageFacts:
    """What is projected of an image that is to be found."""
    facts = facts_of(record)
    assert facts is not None
    return facts


def _write_stored(table: DiskTable, images: Sequence[Image]) -> None:
    table.put(row for record in images for row in records.rows_of(record).values())


def _write_found(table: DiskTable, images: Sequence[Image]) -> None:
    """Write records, the rows by which they are asked for here, and the figures of them."""
    rows: dict[RowKey, items.Item] = {}
    facts = {record.record.id: facts_for(record) for record in images}
    for record in images:
        stored_rows = records.rows_of(record)
        own = [(keys.image(record.record.id), sort_key) for sort_key in (keys.META, keys.DETAIL)]
        rows |= {key: stored_rows[key] for key in own}
        rows_of_images = stored_rows | found_by(record, facts[record.record.id])
        rows |= {key: row for key, row in rows_of_images.items() if key[0].startswith(_READ)}
    table.put(rows[key] for key in sorted(rows))
    table.add(counted_in(facts.items()).values())


def _numbers(key: keys.Key, amounts: Counter[str]) -> items.Item:
    return {**key, **{name: {"N": str(amount)} for name, amount in amounts.items()}}


STORED = Contents(sample_image, _write_stored, (1_000, 10_000, 100_000))
"""Images with the rows that are written together with them."""
TRASHED = Contents(trashed, _write_stored, (1_000, 10_000, 100_000))
"""The same in the trash."""
FOUND = Contents(found, _write_found, (1_000, 10_000, 100_000), lasts=True)
"""Images as they are listed, searched, shown to everybody and counted."""

"""What docs/scale.md and `image-store estimate` state of the table holds for what the adapters write."""

import pytest

from image_store.adapters.dynamodb import keys
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Visibility
from image_store_cli.estimate.calculation import table_kb, write_units
from image_store_cli.estimate.usage import Usage
from tests.benchmarks import scale
from tests.benchmarks.sample import PROJECTED, item_size_bytes
from tests.benchmarks.table_units import TableUnits
from tests.fakes.dynamodb import all_items
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.faults.world import World

OVERHEAD_BYTES = 100
"""DynamoDB bills so much more for each row, of the table and of an index."""


def test_private_uploads_of_many_owners_share_no_partition_key_that_a_thousand_a_second_fill() -> None:
    limits = scale.uploads(Visibility.PRIVATE)

    assert limits.due >= 4_000
    assert limits.feed == float("inf")
    assert limits.owner == 1_000
    assert limits.group == 500


def test_public_uploads_end_at_the_one_partition_key_of_the_feed() -> None:
    limits = scale.uploads(Visibility.PUBLIC)

    assert limits.due >= 4_000
    assert limits.feed == limits.owner == limits.group == 500


def test_with_one_shard_of_due_rows_uploads_would_end_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation names the shard that is too small."""
    monkeypatch.setattr(keys, "DUE_SHARDS", 1)

    assert scale.uploads(Visibility.PUBLIC, count=8).due <= 250


def test_one_partition_key_answers_500_pages_of_the_feed_a_second() -> None:
    assert scale.feed_pages() == 500


@pytest.mark.parametrize(("owners", "least"), [(1, 300), (100_000, 250)])
def test_four_consumers_project_several_times_as_many_images_together(owners: int, least: int) -> None:
    together = scale.project_at_once(4, owners=owners, each=25)
    alone = scale.project_at_once(4, owners=owners, each=5, together=False)

    assert together.failed == alone.failed == 0
    assert together.images_a_second >= max(least, 1.5 * alone.images_a_second)
    assert together.tries_an_image < alone.tries_an_image


@pytest.mark.parametrize("visibility", [Visibility.PRIVATE, Visibility.PUBLIC])
@pytest.mark.parametrize(("words", "tags", "groups"), [(5, 0, 0), (30, 3, 1), (90, 5, 2)])
def test_the_estimate_knows_units_and_size_of_an_image_within_a_tenth(
    visibility: Visibility, words: int, tags: int, groups: int
) -> None:
    client = TableUnits(MemoryDynamo())
    world = World(client)
    others = {(row["pk"]["S"], row["sk"]["S"]) for row in all_items(client, world.table)}
    client.writes.clear()
    attributes = Attributes(
        title=" ".join(f"worda{number}" for number in range(words)),
        tags=tuple(f"tag{number}" for number in range(tags)),
    )

    image = world.upload(
        visibility, groups=tuple(f"g:{number}" for number in range(groups)), attributes=attributes
    )
    world.project(image.record.id)

    rows = [
        row
        for row in all_items(client, world.table)
        if (row["pk"]["S"], row["sk"]["S"]) not in others and not row["pk"]["S"].startswith(keys.STATS_PREFIX)
    ]
    found_by = sum(row["pk"]["S"].startswith("TERM#") for row in rows)
    indexed = [
        {name: row[name] for name in row.keys() & set(PROJECTED)} for row in rows if "owner_key" in row
    ]
    size_kb = sum(item_size_bytes(row) + OVERHEAD_BYTES for row in (*rows, *indexed)) / 1_000
    usage = Usage(
        words=found_by - tags,
        tags=tags,
        groups=groups,
        public_percent=100 if visibility is Visibility.PUBLIC else 0,
    )
    assert sum(write_units(usage)) == pytest.approx(client.writes.total(), rel=0.1)
    assert table_kb(usage) == pytest.approx(size_kb, rel=0.1)

"""What must be true of a world, whatever failed in it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.delivery import publication_items
from image_store.adapters.dynamodb.images import records
from image_store.domain.delivery.renditions import UPLOAD_RECIPES
from image_store.domain.errors import ImageNotFound
from image_store.domain.ids import link
from image_store.domain.images.image import Image, ImageRecord, State, Visibility
from tests.fakes.dynamodb import all_items
from tests.fakes.projections import OF_PROJECTIONS, assert_feed_follows, assert_projected
from tests.samples import OWNER, PICTURE, PUBLIC_URL

if TYPE_CHECKING:
    from tests.faults.world import World


def _publications_in(rows: list[items.Item]) -> list[items.Item]:
    return [row for row in rows if row["sk"]["S"] == keys.PUBLICATION]


def records_in(rows: list[items.Item]) -> list[Image]:
    of_images: dict[str, list[items.Item]] = defaultdict(list)
    for row in rows:
        if row["sk"]["S"] in {keys.META, keys.DETAIL}:
            of_images[row["pk"]["S"]].append(row)
    images = [records.image_of(parts) for parts in of_images.values()]
    return [image for image in images if image is not None]


def assert_sound(world: World) -> None:
    """Nothing is orphaned, nothing dangles, nothing is public that should not be, and the count is exact."""
    rows = all_items(world.client, world.table)
    records = records_in(rows)
    images = [image for image in records if image.record.state in {State.READY, State.TRASHED}]
    assert len(images) == len(records), "a record was left that nobody can see"
    owned = {key for image in images for key in image.record.private_keys}
    owned |= {
        key
        for image in images
        for key in world.private.objects
        if image.record.transformed and key.startswith(image.record.transform_key(""))
    }
    assert set(world.private.objects) - owned == set(), "orphaned private objects"
    assert owned - set(world.private.objects) == set(), "records without their objects"
    published = {
        image.record.publication: image.record
        for image in images
        if image.record.state is State.READY and image.record.publication is not None
    }
    shown = {key for name, record in published.items() for key in record.public_keys(name)}
    assert_public_copies_are_named(world, rows)
    assert shown - set(world.public.objects) == set(), "publications without their copies"
    for image in images:
        private = image.record.visibility is Visibility.PRIVATE or image.record.state is State.TRASHED
        assert private == (image.record.publication is None), "the visibility is not what is served"
    counted = [image.record.size_bytes for image in images if image.record.counted]
    quota = keys.usage(OWNER)
    row = next((row for row in rows if all(row[name] == quota[name] for name in quota)), {})
    usage = tuple(int(row.get(name, {"N": "0"})["N"]) for name in ("images", "size_bytes"))
    assert usage == (len(counted), sum(counted)), "the count is not exact"
    assert len(counted) == (len(images) if world.uploads.quota.is_set else 0)
    _assert_rows_follow(images, rows)
    assert_feed_follows(rows)
    assert_shown(world, world.bystander)


def assert_public_copies_are_named(world: World, rows: list[items.Item]) -> None:
    # A copy that was announced and never committed goes with its publication.
    named = {key for row in map(publication_items.publication_of, _publications_in(rows)) for key in row.keys}
    assert set(world.public.objects) - named == set(), "public objects of no current publication"
    kept_by_cdn = {f"{PUBLIC_URL}/{key}" for key in named}
    assert world.cdn.cached - kept_by_cdn == set(), "copies of no current publication at the CDN"


def assert_projections_follow(world: World) -> None:
    """Once all of the stream was read, every image is found by what it is, and a recount of the figures agrees."""
    rows = all_items(world.client, world.table)
    changed = {image.record.id for image in records_in(rows)}
    projected = (row["pk"]["S"] for row in rows if row["pk"]["S"].startswith(keys.PROJECTION_PREFIX))
    for image_id in changed | {pk.removeprefix(keys.PROJECTION_PREFIX) for pk in projected}:
        world.project(image_id)
    assert_projected(all_items(world.client, world.table))


def assert_feed_is_current(world: World) -> None:
    """Everybody finds the images that are READY, public and published at this moment, and no others."""
    assert_feed_follows(all_items(world.client, world.table))


def _assert_rows_follow(images: list[Image], rows: list[items.Item]) -> None:
    """The table holds the rows of its records and the count, and no others."""
    expected = {row for image in images for row in records.rows_of(image)}
    stored = {(item["pk"]["S"], item["sk"]["S"]) for item in rows}
    # The count, what cleanup, sweeps and migrations remember, groups, owners, breakers, keys, webhooks, what expires.
    beside = {
        row
        for row in stored
        if row[1] in {"QUOTA", "USAGE", "SWEEP"}
        or row[0].startswith(
            (
                "BACKUP",
                "CLEANUP",
                "GROUPS#",
                "IMPORT#",
                "MIGRATION#",
                "MIGRATIONS",
                "OWNERS",
                "PROVIDER#",
                "PROVIDERKEYS#",
                "WEBHOOK",
                *OF_PROJECTIONS,
            )
        )
    }
    beside |= {(item["pk"]["S"], item["sk"]["S"]) for item in rows if "ttl" in item}
    key_ids = {row[0].removeprefix("KEY#") for row in stored if row[1] == "KEY"}
    listed_ids = {row[1].rpartition("/")[2] for row in stored if row[0] == "KEYS"}
    assert key_ids == listed_ids, "an API key that is not listed, or listed and gone"
    beside |= {row for row in stored if row[1] == "KEY" or row[0] == "KEYS"}
    assert stored - beside == expected, "rows that follow from no record"


def assert_bytes(world: World, record: ImageRecord) -> None:
    """Every private object of the image is there, and the original has the bytes that were accepted."""
    assert set(record.private_keys) <= world.private.objects.keys()
    original = world.private.objects[record.original_key].data
    assert hashlib.sha256(original).hexdigest() == record.sha256


def assert_readable(world: World, image: Image) -> None:
    """The owner can read the image as it was stored."""
    stored_image = world.retrieval.get(OWNER, image.record.id)
    assert world.bucket.get(stored_image.record.original_key, max_bytes=1_000) == PICTURE
    keys = set(stored_image.record.private_keys)
    assert len(keys) > len(UPLOAD_RECIPES)
    assert keys <= world.private.objects.keys()


def assert_shown(world: World, image: Image) -> None:
    """Its link shows the image to everybody."""
    assert_readable(world, image)
    name = image.record.publication
    assert name is not None
    record = world.retrieval.get_public(link(image.record.id, name))
    assert record.id == image.record.id
    assert record.public_keys(name) <= world.public.objects.keys()
    assert len(record.public_keys(name)) >= len(UPLOAD_RECIPES)


def assert_not_shown(world: World, image: Image, publication: str) -> None:
    """A link that was once good shows nothing, and no copy is left."""
    try:
        world.retrieval.get_public(link(image.record.id, publication))
    except ImageNotFound:
        pass
    else:
        raise AssertionError("the link still works")
    assert not [key for key in world.public.objects if key.startswith(f"p/{publication}/")]
    assert not [url for url in world.cdn.cached if url.startswith(f"{PUBLIC_URL}/p/{publication}/")]


def assert_gone(world: World, image: Image) -> None:
    """Neither the record nor any object below its folder is left."""
    assert world.repository.get(image.record.id) is None
    record = image.record
    folders = (record.prefix, record.transforms_prefix)
    assert not [key for key in world.private.objects if key.startswith(folders)]

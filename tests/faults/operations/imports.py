"""Objects that are dropped into the ingest bucket, migrations, and imports from another store."""

import json
from base64 import b64encode
from datetime import UTC, datetime

from image_store.domain.images.image import Visibility
from image_store.domain.images.ingest import ANNOUNCEMENT_LIFETIME, DroppedObject
from image_store.domain.images.reservation import RESERVATION_LIFETIME
from image_store.domain.upkeep.importing import Import, ImportOptions, ImportStatus, SourceItem
from image_store.domain.upkeep.migration import JsonLines, Migration, MigrationStatus, Options
from image_store.services.upkeep.ingest_sweep import EVENTS_TAKE, REST, SweepReport
from tests.faults.operation import Operation
from tests.faults.operations.common import ingested
from tests.faults.roles import runs_as
from tests.faults.soundness import assert_readable, assert_sound
from tests.faults.world import World
from tests.samples import OWNER, PICTURE

JSON_LINES = "migrations/records.jsonl"
RECORDS = 2
OLD_DATE = datetime(2015, 1, 2, 3, 4, 5, tzinfo=UTC)


@runs_as("migrate")
def begin_migration(world: World) -> Migration:
    """Ask for the migration of records in JSON lines, one a batch; each holds the picture."""
    image = b64encode(PICTURE).decode()
    lines = [{"id": str(number), "owner": OWNER, "image": image} for number in range(RECORDS)]
    data = "\n".join(map(json.dumps, lines)).encode()
    world.ingested.put(JSON_LINES, data, content_type="", cache_control="", metadata={})
    return world.migration_requests.begin(JsonLines(JSON_LINES), Options(batch_size=1))


def migrate(world: World, begun: Migration) -> Migration | None:
    """Let the function behind the queue work for as long as it gets on; None when something is left to do."""
    while world.sqs.waiting["work"]:
        if world.work_off():
            return None
    return world.migrations.get(begun.id)


def migrated(world: World, _: Migration, after: Migration | None) -> None:
    assert after is None or after.status is MigrationStatus.SUCCEEDED


def migrated_once(world: World, before: Migration) -> None:
    """Each record is an image, and its migration says so."""
    while world.sqs.waiting["work"]:
        world.work_off()
        world.clock.instant += RESERVATION_LIFETIME
    after = world.migrations.get(before.id)
    assert after is not None
    assert after.status is MigrationStatus.SUCCEEDED
    assert (after.tally.seen, after.left, after.tally.failed) == (RECORDS, 0, 0)
    world.settle()
    assert_sound(world)
    images = ingested(world)
    assert len(images) == RECORDS, "a record is not one image"
    for image in images:
        assert_readable(world, image)


@runs_as("imports")
def begin_import(world: World) -> Import:
    """Ask for the import of images of another store, in pages of one; each has an old path."""
    world.old_store.page_size = 1
    for number in range(RECORDS):
        item = SourceItem(
            id=f"old/{number}.png",
            size_bytes=len(PICTURE),
            created_at=OLD_DATE,
            paths=(f"/old/{number}.png",),
            visibility=Visibility.UNLISTED,
        )
        world.old_store.add(item, PICTURE)
    return world.import_requests.begin(ImportOptions(source="old", owner=OWNER, redirects=True))


def do_import(world: World, begun: Import) -> Import | None:
    """Let the function behind the queue work for as long as it gets on; None when something is left to do."""
    for _ in range(20):
        if not world.sqs.waiting["work"]:
            return world.imports.get(begun.id)
        if world.work_off():
            return None
        job = world.imports.get(begun.id)
        if job is not None and job.waits_until is not None:
            return None
    return None


def has_ended(world: World, _: Import, after: Import | None) -> None:
    assert after is None or after.status is ImportStatus.SUCCEEDED


def imported_once(world: World, before: Import) -> None:
    """Each image of the source is an image here, its import says so, and so does its old path."""
    while world.sqs.waiting["work"]:
        world.work_off()
        world.clock.instant += RESERVATION_LIFETIME
    after = world.imports.get(before.id)
    assert after is not None
    assert after.status is ImportStatus.SUCCEEDED
    assert (after.tally.stored, after.tally.existed, after.tally.failed) == (RECORDS, 0, 0)
    world.settle()
    assert_sound(world)
    images = ingested(world)
    assert len(images) == RECORDS, "an image of the source is not one image"
    for image in images:
        assert_readable(world, image)
        assert image.record.created_at == OLD_DATE
    page = world.imports.records(before.id, after=None, limit=100)
    assert {record.image_id for record in page.records} == {image.record.id for image in images}


def dropped(world: World) -> DroppedObject:
    return world.drop()


def ingested_or_waiting(world: World, _: DroppedObject, left: int) -> None:
    assert left or ingested(world)


def ingested_once(world: World, before: DroppedObject) -> None:
    """Whatever happened to its event: delivered for as long as it waits, and once more, it becomes one image."""
    world.announce_dropped(before)
    while world.deliver():
        pass
    images = ingested(world)
    assert len(images) == 1, "a dropped object is not one image"
    assert_readable(world, images[0])
    assert_sound(world)
    assert not world.sqs.waiting["dead letters"]


def refused_with_its_reason(world: World, _: DroppedObject) -> None:
    while world.deliver():
        pass
    letters = world.sqs.waiting["dead letters"]
    assert letters
    assert {letter["attributes"]["reason"]["StringValue"] for letter in letters} == {"invalid_request"}


def overlooked(world: World) -> DroppedObject:
    """An object whose event was lost."""
    before = world.drop(announced=False)
    world.clock.instant += EVENTS_TAKE
    return before


def announced(world: World, _: DroppedObject, report: SweepReport) -> None:
    assert report.stopped_because or report.announced == 1


def found_by_the_next_sweeps(world: World, before: DroppedObject) -> None:
    world.clock.instant += ANNOUNCEMENT_LIFETIME + REST
    world.sweep()
    world.deliver()
    ingested_once(world, before)


IMPORTS = (
    Operation(
        "ingest",
        dropped,
        lambda world, _: world.deliver(),
        ingested_or_waiting,
        calls=7,
        whatever=ingested_once,
    ),
    Operation(
        "ingest of what is refused",
        lambda world: world.drop("ingest/of-nobody.png"),
        lambda world, _: world.deliver(),
        lambda _world, _before, _left: None,
        calls=2,
        whatever=refused_with_its_reason,
    ),
    Operation(
        "sweep for lost events",
        overlooked,
        lambda world, _: world.sweep(),
        announced,
        calls=6,
        whatever=found_by_the_next_sweeps,
    ),
    Operation(
        "migration",
        begin_migration,
        migrate,
        migrated,
        calls=33,
        whatever=migrated_once,
    ),
    Operation(
        "import",
        begin_import,
        do_import,
        has_ended,
        calls=32,
        whatever=imported_once,
    ),
)

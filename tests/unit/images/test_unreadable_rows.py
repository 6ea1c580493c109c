"""A row that cannot be read stops nobody: cleanup and lists pass it over, count it and leave all of its objects."""

from datetime import timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.finding.lists import DynamoListRows
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.upkeep.housekeeping import DynamoHousekeeping
from image_store.domain.errors import UnreadableRow
from image_store.domain.images.image import Image, Kind, State, Visibility
from image_store.domain.images.reservation import RESERVATION_LIFETIME
from image_store.domain.upkeep.cleanup import GRACE, Policy
from image_store.services.upkeep.projections import Projections
from tests.fakes.dynamodb import new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.store import Store
from tests.faults.faults import Killed, Mode
from tests.faults.soundness import assert_readable, assert_sound
from tests.faults.world import World
from tests.samples import OWNER

EXPIRY = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return World(MemoryDynamo())


def spoil(world: World, key: keys.Key, **changes: Any) -> None:
    """Make a row one that nobody can read."""
    item = world.client.get_item(TableName=world.table, Key=key)["Item"]
    world.client.put_item(TableName=world.table, Item=item | changes)


def spoil_record(world: World, image: Image) -> None:
    spoil(world, keys.record(image.record.id), record={"S": "{"})


def test_cleanup_collects_everything_but_what_it_cannot_read_and_says_how_much_that_is(world: World) -> None:
    bad, good = (world.upload(Visibility.PUBLIC, expires_at=world.clock.now() + EXPIRY) for _ in range(2))
    spoil_record(world, bad)
    world.clock.instant += EXPIRY + GRACE

    report = world.collect()

    assert (report.unreadable, report.expired, report.failed) == (1, 1, 0)
    assert world.repository.get(good.record.id).record.state is State.TOMBSTONE  # type: ignore[union-attr]
    assert set(bad.record.private_keys) <= world.private.objects.keys()
    assert world.housekeeping.reports(limit=1)[0].unreadable == 1


def test_a_row_of_a_later_version_loses_none_of_its_objects(world: World) -> None:
    image = world.upload(Visibility.PUBLIC)
    spoil(world, keys.record(image.record.id), **{schema.ATTRIBUTE: {"N": "99"}})
    world.clock.instant += GRACE + timedelta(days=8)

    for _ in range(3):
        report = world.collect()
        world.clock.instant += timedelta(days=8)

    assert (report.unreadable, report.orphans) == (1, 0)
    assert set(image.record.private_keys) <= world.private.objects.keys()
    assert image.record.public_keys(image.record.publication or "") <= world.public.objects.keys()


def test_the_copies_of_a_publication_that_cannot_be_read_stay(world: World) -> None:
    image = world.upload(Visibility.PUBLIC)
    spoil(world, keys.publication(image.record.publication or ""), image_id={"N": "1"})
    world.clock.instant += GRACE + timedelta(days=2)

    report = world.collect()

    assert report.orphans == 0
    assert image.record.public_keys(image.record.publication or "") <= world.public.objects.keys()


def test_policies_pass_over_what_they_cannot_read() -> None:
    store = Store(policies=[Policy(kind=Kind.UPLOAD, older_than=timedelta(days=1), keep_newest=0)])
    bad, good = (store.upload(data=b"\x89PNG\r\n\x1a\n" + bytes([number])) for number in range(2))
    store.repository.unreadable = {bad.record.id}
    store.clock.instant += timedelta(days=2)

    report = store.collect()

    assert (report.policies, report.unreadable) == ([1], 1)
    assert store.repository.records[good.record.id].record.state is State.TRASHED


def test_a_report_or_position_that_cannot_be_read_is_treated_as_missing(world: World) -> None:
    world.collect()
    first = world.housekeeping.reports(limit=1)[0]
    spoil(world, keys.cleanup_report(first.id), report={"S": "["})
    spoil(world, keys.cleanup_position("private"), started_at={"S": "yesterday"})

    assert world.housekeeping.reports(limit=10) == []
    assert world.housekeeping.position("private") is None
    assert world.collect().failed == 0


def test_a_report_of_the_first_version_is_read() -> None:
    client = MemoryDynamo()
    new_table(client, "images")
    report = (
        '{"id":"r1","started_at":"2026-03-01T12:00:00.000000Z","dry_run":false,"finished_at":null,"abandoned":2,'
        '"policies":[1],"failed":0,"stopped_because":null}'
    )
    client.put_item(TableName="images", Item={**keys.cleanup_report("r1"), "report": {"S": report}})

    (stored_report,) = DynamoHousekeeping(DynamoTable("images", client=lambda: client)).reports(limit=5)

    assert (stored_report.abandoned, stored_report.policies, stored_report.unreadable) == (2, [1], 0)


def test_the_others_of_a_batch_are_projected(world: World, caplog: pytest.LogCaptureFixture) -> None:
    bad, good = (world.upload(Visibility.PUBLIC) for _ in range(2))
    spoil_record(world, bad)
    failed: list[str] = []

    Projections(projector=world.projector, clock=world.clock).project(
        [bad.record.id, good.record.id], failed=lambda image_id, _: failed.append(image_id)
    )

    assert failed == [], "what can never be read is not tried again"
    assert bad.record.id in caplog.text
    row = world.client.get_item(TableName=world.table, Key=keys.projection(good.record.id))
    assert "Item" in row


def test_a_rebuild_skips_rows_that_cannot_be_read(world: World) -> None:
    bad, good = (world.upload(Visibility.PUBLIC) for _ in range(2))
    for image in (bad, good):
        world.project(image.record.id)
    spoil_record(world, bad)
    after: str | None = None
    while True:
        _, after = world.projector.rebuild_slice(after=after, limit=5, epoch=2, at=world.clock.now())
        if after is None:
            break

    row = world.client.get_item(TableName=world.table, Key=keys.projection(good.record.id))["Item"]
    assert row["generation"] == {"N": "2"}


def test_a_single_record_that_cannot_be_read_gets_a_plain_message(world: World) -> None:
    image = world.upload(Visibility.PRIVATE)
    spoil_record(world, image)

    with pytest.raises(UnreadableRow, match="restore it"):
        world.retrieval.get(OWNER, image.record.id)


# Clocks that ran ahead ----------------------------------------------------------------------------------


def abandoned_by_a_clock_ahead(world: World, ahead: timedelta) -> Image:
    world.clock.instant += ahead
    world.faults.begin("dynamodb.transact_write_items#2", Mode.KILLED)
    with pytest.raises(Killed):
        world.upload(Visibility.PUBLIC, key="a key")
    world.faults.end()
    world.clock.instant -= ahead
    (pending,) = (image for image in world.records() if image.record.state is State.PENDING)
    return pending


def test_a_reservation_written_by_a_fast_clock_holds_no_key(world: World) -> None:
    abandoned_by_a_clock_ahead(world, timedelta(days=3))

    again = world.upload(Visibility.PUBLIC, key="a key")

    assert again.record.state is State.READY


def test_a_reservation_written_by_a_fast_clock_is_collected(world: World) -> None:
    pending = abandoned_by_a_clock_ahead(world, timedelta(days=3))
    world.clock.instant += RESERVATION_LIFETIME

    report = world.collect()

    assert report.abandoned == 1
    assert not set(pending.record.private_keys) & world.private.objects.keys()
    world.clock.instant += timedelta(days=5)
    world.settle()
    assert_sound(world)


def test_the_tombstone_of_a_clock_that_ran_ahead_goes(world: World) -> None:
    image = world.upload(Visibility.PRIVATE)
    world.clock.instant += timedelta(days=400)
    world.deletion.delete(OWNER, image.record.id, permanent=True)
    world.clock.instant -= timedelta(days=400)

    report = world.collect()

    assert report.tombstones == 1
    assert world.repository.get(image.record.id) is None


def test_an_image_whose_owner_wants_it_long_is_not_taken_for_one_of_a_wrong_clock(world: World) -> None:
    image = world.upload(Visibility.PRIVATE, expires_at=world.clock.now() + timedelta(days=4_000))
    world.collect()

    assert_readable(world, image)


def test_a_lease_of_cleanup_written_by_a_fast_clock_is_taken_over() -> None:
    store = Store()
    store.housekeeping.take_lease(
        holder="ahead", at=store.clock.now(), until=store.clock.now() + timedelta(days=1)
    )

    assert store.collect().stopped_because is None


def test_a_turn_impossibly_far_in_the_future_comes_at_once(world: World) -> None:
    now = world.clock.now()
    world.repository.owner_done("ahead", next_at=now + timedelta(days=30))
    world.repository.owner_done("soon", next_at=now + timedelta(hours=5))

    assert list(world.repository.owners_due(now)) == ["ahead"]


def test_a_pass_that_began_in_the_future_does_not_delay_the_next(world: World) -> None:
    ahead = timedelta(days=90)
    world.clock.instant += ahead
    world.collect()
    world.clock.instant -= ahead
    world.upload(Visibility.PRIVATE)
    world.clock.instant += GRACE + timedelta(hours=1)

    assert world.collect().examined > 0


def test_what_storage_does_not_answer_is_not_taken_for_unreadable(world: World) -> None:
    world.upload(Visibility.PRIVATE, expires_at=world.clock.now() + EXPIRY)
    world.clock.instant += EXPIRY
    world.faults.begin("private.delete#1", Mode.ERROR_BEFORE)
    report = world.collect()
    world.faults.end()

    assert (report.unreadable, report.failed >= 1) == (0, True)


def test_cards_go_without_the_fields_that_cannot_be_read(world: World) -> None:
    bad, good = (world.upload(Visibility.PRIVATE) for _ in range(2))
    spoil(world, keys.detail(bad.record.id), body={"S": "{"})
    spoil_record(world, bad)
    rows = DynamoListRows(DynamoTable(world.table, client=lambda: world.client))
    image_ids = [bad.record.id, good.record.id]

    assert set(rows.details(image_ids)) == {good.record.id}
    assert set(rows.renditions(image_ids)) == {good.record.id}

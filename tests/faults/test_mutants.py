"""The fault matrix catches what it is there to catch: each rule of the protocols, broken once."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import Phase, settings

from image_store.adapters.dynamodb import keys
from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.delivery.render_requests import RenditionRequest
from image_store.domain.delivery.renditions import Rendition
from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.image import Image, ImageRecord, Visibility, public_key
from image_store.domain.images.ingest import DroppedObject
from image_store.services.delivery.publishing import Publisher
from image_store.services.delivery.rendering import Rendering
from image_store.services.images.deletion import Deletion
from image_store.services.images.write_protocol import ObjectWrite, WriteProtocol
from tests.fakes.rows import DynamoRows
from tests.faults.faults import Mode
from tests.faults.operation import LAST_COMMITS, Operation, Rehearsal, run
from tests.faults.operations.catalogue import OPERATIONS
from tests.faults.ports import as_a
from tests.faults.soundness import assert_feed_is_current
from tests.faults.test_any_history import let_run
from tests.faults.world import World, Worlds


def withdraw_with(world: World, publisher: type[Publisher]) -> None:
    """Let another publisher withdraw what is unpublished from here on; cleanup keeps its own."""
    world.editing = replace(world.editing, publisher=as_a(publisher, world.publisher))


def operation(name: str) -> Operation:
    return next(candidate for candidate in OPERATIONS if candidate.name == name)


def ignore_roles(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a mutant delete what its role forbids: the state of the store has to give it away."""
    monkeypatch.setattr(world.gate, "check", lambda _: None)


class DeletesOnError(WriteProtocol):
    """An upload that failed takes its objects away again."""

    def commit(self, pending: Image) -> Image:
        try:
            return super().commit(pending)
        except StorageUnavailable:
            self.private.delete(pending.record.private_keys)
            raise


class CommitsFirst(WriteProtocol):
    """First the record, then the bytes."""

    late: list[ObjectWrite] = []  # noqa: RUF012 - one upload at a time

    def put(self, writes: Sequence[ObjectWrite], *, until: datetime) -> None:
        self.late[:] = writes

    def commit(self, pending: Image) -> Image:
        stored = super().commit(pending)
        super().put(self.late, until=self.clock.now() + timedelta(seconds=1))
        return stored


@pytest.mark.parametrize(
    ("mutant", "at", "mode"),
    [
        (DeletesOnError, "dynamodb.transact_write_items#2", Mode.ANSWER_LOST_IN_OUTAGE),
        (CommitsFirst, "private.put original.png#1", Mode.ERROR_BEFORE),
    ],
)
def test_an_upload_in_the_wrong_order_is_caught(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, mutant: type[WriteProtocol], at: str, mode: Mode
) -> None:
    world = worlds()
    world.follow(mutant)
    ignore_roles(world, monkeypatch)

    with pytest.raises(AssertionError, match="records without their objects"):
        run(world, operation("private upload"), at=at, mode=mode)


class DoesNotReadBack(DynamoRows):
    """A repository that takes a lost answer for a failure."""

    def _is_mine(self, record: ImageRecord) -> bool:
        return False


def test_a_commit_without_a_read_back_is_caught(worlds: Worlds) -> None:
    upload = operation("private upload")
    rehearsal = Rehearsal(worlds(repository=DoesNotReadBack), upload)

    with pytest.raises(StorageUnavailable):  # the image is stored, and its owner is told that it is not
        rehearsal.run_unnoticed(LAST_COMMITS[upload.name], Mode.ANSWER_LOST)


class RemovesObjectsFirst(Deletion):
    """A deletion that begins with the objects."""

    def start(self, image: Image) -> Image:
        self.private.delete(image.record.private_keys)
        return super().start(image)


def test_a_deletion_that_begins_with_the_objects_is_caught(worlds: Worlds) -> None:
    world = worlds(deletion=RemovesObjectsFirst)

    with pytest.raises(AssertionError, match="records without their objects"):
        run(
            world, operation("permanent delete"), at="dynamodb.transact_write_items#1", mode=Mode.ERROR_BEFORE
        )


def test_keys_that_records_share_are_caught(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageRecord, "original_key", property(lambda record: f"originals/{record.sha256}"))
    world = worlds()

    with pytest.raises(AssertionError, match="records without their objects"):
        run(world, operation("permanent delete"), at=None, mode=Mode.ERROR_BEFORE)


def test_a_prefix_without_a_slash_is_caught(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    world = worlds()
    monkeypatch.setattr(ImageRecord, "prefix", property(lambda record: f"{record.folder}{record.id}"))

    with pytest.raises(ValueError, match="prefix"):
        run(world, operation("permanent delete"), at=None, mode=Mode.ERROR_BEFORE)


def test_copies_that_stay_public_are_caught(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    world = worlds()
    monkeypatch.setattr(world.public, "delete", lambda _: None)

    with pytest.raises(AssertionError, match="of no current publication"):
        run(world, operation("unpublish"), at=None, mode=Mode.ERROR_BEFORE)


class PurgesFirst(Publisher):
    """A publisher in a hurry: the CDN fetches again what it was just told to forget."""

    def remove(self, rows: Sequence[PublicationRow]) -> int:
        assert self.purger is not None
        self.purger.purge([f"{self.public_url}/{key}" for row in rows for key in row.keys])
        return Publisher.remove(replace(self, purger=None), rows)


class ForgetsFirst(Publisher):
    """And one that forgets what it still has to do."""

    def remove(self, rows: Sequence[PublicationRow]) -> int:
        for row in rows:
            self.publications.forget_publication(row, at=self.clock.now())
        return super().remove(rows)


@pytest.mark.parametrize(
    ("mutant", "at", "unsound"),
    [
        (PurgesFirst, None, "copies of no current publication at the CDN"),
        (ForgetsFirst, "cdn.purge#1", "copies of no current publication at the CDN"),
        (ForgetsFirst, "public.delete#1", "of no current publication"),
    ],
)
def test_an_unpublish_in_the_wrong_order_is_caught(
    worlds: Worlds, mutant: type[Publisher], at: str | None, unsound: str
) -> None:
    world = worlds()
    withdraw_with(world, mutant)

    with pytest.raises(AssertionError, match=unsound):
        run(world, operation("unpublish"), at=at, mode=Mode.ERROR_BEFORE)


class Overwrites(DynamoRows):
    """A repository whose writers overwrite what they did not see."""

    def replace(self, before: Image, after: Image, **named: Any) -> None:
        super().replace(self.get(before.record.id) or before, after, **named)


def test_a_commit_that_overwrites_what_cleanup_took_away_is_caught(worlds: Worlds) -> None:
    world = worlds(repository=Overwrites)

    class Late(WriteProtocol):
        def put(self, writes: Sequence[ObjectWrite], *, until: datetime) -> None:
            super().put(writes, until=until)
            world.clock.instant += timedelta(minutes=3)
            world.collect()

    world.follow(Late)

    with pytest.raises(AssertionError):
        run(world, operation("private upload"), at=None, mode=Mode.ERROR_BEFORE)


def test_an_object_that_becomes_an_image_with_every_event_is_caught(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = count()
    monkeypatch.setattr(DroppedObject, "name", property(lambda _: f"event {next(numbers)}"))

    with pytest.raises(AssertionError, match="not one image"):
        run(worlds(), operation("ingest"), at=None, mode=Mode.ERROR_BEFORE)


def test_random_histories_catch_a_commit_before_the_bytes_as_well() -> None:
    chosen = settings(max_examples=100, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)

    with pytest.raises(AssertionError):
        let_run(chosen, protocol=CommitsFirst)


class ForgetsWithoutLooking(DynamoRows):
    """A repository that forgets a publication whatever else its row names."""

    def forget_publication(self, row: PublicationRow, *, at: datetime) -> None:
        publication = self.publication(row.publication)
        if publication is not None:
            super().forget_publication(publication, at=at)


def test_a_publication_that_is_forgotten_with_copies_left_is_caught(worlds: Worlds) -> None:
    world = worlds(repository=ForgetsWithoutLooking)

    with pytest.raises(AssertionError, match="of no current publication"):
        run(world, operation("unpublish after a request that died"), at=None, mode=Mode.ERROR_BEFORE)


class CopiesUnannounced(Publisher):
    """A publisher that makes a copy nobody was told of."""

    def add_copy(self, record: ImageRecord, rendition: Rendition) -> bool:
        assert self.bucket is not None
        assert record.publication is not None
        key = public_key(record.publication, rendition)
        self._copy_one(self.bucket, record, rendition, key, self.cache_control(record))
        return True


def test_a_copy_that_no_publication_names_is_caught(worlds: Worlds) -> None:
    world = worlds()
    parts = {part.name: getattr(world.publisher, part.name) for part in fields(Publisher)}
    object.__setattr__(world.rendering, "publisher", CopiesUnannounced(**parts))

    with pytest.raises(AssertionError, match="of no current publication"):
        run(world, operation("unpublish after a request that died"), at=None, mode=Mode.ERROR_BEFORE)


class RemovesWhatItCouldNotCommit(Rendering):
    """A maker that takes its object away again."""

    def _commit(self, request: RenditionRequest, record: ImageRecord, rendition: Rendition) -> None:
        try:
            super()._commit(request, record, rendition)
        except StorageUnavailable:
            self.private.delete([record.rendition_key(rendition)])
            raise


def test_a_try_that_is_removed_after_a_lost_response_is_caught(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = worlds(rendering=RemovesWhatItCouldNotCommit)
    ignore_roles(world, monkeypatch)

    with pytest.raises(AssertionError, match="records without their objects"):
        run(
            world,
            operation("request of a missing rendition of a private image"),
            at="dynamodb.transact_write_items#1",
            mode=Mode.ANSWER_LOST_IN_OUTAGE,
        )


class CommitsWithoutCondition(DynamoRows):
    """A repository whose additions overwrite what they did not see."""

    def amend(self, before: ImageRecord, after: ImageRecord) -> None:
        current = self.get_record(before.id)
        assert current is not None
        super().amend(current, after)


def test_a_rendition_added_to_what_was_not_seen_is_caught(worlds: Worlds) -> None:
    world = worlds(repository=CommitsWithoutCondition)

    class Overtaken(Publisher):
        def add_copy(self, record: ImageRecord, rendition: Rendition) -> bool:
            done = super().add_copy(record, rendition)
            world.show_id(record.id, Visibility.PRIVATE)
            return done

    parts = {part.name: getattr(world.publisher, part.name) for part in fields(Publisher)}
    object.__setattr__(world.rendering, "publisher", Overtaken(**parts))

    with pytest.raises(AssertionError):
        run(
            world,
            operation("request of a missing rendition of a public image"),
            at=None,
            mode=Mode.ERROR_BEFORE,
        )


class LeavesInFeed(DynamoRows):
    """A repository that withdraws an image and leaves its rows of the feed."""

    def _delete(self, pk: str, sk: str) -> dict[str, Any]:
        return super()._delete(pk, f"not {sk}" if pk.startswith(keys.FEED_PREFIX) else sk)


@pytest.mark.parametrize("end", ["withdraw", "trash", "delete"])
def test_a_private_image_that_stays_in_the_feed_is_caught(worlds: Worlds, end: str) -> None:
    world = worlds(repository=LeavesInFeed)
    image_id = world.upload(Visibility.PUBLIC).record.id
    assert_feed_is_current(world)

    if end == "withdraw":
        world.show_id(image_id, Visibility.PRIVATE)
    else:
        world.delete_id(image_id, permanent=end == "delete")

    with pytest.raises(AssertionError):
        assert_feed_is_current(world)

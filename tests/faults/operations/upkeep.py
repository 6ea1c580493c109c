"""Cleanup and repair."""

from datetime import timedelta

import pytest

from image_store.domain.ids import uuid7
from image_store.domain.images.image import Image, State, Visibility
from image_store.domain.upkeep.cleanup import GRACE, CleanupReport
from image_store.domain.upkeep.repair import RepairJob
from tests.fakes.object_store import MemoryBucket
from tests.faults.faults import Killed, Mode
from tests.faults.operation import Operation
from tests.faults.operations.common import deleted
from tests.faults.operations.renditions import with_a_rendition
from tests.faults.ports import PASSING, POLICY
from tests.faults.roles import runs_as
from tests.faults.soundness import assert_readable, assert_shown
from tests.faults.world import World
from tests.samples import OWNER


@runs_as("admin")
def begin_repair(world: World) -> RepairJob:
    """Ask for a repair of the whole store."""
    return world.app.upkeep.repair_requests.begin()


def expire(world: World, _: None = None) -> Image:
    image = world.upload(Visibility.PUBLIC, expires_at=world.clock.now() + timedelta(minutes=1))
    world.clock.instant += timedelta(minutes=2)
    return image


def abandon(world: World) -> None:
    """An upload whose function ended when all was written and nothing committed."""
    world.faults.begin("dynamodb.transact_write_items#2", Mode.KILLED)
    with pytest.raises(Killed):
        world.upload(Visibility.PUBLIC)
    world.faults.end()
    world.clock.instant += timedelta(minutes=3)


def littered(world: World) -> None:
    """Objects that belong to nobody, in both buckets."""
    for bucket, key in (
        (world.private, f"images/{uuid7(world.clock.now(), 0)}/{0:016}/original.png"),
        (world.public, f"p/{0:022}/thumb.webp"),
    ):
        # As nobody's request does: no visitor of the CDN ever knew the address.
        MemoryBucket.put(bucket, key, b"nobody's", content_type="image/png", cache_control="", metadata={})
    world.clock.instant += GRACE + timedelta(minutes=1)


def dangling(world: World) -> Image:
    """A record whose original somebody took away."""
    image = world.upload(Visibility.PUBLIC)
    world.private.delete([image.record.original_key])
    world.clock.instant += GRACE + timedelta(minutes=1)
    return image


def superfluous(world: World) -> tuple[Image, ...]:
    """An image that the deployment's policy lets go, and one that it keeps."""
    images = []
    for _ in range(2):
        images.append(world.upload(Visibility.PUBLIC, category=PASSING))
        world.project(images[-1].record.id)  # which lets the policies have a turn
        world.clock.instant += timedelta(minutes=1)
    world.clock.instant += POLICY.older_than
    return tuple(images)


def only_the_older_trashed(world: World, before: tuple[Image, ...], report: CleanupReport) -> None:
    if report.policies == [1]:
        assert world.retrieval.get(OWNER, before[0].record.id).record.state is State.TRASHED


def newest_kept(world: World, before: tuple[Image, ...]) -> None:
    assert_readable(world, before[0])
    assert_shown(world, before[1])


def emptied(world: World) -> Image:
    """A published image of which the original alone is left, in either bucket."""
    image = with_a_rendition(Visibility.PUBLIC)(world)
    record = image.record
    world.private.delete([record.rendition_key(rendition) for rendition in record.renditions])
    assert record.publication is not None
    world.public.delete(list(record.public_keys(record.publication)))
    return image


def repair(world: World, _: Image | None = None) -> RepairJob | None:
    """Repair the whole store; None when something is left to do."""
    begun = begin_repair(world)
    while world.sqs.waiting["work"]:
        if world.work_off():
            return None
    return world.repairs.get(begun.id)


def repair_until_done(world: World) -> None:
    """What a message that was delivered again does, and another repair where the first was never begun."""
    while world.sqs.waiting["work"]:
        world.work_off()
    assert repair(world) is not None


def repaired(world: World, before: Image, job: RepairJob | None) -> None:
    assert_shown(world, before)
    if job is not None and not world.faults.happened:
        files = len(before.record.renditions)
        assert (job.tally.renditions, job.tally.copies, job.tally.failed) == (files, files, 0)


UPKEEP = (
    Operation(
        "repair",
        emptied,
        repair,
        repaired,
        calls=33,
        then=repair_until_done,
        whatever=lambda world, before: assert_shown(world, before),
    ),
    Operation(
        "cleanup of an expired image",
        expire,
        lambda world, _: world.collect(),
        deleted,
        whatever=lambda world, before: deleted(world, before, None),
    ),
    Operation(
        "cleanup of an abandoned upload",
        abandon,
        lambda world, _: world.collect(),
        lambda _world, _before, _report: None,
    ),
    Operation(
        "cleanup of a record without its original",
        dangling,
        lambda world, _: world.collect(),
        lambda _world, _before, _report: None,
        whatever=lambda world, before: deleted(world, before, None),
    ),
    Operation(
        "cleanup by a policy",
        superfluous,
        lambda world, _: world.collect(),
        only_the_older_trashed,
        whatever=newest_kept,
    ),
    Operation(
        "cleanup of orphans",
        littered,
        lambda world, _: world.collect(),
        lambda _world, _before, _report: None,
    ),
)

"""A restore and a rebuild, with each of their calls failing in each way: the next try brings everything back."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.errors import ImageStoreError
from image_store.domain.images.image import TRANSFORMS_PREFIX, Visibility
from image_store.domain.upkeep.recovery import RecoveryJob, RecoveryKind, RecoveryOptions, RecoveryStatus
from tests.fakes.dynamodb import all_items
from tests.faults.faults import Killed, Mode, naming_fault
from tests.faults.moments import Moment, contents_of
from tests.faults.operation import SHARED
from tests.faults.roles import runs_as
from tests.faults.test_backup import back_up_until_done, is_worth_a_run, note

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.faults.world import World, Worlds

OPTIONS = RecoveryOptions(publish=True)
FOLLOWS = ("IMAGE#", "HASH#", "GROUP#", "PUBLIC#", "PUBLICATION#", "QUOTA#")


@runs_as("recovery")
def begin(
    world: World, kind: RecoveryKind, options: RecoveryOptions, manifest: str | None = None
) -> RecoveryJob:
    """Begin it, in place of one that stopped."""
    return world.app.recovery.requests.begin(kind, options, manifest=manifest, take_over=True)


def recover(
    world: World, kind: RecoveryKind, options: RecoveryOptions = OPTIONS, *, manifest: str | None = None
) -> RecoveryJob | None:
    """Begin it, and do its steps; None if a step is left to do."""
    job = begin(world, kind, options, manifest)
    while world.sqs.waiting["work"]:
        if world.work_off():
            return None
    return world.app.ports.recoveries.get(job.id)


def recover_until_done(world: World, kind: RecoveryKind) -> None:
    """Do the steps that are delivered again, then begin once more."""
    while world.sqs.waiting["work"]:
        world.work_off()
    job = recover(world, kind)
    assert job is not None
    assert (job.status, job.tally.failed) == (RecoveryStatus.SUCCEEDED, 0)


def stored(world: World, kind: RecoveryKind) -> None:
    """Images, and a backup of them."""
    is_restore = kind is RecoveryKind.RESTORE
    for visibility in (Visibility.PUBLIC, Visibility.PRIVATE) if is_restore else (Visibility.PRIVATE,):
        note(world, world.upload(visibility).record.id)
    if is_restore:
        note(world, world.bystander.record.id)
        back_up_until_done(world)
    else:  # a rebuild knows no links
        world.show_id(world.bystander.record.id, Visibility.PRIVATE)


def rows_of(world: World) -> dict[tuple[str, str], Any]:
    """The rows that follow from images, without what names their last change."""
    return {
        (row["pk"]["S"], row["sk"]["S"]): {
            name: row[name] for name in row if name not in {"by", "copied_until"}
        }
        for row in all_items(world.client, world.table)
        if row["pk"]["S"].startswith(FOLLOWS) and "due_at" not in row
    }


def files_of(world: World) -> tuple[dict[str, bytes], frozenset[str]]:
    """The files of the private bucket, with the bytes of originals, and those of the public one.

    Without transforms: nothing brings them back before somebody looks at one.
    """
    private = {
        key: file.data if key.rpartition("/")[2].startswith("original.") else b""
        for key, file in world.private.objects.items()
        if not key.startswith(TRANSFORMS_PREFIX)
    }
    return private, frozenset(world.public.objects)


def lose_table(world: World) -> None:
    for row in all_items(world.client, world.table):
        world.client.delete_item(TableName=world.table, Key={"pk": row["pk"], "sk": row["sk"]})


def lose_everything(world: World) -> None:
    lose_table(world)
    world.private.objects.clear()
    world.public.objects.clear()


def lose_private_bucket(world: World) -> None:
    world.private.objects.clear()


SCENES: dict[str, tuple[RecoveryKind, Callable[[World], None]]] = {
    "restore of the private bucket": (RecoveryKind.RESTORE, lose_private_bucket),
    "restore of everything": (RecoveryKind.RESTORE, lose_everything),
    "rebuild": (RecoveryKind.REBUILD, lose_table),
}


class Rehearsal:
    """One recovery in a world that is prepared for it once and set back before each run.

    Faults that leave the same state have the same end, which is looked at once.
    """

    def __init__(self, world: World, scene: str) -> None:
        self.world = world
        self._kind, lose = SCENES[scene]
        stored(world, self._kind)
        self._rows, self._files = rows_of(world), files_of(world)
        lose(world)
        self._prepared = Moment(world, shared=SHARED)
        self._recovered: list[object] = []

    @cached_property
    def calls(self) -> Sequence[str]:
        """The calls of a run without a fault."""
        self._prepared.restore()
        self.world.faults.begin()
        assert recover(self.world, self._kind) is not None
        return tuple(self.world.faults.calls)

    def run(self, at: str, mode: Mode) -> None:
        """Recover with one fault, then until it is done, and look."""
        world = self.world
        self._prepared.restore()
        world.faults.begin(at, mode)
        with suppress(ImageStoreError, Killed):
            recover(world, self._kind)
        assert world.faults.happened
        world.faults.end()
        outcome = contents_of(world)
        if outcome in self._recovered:
            return

        recover_until_done(world, self._kind)

        assert files_of(world) == self._files
        assert_same_images(world, self._rows, self._kind)
        world.clock.instant += timedelta(days=2)
        report = world.collect()
        assert (report.stopped_because, report.orphans, report.dangling) == (None, 0, 0)
        self._recovered.append(outcome)


@pytest.mark.parametrize("scene", SCENES)
def test_a_fault_at_any_call_loses_nothing_and_the_next_try_brings_everything_back(
    worlds: Worlds, scene: str
) -> None:
    rehearsal = Rehearsal(worlds(), scene)
    for at in rehearsal.calls:
        for mode in Mode:
            if is_worth_a_run(at, mode):
                with naming_fault(f"{mode} at {at}"):
                    rehearsal.run(at, mode)


def assert_same_images(world: World, rows: dict[tuple[str, str], Any], kind: RecoveryKind) -> None:
    """A restore is the identity on rows; a rebuild brings back every image."""
    after = rows_of(world)
    if kind is RecoveryKind.RESTORE:
        assert after == rows
    else:
        assert {key for key in after if key[1] == "META"} == {key for key in rows if key[1] == "META"}

"""A run of the backup, with each of its calls failing in each way; and what a backup holds after any history (F8)."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_store.domain.backup.jobs import LONGEST_RUN, BackupJob, BackupStatus
from image_store.domain.backup.lines import image_entity
from image_store.domain.errors import BackupNotFound, ImageStoreError
from image_store.domain.images.image import State, Visibility
from tests.fakes.dynamodb import all_items
from tests.faults.faults import CONFLICTS, Killed, Mode, may_conflict, naming_fault
from tests.faults.moments import Moment, contents_of
from tests.faults.operation import SHARED
from tests.faults.roles import runs_as

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.faults.world import World, Worlds

A_WEEK = timedelta(days=7)


@runs_as("project")
def note(world: World, image_id: str) -> None:
    """Note a change, as the consumer of the stream does."""
    world.app.backup.note(image_entity(image_id))


@runs_as("backup")
def back_up(world: World) -> BackupJob | None:
    """Let the schedule start a run."""
    return world.app.backup.work.on_schedule(until=world.clock.now() + timedelta(minutes=12))


def back_up_until_done(world: World) -> None:
    """Let the schedule start runs when every lease has ended, until one succeeds."""
    for _ in range(3):
        world.clock.instant += LONGEST_RUN + timedelta(minutes=5)
        job = back_up(world)
        if job is not None and job.status is BackupStatus.SUCCEEDED:
            return
    raise AssertionError("no run succeeded")


def upload(world: World) -> str:
    image = world.upload(Visibility.PRIVATE)
    note(world, image.record.id)
    return image.record.id


def ready_for_the_first(world: World) -> None:
    """Images, and no backup yet."""
    upload(world)


def ready_for_changes(world: World) -> None:
    """A backup, and since then an upload, an edit and a deletion."""
    changed, deleted = upload(world), upload(world)
    back_up_until_done(world)
    upload(world)
    world.show_id(changed, Visibility.UNLISTED)
    note(world, changed)
    world.delete_id(deleted, permanent=True)
    note(world, deleted)
    world.clock.instant += timedelta(minutes=1)


def ready_for_a_full_pass_and_the_retention(world: World) -> None:
    """A backup of long ago, a change that was never noted, and a deleted image that was found missing then."""
    changed, deleted = upload(world), upload(world)
    back_up_until_done(world)
    world.delete_id(deleted, permanent=True)
    note(world, deleted)
    world.clock.instant += A_WEEK
    back_up_until_done(world)
    world.show_id(changed, Visibility.UNLISTED)
    world.clock.instant += timedelta(days=40)


SCENES: dict[str, Callable[[World], None]] = {
    "the first run": ready_for_the_first,
    "a run after changes": ready_for_changes,
    "a full pass and the retention": ready_for_a_full_pass_and_the_retention,
}


def assert_whole(world: World) -> None:
    """The last manifest is a backup: each file that it names is as it says, and so is each copy."""
    library = world.app.backup.library
    try:
        manifest = library.latest()
    except BackupNotFound:
        return
    for line in library.newest_lines(manifest):
        if line.object is not None:
            key = library.object_key(line.object.key)
            assert key in world.backup.objects, "a line without its copy"


def assert_equal_to_the_store(world: World) -> None:
    """The last manifest holds the records and the originals as they are."""
    library = world.app.backup.library
    lines = {line.entity: line for line in library.newest_lines(library.latest())}
    rows: dict[str, dict[str, object]] = {}
    for item in all_items(world.client, world.table):
        if item["pk"]["S"].startswith("IMAGE#"):
            entity = image_entity(item["pk"]["S"].removeprefix("IMAGE#"))
            rows.setdefault(entity, {})[item["sk"]["S"]] = item
    visible = {
        image_entity(image.record.id): image.record
        for image in world.records()
        if image.record.state in {State.READY, State.TRASHED}
    }
    assert {entity: line.rows for entity, line in lines.items()} == {
        entity: rows[entity] for entity in visible
    }
    for entity, record in visible.items():
        copy = lines[entity].object
        assert copy is not None
        stored = world.backup.objects[library.object_key(copy.key)]
        assert stored.data == world.private.objects[record.original_key].data


def is_worth_a_run(at: str, mode: Mode) -> bool:
    """Whether a call can fail in this way with other consequences than in another."""
    if mode in CONFLICTS:
        return may_conflict(at)
    is_read = any(part in at for part in (".get", ".head", ".list", ".query", ".scan", ".batch_get"))
    return mode in {Mode.ERROR_BEFORE, Mode.KILLED, Mode.OUTAGE} or not is_read


class Rehearsal:
    """A run of the backup in a world that is prepared for it once and set back before each run.

    Faults that leave the same state have the same end, which is looked at once.
    """

    def __init__(self, world: World, scene: str) -> None:
        self.world = world
        SCENES[scene](world)
        self._prepared = Moment(world, shared=SHARED)
        self._completed: list[object] = []

    @cached_property
    def calls(self) -> Sequence[str]:
        """The calls of a run without a fault."""
        self._prepared.restore()
        self.world.faults.begin()
        job = back_up(self.world)
        assert job is not None
        assert job.status is BackupStatus.SUCCEEDED
        return tuple(self.world.faults.calls)

    def run(self, at: str, mode: Mode) -> None:
        """Back up with one fault, then without, and look."""
        world = self.world
        self._prepared.restore()
        world.faults.begin(at, mode)
        with suppress(ImageStoreError, Killed):
            back_up(world)
        assert world.faults.happened
        world.faults.end()
        outcome = contents_of(world)
        if outcome in self._completed:
            return
        assert_whole(world)

        back_up_until_done(world)

        assert_whole(world)
        assert_equal_to_the_store(world)
        assert not [row for row in all_items(world.client, world.table) if row["sk"]["S"] == "CHANGE"]
        self._completed.append(outcome)


@pytest.mark.parametrize("scene", SCENES)
def test_a_fault_at_any_call_leaves_a_whole_backup_and_the_next_run_completes_it(
    worlds: Worlds, scene: str
) -> None:
    rehearsal = Rehearsal(worlds(), scene)
    for at in rehearsal.calls:
        for mode in Mode:
            if is_worth_a_run(at, mode):
                with naming_fault(f"{mode} at {at}"):
                    rehearsal.run(at, mode)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["upload", "show", "trash", "restore", "delete", "back up", "killed run", "a week"]),
        st.integers(0, 60),
    ),
    max_size=14,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ACTS)
def test_after_any_history_the_backup_is_the_store(worlds: Worlds, acts: list[tuple[str, int]]) -> None:
    world = worlds()
    ids = [world.bystander.record.id]
    for act, number in acts:
        image_id = ids[number % len(ids)]
        try:
            match act:
                case "upload":
                    ids.append(upload(world))
                case "show":
                    world.show_id(image_id, Visibility.UNLISTED)
                case "trash":
                    world.delete_id(image_id, permanent=False)
                case "restore":
                    world.restore_id(image_id)
                case "delete":
                    world.delete_id(image_id, permanent=True)
                case "back up":
                    world.clock.instant += LONGEST_RUN + timedelta(minutes=5)
                    back_up(world)
                case "killed run":
                    world.clock.instant += LONGEST_RUN + timedelta(minutes=5)
                    kill_at(world, number)
                case _:
                    world.clock.instant += A_WEEK
        except ImageStoreError:
            pass  # an image that is gone, or already where it was to go
        note(world, image_id)
        assert_whole(world)

    back_up_until_done(world)

    assert_equal_to_the_store(world)


def kill_at(world: World, number: int) -> None:
    """Kill a run at one of its writes."""
    writes = [
        *(f"dynamodb.transact_write_items#{n}" for n in range(1, 6)),
        *(f"dynamodb.{operation}#1" for operation in ("update_item", "delete_item", "put_item")),
        "backup.put original.png#1",
        "backup.put 00000.jsonl.gz#1",
        "backup.delete#1",
    ]
    world.faults.begin(writes[number % len(writes)], (Mode.KILLED, Mode.KILLED_APPLIED)[number % 2])
    with suppress(Killed):
        back_up(world)
    world.faults.end()

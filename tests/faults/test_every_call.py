"""Each operation, with each of its storage calls failing in each way."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

import pytest

from image_store.domain.errors import ImageStoreError, StorageUnavailable
from image_store.domain.images.image import State, Visibility
from image_store.domain.images.quota import Quota
from image_store.services.images.write_protocol import ObjectWrite, WriteProtocol
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.faults.faults import CONFLICTS, Mode, may_conflict, naming_fault
from tests.faults.operation import LAST_COMMITS, Operation, calls_of, run, run_with_a_lost_commit
from tests.faults.operations.catalogue import OPERATIONS
from tests.faults.operations.common import deleted, in_trash
from tests.faults.soundness import assert_sound
from tests.faults.world import World, Worlds
from tests.samples import TRASH_RETENTION

CALLS = {
    "cdn": {"purge"},
    "dead letters": {"send_message"},
    "dynamodb": {
        "batch_get_item",
        "delete_item",
        "get_item",
        "put_item",
        "query",
        "scan",
        "transact_get_items",
        "transact_write_items",
        "update_item",
    },
    "events": {"send_message"},
    "ingest": {"get", "head", "versions"},
    "private": {"copy", "delete", "get", "head", "list", "put"},
    "public": {"copy", "delete", "head", "list", "put"},
    "remote": {"fetch"},
    "render": {"invoke"},
    "work": {"send_message"},
}
"""All that the store asks of others."""


@cache
def usual_calls(operation: Operation) -> Sequence[str]:
    """The calls of an operation in a usual world; they are the same in every run."""
    return calls_of(World(MemoryDynamo()), operation)


def test_every_kind_of_call_is_in_the_matrix() -> None:
    calls: dict[str, set[str]] = {}
    for operation in OPERATIONS:
        for call in usual_calls(operation):
            store, _, what = call.partition("#")[0].partition(".")
            calls.setdefault(store, set()).add(what.partition(" ")[0])

    assert calls == CALLS


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode not in CONFLICTS])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_fault_at_any_call_leaves_the_store_sound(worlds: Worlds, operation: Operation, mode: Mode) -> None:
    for at in usual_calls(operation):
        with naming_fault(f"{mode} at {at}"):
            run(worlds(), operation, at=at, mode=mode)


WRITING = [operation for operation in OPERATIONS if operation.name != "repair"]


def writes_of(operation: Operation) -> Sequence[str]:
    """The calls that may meet a row that a transaction holds."""
    writes = tuple(call for call in usual_calls(operation) if may_conflict(call))
    assert writes
    return writes


@pytest.mark.parametrize("operation", WRITING, ids=lambda operation: operation.name)
def test_a_passing_transaction_conflict_is_not_noticed(worlds: Worlds, operation: Operation) -> None:
    for at in writes_of(operation):
        with naming_fault(f"{Mode.CONFLICT} at {at}"):
            world = worlds()
            before = operation.prepare(world)
            world.faults.begin(at, Mode.CONFLICT)

            answer = operation.act(world, before)

            assert world.faults.happened
            world.settle()
            assert_sound(world)
            operation.acknowledged(world, before, answer)


@pytest.mark.parametrize("operation", WRITING, ids=lambda operation: operation.name)
def test_a_lasting_transaction_conflict_leaves_the_store_sound(worlds: Worlds, operation: Operation) -> None:
    for at in writes_of(operation):
        with naming_fault(f"{Mode.LASTING_CONFLICT} at {at}"):
            run(worlds(), operation, at=at, mode=Mode.LASTING_CONFLICT)


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.calls],
    ids=lambda operation: operation.name,
)
def test_without_a_fault_each_operation_makes_few_calls_and_is_true(
    worlds: Worlds, operation: Operation
) -> None:
    calls = calls_of(worlds(), operation)
    assert len(calls) == operation.calls, calls
    run(worlds(), operation, at=None, mode=Mode.ERROR_BEFORE)


COUNTING = ("private upload", "private direct upload", "permanent delete")
TELLING = (Mode.ANSWER_LOST, Mode.REPEATED, Mode.KILLED_APPLIED, Mode.APPLIED_LATE, *sorted(CONFLICTS))
"""The ways of failing after which a count may differ from what is counted."""


@pytest.mark.parametrize("mode", TELLING)
@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.name in COUNTING],
    ids=lambda operation: operation.name,
)
def test_the_count_of_a_quota_is_exact_whatever_fails(
    worlds: Worlds, operation: Operation, mode: Mode
) -> None:
    quota = Quota(images=1_000)

    for at in calls_of(worlds(quota=quota), operation):
        if mode not in CONFLICTS or may_conflict(at):
            with naming_fault(f"{mode} at {at}"):
                run(worlds(quota=quota), operation, at=at, mode=mode)


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.name in LAST_COMMITS],
    ids=lambda operation: operation.name,
)
def test_a_commit_whose_response_is_lost_is_acknowledged(worlds: Worlds, operation: Operation) -> None:
    run_with_a_lost_commit(worlds(), operation)


def test_a_put_that_arrives_after_the_deletion_is_swept_with_the_tombstone(
    worlds: Worlds,
) -> None:
    world = worlds()
    world.faults.begin("private.put original.png#1", Mode.ERROR_BEFORE)
    with pytest.raises(StorageUnavailable):
        world.upload(Visibility.PRIVATE)
    world.faults.end()
    (pending,) = [image for image in world.records() if image.record.state is State.PENDING]
    world.clock.instant += timedelta(minutes=3)
    assert world.collect().collected == {"abandoned": 1}
    late = pending.record.original_key
    world.private.put(late, b"late", content_type="image/png", cache_control="private", metadata={})
    world.settle()
    assert_sound(world)


def test_a_commit_after_the_reservation_was_collected_is_refused(worlds: Worlds) -> None:
    world = worlds()

    class Late(WriteProtocol):
        def put(self, writes: Sequence[ObjectWrite], *, until: datetime) -> None:
            super().put(writes, until=until)
            world.clock.instant += timedelta(minutes=3)
            world.collect()

    world.follow(Late)
    with pytest.raises(ImageStoreError):
        world.upload(Visibility.PUBLIC)
    world.settle()
    assert_sound(world)


def test_the_trash_is_emptied_when_its_time_has_come(worlds: Worlds) -> None:
    world = worlds()
    image = in_trash(world)
    world.clock.instant += TRASH_RETENTION
    assert world.collect().collected == {"trash": 1}
    world.settle()
    assert_sound(world)
    deleted(world, image, None)

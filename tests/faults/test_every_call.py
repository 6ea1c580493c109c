"""Each operation, with each of its storage calls failing in each way."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pytest

from image_store.domain.errors import ImageStoreError, StorageUnavailable
from image_store.domain.images.image import State, Visibility
from image_store.domain.images.quota import Quota
from image_store.services.images.write_protocol import ObjectWrite, WriteProtocol
from tests.faults.faults import CONFLICTS, Mode, may_conflict, naming_fault
from tests.faults.operation import LAST_COMMITS, Operation, Rehearsal
from tests.faults.operations.catalogue import OPERATIONS
from tests.faults.operations.common import deleted, in_trash
from tests.faults.soundness import assert_sound
from tests.faults.world import Worlds
from tests.samples import TRASH_RETENTION

CALLS = {
    "cdn": {"purge"},
    "dead letters": {"send_message"},
    "delivery": {"send_message_batch"},
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
    "kms": {"generate_data_key"},
    "ingest": {"get", "head", "versions"},
    "private": {"copy", "delete", "get", "head", "list", "put"},
    "public": {"copy", "delete", "head", "list", "put"},
    "remote": {"fetch"},
    "render": {"invoke"},
    "source": {"fetch", "page"},
    "work": {"send_message"},
}
"""All that the store asks of others."""


def test_every_kind_of_call_is_in_the_matrix(worlds: Worlds) -> None:
    calls: dict[str, set[str]] = {}
    for operation in OPERATIONS:
        for call in Rehearsal(worlds(), operation).calls:
            store, _, what = call.partition("#")[0].partition(".")
            calls.setdefault(store, set()).add(what.partition(" ")[0])

    assert calls == CALLS


def run_each(rehearsal: Rehearsal, modes: Iterable[Mode]) -> None:
    """Let each call fail in each of these ways in which it can."""
    for at in rehearsal.calls:
        for mode in modes:
            if mode not in CONFLICTS or may_conflict(at):
                with naming_fault(f"{mode} at {at}"):
                    rehearsal.run(at, mode)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_fault_at_any_call_leaves_the_store_sound(worlds: Worlds, operation: Operation) -> None:
    run_each(Rehearsal(worlds(), operation), [mode for mode in Mode if mode is not Mode.CONFLICT])


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.name != "repair"],
    ids=lambda operation: operation.name,
)
def test_a_passing_transaction_conflict_is_not_noticed(worlds: Worlds, operation: Operation) -> None:
    rehearsal = Rehearsal(worlds(), operation)
    writes = list(filter(may_conflict, rehearsal.calls))
    assert writes

    for at in writes:
        with naming_fault(f"{Mode.CONFLICT} at {at}"):
            rehearsal.run_unnoticed(at, Mode.CONFLICT)


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.calls],
    ids=lambda operation: operation.name,
)
def test_without_a_fault_each_operation_makes_few_calls_and_is_true(
    worlds: Worlds, operation: Operation
) -> None:
    rehearsal = Rehearsal(worlds(), operation)
    assert len(rehearsal.calls) == operation.calls, rehearsal.calls
    rehearsal.run(None, Mode.ERROR_BEFORE)


COUNTING = ("private upload", "private direct upload", "permanent delete")
TELLING = (Mode.ANSWER_LOST, Mode.REPEATED, Mode.KILLED_APPLIED, Mode.APPLIED_LATE, *sorted(CONFLICTS))
"""The ways of failing after which a count may differ from what is counted."""


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.name in COUNTING],
    ids=lambda operation: operation.name,
)
def test_the_count_of_a_quota_is_exact_whatever_fails(worlds: Worlds, operation: Operation) -> None:
    run_each(Rehearsal(worlds(quota=Quota(images=1_000)), operation), TELLING)


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.name in LAST_COMMITS],
    ids=lambda operation: operation.name,
)
def test_a_commit_whose_response_is_lost_is_acknowledged(worlds: Worlds, operation: Operation) -> None:
    Rehearsal(worlds(), operation).run_unnoticed(LAST_COMMITS[operation.name], Mode.ANSWER_LOST)


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

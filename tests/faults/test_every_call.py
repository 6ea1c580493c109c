"""Each operation, with each of its storage calls failing in each way.

Whatever happened, once cleanup has run nothing is orphaned, nothing dangles, nothing is public that should not be,
the count is exact, and what was acknowledged is true.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from image_store.domain.errors import IdempotencyInProgress, ImageStoreError, StorageUnavailable
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.ids import uuid7
from image_store.domain.images.image import Image, State, Visibility, public_key
from image_store.domain.images.ingest import ANNOUNCEMENT_LIFETIME, DroppedObject
from image_store.domain.images.media import MediaType
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import RESERVATION_LIFETIME
from image_store.domain.upkeep.cleanup import GRACE, CleanupReport
from image_store.domain.upkeep.migration import Migration, MigrationStatus
from image_store.domain.upkeep.repair import RepairJob
from image_store.services.delivery.renditions import RenditionFile
from image_store.services.images.batch_deletion import DeletionResult
from image_store.services.images.direct_uploads import Ticket
from image_store.services.images.write_protocol import ObjectWrite, WriteProtocol
from image_store.services.upkeep.ingest_sweep import EVENTS_TAKE, REST, SweepReport
from tests.fakes.dynamodb import table_form
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.object_store import MemoryBucket
from tests.faults.faults import CONFLICTS, Killed, Mode, may_conflict
from tests.faults.world import OWNER, PASSING, POLICY, TRASH_RETENTION, World


@pytest.fixture(scope="module")
def worlds() -> Callable[[], World]:
    form = table_form()
    return lambda: World(MemoryDynamo(), form)


@dataclass(frozen=True)
class Operation:
    """Something to do to a store, and what is true once it has been acknowledged."""

    name: str
    prepare: Callable[[World], Image | Ticket | DroppedObject | Migration | tuple[Image, ...] | None]
    act: Callable[[World, Any], Any]
    acknowledged: Callable[[World, Any, Any], None]
    calls: int | None = None
    """How many storage calls it makes for its caller when nothing fails; more are a cost to know of."""
    then: Callable[[World], None] = lambda _: None
    """What its caller does at once when nothing fails any more."""
    whatever: Callable[[World, Any], None] = lambda _world, _before: None
    """What is true whether it was acknowledged or not."""


def unpublished(world: World, before: Image) -> None:
    assert before.record.publication is not None
    world.assert_not_shown(before, before.record.publication)


def still_there(world: World, before: Image) -> None:
    world.assert_readable(before)


def trashed(world: World, before: Image, _: None) -> None:
    world.assert_readable(before)
    assert world.retrieval.get(OWNER, before.record.id).record.state is State.TRASHED
    unpublished(world, before)


def deleted(world: World, before: Image, _: None) -> None:
    world.assert_gone(before)
    unpublished(world, before)


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


def restored(world: World, before: Image, _: Image) -> None:
    world.assert_readable(before)
    found = world.retrieval.get(OWNER, before.record.id).record
    assert (found.state, found.visibility) == (State.READY, Visibility.PRIVATE)


def in_trash(world: World) -> Image:
    image = world.upload(Visibility.PUBLIC)
    world.delete_id(image.record.id, permanent=False)
    return image


def delete(world: World, image: Image, *, permanent: bool) -> None:
    world.delete_id(image.record.id, permanent=permanent)


def arrived(visibility: Visibility) -> Callable[[World], Ticket]:
    """A direct upload whose bytes lie in staging."""

    def prepare(world: World) -> Ticket:
        ticket = world.announce(visibility)
        world.send(ticket)
        return ticket

    return prepare


RECORDS = 2
CONVERSATION = OwnerGroup(OWNER, "conversation:c1")


def three_of_a_conversation(world: World) -> tuple[Image, ...]:
    groups = (CONVERSATION.name,)
    shown = (Visibility.PRIVATE, Visibility.PUBLIC, Visibility.UNLISTED)
    return tuple(world.upload(visibility, groups=groups) for visibility in shown)


def stored_as_told(world: World, _: None, told: list[Image | ImageStoreError]) -> None:
    for outcome in told:
        if isinstance(outcome, Image):
            world.assert_readable(outcome)


def trashed_as_told(world: World, before: tuple[Image, ...], told: DeletionResult) -> None:
    for image in before:
        if image.record.id in told.successful:
            assert world.retrieval.get(OWNER, image.record.id).record.state is State.TRASHED


def deleted_as_told(world: World, before: tuple[Image, ...], told: DeletionResult) -> None:
    for image in before:
        if image.record.id in told.successful:
            world.assert_gone(image)


def all_still_there(world: World, before: tuple[Image, ...]) -> None:
    for image in before:
        world.assert_readable(image)


def ids(records: tuple[Image, ...]) -> tuple[str, ...]:
    return tuple(image.record.id for image in records)


def died(world: World) -> Ticket:
    """A direct upload whose first completion ended when all was written and nothing committed."""
    ticket = arrived(Visibility.PUBLIC)(world)
    world.faults.begin("dynamodb.transact_write_items#2", Mode.KILLED)
    with pytest.raises(Killed):
        world.complete(ticket)
    world.faults.end()
    world.clock.instant += RESERVATION_LIFETIME
    return ticket


def littered(world: World) -> None:
    """Objects that belong to nobody, in both buckets."""
    for bucket, key in (
        (world.private, f"images/{uuid7(world.clock.now(), 0)}/{0:016}/original.png"),
        (world.public, f"p/{0:022}/thumb.webp"),
    ):
        # As nobody's request does: no visitor of the CDN ever knew the address.
        MemoryBucket.put(bucket, key, b"nobody's", content_type="image/png", cache_control="", metadata={})
    world.clock.instant += GRACE + timedelta(minutes=1)


def projected(world: World, before: Image) -> None:
    """Whatever became of one message of the stream, the next ones put everything right."""
    world.assert_projected()


def projected_and_then(change: Callable[[World, Image], object]) -> Callable[[World], Image]:
    """An image whose last change the projections do not follow yet."""

    def prepare(world: World) -> Image:
        image = world.upload(Visibility.PUBLIC)
        world.project(image.record.id)
        change(world, image)
        return image

    return prepare


def readable(world: World, _: object, stored: Image) -> None:
    world.assert_readable(stored)


def with_key(world: World, _: object = None) -> Image:
    return world.upload(Visibility.PUBLIC, key="a key")


def repeat_until_stored(world: World) -> None:
    """The same request again, as a client sends it that was told of an error."""
    try:
        with_key(world)
    except IdempotencyInProgress as running:
        world.clock.instant += running.retry_after or timedelta(0)
        with_key(world)


def stored_once(world: World, _: object) -> None:
    (found,) = (found for found in world.records() if found.record.id != world.bystander.record.id)
    world.assert_shown(found)


def reserved(world: World, _: None, ticket: Ticket) -> None:
    assert ticket.put.url


def behind_the_request(world: World, ticket: Ticket) -> Image | None:
    """Hand a direct upload over, and let the function behind the queue work until nothing is left to do."""
    handed_over = world.hand_over(ticket)
    left = world.work_off()
    if not handed_over or left:
        return None
    return world.retrieval.get(OWNER, ticket.image_id)


def shown_if_stored(world: World, _: Ticket, stored: Image | None) -> None:
    if stored is not None:
        world.assert_shown(stored)


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
    world.assert_sound()
    found = ingested(world)
    assert len(found) == RECORDS, "a record is not one image"
    for image in found:
        world.assert_readable(image)


def dropped(world: World) -> DroppedObject:
    return world.drop()


def ingested(world: World) -> list[Image]:
    """The images of what was dropped."""
    return [found for found in world.records() if found.record.id != world.bystander.record.id]


def ingested_or_waiting(world: World, _: DroppedObject, left: int) -> None:
    assert left or ingested(world)


def ingested_once(world: World, before: DroppedObject) -> None:
    """Whatever happened to its event: delivered for as long as it waits, and once more, it becomes one image."""
    world.announce_dropped(before)
    while world.deliver():
        pass
    found = ingested(world)
    assert len(found) == 1, "a dropped object is not one image"
    world.assert_readable(found[0])
    world.assert_sound()
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


def dangling(world: World) -> Image:
    """A record whose original somebody took away."""
    image = world.upload(Visibility.PUBLIC)
    world.private.delete([image.record.original_key])
    world.clock.instant += GRACE + timedelta(minutes=1)
    return image


def superfluous(world: World) -> tuple[Image, ...]:
    """An image that the deployment's policy lets go, and one that it keeps."""
    made = []
    for _ in range(2):
        made.append(world.upload(Visibility.PUBLIC, category=PASSING))
        world.project(made[-1].record.id)  # which lets the policies have a turn
        world.clock.instant += timedelta(minutes=1)
    world.clock.instant += POLICY.older_than
    return tuple(made)


def only_the_older_trashed(world: World, before: tuple[Image, ...], report: CleanupReport) -> None:
    if report.policies == [1]:
        assert world.retrieval.get(OWNER, before[0].record.id).record.state is State.TRASHED


def newest_kept(world: World, before: tuple[Image, ...]) -> None:
    world.assert_readable(before[0])
    world.assert_shown(before[1])


def rendition_shown(world: World, before: Image, found: RenditionFile) -> None:
    record, made = found.record, found.rendition
    assert record.id == before.record.id
    assert record.rendition_key(made) in world.private.objects
    if record.publication is not None:
        assert public_key(record.publication, made) in world.public.objects
    if not world.faults.happened:
        assert (found.is_exact, made.preset, made.media_type) == (True, "w640", MediaType.AVIF)


def with_a_rendition(visibility: Visibility) -> Callable[[World], Image]:
    """An image of which a rendition was asked for, some time ago."""

    def prepare(world: World) -> Image:
        image = world.upload(visibility)
        assert world.ask(image.record.id).is_exact
        world.clock.instant += RESERVATION_LIFETIME + timedelta(seconds=1)
        return world.retrieval.get(OWNER, image.record.id)

    return prepare


def with_a_copy_of_nobody(world: World) -> Image:
    """An image of which a rendition was being made by a function that ended before it committed."""
    image = world.upload(Visibility.PUBLIC)
    world.faults.begin("dynamodb.transact_write_items#1", Mode.KILLED)
    assert not world.ask(image.record.id).is_exact
    world.faults.end()
    world.clock.instant += RESERVATION_LIFETIME + timedelta(seconds=1)
    return image


def transform_shown(world: World, before: Image, found: RenditionFile | str) -> None:
    if isinstance(found, RenditionFile):
        assert world.faults.happened
        assert found.rendition in before.record.renditions
    else:
        assert found.startswith(before.record.transforms_prefix)
        assert found in world.private.objects


def with_a_transform(world: World) -> Image:
    image = world.upload(Visibility.PUBLIC)
    assert isinstance(world.follow_link(world.share(image.record.id)), str)
    return world.retrieval.get(OWNER, image.record.id)


def emptied(world: World) -> Image:
    """A published image of which the original alone is left, in either bucket."""
    image = with_a_rendition(Visibility.PUBLIC)(world)
    record = image.record
    world.private.delete([record.rendition_key(made) for made in record.renditions])
    assert record.publication is not None
    world.public.delete(list(record.public_keys(record.publication)))
    return image


def repair(world: World, _: Image | None = None) -> RepairJob | None:
    """Repair the whole store; None when something is left to do."""
    begun = world.begin_repair()
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
    world.assert_shown(before)
    if job is not None and not world.faults.happened:
        files = len(before.record.renditions)
        assert (job.tally.renditions, job.tally.copies, job.tally.failed) == (files, files, 0)


OPERATIONS = (
    Operation(
        "batch upload",
        lambda _: None,
        lambda world, _: world.upload_batch([Visibility.PRIVATE, Visibility.PUBLIC, Visibility.PRIVATE]),
        stored_as_told,
        calls=17,
    ),
    Operation(
        "batch delete",
        three_of_a_conversation,
        lambda world, before: world.delete_batch(ids(before), permanent=True),
        deleted_as_told,
        calls=18,
    ),
    Operation(
        "group delete",
        three_of_a_conversation,
        lambda world, _: world.delete_batch(CONVERSATION, permanent=False),
        trashed_as_told,
        calls=13,
        whatever=all_still_there,
    ),
    Operation(
        "private upload",
        lambda _: None,
        lambda world, _: world.upload(Visibility.PRIVATE),
        lambda world, _, stored: world.assert_readable(stored),
        calls=5,
    ),
    Operation(
        "public upload",
        lambda _: None,
        lambda world, _: world.upload(Visibility.PUBLIC),
        lambda world, _, stored: world.assert_shown(stored),
        calls=7,
    ),
    Operation(
        "upload from a URL",
        lambda _: None,
        lambda world, _: world.upload_remote(),
        lambda world, _, stored: world.assert_readable(stored),
        calls=6,
    ),
    Operation(
        "upload with a key",
        lambda _: None,
        with_key,
        lambda world, _, stored: world.assert_shown(stored),
        calls=8,
        then=repeat_until_stored,
        whatever=stored_once,
    ),
    Operation(
        "beginning of a direct upload",
        lambda _: None,
        lambda world, _: world.announce(Visibility.PUBLIC),
        reserved,
        calls=1,
    ),
    Operation(
        "direct upload behind the request",
        arrived(Visibility.PUBLIC),
        behind_the_request,
        shown_if_stored,
        calls=18,
    ),
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
        lambda world: world.begin_migration(RECORDS),
        migrate,
        migrated,
        calls=33,
        whatever=migrated_once,
    ),
    Operation(
        "repair",
        emptied,
        repair,
        repaired,
        calls=33,
        then=repair_until_done,
        whatever=lambda world, before: world.assert_shown(before),
    ),
    Operation(
        "private direct upload",
        arrived(Visibility.PRIVATE),
        lambda world, ticket: world.complete(ticket),
        lambda world, _, stored: world.assert_readable(stored),
        calls=9,
    ),
    Operation(
        "public direct upload",
        arrived(Visibility.PUBLIC),
        lambda world, ticket: world.complete(ticket),
        lambda world, _, stored: world.assert_shown(stored),
        calls=11,
    ),
    Operation(
        "retried direct upload",
        died,
        lambda world, ticket: world.complete(ticket),
        lambda world, _, stored: world.assert_shown(stored),
        calls=11,
    ),
    Operation(
        "publish",
        lambda world: world.upload(Visibility.PRIVATE),
        lambda world, before: world.show(before, Visibility.PUBLIC),
        lambda world, _, shown: world.assert_shown(shown),
        calls=5,
        whatever=still_there,
    ),
    Operation(
        "unpublish",
        lambda world: world.upload(Visibility.UNLISTED),
        lambda world, before: world.show(before, Visibility.PRIVATE),
        lambda world, before, _: unpublished(world, before),
        calls=5,
        whatever=still_there,
    ),
    Operation(
        "trash",
        lambda world: world.upload(Visibility.PUBLIC),
        lambda world, before: delete(world, before, permanent=False),
        trashed,
        calls=5,
        whatever=still_there,
    ),
    Operation(
        "restore",
        in_trash,
        lambda world, before: world.restore_id(before.record.id),
        restored,
        calls=2,
        whatever=still_there,
    ),
    Operation(
        "permanent delete",
        lambda world: world.upload(Visibility.PUBLIC),
        lambda world, before: delete(world, before, permanent=True),
        deleted,
        calls=7,
    ),
    Operation(
        "permanent delete from the trash",
        in_trash,
        lambda world, before: delete(world, before, permanent=True),
        deleted,
        calls=4,
    ),
    Operation(
        "projection",
        lambda world: world.upload(Visibility.PUBLIC),
        lambda world, before: world.project(before.record.id),
        lambda world, before, _: world.assert_readable(before),
        calls=4,
        whatever=projected,
    ),
    Operation(
        "projection of a change",
        projected_and_then(lambda world, image: world.show(image, Visibility.PRIVATE)),
        lambda world, before: world.project(before.record.id),
        lambda world, before, _: world.assert_readable(before),
        calls=2,
        whatever=projected,
    ),
    Operation(
        "projection of the end",
        projected_and_then(lambda world, image: delete(world, image, permanent=True)),
        lambda world, before: world.project(before.record.id),
        lambda world, before, _: world.assert_gone(before),
        calls=2,
        whatever=projected,
    ),
    Operation(
        "request of a missing rendition of a private image",
        lambda world: world.upload(Visibility.PRIVATE),
        lambda world, before: world.ask(before.record.id),
        rendition_shown,
        calls=8,
        whatever=still_there,
    ),
    Operation(
        "request of a missing rendition of a public image",
        lambda world: world.upload(Visibility.PUBLIC),
        lambda world, before: world.ask_published(before),
        rendition_shown,
        calls=10,
        whatever=still_there,
    ),
    Operation(
        "unpublish with a rendition of its own",
        with_a_rendition(Visibility.PUBLIC),
        lambda world, before: world.show(before, Visibility.PRIVATE),
        lambda world, before, _: unpublished(world, before),
        calls=5,
        whatever=still_there,
    ),
    Operation(
        "unpublish after a request that died",
        with_a_copy_of_nobody,
        lambda world, before: world.show(before, Visibility.PRIVATE),
        lambda world, before, _: unpublished(world, before),
        calls=5,
        whatever=still_there,
    ),
    Operation(
        "permanent delete with a rendition of its own",
        with_a_rendition(Visibility.PUBLIC),
        lambda world, before: delete(world, before, permanent=True),
        deleted,
        calls=7,
    ),
    Operation(
        "look at a shared transform",
        lambda world: world.upload(Visibility.PUBLIC),
        lambda world, before: world.follow_link(world.share(before.record.id)),
        transform_shown,
        calls=12,
        whatever=still_there,
    ),
    Operation(
        "permanent delete with a transform",
        with_a_transform,
        lambda world, before: delete(world, before, permanent=True),
        deleted,
        calls=8,
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


def run(world: World, operation: Operation, *, at: str | None, mode: Mode) -> None:
    """Do it with one fault, let cleanup have its way, and look."""
    before = operation.prepare(world)
    world.faults.begin(at, mode)
    heard, answer = False, None
    try:
        answer = operation.act(world, before)
        heard = True
    except (ImageStoreError, Killed):
        pass
    world.faults.end()
    assert world.faults.happened == (at is not None)
    operation.then(world)
    world.settle()
    world.assert_sound()
    operation.whatever(world, before)
    if heard:
        operation.acknowledged(world, before, answer)


def calls_of(world: World, operation: Operation) -> Sequence[str]:
    before = operation.prepare(world)
    world.faults.begin()
    operation.act(world, before)
    return tuple(world.faults.calls)


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


def test_every_kind_of_call_is_in_the_matrix(worlds: Callable[[], World]) -> None:
    found: dict[str, set[str]] = {}
    for operation in OPERATIONS:
        for call in calls_of(worlds(), operation):
            store, _, what = call.partition("#")[0].partition(".")
            found.setdefault(store, set()).add(what.partition(" ")[0])

    assert found == CALLS


def run_with_a_lost_commit(world: World, operation: Operation) -> None:
    """Do it, lose the answer to its last commit, and find it acknowledged nevertheless."""
    before = operation.prepare(world)
    world.faults.begin(LAST_COMMITS[operation.name], Mode.ANSWER_LOST)
    answer = operation.act(world, before)
    assert world.faults.happened
    world.settle()
    world.assert_sound()
    operation.acknowledged(world, before, answer)


@contextmanager
def naming(what: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        error.add_note(f"with the fault: {what}")
        raise


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode not in CONFLICTS])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_fault_at_any_call_leaves_the_store_sound(
    worlds: Callable[[], World], operation: Operation, mode: Mode
) -> None:
    for at in calls_of(worlds(), operation):
        with naming(f"{mode} at {at}"):
            run(worlds(), operation, at=at, mode=mode)


WRITING = [found for found in OPERATIONS if found.name != "repair"]


def writes_of(world: World, operation: Operation) -> Sequence[str]:
    """The calls that may meet a row that a transaction holds."""
    found = tuple(call for call in calls_of(world, operation) if may_conflict(call))
    assert found
    return found


@pytest.mark.parametrize("operation", WRITING, ids=lambda operation: operation.name)
def test_a_passing_transaction_conflict_is_not_noticed(
    worlds: Callable[[], World], operation: Operation
) -> None:
    for at in writes_of(worlds(), operation):
        with naming(f"{Mode.CONFLICT} at {at}"):
            world = worlds()
            before = operation.prepare(world)
            world.faults.begin(at, Mode.CONFLICT)

            answer = operation.act(world, before)

            assert world.faults.happened
            world.settle()
            world.assert_sound()
            operation.acknowledged(world, before, answer)


@pytest.mark.parametrize("operation", WRITING, ids=lambda operation: operation.name)
def test_a_lasting_transaction_conflict_leaves_the_store_sound(
    worlds: Callable[[], World], operation: Operation
) -> None:
    for at in writes_of(worlds(), operation):
        with naming(f"{Mode.LASTING_CONFLICT} at {at}"):
            run(worlds(), operation, at=at, mode=Mode.LASTING_CONFLICT)


@pytest.mark.parametrize(
    "operation", [found for found in OPERATIONS if found.calls], ids=lambda operation: operation.name
)
def test_without_a_fault_each_operation_makes_few_calls_and_is_true(
    worlds: Callable[[], World], operation: Operation
) -> None:
    calls = calls_of(worlds(), operation)
    assert len(calls) == operation.calls, calls
    run(worlds(), operation, at=None, mode=Mode.ERROR_BEFORE)


COUNTING = ("private upload", "private direct upload", "permanent delete")
TELLING = (Mode.ANSWER_LOST, Mode.REPEATED, Mode.KILLED_APPLIED, Mode.APPLIED_LATE, *sorted(CONFLICTS))
"""The ways of failing after which a count may differ from what is counted."""


@pytest.mark.parametrize("mode", TELLING)
@pytest.mark.parametrize(
    "operation", [found for found in OPERATIONS if found.name in COUNTING], ids=lambda found: found.name
)
def test_the_count_of_a_quota_is_exact_whatever_fails(operation: Operation, mode: Mode) -> None:
    form = table_form()

    def counting() -> World:
        return World(MemoryDynamo(), form, quota=Quota(images=1_000))

    for at in calls_of(counting(), operation):
        if mode not in CONFLICTS or may_conflict(at):
            with naming(f"{mode} at {at}"):
                run(counting(), operation, at=at, mode=mode)


LAST_COMMITS = {
    "private upload": "dynamodb.transact_write_items#2",
    "public upload": "dynamodb.transact_write_items#2",
    "upload from a URL": "dynamodb.transact_write_items#2",
    "private direct upload": "dynamodb.transact_write_items#2",
    "public direct upload": "dynamodb.transact_write_items#2",
    "publish": "dynamodb.transact_write_items#2",
    "request of a missing rendition of a private image": "dynamodb.transact_write_items#1",
    "request of a missing rendition of a public image": "dynamodb.transact_write_items#1",
    "look at a shared transform": "dynamodb.transact_write_items#1",
    "unpublish": "dynamodb.transact_write_items#1",
    "trash": "dynamodb.transact_write_items#1",
    "restore": "dynamodb.transact_write_items#1",
    "permanent delete": "dynamodb.transact_write_items#1",
}


@pytest.mark.parametrize(
    "operation",
    [found for found in OPERATIONS if found.name in LAST_COMMITS],
    ids=lambda operation: operation.name,
)
def test_a_commit_whose_answer_is_lost_is_acknowledged(
    worlds: Callable[[], World], operation: Operation
) -> None:
    run_with_a_lost_commit(worlds(), operation)


def test_a_put_that_arrives_after_the_deletion_is_swept_with_the_tombstone(
    worlds: Callable[[], World],
) -> None:
    world = worlds()
    world.faults.begin("private.put original.png#1", Mode.ERROR_BEFORE)
    with pytest.raises(StorageUnavailable):
        world.upload(Visibility.PRIVATE)
    world.faults.end()
    (pending,) = [found for found in world.records() if found.record.state is State.PENDING]
    world.clock.instant += timedelta(minutes=3)
    assert world.collect().collected == {"abandoned": 1}
    late = pending.record.original_key
    world.private.put(late, b"late", content_type="image/png", cache_control="private", metadata={})
    world.settle()
    world.assert_sound()


def test_a_commit_after_the_reservation_was_collected_is_refused(worlds: Callable[[], World]) -> None:
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
    world.assert_sound()


def test_the_trash_is_emptied_when_its_time_has_come(worlds: Callable[[], World]) -> None:
    world = worlds()
    image = in_trash(world)
    world.clock.instant += TRASH_RETENTION
    assert world.collect().collected == {"trash": 1}
    world.settle()
    world.assert_sound()
    deleted(world, image, None)

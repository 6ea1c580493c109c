"""An instant by a clock that ran ahead holds nothing up for longer than the longest of its kind.

On the real adapters. What a reservation, a tombstone or a lease of cleanup does then: test_unreadable_rows.py.
"""

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

import image_store.domain
from image_store.adapters.dynamodb.delivery.publication_items import publication_item
from image_store.adapters.dynamodb.generation.providers import DynamoProviderHealth
from image_store.adapters.dynamodb.items import text_time
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.callers.caller import user
from image_store.domain.callers.upload_tokens import MAX_LIFETIME
from image_store.domain.deadlines import CLOCK_SKEW
from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.errors import IdempotencyMismatch, InvalidToken, UploadIncomplete
from image_store.domain.finding.projection import Rebuild
from image_store.domain.generation.breaker import LONGEST_PAUSE, PROBE_TIME, WINDOW, Breaker
from image_store.domain.generation.budget import Budgets
from image_store.domain.generation.jobs import (
    LONGEST_LEASE,
    LONGEST_LOOK,
    WAITING_LIFETIME,
    JobItem,
    JobItemChange,
    JobItemState,
    JobStatus,
)
from image_store.domain.generation.providers import Provider, Reason
from image_store.domain.generation.retry_budget import (
    MOST_RETRIES,
    SHARE_TIME,
    SHARES_OF_A_RETRY,
    RetryBudget,
)
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import State, Visibility
from image_store.domain.images.ingest import ANNOUNCEMENT_LIFETIME
from image_store.domain.images.reservation import IDEMPOTENCY_LIFETIME, LONGEST_RESERVATION, IdempotencyKey
from image_store.services.callers.upload_tokens import NewUploadToken
from image_store.services.images.direct_uploads import Ticket
from image_store.services.upkeep.ingest_sweep import EVENTS_TAKE, REST
from image_store.services.upkeep.projections import OLD_CONSUMERS, Projections
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.generating import Generating, a_request, failing
from tests.faults.faults import Killed, Mode
from tests.faults.painting import Painting
from tests.faults.world import World
from tests.samples import OWNER

YEARS = timedelta(days=1_000)
A = Provider.POLLINATIONS
AHEAD = pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(days=3), YEARS])


@pytest.fixture
def world() -> World:
    return World(MemoryDynamo())


@contextmanager
def clock_ahead(world: World, by: timedelta = YEARS) -> Iterator[None]:
    """What is done in it is done by a machine whose clock is ahead."""
    world.clock.instant += by
    yield
    world.clock.instant -= by


# A ledger of all instants of the domain -----------------------------------------------------------------

LONGEST = "counts as passed beyond the longest of its kind"
INFORMS = "only shown, or only sorts"
OWNERS = "an owner's choice, which may lie as far ahead as the owner likes"
STORAGE = "by storage's clock, not by ours"

INSTANTS = {
    "ApiKey.created_at": INFORMS,
    "ApiKey.expires_at": OWNERS,
    "ApiKey.last_used_at": INFORMS,
    "Share.last_used_at": INFORMS,
    "ApiKey.previous_until": "the old secret works for longer, and until the next rotation at most",
    "ApiKey.revoked_at": "revoked, whatever its time is",
    "Attributes.created_at": "of a request, and not ahead of the clock",
    "Attributes.expires_at": OWNERS,
    # unit/backup/test_clocks.py has the tests of backups.
    "BackupJob.created_at": "one that asks for a full pass ahead of the clock may get two",
    "BackupJob.finished_at": INFORMS,
    "BackupJob.updated_at": LONGEST,
    "BackupLine.at": INFORMS,
    "BackupState.as_of": "a backup is as old as it lies ahead",
    "BackupState.created_at": "no backup is as old as it lies ahead",
    "BackupState.full_at": LONGEST,
    "Breaker.failed_at": LONGEST,
    "Breaker.open_until": LONGEST,
    "Breaker.opened_at": LONGEST,
    "Breaker.probe_until": LONGEST,
    "ProviderCall.started_at": INFORMS,
    "Card.created_at": INFORMS,
    "Card.restorable_until": INFORMS,
    "AuditEntry.at": INFORMS,
    "KeyAuditEntry.at": INFORMS,
    "ShareAuditEntry.at": INFORMS,
    "Event.created_at": INFORMS,
    "FeedEntry.expires_at": OWNERS,
    "FeedQuery.since": "of a request",
    "FeedQuery.until": "of a request",
    "Filters.since": "of a request",
    "Filters.until": "of a request",
    "IdempotencyRow.expires_at": "brought forward when it is read",
    "GroupRecord.created_at": INFORMS,
    "ImageRecord.created_at": INFORMS,
    "ImageRecord.dated_back_at": "policies look at the image later, and nothing waits for it",
    "ImageRecord.due_at": LONGEST,
    "ImageRecord.expires_at": OWNERS,
    "ImageRecord.queued_at": LONGEST,
    "ImageRecord.updated_at": LONGEST,
    "Import.created_at": INFORMS,
    "Import.finished_at": INFORMS,
    "Import.updated_at": INFORMS,
    "Import.waits_until": LONGEST,
    "JobItem.deadline": "set anew, once, when the image is looked at",
    "JobItem.lease_until": LONGEST,
    "JobItem.not_before": LONGEST,
    "Job.created_at": "one that lies ahead is looked after as an old one is",
    "Job.updated_at": INFORMS,
    "JobName.until": "what NamedJob.until is read from",
    "ListQuery.since": "of a request",
    "ListQuery.until": "of a request",
    "Manifest.as_of": INFORMS,
    "Manifest.started_at": INFORMS,
    "Migration.created_at": INFORMS,
    "Migration.finished_at": INFORMS,
    "Migration.updated_at": INFORMS,
    "NamedJob.until": "brought forward when it is read",
    "ObjectVersion.modified_at": STORAGE,
    "Period.since": "of a request",
    "Period.until": "of a request",
    "PassPosition.started_at": LONGEST,
    "PublicationRow.copied_until": LONGEST,
    "PublicationRow.due_at": LONGEST,
    "Rebuild.begins_at": LONGEST,
    "LedgerEntry.generated_at": INFORMS,
    "RecoveryJob.created_at": INFORMS,
    "RecoveryJob.finished_at": INFORMS,
    "RecoveryJob.updated_at": "read only while its hold of cleanup lasts, and one of a wrong clock does not count",
    "RepairJob.created_at": INFORMS,
    "RepairJob.finished_at": INFORMS,
    "RepairJob.updated_at": INFORMS,
    "Charge.ends_at": "that of an upload token, which was checked",
    "KeyCharge.at": "now, of one request",
    "KeyCharge.ends_at": "names the expiry of a counter of its own period, which no other period reads",
    "CleanupReport.finished_at": INFORMS,
    "CleanupReport.started_at": INFORMS,
    "Reservation.idempotency_expires_at": "what IdempotencyRow.expires_at is read from",
    "RetryBudget.at": LONGEST,
    "SearchQuery.since": "of a request",
    "SearchQuery.until": "of a request",
    "Share.created_at": INFORMS,
    "Share.expires_at": OWNERS,
    "Share.revoked_at": "revoked, whatever its time is",
    "SignedLink.expires_at": "of a signed link: it ends by itself and holds nobody up",
    "SourceItem.created_at": "of another store; one that lies ahead counts as unknown",
    "SweepPosition.not_before": LONGEST,
    "TagSummary.newest_at": INFORMS,
    "Turn.failing_since": "an endpoint that fails is disabled later",
    "TurnState.active_since": "only compared with that of the webhook",
    "TurnState.failing_since": "what Turn.failing_since is read from",
    "TurnState.paused_until": "counts as passed beyond the longest pause; see test_turns.py of webhooks",
    "TurnState.wakes_at": "counts as passed beyond the longest pause; see test_turns.py of webhooks",
    "Attempt.at": INFORMS,
    "EventDelivery.created_at": INFORMS,
    "EventDelivery.next_attempt_at": LONGEST,
    "EventDelivery.tries_since": "the event is tried again for longer",
    "Replay.after": "of a request",
    "Replay.created_at": "a replay ends when it is done",
    "Replay.until": "of a request, and not ahead of the clock",
    "Webhook.active_since": "the next turn begins at its own time if that is earlier",
    "Webhook.created_at": INFORMS,
    "Webhook.deleted_at": "deleted, whatever its time is",
    "Webhook.previous_until": LONGEST,
    "Webhook.updated_at": INFORMS,
    "WebhookAuditEntry.at": INFORMS,
    "UploadToken.created_at": INFORMS,
    "UploadTokenAuditEntry.at": INFORMS,
    "UploadToken.expires_at": LONGEST,
}
"""Each says what becomes of one that lies far ahead; add a test below for one that anything waits for."""


_AN_INSTANT = re.compile(r"\bdatetime\b(?!\.(date|timedelta)\b)")
"""In an annotation, as a type or as text."""


def instants_of_the_domain() -> Iterator[str]:
    for module in pkgutil.walk_packages(image_store.domain.__path__, "image_store.domain."):
        loaded_module = importlib.import_module(module.name)
        for kind in vars(loaded_module).values():
            is_class = isinstance(kind, type) and dataclasses.is_dataclass(kind)
            if not is_class or kind.__module__ != loaded_module.__name__:
                continue
            for each in dataclasses.fields(kind):
                if _AN_INSTANT.search(str(each.type)):
                    yield f"{kind.__name__}.{each.name}"


def test_every_instant_of_the_domain_was_thought_about() -> None:
    assert set(instants_of_the_domain()) == set(INSTANTS)


# Idempotency keys ---------------------------------------------------------------------------------------


@AHEAD
def test_a_key_taken_by_a_fast_clock_is_free_for_another_request_after_its_lifetime(
    world: World, ahead: timedelta
) -> None:
    with clock_ahead(world, ahead):
        first = world.upload(Visibility.PRIVATE, key="a key")
    assert world.upload(Visibility.PRIVATE, key="a key").record.id == first.record.id

    other = IdempotencyKey("a key", "another request")
    with pytest.raises(IdempotencyMismatch):
        world.app.images.earlier_images.by_key(other)
    world.clock.instant += IDEMPOTENCY_LIFETIME + CLOCK_SKEW + timedelta(seconds=1)

    assert world.app.images.earlier_images.by_key(other) is None
    assert world.upload(Visibility.PRIVATE, key="a key").record.id != first.record.id


def test_a_key_within_its_lifetime_is_left_as_it_is(world: World) -> None:
    world.upload(Visibility.PRIVATE, key="a key")
    before = world.repository.idempotency("a key")

    world.upload(Visibility.PRIVATE, key="a key")

    assert world.repository.idempotency("a key") == before is not None


def test_a_key_that_somebody_else_has_taken_meanwhile_is_not_brought_forward(world: World) -> None:
    with clock_ahead(world):
        world.upload(Visibility.PRIVATE, key="a key")
    seen = world.repository.idempotency("a key")
    assert seen is not None
    soon = world.clock.now() + IDEMPOTENCY_LIFETIME
    world.repository.bring_forward("a key", seen, to=soon)

    world.repository.bring_forward("a key", seen, to=world.clock.now())

    key_row = world.repository.idempotency("a key")
    assert key_row is not None
    assert key_row.expires_at == soon


@AHEAD
def test_the_key_of_a_job_written_by_a_fast_clock_is_free_after_its_lifetime(ahead: timedelta) -> None:
    generating = Generating(order=(A,))
    key, other = IdempotencyKey("a key", "a request"), IdempotencyKey("a key", "another request")
    generating.clock.instant += ahead
    first = generating.begin(idempotency=key)
    generating.clock.instant -= ahead

    assert generating.begin(idempotency=key).id == first.id
    generating.clock.instant += IDEMPOTENCY_LIFETIME + CLOCK_SKEW + timedelta(seconds=1)

    assert generating.begin(a_request("Another"), idempotency=other).id != first.id


# Generation ---------------------------------------------------------------------------------------------


@AHEAD
def test_an_image_requested_by_a_fast_clock_waits_no_longer_than_any(ahead: timedelta) -> None:
    generating = Generating(order=(A,))
    generating.let(A, failing(Reason.UNAVAILABLE))
    generating.clock.instant += ahead
    job = generating.begin(times=5)
    generating.clock.instant -= ahead
    began = generating.clock.now()

    generating.work_in_time()

    assert generating.job(job).status is JobStatus.FAILED
    assert generating.clock.now() - began <= 2 * WAITING_LIFETIME + CLOCK_SKEW


def test_an_image_requested_by_a_fast_clock_is_made(world: World) -> None:
    painting = Painting(world)
    with clock_ahead(world):
        painting.begin()

    painting.paint()

    (job,) = painting.jobs()
    assert job.status is JobStatus.SUCCEEDED


def test_a_lease_of_an_image_written_by_a_fast_clock_is_taken_over(world: World) -> None:
    painting = Painting(world)
    job = painting.begin()
    item = painting.generations.item(job.id, 0)
    assert item is not None
    leased = _running(item[1], world.clock.now() + YEARS)
    painting.generations.change(
        [JobItemChange(before=item[1], after=leased)], at=world.clock.now(), budgets=Budgets()
    )

    assert painting.generations.item(job.id, 0)[1].may_be_taken(world.clock.now())  # type: ignore[index]
    right = replace(leased, lease_until=world.clock.now() + LONGEST_LEASE)
    assert not right.may_be_taken(world.clock.now())


def _running(item: JobItem, lease_until: datetime) -> JobItem:
    return item.moved_to(JobItemState.RUNNING, change="0123456789abcdef", lease_until=lease_until)


def test_a_job_due_in_years_is_swept_at_once(world: World) -> None:
    painting = Painting(world)
    with clock_ahead(world):
        job = painting.begin()
    assert list(painting.generations.due(world.clock.now(), limit=10)) == [job.id]

    painting.generations.schedule(
        painting.generations.job(job.id),  # type: ignore[arg-type]
        at=world.clock.now() + LONGEST_LOOK,
    )

    assert list(painting.generations.due(world.clock.now(), limit=10)) == []


def test_a_job_written_by_a_fast_clock_is_searched_for_spooled_results_like_an_old_one() -> None:
    """After a restore of the table its answer may be kept though no row knows of it."""
    generating = Generating(order=(A,))
    generating.clock.instant += YEARS
    job = generating.begin()
    generating.clock.instant -= YEARS
    before = generating.item(job)
    generating.store.private.put = _dies_after(generating.store.private.put)  # type: ignore[method-assign]
    with pytest.raises(Killed):
        generating.step()
    del generating.store.private.put
    generating.jobs.rows[job.id, 0] = replace(before, version=before.version + 10)

    generating.look_after()
    generating.work_off()

    assert generating.item(job).state is JobItemState.SUCCEEDED
    assert generating.paid() == 1


def _dies_after(put: Callable[..., object]) -> Callable[..., None]:
    def dying(*args: object, **named: object) -> None:
        put(*args, **named)
        raise Killed

    return dying


# Breakers and retries -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("what", "longest"), [("open_until", LONGEST_PAUSE), ("probe_until", PROBE_TIME)])
def test_a_breaker_written_by_a_fast_clock_lets_a_probe_pass(
    world: World, what: str, longest: timedelta
) -> None:
    health = DynamoProviderHealth(DynamoTable(world.table, client=lambda: world.client))
    now = world.clock.now()
    opened = replace(Breaker(version=1), open_until=now, opened_at=now)
    times: dict[str, Any] = {what: now + YEARS}
    health.save(A, replace(opened, **times))
    ahead = health.breakers()[A]
    times = {what: now + longest}
    health.save(A, replace(opened, version=2, **times))
    right = health.breakers()[A]

    assert ahead.may_probe(now)
    assert not right.may_probe(now)


def test_a_failure_written_by_a_fast_clock_is_not_counted_with_later_ones() -> None:
    now = datetime.fromisoformat("2026-03-01T12:00:00Z")
    ahead = Breaker().after_failure(now + YEARS, began=now + YEARS)

    assert ahead.after_failure(now, began=now).failures == 1
    recent = Breaker().after_failure(now + timedelta(minutes=4), began=now)
    assert recent.after_failure(now + WINDOW, began=now).failures == 2


def test_retries_are_earned_again_after_one_that_a_fast_clock_took() -> None:
    now = datetime.fromisoformat("2026-03-01T12:00:00Z")
    spent = replace(RetryBudget(shares=0), at=now + YEARS, day=now.date(), made=0)

    seen = spent.refilled(now, image_count=0)
    later = seen.refilled(now + SHARE_TIME * SHARES_OF_A_RETRY * MOST_RETRIES, image_count=0)

    assert seen.shares == 0
    assert later.shares == MOST_RETRIES * SHARES_OF_A_RETRY


# Renditions and publications ----------------------------------------------------------------------------


def test_a_lease_of_a_rendition_written_by_a_fast_clock_is_taken_over(world: World) -> None:
    now, lease = world.clock.now(), timedelta(seconds=40)
    assert world.repository.take_rendering("one", holder="ahead", at=now + YEARS, until=now + YEARS + lease)
    assert world.repository.take_rendering("two", holder="right", at=now, until=now + lease)

    assert world.repository.take_rendering("one", holder="next", at=now, until=now + lease)
    assert not world.repository.take_rendering("two", holder="next", at=now, until=now + lease)


def test_copies_announced_by_a_fast_clock_are_forgotten(world: World) -> None:
    now = world.clock.now()
    keys = frozenset({"p/0123456789012345678901/w640.webp"})
    rows = []
    for name, until in (("ahead", now + YEARS), ("right", now + LONGEST_RESERVATION)):
        row = PublicationRow(f"{name:0>22}", "somebody", keys, due_at=now)
        item = publication_item(row) | {"copied_until": {"S": text_time(until)}}
        world.client.put_item(TableName=world.table, Item=item)
        world.repository.forget_publication(row, at=now)
        rows.append(world.repository.publication(row.publication))

    assert [row is None for row in rows] == [True, False]


def test_copies_of_a_publisher_whose_clock_was_ahead_go_with_the_sweep(world: World) -> None:
    image = world.upload(Visibility.PRIVATE)
    with clock_ahead(world):
        world.faults.begin("dynamodb.transact_write_items#2", Mode.KILLED)
        with pytest.raises(Killed):
            world.show(image, Visibility.PUBLIC)
        world.faults.end()
    for key, stored in world.public.objects.items():
        # Storage has a clock of its own.
        world.public.objects[key] = replace(stored, modified_at=world.clock.now())
    shown = world.bystander.record
    assert shown.publication is not None
    assert set(world.public.objects) > set(shown.public_keys(shown.publication))

    for _ in range(3):
        world.clock.instant += timedelta(days=2)
        world.collect()

    assert set(world.public.objects) == set(shown.public_keys(shown.publication))


# Direct uploads -----------------------------------------------------------------------------------------


def begun(world: World) -> Ticket:
    ticket = world.announce(Visibility.PRIVATE)
    assert isinstance(ticket, Ticket)
    return ticket


def test_an_upload_that_a_fast_clock_handed_over_can_be_completed(world: World) -> None:
    ticket = begun(world)
    world.send(ticket)
    image = world.repository.get(ticket.image_id)
    assert image is not None
    queued = replace(image.record, version=2, change="0123456789abcdef", queued_at=world.clock.now() + YEARS)
    world.repository.replace(image, replace(image, record=queued))

    stored = world.direct_uploads.complete(
        OWNER, ticket.image_id, until=world.clock.now() + timedelta(minutes=1)
    )

    assert stored is not None
    assert stored.record.state is State.READY


def test_an_upload_that_a_fast_clock_began_to_complete_can_be_completed(world: World) -> None:
    ticket = begun(world)
    world.send(ticket)
    image = world.repository.get(ticket.image_id)
    assert image is not None
    rendition = world.bystander.record.renditions
    tried = replace(
        image.record,
        version=2,
        change="0123456789abcdef",
        renditions=rendition,
        updated_at=world.clock.now() + YEARS,
    )
    world.repository.replace(image, replace(image, record=tried))

    stored = world.direct_uploads.complete(
        OWNER, ticket.image_id, until=world.clock.now() + timedelta(minutes=1)
    )

    assert stored is not None


def test_an_upload_whose_bytes_are_missing_says_so_whatever_the_clock(world: World) -> None:
    ticket = begun(world)

    with pytest.raises(UploadIncomplete):
        world.direct_uploads.complete(OWNER, ticket.image_id, until=world.clock.now() + timedelta(minutes=1))


# Sweeps -------------------------------------------------------------------------------------------------


def test_a_dropped_object_announced_by_a_fast_clock_is_announced_again(world: World) -> None:
    dropped = world.drop(announced=False)
    now = world.clock.now()
    world.repository.note(dropped.name, what="announced", expires_at=now + timedelta(days=10))
    assert not world.repository.find_settled([dropped.name], at=now)
    world.clock.instant += EVENTS_TAKE

    assert world.sweep().announced == 1


def test_a_dropped_object_that_was_announced_today_is_left_alone(world: World) -> None:
    now = world.clock.now()
    world.repository.note("a name", what="announced", expires_at=now + ANNOUNCEMENT_LIFETIME)

    assert world.repository.find_settled(["a name"], at=now) == {"a name"}


def test_a_sweep_that_a_fast_clock_ended_begins_again(world: World) -> None:
    with clock_ahead(world):
        world.sweep()
    assert world.sweep().stopped_because is None

    assert world.sweep().stopped_because == "resting"
    world.clock.instant += REST
    assert world.sweep().stopped_because is None


def test_a_rebuild_that_a_fast_clock_began_continues(world: World) -> None:
    with clock_ahead(world):
        state = world.projector.rebuild()
        begins_at = world.clock.now() + OLD_CONSUMERS
        world.projector.store_rebuild(
            Rebuild(state.served_epoch, state.served_epoch + 1, begins_at, None, state.step)
        )

    done = Projections(projector=world.projector, clock=world.clock).rebuild(
        until=world.clock.now() + timedelta(minutes=1)
    )

    assert not done.is_under_way


# Upload tokens ------------------------------------------------------------------------------------------


@AHEAD
def test_an_upload_token_made_by_a_clock_ahead_is_good_for_no_longer_than_a_day(
    world: World, ahead: timedelta
) -> None:
    permissions = world.app.callers.upload_permissions
    request = NewUploadToken(lifetime=MAX_LIFETIME, max_images=1, attributes=Attributes())
    alice = user(OWNER, scopes=(), admin_scope="admin", admin_subjects=())

    with world.gate.at_work("keys"), clock_ahead(world, ahead):
        token, _ = permissions.create(alice, request)

    with world.gate.at_work("authorize"), pytest.raises(InvalidToken):
        permissions.in_force(token.id)

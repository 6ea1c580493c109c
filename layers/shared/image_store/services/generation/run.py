"""Bringing one image of a job further; the package tells the steps, and what their failures leave behind."""

import hashlib
import json
import logging
import random
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.deadlines import CLOCK_SKEW, was_never_meant
from image_store.domain.errors import (
    RETRYABLE,
    ConfigurationError,
    Conflict,
    ImageNotFound,
    ImageStoreError,
    StorageUnavailable,
    UnsupportedMediaType,
)
from image_store.domain.generation.budget import Budgets
from image_store.domain.generation.catalogue import Model
from image_store.domain.generation.jobs import (
    JOB_LIFETIME,
    LONGEST_LEASE,
    WAITING_LIFETIME,
    CallOutcome,
    GenerationRequest,
    Job,
    JobItem,
    JobItemChange,
    JobItemError,
    JobItemState,
    LedgerEntry,
    ProviderCall,
    is_superseded,
    work_on,
)
from image_store.domain.generation.providers import (
    OF_THE_PROVIDER,
    GeneratedImage,
    ImageRequest,
    Provider,
    ProviderFailure,
    ProviderKey,
    Reason,
)
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind, State
from image_store.domain.images.reservation import IdempotencyKey
from image_store.domain.work import GenerateImage
from image_store.ports.generation import Generations, ImageProvider, ProviderKeys
from image_store.ports.objects import ObjectMissing
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.services.generation.choice import ModelCandidate, ModelChoice
from image_store.services.generation.health import Chosen, HealthWatch, Tried, UsedUp, Wait
from image_store.services.generation.ledger import EndedCall, charges, costs, failure_in, paid
from image_store.services.generation.provenance import filename_of, generation_of, receipt_in, remarks_of
from image_store.services.generation.provider_results import MAX_RESULT_BYTES, ProviderResults
from image_store.services.generation.references import References
from image_store.services.generation.sealed_requests import OpenRequest, SealedRequests
from image_store.services.images.sources import Content
from image_store.services.images.uploads import Upload, Uploads

LEASE = LONGEST_LEASE
"""Longer than the function lives that holds it (300 s)."""
TO_STORE = timedelta(seconds=45)
"""What keeping, storing and settling an answer may take of a function's time."""
STORING = timedelta(seconds=100)
"""Below the lifetime of a reservation."""
LONGEST_DELAY = timedelta(minutes=15)
"""What the queue allows."""
SHORTEST_WAIT = timedelta(seconds=2)
"""Of an image that waits for a provider; longer than the second by which a message may come early."""
_FIRST_BACKOFF = timedelta(seconds=1)
_STORE_AGAIN = timedelta(seconds=30)
_SOON = timedelta(seconds=1)
_SOONEST_RESTORE = timedelta(seconds=5)
"""No table is restored, and no local stack started again, sooner than this: a younger job was never rolled back."""

_log = logging.getLogger("image_store.generation")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRun:
    """Does the work of generation."""

    generations: Generations
    choice: ModelChoice
    watch: HealthWatch
    providers: Mapping[Provider, ImageProvider]
    keys: ProviderKeys
    deployment_key: Callable[[Provider], ProviderKey | None]
    references: References
    kept: ProviderResults
    wishes: SealedRequests
    uploads: Uploads
    work: WorkQueue
    budgets: Budgets
    retries: int
    """How often a transient failure of one image is tried again."""
    report: Callable[[CallOutcome], None]
    """Hears of every call that ended."""
    clock: Clock
    ids: Ids
    jitter: Callable[[float], float] = lambda most: random.uniform(0, most)  # noqa: S311 - needs no secrecy

    def carry_on(self, work: GenerateImage, *, until: datetime) -> None:
        """Do what is to be done for an image now, and hand over what is to be done later.

        Safe to repeat, and to do in several places at once. Raises what may go better later.
        """
        found = self.generations.item(work.job_id, work.index)
        if found is None or found[1].ended:
            return
        job, item = found
        now = self.clock.now()
        if item.state is JobItemState.RUNNING and not item.may_be_taken(now):
            return  # somebody is at it; should it die, the sweep sends the image again
        if not item.is_to_begin(now + _SOON):
            # The change that let it wait has sent a message of its own: without this, each that comes twice, or
            # that the sweep sends besides, would be sent on for as long as the image waits.
            if not is_superseded(work, item):
                self._send(item, item.not_before - now)
            return
        try:
            if item.call is not None:
                self._resume(job, item, item.call, until)
            elif job.cancelled:
                self._end(item, JobItemState.CANCELLED)
            else:
                self._begin(job, self._with_deadline(item), until)
        except _LostLease:
            return  # somebody else has taken over

    # 2. Lease and 3. Call -----------------------------------------------------------------------------

    def _with_deadline(self, item: JobItem) -> JobItem:
        """The image with a deadline that may have been meant: one by a clock that ran ahead begins anew, once."""
        now = self.clock.now()
        if not was_never_meant(item.deadline, now, longest=WAITING_LIFETIME):
            return item
        return self._changed(item, JobItemState.QUEUED, deadline=now + WAITING_LIFETIME)

    def _begin(self, job: Job, item: JobItem, until: datetime) -> None:
        now = self.clock.now()
        is_new = -CLOCK_SKEW <= now - job.created_at < _SOONEST_RESTORE
        forgotten = None if is_new else self._unsettled(item)
        if forgotten is not None:
            self._adopt(job, item, *forgotten, until)
            return
        try:
            opened = self._opened(job, item)
        except (StorageUnavailable, ConfigurationError) as sealed:
            if now < item.deadline:
                raise
            self._end(item, JobItemState.FAILED, error=JobItemError(sealed.code, sealed.message))
            return
        wish = opened.wish
        own = self.keys.providers(item.owner)
        held = item.hold.micros if item.hold is not None else 0
        found = self.choice.candidates(wish, job.preference, own, held=held, on=now.date())
        candidates = [candidate for candidate in found if candidate.provider not in item.given_up]
        if not candidates:
            error = _of_the_last_call(item) or JobItemError(
                "provider_failed", "No provider can make this image."
            )
            self._end(item, JobItemState.FAILED, error=error)
            return
        chosen = self.watch.choose(candidates, _tried(item))
        if isinstance(chosen, Wait):
            self._wait(item, chosen.until)
            return
        if isinstance(chosen, UsedUp):
            self._end(item, JobItemState.FAILED, error=_not_again(item))
            return
        try:
            begun = self._leased(item, wish, chosen.candidate)
        except (StorageUnavailable, ConfigurationError) as away:
            self.watch.let_go(chosen)
            if now < item.deadline:
                raise
            self._end(item, JobItemState.FAILED, error=JobItemError(away.code, away.message))
            return
        except Exception:
            self.watch.let_go(chosen)
            raise
        if begun is None:
            self.watch.let_go(chosen)
            return
        running, call, asked = begun
        self._call(job, running, opened, chosen, call, asked, until)

    def _leased(
        self, item: JobItem, wish: GenerationRequest, chosen: ModelCandidate
    ) -> tuple[JobItem, ProviderCall, "_Asked"] | None:
        """Take the image for a call; None when it cannot be made any more.

        Whatever the call needs is read before, its key as well: once an image is taken, nobody can tell that it was not
        paid for.
        """
        try:
            asked = _Asked(self._request(item, wish, chosen.model), self._key(item, chosen))
        except ImageNotFound as error:
            self._end(item, JobItemState.FAILED, error=JobItemError(error.code, error.message))
            return None
        now = self.clock.now()
        call = ProviderCall(
            id=self.ids.token(),
            provider=chosen.provider,
            model=chosen.model.name,
            own_key=chosen.own_key,
            started_at=now,
        )
        running = self._changed(
            item,
            JobItemState.RUNNING,
            calls=item.calls + 1,
            call=call,
            provider=chosen.provider,
            model=chosen.model.name,
            lease_until=now + LEASE,
            settled=False,
            error=None,
        )
        return running, call, asked

    def _call(
        self,
        job: Job,
        item: JobItem,
        opened: OpenRequest,
        chosen: Chosen,
        call: ProviderCall,
        asked: "_Asked",
        until: datetime,
    ) -> None:
        candidate, started = chosen.candidate, self.clock.now()

        def ended() -> EndedCall:
            now = self.clock.now()
            return EndedCall(
                call=call,
                wish=opened.wish,
                model=candidate.model,
                request=asked.request,
                duration=now - started,
                at=now,
            )

        try:
            made = self._made(candidate, asked, until)
        except ProviderFailure as failure:
            self.watch.went_wrong(candidate, failure, began=call.started_at)
            duration, charge = self.clock.now() - started, ended().charge(failure)
            if charge is not None:
                with suppress(StorageUnavailable):  # the ledger may still be there
                    self.kept.keep(item, charge, b"", until=until)
            self._failed(job, item, call, failure, duration, charge)
            return
        receipt = opened.seal(ended().receipt(made))
        try:
            self.kept.keep(item, receipt, made.data, until=until)
        finally:  # the provider did its part, and others wait to hear of a probe
            self.watch.went_well(chosen, began=call.started_at)
        self._store(item, opened, receipt, made.data, until)

    def _key(self, item: JobItem, chosen: ModelCandidate) -> ProviderKey | None:
        if chosen.own_key:
            return self.keys.get(item.owner, chosen.provider)
        return self.deployment_key(chosen.provider)

    def _made(self, chosen: ModelCandidate, asked: "_Asked", until: datetime) -> GeneratedImage:
        if asked.key is None:
            raise ProviderFailure(Reason.BAD_KEY, "There is no key for this provider.")
        try:
            return self.providers[chosen.provider].generate(
                asked.request, key=asked.key, until=until - TO_STORE
            )
        except ProviderFailure:
            raise
        except Exception as error:
            # An SDK may raise anything; that it was called is all that is known. What it says may quote the prompt.
            where = [
                f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
            ]
            _log.error(
                "a provider's module failed",
                extra={"provider": chosen.provider.value, "error": type(error).__qualname__, "where": where},
            )
            raise ProviderFailure(
                Reason.BAD_ANSWER, "The provider's answer could not be understood."
            ) from error

    def _request(self, item: JobItem, wish: GenerationRequest, model: Model) -> ImageRequest:
        width, height = model.size(wish.size)
        return ImageRequest(
            model=model.name,
            prompt=wish.prompt,
            negative_prompt=wish.negative_prompt,
            width=width,
            height=height,
            quality=model.quality(wish.quality),
            seed=wish.seed if model.seeds else None,
            references=self.references.read(item.owner, wish.reference_ids),
        )

    def _opened(self, job: Job, item: JobItem) -> OpenRequest:
        opened = self.wishes.of(item.owner, item.job_id).open(item)
        return replace(opened, preference=job.preference)

    def _wait(self, item: JobItem, until: datetime) -> None:
        """Nobody can be called now: later, or not at all."""
        if until >= item.deadline:
            error = _of_the_last_call(item) or _nobody("No provider was available in time.")
            self._end(item, JobItemState.FAILED, error=error)
            return
        # A little later for each, so that not all of them come back at once.
        spread = timedelta(seconds=self.jitter(2.0))
        self._later(
            self._changed(
                item,
                JobItemState.QUEUED,
                not_before=max(until, self.clock.now() + SHORTEST_WAIT) + spread,
                lease_until=None,
                error=item.error
                or _nobody("No provider can be called at the moment; the image waits for one."),
            )
        )

    def _failed(
        self,
        job: Job,
        item: JobItem,
        call: ProviderCall,
        failure: ProviderFailure,
        duration: timedelta,
        charge: LedgerEntry | None = None,
    ) -> None:
        """What follows from a call that failed, and from what was charged for it all the same."""
        now = self.clock.now()
        outcome = CallOutcome(
            call=call,
            duration_ms=int(duration / timedelta(milliseconds=1)),
            succeeded=False,
            reason=failure.reason,
            receipt=charge,
        )
        cost = charges(item, charge)
        error = JobItemError("provider_failed", failure.message, failure.reason.value, call.provider.value)
        gives_up = failure.reason in OF_THE_PROVIDER
        again = item.retries < self.retries if failure.transient else gives_up
        if job.cancelled and again:
            self._end(item, JobItemState.CANCELLED, outcome=outcome, **cost)
        elif not again:
            self._end(item, JobItemState.FAILED, outcome=outcome, error=error, **cost)
        else:
            wait = timedelta(0)
            if failure.transient:
                wait = timedelta(seconds=self.jitter((_FIRST_BACKOFF * 2**item.retries).total_seconds()))
            later = self._changed(
                item,
                JobItemState.QUEUED,
                outcome=outcome,
                retries=item.retries + failure.transient,
                given_up=(*item.given_up, call.provider) if gives_up else item.given_up,
                tried=tuple(dict.fromkeys((*item.tried, call.provider))) if failure.transient else item.tried,
                not_before=now + wait,
                lease_until=None,
                call=None,
                error=error,
                **cost,
            )
            self._later(later)
        if charge is not None:
            self.kept.remove(item, call)

    # 5. Store and 6. Settle ---------------------------------------------------------------------------

    def _resume(self, job: Job, item: JobItem, call: ProviderCall, until: datetime) -> None:
        """Go on where another worker stopped, or where the store was not there."""
        taken = self._changed(item, JobItemState.RUNNING, lease_until=self.clock.now() + LEASE)
        answer = self.kept.find(taken, call)
        if answer is None:
            # After a restore of an older table the answer may be an image by now, or that of another call.
            if self._finish_stored(job, taken, call, until):
                return
            other = self._unsettled(taken)
            if other is not None:
                self._adopt(job, taken, *other, until)
                return
            lost = ProviderFailure(Reason.LOST, "The work ended while the provider was at it.")
            self._failed(job, taken, call, lost, timedelta(0))
            return
        self._go_on(job, taken, *answer, until)

    def _adopt(self, job: Job, item: JobItem, receipt: LedgerEntry, data: bytes, until: datetime) -> None:
        """Go on with the kept answer to a call that the table has forgotten."""
        call = receipt.call
        taken = self._changed(
            item,
            JobItemState.RUNNING,
            calls=item.calls + 1,
            call=call,
            provider=call.provider,
            model=call.model,
            lease_until=self.clock.now() + LEASE,
            settled=False,
            error=None,
        )
        _log.warning("a kept answer was found that the table does not know", extra={"job": item.job_id})
        self._go_on(job, taken, receipt, data, until)

    def _go_on(self, job: Job, taken: JobItem, receipt: LedgerEntry, data: bytes, until: datetime) -> None:
        if (failure := failure_in(receipt)) is not None:
            duration = timedelta(milliseconds=receipt.duration_ms)
            self._failed(job, taken, receipt.call, failure, duration, receipt)
            return
        try:
            opened = self._opened(job, taken)
        except (StorageUnavailable, ConfigurationError) as closed:
            _log.warning(
                "a paid image could not be opened yet", extra={"job": taken.job_id, "code": closed.code}
            )
            wait = _STORE_AGAIN if isinstance(closed, StorageUnavailable) else LONGEST_DELAY
            self._later(self._kept_for_later(taken, receipt, paid(taken, receipt), wait))
            return
        self._store(taken, opened, receipt, data, until)

    def _unsettled(self, item: JobItem) -> tuple[LedgerEntry, bytes] | None:
        """A kept answer of which the ledger knows nothing, as after a restore of an older table; pictures first."""
        found = [
            (receipt, data)
            for receipt, data in self.kept.all_of(item)
            if not self.generations.is_settled(item, receipt.call)
        ]
        return min(found, key=lambda each: each[0].failure is not None) if found else None

    def _finish_stored(self, job: Job, item: JobItem, call: ProviderCall, until: datetime) -> bool:
        """End an image whose answer is stored already, though it is no longer kept; False when it is not."""
        try:
            record = self.uploads.stored_under(_upload_name(item, call))
        except ImageNotFound:  # it was stored, and its owner has deleted it since
            receipt = receipt_in(None, call, now=self.clock.now())
            self._succeeded(item, receipt, None)
            return True
        if record is None:
            return False
        receipt = receipt_in(record.details.generation, call, now=self.clock.now())
        if record.record.state is not State.PENDING:
            self._succeeded(item, receipt, record.record.id)
            return True
        # It was on its way: its original is in the bucket, and is an answer once more.
        try:
            data = self.kept.private.get(record.record.original_key, max_bytes=MAX_RESULT_BYTES)
        except ObjectMissing:
            return False
        self.kept.keep(item, receipt, data, until=until)
        self._go_on(job, item, receipt, data, until)
        return True

    def _succeeded(self, item: JobItem, receipt: LedgerEntry, image_id: str | None) -> None:
        self._end(
            item,
            JobItemState.SUCCEEDED,
            outcome=paid(item, receipt),
            image_id=image_id,
            **costs(item, receipt),
        )

    def _store(
        self, item: JobItem, opened: OpenRequest, receipt: LedgerEntry, data: bytes, until: datetime
    ) -> None:
        outcome = paid(item, receipt)
        upload = Upload(
            owner=item.owner,
            source=Content(data),
            attributes=self._attributes(opened, receipt, data),
            until=min(until, self.clock.now() + STORING),
            idempotency=IdempotencyKey(
                name=_upload_name(item, receipt.call),
                fingerprint=hashlib.sha256(data).hexdigest(),
                lifetime=JOB_LIFETIME,
            ),
            extra_warnings=lambda made: remarks_of(opened, receipt, made),
        )
        try:
            image_id: str | None = self.uploads.accept(upload).record.id
        except RETRYABLE:
            _log.warning("a paid image could not be stored yet", extra={"job": item.job_id})
            self._later(self._kept_for_later(item, receipt, outcome, _STORE_AGAIN))
            return
        except ImageNotFound:
            image_id = None  # it was stored, and its owner has deleted it since
        except ImageStoreError as error:
            self._end(
                item,
                JobItemState.FAILED,
                outcome=outcome,
                error=_not_stored(error, receipt.call.provider),
                **costs(item, receipt),
            )
            self.kept.remove(item, receipt.call)
            return
        self._succeeded(item, receipt, image_id)
        self.kept.remove(item, receipt.call)

    def _attributes(self, opened: OpenRequest, receipt: LedgerEntry, data: bytes) -> Attributes:
        """What is said of the image. One that has expired meanwhile was paid for: it is stored, and expires then."""
        attributes = opened.wish.attributes
        expires_at = attributes.expires_at
        if expires_at is not None:
            expires_at = max(expires_at, self.clock.now() + STORING)
        return replace(
            attributes,
            kind=Kind.GENERATED,
            generation=generation_of(opened, receipt),
            filename=attributes.filename or filename_of(opened, receipt, data, seals=self.wishes.seals),
            expires_at=expires_at,
        )

    def _kept_for_later(
        self, item: JobItem, receipt: LedgerEntry, outcome: CallOutcome | None, wait: timedelta
    ) -> JobItem:
        """The image waits for the store; what it cost is settled now."""
        return self._changed(
            item,
            JobItemState.QUEUED,
            outcome=outcome,
            not_before=self.clock.now() + wait,
            lease_until=None,
            hold=None,
            **costs(item, receipt),
        )

    # Changes ------------------------------------------------------------------------------------------

    def _changed(
        self, item: JobItem, state: JobItemState, *, outcome: CallOutcome | None = None, **changes: object
    ) -> JobItem:
        after = item.moved_to(state, change=self.ids.token(), **changes)
        try:
            self.generations.change(
                [JobItemChange(before=item, after=after, outcome=outcome)],
                at=self.clock.now(),
                budgets=self.budgets,
            )
        except Conflict as error:
            raise _LostLease from error
        if outcome is not None:
            self.report(outcome)
        return after

    def _end(
        self, item: JobItem, state: JobItemState, *, outcome: CallOutcome | None = None, **changes: object
    ) -> None:
        self._changed(item, state, outcome=outcome, hold=None, lease_until=None, **changes)

    def _later(self, item: JobItem) -> None:
        self._send(item, item.not_before - self.clock.now())

    def _send(self, item: JobItem, delay: timedelta) -> None:
        delay = min(max(delay, timedelta(0)), LONGEST_DELAY)
        try:
            self.work.send(work_on(item), delay=delay)
        except StorageUnavailable:
            _log.warning(
                "the queue did not take an image; the sweep will send it", extra={"job": item.job_id}
            )


class _LostLease(Exception):
    """Another worker has changed the image."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a provider is asked, and what opens it; None where there is nothing."""

    request: ImageRequest
    key: ProviderKey | None


def _tried(item: JobItem) -> Tried:
    reason = item.error.reason if item.error is not None else None
    return Tried(frozenset(item.tried), item.provider if item.retries else None, reason)


def _of_the_last_call(item: JobItem) -> JobItemError | None:
    """What the last call failed of; None when what is told of the image came of no call."""
    return item.error if item.error is not None and item.error.provider is not None else None


def _nobody(detail: str) -> JobItemError:
    return JobItemError("provider_failed", detail, Reason.UNAVAILABLE.value)


def _not_again(item: JobItem) -> JobItemError:
    """Why an image is not tried again although it may go better."""
    last = item.error or JobItemError("provider_failed", "The provider is not available.")
    return replace(
        last, detail=f"{last.detail} It was not asked again: too many of its calls have failed lately."
    )


def _not_stored(error: ImageStoreError, provider: Provider) -> JobItemError:
    """Why a paid answer is no image; what it says to those who upload is nothing to those who asked for one."""
    if isinstance(error, UnsupportedMediaType):
        detail = "The provider's answer is no image that the store takes."
        return JobItemError(error.code, detail, Reason.BAD_ANSWER.value, provider.value)
    return JobItemError(error.code, error.message, provider=provider.value)


def _upload_name(item: JobItem, call: ProviderCall) -> str:
    """The idempotency key under which the answer to a call is stored."""
    name = json.dumps([item.job_id, item.index, call.id])
    return hashlib.sha256(f"generation\0{name}".encode()).hexdigest()

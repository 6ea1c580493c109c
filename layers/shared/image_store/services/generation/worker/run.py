"""Continues one item of a job; the package describes the protocol and what each failure leaves."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.deadlines import CLOCK_SKEW, is_too_far_ahead
from image_store.domain.errors import (
    ConfigurationError,
    ImageNotFound,
    ImageStoreError,
    ProviderFailed,
    StorageUnavailable,
)
from image_store.domain.generation.jobs import (
    WAITING_LIFETIME,
    Job,
    JobItem,
    JobItemError,
    JobItemState,
    is_superseded,
)
from image_store.domain.generation.providers import ProviderFailure, Reason
from image_store.domain.work import GenerateImage
from image_store.ports.generation import Generations
from image_store.ports.system import Clock
from image_store.services.generation.health import CallPermit, NoRetryLeft, Wait
from image_store.services.generation.provider_results import ProviderResult, ProviderResults
from image_store.services.generation.sealed_requests import OpenRequest, SealedRequests
from image_store.services.generation.worker.calls import PreparedCall, ProviderCalls
from image_store.services.generation.worker.changes import JobItemWriter, LeaseLost
from image_store.services.generation.worker.recovery import Recovery
from image_store.services.generation.worker.settlement import Settlement

SHORTEST_WAIT = timedelta(seconds=2)
"""The shortest time that an item waits for a provider; longer than `_EARLY`."""
_WAIT_SPREAD_SECONDS = 2.0
_EARLY = timedelta(seconds=1)
"""By how much a message may come early."""
_SOONEST_RESTORE = timedelta(seconds=5)
"""Restoring a table, or restarting a local stack, takes longer than this. So a younger job was not rolled back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRun:
    """Works on items: leases one, has its image made, and hands the result to the settlement."""

    generations: Generations
    calls: ProviderCalls
    results: ProviderResults
    writer: JobItemWriter
    settlement: Settlement
    recovery: Recovery
    sealed_requests: SealedRequests
    clock: Clock
    jitter: Callable[[float], float]
    """A random number of seconds, from 0 to the one given."""

    def carry_on(self, work: GenerateImage, *, until: datetime) -> None:
        """Do what an item needs now, and queue what it needs later.

        Safe to repeat and to run in several places at once. Raises errors that may pass; the queue then repeats the
        message.
        """
        row = self.generations.item(work.job_id, work.index)
        if row is None or row[1].has_ended:
            return
        job, item = row
        now = self.clock.now()
        if item.state is JobItemState.RUNNING and not item.may_be_taken(now):
            return  # another worker has it; if that worker dies, the sweep sends the item again
        if not item.is_to_begin(now + _EARLY):
            # The change that let the item wait has sent a message of its own. Without this check, each duplicate
            # and each message of the sweep would be sent on for as long as the item waits.
            if not is_superseded(work, item):
                self.writer.send(item)
            return
        with suppress(LeaseLost):  # another worker has taken over
            if item.call is not None:
                self.recovery.resume(job, item, item.call, until=until)
            elif job.is_cancelled:
                self.writer.end(item, JobItemState.CANCELLED)
            else:
                self._begin(job, self._with_valid_deadline(item), until)

    def _with_valid_deadline(self, item: JobItem) -> JobItem:
        """The item with a possible deadline: one that a fast clock has set starts anew, once."""
        now = self.clock.now()
        if not is_too_far_ahead(item.deadline, now, longest=WAITING_LIFETIME):
            return item
        return self.writer.move(item, JobItemState.QUEUED, deadline=now + WAITING_LIFETIME)

    def _begin(self, job: Job, item: JobItem, until: datetime) -> None:
        now = self.clock.now()
        is_new = -CLOCK_SKEW <= now - job.created_at < _SOONEST_RESTORE
        unsettled = None if is_new else self.recovery.unsettled(item)
        if unsettled is not None:
            self.recovery.adopt(job, item, unsettled, until=until)
            return
        try:
            opened = self.sealed_requests.open(job, item)
        except (StorageUnavailable, ConfigurationError) as error:
            self._fail_if_late(item, error, now)
            return
        permit = self.calls.permit(item, opened.request, job.preference)
        match permit:
            case None:
                no_provider = JobItemError(ProviderFailed.code, "No provider can make this image.")
                self.writer.end(item, JobItemState.FAILED, error=_last_call_error(item) or no_provider)
            case Wait():
                self._wait(item, permit.until)
            case NoRetryLeft():
                self.writer.end(item, JobItemState.FAILED, error=_no_retry_error(item))
            case CallPermit():
                self._lease_and_call(permit, job, item, opened, until)

    def _lease_and_call(
        self, permit: CallPermit, job: Job, item: JobItem, opened: OpenRequest, until: datetime
    ) -> None:
        """Lease the item and make the call; the permit is given back if there will be no call."""
        now = self.clock.now()
        try:
            prepared = self.calls.prepare(item, opened.request, permit.candidate)
            leased = self.writer.lease(item, prepared.call, since=prepared.call.started_at)
        except ImageNotFound as missing:
            self.calls.watch.give_back(permit)
            self.writer.end(item, JobItemState.FAILED, error=JobItemError(missing.code, missing.message))
            return
        except (StorageUnavailable, ConfigurationError) as error:
            self.calls.watch.give_back(permit)
            self._fail_if_late(item, error, now)
            return
        except Exception:
            self.calls.watch.give_back(permit)
            raise
        self._call_and_spool(permit, prepared, job, leased, opened, until)

    def _call_and_spool(
        self,
        permit: CallPermit,
        prepared: PreparedCall,
        job: Job,
        item: JobItem,
        opened: OpenRequest,
        until: datetime,
    ) -> None:
        """Make the call and spool what it brought, before anything else is done with it."""
        call, started = prepared.call, self.clock.now()
        try:
            image = self.calls.make(prepared, until=until)
        except ProviderFailure as failure:
            self.calls.watch.record_failure(permit.candidate, failure, began=call.started_at)
            ended = self.clock.now()
            charge = prepared.failure_entry(failure, duration=ended - started, at=ended)
            if charge is not None:
                with suppress(StorageUnavailable):  # the ledger may still take it
                    self.results.put(item, ProviderResult(charge, b""), until=until)
            self.settlement.fail(job, item, call, failure, duration=ended - started, entry=charge)
            return
        ended = self.clock.now()
        entry = opened.seal(prepared.entry(image, duration=ended - started, at=ended))
        result = ProviderResult(entry, image.data)
        try:
            self.results.put(item, result, until=until)
        finally:  # the provider did its part, and others wait for the outcome of a probe
            self.calls.watch.record_success(permit, began=call.started_at)
        self.settlement.store(item, opened, result, until=until)

    def _wait(self, item: JobItem, until: datetime) -> None:
        """Queue an item until a provider can be called, or end it if that is too late."""
        if until >= item.deadline:
            error = _last_call_error(item) or _unavailable("No provider was available in time.")
            self.writer.end(item, JobItemState.FAILED, error=error)
            return
        # A random part of each wait keeps the items from coming back all at once.
        spread = timedelta(seconds=self.jitter(_WAIT_SPREAD_SECONDS))
        self.writer.requeue(
            item,
            not_before=max(until, self.clock.now() + SHORTEST_WAIT) + spread,
            error=item.error
            or _unavailable("No provider can be called at the moment; the image waits for one."),
        )

    def _fail_if_late(self, item: JobItem, error: ImageStoreError, now: datetime) -> None:
        """End an item that is past its deadline with an error; before that, raise the error for another try."""
        if now < item.deadline:
            raise error
        self.writer.end(item, JobItemState.FAILED, error=JobItemError(error.code, error.message))


def _last_call_error(item: JobItem) -> JobItemError | None:
    """The error of the last call; None if the item's error comes from no call."""
    return item.error if item.error is not None and item.error.provider is not None else None


def _unavailable(detail: str) -> JobItemError:
    return JobItemError(ProviderFailed.code, detail, Reason.UNAVAILABLE.value)


def _no_retry_error(item: JobItem) -> JobItemError:
    """Why an item is not tried again although its last error may pass."""
    last = item.error or JobItemError(ProviderFailed.code, "The provider is not available.")
    return replace(
        last,
        detail=f"{last.detail} It was not called again: too many of its calls have failed lately.",
    )

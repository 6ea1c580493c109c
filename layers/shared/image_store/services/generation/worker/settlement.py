"""Settles calls: stores a result or handles a failure, and writes the cost with it."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.errors import (
    RETRYABLE,
    ContentRefused,
    ImageNotFound,
    ImageStoreError,
    ProviderFailed,
    UnsupportedMediaType,
)
from image_store.domain.generation.jobs import Job, JobItem, JobItemError, JobItemState
from image_store.domain.generation.ledger import CallOutcome, LedgerEntry, ProviderCall
from image_store.domain.generation.providers import OF_THE_PROVIDER, Provider, ProviderFailure, Reason
from image_store.ports.system import Clock
from image_store.services.generation.provider_results import ProviderResult, ProviderResults
from image_store.services.generation.sealed_requests import OpenRequest
from image_store.services.generation.worker.changes import JobItemWriter
from image_store.services.generation.worker.storage import ResultStorage

STORE_RETRY = timedelta(seconds=30)
_FIRST_BACKOFF = timedelta(seconds=1)

_log = logging.getLogger("image_store.generation")


def full_jitter(most: float) -> float:
    """A random number of seconds from 0 to `most`."""
    return random.uniform(0, most)  # noqa: S311 - needs no secrecy


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Ends an item after its call, or queues it again. Steps 5 and 6 of the package's protocol."""

    writer: JobItemWriter
    results: ProviderResults
    storage: ResultStorage
    retries: int
    """How often a transient failure of one image is tried again."""
    clock: Clock
    jitter: Callable[[float], float]
    """A random number of seconds, from 0 to the one given."""

    def store(self, item: JobItem, opened: OpenRequest, result: ProviderResult, *, until: datetime) -> None:
        """Store a result, then settle it; if the store does not respond, the item is queued again."""
        entry = result.entry
        try:
            image_id: str | None = self.storage.store(item, opened, result, until=until)
        except RETRYABLE:
            _log.warning("a paid image could not be stored yet", extra={"job": item.job_id})
            self.postpone(item, entry, STORE_RETRY)
            return
        except ImageNotFound:
            image_id = None  # it was stored, and its owner has deleted it since
        except ImageStoreError as error:
            self.writer.end(
                item,
                JobItemState.FAILED,
                outcome=_outcome_of(item, entry),
                error=_storage_error(error, entry.call.provider),
                **_recorded_call(item, entry),
            )
            self.results.remove(item, entry.call)
            return
        self.succeed(item, entry, image_id)
        self.results.remove(item, entry.call)

    def succeed(self, item: JobItem, entry: LedgerEntry, image_id: str | None) -> None:
        """End an item whose image is stored; None if its owner has deleted the image since."""
        self.writer.end(
            item,
            JobItemState.SUCCEEDED,
            outcome=_outcome_of(item, entry),
            image_id=image_id,
            **_recorded_call(item, entry),
        )

    def postpone(self, item: JobItem, entry: LedgerEntry, wait: timedelta) -> None:
        """Store the result of an item later, and settle its cost now."""
        self.writer.requeue(
            item,
            not_before=self.clock.now() + wait,
            outcome=_outcome_of(item, entry),
            hold=None,
            **_recorded_call(item, entry),
        )

    def fail(
        self,
        job: Job,
        item: JobItem,
        call: ProviderCall,
        failure: ProviderFailure,
        *,
        duration: timedelta,
        entry: LedgerEntry | None = None,
    ) -> None:
        """End an item after a failed call, or queue it again; `entry` is the charge of a call that cost money."""
        now = self.clock.now()
        outcome = CallOutcome(
            call=call,
            duration_ms=int(duration / timedelta(milliseconds=1)),
            succeeded=False,
            reason=failure.reason,
            entry=entry,
        )
        cost = _charged(item, entry)
        error = _call_error(failure, call.provider)
        is_unable = failure.reason in OF_THE_PROVIDER
        may_retry = item.retries < self.retries if failure.is_transient else is_unable
        if job.is_cancelled and may_retry:
            self.writer.end(item, JobItemState.CANCELLED, outcome=outcome, **cost)
        elif not may_retry:
            self.writer.end(item, JobItemState.FAILED, outcome=outcome, error=error, **cost)
        else:
            wait = timedelta(0)
            unable, failed = item.unable_providers, item.failed_providers
            if is_unable:
                unable = (*unable, call.provider)
            if failure.is_transient:
                wait = timedelta(seconds=self.jitter((_FIRST_BACKOFF * 2**item.retries).total_seconds()))
                failed = tuple(dict.fromkeys((*failed, call.provider)))
            self.writer.requeue(
                item,
                not_before=now + wait,
                outcome=outcome,
                retries=item.retries + failure.is_transient,
                unable_providers=unable,
                failed_providers=failed,
                call=None,
                error=error,
                **cost,
            )
        if entry is not None:
            self.results.remove(item, call)


def _outcome_of(item: JobItem, entry: LedgerEntry) -> CallOutcome | None:
    """The outcome of a call with a picture; None if it is in the ledger already."""
    if item.is_call_recorded:
        return None
    return CallOutcome(call=entry.call, duration_ms=entry.duration_ms, succeeded=True, entry=entry)


def _recorded_call(item: JobItem, entry: LedgerEntry) -> dict[str, object]:
    """The changes of an item whose call goes into the ledger now; none if it is there already."""
    if item.is_call_recorded:
        return {}
    return {"is_call_recorded": True, "duration_ms": entry.duration_ms, **_charged(item, entry)}


def _charged(item: JobItem, entry: LedgerEntry | None) -> dict[str, object]:
    """The changes of an item that add the cost of a call."""
    if entry is None:
        return {}
    return {
        "cost_micros": item.cost_micros + (entry.cost_micros or 0),
        "unknown_costs": item.unknown_costs + (entry.cost_micros is None),
    }


def _call_error(failure: ProviderFailure, provider: Provider) -> JobItemError:
    kind = ContentRefused if failure.reason is Reason.REFUSED else ProviderFailed
    return JobItemError(kind.code, failure.message, failure.reason.value, provider.value)


def _storage_error(error: ImageStoreError, provider: Provider) -> JobItemError:
    """Why a paid result could not be stored. Upload errors would confuse a generation caller."""
    if isinstance(error, UnsupportedMediaType):
        detail = "The provider's answer is not an image of a supported format."
        return JobItemError(error.code, detail, Reason.BAD_ANSWER.value, provider.value)
    return JobItemError(error.code, error.message, provider=provider.value)

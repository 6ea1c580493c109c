"""Resumes an item whose last worker stopped, or whose table was restored, from the results in the bucket."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.errors import ConfigurationError, ImageNotFound, StorageUnavailable
from image_store.domain.generation.jobs import Job, JobItem, JobItemState
from image_store.domain.generation.ledger import ProviderCall
from image_store.domain.generation.providers import ProviderFailure, Reason
from image_store.domain.images.image import State
from image_store.ports.generation import Generations
from image_store.ports.system import Clock
from image_store.services.generation.provenance import entry_from_provenance
from image_store.services.generation.provider_results import ProviderResult, ProviderResults
from image_store.services.generation.sealed_requests import SealedRequests
from image_store.services.generation.worker.changes import LEASE, LONGEST_DELAY, JobItemWriter
from image_store.services.generation.worker.settlement import STORE_RETRY, Settlement
from image_store.services.generation.worker.storage import ResultStorage

_log = logging.getLogger("image_store.generation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Finds what became of a call, so that no provider is called, and paid, again for a result that exists."""

    generations: Generations
    results: ProviderResults
    writer: JobItemWriter
    settlement: Settlement
    storage: ResultStorage
    sealed_requests: SealedRequests
    clock: Clock

    def resume(self, job: Job, item: JobItem, call: ProviderCall, *, until: datetime) -> None:
        """Continue after a call whose worker stopped, or whose result could not be stored yet."""
        leased = self.writer.move(item, JobItemState.RUNNING, lease_until=self.clock.now() + LEASE)
        result = self.results.find(leased, call)
        if result is not None:
            self._continue(job, leased, result, until)
            return
        # After a restore of an older table the result may be an image by now, or belong to another call.
        if self._finish_stored(job, leased, call, until):
            return
        other = self.unsettled(leased)
        if other is not None:
            self.adopt(job, leased, other, until=until)
            return
        lost = ProviderFailure(Reason.LOST, "The worker stopped during the call, so its result is unknown.")
        self.settlement.fail(job, leased, call, lost, duration=timedelta(0))

    def unsettled(self, item: JobItem) -> ProviderResult | None:
        """Find a result that the ledger does not have, as after a restore of an older table; pictures first."""
        results = [
            result
            for result in self.results.all_of(item)
            if not self.generations.is_settled(item, result.entry.call)
        ]
        return min(results, key=lambda result: result.entry.failure is not None) if results else None

    def adopt(self, job: Job, item: JobItem, result: ProviderResult, *, until: datetime) -> None:
        """Continue with the result of a call that the table has forgotten."""
        call = result.entry.call
        leased = self.writer.lease(item, call, since=self.clock.now())
        _log.warning("a provider result was found that the table does not know", extra={"job": item.job_id})
        self._continue(job, leased, result, until)

    def _continue(self, job: Job, item: JobItem, result: ProviderResult, until: datetime) -> None:
        entry = result.entry
        if entry.failure is not None:
            failure = ProviderFailure(
                entry.failure.reason, entry.failure.message, is_paid=entry.failure.is_paid
            )
            duration = timedelta(milliseconds=entry.duration_ms)
            self.settlement.fail(job, item, entry.call, failure, duration=duration, entry=entry)
            return
        try:
            opened = self.sealed_requests.open(job, item)
        except (StorageUnavailable, ConfigurationError) as error:
            _log.warning(
                "a paid image could not be opened yet", extra={"job": item.job_id, "code": error.code}
            )
            wait = STORE_RETRY if isinstance(error, StorageUnavailable) else LONGEST_DELAY
            self.settlement.postpone(item, entry, wait)
            return
        self.settlement.store(item, opened, result, until=until)

    def _finish_stored(self, job: Job, item: JobItem, call: ProviderCall, until: datetime) -> bool:
        """End an item whose result was stored and removed; False if it was not stored."""
        try:
            image = self.storage.find(item, call)
        except ImageNotFound:  # it was stored, and its owner has deleted it since
            self.settlement.succeed(item, entry_from_provenance(None, call, now=self.clock.now()), None)
            return True
        if image is None:
            return False
        entry = entry_from_provenance(image.details.generation, call, now=self.clock.now())
        if image.record.state is not State.PENDING:
            self.settlement.succeed(item, entry, image.record.id)
            return True
        # The upload was not committed: its original is in the bucket, and becomes a provider result once more.
        result = self.results.respool(item, entry, image.record.original_key, until=until)
        if result is None:
            return False
        self._continue(job, item, result, until)
        return True

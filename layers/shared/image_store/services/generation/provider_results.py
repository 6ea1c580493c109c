"""Spools provider results in the private bucket from their arrival until they are images.

A result is one object: its ledger entry as a line of JSON, then the picture's bytes as they came.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime

from image_store.domain.errors import InvalidImage, PayloadTooLarge, StorageUnavailable
from image_store.domain.generation.jobs import JobItem
from image_store.domain.generation.ledger import (
    PROVIDER_RESULTS_PREFIX,
    LedgerEntry,
    ProviderCall,
    ProviderCallFailure,
)
from image_store.domain.generation.providers import Provider, Reason
from image_store.domain.generation.usage import count
from image_store.domain.images.media import MAX_BYTES
from image_store.ports.objects import ObjectMissing, ObjectStore
from image_store.ports.system import Clock
from image_store.services.delivery.publishing import PRIVATE_CACHE_CONTROL

MAX_RESULT_BYTES = MAX_BYTES
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class ProviderResult:
    """What a call brought: its ledger entry and the picture's bytes, which are empty after a charged failure."""

    entry: LedgerEntry
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderResults:
    """Provider results in the private bucket, below a prefix where no sweep of images looks for orphans."""

    private: ObjectStore
    clock: Clock
    sleep: Callable[[float], None] = time.sleep

    def put(self, item: JobItem, result: ProviderResult, *, until: datetime) -> None:
        """Put a result into the bucket; while the bucket does not respond, retry until `until`.

        Only this put waits: the result was paid for and exists nowhere else. Raises StorageUnavailable.
        """
        entry = result.entry
        head = asdict(entry) | {"generated_at": entry.generated_at.isoformat()}
        head["call"] |= {"started_at": entry.call.started_at.isoformat()}
        body = json.dumps(head, default=str).encode() + b"\n" + result.data
        pause = _PAUSE_SECONDS
        while True:
            try:
                self.private.put(
                    entry.call.result_key(item.job_id, item.index),
                    body,
                    content_type="application/octet-stream",
                    cache_control=PRIVATE_CACHE_CONTROL,
                    metadata={},
                )
            except StorageUnavailable:
                if self.clock.now() >= until:
                    raise
                self.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            else:
                return

    def respool(
        self, item: JobItem, entry: LedgerEntry, original_key: str, *, until: datetime
    ) -> ProviderResult | None:
        """Put the original of an uncommitted upload into the bucket as a result, like `put`; None if it is missing."""
        try:
            data = self.private.get(original_key, max_bytes=MAX_RESULT_BYTES)
        except ObjectMissing:
            return None
        result = ProviderResult(entry, data)
        self.put(item, result, until=until)
        return result

    def find(self, item: JobItem, call: ProviderCall) -> ProviderResult | None:
        """Find the result of a call."""
        return self._read(call.result_key(item.job_id, item.index))

    def all_of(self, item: JobItem) -> Iterator[ProviderResult]:
        """All results of an item, also of calls that its row does not have."""
        folder = f"{PROVIDER_RESULTS_PREFIX}{item.job_id}/{item.index:02d}/"
        for stored in list(self.private.list(folder)):
            if (result := self._read(stored.key)) is not None:
                yield result

    def remove(self, item: JobItem, call: ProviderCall) -> None:
        """Remove a result that is settled; if the bucket does not respond, the sweep removes it later."""
        try:
            self.private.delete([call.result_key(item.job_id, item.index)])
        except StorageUnavailable:
            return

    def remove_all(self, job_id: str, *, before: datetime) -> bool:
        """Remove the results of a job that has ended; False if some of them are younger than `before`."""
        left = list(self.private.list(f"{PROVIDER_RESULTS_PREFIX}{job_id}/"))
        old = [stored.key for stored in left if stored.modified_at < before]
        if old:
            self.private.delete(old)
        return len(old) == len(left)

    def _read(self, key: str) -> ProviderResult | None:
        try:
            body = self.private.get(key, max_bytes=MAX_RESULT_BYTES)
        except ObjectMissing:
            return None
        except PayloadTooLarge as error:
            raise InvalidImage("The provider's answer is too large.") from error
        line, _, data = body.partition(b"\n")
        head = json.loads(line)
        call = head.pop("call")
        call |= {
            "provider": Provider(call["provider"]),
            "started_at": datetime.fromisoformat(call["started_at"]),
        }
        generated_at = datetime.fromisoformat(head.pop("generated_at"))
        failure = head.pop("failure", None)
        # An earlier version stored whatever a provider counted, but the ledger takes only numbers.
        usage = head.pop("usage")
        counts = {unit: count(number) for unit, number in (usage or {}).items()}
        known = {unit: number for unit, number in counts.items() if number is not None}
        entry = LedgerEntry(
            call=ProviderCall(**call),
            generated_at=generated_at,
            usage=known if known and len(known) == len(counts) else None,
            failure=ProviderCallFailure(**failure | {"reason": Reason(failure["reason"])})
            if failure
            else None,
            **head,
        )
        return ProviderResult(entry, data)

"""Providers' answers, kept with their receipts from the moment they arrive until they are images.

An answer and its receipt are one object: a line of JSON, and behind it the bytes as they came.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from image_store.domain.errors import InvalidImage, PayloadTooLarge, StorageUnavailable
from image_store.domain.generation.jobs import (
    PROVIDER_RESULTS_PREFIX,
    JobItem,
    LedgerEntry,
    ProviderCall,
    ProviderCallFailure,
)
from image_store.domain.generation.providers import Provider, Reason
from image_store.domain.generation.usage import count
from image_store.ports.objects import ObjectMissing, ObjectStore
from image_store.ports.system import Clock
from image_store.services.delivery.publishing import PRIVATE_CACHE_CONTROL

MAX_RESULT_BYTES = 100 * 1024 * 1024
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderResults:
    """Keeps answers in the private bucket, where no sweep of images looks for orphans."""

    private: ObjectStore
    clock: Clock
    sleep: Callable[[float], None] = time.sleep

    def keep(self, item: JobItem, receipt: LedgerEntry, data: bytes, *, until: datetime) -> None:
        """Keep an answer; a bucket that is away is tried again until there is no more time.

        This is the one place that waits: what is in hand was paid for, and is nowhere else.
        """
        told = asdict(receipt) | {"generated_at": receipt.generated_at.isoformat()}
        told["call"] |= {"started_at": receipt.call.started_at.isoformat()}
        body = json.dumps(told, default=str).encode() + b"\n" + data
        pause = _PAUSE_SECONDS
        while True:
            try:
                self.private.put(
                    receipt.call.paid_key(item.job_id, item.index),
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

    def find(self, item: JobItem, call: ProviderCall) -> tuple[LedgerEntry, bytes] | None:
        """The answer to a call, if it was kept."""
        return self._found(call.paid_key(item.job_id, item.index))

    def all_of(self, item: JobItem) -> Iterator[tuple[LedgerEntry, bytes]]:
        """All answers that are kept for an image, whatever its row says of calls."""
        folder = f"{PROVIDER_RESULTS_PREFIX}{item.job_id}/{item.index:02d}/"
        for stored in list(self.private.list(folder)):
            if (found := self._found(stored.key)) is not None:
                yield found

    def _found(self, key: str) -> tuple[LedgerEntry, bytes] | None:
        try:
            body = self.private.get(key, max_bytes=MAX_RESULT_BYTES)
        except ObjectMissing:
            return None
        except PayloadTooLarge as error:
            raise InvalidImage("The provider's answer is too large.") from error
        line, _, data = body.partition(b"\n")
        told = json.loads(line)
        said = told.pop("call")
        kept = ProviderCall(
            **said
            | {
                "provider": Provider(said["provider"]),
                "started_at": datetime.fromisoformat(said["started_at"]),
            }
        )
        generated_at = datetime.fromisoformat(told.pop("generated_at"))
        failed = told.pop("failure", None)
        failure = ProviderCallFailure(**failed | {"reason": Reason(failed["reason"])}) if failed else None
        # An earlier version kept whatever a provider counted, and the ledger takes numbers alone.
        usage = told.pop("usage")
        counts = {unit: count(number) for unit, number in (usage or {}).items()}
        known = {unit: number for unit, number in counts.items() if number is not None}
        return LedgerEntry(
            call=kept,
            generated_at=generated_at,
            usage=known if known and len(known) == len(counts) else None,
            failure=failure,
            **told,
        ), data

    def remove(self, item: JobItem, call: ProviderCall) -> None:
        """Remove an answer that is an image by now, or never will be one; the sweep does what fails here."""
        try:
            self.private.delete([call.paid_key(item.job_id, item.index)])
        except StorageUnavailable:
            return

    def remove_all(self, job_id: str, *, before: datetime) -> bool:
        """Remove what is left of a job that has ended; False when some of it is too young to be judged."""
        left = list(self.private.list(f"{PROVIDER_RESULTS_PREFIX}{job_id}/"))
        old = [found.key for found in left if found.modified_at < before]
        if old:
            self.private.delete(old)
        return len(old) == len(left)

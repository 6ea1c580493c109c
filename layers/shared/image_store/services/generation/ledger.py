"""What calls of providers cost. A picture that is in hand is never lost to what is said of its cost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.generation.catalogue import Model
from image_store.domain.generation.jobs import (
    CallOutcome,
    GenerationRequest,
    JobItem,
    LedgerEntry,
    ProviderCall,
    ProviderCallFailure,
)
from image_store.domain.generation.prices import VERSION, cost_micros
from image_store.domain.generation.providers import GeneratedImage, ImageRequest, ProviderFailure
from image_store.domain.generation.usage import read_usage


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedCall:
    """A call that was answered, and what it was made with."""

    call: ProviderCall
    wish: GenerationRequest
    model: Model
    request: ImageRequest
    duration: timedelta
    at: datetime

    def receipt(self, made: GeneratedImage) -> LedgerEntry:
        """What a picture cost; what the model is expected to use stands for a usage that is not told or readable."""
        return self._receipt(made)

    def charge(self, failed: ProviderFailure) -> LedgerEntry | None:
        """What a call without a picture cost; None when nothing says that it was charged for."""
        counted = read_usage(failed.usage)
        if counted.usage is None and not failed.is_paid:
            return None
        told = GeneratedImage(
            data=b"", usage=failed.usage, usage_is_readable=failed.usage_is_readable, pictures=0
        )
        return self._receipt(
            told, ProviderCallFailure(reason=failed.reason, message=failed.message, is_paid=failed.is_paid)
        )

    def _receipt(self, made: GeneratedImage, failure: ProviderCallFailure | None = None) -> LedgerEntry:
        counted = read_usage(made.usage)
        expected = self.model.expected(
            prompt=self.wish.prompt,
            size=self.wish.size,
            quality=self.wish.quality,
            references=len(self.wish.reference_ids),
        )
        usage = counted.usage
        return LedgerEntry(
            call=self.call,
            cost_micros=cost_micros(
                self.call.provider, self.call.model, usage or expected, on=self.call.started_at.date()
            ),
            usage={unit.value: number for unit, number in usage.items()} if usage else None,
            prices=VERSION,
            duration_ms=int(self.duration / timedelta(milliseconds=1)),
            seed=self.request.seed,
            size=f"{self.request.width}x{self.request.height}",
            quality=self.request.quality,
            params=dict(made.params),
            generated_at=self.at,
            usage_is_readable=made.usage_is_readable and counted.is_readable,
            pictures=made.pictures,
            failure=failure,
        )


def failure_in(receipt: LedgerEntry) -> ProviderFailure | None:
    """How the call of a kept receipt failed; None when it brought a picture."""
    told = receipt.failure
    return ProviderFailure(told.reason, told.message, is_paid=told.is_paid) if told is not None else None


def paid(item: JobItem, receipt: LedgerEntry) -> CallOutcome | None:
    """What a kept answer adds to the ledger, once."""
    if item.settled:
        return None
    return CallOutcome(call=receipt.call, duration_ms=receipt.duration_ms, succeeded=True, receipt=receipt)


def costs(item: JobItem, receipt: LedgerEntry) -> dict[str, object]:
    """What a kept answer adds to an image's cost, once."""
    if item.settled:
        return {}
    return {"settled": True, "duration_ms": receipt.duration_ms, **charges(item, receipt)}


def charges(item: JobItem, receipt: LedgerEntry | None) -> dict[str, object]:
    """What a call adds to an image's cost."""
    if receipt is None:
        return {}
    known = receipt.cost_micros
    return {
        "cost_micros": item.cost_micros + (known or 0),
        "unknown_costs": item.unknown_costs + (known is None),
    }

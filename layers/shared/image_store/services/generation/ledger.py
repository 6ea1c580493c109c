"""What calls of providers cost. A picture that has arrived is never lost because its cost cannot be read."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.generation.descriptions.description import Model
from image_store.domain.generation.jobs import JobItem
from image_store.domain.generation.ledger import CallOutcome, LedgerEntry, ProviderCall, ProviderCallFailure
from image_store.domain.generation.prices import VERSION, cost_micros
from image_store.domain.generation.providers import GeneratedImage, ImageRequest, ProviderFailure
from image_store.domain.generation.requests import GenerationRequest
from image_store.domain.generation.usage import read_usage


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedCall:
    """A call that has ended, and what it was made with."""

    call: ProviderCall
    request: GenerationRequest
    model: Model
    image_request: ImageRequest
    duration: timedelta
    at: datetime

    def entry(self, image: GeneratedImage) -> LedgerEntry:
        """The ledger entry of a picture. Usage that is missing or unreadable is replaced by the model's estimate."""
        return self._entry(image)

    def failure_entry(self, failure: ProviderFailure) -> LedgerEntry | None:
        """The ledger entry of a call without a picture; None if nothing says that it was charged for."""
        reading = read_usage(failure.usage)
        if reading.usage is None and not failure.is_paid:
            return None
        no_image = GeneratedImage(
            data=b"", usage=failure.usage, usage_is_readable=failure.usage_is_readable, pictures=0
        )
        return self._entry(
            no_image,
            ProviderCallFailure(reason=failure.reason, message=failure.message, is_paid=failure.is_paid),
        )

    def _entry(self, image: GeneratedImage, failure: ProviderCallFailure | None = None) -> LedgerEntry:
        reading = read_usage(image.usage)
        estimate = self.model.expected(
            prompt=self.request.prompt,
            size=self.request.size,
            quality=self.request.quality,
            references=len(self.request.reference_ids),
        )
        usage = reading.usage
        return LedgerEntry(
            call=self.call,
            cost_micros=cost_micros(
                self.call.provider, self.call.model, usage or estimate, on=self.call.started_at.date()
            ),
            usage={unit.value: number for unit, number in usage.items()} if usage else None,
            prices=VERSION,
            duration_ms=int(self.duration / timedelta(milliseconds=1)),
            seed=self.image_request.seed,
            size=f"{self.image_request.width}x{self.image_request.height}",
            quality=self.image_request.quality,
            params=dict(image.params),
            generated_at=self.at,
            usage_is_readable=image.usage_is_readable and reading.is_readable,
            pictures=image.pictures,
            failure=failure,
        )


def failure_of(entry: LedgerEntry) -> ProviderFailure | None:
    """The failure of the call that an entry is for; None if the call brought a picture."""
    failure = entry.failure
    if failure is None:
        return None
    return ProviderFailure(failure.reason, failure.message, is_paid=failure.is_paid)


def outcome_of(item: JobItem, entry: LedgerEntry) -> CallOutcome | None:
    """The outcome of a call with a picture; None if it is in the ledger already."""
    if item.settled:
        return None
    return CallOutcome(call=entry.call, duration_ms=entry.duration_ms, succeeded=True, entry=entry)


def settlement(item: JobItem, entry: LedgerEntry) -> dict[str, object]:
    """The changes of an item whose call is settled now; none if it was settled before."""
    if item.settled:
        return {}
    return {"settled": True, "duration_ms": entry.duration_ms, **charge(item, entry)}


def charge(item: JobItem, entry: LedgerEntry | None) -> dict[str, object]:
    """The changes of an item that add the cost of a call."""
    if entry is None:
        return {}
    return {
        "cost_micros": item.cost_micros + (entry.cost_micros or 0),
        "unknown_costs": item.unknown_costs + (entry.cost_micros is None),
    }

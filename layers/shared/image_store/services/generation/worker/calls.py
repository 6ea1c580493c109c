"""Calls providers: chooses one, reads what the call needs, and makes the call once."""

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.generation.catalogue import PRICES_VERSION, cost_micros
from image_store.domain.generation.descriptions.description import Model
from image_store.domain.generation.jobs import JobItem
from image_store.domain.generation.ledger import LedgerEntry, ProviderCall, ProviderCallFailure
from image_store.domain.generation.providers import (
    ImageRequest,
    Provider,
    ProviderFailure,
    ProviderKey,
    ProviderPicture,
    Reason,
)
from image_store.domain.generation.requests import GenerationRequest, ModelPreference
from image_store.domain.generation.usage import read_usage
from image_store.ports.generation import ImageProvider, ProviderKeys
from image_store.ports.system import Clock, Ids
from image_store.services.generation.choice import ModelCandidate, ModelChoice
from image_store.services.generation.health import CallHistory, CallPermit, HealthWatch, NoRetryLeft, Wait
from image_store.services.generation.references import References

STORAGE_TIME = timedelta(seconds=45)
"""The part of a function's time that is reserved for spooling, storing and settling a result."""

_log = logging.getLogger("image_store.generation")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCall:
    """A call that can be made: everything it needs has been read."""

    call: ProviderCall
    model: Model
    request: ImageRequest
    key: ProviderKey | None
    """None if the deployment has no key for the provider."""

    def entry(
        self,
        image: ProviderPicture,
        *,
        duration: timedelta,
        at: datetime,
        failure: ProviderCallFailure | None = None,
    ) -> LedgerEntry:
        """The ledger entry of a picture that arrived at `at`.

        A picture is never lost because its cost cannot be read: usage that is missing or unreadable is replaced by the
        model's estimate.
        """
        request, reading = self.request, read_usage(image.usage)
        size, usage = f"{request.width}x{request.height}", reading.usage
        estimate = self.model.estimated_usage(
            prompt=request.prompt, size=size, quality=request.quality, references=len(request.references)
        )
        cost = cost_micros(
            self.call.provider, self.call.model, usage or estimate, on=self.call.started_at.date()
        )
        return LedgerEntry(
            call=self.call,
            cost_micros=cost,
            usage={unit.value: number for unit, number in usage.items()} if usage else None,
            prices=PRICES_VERSION,
            duration_ms=int(duration / timedelta(milliseconds=1)),
            seed=request.seed,
            size=size,
            quality=request.quality,
            params=dict(image.params),
            generated_at=at,
            usage_is_readable=image.usage_is_readable and reading.is_readable,
            pictures=image.pictures,
            failure=failure,
        )

    def failure_entry(
        self, failure: ProviderFailure, *, duration: timedelta, at: datetime
    ) -> LedgerEntry | None:
        """The ledger entry of a call without a picture; None if nothing says that it was charged for."""
        if read_usage(failure.usage).usage is None and not failure.is_paid:
            return None
        no_image = ProviderPicture(
            data=b"", usage=failure.usage, usage_is_readable=failure.usage_is_readable, pictures=0
        )
        reason = ProviderCallFailure(reason=failure.reason, message=failure.message, is_paid=failure.is_paid)
        return self.entry(no_image, duration=duration, at=at, failure=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCalls:
    """Makes calls of providers. Nothing is repeated here: a new call needs a new permit."""

    choice: ModelChoice
    watch: HealthWatch
    providers: Mapping[Provider, ImageProvider]
    keys: ProviderKeys
    deployment_key: Callable[[Provider], ProviderKey | None]
    references: References
    clock: Clock
    ids: Ids

    def permit(
        self, item: JobItem, request: GenerationRequest, preference: ModelPreference
    ) -> CallPermit | Wait | NoRetryLeft | None:
        """Choose a provider for an item; None if no provider can make this image."""
        own_keys = self.keys.providers(item.owner)
        able = self.choice.candidates(
            request, preference, own_keys, hold=item.hold, on=self.clock.now().date()
        )
        candidates = [candidate for candidate in able if candidate.provider not in item.unable_providers]
        if not candidates:
            return None
        return self.watch.choose(candidates, _history(item))

    def prepare(self, item: JobItem, request: GenerationRequest, candidate: ModelCandidate) -> PreparedCall:
        """Read everything that a call needs, its key included.

        This happens before the item is leased: once it is leased, a worker that dies may have paid for a call.

        Raises
        ------
        ImageNotFound
            a reference image was deleted
        StorageUnavailable, ConfigurationError
        """
        image_request = self._image_request(item, request, candidate.model)
        key = self._key(item, candidate)
        call = ProviderCall(
            id=self.ids.token(),
            provider=candidate.provider,
            model=candidate.model.name,
            own_key=candidate.own_key,
            started_at=self.clock.now(),
        )
        return PreparedCall(call=call, model=candidate.model, request=image_request, key=key)

    def make(self, prepared: PreparedCall, *, until: datetime) -> ProviderPicture:
        """Call the provider once; every failure is a ProviderFailure."""
        if prepared.key is None:
            raise ProviderFailure(Reason.BAD_KEY, "There is no key for this provider.")
        provider = prepared.call.provider
        try:
            return self.providers[provider].generate(
                prepared.request, key=prepared.key, until=until - STORAGE_TIME
            )
        except ProviderFailure:
            raise
        except Exception as error:
            # An SDK may raise anything, after the provider was paid. Its message may quote the prompt, so it is not
            # logged.
            where = [
                f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
            ]
            _log.error(
                "a provider's module failed",
                extra={"provider": provider.value, "error": type(error).__qualname__, "where": where},
            )
            raise ProviderFailure(
                Reason.BAD_ANSWER, "The provider's answer could not be understood."
            ) from error

    def _key(self, item: JobItem, candidate: ModelCandidate) -> ProviderKey | None:
        if candidate.own_key:
            return self.keys.get(item.owner, candidate.provider)
        return self.deployment_key(candidate.provider)

    def _image_request(self, item: JobItem, request: GenerationRequest, model: Model) -> ImageRequest:
        width, height = model.size(request.size)
        return ImageRequest(
            model=model.name,
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            width=width,
            height=height,
            quality=model.quality(request.quality),
            seed=request.seed if model.takes_seeds else None,
            background=request.background,
            output_format=request.output_format,
            references=self.references.read(item.owner, request.reference_ids),
        )


def _history(item: JobItem) -> CallHistory:
    reason = item.error.reason if item.error is not None else None
    return CallHistory(frozenset(item.failed_providers), item.provider if item.retries else None, reason)

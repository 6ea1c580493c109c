"""Bringing one image of a job further; the package tells the steps, and what their failures leave behind."""

import hashlib
import json
import logging
import random
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.budget import Budgets
from image_store.domain.catalogue import Model
from image_store.domain.errors import (
    RETRYABLE,
    ConfigurationError,
    Conflict,
    ImageNotFound,
    ImageStoreError,
    StorageUnavailable,
    UnsupportedMediaType,
)
from image_store.domain.generation import (
    JOB_LIFETIME,
    LONGEST_LEASE,
    Call,
    Change,
    Item,
    ItemError,
    ItemState,
    Job,
    Outcome,
    Receipt,
    Wish,
)
from image_store.domain.image import Kind
from image_store.domain.money import usd
from image_store.domain.prices import VERSION, cost_micros
from image_store.domain.providers import (
    OF_THE_PROVIDER,
    GeneratedImage,
    ImageRequest,
    Provider,
    ProviderFailure,
    ProviderKey,
    Reason,
)
from image_store.domain.reservation import IdempotencyKey
from image_store.domain.times import rfc3339
from image_store.domain.work import GenerateImage
from image_store.ports.generation import Generations, ImageProvider, ProviderKeys
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.services.generation.choice import Candidate, Choice
from image_store.services.generation.health import Chosen, HealthWatch, Tried, UsedUp, Wait
from image_store.services.generation.kept import KeptAnswers
from image_store.services.generation.references import References
from image_store.services.generation.wishes import OpenWish, Wishes
from image_store.services.sources import Content
from image_store.services.uploads import Upload, Uploads

LEASE = LONGEST_LEASE
"""Longer than the function lives that holds it (300 s)."""
TO_STORE = timedelta(seconds=45)
"""What keeping, storing and settling an answer may take of a function's time."""
STORING = timedelta(seconds=100)
"""Below the lifetime of a reservation."""
LONGEST_DELAY = timedelta(minutes=15)
"""What the queue allows."""
_FIRST_BACKOFF = timedelta(seconds=1)
_STORE_AGAIN = timedelta(seconds=30)
_SOON = timedelta(seconds=1)

_log = logging.getLogger("image_store.generation")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRun:
    """Does the work of generation."""

    generations: Generations
    choice: Choice
    watch: HealthWatch
    providers: Mapping[Provider, ImageProvider]
    keys: ProviderKeys
    deployment_key: Callable[[Provider], ProviderKey | None]
    references: References
    kept: KeptAnswers
    wishes: Wishes
    uploads: Uploads
    work: WorkQueue
    budgets: Budgets
    retries: int
    """How often a transient failure of one image is tried again."""
    report: Callable[[Outcome], None]
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
        if item.state is ItemState.RUNNING and not item.may_be_taken(now):
            return  # somebody is at it; should it die, the sweep sends the image again
        if not item.is_to_begin(now + _SOON):
            self._send(item, item.not_before - now)
            return
        try:
            if item.call is not None:
                self._resume(job, item, item.call, until)
            elif job.cancelled:
                self._end(item, ItemState.CANCELLED)
            else:
                self._begin(job, item, until)
        except _LostLease:
            return  # somebody else has taken over

    # 2. Lease and 3. Call -----------------------------------------------------------------------------

    def _begin(self, job: Job, item: Item, until: datetime) -> None:
        now = self.clock.now()
        try:
            opened = self._opened(item)
        except (StorageUnavailable, ConfigurationError) as sealed:
            if now < item.deadline:
                raise
            self._end(item, ItemState.FAILED, error=ItemError(sealed.code, sealed.message))
            return
        wish = opened.wish
        own = self.keys.providers(item.owner)
        held = item.hold.micros if item.hold is not None else 0
        found = self.choice.candidates(wish, job.preference, own, held=held, on=now.date())
        candidates = [candidate for candidate in found if candidate.provider not in item.given_up]
        if not candidates:
            error = _of_the_last_call(item) or ItemError(
                "provider_failed", "No provider can make this image."
            )
            self._end(item, ItemState.FAILED, error=error)
            return
        chosen = self.watch.choose(candidates, _tried(item))
        if isinstance(chosen, Wait):
            self._wait(item, chosen.until)
            return
        if isinstance(chosen, UsedUp):
            self._end(item, ItemState.FAILED, error=_not_again(item))
            return
        try:
            begun = self._leased(item, wish, chosen.candidate)
        except (StorageUnavailable, ConfigurationError) as away:
            self.watch.let_go(chosen)
            if now < item.deadline:
                raise
            self._end(item, ItemState.FAILED, error=ItemError(away.code, away.message))
            return
        except Exception:
            self.watch.let_go(chosen)
            raise
        if begun is None:
            self.watch.let_go(chosen)
            return
        running, call, asked = begun
        self._call(job, running, opened, chosen, call, asked, until)

    def _leased(self, item: Item, wish: Wish, chosen: Candidate) -> tuple[Item, Call, "_Asked"] | None:
        """Take the image for a call; None when it cannot be made any more.

        Whatever the call needs is read before, its key as well: once an image is taken, nobody can tell that it was not
        paid for.
        """
        try:
            asked = _Asked(self._request(item, wish, chosen.model), self._key(item, chosen))
        except ImageNotFound as error:
            self._end(item, ItemState.FAILED, error=ItemError(error.code, error.message))
            return None
        now = self.clock.now()
        call = Call(
            id=self.ids.attempt(),
            provider=chosen.provider,
            model=chosen.model.name,
            own_key=chosen.own_key,
            started_at=now,
        )
        running = self._changed(
            item,
            ItemState.RUNNING,
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
        item: Item,
        opened: OpenWish,
        chosen: Chosen,
        call: Call,
        asked: "_Asked",
        until: datetime,
    ) -> None:
        candidate, started = chosen.candidate, self.clock.now()
        try:
            made = self._made(candidate, asked, until)
        except ProviderFailure as failure:
            self.watch.went_wrong(candidate, failure, began=call.started_at)
            self._failed(job, item, call, failure, self.clock.now() - started)
            return
        duration = self.clock.now() - started
        receipt = opened.seal(
            self._receipt(opened.wish, candidate.model, call, asked.request, made, duration)
        )
        try:
            self.kept.keep(item, receipt, made.data, until=until)
        finally:  # the provider did its part, and others wait to hear of a probe
            self.watch.went_well(chosen, began=call.started_at)
        self._store(item, opened, receipt, made.data, until)

    def _key(self, item: Item, chosen: Candidate) -> ProviderKey | None:
        if chosen.own_key:
            return self.keys.get(item.owner, chosen.provider)
        return self.deployment_key(chosen.provider)

    def _made(self, chosen: Candidate, asked: "_Asked", until: datetime) -> GeneratedImage:
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

    def _request(self, item: Item, wish: Wish, model: Model) -> ImageRequest:
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

    def _opened(self, item: Item) -> OpenWish:
        return self.wishes.of(item.owner, item.job_id).open(item)

    def _receipt(
        self,
        wish: Wish,
        model: Model,
        call: Call,
        request: ImageRequest,
        made: GeneratedImage,
        duration: timedelta,
    ) -> Receipt:
        usage = made.usage or model.expected(
            prompt=wish.prompt, size=wish.size, quality=wish.quality, references=len(wish.reference_ids)
        )
        return Receipt(
            call=call,
            cost_micros=cost_micros(call.provider, call.model, usage, on=call.started_at.date()),
            usage={unit.value: count for unit, count in made.usage.items()} if made.usage else None,
            prices=VERSION,
            duration_ms=int(duration / timedelta(milliseconds=1)),
            seed=request.seed,
            size=f"{request.width}x{request.height}",
            quality=request.quality,
            params=dict(made.params),
            generated_at=self.clock.now(),
        )

    def _wait(self, item: Item, until: datetime) -> None:
        """Nobody can be called now: later, or not at all."""
        if until >= item.deadline:
            error = _of_the_last_call(item) or _nobody("No provider was available in time.")
            self._end(item, ItemState.FAILED, error=error)
            return
        # A little later for each, so that not all of them come back at once.
        spread = timedelta(seconds=self.jitter(2.0))
        self._later(
            self._changed(
                item,
                ItemState.QUEUED,
                not_before=until + spread,
                lease_until=None,
                error=item.error
                or _nobody("No provider can be called at the moment; the image waits for one."),
            )
        )

    def _failed(
        self, job: Job, item: Item, call: Call, failure: ProviderFailure, duration: timedelta
    ) -> None:
        """What follows from a call that failed."""
        now = self.clock.now()
        outcome = Outcome(
            call=call,
            duration_ms=int(duration / timedelta(milliseconds=1)),
            succeeded=False,
            reason=failure.reason,
        )
        error = ItemError("provider_failed", failure.message, failure.reason.value, call.provider.value)
        gives_up = failure.reason in OF_THE_PROVIDER
        again = item.retries < self.retries if failure.transient else gives_up
        if job.cancelled and again:
            self._end(item, ItemState.CANCELLED, outcome=outcome)
        elif not again:
            self._end(item, ItemState.FAILED, outcome=outcome, error=error)
        else:
            wait = timedelta(0)
            if failure.transient:
                wait = timedelta(seconds=self.jitter((_FIRST_BACKOFF * 2**item.retries).total_seconds()))
            later = self._changed(
                item,
                ItemState.QUEUED,
                outcome=outcome,
                retries=item.retries + failure.transient,
                given_up=(*item.given_up, call.provider) if gives_up else item.given_up,
                tried=tuple(dict.fromkeys((*item.tried, call.provider))) if failure.transient else item.tried,
                not_before=now + wait,
                lease_until=None,
                call=None,
                error=error,
            )
            self._later(later)

    # 5. Store and 6. Settle ---------------------------------------------------------------------------

    def _resume(self, job: Job, item: Item, call: Call, until: datetime) -> None:
        """Go on where another worker stopped, or where the store was not there."""
        taken = self._changed(item, ItemState.RUNNING, lease_until=self.clock.now() + LEASE)
        answer = self.kept.find(taken, call)
        if answer is None:
            lost = ProviderFailure(Reason.LOST, "The work ended while the provider was at it.")
            self._failed(job, taken, call, lost, timedelta(0))
            return
        receipt, data = answer
        try:
            opened = self._opened(taken)
        except (StorageUnavailable, ConfigurationError) as closed:
            _log.warning(
                "a paid image could not be opened yet", extra={"job": item.job_id, "code": closed.code}
            )
            wait = _STORE_AGAIN if isinstance(closed, StorageUnavailable) else LONGEST_DELAY
            self._later(self._kept_for_later(taken, receipt, _paid(taken, receipt), wait))
            return
        self._store(taken, opened, receipt, data, until)

    def _store(self, item: Item, opened: OpenWish, receipt: Receipt, data: bytes, until: datetime) -> None:
        outcome = _paid(item, receipt)
        name = json.dumps([item.job_id, item.index, receipt.call.id])
        upload = Upload(
            owner=item.owner,
            source=Content(data),
            attributes=replace(
                opened.wish.attributes, kind=Kind.GENERATED, generation=_generation(opened, receipt)
            ),
            until=min(until, self.clock.now() + STORING),
            idempotency=IdempotencyKey(
                name=hashlib.sha256(f"generation\0{name}".encode()).hexdigest(),
                fingerprint=hashlib.sha256(data).hexdigest(),
                lifetime=JOB_LIFETIME,
            ),
        )
        try:
            image_id: str | None = self.uploads.accept(upload).image.id
        except RETRYABLE:
            _log.warning("a paid image could not be stored yet", extra={"job": item.job_id})
            self._later(self._kept_for_later(item, receipt, outcome, _STORE_AGAIN))
            return
        except ImageNotFound:
            image_id = None  # it was stored, and its owner has deleted it since
        except ImageStoreError as error:
            self._end(
                item,
                ItemState.FAILED,
                outcome=outcome,
                error=_not_stored(error, receipt.call.provider),
                **_costs(item, receipt),
            )
            self.kept.remove(item, receipt.call)
            return
        self._end(item, ItemState.SUCCEEDED, outcome=outcome, image_id=image_id, **_costs(item, receipt))
        self.kept.remove(item, receipt.call)

    def _kept_for_later(self, item: Item, receipt: Receipt, outcome: Outcome | None, wait: timedelta) -> Item:
        """The image waits for the store; what it cost is settled now."""
        return self._changed(
            item,
            ItemState.QUEUED,
            outcome=outcome,
            not_before=self.clock.now() + wait,
            lease_until=None,
            hold=None,
            **_costs(item, receipt),
        )

    # Changes ------------------------------------------------------------------------------------------

    def _changed(
        self, item: Item, state: ItemState, *, outcome: Outcome | None = None, **changes: object
    ) -> Item:
        after = item.moved_to(state, change=self.ids.attempt(), **changes)
        try:
            self.generations.change(
                [Change(before=item, after=after, outcome=outcome)], at=self.clock.now(), budgets=self.budgets
            )
        except Conflict as error:
            raise _LostLease from error
        if outcome is not None:
            self.report(outcome)
        return after

    def _end(
        self, item: Item, state: ItemState, *, outcome: Outcome | None = None, **changes: object
    ) -> None:
        self._changed(item, state, outcome=outcome, hold=None, lease_until=None, **changes)

    def _later(self, item: Item) -> None:
        self._send(item, item.not_before - self.clock.now())

    def _send(self, item: Item, delay: timedelta) -> None:
        delay = min(max(delay, timedelta(0)), LONGEST_DELAY)
        try:
            self.work.send(GenerateImage(item.job_id, item.index), delay=delay)
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


def _tried(item: Item) -> Tried:
    reason = item.error.reason if item.error is not None else None
    return Tried(frozenset(item.tried), item.provider if item.retries else None, reason)


def _of_the_last_call(item: Item) -> ItemError | None:
    """What the last call failed of; None when what is told of the image came of no call."""
    return item.error if item.error is not None and item.error.provider is not None else None


def _nobody(detail: str) -> ItemError:
    return ItemError("provider_failed", detail, Reason.UNAVAILABLE.value)


def _not_again(item: Item) -> ItemError:
    """Why an image is not tried again although it may go better."""
    last = item.error or ItemError("provider_failed", "The provider is not available.")
    return replace(
        last, detail=f"{last.detail} It was not asked again: too many of its calls have failed lately."
    )


def _not_stored(error: ImageStoreError, provider: Provider) -> ItemError:
    """Why a paid answer is no image; what it says to those who upload is nothing to those who asked for one."""
    if isinstance(error, UnsupportedMediaType):
        detail = "The provider's answer is no image that the store takes."
        return ItemError(error.code, detail, Reason.BAD_ANSWER.value, provider.value)
    return ItemError(error.code, error.message, provider=provider.value)


def _paid(item: Item, receipt: Receipt) -> Outcome | None:
    """What a kept answer adds to the ledger, once."""
    if item.settled:
        return None
    return Outcome(call=receipt.call, duration_ms=receipt.duration_ms, succeeded=True, receipt=receipt)


def _costs(item: Item, receipt: Receipt) -> dict[str, object]:
    """What a kept answer adds to an image's cost, once."""
    if item.settled:
        return {}
    known = receipt.cost_micros
    return {
        "settled": True,
        "duration_ms": receipt.duration_ms,
        "cost_micros": item.cost_micros + (known or 0),
        "unknown_costs": item.unknown_costs + (known is None),
    }


def _generation(opened: OpenWish, receipt: Receipt) -> dict[str, object]:
    """How the image was made, as its record keeps it."""
    return {
        "prompt": opened.wish.prompt,
        "negative_prompt": opened.wish.negative_prompt,
        "model": receipt.call.model,
        "provider": receipt.call.provider.value,
        "seed": -1 if receipt.seed is None else receipt.seed,
        "size": receipt.size,
        "quality": receipt.quality,
        "params": dict(opened.params(receipt)),
        "generated_at": rfc3339(receipt.generated_at),
        "cost_usd": usd(receipt.cost_micros),
        "duration_ms": receipt.duration_ms,
        "original_url": None,
    }

"""Generation jobs: what was asked for, and how far each image has come."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from image_store.domain.deadlines import has_passed
from image_store.domain.errors import Conflict
from image_store.domain.generation.providers import NOT_OF_THE_PROVIDER, OF_A_KEY, Provider, Reason
from image_store.domain.images.attributes import Attributes
from image_store.domain.work import GenerateImage

MAX_IMAGES = 50
"""Images that one job makes."""
MAX_VARIATIONS = 10
MAX_REFERENCES = 10
JOB_LIFETIME = timedelta(days=90)
"""For how long a job can be read."""
LONGEST_LOOK = timedelta(hours=1)
"""After which a job is looked at again at the latest, as long as there is anything to do for it."""
LONGEST_LEASE = timedelta(minutes=6)
"""Longer than the function runs that makes an image."""
WAITING_LIFETIME = timedelta(minutes=30)
"""How long an image waits for a provider that can be tried."""

PROVIDER_RESULTS_PREFIX = "paid/"
"""Below it lie the providers' answers from the moment they arrive until they are images."""


class JobItemState(StrEnum):
    """The life of one image of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobStatus(StrEnum):
    """What a job is, as its images make it."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


JOB_ITEM_TRANSITIONS: Mapping[JobItemState, frozenset[JobItemState]] = {
    JobItemState.QUEUED: frozenset(
        {JobItemState.QUEUED, JobItemState.RUNNING, JobItemState.FAILED, JobItemState.CANCELLED}
    ),
    JobItemState.RUNNING: frozenset(
        {
            JobItemState.QUEUED,
            JobItemState.RUNNING,
            JobItemState.SUCCEEDED,
            JobItemState.FAILED,
            JobItemState.CANCELLED,
        }
    ),
    JobItemState.FAILED: frozenset({JobItemState.QUEUED}),
    JobItemState.CANCELLED: frozenset(),
    JobItemState.SUCCEEDED: frozenset(),
}
"""RUNNING → RUNNING is a worker that takes over from a dead one."""

ENDED = frozenset({JobItemState.SUCCEEDED, JobItemState.FAILED, JobItemState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """One image, as its owner wants it."""

    prompt: str
    negative_prompt: str | None = None
    size: str | None = None
    """`WIDTHxHEIGHT`; None leaves it to the model."""
    quality: str | None = None
    seed: int | None = None
    """None stands for any; each image of a job has one."""
    has_own_seed: bool = False
    """Whether its owner gave the seed, and did not leave it to us."""
    variation: int = 0
    """Which of the images of one wish it is, from 0 on."""
    reference_ids: tuple[str, ...] = ()
    attributes: Attributes = field(default_factory=Attributes)
    sealed: str | None = None
    """What was sealed of it: its prompts, which are empty then, and the analysis of its attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPreference:
    """By whom, and with which model, a job is to be made."""

    provider: Provider | None = None
    model: str | None = None
    fallback: bool = True
    """Whether others may do it when this one cannot."""


@dataclass(frozen=True, slots=True)
class JobItemError:
    """Why an image was not made; without prompt, key or address."""

    code: str
    detail: str
    reason: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall:
    """One call of a provider: the fence that everything it leads to carries."""

    id: str
    """16 hexadecimal digits, unique among all calls."""
    provider: Provider
    model: str
    own_key: bool
    """Whether the owner's own key pays."""
    started_at: datetime

    def paid_key(self, job_id: str, index: int) -> str:
        """Where its answer is kept until it is an image."""
        return f"{PROVIDER_RESULTS_PREFIX}{job_id}/{index:02d}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCallFailure:
    """How a call failed that was charged for."""

    reason: Reason
    message: str
    is_paid: bool
    """Whether a picture was made, as far as anybody can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What a call cost, and what has to be known of it to make its answer an image."""

    call: ProviderCall
    cost_micros: int | None
    """None when the price is not known."""
    usage: Mapping[str, int] | None
    prices: str
    """The version of the price table."""
    duration_ms: int
    seed: int | None
    size: str
    quality: str | None
    params: Mapping[str, Any]
    generated_at: datetime
    sealed: str | None = None
    """The parameters, where they are sealed."""
    usage_is_readable: bool = True
    """Whether what the provider said of usage could be read."""
    pictures: int = 1
    """How many pictures the answer held."""
    failure: ProviderCallFailure | None = None
    """Why there is no picture; None where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetHold:
    """What is set aside for an image before anybody is asked to make it."""

    micros: int
    on: date
    """The day, and with it the month, whose budget it is taken from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobItem:
    """One image of a job."""

    job_id: str
    index: int
    request_index: int
    """Which item of the request it belongs to; variations share it."""
    owner: str
    wish: GenerationRequest | None
    """None where it was not read."""
    state: JobItemState = JobItemState.QUEUED
    version: int = 1
    change: str
    """Names the change that made this version, so that a lost answer can be settled."""
    calls: int = 0
    """How often a provider was called."""
    retries: int = 0
    """How many of the calls were made anew after a transient failure."""
    given_up: tuple[Provider, ...] = ()
    """Providers that cannot do it, whatever the time."""
    tried: tuple[Provider, ...] = ()
    """Providers whose calls for it failed in a way that may pass."""
    not_before: datetime
    deadline: datetime
    """Until when a provider has to be found."""
    lease_until: datetime | None = None
    call: ProviderCall | None = None
    """The call that runs, or whose answer is being made an image."""
    settled: bool = False
    """Whether the answer to `call` is kept and its cost is in the ledger."""
    hold: BudgetHold | None
    promised: bool = False
    """Whether it has a place in its owner's quota for as long as it has not ended."""
    provider: Provider | None = None
    model: str | None = None
    duration_ms: int | None = None
    cost_micros: int = 0
    """Of all calls whose cost is known."""
    unknown_costs: int = 0
    image_id: str | None = None
    error: JobItemError | None = None
    prompt: str | None = None
    """The beginning of its prompt, for lists; None where prompts are encrypted."""

    def may_be_taken(self, now: datetime) -> bool:
        """Whether nobody is at it, or whoever was must be dead."""
        return self.lease_until is None or has_passed(self.lease_until, now, longest=LONGEST_LEASE)

    def is_to_begin(self, now: datetime) -> bool:
        """Whether it waits no more."""
        return has_passed(self.not_before, now, longest=WAITING_LIFETIME)

    @property
    def cost(self) -> int | None:
        """What it cost in micro-dollars; None when some of it is not known."""
        return None if self.unknown_costs else self.cost_micros

    @property
    def ended(self) -> bool:
        """Whether nothing happens to it any more by itself."""
        return self.state in ENDED

    @property
    def has_place(self) -> bool:
        """Whether the owner's quota has a place for it: once it has ended, its image has one of its own."""
        return self.promised and not self.ended

    def moved_to(self, state: JobItemState, *, change: str, **changes: Any) -> "JobItem":
        """The same image one version later; Conflict when its life has no such step."""
        if state not in JOB_ITEM_TRANSITIONS[self.state]:
            raise Conflict(f"An image of a job that is {self.state} cannot become {state}.")
        return replace(self, state=state, version=self.version + 1, change=change, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A request for images, and what has become of them."""

    id: str
    owner: str
    created_at: datetime
    updated_at: datetime
    version: int = 1
    """Grows with every change of one of its images."""
    preference: ModelPreference = ModelPreference()
    counts: Mapping[JobItemState, int]
    cost_micros: int = 0
    unknown_costs: int = 0
    cancelled: bool = False
    prompt: str | None = None
    """The beginning of its first prompt; None where prompts are encrypted."""
    image_id: str | None = None
    """The first image that was made of it; None while there is none."""

    @property
    def total(self) -> int:
        """How many images it is to make."""
        return sum(self.counts.values())

    @property
    def ended(self) -> bool:
        """Whether all of its images have come to an end."""
        return not self.counts[JobItemState.QUEUED] and not self.counts[JobItemState.RUNNING]

    @property
    def cost(self) -> int | None:
        """What it has cost so far in micro-dollars; None when some of it is not known."""
        return None if self.unknown_costs else self.cost_micros

    @property
    def status(self) -> JobStatus:
        """What its images make of it."""
        counts = self.counts
        if not self.ended:
            waiting = counts[JobItemState.QUEUED] == self.total
            return JobStatus.QUEUED if waiting else JobStatus.RUNNING
        if counts[JobItemState.SUCCEEDED] == self.total:
            return JobStatus.SUCCEEDED
        if counts[JobItemState.CANCELLED]:
            return JobStatus.CANCELLED
        return JobStatus.PARTIAL if counts[JobItemState.SUCCEEDED] else JobStatus.FAILED


def work_on(item: JobItem) -> GenerateImage:
    """The message that brings an image further as it is now."""
    return GenerateImage(item.job_id, item.index, item.version)


def is_superseded(work: GenerateImage, item: JobItem) -> bool:
    """Whether a message is for an earlier version of an image; a restored table may also hold an earlier one."""
    return 0 < work.version < item.version


MAX_PROMPT_EXCERPT_CHARS = 200


def prompt_excerpt(wish: GenerationRequest | None) -> str | None:
    """The beginning of a prompt as lists show it; None for one that is sealed, or was not read."""
    return wish.prompt[:MAX_PROMPT_EXCERPT_CHARS] if wish is not None and wish.prompt else None


def initial_counts(items: int) -> dict[JobItemState, int]:
    """The counts of a new job."""
    return {state: items if state is JobItemState.QUEUED else 0 for state in JobItemState}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOutcome:
    """What a call came to, for ledger, statistics and metrics."""

    call: ProviderCall
    duration_ms: int
    succeeded: bool
    reason: Reason | None = None
    receipt: LedgerEntry | None = None
    """Only of a call that was charged for."""

    @property
    def is_not_of_provider(self) -> bool:
        """Whether it failed, and that says nothing of how well the provider works."""
        return self.reason is not None and says_nothing_of_provider(self.call, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobItemChange:
    """One image of a job before and after, with what a call came to if one has ended by it."""

    before: JobItem
    after: JobItem
    outcome: CallOutcome | None = None


@dataclass(frozen=True, slots=True)
class JobName:
    """What a job can be found by: the digest of a request, or of an Idempotency-Key."""

    name: str
    fingerprint: str
    """A digest of the request that took the name."""
    until: datetime


@dataclass(frozen=True, slots=True)
class NamedJob:
    """The job that holds a name."""

    job_id: str
    fingerprint: str
    until: datetime = field(compare=False)
    """In whole seconds."""


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs of an owner, the newest first, and the id to go on after."""

    jobs: tuple[Job, ...]
    resume_after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPerformance:
    """How a provider has done."""

    provider: Provider
    succeeded: int = 0
    failed: int = 0
    refused: int = 0
    """Of those that failed, the calls that say nothing of how well the provider works."""
    duration_ms: int = 0
    """Of all that succeeded."""
    cost_micros: int = 0
    unknown_costs: int = 0

    @property
    def success_rate(self) -> float | None:
        """The share of calls that succeeded, without those that failed for the request's sake; None of no calls."""
        judged = self.succeeded + self.failed - self.refused
        return self.succeeded / judged if judged > 0 else None

    @property
    def was_used(self) -> bool:
        """Whether it was called at all."""
        return bool(self.succeeded or self.failed)

    def __add__(self, other: "ProviderPerformance") -> "ProviderPerformance":
        return ProviderPerformance(
            provider=self.provider,
            succeeded=self.succeeded + other.succeeded,
            failed=self.failed + other.failed,
            refused=self.refused + other.refused,
            duration_ms=self.duration_ms + other.duration_ms,
            cost_micros=self.cost_micros + other.cost_micros,
            unknown_costs=self.unknown_costs + other.unknown_costs,
        )


def says_nothing_of_provider(call: ProviderCall, reason: Reason) -> bool:
    """Whether a failure lies in the request, with us, or in an owner's own key."""
    return reason in NOT_OF_THE_PROVIDER or (call.own_key and reason in OF_A_KEY)


def request_fingerprint(
    owner: str, wishes: tuple[GenerationRequest, ...], preference: ModelPreference
) -> str:
    """A digest that two requests of an owner share when they ask for the same."""
    said = json.dumps(
        [owner, [asdict(wish) for wish in wishes], asdict(preference)], sort_keys=True, default=str
    )
    return hashlib.sha256(said.encode()).hexdigest()

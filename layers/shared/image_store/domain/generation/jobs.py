"""Generation jobs and their items: what a job makes, and how far each image has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from image_store.domain.deadlines import has_passed
from image_store.domain.errors import Conflict
from image_store.domain.generation.budget import BudgetHold
from image_store.domain.generation.ledger import CallOutcome, ProviderCall
from image_store.domain.generation.providers import Provider
from image_store.domain.generation.requests import GenerationRequest, ModelPreference
from image_store.domain.work import GenerateImage

MAX_IMAGES = 50
"""Images that one job makes."""
JOB_LIFETIME = timedelta(days=90)
"""For how long a job can be read."""
LONGEST_LOOK = timedelta(hours=1)
"""After which a job is looked at again at the latest, as long as there is anything to do for it."""
LONGEST_LEASE = timedelta(minutes=6)
"""Longer than the function runs that makes an image."""
WAITING_LIFETIME = timedelta(minutes=30)
"""How long an image waits for a provider that can be tried."""


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


@dataclass(frozen=True, slots=True)
class JobItemError:
    """Why an image was not made; without prompt, key or address."""

    code: str
    detail: str
    reason: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobItem:
    """One image of a job."""

    job_id: str
    index: int
    request_index: int
    """Which item of the request it belongs to; variations share it."""
    owner: str
    request: GenerationRequest | None
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
    preference: ModelPreference = field(default_factory=ModelPreference)
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


def initial_counts(items: int) -> dict[JobItemState, int]:
    """The counts of a new job."""
    return {state: items if state is JobItemState.QUEUED else 0 for state in JobItemState}


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

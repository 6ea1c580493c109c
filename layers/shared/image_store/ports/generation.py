"""Pictures that models make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from image_store.domain.generation.breaker import Breaker
    from image_store.domain.generation.budget import Budgets, Spending
    from image_store.domain.generation.jobs import (
        Job,
        JobItem,
        JobItemChange,
        JobName,
        JobPage,
        NamedJob,
        ProviderCall,
        ProviderPerformance,
    )
    from image_store.domain.generation.providers import GeneratedImage, ImageRequest, Provider, ProviderKey


class Generations(Protocol):
    """Generation jobs, with the money that is set aside and spent for them. Every write is made as a whole.

    Writers hand over what they saw of an image and what they want. A write whose answer is lost is settled by a strong
    read. All methods raise StorageUnavailable when DynamoDB does not answer.
    """

    def create(
        self,
        job: Job,
        items: Sequence[JobItem],
        *,
        budgets: Budgets,
        most_images: int,
        names: Sequence[JobName],
        due_at: datetime,
    ) -> None:
        """Write a job with its images, take their holds from the budgets and promise them to the owner's quota.

        `most_images` is that quota, 0 for none. `names` are what the job can be found by.

        Raises
        ------
        BudgetExceeded, BudgetUsedUp, QuotaExceeded
        Conflict
            one of the names is held by another job; nothing was written
        """
        ...

    def named(self, name: str, *, at: datetime) -> NamedJob | None:
        """The job that holds a name, strongly consistent."""
        ...

    def give(self, name: JobName, job_id: str, *, at: datetime) -> None:
        """Let a job be found by another name as well; Conflict when the name is held, by whomever."""
        ...

    def release(self, name: str, job_id: str) -> None:
        """Take a name from a job; nothing happens when another holds it."""
        ...

    def bring_forward(self, name: str, held: NamedJob, *, to: datetime) -> None:
        """Let a name end earlier than its row says; nothing happens when that has changed meanwhile."""
        ...

    def job(self, job_id: str) -> Job | None:
        """Read a job without its images, strongly consistent: one GetItem."""
        ...

    def items(self, job_id: str, *, wishes: bool = False) -> tuple[Job, list[JobItem]] | None:
        """Read a job and its images in their order, strongly consistent: one query, or one for each MB of wishes."""
        ...

    def item(self, job_id: str, index: int) -> tuple[Job, JobItem] | None:
        """Read one image of a job, strongly consistent."""
        ...

    def jobs(self, owner: str, *, after: str | None, limit: int) -> JobPage:
        """An owner's jobs, the newest first; which there are is eventually consistent."""
        ...

    def change(
        self,
        changes: Sequence[JobItemChange],
        *,
        at: datetime,
        budgets: Budgets,
        most_images: int = 0,
        due_at: datetime | None = None,
    ) -> None:
        """Change images of one job, with all that follows for the job, budgets, quota, ledger and statistics.

        Limits apply only to what is held anew. With `due_at` the job goes on: it is not cancelled any more, and will
        be looked at.

        Raises
        ------
        Conflict
            one of the images is no longer at the version of `before`; nothing was written
        BudgetExceeded, BudgetUsedUp, QuotaExceeded
        """
        ...

    def stop(self, job_id: str, *, at: datetime) -> None:
        """Mark a job as cancelled; what happens to its images is its callers' business. Safe to repeat."""
        ...

    def due(self, before: datetime, *, limit: int) -> Iterator[str]:
        """The ids of jobs that have to be looked at; eventually consistent."""
        ...

    def look_again(self, job: Job, *, at: datetime | None) -> None:
        """Let a job be looked at again, or never; Conflict when it has changed since it was read."""
        ...

    def spending(self, owner: str | None, *, on: date) -> tuple[Spending, Spending]:
        """What an owner, or (None) the deployment, has spent on a day and in its month, strongly consistent."""
        ...

    def is_settled(self, item: JobItem, call: ProviderCall) -> bool:
        """Whether the cost of a call is in the ledger, strongly consistent."""
        ...

    def performance(
        self, owner: str | None, *, since: date, until: date
    ) -> Mapping[date, Sequence[ProviderPerformance]]:
        """How providers did by day, before `until`, for an owner or (None) for all; eventually consistent.

        At most a year, which is one query.
        """
        ...


class ProviderHealth(Protocol):
    """The circuit breakers of all providers. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def breakers(self) -> Mapping[Provider, Breaker]:
        """Read every breaker, strongly consistent; one that was never written is closed."""
        ...

    def save(self, provider: Provider, after: Breaker) -> bool:
        """Write a breaker that was one version older; False when somebody else was first."""
        ...

    def made(self, provider: Provider, *, on: date) -> int:
        """How many images a provider has made on a day (UTC) for all owners, strongly consistent."""
        ...


class ProviderKeys(Protocol):
    """Owners' own keys, sealed. All methods raise StorageUnavailable when the table or KMS does not answer."""

    def put(self, owner: str, provider: Provider, key: ProviderKey) -> None:
        """Keep a key, in place of an earlier one."""
        ...

    def remove(self, owner: str, provider: Provider) -> None:
        """Forget a key. Safe to repeat."""
        ...

    def providers(self, owner: str) -> frozenset[Provider]:
        """For which providers an owner has a key, strongly consistent; nothing is opened."""
        ...

    def get(self, owner: str, provider: Provider) -> ProviderKey | None:
        """Open an owner's key."""
        ...


class ImageProvider(Protocol):
    """Somebody who makes images, called once for each and never again by itself."""

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> GeneratedImage:
        """Have an image made, at the latest by `until`.

        Raises
        ------
        ProviderFailure
            it was not made, or nobody can tell
        """
        ...

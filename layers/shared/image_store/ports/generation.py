"""Generation: jobs and their budgets, the health of providers, owners' keys, and the providers themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from image_store.domain.callers.credential import CallerCredential
    from image_store.domain.generation.breaker import Breaker
    from image_store.domain.generation.budget import Budgets, Spending
    from image_store.domain.generation.jobs import Job, JobItem, JobItemChange, JobName, JobPage, NamedJob
    from image_store.domain.generation.ledger import ProviderCall, ProviderPerformance
    from image_store.domain.generation.providers import ImageRequest, Provider, ProviderKey, ProviderPicture
    from image_store.domain.generation.requests import NewReference
    from image_store.domain.images.reservation import Charge


class Generations(Protocol):
    """Generation jobs with their budgets and ledger. Each write is one transaction.

    Writers pass the item they read and the item they want. If the response to a write is lost, a strongly consistent
    read decides whether it succeeded. All methods raise StorageUnavailable when DynamoDB does not answer.
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
        charges: Sequence[Charge] = (),
    ) -> None:
        """Write a job with its items, take their holds from the budgets and their places from the owner's quota.

        `most_images` is that quota, 0 for none. `names` are the names under which the job is found. `charges`
        are made in the same transaction; their error is raised if one has no room.

        Raises
        ------
        BudgetExceeded, BudgetUsedUp, QuotaExceeded
        Conflict
            another job has one of the names; nothing was written
        """
        ...

    def named(self, name: str, *, at: datetime) -> NamedJob | None:
        """Find the job that has a name, strongly consistent."""
        ...

    def add_name(self, name: JobName, job_id: str, *, at: datetime) -> None:
        """Give a job another name; Conflict if any job has the name."""
        ...

    def remove_name(self, name: str, job_id: str) -> None:
        """Remove a name of a job; does nothing if another job has it."""
        ...

    def bring_forward(self, name: str, holder: NamedJob, *, to: datetime) -> None:
        """Move the expiry of a name forward; does nothing if the row has changed meanwhile."""
        ...

    def job(self, job_id: str) -> Job | None:
        """Read a job without its items, strongly consistent: one GetItem."""
        ...

    def items(self, job_id: str, *, with_requests: bool = False) -> tuple[Job, list[JobItem]] | None:
        """Read a job and its items in order, strongly consistent: one Query, or one for each MB of requests."""
        ...

    def item(self, job_id: str, index: int) -> tuple[Job, JobItem] | None:
        """Read a job and one of its items, strongly consistent."""
        ...

    def jobs(self, owner: str, *, after: str | None, limit: int) -> JobPage:
        """Read an owner's jobs, the newest first; the list is eventually consistent."""
        ...

    def change(
        self,
        changes: Sequence[JobItemChange],
        *,
        at: datetime,
        budgets: Budgets,
        most_images: int = 0,
        due_at: datetime | None = None,
        charges: Sequence[Charge] = (),
    ) -> None:
        """Change items of one job, and with them the job, budgets, quota, ledger and statistics.

        Limits apply only to new holds. With `due_at` the job continues: it is no longer cancelled, and the sweep will
        look at it then.

        Raises
        ------
        Conflict
            one of the items is no longer at the version of `before`; nothing was written
        BudgetExceeded, BudgetUsedUp, QuotaExceeded
        """
        ...

    def cancel(self, job_id: str, *, at: datetime) -> None:
        """Mark a job as cancelled; callers change its items. Safe to repeat."""
        ...

    def due(self, before: datetime, *, limit: int) -> Iterator[str]:
        """The ids of jobs that the sweep must look at; eventually consistent."""
        ...

    def schedule(self, job: Job, *, at: datetime | None) -> None:
        """Set when the sweep looks at a job again, None for never; Conflict if the job has changed since."""
        ...

    def spending(self, owner: str | None, *, on: date) -> tuple[Spending, Spending]:
        """The spending of an owner, or (None) the deployment, on a day and in its month, strongly consistent."""
        ...

    def is_settled(self, item: JobItem, call: ProviderCall) -> bool:
        """Whether the cost of a call is in the ledger, strongly consistent."""
        ...

    def performance(
        self, owner: str | None, *, since: date, until: date
    ) -> Mapping[date, Sequence[ProviderPerformance]]:
        """The performance of providers by day, before `until`, for an owner or (None) all; eventually consistent.

        At most a year, which is one Query.
        """
        ...


class ProviderHealth(Protocol):
    """The circuit breakers of all providers. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def breakers(self) -> Mapping[Provider, Breaker]:
        """Read every breaker, strongly consistent; one that was never written is closed."""
        ...

    def save(self, provider: Provider, after: Breaker) -> bool:
        """Write a breaker that was one version older; False if another worker was first."""
        ...

    def image_count(self, provider: Provider, *, on: date) -> int:
        """The number of images that a provider has made on a day (UTC) for all owners, strongly consistent."""
        ...


class ProviderKeys(Protocol):
    """Owners' own keys, encrypted. All methods raise StorageUnavailable when the table or KMS does not answer."""

    def put(self, owner: str, provider: Provider, key: ProviderKey) -> None:
        """Store a key; it replaces an earlier one."""
        ...

    def remove(self, owner: str, provider: Provider) -> None:
        """Delete a key. Safe to repeat."""
        ...

    def providers(self, owner: str) -> frozenset[Provider]:
        """The providers that an owner has a key for, strongly consistent; nothing is decrypted."""
        ...

    def get(self, owner: str, provider: Provider) -> ProviderKey | None:
        """Decrypt an owner's key."""
        ...


class ImageProvider(Protocol):
    """A provider that makes images. One call is one request: nothing is retried automatically."""

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> ProviderPicture:
        """Make an image, at the latest by `until`.

        Raises
        ------
        ProviderFailure
            it was not made, or the outcome is unknown
        """
        ...


class ReferenceUploads(Protocol):
    """Stores images that new ones are made from, in the name of a caller."""

    def store(self, image: NewReference, *, credential: CallerCredential, until: datetime) -> str:
        """Store an image at the latest by `until`, and return its id; the same bytes have the same id.

        Raises
        ------
        InvalidRequest, AttributesTooLarge, PayloadTooLarge, UnsupportedMediaType, ContentTypeMismatch
        InvalidImage, ImageTooLarge, TooManyFrames, UrlNotAllowed, QuotaExceeded, InvalidToken
        StorageUnavailable, DeadlineExceeded, Conflict
            it was not stored, or the outcome is unknown; retrying is safe
        """
        ...

"""Begins, reads, cancels and retries the generation jobs of an owner."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.callers.key_allowance import KeyAllowance
from image_store.domain.errors import (
    BudgetUsedUp,
    Conflict,
    ImageNotFound,
    InvalidRequest,
    JobNotFound,
)
from image_store.domain.generation.budget import BudgetHold, Budgets, KeyBudget
from image_store.domain.generation.jobs import (
    MAX_IMAGES,
    WAITING_LIFETIME,
    Job,
    JobItem,
    JobItemChange,
    JobItemState,
    JobPage,
    initial_counts,
    work_on,
)
from image_store.domain.generation.requests import (
    GenerationRequest,
    JobRequest,
    check_output,
    prompt_excerpt,
)
from image_store.domain.ids import is_image_id
from image_store.domain.images.attributes import check_attributes
from image_store.domain.images.image import State
from image_store.domain.images.reservation import Charge
from image_store.ports.generation import Generations, ProviderKeys
from image_store.ports.images import ImageRepository
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.services.finding.cursors import Cursors
from image_store.services.generation.choice import ModelChoice
from image_store.services.generation.job_names import JobNames
from image_store.services.generation.sealed_requests import SealedRequests

LOOK_AFTER = timedelta(minutes=10)
"""The time after a change of a job at which the sweep examines it, if it has not ended."""
_TRIES = 4
_SEEDS = 2**31


@dataclass(frozen=True, slots=True)
class JobList:
    """The list of an owner's jobs."""

    owner: str

    @property
    def binding(self) -> tuple[str | None, ...]:
        """The values that its cursors are bound to."""
        return ("generations", self.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationJobs:
    """Generation jobs as their owners use them."""

    generations: Generations
    repository: ImageRepository
    keys: ProviderKeys
    choice: ModelChoice
    work: WorkQueue
    cursors: Cursors
    budgets: Budgets
    most_images: int
    """An owner's quota of images; 0 for none."""
    sealed_requests: SealedRequests
    names: JobNames
    report_used_up_budget: Callable[[str], None]
    """Receives whose budget had no room for a request: `owner`, `key` or `deployment`."""
    clock: Clock
    ids: Ids

    def begin(self, request: JobRequest) -> tuple[Job, list[JobItem]]:
        """Begin a job, or join one of the same request as its rule allows.

        Raises
        ------
        InvalidRequest, ImageNotFound, ProviderFailed
        BudgetExceeded, BudgetUsedUp, QuotaExceeded
        IdempotencyMismatch, Conflict, StorageUnavailable
        """
        now = self.clock.now()
        self._check(request, now)
        names = self.names.of(request, now=now)
        for _ in range(_TRIES):
            try:
                if (earlier := self.names.find(request, names, now=now)) is not None:
                    return self._join(request.owner, earlier.id)
                job, items = self._new(request, now)
                charges = _charges(request.allowance, len(items), now)
                self.generations.create(
                    job,
                    items,
                    budgets=self.budgets,
                    most_images=self.most_images,
                    names=names,
                    charges=charges,
                    due_at=now + LOOK_AFTER,
                )
            except Conflict:
                continue  # the same request began a job at the same moment
            except BudgetUsedUp as error:
                self.report_used_up_budget(error.budget)
                raise
            self._send(items)
            return job, items
        raise Conflict(
            "The same request is running at this moment; try again.", retry_after=timedelta(seconds=1)
        )

    def job(self, owner: str, job_id: str) -> Job:
        """Read a job of an owner without its items; JobNotFound."""
        job = self.generations.job(job_id) if is_image_id(job_id) else None
        if job is None or job.owner != owner:
            raise _not_found()
        return job

    def items(self, owner: str, job_id: str, *, with_requests: bool = False) -> tuple[Job, list[JobItem]]:
        """Read a job of an owner with its items; JobNotFound."""
        rows = self.generations.items(job_id, with_requests=with_requests) if is_image_id(job_id) else None
        if rows is None or rows[0].owner != owner:
            raise _not_found()
        return rows

    def items_with_requests(self, owner: str, job_id: str) -> tuple[Job, list[JobItem]]:
        """Read a job of an owner with its items and their requests in plain text.

        Raises JobNotFound, and StorageUnavailable and ConfigurationError if sealed requests cannot be opened.
        """
        job, items = self.items(owner, job_id, with_requests=True)
        available = [item for item in items if item.request is not None]
        opened = {each.index: each.request for each in self.sealed_requests.open_all(job, available)}
        return job, [replace(item, request=opened.get(item.index)) for item in items]

    def page(self, owner: str, *, cursor: str | None, limit: int) -> tuple[JobPage, str | None]:
        """Read a page of an owner's jobs, the newest first, and the cursor of the next page; InvalidCursor."""
        now, job_list = self.clock.now(), JobList(owner)
        after = self.cursors.read(cursor, job_list, at=now) if cursor is not None else None
        page = self.generations.jobs(owner, after=after, limit=limit)
        resume = page.resume_after
        return page, self.cursors.make(resume, job_list, at=now) if resume is not None else None

    def cancel(self, owner: str, job_id: str) -> tuple[Job, list[JobItem]]:
        """Cancel the items that have not begun; running ones come to their end. Safe to repeat.

        Raises JobNotFound, and Conflict if the job changes faster than it can be read.
        """
        job = self.job(owner, job_id)
        if job.has_ended:
            return self.items(owner, job_id)
        self.generations.cancel(job_id, at=self.clock.now())
        for _ in range(_TRIES):
            _, items = self.items(owner, job_id)
            waiting = [item for item in items if item.state is JobItemState.QUEUED and item.call is None]
            changes = [JobItemChange(before=item, after=self._cancelled(item)) for item in waiting]
            try:
                if changes:
                    self.generations.change(changes, at=self.clock.now(), budgets=self.budgets)
            except Conflict:
                continue  # a worker leased one of them meanwhile
            return self.items(owner, job_id)
        raise Conflict("The job changes at this moment; try again.", retry_after=timedelta(seconds=1))

    def retry(
        self,
        owner: str,
        job_id: str,
        key_budget: KeyBudget | None = None,
        allowance: KeyAllowance | None = None,
    ) -> tuple[Job, list[JobItem]]:
        """Queue the failed items again, each with a new hold and a new place in the quota.

        `key_budget` and `allowance` are those of the API key that orders them now.

        Raises
        ------
        JobNotFound, BudgetExceeded, BudgetUsedUp, QuotaExceeded, ProviderFailed
        Conflict
            no item has failed
        """
        now = self.clock.now()
        job, items = self.items(owner, job_id, with_requests=True)
        failed = [item for item in items if item.state is JobItemState.FAILED]
        if not failed:
            raise Conflict("None of the job's images has failed.")
        own_keys = self.keys.providers(owner)
        if any(item.request is None for item in failed):
            raise _not_found()
        changes = []
        for item, opened in zip(failed, self.sealed_requests.open_all(job, failed), strict=True):
            micros = self.choice.required_hold(
                opened.request, job.preference, own_keys, on=now.date(), key=key_budget
            )
            again = item.moved_to(
                JobItemState.QUEUED,
                change=self.ids.token(),
                retries=0,
                unable_providers=(),
                failed_providers=(),
                not_before=now,
                deadline=now + WAITING_LIFETIME,
                lease_until=None,
                call=None,
                is_call_recorded=False,
                hold=BudgetHold(micros=micros, on=now.date(), key=key_budget),
                api_key=_key_of(allowance),
                promised=self.most_images > 0,
                error=None,
            )
            changes.append(JobItemChange(before=item, after=again))
        try:
            self.generations.change(
                changes,
                at=now,
                budgets=self.budgets,
                most_images=self.most_images,
                charges=_charges(allowance, len(changes), now),
                due_at=now + LOOK_AFTER,
            )
        except BudgetUsedUp as error:
            self.report_used_up_budget(error.budget)
            raise
        self._send([change.after for change in changes])
        return self.items(owner, job_id)

    def _check(self, request: JobRequest, now: datetime) -> None:
        if not 1 <= sum(each.count for each in request.variation_sets) <= MAX_IMAGES:
            raise InvalidRequest(f"A job makes 1 to {MAX_IMAGES} images.")
        self.choice.check(request.preference)
        for each in request.variation_sets:
            check_attributes(each.request.attributes, now)
        references = {name for each in request.variation_sets for name in each.request.reference_ids}
        if not references:
            return
        known = {name for name in references if is_image_id(name)}
        images = self.repository.get_records(known) if known else {}
        for name in references:
            image = images.get(name)
            if image is None or image.owner != request.owner or image.state is not State.READY:
                raise ImageNotFound("One of the reference images does not exist.")

    def _new(self, request: JobRequest, now: datetime) -> tuple[Job, list[JobItem]]:
        own_keys = self.keys.providers(request.owner)
        job_id = self.ids.image_id()
        items: list[JobItem] = []
        for request_index, variation_set in enumerate(request.variation_sets):
            try:
                check_output(variation_set.request)
                micros = self.choice.required_hold(
                    variation_set.request,
                    request.preference,
                    own_keys,
                    on=now.date(),
                    key=request.key_budget,
                )
            except InvalidRequest as unable:
                raise _at_item(request_index, unable) from None
            for variation in range(variation_set.count):
                items.append(
                    JobItem(
                        job_id=job_id,
                        index=len(items),
                        request_index=request_index,
                        owner=request.owner,
                        request=replace(
                            variation_set.request,
                            seed=self._seed(variation_set.request, variation),
                            has_own_seed=variation_set.request.seed is not None,
                            variation=variation,
                        ),
                        change=self.ids.token(),
                        not_before=now,
                        deadline=now + WAITING_LIFETIME,
                        hold=BudgetHold(micros=micros, on=now.date(), key=request.key_budget),
                        api_key=_key_of(request.allowance),
                        promised=self.most_images > 0,
                    )
                )
        # Excerpts are made after sealing, so that sealed prompts have none.
        sealed = self.sealed_requests.seal(items, owner=request.owner, job_id=job_id)
        items = [replace(item, prompt=prompt_excerpt(item.request)) for item in sealed]
        job = Job(
            id=job_id,
            owner=request.owner,
            created_at=now,
            updated_at=now,
            preference=request.preference,
            counts=initial_counts(len(items)),
            prompt=items[0].prompt,
        )
        return job, items

    def _seed(self, request: GenerationRequest, variation: int) -> int:
        """The seed of a variation; it is drawn here, so that a repeated call requests the same image."""
        seed = int(self.ids.token(), 16) if request.seed is None else request.seed + variation
        return seed % _SEEDS

    def _cancelled(self, item: JobItem) -> JobItem:
        return item.moved_to(JobItemState.CANCELLED, change=self.ids.token(), hold=None, lease_until=None)

    def _join(self, owner: str, job_id: str) -> tuple[Job, list[JobItem]]:
        """Read an earlier job, and send its new items: the function that began it may have died before it did."""
        job, items = self.items(owner, job_id)
        self._send([item for item in items if item.state is JobItemState.QUEUED and not item.calls])
        return job, items

    def _send(self, items: Sequence[JobItem]) -> None:
        """Send items to the queue; the sweep sends those that the queue did not take."""
        self.work.send_all([work_on(item) for item in items])


def _charges(allowance: KeyAllowance | None, images: int, at: datetime) -> tuple[Charge, ...]:
    """What images that an API key orders add to its counters; their bytes are not known yet."""
    return allowance.charges(images=images, size_bytes=0, at=at) if allowance is not None else ()


def _at_item(index: int, error: InvalidRequest) -> InvalidRequest:
    """The same error with its fields in an item of the request."""
    errors = tuple((("body", "items", index, *location), kind, text) for location, kind, text in error.errors)
    return InvalidRequest(str(error), errors=errors)


def _key_of(allowance: KeyAllowance | None) -> str | None:
    return allowance.key_id if allowance is not None else None


def _not_found() -> JobNotFound:
    return JobNotFound("There is no such job.")

"""What owners ask of generation: to begin a job, to see how far it is, to cancel it, and to try again what failed."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.deadlines import was_never_meant
from image_store.domain.errors import (
    BudgetUsedUp,
    Conflict,
    IdempotencyMismatch,
    ImageNotFound,
    InvalidRequest,
    JobNotFound,
)
from image_store.domain.generation.budget import Budgets
from image_store.domain.generation.jobs import (
    MAX_IMAGES,
    WAITING_LIFETIME,
    BudgetHold,
    GenerationRequest,
    Job,
    JobItem,
    JobItemChange,
    JobItemState,
    JobName,
    JobPage,
    ModelPreference,
    initial_counts,
    prompt_excerpt,
    request_fingerprint,
    work_on,
)
from image_store.domain.ids import is_image_id
from image_store.domain.images.attributes import check_attributes
from image_store.domain.images.image import State
from image_store.domain.images.reservation import IdempotencyKey
from image_store.ports.generation import Generations, ProviderKeys
from image_store.ports.images import ImageRepository
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.services.finding.cursors import Cursors
from image_store.services.generation.choice import ModelChoice
from image_store.services.generation.sealed_requests import SealedRequests
from image_store.services.images.fingerprints import Fingerprints

LOOK_AFTER = timedelta(minutes=10)
"""When the sweep looks after a job that has not ended."""
JOINED_FOR = timedelta(hours=24)
_TRIES = 4
_SEEDS = 2**31


@dataclass(frozen=True, slots=True)
class Variations:
    """An image that is wanted so many times."""

    wish: GenerationRequest
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for images."""

    owner: str
    wanted: tuple[Variations, ...]
    preference: ModelPreference
    join: bool = True
    """Whether to join the same request where it runs already."""
    idempotency: IdempotencyKey | None = None


@dataclass(frozen=True, slots=True)
class JobsOf:
    """The list of an owner's jobs."""

    owner: str

    @property
    def binding(self) -> tuple[str | None, ...]:
        """What its cursors are bound to, its owner among it."""
        return ("generations", self.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationJobs:
    """Begins generation jobs and tells of them."""

    generations: Generations
    repository: ImageRepository
    keys: ProviderKeys
    choice: ModelChoice
    work: WorkQueue
    cursors: Cursors
    budgets: Budgets
    most_images: int
    """An owner's quota of images; 0 for none."""
    wishes: SealedRequests
    fingerprints: Fingerprints
    report_used_up: Callable[[str], None]
    """Hears whose budget had no room for a request: `owner` or `deployment`."""
    clock: Clock
    ids: Ids

    def begin(self, asked: Asked) -> tuple[Job, list[JobItem]]:
        """Begin a job, or join the same one that has not ended.

        Raises
        ------
        InvalidRequest, ImageNotFound, ProviderFailed
        BudgetExceeded, BudgetUsedUp, QuotaExceeded
        IdempotencyMismatch, Conflict, StorageUnavailable
        """
        now = self.clock.now()
        self._check(asked, now)
        names = self._names(asked, now)
        for _ in range(_TRIES):
            try:
                if (running := self._earlier(asked, names, now)) is not None:
                    return self._again(asked.owner, running.id)
                job, items = self._made(asked, now)
                self.generations.create(
                    job,
                    items,
                    budgets=self.budgets,
                    most_images=self.most_images,
                    names=names,
                    due_at=now + LOOK_AFTER,
                )
            except Conflict:
                continue  # somebody began the same at the same moment
            except BudgetUsedUp as error:
                self.report_used_up(error.whose)
                raise
            self._send(items)
            return job, items
        raise Conflict(
            "The same request is made at this moment; try again.", retry_after=timedelta(seconds=1)
        )

    def job(self, owner: str, job_id: str) -> Job:
        """A job of an owner's without its images; JobNotFound."""
        job = self.generations.job(job_id) if is_image_id(job_id) else None
        if job is None or job.owner != owner:
            raise _not_found()
        return job

    def items(self, owner: str, job_id: str, *, wishes: bool = False) -> tuple[Job, list[JobItem]]:
        """A job of an owner's with its images; JobNotFound."""
        found = self.generations.items(job_id, wishes=wishes) if is_image_id(job_id) else None
        if found is None or found[0].owner != owner:
            raise _not_found()
        return found

    def page(self, owner: str, *, cursor: str | None, limit: int) -> tuple[JobPage, str | None]:
        """An owner's jobs, the newest first, and the cursor of the next page; InvalidCursor."""
        now, paged = self.clock.now(), JobsOf(owner)
        after = self.cursors.read(cursor, paged, at=now) if cursor is not None else None
        found = self.generations.jobs(owner, after=after, limit=limit)
        resume = found.resume_after
        return found, self.cursors.make(resume, paged, at=now) if resume is not None else None

    def cancel(self, owner: str, job_id: str) -> tuple[Job, list[JobItem]]:
        """Cancel what has not begun; what runs comes to its end. Safe to repeat.

        Raises JobNotFound, and Conflict when the job changes faster than it can be read.
        """
        job = self.job(owner, job_id)
        if job.ended:
            return self.items(owner, job_id)
        self.generations.stop(job_id, at=self.clock.now())
        for _ in range(_TRIES):
            _, items = self.items(owner, job_id)
            waiting = [item for item in items if item.state is JobItemState.QUEUED and item.call is None]
            changes = [JobItemChange(before=item, after=self._cancelled(item)) for item in waiting]
            try:
                if changes:
                    self.generations.change(changes, at=self.clock.now(), budgets=self.budgets)
            except Conflict:
                continue  # a worker took one of them meanwhile
            return self.items(owner, job_id)
        raise Conflict("The job changes at this moment; try again.", retry_after=timedelta(seconds=1))

    def retry(self, owner: str, job_id: str) -> tuple[Job, list[JobItem]]:
        """Try again what failed; each image is held for and promised anew.

        Raises
        ------
        JobNotFound, BudgetExceeded, BudgetUsedUp, QuotaExceeded, ProviderFailed
        Conflict
            nothing has failed
        """
        now = self.clock.now()
        job, items = self.items(owner, job_id, wishes=True)
        failed = [item for item in items if item.state is JobItemState.FAILED]
        if not failed:
            raise Conflict("None of the job's images has failed.")
        own = self.keys.providers(owner)
        wishes = self.wishes.of(owner, job_id)
        changes = []
        for item in failed:
            if item.wish is None:
                raise _not_found()
            micros = self.choice.admitted(wishes.open(item).wish, job.preference, own, on=now.date())
            again = item.moved_to(
                JobItemState.QUEUED,
                change=self.ids.token(),
                retries=0,
                given_up=(),
                tried=(),
                not_before=now,
                deadline=now + WAITING_LIFETIME,
                lease_until=None,
                call=None,
                settled=False,
                hold=BudgetHold(micros=micros, on=now.date()),
                promised=self.most_images > 0,
                error=None,
            )
            changes.append(JobItemChange(before=item, after=again))
        try:
            self.generations.change(
                changes, at=now, budgets=self.budgets, most_images=self.most_images, due_at=now + LOOK_AFTER
            )
        except BudgetUsedUp as error:
            self.report_used_up(error.whose)
            raise
        self._send([change.after for change in changes])
        return self.items(owner, job_id)

    def _check(self, asked: Asked, now: datetime) -> None:
        if not 1 <= sum(wanted.times for wanted in asked.wanted) <= MAX_IMAGES:
            raise InvalidRequest(f"A job makes 1 to {MAX_IMAGES} images.")
        self.choice.check(asked.preference)
        for wanted in asked.wanted:
            check_attributes(wanted.wish.attributes, now)
        references = {name for wanted in asked.wanted for name in wanted.wish.reference_ids}
        if not references:
            return
        known = {name for name in references if is_image_id(name)}
        images = self.repository.get_images(known) if known else {}
        for name in references:
            image = images.get(name)
            if image is None or image.owner != asked.owner or image.state is not State.READY:
                raise ImageNotFound("One of the reference images does not exist.")

    def _names(self, asked: Asked, now: datetime) -> list[JobName]:
        """What the job will be found by: the Idempotency-Key, and the request itself where it may be joined."""
        wishes = tuple(wanted.wish for wanted in asked.wanted for _ in range(wanted.times))
        names = []
        if asked.idempotency is not None:
            key = asked.idempotency
            names.append(JobName(_digest("key", key.name), key.fingerprint, now + key.lifetime))
        if asked.join:
            # Prompts are guessed too easily for a plain digest.
            print_ = self.fingerprints.of(request_fingerprint(asked.owner, wishes, asked.preference))
            names.append(JobName(_digest("same", print_), print_, now + JOINED_FOR))
        return names

    def _earlier(self, asked: Asked, names: Sequence[JobName], now: datetime) -> Job | None:
        """The job that holds one of the names and stands for this request."""
        for name in names:
            held = self.generations.named(name.name, at=now)
            if held is None:
                continue
            if was_never_meant(held.until, now, longest=name.until - now):
                # Of a clock that ran ahead: it ends a lifetime after it was first seen to be one.
                self.generations.bring_forward(name.name, held, to=name.until)
            if held.fingerprint != name.fingerprint:
                raise IdempotencyMismatch("This Idempotency-Key was used for another request; use a new one.")
            job = self.generations.job(held.job_id)
            by_key = asked.idempotency is not None and name is names[0]
            if job is not None and (by_key or not (job.ended or job.cancelled)):
                if asked.idempotency is not None and not by_key:
                    # The key stands for this job from now on, also when it has ended.
                    self.generations.give(names[0], job.id, at=now)
                return job
            self.generations.release(name.name, held.job_id)
        return None

    def _made(self, asked: Asked, now: datetime) -> tuple[Job, list[JobItem]]:
        own = self.keys.providers(asked.owner)
        job_id = self.ids.image_id()
        items: list[JobItem] = []
        for request_index, wanted in enumerate(asked.wanted):
            micros = self.choice.admitted(wanted.wish, asked.preference, own, on=now.date())
            for variation in range(wanted.times):
                items.append(
                    JobItem(
                        job_id=job_id,
                        index=len(items),
                        request_index=request_index,
                        owner=asked.owner,
                        wish=replace(
                            wanted.wish,
                            seed=self._seed(wanted.wish, variation),
                            has_own_seed=wanted.wish.seed is not None,
                            variation=variation,
                        ),
                        change=self.ids.token(),
                        not_before=now,
                        deadline=now + WAITING_LIFETIME,
                        hold=BudgetHold(micros=micros, on=now.date()),
                        promised=self.most_images > 0,
                    )
                )
        # What is shown of prompts is what is left of them once they are sealed: nothing.
        sealed = self.wishes.seal(items, owner=asked.owner, job_id=job_id)
        items = [replace(item, prompt=prompt_excerpt(item.wish)) for item in sealed]
        job = Job(
            id=job_id,
            owner=asked.owner,
            created_at=now,
            updated_at=now,
            preference=asked.preference,
            counts=initial_counts(len(items)),
            prompt=items[0].prompt,
        )
        return job, items

    def _seed(self, wish: GenerationRequest, variation: int) -> int:
        """Each variation has a seed of its own; drawn here, so that a repeated call asks for the same image."""
        drawn = int(self.ids.token(), 16) if wish.seed is None else wish.seed + variation
        return drawn % _SEEDS

    def _cancelled(self, item: JobItem) -> JobItem:
        return item.moved_to(JobItemState.CANCELLED, change=self.ids.token(), hold=None, lease_until=None)

    def _again(self, owner: str, job_id: str) -> tuple[Job, list[JobItem]]:
        """A job that was begun before; whoever began it may have died before its images were on their way."""
        job, items = self.items(owner, job_id)
        self._send([item for item in items if item.state is JobItemState.QUEUED and not item.calls])
        return job, items

    def _send(self, items: Sequence[JobItem]) -> None:
        """Hand the images over; the sweep does so again for those that the queue did not take."""
        self.work.send_all([work_on(item) for item in items])


def _digest(kind: str, text: str) -> str:
    return hashlib.sha256(f"generation\0{kind}\0{text}".encode()).hexdigest()


def _not_found() -> JobNotFound:
    return JobNotFound("There is no such job.")

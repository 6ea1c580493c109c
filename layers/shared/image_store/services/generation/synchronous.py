"""Generates images while a client waits for them: begins a job, waits for its end, and reads what it made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.delivery.renditions import Rendition
from image_store.domain.generation.jobs import Job, JobItem
from image_store.domain.generation.requests import JobRequest
from image_store.domain.images.image import ImageRecord, State
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectMissing, ObjectStore
from image_store.ports.system import Clock
from image_store.services.generation.jobs import GenerationJobs

_FIRST_PAUSE = timedelta(milliseconds=100)
_LONGEST_PAUSE = timedelta(milliseconds=500)
_GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """An image that a job has made."""

    item: JobItem
    record: ImageRecord


@dataclass(frozen=True, slots=True)
class GenerationResult:
    """A job with the images that it has made so far and that still exist."""

    job: Job
    items: tuple[JobItem, ...]
    images: tuple[GeneratedImage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SynchronousGeneration:
    """Generation for clients that wait. The work is that of a job: a client that hangs up loses nothing."""

    jobs: GenerationJobs
    repository: ImageRepository
    private: ObjectStore
    clock: Clock
    sleep: Callable[[float], None]

    def run(self, request: JobRequest, *, until: datetime) -> GenerationResult:
        """Begin a job, or join that of the same request, and wait at most `until` for its end.

        Raises what `GenerationJobs.begin` raises.
        """
        job, _ = self.jobs.begin(request)
        self._wait(job, until)
        job, items = self.jobs.items(request.owner, job.id)
        return GenerationResult(job, tuple(items), tuple(self._images(request.owner, items)))

    def bytes_of(self, record: ImageRecord, rendition: Rendition | None = None) -> bytes | None:
        """The bytes of an original, or of a rendition; None if they were deleted meanwhile."""
        key = record.original_key if rendition is None else record.rendition_key(rendition)
        try:
            return self.private.get(key, max_bytes=record.stored_bytes)
        except ObjectMissing:
            return None

    def _wait(self, job: Job, until: datetime) -> None:
        pause = _FIRST_PAUSE
        while not job.has_ended:
            left = until - self.clock.now()
            if left <= timedelta(0):
                return
            self.sleep(min(pause, left).total_seconds())
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
            job = self.jobs.job(job.owner, job.id)

    def _images(self, owner: str, items: Sequence[JobItem]) -> list[GeneratedImage]:
        pairs = [(item, item.image_id) for item in items if item.image_id is not None]
        records = self.repository.get_records([image_id for _, image_id in pairs]) if pairs else {}
        images = [
            GeneratedImage(item, record)
            for item, image_id in pairs
            if (record := records.get(image_id)) is not None
        ]
        return [each for each in images if each.record.owner == owner and each.record.state is State.READY]

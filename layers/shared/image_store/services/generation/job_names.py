"""Names under which a job is found again: an Idempotency-Key, and the request itself if it may be joined."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.deadlines import is_too_far_ahead
from image_store.domain.errors import IdempotencyMismatch
from image_store.domain.generation.jobs import Job, JobName
from image_store.domain.generation.requests import JobRequest, JoinRule, request_fingerprint
from image_store.ports.generation import Generations
from image_store.services.images.fingerprints import Fingerprints

JOIN_LIFETIME = timedelta(hours=24)
"""How long a request can be joined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobNames:
    """Finds the job that an equal request began before."""

    generations: Generations
    fingerprints: Fingerprints

    def of(self, request: JobRequest, *, now: datetime) -> list[JobName]:
        """The names of a new job; the Idempotency-Key comes first."""
        names = []
        if request.idempotency is not None:
            key = request.idempotency
            names.append(JobName(_digest("key", key.name), key.fingerprint, now + key.lifetime))
        if request.join is not None:
            images = tuple(each.request for each in request.variation_sets for _ in range(each.count))
            # A plain digest would let others guess prompts.
            fingerprint = self.fingerprints.of(request_fingerprint(request.owner, images, request.preference))
            names.append(JobName(_digest("same", fingerprint), fingerprint, now + JOIN_LIFETIME))
        return names

    def find(self, request: JobRequest, names: Sequence[JobName], *, now: datetime) -> Job | None:
        """Find the job that has one of the names and stands for this request; IdempotencyMismatch."""
        for name in names:
            holder = self.generations.named(name.name, at=now)
            if holder is None:
                continue
            if is_too_far_ahead(holder.until, now, longest=name.until - now):
                # A fast clock has set the expiry: it ends one lifetime after it was first noticed.
                self.generations.bring_forward(name.name, holder, to=name.until)
            if holder.fingerprint != name.fingerprint:
                raise IdempotencyMismatch("This Idempotency-Key was used for another request; use a new one.")
            job = self.generations.job(holder.job_id)
            has_key = request.idempotency is not None
            is_by_key = has_key and name is names[0]
            if job is not None and (is_by_key or _may_join(job, request.join, now)):
                if has_key and not is_by_key:
                    # From now on the key stands for this job, also after it has ended.
                    self.generations.add_name(names[0], job.id, at=now)
                return job
            self.generations.remove_name(name.name, holder.job_id)
        return None


def _may_join(job: Job, rule: JoinRule | None, now: datetime) -> bool:
    """Whether a request without the key of a job may get it."""
    if rule is None or rule.min_age is None:
        return False
    if job.has_ended or job.is_cancelled:
        return now - job.updated_at < rule.ended_within
    return now - job.created_at >= rule.min_age


def _digest(kind: str, text: str) -> str:
    return hashlib.sha256(f"generation\0{kind}\0{text}".encode()).hexdigest()

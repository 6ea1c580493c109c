"""Requests of admins: begin an import, read its progress and its records, and cancel it."""

import re
from dataclasses import dataclass, replace

from image_store.domain.errors import Conflict, ImportNotFound, InvalidCursor, InvalidRequest
from image_store.domain.ids import is_image_id
from image_store.domain.upkeep.importing import (
    ONGOING,
    Import,
    ImportOptions,
    ImportRecordPage,
    ImportStatus,
)
from image_store.domain.work import ImportStep
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.ports.upkeep import Imports

_PLACE = re.compile(r"[0-9a-f]{64}")
"""The end of a page of records: the digest of an id."""
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequests:
    """Begins imports, reports their progress, and cancels them."""

    imports: Imports
    work: WorkQueue
    has_sources: bool
    """Whether the deployment names a secret with sources."""
    clock: Clock
    ids: Ids

    def begin(self, options: ImportOptions) -> Import:
        """Begin an import that continues after the request; InvalidRequest if the deployment has no sources.

        Two requests begin two imports, but each image of a source is stored once for an owner.
        """
        if not self.has_sources:
            raise InvalidRequest(
                "This deployment names no sources: create their secret and set the parameter ImportSecretName."
            )
        now = self.clock.now()
        job = Import(id=self.ids.image_id(), options=options, created_at=now, updated_at=now)
        self.imports.create(job)
        self.work.send(ImportStep(job.id, job.step))
        return job

    def get(self, import_id: str) -> Import:
        """The progress of an import; ImportNotFound."""
        job = self.imports.get(import_id) if is_image_id(import_id) else None
        if job is None:
            raise ImportNotFound("There is no such import.")
        return job

    def cancel(self, import_id: str) -> Import:
        """End an import; what it has stored stays. Safe to repeat: one that has ended is returned as it is.

        Raises ImportNotFound, or Conflict if its worker was faster several times.
        """
        for _ in range(_TRIES):
            job = self.get(import_id)
            if job.status not in ONGOING:
                return job
            now = self.clock.now()
            cancelled = replace(
                job,
                status=ImportStatus.CANCELLED,
                step=job.step + 1,
                waits_until=None,
                updated_at=now,
                finished_at=now,
            )
            try:
                self.imports.save(cancelled, step=job.step)
            except Conflict:
                continue
            return cancelled
        raise Conflict("The import is being continued at this moment; try again.")

    def records(self, job: Import, *, after: str | None, limit: int) -> ImportRecordPage:
        """A page of what became of images; InvalidCursor unless `after` is the end of a page."""
        if after is not None and not _PLACE.fullmatch(after):
            raise InvalidCursor("The cursor is not one of this list.")
        return self.imports.records(job.id, after=after, limit=limit)

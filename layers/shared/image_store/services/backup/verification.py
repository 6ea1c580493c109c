"""Compares a backup with its manifest: every file of lines, and every copy of an original.

An invocation compares as many lines as its time allows; the job stores how many. The files of changes are read again by
each invocation, because a later line replaces earlier ones.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import batched

from image_store.domain.backup.jobs import BackupError, BackupJob, BackupTally
from image_store.domain.backup.lines import BackupLine
from image_store.domain.backup.manifest import BackupFile
from image_store.domain.errors import BackupDamaged
from image_store.ports.system import Clock
from image_store.services.backup.library import BackupLibrary
from image_store.services.backup.originals import PARALLEL_COPIES, OriginalCopies

_PAGE_LINES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupVerification:
    """Verifies backups; changes nothing."""

    library: BackupLibrary
    copies: OriginalCopies
    clock: Clock

    def carry_on(self, job: BackupJob, *, until: datetime) -> BackupJob:
        """Verify until the end or until `until`; a job that has not ended has to be continued.

        Sends one HEAD request for each original, or with `deep` also a GET. Raises StorageUnavailable, and
        BackupNotFound if there is no manifest.
        """
        manifest = self.library.latest() if job.manifest is None else self.library.manifest(job.manifest)
        job = replace(job, manifest=manifest.id)
        first, position = job.after, 0
        seen: set[str] = set()
        for number, file in enumerate(manifest.newest_first()):
            end = position + file.lines
            is_change = number < len(manifest.change_files)
            if end > first or is_change:
                for page, page_end in self._pages(file, position):
                    lines = [line for line in page if line.entity not in seen]
                    if is_change:
                        seen.update(line.entity for line in lines)
                    if page_end <= first:
                        continue
                    if self.clock.now() >= until:
                        return job if job.after > first else job.ended(self.clock.now(), reason="deadline")
                    job = replace(job, after=page_end, tally=self._verified(lines, job))
                if job.after < end:
                    job = replace(job, after=end, tally=job.tally.plus_errors(_damaged(file)))
            position = end
        return job.ended(self.clock.now(), reason="damaged" if job.tally.failed else None)

    def _pages(self, file: BackupFile, position: int) -> Iterator[tuple[Sequence[BackupLine], int]]:
        """The lines of a file in pages, each with the position of its end; a damaged file ends before its last page."""
        try:
            for page in batched(self.library.lines(file, backwards=True), _PAGE_LINES, strict=False):
                position += len(page)
                yield page, position
        except BackupDamaged:
            return

    def _verified(self, lines: Sequence[BackupLine], job: BackupJob) -> BackupTally:
        copies = [line for line in lines if line.object is not None]
        with ThreadPoolExecutor(PARALLEL_COPIES) as pool:
            errors = [
                each for each in pool.map(partial(self._error_of, deep=job.deep), copies) if each is not None
            ]
        return job.tally.plus(verified=len(copies)).plus_errors(*errors)

    def _error_of(self, line: BackupLine, *, deep: bool) -> BackupError | None:
        if line.object is None or self.copies.is_whole(line.object, deep=deep):
            return None
        return BackupError(line.entity, "copy_damaged", "The copy of the original is missing or damaged.")


def _damaged(file: BackupFile) -> BackupError:
    return BackupError(
        f"file:{file.key}", BackupDamaged.code, "The file is missing, or not what its manifest names."
    )

"""Restores images and other rows as of a manifest of a backup.

What a table has is never changed, and what a deployment ended on purpose stays ended unless the options say otherwise:
images that were deleted or have expired since, publications, and what lets callers in.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.backup.lines import BackupLine
from image_store.domain.backup.manifest import Manifest
from image_store.domain.errors import ImageStoreError, RecoveryImpossible
from image_store.domain.upkeep.recovery import (
    RecoveryError,
    RecoveryJob,
    RecoveryOptions,
    RecoveryOutcome,
    RecoveryTally,
)
from image_store.ports.backup import LostRows
from image_store.ports.system import Clock
from image_store.services.backup.library import BackupLibrary
from image_store.services.upkeep.recovery.lost_images import TRY_AGAIN, LostImages
from image_store.services.upkeep.recovery.manifest_lines import (
    LaterChanges,
    LinePage,
    ManifestLines,
    check_changes,
    later_changes,
)
from image_store.services.upkeep.recovery.run import IMPOSSIBLE

ROOM_FOR_A_PAGE = timedelta(seconds=45)
"""The time for the originals of a page and their records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FromBackup:
    """Restores from the backups in the backup store."""

    library_of: Callable[[str], BackupLibrary]
    """The backup of the stack of this name."""
    stack: str
    kms_key: str
    images: LostImages
    rows: LostRows
    clock: Clock

    def step(self, recovery: RecoveryJob, *, until: datetime) -> RecoveryJob:
        """Restore the next pages of lines. Safe to repeat.

        Raises RecoveryImpossible if the backup must not be restored here, and the errors of the backup if it is
        missing, damaged or too new.
        """
        library = self.library_of(recovery.options.stack or self.stack)
        manifest = self._manifest(recovery, library)
        recovery = replace(recovery, manifest=manifest.id)
        options = recovery.options
        later = later_changes(
            library,
            manifest,
            # A key that was revoked since, or whose secret was replaced, must not let anybody in again.
            is_looked_for=lambda name: options.access and self.rows.lets_callers_in(name),
        )
        if recovery.after is None:
            check_changes(library, manifest)
        after = recovery
        try:
            for page in ManifestLines(library=library, manifest=manifest).pages(recovery.after):
                tally = self._tally_after(page, after, library, later)
                after = replace(after, tally=tally, after=page.position)
                if self.clock.now() + ROOM_FOR_A_PAGE > until:
                    return after
        except TRY_AGAIN:
            if after.after == recovery.after:
                raise
            return after
        except IMPOSSIBLE as error:
            if after.after == recovery.after:
                raise
            return after.stopped_at(self.clock.now(), code=error.code, detail=error.message)
        if options.image_id is not None and not _names_an_image(after.tally):
            raise RecoveryImpossible(
                "This backup has no such image: it was deleted before, or stored after it. Name another manifest."
            )
        return after.ended_at(self.clock.now())

    def _manifest(self, recovery: RecoveryJob, library: BackupLibrary) -> Manifest:
        """The manifest to restore; the newest one if none was named."""
        manifest = library.latest() if recovery.manifest is None else library.manifest(recovery.manifest)
        options = recovery.options
        if recovery.manifest is None and manifest.base_lines + manifest.change_lines == 0:
            raise RecoveryImpossible(
                "The newest backup is empty: it was made after the loss. Name the manifest to restore."
            )
        if manifest.origin.stack != (options.stack or self.stack):
            raise RecoveryImpossible(
                f"This is the backup of the stack {manifest.origin.stack}: name it to restore it into another one."
            )
        if manifest.origin.kms_key != self.kms_key and not (options.other_key or options.without_sealed):
            raise RecoveryImpossible(
                "The backup was sealed with another KMS key, so sealed texts may never open here. Restore them as they "
                "are with `other_key`, or leave them out with `without_sealed`."
            )
        return manifest

    def _tally_after(
        self, page: LinePage, recovery: RecoveryJob, library: BackupLibrary, later: LaterChanges
    ) -> RecoveryTally:
        tally, options = recovery.tally, recovery.options
        if page.damaged is not None:
            detail = "A file of the backup is missing, or is not what its manifest names."
            return tally.plus_failure(RecoveryError(page.damaged.key, "backup_damaged", detail))
        images = [line for line in page.lines if _is_chosen(line, options)]
        gone = frozenset[str]() if options.ended else later.deleted_images
        tally = self.images.restore(images, tally, options, library=library, gone=gone)
        if options.owner is None and options.image_id is None:
            for line in page.lines:
                if line.image_id is None:
                    tally = self._tally_after_row(later.rows.get(line.entity, line), tally, options)
        return tally

    def _tally_after_row(
        self, line: BackupLine, tally: RecoveryTally, options: RecoveryOptions
    ) -> RecoveryTally:
        if line.is_deletion:
            return tally.plus(RecoveryOutcome.ROWS_LEFT_OUT)
        try:
            outcome = self.rows.restore(
                line.entity, line.rows, at=self.clock.now(), access=options.access, dry_run=options.dry_run
            )
        except TRY_AGAIN:
            raise
        except ImageStoreError as error:
            return tally.plus_failure(RecoveryError(line.entity, error.code, error.message))
        return tally.plus(outcome)


def _is_chosen(line: BackupLine, options: RecoveryOptions) -> bool:
    return line.image_id is not None and options.image_id in {None, line.image_id}


def _names_an_image(tally: RecoveryTally) -> bool:
    return any((tally.images, tally.originals, tally.already_there, tally.ended, tally.failed))

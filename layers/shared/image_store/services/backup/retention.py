"""Removes from a backup what its retention no longer covers.

- A manifest goes when it is older than the retention; of those older than two days, one of each day stays until then.
- A file of lines goes when it is older than the base of every manifest that is kept.
- A copy of an original goes when its image has been missing from the table for the whole retention. A sweep after each
  full pass writes the keys of such copies into a file below `gone/`. When that file is as old as the retention, its
  images are looked up again, and the copies of those that are still missing are deleted. Manifests of the time before
  the image was deleted are gone by then.

Nothing is removed until the next full pass is complete and plausible, so a lost table empties no backup.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched

from image_store.domain.backup.manifest import Manifest
from image_store.domain.backup.retention import KEEP_ALL, manifests_to_keep
from image_store.domain.deadlines import CLOCK_SKEW
from image_store.domain.errors import BackupDamaged, BackupNotFound, BackupTooNew
from image_store.domain.ids import created_at, first_id_at
from image_store.ports.images import ImageRepository
from image_store.ports.system import Clock, Ids
from image_store.services.backup.library import BackupLibrary
from image_store.services.upkeep.cleanup.objects import image_id_of

_PAGE_OBJECTS = 500
_FILE_KEYS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRetention:
    """Applies the retention of a backup, in slices that fit into one invocation."""

    library: BackupLibrary
    repository: ImageRepository
    retention: timedelta
    clock: Clock
    ids: Ids

    def apply(self, newest: Manifest, *, sweep_after: str | None, until: datetime) -> tuple[int, str | None]:
        """Remove what is no longer covered; returns the number of objects, and where the sweep continues.

        `sweep_after` is the last key that the sweep has examined, empty at its begin, and None if none is under way.
        Safe to repeat. Raises StorageUnavailable.
        """
        removed = self._manifests(newest) + self._gone(until)
        return removed, None if sweep_after is None else self._sweep(sweep_after, until)

    def _manifests(self, newest: Manifest) -> int:
        ids = self.library.manifest_ids()
        keep = set(manifests_to_keep(ids, self.clock.now(), self.retention)) | {newest.id}
        old = [manifest_id for manifest_id in ids if manifest_id not in keep]
        if not old:
            return 0
        self.library.store.delete([self.library.manifest_key(each) for each in old])
        try:
            oldest = self.library.manifest(min(keep))
        except (BackupDamaged, BackupNotFound, BackupTooNew):
            return len(old)  # what it names is unknown, so all files stay
        return len(old) + self._files(oldest)

    def _files(self, oldest: Manifest) -> int:
        """Remove files of lines that are older than the base of the oldest manifest that is kept."""
        # Clocks can differ, and a run that is under way names its files only later.
        bound = min(
            first_id_at(created_at(oldest.base) - 2 * CLOCK_SKEW), first_id_at(self.clock.now() - KEEP_ALL)
        )
        removed = 0
        for prefix in self.library.lines_prefixes:
            for page in batched(self.library.store.list(prefix), _PAGE_OBJECTS, strict=False):
                old = [each.key for each in page if each.key.removeprefix(prefix) < bound]
                self.library.store.delete(old)
                removed += len(old)
                if len(old) < len(page):
                    break
        return removed

    def _sweep(self, after: str, until: datetime) -> str | None:
        gone: list[str] = []
        objects = self.library.store.list(self.library.object_key(""), after=after or None)
        for page in batched(objects, _PAGE_OBJECTS, strict=False):
            keys = [self.library.original_key(each.key) for each in page]
            gone += self._missing(keys)
            if len(gone) >= _FILE_KEYS or self.clock.now() >= until:
                self._keep(gone)
                return page[-1].key
        self._keep(gone)
        return None

    def _keep(self, gone: Sequence[str]) -> None:
        if gone:
            self.library.put_gone(self.ids.image_id(), gone)

    def _gone(self, until: datetime) -> int:
        removed = 0
        for gone_id in self.library.gone_ids():
            if self.clock.now() < created_at(gone_id) + self.retention or self.clock.now() >= until:
                break
            for keys in batched(self.library.gone(gone_id), _PAGE_OBJECTS, strict=False):
                missing = self._missing(keys)
                self.library.store.delete([self.library.object_key(key) for key in missing])
                removed += len(missing)
            self.library.remove_gone(gone_id)
        return removed

    def _missing(self, keys: Collection[str]) -> list[str]:
        """The originals that no record names, of these keys in the private bucket."""
        ids = {key: image_id for key in keys if (image_id := image_id_of(key)) is not None}
        records = self.repository.get_records(set(ids.values()))
        return [
            key
            for key, image_id in ids.items()
            if image_id not in records.unreadable
            and (image_id not in records or records[image_id].original_key != key)
        ]

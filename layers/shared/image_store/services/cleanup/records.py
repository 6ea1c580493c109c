"""Records whose objects are gone: a sweep of the table, in slices."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.cleanup import Report
from image_store.domain.errors import Conflict, ImageNotFound, StorageUnavailable
from image_store.domain.image import Image, State
from image_store.ports.cleanup import CleanupRows
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectStore
from image_store.ports.system import Clock
from image_store.services.deletion import Deletion

_PARALLEL_HEADS = 8
_PAGE_RECORDS = 100
_SHOWN = frozenset({State.READY, State.TRASHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What a sweep found among some records."""

    dangling: list[Image]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSweep:
    """Looks whether each image has its objects."""

    repository: ImageRepository
    rows: CleanupRows
    private: ObjectStore
    deletion: Deletion
    grace: timedelta
    clock: Clock

    def look(
        self,
        report: Report,
        taken: Collection[str],
        *,
        after: str,
        at_most: int,
        dangling_at_most: int,
        until: datetime,
    ) -> Slice:
        """Look on from a record, at about `at_most` of them; those in `taken` are gone already."""
        oldest = self.clock.now() - self.grace
        dangling: list[Image] = []
        looked = 0
        position: str | None = after
        while position is not None:
            images, position = self.rows.scan(after=position or None, limit=_PAGE_RECORDS)
            shown = [
                image
                for image in images
                if image.state in _SHOWN and image.updated_at <= oldest and image.id not in taken
            ]
            dangling += self._without_original(shown, report)
            looked += len(images)
            report.examined += len(shown)
            if looked >= at_most or len(dangling) > dangling_at_most or self.clock.now() >= until:
                break
        return Slice(dangling=dangling, after=position)

    def remove(self, dangling: Sequence[Image], report: Report) -> None:
        """Delete records whose original is surely gone: it is looked for once more."""
        for image in dangling:
            record = self.repository.get(image.id)
            if record is None or record.image.state not in _SHOWN:
                continue
            if self.private.head(record.image.original_key) is not None:
                continue
            try:
                self.deletion.finish(self.deletion.start(record))
            except (Conflict, ImageNotFound):
                continue  # its owner changed it meanwhile; the next pass looks again
            except StorageUnavailable:
                report.failed += 1
                continue
            report.dangling += 1

    def _without_original(self, images: Sequence[Image], report: Report) -> list[Image]:
        keys = [key for image in images for key in image.private_keys]
        with ThreadPoolExecutor(_PARALLEL_HEADS) as pool:
            there = dict(zip(keys, pool.map(self._is_there, keys), strict=True))
        dangling = [image for image in images if not there[image.original_key]]
        report.renditions_missing += sum(
            not there[image.rendition_key(made)]
            for image in images
            if there[image.original_key]
            for made in image.renditions
        )
        return dangling

    def _is_there(self, key: str) -> bool:
        return self.private.head(key) is not None

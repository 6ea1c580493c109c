"""What is remembered of imports, other stores, and the paths that lead here from them, in memory."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

from image_store.domain.delivery.old_paths import names_of_path
from image_store.domain.errors import Conflict, SourceUnreadable
from image_store.domain.images.image import State
from image_store.domain.upkeep.importing import (
    FetchedFile,
    Import,
    ImportOptions,
    ImportRecord,
    ImportRecordPage,
    ItemPage,
    SourceItem,
)
from image_store.ports.delivery import OldPaths
from image_store.ports.upkeep import Imports, ImportSource, ImportSources
from tests.fakes.repository import MemoryRepository


class MemoryImports(Imports):
    """Imports in memory; `saved` is every state that was written, in its order."""

    def __init__(self) -> None:
        self.saved: list[Import] = []
        self._current: dict[str, Import] = {}
        self._records: dict[str, dict[str, ImportRecord]] = {}

    def create(self, job: Import) -> None:
        if job.id in self._current:
            raise Conflict("Another worker has continued this import.")
        self._keep(job)

    def get(self, import_id: str) -> Import | None:
        return self._current.get(import_id)

    def save(self, after: Import, *, step: int) -> None:
        if (current := self._current.get(after.id)) is None or current.step != step:
            raise Conflict("Another worker has continued this import.")
        self._keep(after)

    def _keep(self, job: Import) -> None:
        self._current[job.id] = job
        self.saved.append(job)

    def keep_records(self, import_id: str, records: Sequence[ImportRecord], *, expires_at: datetime) -> None:
        for record in records:
            place = hashlib.sha256(record.source_id.encode()).hexdigest()
            self._records.setdefault(import_id, {})[place] = record

    def records(self, import_id: str, *, after: str | None, limit: int) -> ImportRecordPage:
        by_place = self._records.get(import_id, {})
        left = [place for place in sorted(by_place) if place > (after or "")]
        page = left[:limit]
        return ImportRecordPage(
            records=tuple(by_place[place] for place in page), after=page[-1] if len(left) >= limit else None
        )


class MemorySource(ImportSource):
    """Another store, with what it lists and sends; `meanwhile` is called before each call and may raise.

    Cursors are numbers of images. With `page_size` a page is shorter than what was requested.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.items: list[SourceItem] = []
        self.page_size = 1_000
        self.fetched: list[str] = []
        self.pages: list[str | None] = []
        self.meanwhile: Callable[[str], None] = lambda _: None
        self.following: Callable[[int], str | None] = lambda end: str(end) if end < len(self.items) else None
        self.rate: float | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        return ("memory", "old store")

    @property
    def calls_a_second(self) -> float | None:
        return self.rate

    def add(self, item: SourceItem, data: bytes) -> None:
        self.items.append(item)
        self.files[item.id] = data

    def page(self, cursor: str | None, *, limit: int, until: datetime) -> ItemPage:
        self.meanwhile("list")
        self.pages.append(cursor)
        begin = int(cursor or 0)
        end = begin + min(limit, self.page_size)
        return ItemPage(items=tuple(self.items[begin:end]), following=self.following(end))

    def fetch(self, item: SourceItem, *, max_bytes: int, until: datetime) -> FetchedFile:
        self.meanwhile(item.id)
        self.fetched.append(item.id)
        return FetchedFile(data=self.files[item.id], media_type="image/png")


class MemorySources(ImportSources):
    """Sources by name."""

    def __init__(self) -> None:
        self.by_name = {"old": MemorySource()}

    def open(self, options: ImportOptions) -> ImportSource:
        if options.source not in self.by_name:
            raise SourceUnreadable(f"The secret of imports has no source {options.source}.")
        return self.by_name[options.source]


class MemoryOldPaths(OldPaths):
    """Old paths, read off the records as their rows are."""

    def __init__(self, repository: MemoryRepository) -> None:
        self._repository = repository

    def image_ids(self, name: str, *, limit: int) -> Sequence[str]:
        image_ids = [
            image_id
            for image_id, image in self._repository.records.items()
            if image.record.state is State.READY
            and any(name in names_of_path(path) for path in image.details.old_paths)
        ]
        return sorted(image_ids, reverse=True)[:limit]

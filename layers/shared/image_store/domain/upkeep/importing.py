"""Imports: images that move here from another store, with what that store knows about them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from image_store.domain.images.image import Visibility

BATCH_ITEMS = 50
"""Images of one step; progress is saved after each step."""
DRY_RUN_ITEMS = 500
"""Images of one step of a dry run, which only lists."""
KEPT_IMPORT_ERRORS = 50
MAX_ITEM_TRIES = 3
"""Tries of an image whose source fails, before the import goes on without it."""
MAX_WAITS = 50
"""Waits in a row, without any progress, before an import fails."""
MAX_FRUITLESS_PAGES = 1_000
"""Pages in a row of which nothing is stored, before an import fails: a source can make up ids without end."""
MAX_IMAGES = 100_000_000
"""Images of one import; in a dry run, which reads no bytes, nothing else ends a list of such ids."""
LONGEST_REST = timedelta(minutes=15)
"""The longest delay of a message; longer waits take several."""
LONGEST_WAIT = timedelta(hours=6)
"""The longest wait that a source is believed."""
MAX_OLD_PATHS = 4
"""Old paths of one image that redirects know."""
MAX_SOURCE_ID_CHARS = 2_048
"""More than any store allows. A page of ids has to fit into one transaction."""
MAX_CURSOR_CHARS = 100_000
"""A cursor has to fit into the row of its import; that of folders inside each other is the longest."""
REMEMBERED = timedelta(days=3650)
"""How long the store remembers that an image was imported."""

_MAX_ID_CHARS = 200
_MAX_DETAIL_CHARS = 300


class ImportStatus(StrEnum):
    """The status of an import."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    """The source wants to be left alone for a while."""
    SUCCEEDED = "succeeded"
    """The list of the source was read to its end; some images may have failed."""
    FAILED = "failed"
    """The list of the source could not be read to its end; the last error says why."""
    CANCELLED = "cancelled"


ONGOING = frozenset({ImportStatus.QUEUED, ImportStatus.RUNNING, ImportStatus.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What to import, and as whose."""

    source: str
    """The name of a source in the secret of imports."""
    owner: str
    prefix: str = ""
    """Only what begins so, by the source's own names; empty for everything."""
    visibility: Visibility | None = None
    """Of all images; None for private what is private at its source, and unlisted what is public there."""
    groups: tuple[str, ...] = ()
    """More groups of every image, each `type:id`."""
    tags: tuple[str, ...] = ()
    redirects: bool = False
    """Whether the old paths lead to the images."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceItem:
    """An image as a source lists it; nothing of it is believed before its bytes were read."""

    id: str
    """What identifies it at its source for ever."""
    url: str | None = None
    """Its public address there, without a signature."""
    paths: tuple[str, ...] = ()
    """The paths of its public addresses, decoded."""
    size_bytes: int | None = None
    media_type: str | None = None
    created_at: datetime | None = None
    filename: str | None = None
    folder: str | None = None
    title: str | None = None
    alt_text: str | None = None
    tags: tuple[Any, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    visibility: Visibility = Visibility.PRIVATE
    download: str | None = None
    """Where its source keeps it, if the list says so."""
    handle: str | None = None
    """What else its source needs to read it; only the source understands it."""
    refusal: str | None = None
    """Why it cannot be read now, if the list says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage:
    """A page of the list of a source."""

    items: tuple[SourceItem, ...]
    following: str | None
    """Where the next page begins; only its source understands it. None at the end."""
    rest: timedelta | None = None
    """How long the source wants to be left alone after this page."""

    @property
    def can_be_stored(self) -> bool:
        """Whether its ids and its end fit into the rows of an import."""
        return len(self.following or "") <= MAX_CURSOR_CHARS and all(
            len(item.id) <= MAX_SOURCE_ID_CHARS for item in self.items
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """The bytes of an image, with what its source says only beside them."""

    data: bytes
    media_type: str | None = None
    visibility: Visibility | None = None
    """None if the list has said it."""
    metadata: Mapping[str, str] = field(default_factory=dict)


class ItemState(StrEnum):
    """What became of an image of a source."""

    STORED = "stored"
    EXISTED = "existed"
    """Imported before; it may have been deleted here since."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """An image of a source, and what became of it."""

    source_id: str
    source_url: str | None
    state: ItemState
    image_id: str | None = None
    code: str | None = None
    detail: str | None = None
    size_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecordPage:
    """Some of the records of an import."""

    records: tuple[ImportRecord, ...]
    after: str | None
    """Where the next page begins; None at the end."""


@dataclass(frozen=True, slots=True)
class ImportFault:
    """Why an image, or the rest of a list, was not imported."""

    source_id: str
    code: str
    detail: str

    @classmethod
    def of(cls, source_id: str, code: str, detail: str) -> "ImportFault":
        """A fault with shortened texts."""
        return cls(source_id[:_MAX_ID_CHARS], code, detail[:_MAX_DETAIL_CHARS])


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportTally:
    """The outcomes of images, counted; in a dry run, what they would be."""

    stored: int = 0
    existed: int = 0
    failed: int = 0
    size_bytes: int = 0
    """Of the stored images; in a dry run as far as the list has sizes."""
    unsized: int = 0
    """In a dry run, images whose size the list does not say."""
    errors: tuple[ImportFault, ...] = ()
    """The last 50."""

    @property
    def seen(self) -> int:
        """The number of all these images."""
        return self.stored + self.existed + self.failed

    @property
    def fruits(self) -> int:
        """The number of images that did not fail."""
        return self.stored + self.existed

    def plus(self, record: ImportRecord) -> "ImportTally":
        """The tally after one more image."""
        match record.state:
            case ItemState.STORED:
                return replace(self, stored=self.stored + 1, size_bytes=self.size_bytes + record.size_bytes)
            case ItemState.EXISTED:
                return replace(self, existed=self.existed + 1)
            case ItemState.FAILED:
                fault = ImportFault.of(record.source_id, record.code or "", record.detail or "")
                return replace(self, failed=self.failed + 1).with_fault(fault)

    def with_fault(self, fault: ImportFault) -> "ImportTally":
        """The tally with a fault that belongs to no image."""
        return replace(self, errors=(*self.errors, fault)[-KEPT_IMPORT_ERRORS:])


@dataclass(frozen=True, slots=True)
class PageWatch:
    """Notices a source that repeats its pages, by Brent's algorithm: one remembered page finds any circle."""

    page: str = ""
    """The digest of the remembered page."""
    distance: int = 0
    """Pages since then."""
    reach: int = 1
    """The distance at which another page is remembered."""

    def after(self, page: ItemPage) -> "PageWatch | None":
        """The watch after one more page; None if the page was seen before."""
        names = [item.id for item in page.items] or [f"before {page.following}"]
        digest = hashlib.sha256(json.dumps(names).encode()).hexdigest()
        if digest == self.page:
            return None
        if self.distance + 1 < self.reach:
            return replace(self, distance=self.distance + 1)
        return PageWatch(digest, 0, self.reach * 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An import as it is stored."""

    id: str
    options: ImportOptions
    created_at: datetime
    updated_at: datetime
    status: ImportStatus = ImportStatus.QUEUED
    step: int = 1
    """The fencing number: only work that carries it is done, and every save raises it."""
    cursor: str | None = None
    """Where the page begins that is read next; None for the first one."""
    after: str | None = None
    """The last image of that page that has ended; None for its beginning."""
    watch: PageWatch = PageWatch()
    waits: int = 0
    """Waits in a row, since something has ended."""
    tries: int = 0
    """Failures in a row of the image that is next."""
    fruitless: int = 0
    """Pages in a row of which nothing was stored, or was here before."""
    waits_until: datetime | None = None
    tally: ImportTally = ImportTally()
    finished_at: datetime | None = None

    def with_fault(self, code: str, detail: str) -> "Import":
        """The import with a fault that belongs to no image."""
        return replace(self, tally=self.tally.with_fault(ImportFault.of("source", code, detail)))


def imported_name(identity: tuple[str, ...], owner: str, source_id: str) -> str:
    """The name under which the store remembers that an image of a source was imported for an owner; a digest."""
    return hashlib.sha256(json.dumps(("import", *identity, owner, source_id)).encode()).hexdigest()


# What an import costs ---------------------------------------------------------------------------------

_ONCE_USD = 118 / 1_000_000
"""To store one image: R2's writes, DynamoDB's and Lambda; docs/costs.md has the parts."""
_MONTHLY_ROWS_USD = 17.85 / 1_000_000
"""To keep the rows of one image and to look after them; docs/costs.md has the parts."""
_GIGABYTE_MONTH_USD = 0.015
_RENDITIONS_SHARE = 1.52
"""Original, renditions and their public copies, by the bytes of the original, as in docs/costs.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the images that an import would store cost in US dollars, without free tiers."""

    once_usd: float
    monthly_usd: float


def estimate_of(tally: ImportTally) -> Estimate:
    """The costs of a dry run; images of unknown size count as large as the average of the others."""
    sized = tally.stored - tally.unsized
    average = tally.size_bytes / sized if sized else 0.0
    gigabytes = (tally.size_bytes + average * tally.unsized) / 1e9
    return Estimate(
        once_usd=round(tally.stored * _ONCE_USD, 4),
        monthly_usd=round(
            gigabytes * _RENDITIONS_SHARE * _GIGABYTE_MONTH_USD + tally.stored * _MONTHLY_ROWS_USD, 4
        ),
    )

"""What the services need from the outside, as small protocols.

Adapters implement them for R2, DynamoDB, SQS and Pillow; fakes implement them for tests. Both pass the
contract suites of `tests/contracts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:  # what only some functions use is not loaded by all
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from image_store.domain.breaker import Breaker
    from image_store.domain.budget import Budgets, Spending
    from image_store.domain.cleanup import Lease, Position, Report
    from image_store.domain.generation import Change, Item, Job, JobName, JobPage, NamedJob, Performance
    from image_store.domain.image import Image, Record
    from image_store.domain.ingest import DroppedObject, SweepPosition, VersionPage, VersionPosition
    from image_store.domain.listing import Card, CardPage, GroupOf, ListQuery, MemberPage
    from image_store.domain.making import Wanted
    from image_store.domain.media import MediaType
    from image_store.domain.migration import Counted, Migration, SourceRecord, Step
    from image_store.domain.projection import Rebuild
    from image_store.domain.providers import GeneratedImage, ImageRequest, Provider, ProviderKey
    from image_store.domain.publication import PublicationRow
    from image_store.domain.renditions import ProcessedImage, Provenance, Recipe
    from image_store.domain.reservation import Copies, IdempotencyRow, Reservation, Usage
    from image_store.domain.searching import SearchQuery, TermRows
    from image_store.domain.similarity import Alike
    from image_store.domain.statistics import Amount, Statistics
    from image_store.domain.work import Work


class ObjectMissing(Exception):
    """An object that was to be read or copied is not there; services decide what that means."""


class Clock(Protocol):
    """The time, and nothing else."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


class Ids(Protocol):
    """Where identifiers come from."""

    def image_id(self) -> str:
        """A new UUIDv7 in its canonical text form; later ids sort after earlier ones."""
        ...

    def attempt(self) -> str:
        """A new attempt: 64 random bits in hexadecimal, unique among the attempts of an image."""
        ...

    def publication(self) -> str:
        """A new publication: 128 random bits, URL-safe; it is a secret until it is shared."""
        ...


class ImageProcessor(Protocol):
    """Turns untrusted bytes into facts and renditions."""

    def process(
        self,
        data: bytes,
        media_type: MediaType | None,
        recipes: Mapping[str, Recipe],
        *,
        provenance: Provenance | None = None,
    ) -> ProcessedImage:
        """Verify that `data` is an image the store accepts and make a rendition by each recipe from one decode.

        `media_type` is what the image is known to be, None when nobody said. Renditions come in the order of
        `recipes` and under their names; they have the orientation applied, are in sRGB and carry no metadata
        but `provenance`.

        Raises
        ------
        PayloadTooLarge, UnsupportedMediaType, ContentTypeMismatch, InvalidImage, ImageTooLarge, TooManyFrames
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What an object store tells about an object without its bytes."""

    key: str
    size_bytes: int
    modified_at: datetime
    etag: str | None = None
    """Names these very bytes for a conditional read or copy; opaque."""
    sha256: str | None = None
    """The checksum kept in the object's metadata, where it was given; listings never carry it."""


@dataclass(frozen=True, slots=True)
class PresignedPut:
    """A request that stores an object without further credentials."""

    url: str
    headers: Mapping[str, str]
    """What has to be sent exactly so; Content-Length follows from the body."""


class ObjectStore(Protocol):
    """One bucket, spoken to in S3's language. All methods raise StorageUnavailable when it does not answer."""

    def put(
        self, key: str, data: bytes, *, content_type: str, cache_control: str, metadata: Mapping[str, str]
    ) -> None:
        """Write an object that must not exist yet (If-None-Match: *); the store verifies its MD5.

        Safe to repeat: a key that exists already with these very bytes counts as written.

        Raises
        ------
        Conflict
            the key exists with other bytes
        """
        ...

    def copy_from(
        self,
        source_bucket: str,
        source_key: str,
        key: str,
        *,
        content_type: str,
        cache_control: str,
        metadata: Mapping[str, str],
        source_etag: str | None = None,
    ) -> None:
        """Copy an object to `key`, replacing its headers and metadata by these alone.

        Safe to repeat: a key belongs to one source. Raises ObjectMissing when the source is not there, or is not
        the object that `source_etag` names.
        """
        ...

    def head(self, key: str) -> StoredObject | None:
        """Describe an object; None says that it surely does not exist."""
        ...

    def get(self, key: str, *, version: str | None = None, etag: str | None = None, max_bytes: int) -> bytes:
        """Read an object whole; PayloadTooLarge when it has more than `max_bytes`.

        ObjectMissing when it is absent, or is not the object that `etag` names.
        """
        ...

    def get_part(self, key: str, *, start: int, length: int, etag: str) -> bytes:
        """Read `length` bytes of an object from byte `start` on, fewer where it ends before; `start` lies in it.

        ObjectMissing when it is absent, or is not the object that `etag` names.
        """
        ...

    def delete(self, keys: Collection[str]) -> None:
        """Delete objects, in batches; keys that do not exist count as deleted."""
        ...

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        """All objects below a prefix, in the order of their keys, page by page as they are consumed.

        A prefix ends in `/`, or is empty for the whole bucket. With `after` the list begins behind that key.
        """
        ...

    def presigned_read(
        self, key: str, *, filename: str | None = None, method: Literal["GET", "HEAD"] = "GET"
    ) -> str:
        """A link that reads one object for 15–60 minutes without further credentials, with that one method.

        Links made within the same half hour are equal, so that browsers can cache what they show.
        `filename` makes the browser save the object under that name.
        """
        ...

    def presigned_put(
        self, key: str, *, content_type: str, size_bytes: int, sha256: str, expires_in: timedelta
    ) -> PresignedPut:
        """A link that writes one object once: size, type, checksum and If-None-Match are signed with it."""
        ...


class Purger(Protocol):
    """The CDN in front of the public bucket, as far as it can be told to forget."""

    def purge(self, urls: Collection[str]) -> None:
        """Make the CDN forget what it keeps of these addresses, under any query and for visitors of any origin.

        The addresses lie in folders that hold nothing else that has to stay cached. Safe to repeat; after an error
        some may have been forgotten.

        Raises
        ------
        StorageUnavailable, ConfigurationError
        """
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server somewhere answered."""

    data: bytes
    content_type: str | None
    """As it was sent; nobody vouches for it."""


class Fetcher(Protocol):
    """Reads what other people's servers hold."""

    def fetch(self, url: str, *, max_bytes: int, until: datetime) -> Fetched:
        """Read what a URL leads to, at the latest by `until`.

        Raises
        ------
        UrlNotAllowed
            the URL, an address behind it or the answer is not acceptable, or there was no answer
        """
        ...


class ImageRepository(Protocol):
    """All records, and the rows that hang on them. Every write is conditional and made as a whole.

    Writers hand over the record they saw and the one they want. A write whose answer is lost is settled by a
    strong read before anything is said. All methods raise StorageUnavailable when DynamoDB does not answer.
    """

    def reserve(self, reservation: Reservation) -> None:
        """Write a PENDING record with its quota, guard, idempotency and publication rows.

        Raises
        ------
        QuotaExceeded, Conflict
            Conflict when the guard or the idempotency key is held by another image; nothing was written
        """
        ...

    def replace(
        self,
        before: Record,
        after: Record,
        *,
        publications: Sequence[PublicationRow] = (),
    ) -> None:
        """Change a record from the version seen to the next, with every row that follows from it.

        Group, checksum, guard and index rows and that of the current publication are derived from the record.
        Usage is given back when an image becomes DELETING. `publications`, those that are not current, are
        written in the same step; the row of a publication never loses a key.

        Raises
        ------
        Conflict
            the record is no longer as `before` has it; nothing was written
        """
        ...

    def amend(self, before: Image, after: Image) -> None:
        """Change what no client sees of a record, and so not its version; `after` has an `amendment` of its own.

        Raises
        ------
        Conflict
            the record is no longer as `before` has it; nothing was written
        """
        ...

    def forget(self, record: Record) -> None:
        """Remove a TOMBSTONE; Conflict when it has changed."""
        ...

    def get(self, image_id: str) -> Record | None:
        """Read a record with its details, strongly consistent."""
        ...

    def get_image(self, image_id: str) -> Image | None:
        """Read a record without its details, strongly consistent: one GetItem."""
        ...

    def get_images(self, image_ids: Collection[str]) -> Mapping[str, Image]:
        """Read the records of many images, strongly consistent, without their details; absent ones are left out."""
        ...

    def cards(self, query: ListQuery, *, after: str | None) -> CardPage:
        """Read one page of an owner's cards; eventually consistent, at most 2,000 rows examined."""
        ...

    def members(self, group: GroupOf, *, after: str | None, limit: int) -> MemberPage:
        """Read one page of the images of a group, the oldest first, strongly consistent."""
        ...

    def copies(self, owner: str, sha256: str) -> Copies:
        """The owner's stored images with this checksum, strongly consistent."""
        ...

    def idempotency(self, name: str) -> IdempotencyRow | None:
        """Read what an idempotency key stands for, strongly consistent."""
        ...

    def settled(self, names: Collection[str], *, at: datetime) -> Collection[str]:
        """Those idempotency names that stand for an image or are noted, strongly consistent."""
        ...

    def note(self, name: str, *, what: str, expires_at: datetime) -> None:
        """Remember, beside an idempotency name and in whole seconds, what became of it instead of an image."""
        ...

    def sweep_position(self, sweep: str) -> SweepPosition | None:
        """Where a sweep stopped, strongly consistent; None before the first."""
        ...

    def keep_sweep_position(self, sweep: str, position: SweepPosition) -> None:
        """Remember where a sweep stopped; the last one to say so is right."""
        ...

    def usage(self, owner: str) -> Usage:
        """What an owner stores, strongly consistent."""
        ...

    def due(self, before: datetime) -> Iterator[str]:
        """The ids of images, or `publication:`-prefixed publications, that cleanup has to look at.

        Read in pages as they are asked for. Eventually consistent: whoever acts on one reads it again first.
        """
        ...

    def scan(self, *, after: str | None, limit: int) -> tuple[Sequence[Image], str | None]:
        """Records of all owners in no order, page by page, and where to go on; for maintenance alone.

        Reads the whole table once it is repeated to its end. A page may be short or empty.
        """
        ...

    def owners_due(self, before: datetime) -> Iterator[str]:
        """The owners whose images policies have to look at; in pages, and eventually consistent, as `due`."""
        ...

    def owner_done(self, owner: str, *, next_at: datetime) -> None:
        """Let an owner's turn come again at `next_at`. Safe to repeat."""
        ...

    def publication(self, publication: str) -> PublicationRow | None:
        """Read what is kept of a publication, strongly consistent."""
        ...

    def publications(self, names: Collection[str]) -> Mapping[str, PublicationRow]:
        """Read what is kept of many publications, strongly consistent; absent ones are left out."""
        ...

    def announce_copy(self, publication: str, key: str, *, until: datetime) -> bool:
        """Name one more copy of a publication before it is made, at the latest by `until`.

        False when the publication is not the current one of its image, and then the copy must not be made. Safe
        to repeat.
        """
        ...

    def adopt_strays(self, row: PublicationRow) -> None:
        """Keep a row for copies that none names; nothing changes when their publication has one. Safe to repeat."""
        ...

    def forget_publication(self, row: PublicationRow, *, at: datetime) -> None:
        """Forget a publication of which all copies are gone that `row` names. Safe to repeat.

        One that is current stays, and so does one that has other copies by now or for which, at this instant, a
        copy may still be made.
        """
        ...

    def take_rendering(self, name: str, *, holder: str, at: datetime, until: datetime) -> bool:
        """Take the right to make a file of an image until `until`; False while somebody else has it.

        `name` is the image's id and the file's name; `holder` names one try. The right ends by itself.
        """
        ...


class Housekeeping(Protocol):
    """What cleanup remembers between its runs. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def take_lease(self, *, holder: str, at: datetime, until: datetime) -> Lease | None:
        """Take the right to run; None while another run has it."""
        ...

    def end_lease(self, lease: Lease) -> None:
        """Give it back; nothing happens when it was lost."""
        ...

    def position(self, sweep: str) -> Position | None:
        """How far a sweep has come; None before its first pass."""
        ...

    def move(self, sweep: str, position: Position, lease: Lease) -> None:
        """Remember how far a sweep has come; Conflict when the lease was lost."""
        ...

    def keep_report(self, report: Report, lease: Lease) -> None:
        """Keep a report for 90 days; Conflict when the lease was lost."""
        ...

    def reports(self, *, limit: int) -> Sequence[Report]:
        """The last reports, the newest first."""
        ...


class Renderer(Protocol):
    """Makes what is missing, somewhere with the memory and the libraries for it."""

    def render(self, wanted: Wanted) -> None:
        """Have it made, and wait for that; what has become of it is told by the record.

        It may be there already, or be in the making by somebody else, and then this returns at once.
        Raises StorageUnavailable when it was not made.
        """
        ...


class MigrationSource(Protocol):
    """The records of a migration, in an order that does not change.

    All methods raise SourceUnreadable when trying again is of no use, StorageUnavailable otherwise.
    """

    def count(self, after: str | None) -> Iterator[Counted]:
        """Count the records behind a position, a part at a time; None is the beginning."""
        ...

    def steps(self, after: str | None) -> Iterator[Step]:
        """Go through the records behind a position of `steps`, one at a time; each is read when it is asked for."""
        ...

    def find(self, record_id: str) -> SourceRecord | None:
        """Read one record by its id; InvalidRequest where that would mean to read all of them."""
        ...

    def write_back(self, position: str, image: bytes | str, image_id: str) -> bool:
        """Tell the record at the position of its step which image it became; False if its picture is another by now.

        Safe to repeat. A source that cannot be written to does nothing.
        """
        ...


class Migrations(Protocol):
    """How far migrations have come. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def create(self, migration: Migration) -> None:
        """Remember a new migration."""
        ...

    def get(self, migration_id: str) -> Migration | None:
        """Read a migration, strongly consistent."""
        ...

    def save(self, after: Migration, *, step: int) -> None:
        """Replace a migration that is still at this step; Conflict when it is not, and nothing was written.

        An answer that is lost is settled by a strong read.
        """
        ...


class Projector(Protocol):
    """Keeps what is projected of images. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def project(self, image_id: str, *, generation: int, at: datetime, again: bool = False) -> None:
        """Make the projections of an image those of its record as it is now, strongly consistent.

        Safe to repeat, in any order and in parallel. Figures are counted under `generation`, or a newer one where
        the image is counted there already. With `again` every row is written anew.
        """
        ...

    def rebuild(self) -> Rebuild:
        """How far a rebuild has come, strongly consistent."""
        ...

    def keep_rebuild(self, rebuild: Rebuild) -> Rebuild:
        """Remember how far it has come, and answer what is kept; Conflict when another run was faster."""
        ...

    def remake(
        self, *, after: str | None, limit: int, generation: int, at: datetime
    ) -> tuple[int, str | None]:
        """Look at so many rows of the table: how many there were, and where to go on.

        Projects every record among them anew, removes rows that no record accounts for, and lets figures of older
        generations expire. Reads the whole table once it is repeated to its end.
        """
        ...


class SearchIndex(Protocol):
    """The terms of images. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def rows(
        self, query: SearchQuery, word: str, *, start: str | None, end: str | None, limit: int
    ) -> TermRows:
        """Terms that begin with a word, of images that meet the query's filters but for tag and group.

        In the order of their places, those after `start` and up to `end`; at most `limit` rows are read for it.
        Eventually consistent.
        """
        ...

    def cards(self, query: SearchQuery, image_ids: Sequence[str]) -> Mapping[str, Card]:
        """The cards of those images that are still there and have the query's tag and group; strongly consistent."""
        ...


class AlikeRows(Protocol):
    """The perceptual hashes of images. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def near(self, owner: str, perceptual_hash: str, *, limit: int) -> Sequence[Alike]:
        """READY images of an owner whose hashes share a band with this one, each once, in no order.

        Of each band the newest `limit`. Eventually consistent.
        """
        ...


class FeedRows(Protocol):
    """What the feed is read from. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def months(self) -> Sequence[str]:
        """The months, `yyyy-mm`, that have public images, the newest first."""
        ...

    def ids(self, month: str, *, after: str | None, limit: int) -> Sequence[str]:
        """Images of a month that were public a moment ago, the newest first, older than `after`."""
        ...

    def public_cards(self, image_ids: Collection[str]) -> Mapping[str, Card]:
        """The cards of those images that are public, strongly consistent."""
        ...


class Figures(Protocol):
    """Figures counted by the projector. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def of_owner(self, owner: str, *, since: date, until: date) -> Statistics:
        """What an owner stores; days from `since` on and before `until`."""
        ...

    def of_all(self, *, since: date, until: date) -> Statistics:
        """What everybody stores."""
        ...

    def total(self) -> Amount:
        """What everybody stores, as one amount; cheaper."""
        ...


class WorkQueue(Protocol):
    """Where work goes that is done behind a request: at least once, in any order."""

    def send(self, work: Work, *, delay: timedelta = timedelta(0)) -> None:
        """Hand over work that is to be done after a delay of at most 15 minutes.

        StorageUnavailable when the queue does not take it.
        """
        ...


class QueueDepth(Protocol):
    """How much waits in a queue."""

    def waiting(self) -> int:
        """About how many messages wait; StorageUnavailable when the queue does not answer."""
        ...


class VersionedBucket(Protocol):
    """A bucket that keeps every version of an object, as its sweep needs it."""

    def versions(self, prefix: str, *, after: VersionPosition | None) -> VersionPage:
        """One page of the versions below a prefix that have bytes, by key, the newest of a key first.

        Raises StorageUnavailable.
        """
        ...


class IngestEvents(Protocol):
    """Where the news of dropped objects goes: at least once, in any order."""

    def announce(self, dropped: DroppedObject) -> None:
        """Announce an object as the bucket itself does; StorageUnavailable when the queue does not take it."""
        ...


class DeadLetters(Protocol):
    """Where messages go that can never succeed."""

    def send(self, body: str, *, reason: str) -> None:
        """Keep a message with the reason why it was given up."""
        ...


class Generations(Protocol):
    """Generation jobs, with the money that is set aside and spent for them. Every write is made as a whole.

    Writers hand over what they saw of an image and what they want. A write whose answer is lost is settled by a strong
    read. All methods raise StorageUnavailable when DynamoDB does not answer.
    """

    def create(
        self,
        job: Job,
        items: Sequence[Item],
        *,
        budgets: Budgets,
        most_images: int,
        names: Sequence[JobName],
        due_at: datetime,
    ) -> None:
        """Write a job with its images, take their holds from the budgets and promise them to the owner's quota.

        `most_images` is that quota, 0 for none. `names` are what the job can be found by.

        Raises
        ------
        BudgetExceeded, BudgetUsedUp, QuotaExceeded
        Conflict
            one of the names is held by another job; nothing was written
        """
        ...

    def named(self, name: str, *, at: datetime) -> NamedJob | None:
        """The job that holds a name, strongly consistent."""
        ...

    def give(self, name: JobName, job_id: str, *, at: datetime) -> None:
        """Let a job be found by another name as well; Conflict when the name is held, by whomever."""
        ...

    def release(self, name: str, job_id: str) -> None:
        """Take a name from a job; nothing happens when another holds it."""
        ...

    def job(self, job_id: str) -> Job | None:
        """Read a job without its images, strongly consistent: one GetItem."""
        ...

    def items(self, job_id: str) -> tuple[Job, list[Item]] | None:
        """Read a job and its images in their order without their wishes, strongly consistent."""
        ...

    def item(self, job_id: str, index: int) -> tuple[Job, Item] | None:
        """Read one image of a job, strongly consistent."""
        ...

    def jobs(self, owner: str, *, after: str | None, limit: int) -> JobPage:
        """An owner's jobs, the newest first; which there are is eventually consistent."""
        ...

    def change(
        self,
        changes: Sequence[Change],
        *,
        at: datetime,
        budgets: Budgets,
        most_images: int = 0,
        due_at: datetime | None = None,
    ) -> None:
        """Change images of one job, with all that follows for the job, budgets, quota, ledger and statistics.

        Limits apply only to what is held anew. With `due_at` the job goes on: it is not cancelled any more, and will
        be looked at.

        Raises
        ------
        Conflict
            one of the images is no longer at the version of `before`; nothing was written
        BudgetExceeded, BudgetUsedUp, QuotaExceeded
        """
        ...

    def stop(self, job_id: str, *, at: datetime) -> None:
        """Mark a job as cancelled; what happens to its images is its callers' business. Safe to repeat."""
        ...

    def due(self, before: datetime, *, limit: int) -> Iterator[str]:
        """The ids of jobs that have to be looked at; eventually consistent."""
        ...

    def look_again(self, job: Job, *, at: datetime | None) -> None:
        """Let a job be looked at again, or never; Conflict when it has changed since it was read."""
        ...

    def spending(self, owner: str | None, *, on: date) -> tuple[Spending, Spending]:
        """What an owner, or (None) the deployment, has spent on a day and in its month, strongly consistent."""
        ...

    def performance(
        self, owner: str | None, *, since: date, until: date
    ) -> Mapping[date, Sequence[Performance]]:
        """How providers did by day, before `until`, for an owner or (None) for all; eventually consistent.

        At most a year, which is one query.
        """
        ...


class ProviderHealth(Protocol):
    """The circuit breakers of all providers. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def breakers(self) -> Mapping[Provider, Breaker]:
        """Read every breaker, strongly consistent; one that was never written is closed."""
        ...

    def save(self, provider: Provider, after: Breaker) -> bool:
        """Write a breaker that was one version older; False when somebody else was first."""
        ...


class ProviderKeys(Protocol):
    """Owners' own keys, sealed. All methods raise StorageUnavailable when the table or KMS does not answer."""

    def put(self, owner: str, provider: Provider, key: ProviderKey) -> None:
        """Keep a key, in place of an earlier one."""
        ...

    def remove(self, owner: str, provider: Provider) -> None:
        """Forget a key. Safe to repeat."""
        ...

    def providers(self, owner: str) -> frozenset[Provider]:
        """For which providers an owner has a key, strongly consistent; nothing is opened."""
        ...

    def get(self, owner: str, provider: Provider) -> ProviderKey | None:
        """Open an owner's key."""
        ...


class Envelope(Protocol):
    """A data key in hand, made for one context: it seals and opens any number of texts without asking KMS again."""

    def seal(self, text: str, *, part: str = "") -> str:
        """A text that tells nothing of `text`, bound to the context and to `part` of it."""
        ...

    def open(self, sealed: str, *, part: str = "") -> str:
        """What was sealed with this data key for this part; ConfigurationError for anything else."""
        ...


class Cipher(Protocol):
    """Seals small texts, bound to a context without which they cannot be opened.

    All methods ask KMS once, and raise StorageUnavailable when it does not answer.
    """

    def envelope(self, *, context: Mapping[str, str]) -> Envelope:
        """A new data key for a context."""
        ...

    def envelope_of(self, sealed: str, *, context: Mapping[str, str]) -> Envelope:
        """The data key with which a text was sealed; ConfigurationError unless it was under this very context."""
        ...

    def seal(self, text: str, *, context: Mapping[str, str]) -> str:
        """A text that tells nothing of `text`."""
        ...

    def open(self, sealed: str, *, context: Mapping[str, str]) -> str:
        """What was sealed under this very context; ConfigurationError for anything else."""
        ...


class ImageProvider(Protocol):
    """Somebody who makes images, called once for each and never again by itself."""

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> GeneratedImage:
        """Have an image made, at the latest by `until`.

        Raises
        ------
        ProviderFailure
            it was not made, or nobody can tell
        """
        ...

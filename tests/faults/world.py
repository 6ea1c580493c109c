"""A whole store on storage that fails on demand, and what must be true of it afterwards.

Every call to DynamoDB, to a bucket or to the CDN has a name (`dynamodb.transact_write_items#1`,
`public.put thumb.webp#1`). A run without faults tells the names; each fault is then a mode and a name. Puts run in
parallel, so their names carry the object and not the order.
"""

import hashlib
import itertools
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.housekeeping import DynamoHousekeeping
from image_store.adapters.dynamodb.repository import DynamoRepository
from image_store.domain.attributes import Attributes
from image_store.domain.cleanup import Report
from image_store.domain.errors import ImageNotFound, ImageStoreError, StorageUnavailable, UrlNotAllowed
from image_store.domain.ids import link, uuid7
from image_store.domain.image import Image, Record, State, Visibility
from image_store.domain.layout import KeyLayout
from image_store.domain.listing import GroupOf
from image_store.domain.media import MediaType
from image_store.domain.renditions import (
    PRESETS,
    UPLOAD_RECIPES,
    Fit,
    Placeholder,
    ProcessedImage,
    Provenance,
    Recipe,
    RenderedFile,
    Rendition,
)
from image_store.domain.reservation import Quota
from image_store.domain.sharing import transform
from image_store.ports import Fetched, Housekeeping, Ids, PresignedPut, Purger, StoredObject
from image_store.services.batch_deletion import BatchDeletion, Deleted, Deletions
from image_store.services.batches import Batches
from image_store.services.cleanup.assembly import assembled
from image_store.services.cleanup.objects import STAGING_LIFETIME
from image_store.services.cleanup.run import Cleanup
from image_store.services.cursors import Cursors
from image_store.services.deletion import TOMBSTONE_GRACE, Deletion
from image_store.services.direct_uploads import COMPLETION_LIFETIME, DirectUpload, DirectUploads, Ticket
from image_store.services.editing import Editing
from image_store.services.publishing import Publisher
from image_store.services.rendering import Rendering
from image_store.services.renditions import Found, Renditions
from image_store.services.reservations import Reservations
from image_store.services.retrieval import Retrieval
from image_store.services.sharing import Shared, ShareLinks, Sharing
from image_store.services.sources import Content, RemoteUrl, Sources
from image_store.services.transforming import Transforming
from image_store.services.uploads import Upload, Uploads
from image_store.services.write_protocol import WriteProtocol
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.fetcher import MemoryFetcher
from tests.fakes.housekeeping import MemoryHousekeeping
from tests.fakes.object_store import MemoryBucket
from tests.fakes.purger import MemoryCdn
from tests.fakes.queues import MemoryWorkQueue
from tests.fakes.renderer import DirectRenderer

OWNER = "owner-1"
SIGNING_KEYS = {"current": "k1", "k1": "a key of the tests"}
PUBLIC_URL = "https://images.example.com"
PICTURE = b"\x89PNG\r\n\x1a\n of no pixels"
PICTURE_URL = "https://pictures.example/a.png"
TRANSFORM = transform(Recipe(200, 100, Fit.COVER))
PAST_RESERVATION = COMPLETION_LIFETIME + timedelta(minutes=1)
PAST_STAGING = STAGING_LIFETIME + timedelta(minutes=1)
TRASH_RETENTION = timedelta(days=30)
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Mode(StrEnum):
    """How a call fails."""

    REFUSED = "refused"
    """The call has no effect and the caller is told of an error."""
    ANSWER_LOST = "answer lost"
    """The call has its effect and the caller is told of an error."""
    KILLED_BEFORE = "killed before"
    """The function ends at once, without any of its handlers running."""
    KILLED_AFTER = "killed after"
    """The call has its effect, then the function ends."""
    OUTAGE = "outage"
    """This call and all later ones to the same store fail without effect."""
    ANSWER_LOST_IN_OUTAGE = "answer lost in outage"
    """The call has its effect, its answer is lost, and all later calls to the same store fail without effect."""
    CONFLICT = "transaction conflict"
    """Another transaction holds a row this once; neither the emulator nor moto ever says so."""
    LASTING_CONFLICT = "lasting transaction conflict"
    """Other transactions hold a row for longer than anybody waits."""


class Killed(BaseException):
    """The end of a function: no handler of the store's catches it."""


class Faults:
    """Counts and names the calls, and fails the one that was chosen."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.happened = False
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._at: str | None = None
        self._mode = Mode.REFUSED

    def begin(self, at: str | None = None, mode: Mode = Mode.REFUSED) -> None:
        """Count anew, with one fault or with none."""
        self.calls, self.happened, self._counts = [], False, Counter()
        self._at, self._mode = at, mode

    def end(self) -> None:
        """Let everything succeed from here on."""
        self._at = None

    def call[T](self, name: str, effect: Callable[[], T], *, error: Callable[[Mode], Exception]) -> T:
        """Carry out a call, or fail it."""
        with self._lock:
            self._counts[name] += 1
            numbered = f"{name}#{self._counts[name]}"
            self.calls.append(numbered)
            chosen = numbered == self._at
            down = self.happened and self._still_down(name)
            self.happened = self.happened or chosen
        if not chosen and not down:
            return effect()
        if chosen and self._mode in {Mode.ANSWER_LOST, Mode.KILLED_AFTER, Mode.ANSWER_LOST_IN_OUTAGE}:
            effect()
        if self._mode in {Mode.KILLED_BEFORE, Mode.KILLED_AFTER}:
            raise Killed
        raise error(self._mode)

    def _still_down(self, name: str) -> bool:
        """Whether a call that comes after the chosen one fails as well."""
        if self._at is None:
            return False
        if self._mode is Mode.LASTING_CONFLICT:
            return name == self._at.partition("#")[0]
        same_store = name.partition(".")[0] == self._at.partition(".")[0]
        return same_store and self._mode in {Mode.OUTAGE, Mode.ANSWER_LOST_IN_OUTAGE}


class FaultyClient:
    """A boto3 client of DynamoDB whose calls pass through `faults`."""

    def __init__(self, client: Any, faults: Faults) -> None:
        self._client = client
        self._faults = faults

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            return self._faults.call(
                f"dynamodb.{operation}",
                lambda: getattr(self._client, operation)(**request),
                error=lambda mode: _client_error(mode, request),
            )

        return call


def _client_error(mode: Mode, request: Mapping[str, Any]) -> Exception:
    error: Exception
    if mode in {Mode.CONFLICT, Mode.LASTING_CONFLICT}:
        error = _transaction_conflict(len(request["TransactItems"]))
    elif mode in {Mode.ANSWER_LOST, Mode.ANSWER_LOST_IN_OUTAGE}:
        error = ReadTimeoutError(endpoint_url="https://dynamodb.invalid")
    else:
        error = EndpointConnectionError(endpoint_url="https://dynamodb.invalid")
    return error


def _transaction_conflict(writes: int) -> Exception:
    """What DynamoDB says while another transaction holds the first row."""
    reasons: list[dict[str, str]] = [{"Code": "TransactionConflict"}] + [{"Code": "None"}] * (writes - 1)
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "canceled"},
        "CancellationReasons": reasons,
    }
    error: Exception = ClientError(answer, "TransactWriteItems")
    return error


class FaultyBucket:
    """An ObjectStore whose calls pass through `faults`."""

    def __init__(self, bucket: MemoryBucket, faults: Faults) -> None:
        self._bucket = bucket
        self._faults = faults

    def _call[T](self, what: str, effect: Callable[[], T]) -> T:
        name = f"{self._bucket.name}.{what}"
        return self._faults.call(name, effect, error=lambda _: StorageUnavailable("The bucket is away."))

    def put(
        self, key: str, data: bytes, *, content_type: str, cache_control: str, metadata: Mapping[str, str]
    ) -> None:
        self._call(
            f"put {key.rpartition('/')[2]}",
            lambda: self._bucket.put(
                key, data, content_type=content_type, cache_control=cache_control, metadata=metadata
            ),
        )

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
        self._call(
            f"copy {key.rpartition('/')[2]}",
            lambda: self._bucket.copy_from(
                source_bucket,
                source_key,
                key,
                content_type=content_type,
                cache_control=cache_control,
                metadata=metadata,
                source_etag=source_etag,
            ),
        )

    def head(self, key: str) -> StoredObject | None:
        return self._call("head", lambda: self._bucket.head(key))

    def get(self, key: str, *, version: str | None = None, etag: str | None = None, max_bytes: int) -> bytes:
        return self._call(
            "get", lambda: self._bucket.get(key, version=version, etag=etag, max_bytes=max_bytes)
        )

    def get_part(self, key: str, *, start: int, length: int, etag: str) -> bytes:
        return self._call(
            "get part", lambda: self._bucket.get_part(key, start=start, length=length, etag=etag)
        )

    def delete(self, keys: Collection[str]) -> None:
        self._call("delete", lambda: self._bucket.delete(keys))

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        return self._call("list", lambda: self._bucket.list(prefix, after=after))

    def presigned_read(
        self, key: str, *, filename: str | None = None, method: Literal["GET", "HEAD"] = "GET"
    ) -> str:
        return self._bucket.presigned_read(key, filename=filename, method=method)

    def presigned_put(
        self, key: str, *, content_type: str, size_bytes: int, sha256: str, expires_in: timedelta
    ) -> PresignedPut:
        return self._bucket.presigned_put(
            key, content_type=content_type, size_bytes=size_bytes, sha256=sha256, expires_in=expires_in
        )


class VisitedBucket(MemoryBucket):
    """A public bucket whose every new object somebody looks at through the CDN at once."""

    cdn: MemoryCdn

    def put(
        self, key: str, data: bytes, *, content_type: str, cache_control: str, metadata: Mapping[str, str]
    ) -> None:
        super().put(key, data, content_type=content_type, cache_control=cache_control, metadata=metadata)
        self.cdn.visit()

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
        super().copy_from(
            source_bucket,
            source_key,
            key,
            content_type=content_type,
            cache_control=cache_control,
            metadata=metadata,
            source_etag=source_etag,
        )
        self.cdn.visit()


class FaultyPurger:
    """A Purger whose calls pass through `faults`."""

    def __init__(self, purger: Purger, faults: Faults) -> None:
        self._purger = purger
        self._faults = faults

    def purge(self, urls: Collection[str]) -> None:
        self._faults.call(
            "cdn.purge",
            lambda: self._purger.purge(urls),
            error=lambda _: StorageUnavailable("The CDN is away."),
        )


class FaultyFetcher:
    """Fetches the picture, through `faults`."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def fetch(self, url: str, *, max_bytes: int, until: datetime) -> Fetched:
        fetcher = MemoryFetcher({PICTURE_URL: Fetched(PICTURE, "image/png")})
        return self._faults.call(
            "remote.fetch",
            lambda: fetcher.fetch(url, max_bytes=max_bytes, until=until),
            error=lambda _: UrlNotAllowed(),
        )


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        return self.instant


class CountedIds:
    """Ids that are unique and the same in every run."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)

    def image_id(self) -> str:
        return uuid7(self._clock.now(), next(self._numbers))

    def attempt(self) -> str:
        return f"{next(self._numbers):016x}"

    def publication(self) -> str:
        return f"{next(self._numbers):021d}A"


class StubProcessor:
    """Makes renditions of anything at once."""

    def process(
        self,
        data: bytes,
        media_type: MediaType | None,
        recipes: Mapping[str, Recipe],
        *,
        provenance: Provenance | None = None,
    ) -> ProcessedImage:
        made = tuple(
            RenderedFile(
                Rendition(name, recipe.media_type or MediaType.WEBP, 3, 2, len(data)), name.encode() + data
            )
            for name, recipe in recipes.items()
        )
        return ProcessedImage(MediaType.PNG, 3, 2, 1, made, Placeholder("L0", "#102030"), "0" * 16)


class World:
    """The services on failing storage, with one public image in it that nothing may happen to."""

    def __init__(
        self,
        client: Any,
        form: dict[str, Any],
        *,
        faults: Faults | None = None,
        protocol: type[WriteProtocol] = WriteProtocol,
        deletion: type[Deletion] = Deletion,
        repository: type[DynamoRepository] = DynamoRepository,
        rendering: type[Rendering] = Rendering,
    ) -> None:
        self.faults = faults or Faults()
        self.clock = SetClock()
        self.client = client
        self.table = new_table(client, form)
        peers: dict[str, MemoryBucket] = {}
        self.private = MemoryBucket("private", clock=self.clock, peers=peers)
        self.public = VisitedBucket("public", clock=self.clock, peers=peers)
        self.cdn = self.public.cdn = MemoryCdn(url=PUBLIC_URL, bucket=self.public)
        peers |= {"private": self.private, "public": self.public}
        ids = CountedIds(self.clock)
        faulty = FaultyClient(client, self.faults)
        waited = itertools.count()
        self.repository = repository(
            self.table,
            client=lambda: faulty,
            sleep=lambda _: None,
            # A quarter of a second passes with every look at the clock, so that waiting ends without waiting.
            monotonic=lambda: next(waited) / 4,
        )
        self.bucket = FaultyBucket(self.private, self.faults)
        self.publisher = Publisher(
            repository=self.repository,
            bucket=FaultyBucket(self.public, self.faults),
            public_url=PUBLIC_URL,
            purger=FaultyPurger(self.cdn, self.faults),
            private_bucket="private",
            default_cache_control="public, max-age=60",
            clock=self.clock,
            ids=ids,
        )
        self.protocol = protocol(
            repository=self.repository,
            private=self.bucket,
            publisher=self.publisher,
            clock=self.clock,
            ids=ids,
            quota=Quota(),
        )
        self.reservations = Reservations(
            repository=self.repository,
            protocol=self.protocol,
            clock=self.clock,
            ids=ids,
            layout=KeyLayout.OWNER,
        )
        self.uploads = Uploads(
            reservations=self.reservations,
            sources=Sources(fetcher=lambda: FaultyFetcher(self.faults)),
            protocol=self.protocol,
            processor=StubProcessor(),
            clock=self.clock,
        )
        self.work = MemoryWorkQueue()
        self.direct_uploads = DirectUploads(
            repository=self.repository,
            reservations=self.reservations,
            protocol=self.protocol,
            private=self.bucket,
            processor=StubProcessor(),
            work=self.work,
            clock=self.clock,
            ids=ids,
        )
        self.retrieval = Retrieval(repository=self.repository)
        self.rendering = rendering(
            repository=self.repository,
            private=self.bucket,
            publisher=self.publisher,
            processor=StubProcessor(),
            presets=PRESETS,
            clock=self.clock,
            ids=ids,
        )
        self.transforming = Transforming(
            repository=self.repository,
            private=self.bucket,
            processor=StubProcessor(),
            clock=self.clock,
            ids=ids,
        )
        self.renderer = DirectRenderer(self.rendering, self.transforming, self.clock)
        self.renditions = Renditions(
            retrieval=self.retrieval, renderer=lambda: self.renderer, presets=PRESETS
        )
        self.share_links = ShareLinks(keys=lambda: SIGNING_KEYS)
        self.sharing = Sharing(
            retrieval=self.retrieval, links=self.share_links, presets=PRESETS, clock=self.clock
        )
        self.shared = Shared(
            retrieval=self.retrieval,
            renditions=self.renditions,
            links=self.share_links,
            private=self.bucket,
            renderer=lambda: self.renderer,
            clock=self.clock,
        )
        self.editing = Editing(
            repository=self.repository,
            retrieval=self.retrieval,
            publisher=self.publisher,
            clock=self.clock,
            ids=ids,
        )
        self.deletion = deletion(
            repository=self.repository,
            retrieval=self.retrieval,
            private=self.bucket,
            publisher=self.publisher,
            clock=self.clock,
            ids=ids,
            trash_retention=TRASH_RETENTION,
        )
        self.housekeeping = DynamoHousekeeping(self.table, client=lambda: faulty)
        self.cleanup = self._cleanup(self.housekeeping, ids)
        # What settles a store forgets nothing and fails never: it needs no table for it.
        self._settling = self._cleanup(MemoryHousekeeping(), ids)
        # One after the other, so that every run makes the same calls.
        self.batches = Batches(clock=self.clock, concurrency=1, last_step=timedelta(minutes=1))
        self.batch_deletion = BatchDeletion(
            repository=self.repository,
            deletion=self.deletion,
            batches=self.batches,
            cursors=Cursors(keys=lambda: SIGNING_KEYS),
            clock=self.clock,
        )
        self.bystander = self.upload(Visibility.PUBLIC)

    def _cleanup(self, housekeeping: Housekeeping, ids: Ids) -> Cleanup:
        return assembled(
            repository=self.repository,
            housekeeping=housekeeping,
            private=self.bucket,
            publisher=self.publisher,
            deletion=self.deletion,
            clock=self.clock,
            ids=ids,
        )

    def follow(self, protocol: type[WriteProtocol]) -> None:
        """Let all that is stored from here on follow another protocol."""
        parts = {part.name: getattr(self.protocol, part.name) for part in fields(WriteProtocol)}
        self.protocol = protocol(**parts)
        self.uploads = replace(self.uploads, protocol=self.protocol)
        self.direct_uploads = replace(self.direct_uploads, protocol=self.protocol)

    def withdraw_with(self, publisher: type[Publisher]) -> None:
        """Let another publisher withdraw what is unpublished from here on; cleanup keeps its own."""
        parts = {part.name: getattr(self.publisher, part.name) for part in fields(Publisher)}
        self.editing = replace(self.editing, publisher=publisher(**parts))

    # What is done -------------------------------------------------------------------------------------

    def upload(
        self,
        visibility: Visibility,
        *,
        expires_at: datetime | None = None,
        groups: tuple[str, ...] = ("session:s1",),
    ) -> Record:
        """Store the picture."""
        attributes = Attributes(visibility=visibility, groups=groups, expires_at=expires_at)
        until = self.clock.now() + timedelta(seconds=25)
        return self.uploads.accept(Upload(OWNER, Content(PICTURE, "image/png"), attributes, until))

    def upload_remote(self) -> Record:
        """Store the picture that lies at a URL."""
        until = self.clock.now() + timedelta(seconds=25)
        return self.uploads.accept(Upload(OWNER, RemoteUrl(PICTURE_URL), Attributes(), until))

    def upload_batch(self) -> list[Record | ImageStoreError]:
        """Store the picture three times in one batch, once of them in public."""
        until = self.clock.now() + timedelta(seconds=25)
        shown = [Visibility.PRIVATE, Visibility.PUBLIC, Visibility.PRIVATE]
        return self.batches.run(shown, self.upload, until=until)

    def delete_batch(self, what: tuple[str, ...] | GroupOf, *, permanent: bool) -> Deleted:
        """Delete images in one batch."""
        until = self.clock.now() + timedelta(seconds=25)
        return self.batch_deletion.run(Deletions(OWNER, what, permanent), until=until)

    def announce(self, visibility: Visibility) -> Ticket:
        """Begin a direct upload of the picture."""
        ticket = self.direct_uploads.begin(
            DirectUpload(
                owner=OWNER,
                media_type=MediaType.PNG,
                size_bytes=len(PICTURE),
                sha256=hashlib.sha256(PICTURE).hexdigest(),
                attributes=Attributes(visibility=visibility, groups=("session:s1",)),
            )
        )
        assert isinstance(ticket, Ticket)
        return ticket

    def send(self, ticket: Ticket, data: bytes = PICTURE) -> None:
        """PUT bytes to where a ticket says, as its client does."""
        key = urlsplit(ticket.put.url).path.removeprefix("/")
        self.private.put(key, data, content_type="image/png", cache_control="", metadata={})

    def complete(self, ticket: Ticket) -> Record:
        """Complete a direct upload."""
        until = self.clock.now() + timedelta(seconds=25)
        record = self.direct_uploads.complete(OWNER, ticket.image_id, until=until)
        assert record is not None
        return record

    def show(self, record: Record, visibility: Visibility) -> Record:
        """Change who may see an image."""

        def edit(seen: Record) -> Record:
            return replace(seen, image=replace(seen.image, visibility=visibility))

        return self.editing.edit(OWNER, record.image.id, edit, if_version=None)

    def show_id(self, image_id: str, visibility: Visibility) -> Record:
        """Change who may see an image, whatever it is by now."""
        return self.show(self.retrieval.get(OWNER, image_id), visibility)

    def ask(self, image_id: str, preset: str = "w640", accept: str = "image/avif") -> Found:
        """Ask for a rendition as its owner does."""
        return self.renditions.of_owner(OWNER, image_id, preset, accept=accept)

    def ask_published(self, record: Record, preset: str = "w640", accept: str = "image/avif") -> Found:
        """Ask for a rendition as whoever has the link does."""
        assert record.image.publication is not None
        name = link(record.image.id, record.image.publication)
        return self.renditions.published(name, preset, accept=accept)

    def share(self, image_id: str, recipe: Recipe = TRANSFORM) -> str:
        """A link to a transform."""
        link, _ = self.sharing.share(OWNER, image_id, recipe, lifetime=timedelta(days=7))
        return link

    def follow_link(self, link: str) -> Found | str:
        """Look at what is shared."""
        return self.shared.find(link, accept=None)

    def delete_id(self, image_id: str, *, permanent: bool) -> bool:
        """Delete an image; True says that it was acknowledged."""
        self.deletion.delete(OWNER, image_id, permanent=permanent)
        return True

    def collect(self) -> Report:
        """Run cleanup as its schedule does."""
        return self.cleanup.run(until=self.clock.now() + timedelta(minutes=15))

    def settle(self) -> None:
        """Let every grace pass, and cleanup do all it has to."""
        self.faults.end()
        for grace in (PAST_RESERVATION, TOMBSTONE_GRACE + timedelta(minutes=1), PAST_STAGING):
            self.clock.instant += grace
            report = self._settling.run(until=self.clock.now() + timedelta(minutes=15))
            assert report.failed == 0
            assert report.stopped_because is None

    # What must be true --------------------------------------------------------------------------------

    def records(self) -> list[Record]:
        """Every record of the table, whatever its state."""
        return _records_in(all_items(self.client, self.table))

    def assert_sound(self) -> None:
        """Nothing is orphaned, nothing dangles, nothing is public that should not be, and the count is exact."""
        rows = all_items(self.client, self.table)  # once: what moto reads it writes out slowly
        records = _records_in(rows)
        kept = [found for found in records if found.image.state in {State.READY, State.TRASHED}]
        assert len(kept) == len(records), "a record was left that nobody can see"
        owned = {key for found in kept for key in found.image.private_keys}
        owned |= {
            key
            for found in kept
            for key in self.private.objects
            if found.image.transformed and key.startswith(found.image.transform_key(""))
        }
        assert set(self.private.objects) - owned == set(), "orphaned private objects"
        assert owned - set(self.private.objects) == set(), "records without their objects"
        published = {
            found.image.publication: found.image
            for found in kept
            if found.image.state is State.READY and found.image.publication is not None
        }
        shown = {key for name, image in published.items() for key in image.public_keys(name)}
        # A copy that was announced and never committed goes with its publication.
        named = {key for row in map(items.publication_of, _publications_in(rows)) for key in row.keys}
        assert set(self.public.objects) - named == set(), "public objects of no current publication"
        assert shown - set(self.public.objects) == set(), "publications without their copies"
        kept_by_cdn = {f"{PUBLIC_URL}/{key}" for key in named}
        assert self.cdn.cached - kept_by_cdn == set(), "copies of no current publication at the CDN"
        for found in kept:
            private = found.image.visibility is Visibility.PRIVATE or found.image.state is State.TRASHED
            assert private == (found.image.publication is None), "the visibility is not what is served"
        usage = self.repository.usage(OWNER)
        assert (usage.images, usage.size_bytes) == (len(kept), sum(found.image.size_bytes for found in kept))
        self._assert_rows_follow(kept, rows)
        self.assert_shown(self.bystander)

    def _assert_rows_follow(self, kept: list[Record], rows: list[items.Item]) -> None:
        """The table holds the rows of its records and the count, and no others."""
        expected = {row for record in kept for row in items.rows_of(record)}
        stored = {(item["pk"]["S"], item["sk"]["S"]) for item in rows}
        beside = {row for row in stored if row[1] == "USAGE" or row[0].startswith(("CLEANUP", "RENDER#"))}
        assert stored - beside == expected, "rows that follow from no record"

    def assert_bytes(self, image: Image) -> None:
        """Every private object of the image is there, and the original has the bytes that were accepted."""
        assert set(image.private_keys) <= self.private.objects.keys()
        held = self.private.objects[image.original_key].data
        assert hashlib.sha256(held).hexdigest() == image.sha256

    def assert_readable(self, record: Record) -> None:
        """The owner can read the image as it was stored."""
        found = self.retrieval.get(OWNER, record.image.id)
        assert self.bucket.get(found.image.original_key, max_bytes=1_000) == PICTURE
        keys = set(found.image.private_keys)
        assert len(keys) > len(UPLOAD_RECIPES)
        assert keys <= self.private.objects.keys()

    def assert_shown(self, record: Record) -> None:
        """Its link shows the image to everybody."""
        self.assert_readable(record)
        name = record.image.publication
        assert name is not None
        image = self.retrieval.published(link(record.image.id, name))
        assert image.id == record.image.id
        assert image.public_keys(name) <= self.public.objects.keys()
        assert len(image.public_keys(name)) >= len(UPLOAD_RECIPES)

    def assert_not_shown(self, record: Record, publication: str) -> None:
        """A link that was once good shows nothing, and no copy is left."""
        try:
            self.retrieval.published(link(record.image.id, publication))
        except ImageNotFound:
            pass
        else:
            raise AssertionError("the link still works")
        assert not [key for key in self.public.objects if key.startswith(f"p/{publication}/")]
        assert not [url for url in self.cdn.cached if url.startswith(f"{PUBLIC_URL}/p/{publication}/")]

    def assert_gone(self, record: Record) -> None:
        """Neither the record nor any object below its folder is left."""
        assert self.repository.get(record.image.id) is None
        image = record.image
        folders = (image.prefix, image.transforms_prefix)
        assert not [key for key in self.private.objects if key.startswith(folders)]


def _publications_in(rows: list[items.Item]) -> list[items.Item]:
    return [row for row in rows if row["sk"]["S"] == keys.PUBLICATION]


def _records_in(rows: list[items.Item]) -> list[Record]:
    of_images: dict[str, list[items.Item]] = defaultdict(list)
    for row in rows:
        if row["sk"]["S"] in {keys.META, keys.DETAIL}:
            of_images[row["pk"]["S"]].append(row)
    found = [items.record_of(parts) for parts in of_images.values()]
    return [record for record in found if record is not None]

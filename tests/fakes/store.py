"""All services on storage in memory, with a clock that stands still."""

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from image_store.bootstrap import assemble
from image_store.bootstrap.clients import Clients
from image_store.bootstrap.ports import Ports
from image_store.domain.errors import ImageStoreError, StorageUnavailable
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Visibility
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import IdempotencyKey
from image_store.domain.upkeep.cleanup import CleanupReport, Policy
from image_store.domain.upkeep.migration import FieldNames, Table
from image_store.ports.upkeep import MigrationSource
from image_store.services.images.editing import Edit
from image_store.services.images.sources import Content
from image_store.services.images.uploads import Upload
from image_store.settings import Settings
from image_store.settings.generation import GenerationSettings
from tests.fakes.cipher import MemoryCipher
from tests.fakes.clock import CountedIds, SetClock
from tests.fakes.fetcher import MemoryFetcher
from tests.fakes.housekeeping import MemoryHousekeeping
from tests.fakes.imports import MemoryImports, MemoryOldPaths, MemorySources
from tests.fakes.migrations import MemoryMigrations, no_table
from tests.fakes.object_store import MemoryBucket, MemoryIngestBucket
from tests.fakes.processor import StubProcessor
from tests.fakes.purger import MemoryCdn
from tests.fakes.queues import MemoryIngestEvents, MemoryWorkQueue
from tests.fakes.recoveries import MemoryRecoveries
from tests.fakes.renderer import DirectRenderer
from tests.fakes.repairs import MemoryRepairs
from tests.fakes.repository import MemoryRepository
from tests.fakes.shares import MemoryShares
from tests.fakes.upload_tokens import MemoryUploadTokens
from tests.samples import OWNER, PICTURE, PUBLIC_URL, SIGNING_KEYS, TRASH_RETENTION

if TYPE_CHECKING:
    from image_store.ports.delivery import Renderer


TableOf = Callable[[Table, FieldNames], MigrationSource]


class JournalledRepository(MemoryRepository):
    """Writes down what is written; `meanwhile` happens once, just before the next write."""

    def __init__(self, journal: list[str], *, policies_after_save: bool) -> None:
        super().__init__(policies_after_save=policies_after_save)
        self.meanwhile: Callable[[], object] | None = None
        self._journal = journal

    def before_write(self, write: str) -> None:
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()
        self._journal.append(write)


class JournalledBucket(MemoryBucket):
    """Writes down what is written; while `away` it answers no call that changes it."""

    def __init__(
        self, name: str, *, clock: SetClock, peers: dict[str, MemoryBucket], journal: list[str]
    ) -> None:
        super().__init__(name, clock=clock, peers=peers)
        self.away = False
        self._journal = journal

    def before_change(self, change: str) -> None:
        if self.away:
            raise StorageUnavailable("The bucket is away.")
        self._journal.append(f"{change} {self.name}")


class JournalledCdn(MemoryCdn):
    """Writes down its purges; with `takes` it refuses those after so many, with `refusal`."""

    def __init__(self, *, url: str, bucket: MemoryBucket, journal: list[str]) -> None:
        super().__init__(url=url, bucket=bucket)
        self.takes: int | None = None
        self.refusal: ImageStoreError = StorageUnavailable("The CDN accepts no more purges for now.")
        self.asked = 0
        self._journal = journal

    def purge(self, urls: Collection[str]) -> None:
        self.asked += 1
        if self.takes is not None and self.asked > self.takes:
            raise self.refusal
        self._journal.append("purge")
        super().purge(urls)


SETTINGS = Settings.from_env(
    {
        "PRIVATE_BUCKET": "private",
        "PUBLIC_BUCKET": "public",
        "PUBLIC_URL": PUBLIC_URL,
        "INGEST_BUCKET": "ingest",
        "MIGRATION_TABLE": "messages",
        "IMPORT_SECRET": "imports",
    }
)


class StorePorts(Ports):
    """Ports in memory; the renderer is the store's own, which tests may replace."""

    def __init__(self, store: "Store", settings: Settings) -> None:
        super().__init__(settings, Clients(settings.storage))
        self._store = store

    @property
    def renderer(self) -> "Renderer":
        return self._store.renderer


class Store:
    """The services as a deployment has them, on ports in memory."""

    def __init__(
        self,
        *,
        quota: Quota = Quota(),  # noqa: B008 - it is frozen
        trash_retention: timedelta = TRASH_RETENTION,
        publishes: bool = True,
        most_removals: int = 1_000,
        policies: Sequence[Policy] = (),
        policies_after_save: bool = False,
        purges: bool = False,
        table: TableOf = no_table,
        seals: bool = False,
        generation: GenerationSettings = SETTINGS.generation,
    ) -> None:
        self.journal: list[str] = []
        self.clock = SetClock()
        self.ids = CountedIds(self.clock)
        self.cipher = MemoryCipher()
        self.repository = JournalledRepository(self.journal, policies_after_save=policies_after_save)
        peers: dict[str, MemoryBucket] = {}
        self.private, self.public = (
            JournalledBucket(name, clock=self.clock, peers=peers, journal=self.journal)
            for name in ("private", "public")
        )
        self.ingested = MemoryIngestBucket("ingest", clock=self.clock)
        peers |= {"private": self.private}
        self.cdn = JournalledCdn(url=PUBLIC_URL, bucket=self.public, journal=self.journal)
        self.work = MemoryWorkQueue()
        self.housekeeping = MemoryHousekeeping()
        self.migrations = MemoryMigrations()
        self.imports = MemoryImports()
        self.import_sources = MemorySources()
        self.repairs = MemoryRepairs()
        self.recoveries = MemoryRecoveries()
        self.shares = MemoryShares()
        self.upload_tokens = MemoryUploadTokens(self.repository)
        self.events = MemoryIngestEvents()
        settings = replace(
            SETTINGS,
            quota=quota,
            cleanup=replace(
                SETTINGS.cleanup,
                trash_retention=trash_retention,
                max_deletions=most_removals,
                policies=tuple(policies),
            ),
            encryption=replace(SETTINGS.encryption, seals_sensitive=seals),
            generation=generation,
        )
        self.app = assemble(self._ports(settings, publishes=publishes, purges=purges, table=table), settings)
        images, delivery, finding, upkeep = (
            self.app.images,
            self.app.delivery,
            self.app.finding,
            self.app.upkeep,
        )
        self.renderer: Renderer = DirectRenderer(delivery.rendering, delivery.transforming, self.clock)
        self.sealing = images.sealing
        self.uploads = images.uploads
        self.direct_uploads = images.direct_uploads
        self.ingestion = images.ingestion
        self.retrieval = images.retrieval
        self.deletion = images.deletion
        self.rendering = delivery.rendering
        self.transforming = delivery.transforming
        self.renditions = delivery.renditions
        self.signed_link_view = delivery.signed_link_view
        self.share_administration = delivery.share_administration
        self.shared_view = delivery.shared_view
        self.lists = finding.lists
        self.cleanup = upkeep.cleanup
        self.migration_requests = upkeep.migration_requests
        self.migration_run = upkeep.migration_run
        self.import_requests = upkeep.import_requests
        self.import_run = upkeep.import_run
        self.repair_requests = upkeep.repair_requests
        self.repair_run = upkeep.repair_run

    def _ports(self, settings: Settings, *, publishes: bool, purges: bool, table: TableOf) -> Ports:
        ports = StorePorts(self, settings)
        ports.clock = self.clock
        ports.ids = self.ids
        ports.cipher = self.cipher
        ports.signing_keys = lambda: SIGNING_KEYS
        ports.repository = ports.claims = ports.list_rows = self.repository
        ports.publication_rows = ports.render_leases = self.repository
        ports.cleanup_rows = ports.ingest_notes = self.repository
        ports.private = self.private
        ports.public = self.public if publishes else None
        ports.purger = self.cdn if purges else None
        ports.processor = StubProcessor()
        ports.fetcher = MemoryFetcher({})
        ports.ingest_bucket = ports.ingest_versions = self.ingested
        ports.ingest_events = self.events
        ports.work_queue = self.work
        ports.housekeeping = self.housekeeping
        ports.migrations = self.migrations
        ports.migration_table = table
        ports.imports = self.imports
        ports.import_sources = self.import_sources
        ports.old_paths = MemoryOldPaths(self.repository)
        ports.repairs = self.repairs
        ports.recoveries = self.recoveries
        ports.shares = self.shares
        ports.upload_tokens = self.upload_tokens
        return ports

    def upload(
        self,
        attributes: Attributes | None = None,
        *,
        data: bytes = PICTURE,
        owner: str = OWNER,
        declared_type: str | None = "image/png",
        idempotency: IdempotencyKey | None = None,
    ) -> Image:
        """Store a picture."""
        until = self.clock.now() + timedelta(seconds=25)
        content = Content(data, declared_type)
        request = Upload(owner, content, attributes or Attributes(), until, idempotency)
        return self.uploads.accept(request)

    def edit(self, image: Image, edit: Edit, *, if_version: int | None = None) -> Image:
        """Change an image of its owner's."""
        return self.app.images.editing.edit(image.record.owner, image.record.id, edit, if_version=if_version)

    def show(self, image: Image, visibility: Visibility) -> Image:
        """Change who may see an image."""
        return self.edit(
            image, lambda seen: replace(seen, record=replace(seen.record, visibility=visibility))
        )

    def delete(self, image: Image, *, permanent: bool = False) -> None:
        """Take an image away from its owner."""
        self.deletion.delete(image.record.owner, image.record.id, permanent=permanent)

    def collect(
        self,
        *,
        dry_run: bool = False,
        most_removals: int | None = None,
        on_demand: bool = False,
        reconcile: bool = False,
        take_over: bool = False,
    ) -> CleanupReport:
        """Run cleanup with a quarter of an hour to do it."""
        return self.cleanup.run(
            until=self.clock.now() + timedelta(minutes=15),
            dry_run=dry_run,
            most_removals=most_removals,
            on_demand=on_demand,
            reconcile=reconcile,
            take_over=take_over,
        )

    def strew(self, bucket: MemoryBucket, key: str) -> str:
        """Put an object by hand, as nobody's protocol does."""
        bucket.put(key, key.encode(), content_type="image/png", cache_control="", metadata={})
        return key

    def private_orphan(self) -> str:
        """An object of an image that never was."""
        name = f"images/{self.ids.image_id()}/{self.ids.attempt()}/original.png"
        return self.strew(self.private, name)

    def contents(self) -> tuple[object, ...]:
        """All that is stored, to be compared."""
        return deepcopy(
            (
                self.repository.records,
                self.repository.publication_rows,
                self.repository.owners,
                self.housekeeping.positions,
                self.housekeeping.reports(limit=100),
                self.private.objects,
                self.public.objects,
            )
        )

    def current(self, image: Image) -> Image:
        """The record as it is now."""
        return self.repository.records[image.record.id]

"""All services on storage in memory, with a clock that stands still."""

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.delivery.renditions import PRESETS
from image_store.domain.errors import ImageStoreError, SourceUnreadable, StorageUnavailable
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, ImageRecord, Visibility
from image_store.domain.images.key_layout import KeyLayout
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import IdempotencyKey, Reservation
from image_store.domain.upkeep.cleanup import CleanupReport, Policy
from image_store.domain.upkeep.migration import FieldNames, Table
from image_store.entrypoints.upkeep.migrations import record_attributes
from image_store.ports.upkeep import MigrationSource
from image_store.services.delivery.publishing import Publisher
from image_store.services.delivery.rendering import Rendering
from image_store.services.delivery.renditions import Renditions
from image_store.services.delivery.signed_links import SharedImages, ShareLinks, Sharing
from image_store.services.delivery.transforming import Transforming
from image_store.services.finding.cursors import Cursors
from image_store.services.finding.lists import Listing
from image_store.services.images.batch_deletion import BatchDeletion
from image_store.services.images.batches import Batches
from image_store.services.images.deletion import Deletion
from image_store.services.images.direct_uploads import DirectUploads
from image_store.services.images.earlier_images import EarlierImages
from image_store.services.images.editing import Edit, Editing
from image_store.services.images.ingestion import Ingestion
from image_store.services.images.reservations import Reservations
from image_store.services.images.retrieval import Retrieval
from image_store.services.images.sealing import Sealing
from image_store.services.images.sources import Content, Sources
from image_store.services.images.uploads import Upload, Uploads
from image_store.services.images.write_protocol import WriteProtocol
from image_store.services.upkeep.cleanup.assembly import assemble_cleanup
from image_store.services.upkeep.ingest_sweep import IngestSweep
from image_store.services.upkeep.migration.moving import Mover
from image_store.services.upkeep.migration.requests import MigrationRequests
from image_store.services.upkeep.migration.run import MigrationRun
from image_store.services.upkeep.migration.sources import MigrationSources
from image_store.services.upkeep.repair.image_repair import ImageRepair
from image_store.services.upkeep.repair.requests import RepairRequests
from image_store.services.upkeep.repair.run import RepairRun
from image_store.services.upkeep.repair.storage_check import StorageCheck
from tests.fakes.cipher import MemoryCipher
from tests.fakes.fetcher import MemoryFetcher
from tests.fakes.housekeeping import MemoryHousekeeping
from tests.fakes.migrations import MemoryMigrations
from tests.fakes.object_store import MemoryBucket, MemoryIngestBucket
from tests.fakes.purger import MemoryCdn
from tests.fakes.queues import MemoryIngestEvents, MemoryWorkQueue
from tests.fakes.renderer import DirectRenderer
from tests.fakes.repairs import MemoryRepairs
from tests.fakes.repository import MemoryRepository
from tests.faults.world import (
    OWNER,
    PICTURE,
    PUBLIC_URL,
    SIGNING_KEYS,
    TRASH_RETENTION,
    CountedIds,
    SetClock,
    StubProcessor,
)

if TYPE_CHECKING:
    from image_store.ports.delivery import Renderer


TableOf = Callable[[Table, FieldNames], MigrationSource]


def _no_table(table: Table, _: FieldNames) -> MigrationSource:
    raise SourceUnreadable(f"There is no table {table.name}.")


class JournalledRepository(MemoryRepository):
    """Writes down what is written; `meanwhile` happens once, just before the next write."""

    def __init__(self, journal: list[str], *, policies_after_save: bool) -> None:
        super().__init__(policies_after_save=policies_after_save)
        self.meanwhile: Callable[[], object] | None = None
        self._journal = journal

    def reserve(self, reservation: Reservation) -> None:
        self._let_others_act()
        self._journal.append("reserve")
        super().reserve(reservation)

    def replace(
        self,
        before: Image,
        after: Image,
        *,
        publications: Sequence[PublicationRow] = (),
    ) -> None:
        self._let_others_act()
        self._journal.append(f"{before.record.state} → {after.record.state}")
        super().replace(before, after, publications=publications)

    def amend(self, before: ImageRecord, after: ImageRecord) -> None:
        self._let_others_act()
        self._journal.append("amend")
        super().amend(before, after)

    def _let_others_act(self) -> None:
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()


class JournalledBucket(MemoryBucket):
    """Writes down what is written; while `away` it answers no call that changes it."""

    def __init__(
        self, name: str, *, clock: SetClock, peers: dict[str, MemoryBucket], journal: list[str]
    ) -> None:
        super().__init__(name, clock=clock, peers=peers)
        self.away = False
        self._journal = journal

    def put(
        self, key: str, data: bytes, *, content_type: str, cache_control: str, metadata: Mapping[str, str]
    ) -> None:
        self._note("put")
        super().put(key, data, content_type=content_type, cache_control=cache_control, metadata=metadata)

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
        self._note("copy")
        super().copy_from(
            source_bucket,
            source_key,
            key,
            content_type=content_type,
            cache_control=cache_control,
            metadata=metadata,
            source_etag=source_etag,
        )

    def delete(self, keys: Collection[str]) -> None:
        self._note("delete")
        super().delete(keys)

    def _note(self, what: str) -> None:
        if self.away:
            raise StorageUnavailable("The bucket is away.")
        self._journal.append(f"{what} {self.name}")


class JournalledCdn(MemoryCdn):
    """Writes down its purges; with `takes` it refuses those after so many, with `refusal`."""

    def __init__(self, *, url: str, bucket: MemoryBucket, journal: list[str]) -> None:
        super().__init__(url=url, bucket=bucket)
        self.takes: int | None = None
        self.refusal: ImageStoreError = StorageUnavailable("The CDN takes no more purges for now.")
        self.asked = 0
        self._journal = journal

    def purge(self, urls: Collection[str]) -> None:
        self.asked += 1
        if self.takes is not None and self.asked > self.takes:
            raise self.refusal
        self._journal.append("purge")
        super().purge(urls)


class Store:
    """The services, put together as the store puts them together."""

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
        table: TableOf = _no_table,
        seals: bool = False,
    ) -> None:
        self.journal: list[str] = []
        self.clock = SetClock()
        self.ids = CountedIds(self.clock)
        self.cipher = MemoryCipher()
        self.sealing = Sealing(cipher=lambda: self.cipher, seals=seals)
        self.repository = JournalledRepository(self.journal, policies_after_save=policies_after_save)
        peers: dict[str, MemoryBucket] = {}
        self.private, self.public = (
            JournalledBucket(name, clock=self.clock, peers=peers, journal=self.journal)
            for name in ("private", "public")
        )
        self.ingested = MemoryIngestBucket("ingest", clock=self.clock)
        peers |= {"private": self.private}
        self.cdn = JournalledCdn(url=PUBLIC_URL, bucket=self.public, journal=self.journal)
        self.publisher = Publisher(
            repository=self.repository,
            publications=self.repository,
            bucket=self.public if publishes else None,
            public_url=PUBLIC_URL,
            purger=self.cdn if purges else None,
            private_bucket="private",
            default_cache_control="public, max-age=300",
            clock=self.clock,
            ids=self.ids,
        )
        self.protocol = WriteProtocol(
            repository=self.repository,
            private=self.private,
            private_bucket="private",
            public=self.public if publishes else None,
            public_cache_control="public, max-age=300",
            clock=self.clock,
            ids=self.ids,
        )
        self.earlier_images = EarlierImages(
            repository=self.repository,
            claims=self.repository,
            clock=self.clock,
            ids=self.ids,
        )
        self.reservations = Reservations(
            earlier=self.earlier_images,
            protocol=self.protocol,
            clock=self.clock,
            ids=self.ids,
            layout=KeyLayout.MONTH,
            sealing=self.sealing,
        )
        self.uploads = Uploads(
            earlier=self.earlier_images,
            reservations=self.reservations,
            quota=quota,
            sources=Sources(fetcher=lambda: MemoryFetcher({})),
            processor=StubProcessor(),
            clock=self.clock,
            sealing=self.sealing,
        )
        self.work = MemoryWorkQueue()
        self.direct_uploads = DirectUploads(
            repository=self.repository,
            earlier=self.earlier_images,
            reservations=self.reservations,
            quota=quota,
            private=self.private,
            processor=StubProcessor(),
            work=self.work,
            clock=self.clock,
            ids=self.ids,
            sealing=self.sealing,
        )
        self.retrieval = Retrieval(repository=self.repository)
        self.rendering = Rendering(
            repository=self.repository,
            leases=self.repository,
            private=self.private,
            publisher=self.publisher,
            processor=StubProcessor(),
            presets=PRESETS,
            clock=self.clock,
            ids=self.ids,
        )
        self.transforming = Transforming(
            repository=self.repository,
            leases=self.repository,
            private=self.private,
            processor=StubProcessor(),
            clock=self.clock,
            ids=self.ids,
        )
        self.renderer: Renderer = DirectRenderer(self.rendering, self.transforming, self.clock)
        self.renditions = Renditions(
            retrieval=self.retrieval, renderer=lambda: self.renderer, presets=PRESETS
        )
        self.share_links = ShareLinks(keys=lambda: SIGNING_KEYS)
        self.sharing = Sharing(
            retrieval=self.retrieval, links=self.share_links, presets=PRESETS, clock=self.clock
        )
        self.shared = SharedImages(
            retrieval=self.retrieval,
            renditions=self.renditions,
            links=self.share_links,
            private=self.private,
            renderer=lambda: self.renderer,
            clock=self.clock,
        )
        self.editing = Editing(
            repository=self.repository,
            retrieval=self.retrieval,
            publisher=self.publisher,
            clock=self.clock,
            ids=self.ids,
            sealing=self.sealing,
        )
        self.deletion = Deletion(
            repository=self.repository,
            retrieval=self.retrieval,
            private=self.private,
            publisher=self.publisher,
            clock=self.clock,
            ids=self.ids,
            sealing=self.sealing,
            trash_retention=trash_retention,
        )
        self.housekeeping = MemoryHousekeeping()
        self.cleanup = assemble_cleanup(
            repository=self.repository,
            lists=self.repository,
            publications=self.repository,
            rows=self.repository,
            housekeeping=self.housekeeping,
            private=self.private,
            publisher=self.publisher,
            deletion=self.deletion,
            work=self.work,
            clock=self.clock,
            ids=self.ids,
            policies=policies,
            most_removals=most_removals,
        )
        self.listing = Listing(
            lists=self.repository, cursors=Cursors(keys=lambda: SIGNING_KEYS), clock=self.clock
        )
        self.cursors = Cursors(keys=lambda: SIGNING_KEYS)
        self.batches = Batches(clock=self.clock)
        self.batch_deletion = BatchDeletion(
            lists=self.repository,
            deletion=self.deletion,
            batches=self.batches,
            cursors=self.cursors,
            clock=self.clock,
        )
        self.ingestion = Ingestion(
            bucket=self.ingested, notes=self.repository, uploads=self.uploads, clock=self.clock
        )
        self.migrations = MemoryMigrations()
        sources = MigrationSources(bucket=self.ingested, table=table)
        mover = Mover(
            bucket_name="ingest",
            migrations=self.migrations,
            repository=self.repository,
            uploads=self.uploads,
            attributes_of=record_attributes,
        )
        self.migration_requests = MigrationRequests(
            migrations=self.migrations,
            repository=self.repository,
            claims=self.repository,
            sources=sources,
            mover=mover,
            work=self.work,
            table="messages",
            clock=self.clock,
            ids=self.ids,
        )
        self.migration_run = MigrationRun(
            migrations=self.migrations, sources=sources, mover=mover, work=self.work, clock=self.clock
        )
        self.repairs = MemoryRepairs()
        check = StorageCheck(private=self.private, public=self.publisher.bucket)
        self.image_repair = ImageRepair(
            repository=self.repository,
            check=check,
            private=self.private,
            publisher=self.publisher,
            processor=StubProcessor(),
            presets=PRESETS,
            clock=self.clock,
            ids=self.ids,
        )
        self.repair_requests = RepairRequests(
            repairs=self.repairs, work=self.work, clock=self.clock, ids=self.ids
        )
        self.repair_run = RepairRun(
            repairs=self.repairs,
            repository=self.repository,
            rows=self.repository,
            check=check,
            image_repair=self.image_repair,
            work=self.work,
            clock=self.clock,
        )
        self.events = MemoryIngestEvents()
        self.ingest_sweep = IngestSweep(
            bucket=self.ingested, notes=self.repository, events=self.events, clock=self.clock
        )

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
        asked = Upload(owner, content, attributes or Attributes(), until, idempotency)
        return self.uploads.accept(asked)

    def edit(self, image: Image, edit: Edit, *, if_version: int | None = None) -> Image:
        """Change an image of its owner's."""
        return self.editing.edit(image.record.owner, image.record.id, edit, if_version=if_version)

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

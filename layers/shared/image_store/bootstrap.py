"""The only wiring: which adapter keeps which port.

Everything is made, and most of it imported, at its first use: importing a handler needs no environment and no
network, and a cold start pays only for what its function touches. Tests put their own parts in with `use()`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property, partial
from threading import RLock
from typing import TYPE_CHECKING, Any, Self, overload

from image_store.adapters.dynamodb.repository import DynamoRepository
from image_store.adapters.presign import Presigner
from image_store.adapters.r2 import R2Bucket, s3_client
from image_store.adapters.secrets import Secrets
from image_store.adapters.system import RandomIds, SystemClock
from image_store.adapters.trust import trusting_once
from image_store.entrypoints.actors import acting
from image_store.entrypoints.answers import Answers
from image_store.entrypoints.observability import logger
from image_store.services.retrieval import Retrieval
from image_store.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_store.domain.audit import Change
    from image_store.domain.providers import Provider, ProviderKey
    from image_store.ports.cdn import Purger
    from image_store.ports.claims import Claims
    from image_store.ports.cleanup import CleanupRows, Housekeeping
    from image_store.ports.generation import Generations, ImageProvider, ProviderHealth, ProviderKeys
    from image_store.ports.images import ImageRepository
    from image_store.ports.imaging import ImageProcessor, Renderer, RenderLeases
    from image_store.ports.ingest import IngestEvents, IngestNotes, VersionedBucket
    from image_store.ports.lists import ImageLists
    from image_store.ports.migrations import Migrations
    from image_store.ports.objects import ObjectStore
    from image_store.ports.projections import AlikeRows, FeedRows, Figures, Projector, SearchIndex
    from image_store.ports.publications import PublicationRows
    from image_store.ports.queues import DeadLetters, QueueDepth, WorkQueue
    from image_store.ports.remote import Fetcher
    from image_store.ports.secrets import Cipher
    from image_store.ports.system import Clock, Ids
    from image_store.services.batch_deletion import BatchDeletion
    from image_store.services.batches import Batches
    from image_store.services.cleanup.run import Cleanup
    from image_store.services.cursors import Cursors
    from image_store.services.deletion import Deletion
    from image_store.services.direct_uploads import DirectUploads
    from image_store.services.editing import Editing
    from image_store.services.feed import Feed
    from image_store.services.generation.choice import Choice
    from image_store.services.generation.kept import KeptAnswers
    from image_store.services.generation.overview import ProviderOverview
    from image_store.services.generation.requests import GenerationRequests
    from image_store.services.generation.run import GenerationRun
    from image_store.services.generation.sweep import GenerationSweep
    from image_store.services.generation.wishes import Wishes
    from image_store.services.health import Health
    from image_store.services.ingest_sweep import IngestSweep
    from image_store.services.ingestion import Ingestion
    from image_store.services.listing import Listing
    from image_store.services.metering import Metering
    from image_store.services.migration.moving import Mover
    from image_store.services.migration.requests import MigrationRequests
    from image_store.services.migration.run import MigrationRun
    from image_store.services.migration.sources import MigrationSources
    from image_store.services.projecting import Projecting
    from image_store.services.publishing import Publisher
    from image_store.services.rendering import Rendering
    from image_store.services.renditions import Renditions
    from image_store.services.reservations import Reservations
    from image_store.services.sealing import Sealing
    from image_store.services.searching import Searching
    from image_store.services.sharing import Shared, ShareLinks, Sharing
    from image_store.services.similarity import Similarity
    from image_store.services.statistics import Reporting
    from image_store.services.transforming import Transforming
    from image_store.services.uploads import Uploads
    from image_store.services.write_protocol import WriteProtocol


RENDER_SECONDS = 20
"""For so long a request waits for a file to be made; its own time is 29 s."""

_making = RLock()


class made_once[Part](cached_property[Part]):  # noqa: N801 - it stands where cached_property would
    """A part that one thread makes at its first use, while others wait: boto3 makes no clients in parallel."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Part: ...
    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> Self | Part:
        with _making:
            return super().__get__(instance, owner)


class Application:
    """The parts of the store, each made once and when it is first asked for."""

    @made_once
    def settings(self) -> Settings:
        return Settings.from_env(os.environ)

    # Adapters -----------------------------------------------------------------------------------------

    @made_once
    def clock(self) -> Clock:
        return SystemClock()

    @made_once
    def ids(self) -> Ids:
        return RandomIds(self.clock)

    @made_once
    def repository(self) -> ImageRepository:
        return DynamoRepository(self.settings.table, client=lambda: self._dynamodb, actor=acting)

    @made_once
    def claims(self) -> Claims:
        from image_store.adapters.dynamodb.claims import DynamoClaims

        return DynamoClaims(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def image_lists(self) -> ImageLists:
        from image_store.adapters.dynamodb.lists import DynamoImageLists

        return DynamoImageLists(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def publication_rows(self) -> PublicationRows:
        from image_store.adapters.dynamodb.publication_rows import DynamoPublicationRows

        return DynamoPublicationRows(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def cleanup_rows(self) -> CleanupRows:
        from image_store.adapters.dynamodb.cleanup_rows import DynamoCleanupRows

        return DynamoCleanupRows(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def ingest_notes(self) -> IngestNotes:
        from image_store.adapters.dynamodb.ingest_notes import DynamoIngestNotes

        return DynamoIngestNotes(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def render_leases(self) -> RenderLeases:
        from image_store.adapters.dynamodb.render_leases import DynamoRenderLeases

        return DynamoRenderLeases(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def housekeeping(self) -> Housekeeping:
        from image_store.adapters.dynamodb.housekeeping import DynamoHousekeeping

        return DynamoHousekeeping(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def migrations(self) -> Migrations:
        from image_store.adapters.dynamodb.migrations import DynamoMigrations

        return DynamoMigrations(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def change_reader(self) -> Callable[[dict[str, Any]], Change | None]:
        from image_store.adapters.dynamodb.changes import change_of

        return change_of

    @made_once
    def projector(self) -> Projector:
        from image_store.adapters.dynamodb.projector import DynamoProjector

        return DynamoProjector(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def search_index(self) -> SearchIndex:
        from image_store.adapters.dynamodb.search_index import DynamoSearchIndex

        return DynamoSearchIndex(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def alike_rows(self) -> AlikeRows:
        from image_store.adapters.dynamodb.alike_rows import DynamoAlikeRows

        return DynamoAlikeRows(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def feed_rows(self) -> FeedRows:
        from image_store.adapters.dynamodb.feed_rows import DynamoFeedRows

        return DynamoFeedRows(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def figures(self) -> Figures:
        from image_store.adapters.dynamodb.figures import DynamoFigures

        return DynamoFigures(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def private(self) -> ObjectStore:
        return self._r2(self.settings.private_bucket)

    @made_once
    def public(self) -> ObjectStore | None:
        return self._r2(self.settings.public_bucket) if self.settings.public_bucket else None

    @made_once
    def purger(self) -> Purger | None:
        if not self.settings.cloudflare_zone:
            return None
        from image_store.adapters.cloudflare import CloudflarePurger

        return CloudflarePurger(
            api_url=self.settings.cdn_api_url,
            zone_id=self.settings.cloudflare_zone,
            token=lambda: self._secrets.json(self.settings.cloudflare_secret).get("api_token", ""),
        )

    @made_once
    def ingest_bucket(self) -> ObjectStore:
        return R2Bucket(self.settings.ingest_bucket, client=lambda: self._s3, presigner=None)

    @made_once
    def ingest_versions(self) -> VersionedBucket:
        from image_store.adapters.s3_versions import S3Versions

        return S3Versions(self.settings.ingest_bucket, client=lambda: self._s3)

    @made_once
    def ingest_events(self) -> IngestEvents:
        from image_store.adapters.sqs import SqsIngestEvents

        return SqsIngestEvents(self.settings.ingest_queue_url, client=lambda: self._sqs)

    @made_once
    def dead_letters(self) -> DeadLetters:
        from image_store.adapters.sqs import SqsDeadLetters

        return SqsDeadLetters(self.settings.dead_letter_queue_url, client=lambda: self._sqs)

    @made_once
    def work_queue(self) -> WorkQueue:
        from image_store.adapters.sqs import SqsWorkQueue

        return SqsWorkQueue(self.settings.work_queue_url, client=lambda: self._sqs)

    @made_once
    def queue_depths(self) -> Mapping[str, QueueDepth]:
        from image_store.adapters.sqs import SqsQueueDepth

        urls = {
            "ingest": self.settings.ingest_queue_url,
            "ingest_dead_letters": self.settings.dead_letter_queue_url,
            "work": self.settings.work_queue_url,
            "work_dead_letters": self.settings.work_dead_letter_queue_url,
            "projection_dead_letters": self.settings.projection_dead_letter_queue_url,
            "audit_dead_letters": self.settings.audit_dead_letter_queue_url,
            "generation": self.settings.generation_queue_url,
            "generation_dead_letters": self.settings.generation_dead_letter_queue_url,
        }
        return {name: SqsQueueDepth(url, client=lambda: self._sqs) for name, url in urls.items() if url}

    @made_once
    def generation_queue(self) -> WorkQueue:
        from image_store.adapters.sqs import SqsWorkQueue

        return SqsWorkQueue(self.settings.generation_queue_url, client=lambda: self._sqs)

    @made_once
    def generations(self) -> Generations:
        from image_store.adapters.dynamodb.generations import DynamoGenerations

        return DynamoGenerations(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def provider_health(self) -> ProviderHealth:
        from image_store.adapters.dynamodb.providers import DynamoProviderHealth

        return DynamoProviderHealth(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def provider_keys(self) -> ProviderKeys:
        from image_store.adapters.dynamodb.providers import DynamoProviderKeys

        return DynamoProviderKeys(
            self.settings.table, client=lambda: self._dynamodb, cipher=lambda: self.cipher
        )

    @made_once
    def cipher(self) -> Cipher:
        from image_store.adapters.kms import KmsCipher

        return KmsCipher(self.settings.secrets_key, client=lambda: self._kms)

    @made_once
    def image_providers(self) -> Mapping[Provider, ImageProvider]:
        from image_store.adapters.providers import image_providers

        return image_providers(self.settings.provider_urls, clock=self.clock)

    @made_once
    def processor(self) -> ImageProcessor:
        from image_store.adapters.imaging import DecodeLimits, PillowProcessor

        return PillowProcessor(
            DecodeLimits(
                max_bytes=self.settings.max_bytes,
                max_pixels=self.settings.max_pixels,
                max_frames=self.settings.max_frames,
                max_total_pixels=self.settings.max_frame_pixels,
                max_metadata_bytes=self.settings.max_metadata_bytes,
                max_memory_bytes=self.settings.max_decode_memory_bytes,
                max_decode_time=self.settings.max_decode_time,
            )
        )

    @made_once
    def renderer(self) -> Renderer:
        from image_store.adapters.renderer import LambdaRenderer

        return LambdaRenderer(self.settings.render_function, client=lambda: self._lambda)

    @made_once
    def fetcher(self) -> Fetcher:
        from image_store.adapters.remote import AddressRules, HttpFetcher

        rules = AddressRules(hosts=self.settings.remote_hosts, networks=self.settings.remote_networks)
        return HttpFetcher(rules, clock=self.clock, report=self._report_refusal)

    # Services -----------------------------------------------------------------------------------------

    @made_once
    def sealing(self) -> Sealing:
        from image_store.services.sealing import Sealing

        return Sealing(cipher=lambda: self.cipher, seals=self.settings.seals_sensitive)

    @made_once
    def _wishes(self) -> Wishes:
        from image_store.services.generation.wishes import Wishes

        return Wishes(cipher=lambda: self.cipher, seals=self.settings.seals_sensitive)

    @made_once
    def answers(self) -> Answers:
        return Answers(private=self.private, public_url=self.settings.public_url)

    @made_once
    def publisher(self) -> Publisher:
        from image_store.services.publishing import Publisher

        return Publisher(
            repository=self.repository,
            publications=self.publication_rows,
            bucket=self.public,
            public_url=self.settings.public_url,
            purger=self.purger,
            private_bucket=self.settings.private_bucket,
            default_cache_control=self.settings.public_cache_control,
            clock=self.clock,
            ids=self.ids,
        )

    @made_once
    def write_protocol(self) -> WriteProtocol:
        from image_store.services.write_protocol import WriteProtocol

        return WriteProtocol(
            repository=self.repository,
            private=self.private,
            publisher=self.publisher,
            clock=self.clock,
            ids=self.ids,
            quota=self.settings.quota,
            policies_after_save=self.settings.cleanup_on_save,
        )

    @made_once
    def reservations(self) -> Reservations:
        from image_store.services.reservations import Reservations

        return Reservations(
            repository=self.repository,
            claims=self.claims,
            protocol=self.write_protocol,
            clock=self.clock,
            ids=self.ids,
            layout=self.settings.key_layout,
            sealing=self.sealing,
        )

    @made_once
    def uploads(self) -> Uploads:
        from image_store.services.sources import Sources
        from image_store.services.uploads import Uploads

        return Uploads(
            reservations=self.reservations,
            sources=Sources(fetcher=lambda: self.fetcher, max_bytes=self.settings.max_bytes),
            protocol=self.write_protocol,
            processor=self.processor,
            clock=self.clock,
            sealing=self.sealing,
            mark=self.settings.provenance,
        )

    @made_once
    def direct_uploads(self) -> DirectUploads:
        from image_store.services.direct_uploads import DirectUploads

        return DirectUploads(
            repository=self.repository,
            reservations=self.reservations,
            protocol=self.write_protocol,
            private=self.private,
            processor=self.processor,
            work=self.work_queue,
            clock=self.clock,
            ids=self.ids,
            sealing=self.sealing,
            max_bytes=self.settings.max_bytes,
            mark=self.settings.provenance,
        )

    @made_once
    def retrieval(self) -> Retrieval:
        return Retrieval(repository=self.repository)

    @made_once
    def renditions(self) -> Renditions:
        from image_store.services.renditions import Renditions

        return Renditions(
            retrieval=self.retrieval, renderer=lambda: self.renderer, presets=self.settings.presets
        )

    @made_once
    def rendering(self) -> Rendering:
        from image_store.services.rendering import Rendering

        return Rendering(
            repository=self.repository,
            leases=self.render_leases,
            private=self.private,
            publisher=self.publisher,
            processor=self.processor,
            presets=self.settings.presets,
            clock=self.clock,
            ids=self.ids,
            mark=self.settings.provenance,
        )

    @made_once
    def transforming(self) -> Transforming:
        from image_store.services.transforming import Transforming

        return Transforming(
            repository=self.repository,
            leases=self.render_leases,
            private=self.private,
            processor=self.processor,
            clock=self.clock,
            ids=self.ids,
            mark=self.settings.provenance,
        )

    @made_once
    def share_links(self) -> ShareLinks:
        from image_store.services.sharing import ShareLinks

        return ShareLinks(keys=lambda: self._secrets.json(self.settings.signing_secret))

    @made_once
    def sharing(self) -> Sharing:
        from image_store.services.sharing import Sharing

        return Sharing(
            retrieval=self.retrieval,
            links=self.share_links,
            presets=self.settings.presets,
            clock=self.clock,
        )

    @made_once
    def shared(self) -> Shared:
        from image_store.services.sharing import Shared

        return Shared(
            retrieval=self.retrieval,
            renditions=self.renditions,
            links=self.share_links,
            private=self.private,
            renderer=lambda: self.renderer,
            clock=self.clock,
        )

    @made_once
    def listing(self) -> Listing:
        from image_store.services.listing import Listing

        return Listing(lists=self.image_lists, cursors=self.cursors, clock=self.clock)

    @made_once
    def cursors(self) -> Cursors:
        from image_store.services.cursors import Cursors

        return Cursors(keys=lambda: self._secrets.json(self.settings.signing_secret))

    @made_once
    def projecting(self) -> Projecting:
        from image_store.services.projecting import Projecting

        return Projecting(projector=self.projector, clock=self.clock)

    @made_once
    def searching(self) -> Searching:
        from image_store.services.searching import Searching

        return Searching(index=self.search_index, cursors=self.cursors, clock=self.clock)

    @made_once
    def similarity(self) -> Similarity:
        from image_store.services.similarity import Similarity

        return Similarity(repository=self.repository, rows=self.alike_rows)

    @made_once
    def feed(self) -> Feed:
        from image_store.services.feed import Feed

        return Feed(rows=self.feed_rows, cursors=self.cursors, clock=self.clock)

    @made_once
    def reporting(self) -> Reporting:
        from image_store.services.statistics import Reporting

        return Reporting(
            figures=self.figures,
            claims=self.claims,
            generations=self.generations,
            clock=self.clock,
        )

    @made_once
    def metering(self) -> Metering:
        from image_store.services.metering import Metering

        return Metering(
            figures=self.figures,
            generations=self.generations,
            budgets=self.settings.budgets,
            clock=self.clock,
        )

    @made_once
    def health(self) -> Health:
        from image_store.services.health import Health

        return Health(
            repository=self.repository,
            waiting=self.cleanup_rows,
            private=self.private,
            public=self.public,
            # not what a warm function remembers of it
            secret=lambda: Secrets(client=lambda: self._client("secretsmanager")).json(
                self.settings.signing_secret
            ),
            queues=self.queue_depths,
            providers={
                provider.value: partial(self._deployment_key, provider)
                for provider in self.settings.providers
            },
            clock=self.clock,
        )

    @made_once
    def batches(self) -> Batches:
        from image_store.services.batches import Batches

        return Batches(clock=self.clock)

    @made_once
    def batch_deletion(self) -> BatchDeletion:
        from image_store.services.batch_deletion import BatchDeletion

        return BatchDeletion(
            lists=self.image_lists,
            deletion=self.deletion,
            batches=self.batches,
            cursors=self.cursors,
            clock=self.clock,
        )

    @made_once
    def editing(self) -> Editing:
        from image_store.services.editing import Editing

        return Editing(
            repository=self.repository,
            retrieval=self.retrieval,
            publisher=self.publisher,
            clock=self.clock,
            ids=self.ids,
            sealing=self.sealing,
        )

    @made_once
    def deletion(self) -> Deletion:
        from image_store.services.deletion import Deletion

        return Deletion(
            repository=self.repository,
            retrieval=self.retrieval,
            private=self.private,
            publisher=self.publisher,
            clock=self.clock,
            ids=self.ids,
            sealing=self.sealing,
            trash_retention=self.settings.trash_retention,
        )

    @made_once
    def cleanup(self) -> Cleanup:
        from image_store.services.cleanup.assembly import assembled

        return assembled(
            repository=self.repository,
            lists=self.image_lists,
            publications=self.publication_rows,
            rows=self.cleanup_rows,
            housekeeping=self.housekeeping,
            private=self.private,
            publisher=self.publisher,
            deletion=self.deletion,
            clock=self.clock,
            ids=self.ids,
            policies=self.settings.cleanup_policies,
            most_removals=self.settings.cleanup_max_deletions,
        )

    @made_once
    def ingestion(self) -> Ingestion:
        from image_store.services.ingestion import Ingestion

        return Ingestion(
            bucket=self.ingest_bucket,
            notes=self.ingest_notes,
            uploads=self.uploads,
            clock=self.clock,
            max_bytes=self.settings.max_bytes,
        )

    @made_once
    def ingest_sweep(self) -> IngestSweep:
        from image_store.services.ingest_sweep import IngestSweep

        return IngestSweep(
            bucket=self.ingest_versions,
            notes=self.ingest_notes,
            events=self.ingest_events,
            clock=self.clock,
        )

    @made_once
    def migration_requests(self) -> MigrationRequests:
        from image_store.services.migration.requests import MigrationRequests

        return MigrationRequests(
            migrations=self.migrations,
            repository=self.repository,
            claims=self.claims,
            sources=self.migration_sources,
            mover=self._mover,
            work=self.work_queue,
            table=self.settings.migration_table,
            clock=self.clock,
            ids=self.ids,
        )

    @made_once
    def migration_run(self) -> MigrationRun:
        from image_store.services.migration.run import MigrationRun

        return MigrationRun(
            migrations=self.migrations,
            sources=self.migration_sources,
            mover=self._mover,
            work=self.work_queue,
            clock=self.clock,
        )

    @made_once
    def migration_sources(self) -> MigrationSources:
        from image_store.adapters.dynamodb.migration_source import TableSource
        from image_store.services.migration.sources import MigrationSources

        return MigrationSources(
            bucket=self.ingest_bucket,
            table=lambda table, fields: TableSource(table, fields, client=lambda: self._dynamodb),
        )

    @made_once
    def _mover(self) -> Mover:
        from image_store.entrypoints.migrations import record_attributes
        from image_store.services.migration.moving import Mover

        return Mover(
            bucket_name=self.settings.ingest_bucket,
            uploads=self.uploads,
            attributes_of=record_attributes,
        )

    @made_once
    def generation_requests(self) -> GenerationRequests:
        from image_store.services.fingerprints import Fingerprints
        from image_store.services.generation.requests import GenerationRequests

        return GenerationRequests(
            generations=self.generations,
            repository=self.repository,
            keys=self.provider_keys,
            choice=self._choice,
            work=self.generation_queue,
            cursors=self.cursors,
            budgets=self.settings.budgets,
            most_images=self.settings.quota.images,
            wishes=self._wishes,
            fingerprints=Fingerprints(keys=lambda: self._secrets.json(self.settings.signing_secret)),
            report_used_up=self._count_used_up,
            clock=self.clock,
            ids=self.ids,
        )

    @made_once
    def generation_run(self) -> GenerationRun:
        from image_store.entrypoints.metrics import counting_calls
        from image_store.services.generation.health import HealthWatch
        from image_store.services.generation.references import References
        from image_store.services.generation.run import GenerationRun

        return GenerationRun(
            generations=self.generations,
            choice=self._choice,
            watch=HealthWatch(health=self.provider_health, clock=self.clock),
            providers=self.image_providers,
            keys=self.provider_keys,
            deployment_key=self._deployment_key,
            references=References(repository=self.repository, private=self.private),
            kept=self._kept_answers,
            wishes=self._wishes,
            uploads=self._uploads_without_quota,
            work=self.generation_queue,
            budgets=self.settings.budgets,
            retries=self.settings.generation_retries,
            report=counting_calls(self.settings.metrics_namespace),
            clock=self.clock,
            ids=self.ids,
        )

    @made_once
    def generation_sweep(self) -> GenerationSweep:
        from image_store.services.generation.sweep import GenerationSweep

        return GenerationSweep(
            generations=self.generations,
            kept=self._kept_answers,
            work=self.generation_queue,
            clock=self.clock,
        )

    @made_once
    def provider_overview(self) -> ProviderOverview:
        from image_store.services.generation.overview import ProviderOverview

        return ProviderOverview(
            generations=self.generations,
            health=self.provider_health,
            keys=self.provider_keys,
            order=self.settings.providers,
            clock=self.clock,
        )

    @made_once
    def _choice(self) -> Choice:
        from image_store.services.generation.choice import Choice

        return Choice(order=self.settings.providers, budgets=self.settings.budgets)

    @made_once
    def _kept_answers(self) -> KeptAnswers:
        from image_store.services.generation.kept import KeptAnswers

        return KeptAnswers(private=self.private, clock=self.clock)

    @made_once
    def _uploads_without_quota(self) -> Uploads:
        """What was paid for is stored: its place in the quota was taken with its job."""
        from image_store.domain.quota import Quota

        protocol = replace(self.write_protocol, quota=Quota())
        return replace(
            self.uploads, protocol=protocol, reservations=replace(self.reservations, protocol=protocol)
        )

    def _report_refusal(self, reason: str, url: str) -> None:
        # A path may hold what is sealed elsewhere.
        shown = "/".join(url.split("/", 3)[:3]) if self.settings.seals_sensitive else url
        logger.warning("no image fetched", reason=reason, url=shown)

    def _count_used_up(self, whose: str) -> None:
        from image_store.entrypoints.metrics import count_used_up

        count_used_up(self.settings.metrics_namespace, whose)

    def _deployment_key(self, provider: Provider) -> ProviderKey | None:
        from image_store.domain.providers import ProviderKey

        secret = self._secrets.json(self.settings.providers_secret)
        if not secret.get(provider.value):
            return None
        return ProviderKey(secret[provider.value], secret.get(f"{provider.value}_account_id", ""))

    # Clients ------------------------------------------------------------------------------------------

    def _r2(self, bucket: str) -> ObjectStore:
        return R2Bucket(bucket, client=lambda: self._r2_client, presigner=self._presigner)

    @made_once
    def _presigner(self) -> Presigner:
        return Presigner(
            endpoint=self.settings.r2_endpoint,
            region=self.settings.r2_region,
            credentials=self._r2_credentials,
            clock=self.clock,
        )

    def _r2_credentials(self) -> tuple[str, str]:
        secret = self._secrets.json(self.settings.r2_secret)
        return secret["access_key_id"], secret["secret_access_key"]

    @made_once
    def _r2_client(self) -> Any:
        access_key_id, secret_access_key = self._r2_credentials()
        return s3_client(
            session=self._session,
            endpoint=self.settings.r2_endpoint,
            region=self.settings.r2_region,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
        )

    @made_once
    def _s3(self) -> Any:
        return s3_client(
            session=self._session,
            endpoint=None,
            region=os.environ["AWS_REGION"],
            access_key_id=None,
            secret_access_key=None,
        )

    @made_once
    def _secrets(self) -> Secrets:
        return Secrets(client=lambda: self._client("secretsmanager"))

    @made_once
    def _dynamodb(self) -> Any:
        return self._client("dynamodb")

    @made_once
    def _sqs(self) -> Any:
        return self._client("sqs")

    @made_once
    def _kms(self) -> Any:
        return self._client("kms")

    @made_once
    def _lambda(self) -> Any:
        # A call that is cut off still runs: it is not repeated, and whoever asks again finds its result.
        return self._client("lambda", read_timeout=RENDER_SECONDS, attempts=1)

    def _client(self, service: str, *, read_timeout: int = 5, attempts: int = 3) -> Any:
        """An AWS client that gives up before the gateway does."""
        from botocore.config import Config

        config = Config(
            connect_timeout=2,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        return trusting_once(self._session.create_client(service, config=config))

    @made_once
    def _session(self) -> Any:
        """What all clients share: credentials, and what botocore reads and registers once for each session.

        It is botocore's own, as boto3 around it costs a tenth of a cold start and adds nothing to these clients.
        """
        from botocore.session import get_session

        return get_session()


def prepare() -> None:
    """Make what every request needs while nobody waits for it: in an instance that is kept started, or in a snapshot.

    Nothing is read: secrets and records are those of the time of a request.
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") == "on-demand":
        return
    app = application()
    for part in ("_dynamodb", "answers", "retrieval", "repository"):
        getattr(app, part)


_current: Application | None = None


def application() -> Application:
    """The application of this process."""
    global _current
    if _current is None:
        _current = Application()
    return _current


def use(application: Application | None) -> None:
    """Put another application in place, or none so that the next use makes a new one."""
    global _current
    _current = application

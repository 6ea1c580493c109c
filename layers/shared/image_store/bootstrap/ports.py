"""Chooses the adapter of every port."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from image_store.bootstrap.lazy import lazy_property
from image_store.bootstrap.port_groups.events import EventPorts
from image_store.bootstrap.port_groups.finding import FindingPorts
from image_store.bootstrap.port_groups.webhook_delivery import WebhookDeliveryPorts
from image_store.entrypoints.callers.actors import current_actor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_store.domain.callers.key_usage import KeyUse
    from image_store.domain.generation.ledger import CallOutcome
    from image_store.domain.generation.providers import Provider, ProviderKey
    from image_store.domain.operations.audit import AnyAuditEntry
    from image_store.domain.upkeep.migration import FieldNames, Table
    from image_store.ports.delivery import OldPaths, PublicationRows, Purger, Renderer, RenderLeases, Shares
    from image_store.ports.generation import (
        Generations,
        ImageProvider,
        ProviderHealth,
        ProviderKeys,
        ReferenceUploads,
    )
    from image_store.ports.images import (
        Claims,
        ImageProcessor,
        ImageRepository,
        IngestEvents,
        IngestNotes,
        VersionedBucket,
    )
    from image_store.ports.objects import ObjectStore
    from image_store.ports.operations import Figures, Parameters
    from image_store.ports.queues import DeadLetters, QueueDepth, WorkQueue
    from image_store.ports.secrets import Cipher
    from image_store.ports.upkeep import (
        CleanupRows,
        FeedUpkeep,
        Housekeeping,
        Migrations,
        MigrationSource,
        Repairs,
    )


class Ports(EventPorts, FindingPorts, WebhookDeliveryPorts):
    """The adapters of a deployment. Each is imported and created at its first use; tests can replace it before."""

    @lazy_property
    def sleep(self) -> Callable[[float], None]:
        return time.sleep

    @lazy_property
    def jitter(self) -> Callable[[float], float]:
        """Chooses a random wait of at most the given seconds."""
        from image_store.services.generation.worker.settlement import full_jitter

        return full_jitter

    @lazy_property
    def cipher(self) -> Cipher:
        from image_store.adapters.kms import KmsCipher

        return KmsCipher(self._settings.encryption.key, client=lambda: self.clients.kms)

    @lazy_property
    def repository(self) -> ImageRepository:
        from image_store.adapters.dynamodb.images.repository import DynamoRepository

        return DynamoRepository(self.table, actor=current_actor)

    @lazy_property
    def claims(self) -> Claims:
        from image_store.adapters.dynamodb.images.claims import DynamoClaims

        return DynamoClaims(self.table)

    @lazy_property
    def private(self) -> ObjectStore:
        from image_store.adapters.objects import S3Bucket

        storage = self._settings.storage
        return S3Bucket(
            storage.private_bucket,
            client=lambda: self.clients.private_objects,
            presigner=self.presigner,
            store=storage.private_store.kind,
        )

    @lazy_property
    def public(self) -> ObjectStore | None:
        bucket, storage = self._settings.publication.bucket, self._settings.storage
        if not bucket:
            return None
        from image_store.adapters.objects import S3Bucket

        is_elsewhere = storage.public_store != storage.private_store
        return S3Bucket(
            bucket,
            client=lambda: self.clients.public_objects,
            presigner=None,
            store=storage.public_store.kind,
            elsewhere=(lambda _: self.private) if is_elsewhere else None,
        )

    @lazy_property
    def presigner(self) -> Any:
        """Signs links to the private bucket. It is not a port, so tests may set any object with its methods."""
        from image_store.adapters.presign import Presigner

        store = self._settings.storage.private_store
        return Presigner(
            endpoint=store.url,
            region=store.region,
            credentials=lambda: self.clients.access_keys(store),
            clock=self.clock,
            has_virtual_hosts=store.has_virtual_hosts,
        )

    @lazy_property
    def processor(self) -> ImageProcessor:
        from image_store.adapters.imaging import DecodeLimits, PillowProcessor

        return PillowProcessor(DecodeLimits(**asdict(self._settings.limits)))

    @lazy_property
    def work_queue(self) -> WorkQueue:
        from image_store.adapters.sqs import SqsWorkQueue

        return SqsWorkQueue(self._settings.queues.work, client=lambda: self.clients.sqs)

    @lazy_property
    def ingest_bucket(self) -> ObjectStore:
        from image_store.adapters.objects import S3Bucket
        from image_store.domain.images.byte_stores import ByteStore

        return S3Bucket(
            self._settings.storage.ingest_bucket,
            client=lambda: self.clients.s3,
            presigner=None,
            store=ByteStore.S3,
        )

    @lazy_property
    def ingest_versions(self) -> VersionedBucket:
        from image_store.adapters.s3_versions import S3Versions

        return S3Versions(self._settings.storage.ingest_bucket, client=lambda: self.clients.s3)

    @lazy_property
    def ingest_events(self) -> IngestEvents:
        from image_store.adapters.sqs import SqsIngestEvents

        return SqsIngestEvents(self._settings.queues.ingest, client=lambda: self.clients.sqs)

    @lazy_property
    def ingest_notes(self) -> IngestNotes:
        from image_store.adapters.dynamodb.images.ingest_notes import DynamoIngestNotes

        return DynamoIngestNotes(self.table)

    @lazy_property
    def dead_letters(self) -> DeadLetters:
        from image_store.adapters.sqs import SqsDeadLetters

        return SqsDeadLetters(self._settings.queues.ingest_dead_letters, client=lambda: self.clients.sqs)

    @lazy_property
    def changed_image(self) -> Callable[[dict[str, Any]], str | None]:
        from image_store.adapters.dynamodb.images.changes import changed_image

        return changed_image

    @lazy_property
    def use_reader(self) -> Callable[[dict[str, Any]], KeyUse | None]:
        from image_store.adapters.dynamodb.callers.key_usage import use_of

        return use_of

    @lazy_property
    def change_reader(self) -> Callable[[dict[str, Any]], AnyAuditEntry | None]:
        from image_store.adapters.dynamodb.callers import changes
        from image_store.adapters.dynamodb.images.changes import change_of

        return lambda record: (
            change_of(record)
            or changes.key_change_of(record)
            or changes.share_change_of(record)
            or changes.upload_token_change_of(record)
            or changes.webhook_change_of(record)
        )

    @lazy_property
    def publication_rows(self) -> PublicationRows:
        from image_store.adapters.dynamodb.delivery.publication_rows import DynamoPublicationRows

        return DynamoPublicationRows(self.table)

    @lazy_property
    def old_paths(self) -> OldPaths:
        from image_store.adapters.dynamodb.delivery.old_paths import DynamoOldPaths

        return DynamoOldPaths(self.table)

    @lazy_property
    def render_leases(self) -> RenderLeases:
        from image_store.adapters.dynamodb.delivery.render_leases import DynamoRenderLeases

        return DynamoRenderLeases(self.table)

    @lazy_property
    def shares(self) -> Shares:
        from image_store.adapters.dynamodb.delivery.shares import DynamoShares

        return DynamoShares(self.table, actor=current_actor)

    @lazy_property
    def purger(self) -> Purger | None:
        publication = self._settings.publication
        if publication.cloudfront_distribution:
            from image_store.adapters.cloudfront import CloudFrontPurger

            return CloudFrontPurger(
                publication.cloudfront_distribution,
                client=lambda: self.clients.cloudfront,
                reference=self.ids.token,
            )
        if not publication.cloudflare_zone:
            return None
        from image_store.adapters.cloudflare import CloudflarePurger

        return CloudflarePurger(
            api_url=publication.cloudflare_api_url,
            zone_id=publication.cloudflare_zone,
            token=lambda: self.clients.secrets.json(publication.cloudflare_secret).get("api_token", ""),
        )

    @lazy_property
    def renderer(self) -> Renderer:
        from image_store.adapters.renderer import LambdaRenderer

        return LambdaRenderer(self._settings.renditions.function, client=lambda: self.clients.lambda_)

    @lazy_property
    def generations(self) -> Generations:
        from image_store.adapters.dynamodb.generation.jobs import DynamoGenerations

        return DynamoGenerations(self.table)

    @lazy_property
    def generation_queue(self) -> WorkQueue:
        from image_store.adapters.sqs import SqsWorkQueue

        return SqsWorkQueue(self._settings.queues.generation, client=lambda: self.clients.sqs)

    @lazy_property
    def provider_health(self) -> ProviderHealth:
        from image_store.adapters.dynamodb.generation.providers import DynamoProviderHealth

        return DynamoProviderHealth(self.table)

    @lazy_property
    def provider_keys(self) -> ProviderKeys:
        from image_store.adapters.dynamodb.generation.providers import DynamoProviderKeys

        return DynamoProviderKeys(self.table, cipher=lambda: self.cipher)

    @lazy_property
    def image_providers(self) -> Mapping[Provider, ImageProvider]:
        from image_store.adapters.providers import image_providers

        return image_providers(
            self._settings.generation.provider_urls, clock=self.clock, fetcher=lambda: self.fetcher
        )

    @lazy_property
    def reference_uploads(self) -> ReferenceUploads:
        from image_store.adapters.reference_uploads import ApiReferenceUploads

        return ApiReferenceUploads(self._settings.api_url, clock=self.clock)

    @lazy_property
    def deployment_key(self) -> Callable[[Provider], ProviderKey | None]:
        from image_store.domain.generation.providers import ProviderKey

        def key_of(provider: Provider) -> ProviderKey | None:
            secret = self.clients.secrets.json(self._settings.generation.providers_secret)
            if not secret.get(provider.value):
                return None
            return ProviderKey(secret[provider.value], secret.get(f"{provider.value}_account_id", ""))

        return key_of

    @lazy_property
    def report_call(self) -> Callable[[CallOutcome], None]:
        from image_store.entrypoints.operations.metrics import call_counter

        return call_counter(self._settings.metrics_namespace)

    @lazy_property
    def report_used_up_budget(self) -> Callable[[str], None]:
        """Counts a budget that is used up."""
        from image_store.entrypoints.operations.metrics import count_used_up_budget

        return lambda budget: count_used_up_budget(self._settings.metrics_namespace, budget)

    @lazy_property
    def housekeeping(self) -> Housekeeping:
        from image_store.adapters.dynamodb.upkeep.housekeeping import DynamoHousekeeping

        return DynamoHousekeeping(self.table)

    @lazy_property
    def cleanup_rows(self) -> CleanupRows:
        from image_store.adapters.dynamodb.upkeep.cleanup_rows import DynamoCleanupRows

        return DynamoCleanupRows(self.table)

    @lazy_property
    def feed_upkeep(self) -> FeedUpkeep:
        from image_store.adapters.dynamodb.upkeep.feed_upkeep import DynamoFeedUpkeep

        return DynamoFeedUpkeep(self.table)

    @lazy_property
    def repairs(self) -> Repairs:
        from image_store.adapters.dynamodb.upkeep.repairs import DynamoRepairs

        return DynamoRepairs(self.table)

    @lazy_property
    def migrations(self) -> Migrations:
        from image_store.adapters.dynamodb.upkeep.migrations import DynamoMigrations

        return DynamoMigrations(self.table)

    @lazy_property
    def migration_table(self) -> Callable[[Table, FieldNames], MigrationSource]:
        from image_store.adapters.dynamodb.upkeep.migration_source import TableSource

        return lambda table, fields: TableSource(table, fields, client=lambda: self.clients.dynamodb)

    @lazy_property
    def figures(self) -> Figures:
        from image_store.adapters.dynamodb.operations.figures import DynamoFigures

        return DynamoFigures(self.table)

    @lazy_property
    def queue_depths(self) -> Mapping[str, QueueDepth]:
        from image_store.adapters.sqs import SqsQueueDepth

        return {
            name: SqsQueueDepth(url, client=lambda: self.clients.sqs)
            for name, url in asdict(self._settings.queues).items()
            if url
        }

    @lazy_property
    def parameters(self) -> Parameters:
        from image_store.adapters.parameters import SsmParameters

        return SsmParameters(client=lambda: self.clients.client("ssm"))

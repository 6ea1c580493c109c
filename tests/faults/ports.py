"""The ports of a world: the real adapters, on clients that fail on demand."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from image_store.adapters.dynamodb.backup.lost_rows import DynamoLostRows
from image_store.adapters.dynamodb.backup.outbox import DynamoOutbox
from image_store.adapters.dynamodb.backup.rows import DynamoBackupRows
from image_store.adapters.dynamodb.backup.states import DynamoBackupStates
from image_store.adapters.dynamodb.callers.api_keys import DynamoApiKeys
from image_store.adapters.dynamodb.callers.key_usage import DynamoKeyUsage
from image_store.adapters.dynamodb.callers.request_buckets import DynamoRequestBuckets
from image_store.adapters.dynamodb.callers.upload_tokens import DynamoUploadTokens
from image_store.adapters.dynamodb.delivery.shares import DynamoShares
from image_store.adapters.dynamodb.events.log import DynamoEventLog
from image_store.adapters.dynamodb.finding.groups import DynamoGroups
from image_store.adapters.dynamodb.finding.places import DynamoPlaces
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.upkeep.housekeeping import DynamoHousekeeping
from image_store.adapters.dynamodb.upkeep.imports import DynamoImports
from image_store.adapters.dynamodb.upkeep.migrations import DynamoMigrations
from image_store.adapters.dynamodb.upkeep.recoveries import DynamoRecoveries
from image_store.adapters.dynamodb.upkeep.repairs import DynamoRepairs
from image_store.adapters.dynamodb.webhooks.deliveries import DynamoDeliveries
from image_store.adapters.dynamodb.webhooks.registry import DynamoWebhooks
from image_store.adapters.dynamodb.webhooks.turns import DynamoDeliveryTurns, DynamoReplays
from image_store.adapters.eventbridge.bus import EventBridgeBus
from image_store.adapters.objects import S3Bucket
from image_store.adapters.presign import AccessKeys, Presigner
from image_store.adapters.renderer import LambdaRenderer
from image_store.adapters.s3_versions import S3Versions
from image_store.adapters.sqs import SqsDeadLetters, SqsDeliveryQueue, SqsIngestEvents, SqsWorkQueue
from image_store.bootstrap.clients import Clients
from image_store.bootstrap.ports import Ports
from image_store.domain.images.image import Kind
from image_store.domain.images.key_layout import KeyLayout
from image_store.domain.upkeep.cleanup import Policy
from image_store.ports.images import RemoteFile
from image_store.settings import Settings
from tests.fakes.fetcher import MemoryFetcher
from tests.fakes.migrations import no_table
from tests.fakes.object_store import MemoryBucket, StoredFile
from tests.fakes.processor import StubProcessor
from tests.faults.roles import BUS
from tests.faults.vendors import FaultyFetcher, FaultyPurger, FaultySender, FaultySource, FaultySources
from tests.samples import PICTURE, PUBLIC_URL, SIGNING_KEYS, TRASH_RETENTION

if TYPE_CHECKING:
    from tests.fakes.purger import MemoryCdn
    from tests.faults.world import World

PICTURE_URL = "https://pictures.example/a.png"
PICTURES = {PICTURE_URL: RemoteFile(PICTURE, "image/png")}
RENDER_FUNCTION = "image-store-render"
PASSING = "passing"
POLICY = Policy(kind=Kind.UPLOAD, category=PASSING, older_than=timedelta(days=10), keep_newest=1)
_FROM_ENVIRONMENT = Settings.from_env(
    {
        "PRIVATE_BUCKET": "private",
        "PUBLIC_BUCKET": "public",
        "PUBLIC_URL": PUBLIC_URL,
        "PUBLIC_CACHE_CONTROL": "public, max-age=60",
        "INGEST_BUCKET": "ingest",
        "BACKUPS": "true",
        "BACKUP_STORE": "backup",
        "IMPORT_SECRET": "imports",
        "KEY_LAYOUT": KeyLayout.OWNER,
        "TRASH_RETENTION_DAYS": str(TRASH_RETENTION.days),
    }
)
SETTINGS = replace(_FROM_ENVIRONMENT, cleanup=replace(_FROM_ENVIRONMENT.cleanup, policies=(POLICY,)))


class VisitedBucket(MemoryBucket):
    """A public bucket whose every new object somebody looks at through the CDN at once."""

    cdn: MemoryCdn

    def _add(self, key: str, file: StoredFile) -> None:
        super()._add(key, file)
        self.cdn.visit()


class WorldPorts(Ports):
    """Ports whose adapters are the real ones, on clients that fail on demand."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(settings, Clients(settings.storage))
        self.clock = world.clock
        self.ids = world.ids
        self.cipher = world.cipher
        self.signing_keys = lambda: SIGNING_KEYS
        self.repository = self.claims = self.list_rows = world.repository
        self.publication_rows = self.render_leases = world.repository
        self.cleanup_rows = self.ingest_notes = world.repository
        self.projector = world.projector
        presigner = Presigner(
            endpoint="https://r2.invalid",
            region="auto",
            credentials=lambda: AccessKeys("id", "secret"),
            clock=world.clock,
        )
        self.private = S3Bucket("private", client=lambda: world.r2, presigner=presigner)
        self.public = S3Bucket("public", client=lambda: world.r2, presigner=None)
        self.purger = FaultyPurger(world.cdn, world.faults)
        self.processor = StubProcessor()
        self.fetcher = FaultyFetcher(MemoryFetcher(PICTURES), world.faults)
        self.renderer = LambdaRenderer(RENDER_FUNCTION, client=lambda: world.lambdas)
        self.ingest_bucket = S3Bucket("ingest", client=lambda: world.s3, presigner=None)
        self.ingest_versions = S3Versions("ingest", client=lambda: world.s3)
        self.ingest_events = SqsIngestEvents("events", client=lambda: world.faulty_sqs)
        self.dead_letters = SqsDeadLetters("dead letters", client=lambda: world.faulty_sqs)
        self.work_queue = SqsWorkQueue("work", client=lambda: world.faulty_sqs)
        self.generation_queue = SqsWorkQueue("generation", client=lambda: world.faulty_sqs)
        self.api_keys = world.patient(DynamoApiKeys)
        self.upload_tokens = world.patient(DynamoUploadTokens)
        self.request_buckets = world.patient(DynamoRequestBuckets)
        self.key_usage = world.patient(DynamoKeyUsage)
        self.migrations = world.patient(DynamoMigrations)
        self.migration_table = no_table
        self.imports = world.patient(DynamoImports)
        self.import_sources = FaultySources(FaultySource(world.old_store, world.faults))
        self.repairs = DynamoRepairs(DynamoTable(world.table, client=lambda: world.faulty_dynamo))
        self.housekeeping = world.patient(DynamoHousekeeping)
        self.shares = world.patient(DynamoShares)
        self.groups = world.patient(DynamoGroups)
        self.places = world.patient(DynamoPlaces)
        self.backup_store = S3Bucket("backup", client=lambda: world.r2, presigner=None)
        self.backup_queue = SqsWorkQueue("backup", client=lambda: world.faulty_sqs)
        self.backup_rows = world.patient(DynamoBackupRows)
        self.recoveries = world.patient(DynamoRecoveries)
        self.lost_rows = world.patient(DynamoLostRows)
        self.backup_states = world.patient(DynamoBackupStates)
        self.change_outbox = world.patient(DynamoOutbox)
        self.event_log = world.patient(lambda table: DynamoEventLog(table, now=world.clock.now))
        self.webhooks = world.patient(DynamoWebhooks)
        self.deliveries = world.patient(DynamoDeliveries)
        self.delivery_turns = world.patient(DynamoDeliveryTurns)
        self.replays = world.patient(DynamoReplays)
        self.delivery_queue = SqsDeliveryQueue("delivery", client=lambda: world.faulty_sqs)
        self.webhook_sender = FaultySender(world.endpoints, world.faults)
        self.jitter = lambda seconds: seconds / 2
        self.event_bus = EventBridgeBus(BUS, client=lambda: world.faulty_bridge, sleep=lambda _: None)


def as_a[Service](kind: type[Service], service: Service) -> Service:
    """A service of another class with the same parts."""
    return kind(**{part.name: getattr(service, part.name) for part in fields(service)})  # type: ignore[arg-type]  # services are dataclasses

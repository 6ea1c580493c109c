"""A whole store on storage that fails on demand, and what must be true of it afterwards.

Everything in it is the real thing down to the adapters: they speak to DynamoDB, S3, SQS and Lambda in memory, through
`faults`.
"""

import hashlib
import itertools
import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote_plus, unquote, urlsplit

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.delivery import publication_items
from image_store.adapters.dynamodb.finding.projector import DynamoProjector
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.upkeep.housekeeping import DynamoHousekeeping
from image_store.adapters.dynamodb.upkeep.migrations import DynamoMigrations
from image_store.adapters.dynamodb.upkeep.repairs import DynamoRepairs
from image_store.adapters.kms import KmsCipher
from image_store.adapters.presign import Presigner
from image_store.adapters.r2 import R2Bucket
from image_store.adapters.renderer import LambdaRenderer
from image_store.adapters.s3_versions import S3Versions
from image_store.adapters.sqs import SqsDeadLetters, SqsIngestEvents, SqsWorkQueue
from image_store.bootstrap import assemble
from image_store.bootstrap.clients import Clients
from image_store.bootstrap.ports import Ports
from image_store.domain.deadlines import TOMBSTONE_GRACE
from image_store.domain.delivery.render_requests import RenderRequest, TransformRequest
from image_store.domain.delivery.renditions import (
    UPLOAD_RECIPES,
    Fit,
    Placeholder,
    Recipe,
    Rendition,
)
from image_store.domain.delivery.signed_links import transform
from image_store.domain.errors import ImageNotFound, ImageStoreError, SourceUnreadable
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.ids import link, uuid7
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, ImageRecord, Kind, State, Visibility
from image_store.domain.images.ingest import DroppedObject
from image_store.domain.images.key_layout import KeyLayout
from image_store.domain.images.media import MediaType
from image_store.domain.images.processing import ProcessedImage, RenderedFile
from image_store.domain.images.provenance import Provenance
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import IdempotencyKey
from image_store.domain.upkeep.cleanup import CleanupReport, Policy
from image_store.domain.upkeep.migration import FieldNames, JsonLines, Migration, Options, Table
from image_store.domain.upkeep.repair import RepairJob
from image_store.domain.work import CompleteUpload, MigrateBatch, RepairImage, RepairStep, Work
from image_store.entrypoints.delivery.render_requests import handle_render_request
from image_store.entrypoints.images.ingest_events import handle_messages
from image_store.entrypoints.work import handle_work
from image_store.ports.images import Fetched
from image_store.ports.upkeep import MigrationSource
from image_store.services.delivery.publishing import Publisher
from image_store.services.delivery.rendering import Rendering
from image_store.services.delivery.renditions import RenditionFile
from image_store.services.images.batch_deletion import DeletionRequest, DeletionResult
from image_store.services.images.deletion import Deletion
from image_store.services.images.direct_uploads import (
    COMPLETION_LIFETIME,
    DirectUpload,
    Ticket,
)
from image_store.services.images.sources import Content, RemoteUrl
from image_store.services.images.uploads import Upload
from image_store.services.images.write_protocol import WriteProtocol
from image_store.services.upkeep.cleanup.objects import STAGING_LIFETIME
from image_store.services.upkeep.ingest_sweep import SweepReport
from image_store.settings import Settings
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.fetcher import MemoryFetcher
from tests.fakes.housekeeping import MemoryHousekeeping
from tests.fakes.kms_client import MemoryKms
from tests.fakes.lambda_client import MemoryLambda
from tests.fakes.object_store import MemoryBucket, MemoryIngestBucket
from tests.fakes.projections import OF_PROJECTIONS, assert_feed_follows, assert_projected
from tests.fakes.purger import MemoryCdn
from tests.fakes.rows import DynamoRows
from tests.fakes.s3_client import MemoryS3
from tests.fakes.sqs_client import MemorySqs
from tests.faults.faults import Faults, Killed
from tests.faults.roles import ROLES, TABLE, runs_as
from tests.faults.vendors import (
    FaultyDynamo,
    FaultyFetcher,
    FaultyKms,
    FaultyLambda,
    FaultyPurger,
    FaultyS3,
    FaultySqs,
)
from tests.roles.comparison import USED
from tests.roles.enforcement import GatePerThread, Guarded

OWNER = "owner-1"
SIGNING_KEYS = {"current": "k1", "k1": "a key of the tests"}
PICTURE = b"\x89PNG\r\n\x1a\n of no pixels"
JSON_LINES = "migrations/records.jsonl"
_IN_BASE64 = b64encode(PICTURE).decode()
INGEST_KEY = f"ingest/{OWNER}/dropped.png"
PUBLIC_URL = "https://images.example.com"
PICTURE_URL = "https://pictures.example/a.png"
PICTURES = {PICTURE_URL: Fetched(PICTURE, "image/png")}
PASSING = "passing"
POLICY = Policy(kind=Kind.UPLOAD, category=PASSING, older_than=timedelta(days=10), keep_newest=1)
TRANSFORM = transform(Recipe(200, 100, Fit.COVER))
PAST_RESERVATION = COMPLETION_LIFETIME + timedelta(minutes=1)
PAST_STAGING = STAGING_LIFETIME + timedelta(minutes=1)
TRASH_RETENTION = timedelta(days=30)
RENDER_FUNCTION = "image-store-render"
SETTINGS = replace(
    Settings.from_env(
        {
            "PRIVATE_BUCKET": "private",
            "PUBLIC_BUCKET": "public",
            "PUBLIC_URL": PUBLIC_URL,
            "PUBLIC_CACHE_CONTROL": "public, max-age=60",
            "INGEST_BUCKET": "ingest",
            "KEY_LAYOUT": KeyLayout.OWNER,
        }
    ),
    trash_retention=TRASH_RETENTION,
    cleanup_policies=(POLICY,),
)
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


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


class SetClock:
    """A clock that stands still until it is moved, or moves on by `step` with each reading."""

    def __init__(self) -> None:
        self.instant = START
        self.step = timedelta(0)

    def now(self) -> datetime:
        self.instant += self.step
        return self.instant


class CountedIds:
    """Ids that are unique and the same in every run."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)

    def image_id(self) -> str:
        return uuid7(self._clock.now(), next(self._numbers))

    def attempt(self) -> str:
        return self.token()

    def token(self) -> str:
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


class WorldPorts(Ports):
    """Ports whose adapters are the real ones, on clients that fail on demand."""

    def __init__(self, world: "World", settings: Settings) -> None:
        super().__init__(settings, Clients(settings))
        self.clock = world.clock
        self.ids = CountedIds(world.clock)
        self.cipher = world.cipher
        self.signing_keys = lambda: SIGNING_KEYS
        self.repository = self.claims = self.list_rows = world.repository
        self.publication_rows = self.render_leases = world.repository
        self.cleanup_rows = self.ingest_notes = world.repository
        self.projector = world.projector
        presigner = Presigner(
            endpoint="https://r2.invalid",
            region="auto",
            credentials=lambda: ("id", "secret"),
            clock=world.clock,
        )
        self.private = R2Bucket("private", client=lambda: world.r2, presigner=presigner)
        self.public = R2Bucket("public", client=lambda: world.r2, presigner=None)
        self.purger = FaultyPurger(world.cdn, world.faults)
        self.processor = StubProcessor()
        self.fetcher = FaultyFetcher(MemoryFetcher(PICTURES), world.faults)
        self.renderer = LambdaRenderer(RENDER_FUNCTION, client=lambda: world.lambdas)
        self.ingest_bucket = R2Bucket("ingest", client=lambda: world.s3, presigner=None)
        self.ingest_versions = S3Versions("ingest", client=lambda: world.s3)
        self.ingest_events = SqsIngestEvents("events", client=lambda: world.faulty_sqs)
        self.dead_letters = SqsDeadLetters("dead letters", client=lambda: world.faulty_sqs)
        self.work_queue = SqsWorkQueue("work", client=lambda: world.faulty_sqs)
        self.generation_queue = SqsWorkQueue("generation", client=lambda: world.faulty_sqs)
        self.migrations = world.patient(DynamoMigrations)
        self.migration_table = _no_table
        self.repairs = DynamoRepairs(DynamoTable(world.table, client=lambda: world.faulty_dynamo))
        self.housekeeping = world.patient(DynamoHousekeeping)


def as_a[Service](kind: type[Service], service: Service) -> Service:
    """A service of another class with the same parts."""
    return kind(**{part.name: getattr(service, part.name) for part in fields(service)})  # type: ignore[arg-type]  # services are dataclasses


class World:
    """The services on failing storage, with one public image in it that nothing may happen to.

    What it does, it does as one of the functions, and AWS is called with leave of that function's role alone.
    """

    def __init__(
        self,
        client: Any,
        form: dict[str, Any],
        *,
        faults: Faults | None = None,
        protocol: type[WriteProtocol] = WriteProtocol,
        deletion: type[Deletion] = Deletion,
        repository: type[DynamoRows] = DynamoRows,
        rendering: type[Rendering] = Rendering,
        seals: bool = False,
        quota: Quota = Quota(),  # noqa: B008 - it is frozen
    ) -> None:
        self.faults = faults or Faults()
        self.clock = SetClock()
        self.client = client
        self.table = new_table(client, form, TABLE)
        self.gate = GatePerThread(ROLES, USED)
        peers: dict[str, MemoryBucket] = {}
        self.private = MemoryBucket("private", clock=self.clock, peers=peers)
        self.public = VisitedBucket("public", clock=self.clock, peers=peers)
        self.cdn = self.public.cdn = MemoryCdn(url=PUBLIC_URL, bucket=self.public)
        peers |= {"private": self.private, "public": self.public}
        self.ingested = MemoryIngestBucket("ingest", clock=self.clock)
        self.sqs = MemorySqs()
        self.kms = MemoryKms()
        self.seals = seals
        kms = FaultyKms(Guarded("kms", self.kms, self.gate), self.faults)
        self.cipher = KmsCipher(ROLES.arn("SecretsKey"), client=lambda: kms)
        self.faulty_dynamo = FaultyDynamo(Guarded("dynamodb", client, self.gate), self.faults)
        self.r2 = FaultyS3(MemoryS3(peers), self.faults)  # no part of AWS
        self.s3 = FaultyS3(Guarded("s3", MemoryS3({"ingest": self.ingested}), self.gate), self.faults)
        self.faulty_sqs = FaultySqs(Guarded("sqs", self.sqs, self.gate), self.faults)
        functions = Guarded("lambda", MemoryLambda({RENDER_FUNCTION: self._render}), self.gate)
        self.lambdas = FaultyLambda(functions, self.faults)
        self.waited = itertools.count()
        self.repository = self.patient(repository)
        self.projector = self.patient(DynamoProjector)
        settings = replace(SETTINGS, quota=quota, seals_sensitive=seals)
        self.app = assemble(WorldPorts(self, settings), settings)
        images, delivery, upkeep = self.app.images, self.app.delivery, self.app.upkeep
        # What a test puts in place of a service comes before the services that use it.
        self.publisher = delivery.publisher
        self.protocol = images.write_protocol = as_a(protocol, images.write_protocol)
        self.deletion = images.deletion = as_a(deletion, images.deletion)
        self.rendering = delivery.rendering = as_a(rendering, delivery.rendering)
        # One after the other, so that every run makes the same calls.
        self.batches = images.batches = replace(images.batches, concurrency=1, last_step=timedelta(minutes=1))
        self.bucket = self.app.ports.private
        self.migrations = self.app.ports.migrations
        self.repairs = self.app.ports.repairs
        self.housekeeping = self.app.ports.housekeeping
        self.sealing = images.sealing
        self.earlier_images = images.earlier_images
        self.reservations = images.reservations
        self.uploads = images.uploads
        self.direct_uploads = images.direct_uploads
        self.ingestion = images.ingestion
        self.retrieval = images.retrieval
        self.editing = images.editing
        self.batch_deletion = images.batch_deletion
        self.transforming = delivery.transforming
        self.renditions = delivery.renditions
        self.share_links = delivery.share_links
        self.sharing = delivery.sharing
        self.shared = delivery.shared
        self.ingest_sweep = upkeep.ingest_sweep
        self.migration_requests = upkeep.migration_requests
        self.migration_run = upkeep.migration_run
        self.repair_requests = upkeep.repair_requests
        self.repair_run = upkeep.repair_run
        self.cleanup = upkeep.cleanup
        # What settles a store forgets nothing and never fails: it needs no table and no policies.
        settling = assemble(self.app.ports, replace(settings, cleanup_policies=()))
        settling.images.deletion, settling.delivery.publisher = self.deletion, self.publisher
        self._settling = replace(settling.upkeep.cleanup, housekeeping=MemoryHousekeeping())
        self.bystander = self.upload(Visibility.PUBLIC)

    def patient[Rows](self, rows: Callable[[DynamoTable], Rows]) -> Rows:
        """Rows in the failing table; each look at the clock takes a quarter of a second, so that waiting ends."""
        table = DynamoTable(
            self.table,
            client=lambda: self.faulty_dynamo,
            sleep=lambda _: None,
            monotonic=lambda: next(self.waited) / 4,
        )
        return rows(table)

    @runs_as("render")
    def _render(self, event: dict[str, Any]) -> dict[str, Any]:
        """The function that makes what is missing; when it is killed, the one that waits for it lives on."""
        until = self.clock.now() + timedelta(seconds=20)

        def make(wanted: RenderRequest) -> None:
            if isinstance(wanted, TransformRequest):
                self.transforming.make(wanted, until=until)
            else:
                self.rendering.make(wanted, until=until)

        try:
            return handle_render_request(event, make=make)
        except Killed as end:
            raise RuntimeError("The function ended.") from end

    def follow(self, protocol: type[WriteProtocol]) -> None:
        """Let all that is stored from here on follow another protocol."""
        self.protocol = as_a(protocol, self.protocol)
        self.reservations = replace(self.reservations, protocol=self.protocol)
        self.uploads = replace(self.uploads, reservations=self.reservations)
        self.direct_uploads = replace(self.direct_uploads, reservations=self.reservations)
        self.ingestion = replace(self.ingestion, uploads=self.uploads)

    def withdraw_with(self, publisher: type[Publisher]) -> None:
        """Let another publisher withdraw what is unpublished from here on; cleanup keeps its own."""
        self.editing = replace(self.editing, publisher=as_a(publisher, self.publisher))

    # What is done -------------------------------------------------------------------------------------

    @runs_as("upload")
    def upload(
        self,
        visibility: Visibility,
        *,
        expires_at: datetime | None = None,
        groups: tuple[str, ...] = ("session:s1",),
        category: str | None = None,
        key: str | None = None,
        said: Attributes = Attributes(),  # noqa: B008 - it is frozen
    ) -> Image:
        """Store the picture; with an idempotency key the same request stores it once."""
        attributes = replace(
            said, visibility=visibility, groups=groups, expires_at=expires_at, category=category
        )
        until = self.clock.now() + timedelta(seconds=25)
        idempotency = IdempotencyKey(key, "fingerprint") if key is not None else None
        return self.uploads.accept_and_show(
            Upload(OWNER, Content(PICTURE, "image/png"), attributes, until, idempotency)
        )

    @runs_as("upload")
    def upload_remote(self) -> Image:
        """Store the picture that lies at a URL."""
        until = self.clock.now() + timedelta(seconds=25)
        return self.uploads.accept(Upload(OWNER, RemoteUrl(PICTURE_URL), Attributes(), until))

    @runs_as("upload")
    def upload_batch(
        self, shown: Sequence[Visibility], *, groups: tuple[str, ...] = ()
    ) -> list[Image | ImageStoreError]:
        """Store the picture in one batch, as often as there are visibilities."""
        until = self.clock.now() + timedelta(seconds=25)
        return self.batches.run(shown, partial(self.upload, groups=groups), until=until)

    @runs_as("delete")
    def delete_batch(self, what: tuple[str, ...] | OwnerGroup, *, permanent: bool) -> DeletionResult:
        """Delete images in one batch."""
        until = self.clock.now() + timedelta(seconds=25)
        return self.batch_deletion.run(DeletionRequest(OWNER, what, permanent), until=until)

    @runs_as("direct")
    def announce(
        self,
        visibility: Visibility,
        *,
        said: Attributes = Attributes(),  # noqa: B008 - it is frozen
    ) -> Ticket:
        """Begin a direct upload of the picture."""
        ticket = self.direct_uploads.begin(
            DirectUpload(
                owner=OWNER,
                media_type=MediaType.PNG,
                size_bytes=len(PICTURE),
                sha256=hashlib.sha256(PICTURE).hexdigest(),
                attributes=replace(said, visibility=visibility, groups=("session:s1",)),
            )
        )
        assert isinstance(ticket, Ticket)
        return ticket

    def send(self, ticket: Ticket, data: bytes = PICTURE) -> None:
        """PUT bytes to where a ticket says, as its client does."""
        key = unquote(urlsplit(ticket.put.url).path.removeprefix("/private/"))
        self.private.put(key, data, content_type="image/png", cache_control="", metadata={})

    @runs_as("direct")
    def hand_over(self, ticket: Ticket) -> bool:
        """Complete a direct upload in a request without time; True says that it goes on behind the request."""
        return self.direct_uploads.complete(OWNER, ticket.image_id, until=self.clock.now()) is None

    @runs_as("admin")
    def begin_repair(self) -> RepairJob:
        """Ask for a repair of the whole store."""
        return self.repair_requests.begin()

    @runs_as("work")
    def work_off(self) -> int:
        """Let the function behind the work queue have what waits there; answers what it leaves."""

        until = self.clock.now() + timedelta(seconds=55)

        def carry_on(work: Work) -> None:
            match work:
                case CompleteUpload():
                    self.direct_uploads.finish(work, until=until)
                case MigrateBatch():
                    self.migration_run.carry_on(work, until=until)
                case RepairImage():
                    self.repair_run.repair(work, until=until)
                case RepairStep():
                    self.repair_run.carry_on(work, until=until)

        return self.sqs.invoke("work", partial(handle_work, carry_on=carry_on))

    @runs_as("migrate")
    def begin_migration(self, records: int) -> Migration:
        """Ask for the migration of some records in JSON lines, one a batch; each holds the picture."""
        lines = [{"id": str(number), "owner": OWNER, "image": _IN_BASE64} for number in range(records)]
        data = "\n".join(map(json.dumps, lines)).encode()
        self.ingested.put(JSON_LINES, data, content_type="", cache_control="", metadata={})
        return self.migration_requests.begin(JsonLines(JSON_LINES), Options(batch_size=1))

    def drop(self, key: str = INGEST_KEY, *, announced: bool = True) -> DroppedObject:
        """Drop the picture into the ingest bucket; its event may be lost."""
        dropped = self.ingested.drop(key, PICTURE)
        if announced:
            self.announce_dropped(dropped)
        return dropped

    def remove_dropped(self, dropped: DroppedObject) -> None:
        """Take an object away, and say so as the bucket would if it were asked to."""
        self.ingested.expire(dropped)
        stored = {"key": quote_plus(dropped.key, safe="/"), "versionId": dropped.version}
        removed = {
            "eventName": "ObjectRemoved:Delete",
            "s3": {"bucket": {"name": dropped.bucket}, "object": stored},
        }
        self.sqs.send_message(QueueUrl="events", MessageBody=json.dumps({"Records": [removed]}))

    def announce_dropped(self, dropped: DroppedObject) -> None:
        """Announce a dropped object as the bucket does, whatever fails elsewhere."""
        SqsIngestEvents("events", client=lambda: self.sqs).announce(dropped)

    @runs_as("ingest")
    def deliver(self) -> int:
        """Let the function behind the ingest queue have what waits there; answers what it leaves."""
        ingest = partial(self.ingestion.ingest, until=self.clock.now() + timedelta(seconds=55))
        function = partial(
            handle_messages,
            ingest=ingest,
            refuse=self.ingestion.refuse,
            set_aside=self.ingestion.set_aside,
        )
        return self.sqs.invoke("events", function)

    @runs_as("cleanup")
    def sweep(self) -> SweepReport:
        """Look for dropped objects that nobody was told of, as the schedule does."""
        return self.ingest_sweep.run(until=self.clock.now() + timedelta(minutes=15))

    @runs_as("direct")
    def complete(self, ticket: Ticket) -> Image:
        """Complete a direct upload."""
        until = self.clock.now() + timedelta(seconds=25)
        image = self.direct_uploads.complete(OWNER, ticket.image_id, until=until)
        assert image is not None
        return image

    @runs_as("update")
    def show(self, image: Image, visibility: Visibility) -> Image:
        """Change who may see an image."""

        def edit(seen: Image) -> Image:
            return replace(seen, record=replace(seen.record, visibility=visibility))

        return self.editing.edit(OWNER, image.record.id, edit, if_version=None)

    def show_id(self, image_id: str, visibility: Visibility) -> Image:
        """Change who may see an image, whatever it is by now."""
        return self.show(self.retrieval.get(OWNER, image_id), visibility)

    @runs_as("retrieve")
    def ask(self, image_id: str, preset: str = "w640", accept: str = "image/avif") -> RenditionFile:
        """Ask for a rendition as its owner does."""
        return self.renditions.for_owner(OWNER, image_id, preset, accept=accept)

    @runs_as("links")
    def ask_published(self, image: Image, preset: str = "w640", accept: str = "image/avif") -> RenditionFile:
        """Ask for a rendition as whoever has the link does."""
        assert image.record.publication is not None
        name = link(image.record.id, image.record.publication)
        return self.renditions.for_public_link(name, preset, accept=accept)

    @runs_as("share")
    def share(self, image_id: str, recipe: Recipe = TRANSFORM) -> str:
        """A link to a transform."""
        link, _ = self.sharing.share(OWNER, image_id, recipe, lifetime=timedelta(days=7))
        return link

    @runs_as("links")
    def follow_link(self, link: str) -> RenditionFile | str:
        """Look at what is shared."""
        return self.shared.find(link, accept=None)

    @runs_as("delete")
    def delete_id(self, image_id: str, *, permanent: bool) -> bool:
        """Delete an image; True says that it was acknowledged."""
        self.deletion.delete(OWNER, image_id, permanent=permanent)
        return True

    @runs_as("delete")
    def restore_id(self, image_id: str) -> Image:
        """Take an image out of the trash."""
        return self.deletion.restore(OWNER, image_id)

    @runs_as("project")
    def project(self, image_id: str) -> bool:
        """Follow what has become of an image, as the consumer of the stream does; True says that it was done."""
        self.projector.project(image_id, epoch=1, at=self.clock.now())
        return True

    @runs_as("cleanup")
    def collect(self) -> CleanupReport:
        """Run cleanup as its schedule does."""
        return self.cleanup.run(until=self.clock.now() + timedelta(minutes=15))

    def settle(self) -> None:
        """Let every grace pass, and cleanup do all it has to."""
        self.faults.end()  # what was on its way arrives in nobody's name
        self._clean_up()

    @runs_as("cleanup")
    def _clean_up(self) -> None:
        for grace in (PAST_RESERVATION, TOMBSTONE_GRACE + timedelta(minutes=1), PAST_STAGING):
            self.clock.instant += grace
            report = self._settling.run(until=self.clock.now() + timedelta(minutes=15))
            assert report.failed == 0
            assert report.stopped_because is None
            # Rows see to it from the first run on; the daily sweep is for what a restored table has forgotten.
            self._assert_public_copies_are_named(all_items(self.client, self.table))

    # What must be true --------------------------------------------------------------------------------

    def contents(self) -> tuple[object, ...]:
        """All that is stored, to be compared."""
        rows = sorted(all_items(self.client, self.table), key=lambda row: (row["pk"]["S"], row["sk"]["S"]))
        return deepcopy((rows, dict(self.private.objects), dict(self.public.objects)))

    def records(self) -> list[Image]:
        """Every record of the table, whatever its state."""
        return _records_in(all_items(self.client, self.table))

    def assert_sound(self) -> None:
        """Nothing is orphaned, nothing dangles, nothing is public that should not be, and the count is exact."""
        rows = all_items(self.client, self.table)
        records = _records_in(rows)
        kept = [found for found in records if found.record.state in {State.READY, State.TRASHED}]
        assert len(kept) == len(records), "a record was left that nobody can see"
        owned = {key for found in kept for key in found.record.private_keys}
        owned |= {
            key
            for found in kept
            for key in self.private.objects
            if found.record.transformed and key.startswith(found.record.transform_key(""))
        }
        assert set(self.private.objects) - owned == set(), "orphaned private objects"
        assert owned - set(self.private.objects) == set(), "records without their objects"
        published = {
            found.record.publication: found.record
            for found in kept
            if found.record.state is State.READY and found.record.publication is not None
        }
        shown = {key for name, record in published.items() for key in record.public_keys(name)}
        self._assert_public_copies_are_named(rows)
        assert shown - set(self.public.objects) == set(), "publications without their copies"
        for found in kept:
            private = found.record.visibility is Visibility.PRIVATE or found.record.state is State.TRASHED
            assert private == (found.record.publication is None), "the visibility is not what is served"
        counted = [found.record.size_bytes for found in kept if found.record.counted]
        quota = keys.usage(OWNER)
        row = next((row for row in rows if all(row[name] == quota[name] for name in quota)), {})
        usage = tuple(int(row.get(name, {"N": "0"})["N"]) for name in ("images", "size_bytes"))
        assert usage == (len(counted), sum(counted)), "the count is not exact"
        assert len(counted) == (len(kept) if self.uploads.quota.is_set else 0)
        self._assert_rows_follow(kept, rows)
        assert_feed_follows(rows)
        self.assert_shown(self.bystander)

    def _assert_public_copies_are_named(self, rows: list[items.Item]) -> None:
        # A copy that was announced and never committed goes with its publication.
        named = {
            key for row in map(publication_items.publication_of, _publications_in(rows)) for key in row.keys
        }
        assert set(self.public.objects) - named == set(), "public objects of no current publication"
        kept_by_cdn = {f"{PUBLIC_URL}/{key}" for key in named}
        assert self.cdn.cached - kept_by_cdn == set(), "copies of no current publication at the CDN"

    def assert_projected(self) -> None:
        """Once all of the stream was read, every image is found by what it is, and a recount of the figures agrees."""
        rows = all_items(self.client, self.table)
        changed = {image.record.id for image in _records_in(rows)}
        projected = (row["pk"]["S"] for row in rows if row["pk"]["S"].startswith(keys.PROJECTION_PREFIX))
        for image_id in changed | {pk.removeprefix(keys.PROJECTION_PREFIX) for pk in projected}:
            self.project(image_id)
        assert_projected(all_items(self.client, self.table))

    def assert_feed_follows(self) -> None:
        """Everybody finds the images that are READY, public and published at this moment, and no others."""
        assert_feed_follows(all_items(self.client, self.table))

    def _assert_rows_follow(self, kept: list[Image], rows: list[items.Item]) -> None:
        """The table holds the rows of its records and the count, and no others."""
        expected = {row for image in kept for row in records.rows_of(image)}
        stored = {(item["pk"]["S"], item["sk"]["S"]) for item in rows}
        # The count, what cleanup, sweeps and migrations remember, breakers, and what expires by itself.
        beside = {
            row
            for row in stored
            if row[1] in {"QUOTA", "USAGE", "SWEEP"}
            or row[0].startswith(("CLEANUP", "MIGRATION#", "MIGRATIONS", "PROVIDER#", *OF_PROJECTIONS))
        }
        beside |= {(item["pk"]["S"], item["sk"]["S"]) for item in rows if "ttl" in item}
        assert stored - beside == expected, "rows that follow from no record"

    def assert_bytes(self, record: ImageRecord) -> None:
        """Every private object of the image is there, and the original has the bytes that were accepted."""
        assert set(record.private_keys) <= self.private.objects.keys()
        held = self.private.objects[record.original_key].data
        assert hashlib.sha256(held).hexdigest() == record.sha256

    def assert_readable(self, image: Image) -> None:
        """The owner can read the image as it was stored."""
        found = self.retrieval.get(OWNER, image.record.id)
        assert self.bucket.get(found.record.original_key, max_bytes=1_000) == PICTURE
        keys = set(found.record.private_keys)
        assert len(keys) > len(UPLOAD_RECIPES)
        assert keys <= self.private.objects.keys()

    def assert_shown(self, image: Image) -> None:
        """Its link shows the image to everybody."""
        self.assert_readable(image)
        name = image.record.publication
        assert name is not None
        record = self.retrieval.get_public(link(image.record.id, name))
        assert record.id == image.record.id
        assert record.public_keys(name) <= self.public.objects.keys()
        assert len(record.public_keys(name)) >= len(UPLOAD_RECIPES)

    def assert_not_shown(self, image: Image, publication: str) -> None:
        """A link that was once good shows nothing, and no copy is left."""
        try:
            self.retrieval.get_public(link(image.record.id, publication))
        except ImageNotFound:
            pass
        else:
            raise AssertionError("the link still works")
        assert not [key for key in self.public.objects if key.startswith(f"p/{publication}/")]
        assert not [url for url in self.cdn.cached if url.startswith(f"{PUBLIC_URL}/p/{publication}/")]

    def assert_gone(self, image: Image) -> None:
        """Neither the record nor any object below its folder is left."""
        assert self.repository.get(image.record.id) is None
        record = image.record
        folders = (record.prefix, record.transforms_prefix)
        assert not [key for key in self.private.objects if key.startswith(folders)]


def _publications_in(rows: list[items.Item]) -> list[items.Item]:
    return [row for row in rows if row["sk"]["S"] == keys.PUBLICATION]


def _no_table(table: Table, _: FieldNames) -> MigrationSource:
    raise SourceUnreadable(f"There is no table {table.name}.")


def _records_in(rows: list[items.Item]) -> list[Image]:
    of_images: dict[str, list[items.Item]] = defaultdict(list)
    for row in rows:
        if row["sk"]["S"] in {keys.META, keys.DETAIL}:
            of_images[row["pk"]["S"]].append(row)
    found = [records.image_of(parts) for parts in of_images.values()]
    return [image for image in found if image is not None]

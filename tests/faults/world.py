"""A whole store on storage that fails on demand."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from image_store.adapters.dynamodb.finding.projector import DynamoProjector
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.kms import KmsCipher
from image_store.adapters.sqs import SqsIngestEvents
from image_store.bootstrap import assemble
from image_store.domain.deadlines import TOMBSTONE_GRACE
from image_store.domain.delivery.render_requests import RenderRequest, TransformRequest
from image_store.domain.delivery.renditions import Fit, Recipe
from image_store.domain.delivery.signed_links import transform
from image_store.domain.errors import ImageStoreError
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Visibility
from image_store.domain.images.ingest import DroppedObject
from image_store.domain.images.media import MediaType
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import IdempotencyKey
from image_store.domain.upkeep.cleanup import CleanupReport
from image_store.domain.work import (
    CompleteUpload,
    ImportStep,
    MigrateBatch,
    RecoveryStep,
    RepairImage,
    RepairStep,
    Work,
)
from image_store.entrypoints.delivery.render_requests import handle_render_request
from image_store.entrypoints.images.ingest_events import handle_messages
from image_store.entrypoints.work import handle_work
from image_store.services.delivery.rendering import Rendering
from image_store.services.delivery.renditions import RenditionFile
from image_store.services.images.batch_deletion import DeletionRequest, DeletionResult
from image_store.services.images.deletion import Deletion
from image_store.services.images.direct_uploads import COMPLETION_LIFETIME, DirectUpload, Ticket
from image_store.services.images.sources import Content
from image_store.services.images.uploads import Upload
from image_store.services.images.write_protocol import WriteProtocol
from image_store.services.upkeep.cleanup.objects import STAGING_LIFETIME
from image_store.services.upkeep.ingest_sweep import SweepReport
from tests.fakes.clock import CountedIds, SetClock, Stopwatch
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.endpoints import MemoryEndpoints
from tests.fakes.event_bridge import MemoryEventBridge
from tests.fakes.housekeeping import MemoryHousekeeping
from tests.fakes.imports import MemorySource
from tests.fakes.kms_client import MemoryKms
from tests.fakes.lambda_client import MemoryLambda
from tests.fakes.object_store import MemoryBucket, MemoryIngestBucket
from tests.fakes.purger import MemoryCdn
from tests.fakes.rows import DynamoRows
from tests.fakes.s3_client import MemoryS3
from tests.fakes.sqs_client import MemorySqs
from tests.faults.faults import Faults, Killed
from tests.faults.ports import RENDER_FUNCTION, SETTINGS, VisitedBucket, WorldPorts, as_a
from tests.faults.roles import ROLES, TABLE, runs_as
from tests.faults.soundness import assert_public_copies_are_named, records_in
from tests.faults.vendors import FaultyDynamo, FaultyEventBridge, FaultyKms, FaultyLambda, FaultyS3, FaultySqs
from tests.roles.comparison import USED
from tests.roles.enforcement import GatePerThread, Guarded, GuardedBuckets
from tests.samples import OWNER, PICTURE, PUBLIC_URL

INGEST_KEY = f"ingest/{OWNER}/dropped.png"
TRANSFORM = transform(Recipe(200, 100, Fit.COVER))
PAST_RESERVATION = COMPLETION_LIFETIME + timedelta(minutes=1)
PAST_STAGING = STAGING_LIFETIME + timedelta(minutes=1)


class World:
    """The services on failing storage, with one public image in it that nothing may happen to.

    What it does, it does as one of the functions, and AWS is called with leave of that function's role alone.
    """

    def __init__(
        self,
        client: Any,
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
        self.ids = CountedIds(self.clock)
        self.client = client
        self.table = new_table(client, TABLE)
        self.gate = GatePerThread(ROLES, USED)
        peers: dict[str, MemoryBucket] = {}
        self.private = MemoryBucket("private", clock=self.clock, peers=peers)
        self.public = VisitedBucket("public", clock=self.clock, peers=peers)
        self.cdn = self.public.cdn = MemoryCdn(url=PUBLIC_URL, bucket=self.public)
        self.backup = MemoryBucket("backup", clock=self.clock, peers=peers)
        peers |= {"private": self.private, "public": self.public, "backup": self.backup}
        self.ingested = MemoryIngestBucket("ingest", clock=self.clock)
        self.old_store = MemorySource()
        self.sqs, self.kms = MemorySqs(), MemoryKms()
        self.seals = seals
        kms = FaultyKms(Guarded("kms", self.kms, self.gate), self.faults)
        self.cipher = KmsCipher(ROLES.arn("SecretsKey"), client=lambda: kms)
        self.faulty_dynamo = FaultyDynamo(Guarded("dynamodb", client, self.gate), self.faults)
        self.r2 = FaultyS3(GuardedBuckets(MemoryS3(peers), self.gate), self.faults)
        self.s3 = FaultyS3(Guarded("s3", MemoryS3({"ingest": self.ingested}), self.gate), self.faults)
        self.faulty_sqs = FaultySqs(Guarded("sqs", self.sqs, self.gate), self.faults)
        self.endpoints, self.event_bridge = MemoryEndpoints(self.clock), MemoryEventBridge()
        self.faulty_bridge = FaultyEventBridge(Guarded("events", self.event_bridge, self.gate), self.faults)
        functions = Guarded("lambda", MemoryLambda({RENDER_FUNCTION: self._render}), self.gate)
        self.lambdas = FaultyLambda(functions, self.faults)
        self.watch = Stopwatch(step_seconds=0.25)
        self.repository = self.patient(repository)
        self.projector = self.patient(DynamoProjector)
        settings = replace(
            SETTINGS, quota=quota, encryption=replace(SETTINGS.encryption, seals_sensitive=seals)
        )
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
        upkeep.import_run = replace(
            upkeep.import_run,
            batches=replace(upkeep.import_run.batches, concurrency=1, last_step=timedelta(minutes=1)),
        )
        self.migrations = self.app.ports.migrations
        self.imports = self.app.ports.imports
        self.repairs = self.app.ports.repairs
        self.housekeeping = self.app.ports.housekeeping
        self.sealing = images.sealing
        self.reservations = images.reservations
        self.uploads = images.uploads
        self.direct_uploads = images.direct_uploads
        self.ingestion = images.ingestion
        self.retrieval = images.retrieval
        self.editing = images.editing
        self.transforming = delivery.transforming
        self.migration_requests = upkeep.migration_requests
        self.import_requests = upkeep.import_requests
        # What settles a store forgets nothing and never fails: it needs no table and no policies.
        settling = assemble(self.app.ports, replace(settings, cleanup=replace(settings.cleanup, policies=())))
        settling.images.deletion, settling.delivery.publisher = self.deletion, self.publisher
        self._settling = replace(settling.upkeep.cleanup, housekeeping=MemoryHousekeeping())
        self.bystander = self.upload(Visibility.PUBLIC)

    def patient[Rows](self, rows: Callable[[DynamoTable], Rows]) -> Rows:
        """Rows in the failing table; each look at the clock takes a quarter of a second, so that waiting ends."""
        table = DynamoTable(
            self.table,
            client=lambda: self.faulty_dynamo,
            sleep=lambda _: None,
            monotonic=self.watch,
        )
        return rows(table)

    @runs_as("render")
    def _render(self, event: dict[str, Any]) -> dict[str, Any]:
        """The function that makes what is missing; when it is killed, the one that waits for it lives on."""
        until = self.clock.now() + timedelta(seconds=20)

        def make(request: RenderRequest) -> None:
            if isinstance(request, TransformRequest):
                self.transforming.make(request, until=until)
            else:
                self.rendering.make(request, until=until)

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
        attributes: Attributes = Attributes(),  # noqa: B008 - it is frozen
    ) -> Image:
        """Store the picture; with an idempotency key the same request stores it once."""
        attributes = replace(
            attributes, visibility=visibility, groups=groups, expires_at=expires_at, category=category
        )
        until = self.clock.now() + timedelta(seconds=25)
        idempotency = IdempotencyKey(key, "fingerprint") if key is not None else None
        request = Upload(OWNER, Content(PICTURE, "image/png"), attributes, until, idempotency)
        return self.uploads.accept_and_show(request).image

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
        return self.app.images.batch_deletion.run(DeletionRequest(OWNER, what, permanent), until=until)

    @runs_as("direct")
    def announce(
        self,
        visibility: Visibility,
        *,
        attributes: Attributes = Attributes(),  # noqa: B008 - it is frozen
    ) -> Ticket:
        """Begin a direct upload of the picture."""
        ticket = self.direct_uploads.begin(
            DirectUpload(
                owner=OWNER,
                media_type=MediaType.PNG,
                size_bytes=len(PICTURE),
                sha256=hashlib.sha256(PICTURE).hexdigest(),
                attributes=replace(attributes, visibility=visibility, groups=("session:s1",)),
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

    @runs_as("work")
    def work_off(self) -> int:
        """Let the function behind the work queue have what waits there; answers what it leaves."""
        until = self.clock.now() + timedelta(seconds=55)

        def carry_on(work: Work) -> None:
            match work:
                case CompleteUpload():
                    self.direct_uploads.finish(work, until=until)
                case MigrateBatch():
                    self.app.upkeep.migration_run.carry_on(work, until=until)
                case ImportStep():
                    self.app.upkeep.import_run.carry_on(work, until=until)
                case RepairImage():
                    self.app.upkeep.repair_run.repair(work, until=until)
                case RepairStep():
                    self.app.upkeep.repair_run.carry_on(work, until=until)
                case RecoveryStep():
                    self.app.recovery.run.carry_on(work, until=until)

        return self.sqs.invoke("work", partial(handle_work, carry_on=carry_on))

    def drop(self, key: str = INGEST_KEY, *, announced: bool = True) -> DroppedObject:
        """Drop the picture into the ingest bucket; its event may be lost."""
        dropped = self.ingested.drop(key, PICTURE)
        if announced:
            self.announce_dropped(dropped)
        return dropped

    def announce_dropped(self, dropped: DroppedObject) -> None:
        SqsIngestEvents("events", client=lambda: self.sqs).announce(dropped)

    @runs_as("ingest")
    def deliver(self) -> int:
        """Let the function behind the ingest queue have what waits there; answers what it leaves."""
        ingest = partial(self.ingestion.ingest, until=self.clock.now() + timedelta(seconds=55))
        function = partial(
            handle_messages, ingest=ingest, refuse=self.ingestion.refuse, set_aside=self.ingestion.set_aside
        )
        return self.sqs.invoke("events", function)

    @runs_as("cleanup")
    def sweep(self) -> SweepReport:
        """Look for dropped objects that nobody was told of, as the schedule does."""
        return self.app.upkeep.ingest_sweep.run(until=self.clock.now() + timedelta(minutes=15))

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
        return self.app.delivery.renditions.for_owner(OWNER, image_id, preset, accept=accept)

    @runs_as("share")
    def sign_link(self, image_id: str, recipe: Recipe = TRANSFORM) -> str:
        """A link to a transform."""
        link, _ = self.app.delivery.signed_link_creation.create(
            OWNER, image_id, recipe, lifetime=timedelta(days=7)
        )
        return link

    @runs_as("links")
    def follow_link(self, link: str) -> RenditionFile | str:
        """Look at what a signed link shows."""
        return self.app.delivery.signed_link_view.find(link, accept=None)

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

    @runs_as("project")
    def project_together(self, image_ids: Sequence[str]) -> bool:
        """Follow what has become of several images, as a batch of the stream is; True says that it was done."""
        for image_id in self.projector.project_together(image_ids, epoch=1, at=self.clock.now()):
            self.projector.project(image_id, epoch=1, at=self.clock.now())
        return True

    @runs_as("cleanup")
    def collect(self) -> CleanupReport:
        """Run cleanup as its schedule does."""
        return self.app.upkeep.cleanup.run(until=self.clock.now() + timedelta(minutes=15))

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
            assert_public_copies_are_named(self, all_items(self.client, self.table))

    # What must be true --------------------------------------------------------------------------------

    def records(self) -> list[Image]:
        """Every record of the table, whatever its state."""
        return records_in(all_items(self.client, self.table))


Worlds = Callable[..., World]
"""Makes a world of parts that differ from the usual ones."""

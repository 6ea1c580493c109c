"""Storing, showing, changing and deleting images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.adapters.dynamodb.images.repository import DynamoRepository
from image_store.bootstrap.clients import Clients
from image_store.bootstrap.parts import made_once
from image_store.entrypoints.callers.actors import acting
from image_store.entrypoints.images.answers import Answers
from image_store.entrypoints.operations.observability import logger
from image_store.services.images.retrieval import Retrieval

if TYPE_CHECKING:
    from image_store.ports.delivery import PublicationRows, Purger, Renderer, RenderLeases
    from image_store.ports.finding import ImageLists
    from image_store.ports.images import Claims, Fetcher, ImageProcessor, ImageRepository
    from image_store.ports.objects import ObjectStore
    from image_store.ports.queues import WorkQueue
    from image_store.ports.secrets import Cipher
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
    from image_store.services.images.editing import Editing
    from image_store.services.images.reservations import Reservations
    from image_store.services.images.sealing import Sealing
    from image_store.services.images.uploads import Uploads
    from image_store.services.images.write_protocol import WriteProtocol


class Images(Clients):
    """Storing, showing, changing and deleting images."""

    @made_once
    def repository(self) -> ImageRepository:
        return DynamoRepository(self.settings.table, client=lambda: self._dynamodb, actor=acting)

    @made_once
    def claims(self) -> Claims:
        from image_store.adapters.dynamodb.images.claims import DynamoClaims

        return DynamoClaims(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def image_lists(self) -> ImageLists:
        from image_store.adapters.dynamodb.finding.lists import DynamoImageLists

        return DynamoImageLists(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def publication_rows(self) -> PublicationRows:
        from image_store.adapters.dynamodb.delivery.publication_rows import DynamoPublicationRows

        return DynamoPublicationRows(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def render_leases(self) -> RenderLeases:
        from image_store.adapters.dynamodb.delivery.render_leases import DynamoRenderLeases

        return DynamoRenderLeases(self.settings.table, client=lambda: self._dynamodb)

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
    def work_queue(self) -> WorkQueue:
        from image_store.adapters.sqs import SqsWorkQueue

        return SqsWorkQueue(self.settings.work_queue_url, client=lambda: self._sqs)

    @made_once
    def cipher(self) -> Cipher:
        from image_store.adapters.kms import KmsCipher

        return KmsCipher(self.settings.secrets_key, client=lambda: self._kms)

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

    def _report_refusal(self, reason: str, url: str) -> None:
        # A path may hold what is sealed elsewhere.
        shown = "/".join(url.split("/", 3)[:3]) if self.settings.seals_sensitive else url
        logger.warning("no image fetched", reason=reason, url=shown)

    @made_once
    def sealing(self) -> Sealing:
        from image_store.services.images.sealing import Sealing

        return Sealing(cipher=lambda: self.cipher, seals=self.settings.seals_sensitive)

    @made_once
    def answers(self) -> Answers:
        return Answers(private=self.private, public_url=self.settings.public_url)

    @made_once
    def publisher(self) -> Publisher:
        from image_store.services.delivery.publishing import Publisher

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
        from image_store.services.images.write_protocol import WriteProtocol

        return WriteProtocol(
            repository=self.repository,
            private=self.private,
            private_bucket=self.settings.private_bucket,
            public=self.public,
            public_cache_control=self.settings.public_cache_control,
            clock=self.clock,
            ids=self.ids,
        )

    @made_once
    def earlier_images(self) -> EarlierImages:
        from image_store.services.images.earlier_images import EarlierImages

        return EarlierImages(repository=self.repository, claims=self.claims, clock=self.clock, ids=self.ids)

    @made_once
    def reservations(self) -> Reservations:
        from image_store.services.images.reservations import Reservations

        return Reservations(
            earlier=self.earlier_images,
            protocol=self.write_protocol,
            clock=self.clock,
            ids=self.ids,
            layout=self.settings.key_layout,
            sealing=self.sealing,
        )

    @made_once
    def uploads(self) -> Uploads:
        from image_store.services.images.sources import Sources
        from image_store.services.images.uploads import Uploads

        return Uploads(
            earlier=self.earlier_images,
            sources=Sources(fetcher=lambda: self.fetcher, max_bytes=self.settings.max_bytes),
            processor=self.processor,
            reservations=self.reservations,
            quota=self.settings.quota,
            clock=self.clock,
            sealing=self.sealing,
            mark=self.settings.provenance,
        )

    @made_once
    def direct_uploads(self) -> DirectUploads:
        from image_store.services.images.direct_uploads import DirectUploads

        return DirectUploads(
            repository=self.repository,
            earlier=self.earlier_images,
            private=self.private,
            processor=self.processor,
            reservations=self.reservations,
            quota=self.settings.quota,
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
        from image_store.services.delivery.renditions import Renditions

        return Renditions(
            retrieval=self.retrieval, renderer=lambda: self.renderer, presets=self.settings.presets
        )

    @made_once
    def rendering(self) -> Rendering:
        from image_store.services.delivery.rendering import Rendering

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
        from image_store.services.delivery.transforming import Transforming

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
        from image_store.services.delivery.signed_links import ShareLinks

        return ShareLinks(keys=lambda: self._secrets.json(self.settings.signing_secret))

    @made_once
    def sharing(self) -> Sharing:
        from image_store.services.delivery.signed_links import Sharing

        return Sharing(
            retrieval=self.retrieval,
            links=self.share_links,
            presets=self.settings.presets,
            clock=self.clock,
        )

    @made_once
    def shared(self) -> SharedImages:
        from image_store.services.delivery.signed_links import SharedImages

        return SharedImages(
            retrieval=self.retrieval,
            renditions=self.renditions,
            links=self.share_links,
            private=self.private,
            renderer=lambda: self.renderer,
            clock=self.clock,
        )

    @made_once
    def listing(self) -> Listing:
        from image_store.services.finding.lists import Listing

        return Listing(lists=self.image_lists, cursors=self.cursors, clock=self.clock)

    @made_once
    def cursors(self) -> Cursors:
        from image_store.services.finding.cursors import Cursors

        return Cursors(keys=lambda: self._secrets.json(self.settings.signing_secret))

    @made_once
    def batches(self) -> Batches:
        from image_store.services.images.batches import Batches

        return Batches(clock=self.clock)

    @made_once
    def batch_deletion(self) -> BatchDeletion:
        from image_store.services.images.batch_deletion import BatchDeletion

        return BatchDeletion(
            lists=self.image_lists,
            deletion=self.deletion,
            batches=self.batches,
            cursors=self.cursors,
            clock=self.clock,
        )

    @made_once
    def editing(self) -> Editing:
        from image_store.services.images.editing import Editing

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
        from image_store.services.images.deletion import Deletion

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

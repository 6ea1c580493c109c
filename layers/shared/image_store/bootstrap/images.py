"""Assembles the services that store, show, change and delete images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property
from image_store.services.images.retrieval import Retrieval

if TYPE_CHECKING:
    from image_store.bootstrap.assembly import Application
    from image_store.services.groups.deletion import GroupDeletion
    from image_store.services.groups.members import GroupMembers
    from image_store.services.images.batch_changes import BatchChanges
    from image_store.services.images.batch_deletion import BatchDeletion
    from image_store.services.images.batches import Batches
    from image_store.services.images.deletion import Deletion
    from image_store.services.images.direct_uploads import DirectUploads
    from image_store.services.images.earlier_images import EarlierImages
    from image_store.services.images.editing import Editing
    from image_store.services.images.ingestion import Ingestion
    from image_store.services.images.reservations import Reservations
    from image_store.services.images.sealing import Sealing
    from image_store.services.images.uploads import Uploads
    from image_store.services.images.write_protocol import WriteProtocol


class Images:
    """The services that store, show, change and delete images."""

    def __init__(self, application: Application) -> None:
        self._areas = application
        self._ports = application.ports
        self._settings = application.settings

    @lazy_property
    def sealing(self) -> Sealing:
        from image_store.services.images.sealing import Sealing

        return Sealing(cipher=lambda: self._ports.cipher, seals=self._settings.encryption.seals_sensitive)

    @lazy_property
    def write_protocol(self) -> WriteProtocol:
        from image_store.services.images.write_protocol import WriteProtocol

        return WriteProtocol(
            repository=self._ports.repository,
            private=self._ports.private,
            private_bucket=self._settings.storage.private_bucket,
            public=self._ports.public,
            public_cache_control=self._settings.publication.cache_control,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def earlier_images(self) -> EarlierImages:
        from image_store.services.images.earlier_images import EarlierImages

        return EarlierImages(
            repository=self._ports.repository,
            claims=self._ports.claims,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def reservations(self) -> Reservations:
        from image_store.services.images.reservations import Reservations

        return Reservations(
            earlier=self.earlier_images,
            protocol=self.write_protocol,
            clock=self._ports.clock,
            ids=self._ports.ids,
            layout=self._settings.storage.key_layout,
            sealing=self.sealing,
        )

    @lazy_property
    def uploads(self) -> Uploads:
        from image_store.services.images.sources import Sources
        from image_store.services.images.uploads import Uploads

        return Uploads(
            earlier=self.earlier_images,
            sources=Sources(fetcher=lambda: self._ports.fetcher, max_bytes=self._settings.limits.max_bytes),
            processor=self._ports.processor,
            reservations=self.reservations,
            quota=self._settings.quota,
            clock=self._ports.clock,
            sealing=self.sealing,
            upload_permissions=lambda: self._areas.callers.upload_permissions,
            mark=self._settings.renditions.provenance,
        )

    @lazy_property
    def direct_uploads(self) -> DirectUploads:
        from image_store.services.images.direct_uploads import DirectUploads

        return DirectUploads(
            repository=self._ports.repository,
            earlier=self.earlier_images,
            private=self._ports.private,
            processor=self._ports.processor,
            reservations=self.reservations,
            quota=self._settings.quota,
            work=self._ports.work_queue,
            clock=self._ports.clock,
            ids=self._ports.ids,
            sealing=self.sealing,
            upload_permissions=lambda: self._areas.callers.upload_permissions,
            max_bytes=self._settings.limits.max_bytes,
            mark=self._settings.renditions.provenance,
        )

    @lazy_property
    def ingestion(self) -> Ingestion:
        from image_store.services.images.ingestion import Ingestion

        return Ingestion(
            bucket=self._ports.ingest_bucket,
            notes=self._ports.ingest_notes,
            dead_letters=self._ports.dead_letters,
            uploads=self.uploads,
            clock=self._ports.clock,
            max_bytes=self._settings.limits.max_bytes,
        )

    @lazy_property
    def retrieval(self) -> Retrieval:
        return Retrieval(repository=self._ports.repository)

    @lazy_property
    def batches(self) -> Batches:
        from image_store.services.images.batches import Batches

        return Batches(clock=self._ports.clock)

    @lazy_property
    def batch_deletion(self) -> BatchDeletion:
        from image_store.services.images.batch_deletion import BatchDeletion

        return BatchDeletion(members=self.group_members, deletion=self.deletion, batches=self.batches)

    @lazy_property
    def group_members(self) -> GroupMembers:
        from image_store.services.groups.members import GroupMembers

        return GroupMembers(
            lists=self._ports.list_rows,
            batches=self.batches,
            cursors=self._areas.finding.cursors,
            clock=self._ports.clock,
        )

    @lazy_property
    def group_deletion(self) -> GroupDeletion:
        from image_store.services.groups.deletion import GroupDeletion

        return GroupDeletion(
            groups=self._ports.groups,
            members=self.group_members,
            editing=self.editing,
            deletion=self.deletion,
        )

    @lazy_property
    def batch_changes(self) -> BatchChanges:
        from image_store.services.images.batch_changes import BatchChanges

        return BatchChanges(editing=self.editing, deletion=self.deletion, batches=self.batches)

    @lazy_property
    def editing(self) -> Editing:
        from image_store.services.images.editing import Editing

        return Editing(
            repository=self._ports.repository,
            retrieval=self.retrieval,
            publisher=self._areas.delivery.publisher,
            clock=self._ports.clock,
            ids=self._ports.ids,
            sealing=self.sealing,
        )

    @lazy_property
    def deletion(self) -> Deletion:
        from image_store.services.images.deletion import Deletion

        return Deletion(
            repository=self._ports.repository,
            retrieval=self.retrieval,
            private=self._ports.private,
            publisher=self._areas.delivery.publisher,
            clock=self._ports.clock,
            ids=self._ports.ids,
            sealing=self.sealing,
            trash_retention=self._settings.cleanup.trash_retention,
        )

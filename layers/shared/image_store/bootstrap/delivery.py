"""Assembles the services that publish, render and share images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from image_store.bootstrap.assembly import Application
    from image_store.services.delivery.old_links import OldLinks
    from image_store.services.delivery.publishing import Publisher
    from image_store.services.delivery.rendering import Rendering
    from image_store.services.delivery.renditions import Renditions
    from image_store.services.delivery.shares import ShareAdministration, SharedView
    from image_store.services.delivery.signed_links import LinkSignatures, SignedLinkCreation, SignedLinkView
    from image_store.services.delivery.transforming import Transforming


class Delivery:
    """The services that publish, render and share images."""

    def __init__(self, application: Application) -> None:
        self._areas = application
        self._ports = application.ports
        self._settings = application.settings

    @lazy_property
    def publisher(self) -> Publisher:
        from image_store.services.delivery.publishing import Publisher

        return Publisher(
            repository=self._ports.repository,
            publications=self._ports.publication_rows,
            bucket=self._ports.public,
            public_url=self._settings.publication.url,
            purger=self._ports.purger,
            private_bucket=self._settings.storage.private_bucket,
            default_cache_control=self._settings.publication.cache_control,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def old_links(self) -> OldLinks:
        from image_store.services.delivery.old_links import OldLinks

        return OldLinks(old_paths=self._ports.old_paths, repository=self._ports.repository)

    @lazy_property
    def renditions(self) -> Renditions:
        from image_store.services.delivery.renditions import Renditions

        return Renditions(
            retrieval=self._areas.images.retrieval,
            renderer=lambda: self._ports.renderer,
            presets=self._settings.renditions.presets,
        )

    @lazy_property
    def rendering(self) -> Rendering:
        from image_store.services.delivery.rendering import Rendering

        return Rendering(
            repository=self._ports.repository,
            leases=self._ports.render_leases,
            private=self._ports.private,
            publisher=self.publisher,
            processor=self._ports.processor,
            presets=self._settings.renditions.presets,
            clock=self._ports.clock,
            ids=self._ports.ids,
            mark=self._settings.renditions.provenance,
        )

    @lazy_property
    def transforming(self) -> Transforming:
        from image_store.services.delivery.transforming import Transforming

        return Transforming(
            repository=self._ports.repository,
            leases=self._ports.render_leases,
            private=self._ports.private,
            processor=self._ports.processor,
            clock=self._ports.clock,
            ids=self._ports.ids,
            mark=self._settings.renditions.provenance,
        )

    @lazy_property
    def share_administration(self) -> ShareAdministration:
        from image_store.services.delivery.shares import ShareAdministration

        return ShareAdministration(
            shares=self._ports.shares,
            retrieval=self._areas.images.retrieval,
            presets=self._settings.renditions.presets,
            signing_keys=self._ports.signing_keys,
            cursors=self._areas.finding.cursors,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def shared_view(self) -> SharedView:
        from image_store.services.delivery.shares import SharedView

        return SharedView(
            shares=self._ports.shares,
            retrieval=self._areas.images.retrieval,
            renditions=self.renditions,
            signing_keys=self._ports.signing_keys,
            clock=self._ports.clock,
        )

    @lazy_property
    def link_signatures(self) -> LinkSignatures:
        from image_store.services.delivery.signed_links import LinkSignatures

        return LinkSignatures(keys=self._ports.signing_keys)

    @lazy_property
    def signed_link_creation(self) -> SignedLinkCreation:
        from image_store.services.delivery.signed_links import SignedLinkCreation

        return SignedLinkCreation(
            retrieval=self._areas.images.retrieval,
            links=self.link_signatures,
            presets=self._settings.renditions.presets,
            clock=self._ports.clock,
        )

    @lazy_property
    def signed_link_view(self) -> SignedLinkView:
        from image_store.services.delivery.signed_links import SignedLinkView

        return SignedLinkView(
            retrieval=self._areas.images.retrieval,
            renditions=self.renditions,
            links=self.link_signatures,
            private=self._ports.private,
            renderer=lambda: self._ports.renderer,
            clock=self._ports.clock,
        )

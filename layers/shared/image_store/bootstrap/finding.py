"""Assembles the services that list and search images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from image_store.bootstrap.assembly import Application
    from image_store.services.finding.cursors import Cursors
    from image_store.services.finding.feed import Feed
    from image_store.services.finding.lists import Lists
    from image_store.services.finding.search import Search
    from image_store.services.finding.similarity import Similarity
    from image_store.services.groups.administration import GroupAdministration
    from image_store.services.groups.lists import PlaceLists


class Finding:
    """The services that list and search images."""

    def __init__(self, application: Application) -> None:
        self._areas = application
        self._ports = application.ports
        self._settings = application.settings

    @lazy_property
    def cursors(self) -> Cursors:
        from image_store.services.finding.cursors import Cursors

        return Cursors(keys=self._ports.signing_keys)

    @lazy_property
    def lists(self) -> Lists:
        from image_store.services.finding.lists import Lists

        return Lists(rows=self._ports.list_rows, cursors=self.cursors, clock=self._ports.clock)

    @lazy_property
    def search(self) -> Search:
        from image_store.services.finding.search import Search

        return Search(
            index=self._ports.search_index,
            lists=self._ports.list_rows,
            cursors=self.cursors,
            clock=self._ports.clock,
        )

    @lazy_property
    def similarity(self) -> Similarity:
        from image_store.services.finding.similarity import Similarity

        return Similarity(repository=self._ports.repository, rows=self._ports.similarity_index)

    @lazy_property
    def place_lists(self) -> PlaceLists:
        from image_store.services.groups.lists import PlaceLists

        return PlaceLists(places=self._ports.places, cursors=self.cursors, clock=self._ports.clock)

    @lazy_property
    def group_administration(self) -> GroupAdministration:
        from image_store.services.groups.administration import GroupAdministration

        return GroupAdministration(
            groups=self._ports.groups,
            lists=self.place_lists,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def feed(self) -> Feed:
        from image_store.services.finding.feed import Feed
        from image_store.services.finding.hot_pages import HotPages

        return Feed(
            rows=self._ports.feed_rows,
            cursors=self.cursors,
            clock=self._ports.clock,
            hot_pages=HotPages(kept_for=self._settings.feed.cache_lifetime),
        )

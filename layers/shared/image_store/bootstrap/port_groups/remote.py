"""Chooses the adapters that read from other servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property
from image_store.bootstrap.port_groups.callers import CallerPorts
from image_store.entrypoints.operations.observability import logger

if TYPE_CHECKING:
    from image_store.adapters.remote import AddressRules
    from image_store.ports.images import Fetcher
    from image_store.ports.upkeep import Imports, ImportSources


class RemotePorts(CallerPorts):
    """The adapters for remote URLs and imports; each is created at its first use."""

    @lazy_property
    def fetcher(self) -> Fetcher:
        from image_store.adapters.remote import HttpFetcher

        return HttpFetcher(self._address_rules, clock=self.clock, report=self._report_refusal)

    @lazy_property
    def imports(self) -> Imports:
        from image_store.adapters.dynamodb.upkeep.imports import DynamoImports

        return DynamoImports(self.table)

    @lazy_property
    def import_sources(self) -> ImportSources:
        from image_store.adapters.importing.opening import SecretSources
        from image_store.adapters.remote import Connections, SourceHttp

        connections = Connections(self._address_rules, clock=self.clock)
        return SecretSources(
            document=lambda: self.clients.secrets.document(self._settings.remote.import_secret),
            http=SourceHttp(connections, report=self._report_refusal),
            clock=self.clock,
        )

    @property
    def _address_rules(self) -> AddressRules:
        from image_store.adapters.remote import AddressRules

        return AddressRules(hosts=self._settings.remote.hosts, networks=self._settings.remote.networks)

    def _report_refusal(self, reason: str, url: str) -> None:
        # A path may contain what the store seals.
        logged_url = "/".join(url.split("/", 3)[:3]) if self._settings.encryption.seals_sensitive else url
        logger.warning("no image fetched", reason=reason, url=logged_url)

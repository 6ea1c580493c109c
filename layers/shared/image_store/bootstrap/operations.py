"""Assembles the services that report on the store as a whole."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.bootstrap.assembly import Application
    from image_store.domain.operations.audit import AnyAuditEntry
    from image_store.entrypoints.operations.console import ConsoleSettings
    from image_store.services.operations.fill_level import FillLevelReader
    from image_store.services.operations.health import Health
    from image_store.services.operations.owners import OwnerList
    from image_store.services.operations.statistics import StatisticsReports
    from image_store.services.operations.timelines import Timelines


class Operations:
    """The services that report on the store as a whole."""

    def __init__(self, application: Application) -> None:
        self._areas = application
        self._ports = application.ports
        self._settings = application.settings

    @lazy_property
    def console_settings(self) -> ConsoleSettings:
        from image_store.domain.delivery.renditions import fixed_widths
        from image_store.entrypoints.operations.console import ConsoleSettings

        return ConsoleSettings(
            sign_in=self._settings.sign_in,
            admin_scope=self._settings.admins.scope,
            storage_origin=self._settings.storage.private_store.origin(self._settings.storage.private_bucket),
            public_url=self._settings.publication.url,
            presets=tuple(self._settings.renditions.presets),
            widths=fixed_widths(self._settings.renditions.presets),
            max_upload_bytes=self._settings.limits.max_bytes,
            max_upload_pixels=self._settings.limits.max_pixels,
        )

    def openai_url(self) -> str | None:
        """The address of the OpenAI endpoint; None if the deployment has none."""
        name = self._settings.openai_url_parameter
        return self._ports.parameters.text(name) if name else None

    @lazy_property
    def statistics_reports(self) -> StatisticsReports:
        from image_store.services.operations.statistics import StatisticsReports

        return StatisticsReports(
            figures=self._ports.figures,
            claims=self._ports.claims,
            migrations=self._ports.migrations,
            generations=self._ports.generations,
            clock=self._ports.clock,
            quota=self._settings.quota,
        )

    @lazy_property
    def timelines(self) -> Timelines:
        from image_store.services.operations.timelines import Timelines

        return Timelines(self._ports.figures)

    @lazy_property
    def owner_list(self) -> OwnerList:
        from image_store.adapters.dynamodb.operations.owners import DynamoOwners
        from image_store.services.operations.owners import OwnerList

        return OwnerList(owners=DynamoOwners(self._ports.table))

    @property
    def change_reader(self) -> Callable[[dict[str, Any]], AnyAuditEntry | None]:
        """Reads what a record of the table's stream says for the audit trail; None if it is about other rows."""
        return self._ports.change_reader

    @lazy_property
    def fill_level(self) -> FillLevelReader:
        from image_store.services.operations.fill_level import FillLevelReader

        return FillLevelReader(
            figures=self._ports.figures,
            generations=self._ports.generations,
            budgets=self._settings.generation.budgets,
            clock=self._ports.clock,
        )

    @lazy_property
    def health(self) -> Health:
        from image_store.services.operations.health import Health

        return Health(
            repository=self._ports.repository,
            cleanup_rows=self._ports.cleanup_rows,
            private=self._ports.private,
            public=self._ports.public,
            read_signing_secret=self._ports.read_signing_secret,
            queues=self._ports.queue_depths,
            providers={
                provider.value: partial(self._ports.deployment_key, provider)
                for provider in self._settings.generation.providers
            },
            backup=self._ports.backup_states if self._settings.backup.is_on else None,
            clock=self._ports.clock,
        )

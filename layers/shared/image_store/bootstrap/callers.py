"""Assembles the services that find out who calls, and that manage API keys and upload tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from image_store.bootstrap.assembly import Application
    from image_store.ports.callers import Authorizer
    from image_store.services.callers.authorization import Authorization
    from image_store.services.callers.key_administration import KeyAdministration
    from image_store.services.callers.key_usage import KeyUsageReports
    from image_store.services.callers.request_limits import RequestLimits
    from image_store.services.callers.upload_tokens import UploadPermissions


class Callers:
    """The services that find out who calls, and that manage API keys and upload tokens."""

    def __init__(self, application: Application) -> None:
        self._areas = application
        self._ports = application.ports
        self._settings = application.settings

    @lazy_property
    def authorization(self) -> Authorization:
        from image_store.services.callers.authorization import Authorization

        return Authorization(
            tokens=lambda: self._ports.tokens,
            api_keys=lambda: self._ports.api_keys,
            upload_permissions=lambda: self.upload_permissions,
            clock=self._ports.clock,
            admin_scope=self._settings.admins.scope,
            admin_subjects=self._settings.admins.subjects,
        )

    @property
    def authorizer(self) -> Authorizer:
        """Finds out who sends a request to a function that the gateway does not call."""
        return self._ports.authorizer

    @lazy_property
    def request_limits(self) -> RequestLimits:
        from image_store.services.callers.request_limits import RequestLimits

        return RequestLimits(self._ports.request_buckets, clock=self._ports.clock)

    @lazy_property
    def key_administration(self) -> KeyAdministration:
        from image_store.services.callers.key_administration import KeyAdministration

        return KeyAdministration(
            self._ports.api_keys,
            cursors=self._areas.finding.cursors,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def key_usage(self) -> KeyUsageReports:
        from image_store.services.callers.key_usage import KeyUsageReports

        return KeyUsageReports(
            administration=self.key_administration, usage=self._ports.key_usage, clock=self._ports.clock
        )

    @lazy_property
    def upload_permissions(self) -> UploadPermissions:
        from image_store.services.callers.upload_tokens import UploadPermissions

        return UploadPermissions(
            tokens=self._ports.upload_tokens,
            signing_keys=self._ports.signing_keys,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

"""Chooses the adapters of the ports that find out who calls, and of those that all areas use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.adapters.system import RandomIds, SystemClock
from image_store.bootstrap.lazy import lazy_property
from image_store.entrypoints.callers.actors import current_actor

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.adapters.dynamodb.table import DynamoTable
    from image_store.bootstrap.clients import Clients
    from image_store.ports.callers import (
        ApiKeys,
        Authorizer,
        KeyUsage,
        RequestBuckets,
        TokenVerifier,
        UploadTokens,
    )
    from image_store.ports.system import Clock, Ids
    from image_store.settings import Settings


class CallerPorts:
    """Time, ids, the table and the signing keys, and who sends a request."""

    def __init__(self, settings: Settings, clients: Clients) -> None:
        self.clients = clients
        self._settings = settings

    @lazy_property
    def clock(self) -> Clock:
        return SystemClock()

    @lazy_property
    def ids(self) -> Ids:
        return RandomIds(self.clock)

    @lazy_property
    def table(self) -> DynamoTable:
        from image_store.adapters.dynamodb.table import DynamoTable

        return DynamoTable(self._settings.storage.table, client=lambda: self.clients.dynamodb)

    @lazy_property
    def signing_keys(self) -> Callable[[], dict[str, str]]:
        return lambda: self.clients.secrets.json(self._settings.signing_secret)

    @lazy_property
    def tokens(self) -> TokenVerifier:
        from image_store.adapters.tokens import JwtVerifier, KeySets
        from image_store.entrypoints.callers.metrics import unreadable_keys_report

        report = unreadable_keys_report(self._settings.metrics_namespace)
        return JwtVerifier(self._settings.issuers, KeySets(clock=self.clock, report=report))

    def read_signing_secret(self) -> object:
        """Read the signing secret from Secrets Manager, and not from the copy of this process."""
        from image_store.adapters.secrets import Secrets

        secrets = Secrets(client=lambda: self.clients.client("secretsmanager"))
        return secrets.json(self._settings.signing_secret)

    @lazy_property
    def authorizer(self) -> Authorizer:
        from image_store.adapters.authorizer import LambdaAuthorizer

        return LambdaAuthorizer(self._settings.authorize_function, client=lambda: self.clients.lambda_)

    @lazy_property
    def api_keys(self) -> ApiKeys:
        from image_store.adapters.dynamodb.callers.api_keys import DynamoApiKeys

        return DynamoApiKeys(self.table, actor=current_actor)

    @lazy_property
    def upload_tokens(self) -> UploadTokens:
        from image_store.adapters.dynamodb.callers.upload_tokens import DynamoUploadTokens

        return DynamoUploadTokens(self.table, actor=current_actor)

    @lazy_property
    def request_buckets(self) -> RequestBuckets:
        from image_store.adapters.dynamodb.callers.request_buckets import DynamoRequestBuckets

        return DynamoRequestBuckets(self.table)

    @lazy_property
    def key_usage(self) -> KeyUsage:
        from image_store.adapters.dynamodb.callers.key_usage import DynamoKeyUsage

        return DynamoKeyUsage(self.table)

"""Creates the clients of AWS and of the stores of bytes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from image_store.adapters.presign import AccessKeys
    from image_store.adapters.secrets import Secrets
    from image_store.settings.byte_stores import ByteStoreSettings
    from image_store.settings.storage import StorageSettings


RENDER_SECONDS = 20
"""How long a request waits for a rendition; the request itself has 29 s."""


class Clients:
    """Clients of AWS and of the stores of bytes; each is created at its first use."""

    def __init__(self, storage: StorageSettings) -> None:
        self._storage = storage

    @lazy_property
    def private_objects(self) -> Any:
        """The client of the store with the private bucket."""
        return self.objects(self._storage.private_store)

    @lazy_property
    def public_objects(self) -> Any:
        """The client of the store with the public bucket, which may be the same store."""
        storage = self._storage
        if storage.public_store == storage.private_store:
            return self.private_objects
        return self.objects(storage.public_store)

    def objects(self, store: ByteStoreSettings) -> Any:
        """Create the client of a store."""
        from image_store.adapters.objects import s3_client

        keys = self.access_keys(store) if store.secret else None
        return s3_client(
            session=self._session,
            endpoint=store.endpoint or None,
            region=store.region,
            access_key_id=keys.access_key_id if keys else None,
            secret_access_key=keys.secret_access_key if keys else None,
            store=store.kind,
        )

    def access_keys(self, store: ByteStoreSettings) -> AccessKeys:
        """The key pair of a store; without a secret, the present credentials of the function's role."""
        from image_store.adapters.presign import AccessKeys

        if not store.secret:
            keys = self._session.get_credentials().get_frozen_credentials()
            return AccessKeys(keys.access_key, keys.secret_key, keys.token or "")
        secret = self.secrets.json(store.secret)
        return AccessKeys(secret["access_key_id"], secret["secret_access_key"])

    @lazy_property
    def s3(self) -> Any:
        from image_store.adapters.objects import s3_client
        from image_store.domain.images.byte_stores import ByteStore

        return s3_client(
            session=self._session,
            endpoint=None,
            region=os.environ["AWS_REGION"],
            access_key_id=None,
            secret_access_key=None,
            store=ByteStore.S3,
        )

    @lazy_property
    def secrets(self) -> Secrets:
        from image_store.adapters.secrets import Secrets

        return Secrets(client=lambda: self.client("secretsmanager"))

    @lazy_property
    def dynamodb(self) -> Any:
        return self.client("dynamodb")

    @lazy_property
    def sqs(self) -> Any:
        return self.client("sqs")

    @lazy_property
    def kms(self) -> Any:
        return self.client("kms")

    @lazy_property
    def lambda_(self) -> Any:
        # After a read timeout the function continues, so there is no retry: the next request finds the rendition.
        return self.client("lambda", read_timeout=RENDER_SECONDS, attempts=1)

    @lazy_property
    def events(self) -> Any:
        """The client of EventBridge."""
        return self.client("events")

    @lazy_property
    def cloudfront(self) -> Any:
        return self.client("cloudfront")

    def client(self, service: str, *, read_timeout: int = 5, attempts: int = 3) -> Any:
        """An AWS client that gives up before the gateway does."""
        from botocore.config import Config

        from image_store.adapters.trust import share_trust

        config = Config(
            connect_timeout=2,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        return share_trust(self._session.create_client(service, config=config))

    @lazy_property
    def _session(self) -> Any:
        """The botocore session of all clients: they share its credentials and the files that it reads.

        boto3 around it would cost a tenth of a cold start and adds nothing to these clients.
        """
        from botocore.session import get_session

        return get_session()

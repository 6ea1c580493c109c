"""Creates the clients of AWS and R2."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from image_store.adapters.secrets import Secrets
    from image_store.settings.storage import StorageSettings


RENDER_SECONDS = 20
"""How long a request waits for a rendition; the request itself has 29 s."""


class Clients:
    """Clients of AWS and R2; each is created at its first use."""

    def __init__(self, storage: StorageSettings) -> None:
        self._storage = storage

    def r2_credentials(self) -> tuple[str, str]:
        secret = self.secrets.json(self._storage.r2_secret)
        return secret["access_key_id"], secret["secret_access_key"]

    @lazy_property
    def r2_client(self) -> Any:
        from image_store.adapters.r2 import s3_client

        access_key_id, secret_access_key = self.r2_credentials()
        return s3_client(
            session=self._session,
            endpoint=self._storage.r2_endpoint,
            region=self._storage.r2_region,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
        )

    @lazy_property
    def s3(self) -> Any:
        from image_store.adapters.r2 import s3_client

        return s3_client(
            session=self._session,
            endpoint=None,
            region=os.environ["AWS_REGION"],
            access_key_id=None,
            secret_access_key=None,
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

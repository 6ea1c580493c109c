"""What everything else is made with: settings, time, ids, and clients of AWS and R2."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from image_store.adapters.presign import Presigner
from image_store.adapters.r2 import R2Bucket, s3_client
from image_store.adapters.secrets import Secrets
from image_store.adapters.system import RandomIds, SystemClock
from image_store.adapters.trust import trusting_once
from image_store.bootstrap.parts import made_once
from image_store.settings import Settings

if TYPE_CHECKING:
    from image_store.ports.objects import ObjectStore
    from image_store.ports.system import Clock, Ids


RENDER_SECONDS = 20
"""For so long a request waits for a file to be made; its own time is 29 s."""


class Clients:
    """What everything else is made with: settings, time, ids, and clients of AWS and R2."""

    @made_once
    def settings(self) -> Settings:
        return Settings.from_env(os.environ)

    @made_once
    def clock(self) -> Clock:
        return SystemClock()

    @made_once
    def ids(self) -> Ids:
        return RandomIds(self.clock)

    def _r2(self, bucket: str) -> ObjectStore:
        return R2Bucket(bucket, client=lambda: self._r2_client, presigner=self._presigner)

    @made_once
    def _presigner(self) -> Presigner:
        return Presigner(
            endpoint=self.settings.r2_endpoint,
            region=self.settings.r2_region,
            credentials=self._r2_credentials,
            clock=self.clock,
        )

    def _r2_credentials(self) -> tuple[str, str]:
        secret = self._secrets.json(self.settings.r2_secret)
        return secret["access_key_id"], secret["secret_access_key"]

    @made_once
    def _r2_client(self) -> Any:
        access_key_id, secret_access_key = self._r2_credentials()
        return s3_client(
            session=self._session,
            endpoint=self.settings.r2_endpoint,
            region=self.settings.r2_region,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
        )

    @made_once
    def _s3(self) -> Any:
        return s3_client(
            session=self._session,
            endpoint=None,
            region=os.environ["AWS_REGION"],
            access_key_id=None,
            secret_access_key=None,
        )

    @made_once
    def _secrets(self) -> Secrets:
        return Secrets(client=lambda: self._client("secretsmanager"))

    @made_once
    def _dynamodb(self) -> Any:
        return self._client("dynamodb")

    @made_once
    def _sqs(self) -> Any:
        return self._client("sqs")

    @made_once
    def _kms(self) -> Any:
        return self._client("kms")

    @made_once
    def _lambda(self) -> Any:
        # A call that is cut off still runs: it is not repeated, and whoever asks again finds its result.
        return self._client("lambda", read_timeout=RENDER_SECONDS, attempts=1)

    def _client(self, service: str, *, read_timeout: int = 5, attempts: int = 3) -> Any:
        """An AWS client that gives up before the gateway does."""
        from botocore.config import Config

        config = Config(
            connect_timeout=2,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        return trusting_once(self._session.create_client(service, config=config))

    @made_once
    def _session(self) -> Any:
        """What all clients share: credentials, and what botocore reads and registers once for each session.

        It is botocore's own, as boto3 around it costs a tenth of a cold start and adds nothing to these clients.
        """
        from botocore.session import get_session

        return get_session()

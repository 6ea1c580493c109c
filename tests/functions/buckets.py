"""Buckets of the deployments of the tests."""

from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.object_store import MemoryIngestBucket


class IngestBucket(MemoryIngestBucket):
    """What a test puts has whichever version an event names."""

    def bytes_of(self, key: str, version: str) -> bytes | None:
        data = super().bytes_of(key, version)
        file = self.objects.get(key)
        return file.data if data is None and file is not None else data


class RepeatedPuts:
    """A client that sends each put twice, as botocore does when the first answer is lost."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._client, operation)

    def put_object(self, **request: Any) -> Any:
        """Put an object, and answer what S3 says to the repetition."""
        with suppress(ClientError):
            self._client.put_object(**request)
        return self._client.put_object(**request)

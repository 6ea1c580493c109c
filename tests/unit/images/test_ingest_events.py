"""What the sweep announces reads as S3's own events do (A15)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from image_store.adapters.sqs import SqsIngestEvents
from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.ingest import DroppedObject
from image_store.entrypoints.images.ingest_events import dropped_objects


class Queue:
    """A client that keeps what is sent, or refuses it."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self._failure = failure

    def send_message(self, **request: Any) -> None:
        if self._failure is not None:
            raise self._failure
        self.sent.append(request)


@pytest.mark.parametrize("key", ["ingest/alice/cat.png", "ingest/auth0%7Ca/100% +1/кошка & 夢.png"])
@pytest.mark.parametrize("version", ["v1", None])
def test_an_announcement_reads_back_as_it_was_meant(key: str, version: str | None) -> None:
    queue = Queue()
    dropped = DroppedObject("bucket", key, version, 12)

    SqsIngestEvents("https://queue", client=lambda: queue).announce(dropped)

    (sent,) = queue.sent
    assert sent["QueueUrl"] == "https://queue"
    assert list(dropped_objects(sent["MessageBody"])) == [dropped]


def test_a_queue_that_takes_nothing_is_storage_unavailable() -> None:
    refusal = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "SendMessage")
    events = SqsIngestEvents("https://queue", client=lambda: Queue(refusal))

    with pytest.raises(StorageUnavailable):
        events.announce(DroppedObject("bucket", "ingest/a/b", None, 1))

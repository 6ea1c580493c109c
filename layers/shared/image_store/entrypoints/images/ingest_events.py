"""Reads S3 events from SQS messages."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Protocol
from urllib.parse import unquote_plus

from image_store.domain.errors import RETRYABLE, ImageStoreError, InvalidRequest
from image_store.domain.images.ingest import DroppedObject
from image_store.entrypoints.operations.observability import logger


class SetAside(Protocol):
    """Moves a message that can never succeed to the dead-letter queue."""

    def __call__(self, message: str, /, *, reason: str) -> None: ...


def dropped_objects(body: str) -> Iterator[DroppedObject]:
    """The objects that a message announces; a test event of S3 announces none."""
    try:
        event = json.loads(body)
        for record in event.get("Records", []):
            if not record["eventName"].startswith("ObjectCreated:"):
                continue
            stored = record["s3"]["object"]
            yield DroppedObject(
                bucket=record["s3"]["bucket"]["name"],
                key=unquote_plus(stored["key"]),
                version=stored.get("versionId"),
                size_bytes=int(stored.get("size", 0)),
            )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidRequest("The message is not an S3 event.") from None


def handle_messages(
    event: dict[str, Any],
    *,
    ingest: Callable[[DroppedObject], object],
    refuse: Callable[[DroppedObject], None],
    set_aside: SetAside,
) -> dict[str, Any]:
    """Ingest the objects of a batch and report the messages to be delivered again.

    An object that can never be stored is noted as refused. Its message goes to the dead-letter queue unchanged, with
    its reason (redrive carries none), and counts as done. A message that is moved back to its queue is tried again.
    """
    failures = []
    for message in event["Records"]:
        try:
            reasons = _ingest_all(message["body"], ingest=ingest, refuse=refuse)
            if reasons:
                logger.error("object refused", code=reasons[0], message_id=message["messageId"])
                set_aside(message["body"], reason=reasons[0])
        except RETRYABLE as error:
            logger.warning("ingest will be retried", code=error.code, message_id=message["messageId"])
            failures.append({"itemIdentifier": message["messageId"]})
        except Exception:
            logger.exception("unexpected error", message_id=message["messageId"])
            failures.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failures}


def _ingest_all(
    body: str, *, ingest: Callable[[DroppedObject], object], refuse: Callable[[DroppedObject], None]
) -> list[str]:
    """Ingest the objects of a message and return the reasons of refusals; a retryable error is raised at the end."""
    reasons: list[str] = []
    retry: ImageStoreError | None = None
    try:
        announced = list(dropped_objects(body))
    except InvalidRequest as error:
        return [error.code]
    for dropped in announced:
        try:
            ingest(dropped)
        except RETRYABLE as error:
            retry = error
        except ImageStoreError as error:
            refuse(dropped)
            reasons.append(error.code)
    if retry is not None:
        raise retry
    return reasons

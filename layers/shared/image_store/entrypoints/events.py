"""S3 events that arrive through SQS."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote_plus

from image_store.domain.errors import (
    ConfigurationError,
    Conflict,
    DeadlineExceeded,
    IdempotencyInProgress,
    ImageStoreError,
    InvalidRequest,
    StorageUnavailable,
)
from image_store.entrypoints.observability import logger
from image_store.ports import DeadLetters
from image_store.services.ingestion import DroppedObject

RETRYABLE = (StorageUnavailable, DeadlineExceeded, Conflict, IdempotencyInProgress, ConfigurationError)
"""What may go better later; everything else the store says of an object is final."""


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
    event: dict[str, Any], *, ingest: Callable[[DroppedObject], object], dead_letters: DeadLetters
) -> dict[str, Any]:
    """Ingest the objects of a batch and report the messages to be delivered again.

    What can never succeed goes to the dead-letter queue with its reason (redrive carries none), and counts as done.
    """
    failures = []
    for message in event["Records"]:
        try:
            _handle(message, ingest, dead_letters)
        except RETRYABLE as error:
            logger.warning("ingest will be retried", code=error.code, message_id=message["messageId"])
            failures.append({"itemIdentifier": message["messageId"]})
        except Exception:
            logger.exception("unexpected error", message_id=message["messageId"])
            failures.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failures}


def _handle(
    message: dict[str, Any], ingest: Callable[[DroppedObject], object], dead_letters: DeadLetters
) -> None:
    try:
        for dropped in dropped_objects(message["body"]):
            ingest(dropped)
    except RETRYABLE:
        raise
    except ImageStoreError as error:
        logger.error("object refused", code=error.code, message_id=message["messageId"])
        dead_letters.send(message["body"], reason=error.code)

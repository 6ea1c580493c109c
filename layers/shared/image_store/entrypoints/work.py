"""Reads and handles the work that `adapters.sqs` sends."""

import json
from collections.abc import Callable
from typing import Any

from image_store.domain.errors import ImageStoreError, InvalidRequest
from image_store.domain.work import (
    BackupStep,
    CompleteUpload,
    DeliverWebhook,
    GenerateImage,
    ImportStep,
    MigrateBatch,
    RecoveryStep,
    RepairImage,
    RepairStep,
    Work,
)
from image_store.entrypoints.operations.observability import logger

_KINDS: dict[str, type[Work]] = {
    kind.__name__: kind
    for kind in (
        CompleteUpload,
        MigrateBatch,
        ImportStep,
        GenerateImage,
        RepairImage,
        RepairStep,
        BackupStep,
        RecoveryStep,
        DeliverWebhook,
    )
}


def work_of(body: str) -> Work:
    """The work in a message; InvalidRequest for a message that this store did not send."""
    try:
        fields = json.loads(body)
        return _KINDS[fields.pop("work")](**fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidRequest("The message is not work of this store.") from None


def handle_work(event: dict[str, Any], *, carry_on: Callable[[Work], None]) -> dict[str, Any]:
    """Do the work of a batch and report the messages to be delivered again.

    SQS moves a message that keeps failing to the dead-letter queue; the log says why it failed.
    """
    failures = []
    for message in event["Records"]:
        try:
            carry_on(work_of(message["body"]))
        except ImageStoreError as error:
            logger.warning("work will be retried", code=error.code, message_id=message["messageId"])
            failures.append({"itemIdentifier": message["messageId"]})
        except Exception:
            logger.exception("unexpected error", message_id=message["messageId"])
            failures.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failures}

"""Work that arrives through SQS, as `adapters.sqs` sends it."""

import json
from collections.abc import Callable
from typing import Any

from image_store.domain.errors import ImageStoreError, InvalidRequest
from image_store.domain.work import CompleteUpload, GenerateImage, MigrateBatch, RepairImage, RepairStep, Work
from image_store.entrypoints.operations.observability import logger

_KINDS: dict[str, type[Work]] = {
    kind.__name__: kind for kind in (CompleteUpload, MigrateBatch, GenerateImage, RepairImage, RepairStep)
}


def work_of(body: str) -> Work:
    """The work that a message means; InvalidRequest for one that the store did not send."""
    try:
        fields = json.loads(body)
        return _KINDS[fields.pop("work")](**fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidRequest("The message is no work of this store.") from None


def handle_work(event: dict[str, Any], *, carry_on: Callable[[Work], None]) -> dict[str, Any]:
    """Carry on the work of a batch and report the messages to be delivered again.

    What fails again and again is moved to the dead-letter queue by SQS; the log tells why.
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

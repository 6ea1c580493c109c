"""Runs the turns of the webhooks that messages name."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from image_store.domain.errors import ImageStoreError, InvalidRequest
from image_store.domain.work import DeliverWebhook
from image_store.entrypoints.operations.observability import logger
from image_store.entrypoints.work import work_of


def handle_wakes(event: dict[str, Any], *, run: Callable[[str], None]) -> dict[str, Any]:
    """Run the turn of each webhook of a batch once, all at the same time, and report what is to be delivered again.

    Turns mostly wait for endpoints, so a slow one delays no other. SQS moves a message that keeps failing to the
    dead-letter queue; the log says why it failed.
    """
    messages: dict[str, list[str]] = {}
    failed: list[str] = []
    for message in event["Records"]:
        try:
            messages.setdefault(_webhook_of(message["body"]), []).append(message["messageId"])
        except InvalidRequest as error:
            logger.warning("a message is not understood", code=error.code, message_id=message["messageId"])
            failed.append(message["messageId"])

    def succeeds(webhook_id: str) -> bool:
        try:
            run(webhook_id)
        except ImageStoreError as error:
            logger.warning("a webhook will be looked at again", code=error.code, webhook_id=webhook_id)
        except Exception:
            logger.exception("unexpected error", webhook_id=webhook_id)
        else:
            return True
        return False

    with ThreadPoolExecutor(max(1, len(messages))) as pool:
        for webhook_id, success in zip(messages, pool.map(succeeds, messages), strict=True):
            failed += () if success else messages[webhook_id]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


def _webhook_of(body: str) -> str:
    work = work_of(body)
    if not isinstance(work, DeliverWebhook):
        raise InvalidRequest("This queue is only for webhooks.")
    return work.webhook_id

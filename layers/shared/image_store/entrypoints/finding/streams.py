"""Handles changes of the table that arrive through its stream."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, Protocol

from image_store.domain.callers.key_usage import KeyUse
from image_store.domain.errors import ImageStoreError, StorageUnavailable, UnreadableRow
from image_store.entrypoints.operations.observability import log_metric, logger


class Project(Protocol):
    """Brings the projections of images up to date; `failed` gets each image that has to be tried again."""

    def __call__(self, image_ids: Collection[str], *, failed: Callable[[str, Exception], None]) -> None: ...


def handle_changes(
    event: dict[str, Any],
    *,
    changed_image: Callable[[dict[str, Any]], str | None],
    project: Project,
    read_use: Callable[[dict[str, Any]], KeyUse | None],
    count_use: Callable[[KeyUse], None],
    now: datetime,
    namespace: str,
) -> dict[str, Any]:
    """Project each image whose record changed in a batch, once; count what API keys used; return where to retry from.

    Of images the batch only has the names: their records are read as they are now. The metric `ProjectionLag` in
    `namespace` says how old the oldest change is.
    """
    first_changes: dict[str, str] = {}
    failures: list[dict[str, str]] = []
    oldest = now

    def failed(image_id: str, error: Exception) -> None:
        if isinstance(error, ImageStoreError):
            logger.warning("projection will be retried", code=error.code, image_id=image_id)
        else:
            logger.error("unexpected error", image_id=image_id, exc_info=error)
        failures.append({"itemIdentifier": first_changes[image_id]})

    for change in event["Records"]:
        stream = change["dynamodb"]
        if (image_id := changed_image(change)) is not None:
            first_changes.setdefault(image_id, stream["SequenceNumber"])
            oldest = min(oldest, datetime.fromtimestamp(stream["ApproximateCreationDateTime"], UTC))
        try:
            if (use := read_use(change)) is not None:
                count_use(use)
        except UnreadableRow as error:  # a retry cannot make the row readable
            logger.error("usage of an API key cannot be read", reason=error.message)
        except StorageUnavailable as error:
            logger.warning("usage of an API key will be counted later", code=error.code)
            failures.append({"itemIdentifier": stream["SequenceNumber"]})
    if first_changes:
        project(first_changes, failed=failed)
        lag = (now - oldest).total_seconds() * 1000
        log_metric("ProjectionLag", lag, unit="Milliseconds", namespace=namespace)
    return {"batchItemFailures": failures}

"""Handles changes of the table that arrive through its stream."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, Protocol

from image_store.domain.errors import ImageStoreError
from image_store.entrypoints.operations.observability import log_metric, logger


class Project(Protocol):
    """Brings the projections of images up to date; `failed` gets each image that has to be tried again."""

    def __call__(self, image_ids: Collection[str], *, failed: Callable[[str, Exception], None]) -> None: ...


def handle_changes(
    event: dict[str, Any],
    *,
    changed_image: Callable[[dict[str, Any]], str | None],
    project: Project,
    now: datetime,
    namespace: str,
) -> dict[str, Any]:
    """Project each image whose record changed in a batch, once, and return where to retry from.

    The batch only names images: their records are read as they are now. The metric `ProjectionLag` in `namespace` says
    how old the oldest change is.
    """
    first_changes: dict[str, str] = {}
    oldest = now
    for change in event["Records"]:
        stream = change["dynamodb"]
        if (image_id := changed_image(change)) is not None:
            first_changes.setdefault(image_id, stream["SequenceNumber"])
            oldest = min(oldest, datetime.fromtimestamp(stream["ApproximateCreationDateTime"], UTC))
    failures = []

    def failed(image_id: str, error: Exception) -> None:
        if isinstance(error, ImageStoreError):
            logger.warning("projection will be retried", code=error.code, image_id=image_id)
        else:
            logger.error("unexpected error", image_id=image_id, exc_info=error)
        failures.append({"itemIdentifier": first_changes[image_id]})

    if first_changes:
        project(first_changes, failed=failed)
        lag = (now - oldest).total_seconds() * 1000
        log_metric("ProjectionLag", lag, unit="Milliseconds", namespace=namespace)
    return {"batchItemFailures": failures}

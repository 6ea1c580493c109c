"""Handles changes of the table that arrive through its stream."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Protocol

from image_store.domain.callers.key_usage import KeyUse
from image_store.domain.errors import ImageStoreError, StorageUnavailable, UnreadableRow
from image_store.domain.events.event import Event
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
    count_uses: Callable[[Collection[KeyUse]], None],
    changed_entity: Callable[[dict[str, Any]], str | None],
    note: Callable[[str], None],
    read_events: Callable[[dict[str, Any]], Sequence[Event]],
    record_events: Callable[[Sequence[Event]], None],
    now: datetime,
    namespace: str,
) -> dict[str, Any]:
    """Project each image whose record changed in a batch, once; count what API keys used; return where to retry from.

    What a backup has to look at, `changed_entity`, is noted once. Events are recorded first, because others wait for
    them; if that fails, the batch is read again from the first change that has one.

    Of images the batch only has the names: their records are read as they are now. The metric `ProjectionLag` in
    `namespace` says how old the oldest change is.
    """
    first_changes: dict[str, str] = {}
    first_entities: dict[str, str] = {}
    uses: dict[str, KeyUse] = {}
    events: dict[str, Sequence[Event]] = {}
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
        if (entity := changed_entity(change)) is not None:
            first_entities.setdefault(entity, stream["SequenceNumber"])
        try:
            if (use := read_use(change)) is not None:
                uses[stream["SequenceNumber"]] = use
        except UnreadableRow as error:  # a retry cannot make the row readable
            logger.error("usage of an API key cannot be read", reason=error.message)
        try:
            if events_of_change := read_events(change):
                events[stream["SequenceNumber"]] = events_of_change
        except UnreadableRow as error:  # as above
            logger.error("events of a change cannot be read", reason=error.message)
    if events:
        try:
            record_events(list(chain.from_iterable(events.values())))
        except StorageUnavailable as error:
            logger.warning("events will be recorded later", code=error.code)
            failures.append({"itemIdentifier": next(iter(events))})
    for entity, sequence_number in first_entities.items():
        try:
            note(entity)
        except StorageUnavailable as error:
            logger.warning("a change will be noted for the backup later", code=error.code)
            failures.append({"itemIdentifier": sequence_number})
    if uses:
        try:
            count_uses(uses.values())
        except StorageUnavailable as error:  # those that are counted are not counted again
            logger.warning("usage of API keys will be counted later", code=error.code)
            failures += ({"itemIdentifier": number} for number in uses)
    if first_changes:
        project(first_changes, failed=failed)
        lag = (now - oldest).total_seconds() * 1000
        log_metric("ProjectionLag", lag, unit="Milliseconds", namespace=namespace)
    return {"batchItemFailures": failures}

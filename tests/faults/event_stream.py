"""The stream of a world's table: it has every change of a record, and a batch that failed is read again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from image_store.domain.errors import ImageStoreError
from image_store.entrypoints.finding.streams import handle_changes
from image_store.services.events.feed import EventQuery
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.faults.faults import Killed
from tests.samples import START

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from image_store.domain.events.event import Event
    from tests.faults.world import World

type Change = dict[str, Any]
"""A record of the stream."""
_MAX_CHANGES = 100
"""Changes of one batch."""


class StreamedDynamo(MemoryDynamo):
    """DynamoDB in memory; `changes` are those of image records and webhooks, from the first one on."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[Change] = []
        self.now: Callable[[], datetime] = lambda: START

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        call = super().__getattr__(operation)
        if operation != "create_table":
            return call

        def create_table(**request: Any) -> Any:
            response = call(**request)
            self._tables[request["TableName"]].rows = _StreamedRows(self._record)
            return response

        return create_table

    def _record(self, key: tuple[str, str], before: Any, after: Any) -> None:
        if key[1] not in {"META", "WEBHOOK"} or before == after:
            return
        images = {
            name: dict(row) for name, row in (("OldImage", before), ("NewImage", after)) if row is not None
        }
        self.changes.append(
            {
                "eventName": "REMOVE" if after is None else "INSERT" if before is None else "MODIFY",
                "dynamodb": {
                    "ApproximateCreationDateTime": self.now().timestamp(),
                    "Keys": {"pk": {"S": key[0]}, "sk": {"S": key[1]}},
                    "SequenceNumber": f"{len(self.changes):021d}",
                    **images,
                },
            }
        )


class _StreamedRows(dict[tuple[str, str], Any]):
    """Rows that say what changes."""

    def __init__(self, record: Callable[[tuple[str, str], Any, Any], None]) -> None:
        super().__init__()
        self._record = record

    def __setitem__(self, key: tuple[str, str], row: Any) -> None:
        self._record(key, self.get(key), row)
        super().__setitem__(key, row)

    def pop(self, key: tuple[str, str], default: Any = None) -> Any:
        self._record(key, self.get(key), None)
        return super().pop(key, default)


class Follower:
    """The function behind the stream of a world, and a reader of the events that it records."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client: StreamedDynamo = world.client
        self.client.now = world.clock.now
        self._position = 0

    @property
    def is_behind(self) -> bool:
        """Whether the stream has changes that are not consumed."""
        return self._position < len(self.client.changes)

    def consume(self, most: int = _MAX_CHANGES) -> None:
        """Read one batch, and go on behind what was handled; a killed function is followed by a new one."""
        batch = self.client.changes[self._position : self._position + most]
        if not batch:
            return
        try:
            with self.world.gate.at_work("project"):
                failures = self._handle(batch)["batchItemFailures"]
        except Killed:
            self.start_anew()
            return
        except ImageStoreError:  # an error of the whole function: all of the batch comes again
            return
        numbers = [change["dynamodb"]["SequenceNumber"] for change in batch]
        failed = [numbers.index(failure["itemIdentifier"]) for failure in failures]
        self._position += min(failed, default=len(batch))

    def consume_all(self) -> None:
        """Read until the stream has no more; a batch that never succeeds fails."""
        for _ in range(len(self.client.changes) + 1):
            if not self.is_behind:
                return
            self.consume()
        raise AssertionError("a batch comes again for ever")

    def start_anew(self) -> None:
        """Forget what a process remembers."""
        for area in ("events", "webhook_delivery"):
            vars(self.world.app).pop(area, None)

    def _handle(self, batch: Sequence[Change]) -> Any:
        app = self.world.app
        return handle_changes(
            {"Records": batch},
            changed_image=app.upkeep.changed_image,
            project=app.upkeep.projections.project,
            read_use=app.upkeep.use_reader,
            count_uses=app.upkeep.count_uses,
            changed_entity=app.backup.changed_entity,
            note=app.backup.note,
            read_events=app.events.reader,
            record_events=app.events.recording.record,
            now=app.clock.now(),
            namespace="image-store",
        )

    def committed(self) -> list[Event]:
        """The events of all changes, once each."""
        return [event for change in self.client.changes for event in self.world.app.events.reader(change)]

    def read(self, limit: int = 50) -> Iterator[Event]:
        """All events of the log, page by page, as an admin reads them."""
        self.world.clock.instant += timedelta(minutes=1)
        cursor, has_more = None, True
        while has_more:
            query = EventQuery(owner=None, after=cursor, limit=limit)
            with self.world.gate.at_work("events"):
                page = self.world.app.events.feed.read(query, deadline=self.world.clock.now())
            yield from page.events
            cursor, has_more = page.next_cursor, page.has_more

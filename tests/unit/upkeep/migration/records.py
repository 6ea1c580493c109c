"""Records of an old store, and what a migration makes of them."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

from image_store.domain.finding.lists import ListQuery
from image_store.domain.upkeep.migration import JsonLines, Migration, Options
from image_store.domain.work import MigrateBatch
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE

KEY = "migrations/old.jsonl"
HOUR = timedelta(hours=1)
DATA_URI = "data:image/png;base64," + base64.b64encode(PICTURE).decode()


def new_store(**settings: Any) -> Store:
    """A store whose time goes on: each look at the clock takes a millisecond."""
    store = Store(**settings)

    def now() -> datetime:
        store.clock.instant += timedelta(milliseconds=1)
        return store.clock.instant

    store.clock.now = now  # type: ignore[method-assign]
    return store


def picture(number: int) -> bytes:
    return PICTURE + f" number {number}".encode()


def text_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def record(number: int, **changes: Any) -> dict[str, Any]:
    return {"id": f"r{number}", "owner": OWNER, "image": text_of(picture(number))} | changes


def lines(*records: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in records)


def put(store: Store, data: bytes, key: str = KEY) -> None:
    store.ingested.objects.pop(key, None)
    store.ingested.put(key, data, content_type="text/plain", cache_control="", metadata={})


def begin(store: Store, source: Any = None, **options: Any) -> Migration:
    return store.migration_requests.begin(source or JsonLines(KEY), Options(**options))


def receive(store: Store, *, room: timedelta = HOUR) -> MigrateBatch:
    """Do the oldest work that waits; every step takes a second."""
    work = store.work.waiting[0]
    assert isinstance(work, MigrateBatch)
    store.clock.instant += timedelta(seconds=1)
    store.migration_run.carry_on(work, until=store.clock.now() + room)
    store.work.waiting.pop(0)
    return work


def finish(store: Store) -> Migration:
    """Do all work there is, and answer the last state that was saved."""
    while store.work.waiting:
        receive(store)
    return store.migrations.saved[-1]


def migrate(store: Store, *records: Any, **options: Any) -> Migration:
    put(store, lines(*records))
    begin(store, **options)
    return finish(store)


def numbers(migration: Migration) -> tuple[int | None, int, int, int | None, int]:
    """Total, moved, already moved, left and failed."""
    tally = migration.tally
    return (migration.total, tally.moved, tally.already_moved, migration.left, tally.failed)


def images_of(store: Store, record_id: str, owner: str = OWNER) -> list[str]:
    """The images of a record's group: one list call."""
    query = ListQuery(owner=owner, limit=100, group=f"record:{record_id}")
    return [card.id for card in store.lists.page(query, cursor=None).cards]


def stored_bytes(store: Store, image_id: str) -> bytes:
    return store.private.objects[store.repository.records[image_id].record.original_key].data


def failure(migration: Migration) -> tuple[str, str]:
    ((record_name, code),) = [(error.record, error.code) for error in migration.tally.errors]
    return record_name, code

"""What every Rows does: the fake of the tests and DynamoRows on the template's table alike.

Below the contract stand the answers that only a real table gives: lost answers, conflicts of transactions, and the
size of what is read and written.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.table import CONFLICT_RETRY
from image_store.adapters.dynamodb.upkeep import cleanup_rows
from image_store.domain.callers.actor import Actor
from image_store.domain.delivery.publication import NO_IMAGE, PublicationRow
from image_store.domain.delivery.renditions import PRESETS, Placeholder, Rendition
from image_store.domain.errors import Conflict, QuotaExceeded, StorageUnavailable
from image_store.domain.finding.cards import Card
from image_store.domain.finding.lists import MAX_EXAMINED_ROWS, ListQuery, OwnerGroup
from image_store.domain.ids import uuid7
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, ImageRecord, Kind, State, Visibility
from image_store.domain.images.ingest import SweepPosition, VersionPosition
from image_store.domain.images.media import MediaType
from image_store.domain.images.quota import Quota, Usage
from image_store.domain.images.reservation import IdempotencyKey, IdempotencyRow, Reservation
from tests.fakes.dynamodb import all_items, mocked_client, new_table, table_form
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.repository import MemoryRepository
from tests.fakes.rows import DynamoRows, Rows

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DEADLINE = NOON + timedelta(minutes=2)
OWNER = "owner one/#1"
SHA256 = "0f" * 32
PUBLICATION = "AAAAAAAAAAAAAAAAAAAAAA"
THUMB = Rendition("thumb", MediaType.WEBP, 300, 200, 4_000)
DISPLAY = Rendition("display", MediaType.JPEG, 2048, 1365, 90_000)
KEY = IdempotencyKey("name of a key", "fingerprint of a body")

_numbers = count(1)


# Records ----------------------------------------------------------------------------------------------


def pending(
    *,
    at: datetime = NOON,
    groups: tuple[str, ...] = (),
    alt_text: str | None = None,
    **changes: Any,
) -> Image:
    """A record as uploads reserve it."""
    number = next(_numbers)
    record = ImageRecord(
        id=uuid7(at, number),
        owner=OWNER,
        state=State.PENDING,
        attempt=f"{number:016x}",
        version=1,
        change=f"change {number}",
        folder="images/upload/2026/03/",
        kind=Kind.UPLOAD,
        visibility=Visibility.PRIVATE,
        filename="cat.png",
        media_type=MediaType.PNG,
        size_bytes=1_000,
        width=640,
        height=480,
        sha256=f"{number:064x}",
        placeholder=Placeholder("LEHV6nWB2yk8pyo0adR*.7kCMdnj", "#102030"),
        renditions=(THUMB, DISPLAY),
        created_at=at,
        updated_at=at,
        due_at=at + (DEADLINE - NOON),
        perceptual_hash=f"{number:016x}",
        counted=True,
    )
    return Image(replace(record, **changes), Details(groups=groups, alt_text=alt_text))


def moved(image: Image, state: State, **changes: Any) -> Image:
    """The next version of a record, in another state."""
    record = replace(
        image.record, state=state, version=image.record.version + 1, change=f"change {next(_numbers)}"
    )
    return replace(image, record=replace(record, **changes))


def reservation(
    image: Image,
    *,
    quota: Quota = Quota(),  # noqa: B008 - it is frozen
    idempotency: IdempotencyKey | None = None,
    publication: PublicationRow | None = None,
) -> Reservation:
    expires_at = image.record.created_at + timedelta(hours=24)
    return Reservation(image, quota, idempotency, publication, expires_at)


def reserve(store: Rows, **changes: Any) -> Image:
    image = pending(**changes)
    store.reserve(reservation(image))
    return image


def ready(store: Rows, **changes: Any) -> Image:
    return advance(store, reserve(store, **changes), State.READY, due_at=None)


def advance(store: Rows, image: Image, state: State, **changes: Any) -> Image:
    after = moved(image, state, **changes)
    store.replace(image, after)
    return after


def kept_key(image: Image, fingerprint: str = KEY.fingerprint) -> IdempotencyRow:
    expires_at = image.record.created_at + timedelta(hours=24)
    return IdempotencyRow(fingerprint, image.record.id, expires_at.replace(microsecond=0))


def waiting(image: Image, due_at: datetime = DEADLINE, publication: str = PUBLICATION) -> PublicationRow:
    return PublicationRow(publication, image.record.id, image.record.public_keys(publication), due_at)


def query(limit: int = 100, **changes: Any) -> ListQuery:
    return replace(ListQuery(OWNER, limit), **changes)


def ids_of(store: Rows, asked: ListQuery) -> list[str]:
    """The ids of all pages."""
    return [card.id for page in pages(store, asked) for card in page]


def pages(store: Rows, asked: ListQuery) -> list[tuple[Card, ...]]:
    found = []
    after = None
    while True:
        page = store.cards(asked, after=after)
        assert len(page.cards) <= asked.limit
        found.append(page.cards)
        after = page.resume_after
        if after is None:
            return found


def due(store: Rows, at: datetime) -> set[str]:
    return set(store.due(at))


# Stores -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A table, and the client to it."""

    client: Any
    name: str

    def rows(self) -> list[dict[str, Any]]:
        return all_items(self.client, self.name)


Tables = Callable[[str], Table]


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    """New tables, in moto or in the DynamoDB that the fault matrix runs on."""
    form = table_form()
    with mocked_client() as moto:
        clients = {"moto": moto, "memory": MemoryDynamo()}
        yield lambda where: Table(clients[where], new_table(clients[where], form))


@pytest.fixture(params=["moto", "memory"])
def table(request: pytest.FixtureRequest, tables: Tables) -> Table:
    return tables(request.param)


@pytest.fixture(params=["memory", "dynamodb in moto", "dynamodb in memory"])
def store(request: pytest.FixtureRequest, tables: Tables) -> Rows:
    kind, _, where = request.param.partition(" in ")
    return dynamo(tables(where)) if kind == "dynamodb" else MemoryRepository()


ACTOR = Actor.function("generate", "8f5a1f6e-0000-4000-8000-000000000000")


def dynamo(table: Table, client: Any = None) -> DynamoRows:
    chosen = client or table.client
    return DynamoRows(table.name, client=lambda: chosen, actor=lambda: ACTOR)


# Reserve ----------------------------------------------------------------------------------------------


def test_a_reserved_record_reads_as_it_was_written(store: Rows) -> None:
    details = Details(
        title="Кошка",
        alt_text="A cat",
        alt_text_given=True,
        tags=("cat", "日本"),
        rating=4,
        groups=("session:s1", "persona:a/b#c"),
        metadata={"seed": 12345678901234567890, "ratio": 0.1, "nested": {"list": [1, None, True]}},
        generation={"model": "m1", "prompt": "a cat"},
        analysis={"nsfw": 0.01},
        warnings=("The original is larger than 10 MB.",),
    )
    image = replace(
        pending(
            visibility=Visibility.UNLISTED,
            category="cats",
            cache_control="public, max-age=60",
            expires_at=NOON + timedelta(days=1, microseconds=1),
            intent=PUBLICATION,
            guarded=True,
            idempotency="a key",
        ),
        details=details,
    )

    store.reserve(reservation(image))

    assert store.get(image.record.id) == image
    assert store.get_record(image.record.id) == image.record


def test_what_was_never_reserved_is_not_there(store: Rows) -> None:
    reserve(store)

    unknown = uuid7(NOON, 0)

    assert store.get(unknown) is None
    assert store.get_record(unknown) is None
    assert store.idempotency("unknown") is None
    assert store.publication("unknown") is None
    assert store.usage("unknown") == Usage(0, 0)


def test_a_reservation_can_be_repeated_and_counts_once(store: Rows) -> None:
    image = pending(guarded=True)
    asked = reservation(image, idempotency=KEY, publication=waiting(image))

    store.reserve(asked)
    store.reserve(asked)

    assert store.usage(OWNER) == Usage(1, 1_000)


def test_an_id_that_is_taken_is_a_conflict(store: Rows) -> None:
    first = reserve(store)
    same_id = pending(id=first.record.id)

    with pytest.raises(Conflict):
        store.reserve(reservation(same_id))

    assert store.get(first.record.id) == first
    assert store.usage(OWNER) == Usage(1, 1_000)


def test_reservations_are_counted_by_owner(store: Rows) -> None:
    reserve(store, size_bytes=300)
    reserve(store, size_bytes=40)
    reserve(store, owner="owner one", size_bytes=5)

    assert store.usage(OWNER) == Usage(2, 340)
    assert store.usage("owner one") == Usage(1, 5)


def test_the_last_image_of_a_quota_is_taken_and_the_next_is_refused(store: Rows) -> None:
    quota = Quota(images=2)
    for _ in range(2):
        store.reserve(reservation(pending(), quota=quota))
    refused = pending()

    with pytest.raises(QuotaExceeded):
        store.reserve(reservation(refused, quota=quota))

    assert store.get(refused.record.id) is None
    assert store.usage(OWNER) == Usage(2, 2_000)


def test_the_last_byte_of_a_quota_is_taken_and_the_next_is_refused(store: Rows) -> None:
    quota = Quota(size_bytes=1_000)
    store.reserve(reservation(pending(size_bytes=400), quota=quota))
    refused = pending(size_bytes=601)

    with pytest.raises(QuotaExceeded):
        store.reserve(reservation(refused, quota=quota))
    store.reserve(reservation(pending(size_bytes=600), quota=quota))
    with pytest.raises(QuotaExceeded):
        store.reserve(reservation(pending(size_bytes=1), quota=quota))

    assert store.get(refused.record.id) is None
    assert store.usage(OWNER) == Usage(2, 1_000)


@pytest.mark.parametrize(("size_bytes", "fits"), [(1_000, True), (1_001, False)])
def test_a_first_image_may_be_as_large_as_the_quota_and_no_larger(
    store: Rows, size_bytes: int, fits: bool
) -> None:
    asked = reservation(pending(size_bytes=size_bytes), quota=Quota(size_bytes=1_000))

    if fits:
        store.reserve(asked)
    else:
        with pytest.raises(QuotaExceeded):
            store.reserve(asked)

    assert store.usage(OWNER) == (Usage(1, size_bytes) if fits else Usage(0, 0))


def test_a_quota_of_one_owner_is_not_used_by_another(store: Rows) -> None:
    quota = Quota(images=1, size_bytes=1_000)

    store.reserve(reservation(pending(), quota=quota))
    store.reserve(reservation(pending(owner="another"), quota=quota))

    assert store.usage("another") == Usage(1, 1_000)


def everything(image: Image, *, quota: Quota = Quota()) -> Reservation:  # noqa: B008 - it is frozen
    return reservation(image, quota=quota, idempotency=KEY, publication=waiting(image))


def assert_nothing_of(store: Rows, image: Image) -> None:
    assert store.get(image.record.id) is None
    assert image.record.id not in due(store, image.record.created_at + timedelta(days=1))
    kept = store.publication(PUBLICATION)
    assert kept is None or kept.image_id != image.record.id


def test_a_reservation_beyond_the_quota_leaves_nothing(store: Rows) -> None:
    reserve(store)
    refused = pending(guarded=True)

    with pytest.raises(QuotaExceeded):
        store.reserve(everything(refused, quota=Quota(images=1)))

    assert_nothing_of(store, refused)
    assert store.idempotency(KEY.name) is None
    assert store.copies(OWNER, refused.record.sha256).guard is None
    assert store.usage(OWNER) == Usage(1, 1_000)


def test_a_guard_that_is_held_refuses_a_second_reservation_whole(store: Rows) -> None:
    holder = reserve(store, sha256=SHA256, guarded=True)
    refused = pending(sha256=SHA256, guarded=True)

    with pytest.raises(Conflict):
        store.reserve(everything(refused))

    assert_nothing_of(store, refused)
    assert store.idempotency(KEY.name) is None
    assert store.copies(OWNER, SHA256).guard == holder.record.id
    assert store.usage(OWNER) == Usage(1, 1_000)


@pytest.mark.parametrize(
    "other", [{"sha256": "1e" * 32}, {"owner": "another"}, {"guarded": False}], ids=["bytes", "owner", "keep"]
)
def test_a_guard_holds_back_only_guarded_images_of_the_same_owner_and_bytes(
    store: Rows, other: dict[str, Any]
) -> None:
    reserve(store, sha256=SHA256, guarded=True)

    image = reserve(store, **{"sha256": SHA256, "guarded": True} | other)

    assert store.get(image.record.id) == image


def test_an_idempotency_key_stands_for_the_image_reserved_with_it(store: Rows) -> None:
    image = pending(idempotency=KEY.name)

    store.reserve(reservation(image, idempotency=KEY))

    assert store.idempotency(KEY.name) == kept_key(image)


def test_an_idempotency_key_that_is_held_refuses_a_second_reservation_whole(store: Rows) -> None:
    holder = pending()
    store.reserve(reservation(holder, idempotency=KEY))
    refused = pending(guarded=True, at=NOON + timedelta(hours=24))

    with pytest.raises(Conflict):
        store.reserve(everything(refused))

    assert_nothing_of(store, refused)
    assert store.copies(OWNER, refused.record.sha256).guard is None
    assert store.idempotency(KEY.name) == kept_key(holder)
    assert store.usage(OWNER) == Usage(1, 1_000)


def test_an_expired_idempotency_key_is_taken_by_the_next(store: Rows) -> None:
    store.reserve(reservation(pending(), idempotency=KEY))
    later = pending(at=NOON + timedelta(hours=24, seconds=1, milliseconds=1))

    store.reserve(reservation(later, idempotency=IdempotencyKey(KEY.name, "another body")))

    assert store.idempotency(KEY.name) == kept_key(later, "another body")


def test_an_idempotency_key_is_brought_forward_once_by_whoever_saw_it(store: Rows) -> None:
    image = pending(idempotency=KEY.name)
    store.reserve(reservation(image, idempotency=KEY))
    seen = kept_key(image)
    sooner = NOON + timedelta(hours=1)

    store.bring_forward(KEY.name, seen, to=sooner)
    store.bring_forward(KEY.name, seen, to=NOON)
    store.bring_forward("unknown", seen, to=NOON)

    assert store.idempotency(KEY.name) == replace(seen, expires_at=sooner)
    assert store.idempotency("unknown") is None


def test_a_reserved_publication_can_be_read_and_waits_for_its_deadline(store: Rows) -> None:
    image = pending(intent=PUBLICATION)

    store.reserve(reservation(image, publication=waiting(image)))

    assert store.publication(PUBLICATION) == waiting(image)
    assert f"publication:{PUBLICATION}" in due(store, DEADLINE)


# Replace ----------------------------------------------------------------------------------------------


def test_a_replaced_record_reads_as_it_was_written(store: Rows) -> None:
    before = reserve(store)
    after = moved(before, State.READY, due_at=None, filename="dog.png", publication=PUBLICATION)
    after = replace(after, details=Details(title="A dog", metadata={"k": "v"}))

    store.replace(before, after)

    assert store.get(before.record.id) == after
    assert store.get_record(before.record.id) == after.record


def test_a_replacement_can_be_repeated(store: Rows) -> None:
    before = reserve(store)
    after = moved(before, State.READY)

    store.replace(before, after)
    store.replace(before, after)

    assert store.get(before.record.id) == after


@pytest.mark.parametrize(
    "stale",
    [{"version": 1}, {"attempt": "another"}, {"state": State.PENDING}],
    ids=lambda value: next(iter(value)),
)
def test_a_version_that_is_not_the_one_seen_is_a_conflict_and_nothing_is_written(
    store: Rows, stale: dict[str, Any]
) -> None:
    current = ready(store, sha256=SHA256, groups=("session:s1",))
    kept = waiting(current, publication="kept")
    store.replace(current, current := moved(current, State.READY), publications=[kept])
    seen = replace(current, record=replace(current.record, **stale))
    wanted = replace(
        moved(seen, State.DELETING, due_at=DEADLINE, guarded=True), details=Details(groups=("session:s2",))
    )

    with pytest.raises(Conflict):
        store.replace(seen, wanted, publications=[waiting(current), replace(kept, due_at=NOON)])

    assert store.get(current.record.id) == current
    assert store.publication(PUBLICATION) is None
    assert store.publication("kept") == kept
    assert ids_of(store, query(group="session:s1")) == [current.record.id]
    assert ids_of(store, query(group="session:s2")) == []
    assert store.copies(OWNER, SHA256).image_ids == (current.record.id,)
    assert store.copies(OWNER, SHA256).guard is None
    assert store.usage(OWNER) == Usage(1, 1_000)
    assert due(store, DEADLINE) == {"publication:kept"}


def test_of_two_writers_who_saw_the_same_version_one_wins(store: Rows) -> None:
    seen = ready(store)
    first, second = moved(seen, State.READY), moved(seen, State.TRASHED)

    store.replace(seen, first)
    with pytest.raises(Conflict):
        store.replace(seen, second)

    assert store.get(seen.record.id) == first


def test_replacing_what_was_forgotten_is_a_conflict(store: Rows) -> None:
    tombstone = buried(store)
    store.forget(tombstone)

    with pytest.raises(Conflict):
        store.replace(tombstone, moved(tombstone, State.READY))

    assert store.get(tombstone.record.id) is None


def test_group_rows_appear_with_ready_follow_edits_and_go_with_the_trash(store: Rows) -> None:
    def shown(image: Image) -> list[str]:
        return [name for name in names if ids_of(store, query(group=name)) == [image.record.id]]

    names = ["session:s1", "session:s2", "persona:p/1"]
    image = reserve(store, groups=("session:s1", "persona:p/1"))
    assert shown(image) == []

    image = advance(store, image, State.READY)
    assert shown(image) == ["session:s1", "persona:p/1"]

    edited = replace(moved(image, State.READY), details=Details(groups=("session:s2", "persona:p/1")))
    store.replace(image, edited)
    assert shown(edited) == ["session:s2", "persona:p/1"]

    trashed = advance(store, edited, State.TRASHED)
    assert shown(trashed) == []

    restored = advance(store, trashed, State.READY)
    assert shown(restored) == ["session:s2", "persona:p/1"]

    advance(store, restored, State.DELETING)
    assert shown(restored) == []


def test_all_groups_may_be_exchanged_at_once(store: Rows) -> None:
    image = ready(store, groups=tuple(f"session:a{number}" for number in range(20)))
    new = tuple(f"session:b{number}" for number in range(20))

    store.replace(image, replace(moved(image, State.READY), details=Details(groups=new)))

    assert ids_of(store, query(group="session:a7")) == []
    assert ids_of(store, query(group="session:b7")) == [image.record.id]


def test_an_edit_shows_in_every_list(store: Rows) -> None:
    image = ready(store, groups=("session:s1",))

    advance(store, image, State.READY, filename="renamed.png", visibility=Visibility.PUBLIC)

    for asked in (query(), query(group="session:s1")):
        [card] = store.cards(asked, after=None).cards
        assert (card.filename, card.visibility) == ("renamed.png", Visibility.PUBLIC)


def test_the_trash_has_its_own_list_and_gives_back(store: Rows) -> None:
    image = ready(store)
    image_id = image.record.id
    assert (ids_of(store, query()), ids_of(store, query(trashed=True))) == ([image_id], [])

    trashed = advance(store, image, State.TRASHED)
    assert (ids_of(store, query()), ids_of(store, query(trashed=True))) == ([], [image_id])

    restored = advance(store, trashed, State.READY)
    assert (ids_of(store, query()), ids_of(store, query(trashed=True))) == ([image_id], [])

    advance(store, restored, State.DELETING)
    assert (ids_of(store, query()), ids_of(store, query(trashed=True))) == ([], [])


@pytest.mark.parametrize("path", [[], [State.READY], [State.READY, State.TRASHED]], ids=str)
def test_usage_is_given_back_once_when_deleting_begins(store: Rows, path: list[State]) -> None:
    reserve(store, size_bytes=7)
    image = reserve(store, size_bytes=300)
    for state in path:
        image = advance(store, image, state)
    assert store.usage(OWNER) == Usage(2, 307)

    doomed = moved(image, State.DELETING)
    store.replace(image, doomed)
    store.replace(image, doomed)
    assert store.usage(OWNER) == Usage(1, 7)

    tombstone = advance(store, doomed, State.TOMBSTONE)
    store.forget(tombstone)
    assert store.usage(OWNER) == Usage(1, 7)


def test_bytes_given_back_can_be_used_again(store: Rows) -> None:
    quota = Quota(images=1, size_bytes=1_000)
    image = pending()
    store.reserve(reservation(image, quota=quota))
    advance(store, image, State.DELETING)

    store.reserve(reservation(pending(), quota=quota))

    assert store.usage(OWNER) == Usage(1, 1_000)


def test_a_publication_waits_until_it_is_current_and_again_when_it_is_not(store: Rows) -> None:
    image = ready(store)
    intended = moved(image, State.READY, intent=PUBLICATION)
    store.replace(image, intended, publications=[waiting(image), waiting(image, publication="other")])
    assert store.publication(PUBLICATION) == waiting(image)

    published = moved(intended, State.READY, intent=None, publication=PUBLICATION)
    store.replace(intended, published)

    assert store.publication(PUBLICATION) == replace(waiting(image), due_at=None)
    assert due(store, DEADLINE) == {"publication:other"}
    store.forget_publication(waiting(image), at=NOON)
    assert store.publication(PUBLICATION) == replace(waiting(image), due_at=None)

    store.replace(published, moved(published, State.READY, publication=None), publications=[waiting(image)])

    assert store.publication(PUBLICATION) == waiting(image)
    assert due(store, DEADLINE) == {"publication:other", f"publication:{PUBLICATION}"}


def published(store: Rows) -> Image:
    image = ready(store)
    intended = advance(store, image, State.READY, intent=PUBLICATION)
    return advance(store, intended, State.READY, intent=None, publication=PUBLICATION)


COPY = f"p/{PUBLICATION}/w640.webp"


def test_an_announced_copy_is_named_by_the_publication_until_it_is_forgotten(store: Rows) -> None:
    image = published(store)
    known = waiting(image)

    assert store.announce_copy(PUBLICATION, COPY, until=minutes(2)) is True
    store.replace(image, moved(image, State.READY, publication=None), publications=[known])

    kept = replace(known, keys=known.keys | {COPY}, copied_until=minutes(2))
    assert store.publication(PUBLICATION) == kept
    store.forget_publication(known, at=minutes(3))
    assert store.publication(PUBLICATION) == kept, "a copy would be left that nobody knows of"
    store.forget_publication(kept, at=minutes(1))
    assert store.publication(PUBLICATION) == kept, "a copy that is on its way would be left"
    store.forget_publication(kept, at=minutes(3))
    assert store.publication(PUBLICATION) is None


def test_strays_get_a_row_that_is_due_where_there_is_none(store: Rows) -> None:
    image = published(store)
    current = store.publication(PUBLICATION)
    strays = PublicationRow("stray", NO_IMAGE, frozenset({"p/stray/thumb.jpg"}), NOON)

    for _ in range(2):  # safe to repeat
        store.add_stray_copies(strays)
        store.add_stray_copies(replace(strays, publication=PUBLICATION))

    assert store.publication("stray") == strays
    assert "publication:stray" in list(store.due(minutes(1)))
    assert store.publication(PUBLICATION) == current
    assert store.get(image.record.id) == image


def test_no_copy_can_be_announced_of_what_is_not_current(store: Rows) -> None:
    image = reserve(store)
    store.replace(image, moved(image, State.READY), publications=[waiting(image)])

    assert store.announce_copy(PUBLICATION, COPY, until=minutes(2)) is False
    assert store.announce_copy("unknown", COPY, until=minutes(2)) is False
    assert store.publication(PUBLICATION) == waiting(image)
    assert store.publication("unknown") is None


def amended(record: ImageRecord, **changes: Any) -> ImageRecord:
    return replace(record, amendment=f"amendment {next(_numbers)}", **changes)


MADE = Rendition("w640", MediaType.AVIF, 640, 480, 20_000, making="0123456789abcdef")


@pytest.mark.parametrize("state", [State.READY, State.TRASHED])
def test_an_amendment_changes_the_record_and_not_its_version(store: Rows, state: State) -> None:
    image = advance(store, ready(store, groups=("session:s1",), alt_text="a cat"), state)
    after = amended(image.record, renditions=(*image.record.renditions, MADE))
    listed = store.cards(query(trashed=state is State.TRASHED), after=None)

    store.amend(image.record, after)

    assert store.get(after.id) == replace(image, record=after)
    assert after.version == image.record.version
    assert store.cards(query(trashed=state is State.TRASHED), after=None) == listed


def test_an_amendment_of_what_has_changed_is_a_conflict(store: Rows) -> None:
    image = ready(store)
    changed = advance(store, image, State.READY, filename="dog.png")

    with pytest.raises(Conflict):
        store.amend(image.record, amended(image.record))

    assert store.get(image.record.id) == changed


def test_a_change_by_who_has_not_seen_an_amendment_is_a_conflict(store: Rows) -> None:
    image = ready(store)
    store.amend(image.record, first := amended(image.record))

    with pytest.raises(Conflict):
        store.replace(image, moved(image, State.TRASHED))
    with pytest.raises(Conflict):
        store.amend(image.record, amended(image.record))

    assert store.get_record(image.record.id) == first


def test_a_file_of_an_image_is_made_by_one_at_a_time(store: Rows) -> None:
    def take(holder: str, at: datetime, name: str = "id#w640.webp") -> bool:
        return store.take_rendering(name, holder=holder, at=at, until=at + timedelta(seconds=40))

    assert take("one", NOON)
    assert take("one", NOON), "a repeated call has what it took"
    assert not take("two", NOON + timedelta(seconds=30))
    assert take("two", NOON, "id#w640.avif")
    assert take("two", NOON + timedelta(seconds=41))
    assert not take("one", NOON + timedelta(seconds=42))


def test_many_records_and_publications_are_read_at_once(store: Rows) -> None:
    records = [ready(store) for _ in range(3)]
    store.replace(records[0], moved(records[0], State.READY), publications=[waiting(records[0])])
    ids = [image.record.id for image in records]

    assert set(store.get_records([*ids[1:], "no such image"])) == set(ids[1:])
    assert store.get_records(ids)[ids[1]] == records[1].record
    assert store.publications([PUBLICATION, "none"]) == {PUBLICATION: waiting(records[0])}
    assert store.get_records([]) == {}


def test_a_guard_is_kept_by_ready_and_released_by_the_trash(store: Rows) -> None:
    image = reserve(store, sha256=SHA256, guarded=True)
    image = advance(store, image, State.READY)
    assert store.copies(OWNER, SHA256).guard == image.record.id

    advance(store, image, State.TRASHED, guarded=False)

    assert store.copies(OWNER, SHA256).guard is None
    assert reserve(store, sha256=SHA256, guarded=True).record.id == store.copies(OWNER, SHA256).guard


def test_an_abandoned_reservation_frees_its_guard_and_its_idempotency_key(store: Rows) -> None:
    image = pending(sha256=SHA256, guarded=True, idempotency=KEY.name)
    store.reserve(reservation(image, idempotency=KEY))

    advance(store, image, State.DELETING, guarded=False)

    assert store.idempotency(KEY.name) is None
    again = pending(sha256=SHA256, guarded=True, idempotency=KEY.name)
    store.reserve(reservation(again, idempotency=KEY))
    assert store.idempotency(KEY.name) == kept_key(again)


def test_a_stored_image_keeps_its_idempotency_key_when_it_is_deleted(store: Rows) -> None:
    image = pending(idempotency=KEY.name)
    store.reserve(reservation(image, idempotency=KEY))
    image = advance(store, image, State.READY)

    advance(store, image, State.DELETING)

    assert store.idempotency(KEY.name) == kept_key(image)


# Forget -----------------------------------------------------------------------------------------------


def buried(store: Rows) -> Image:
    doomed = advance(store, ready(store), State.DELETING)
    tombstone = replace(moved(doomed, State.TOMBSTONE, due_at=DEADLINE), details=Details())
    store.replace(doomed, tombstone)
    return tombstone


def test_a_forgotten_tombstone_is_gone_and_can_be_forgotten_again(store: Rows) -> None:
    tombstone = buried(store)
    assert store.get(tombstone.record.id) == tombstone

    store.forget(tombstone)
    store.forget(tombstone)

    assert store.get(tombstone.record.id) is None
    assert store.get_record(tombstone.record.id) is None
    assert due(store, DEADLINE) == set()


def test_a_tombstone_that_changed_is_not_forgotten(store: Rows) -> None:
    seen = buried(store)
    current = advance(store, seen, State.TOMBSTONE)

    with pytest.raises(Conflict):
        store.forget(seen)

    assert store.get(seen.record.id) == current


# Cards ------------------------------------------------------------------------------------------------


def minutes(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def gallery(store: Rows, size: int, **changes: Any) -> list[str]:
    """Ids of READY images, one a minute, oldest first."""
    return [ready(store, at=minutes(number), **changes).record.id for number in range(size)]


def test_a_card_tells_what_a_gallery_shows(store: Rows) -> None:
    image = ready(
        store,
        at=NOON + timedelta(milliseconds=7),
        visibility=Visibility.UNLISTED,
        publication=PUBLICATION,
        kind=Kind.GENERATED,
        filename="ü" * 255,
        alt_text="日" * 2_000,
        groups=("session:s1",),
    )
    record = image.record
    expected = Card(
        id=record.id,
        kind=Kind.GENERATED,
        visibility=Visibility.UNLISTED,
        filename="ü" * 40,
        media_type=MediaType.PNG,
        size_bytes=1_000,
        width=640,
        height=480,
        alt_text="日" * 60,
        alt_text_given=False,
        placeholder=record.placeholder,
        thumb_type=MediaType.WEBP,
        private_prefix=f"images/upload/2026/03/{record.id}/{record.attempt}/",
        publication=PUBLICATION,
        created_at=NOON + timedelta(milliseconds=7),
        renditions=record.renditions,
    )

    assert store.cards(query(), after=None).cards == (expected,)
    assert store.cards(query(group="session:s1"), after=None).cards == (expected,)
    assert expected.thumb_key == record.rendition_key(THUMB)


def test_an_owner_without_images_has_an_empty_last_page(store: Rows) -> None:
    ready(store, owner="another")

    page = store.cards(query(), after=None)

    assert (page.cards, page.resume_after) == ((), None)


def test_only_images_that_are_ready_are_listed(store: Rows) -> None:
    reserve(store)
    advance(store, ready(store), State.TRASHED)
    buried(store)
    image = ready(store)

    assert ids_of(store, query()) == [image.record.id]


@pytest.mark.parametrize("group", [None, "session:s1"])
def test_both_orders_go_by_the_time_of_making(store: Rows, group: str | None) -> None:
    made = gallery(store, 5, groups=("session:s1",))

    assert ids_of(store, query(group=group, descending=False)) == made
    assert ids_of(store, query(group=group)) == made[::-1]


@pytest.mark.parametrize("group", [None, "session:s1"])
def test_filters_narrow_a_list_and_combine(store: Rows, group: str | None) -> None:
    made = {
        (kind, visibility): ready(store, kind=kind, visibility=visibility, groups=("session:s1",)).record.id
        for kind in (Kind.UPLOAD, Kind.GENERATED)
        for visibility in Visibility
    }

    for kind in (None, Kind.UPLOAD, Kind.GENERATED, Kind.REFERENCE):
        for visibility in (None, *Visibility):
            found = ids_of(store, query(group=group, kind=kind, visibility=visibility))
            assert set(found) == {
                image_id
                for (of_kind, of_visibility), image_id in made.items()
                if kind in (None, of_kind) and visibility in (None, of_visibility)
            }


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("group", [None, "session:s1"])
def test_since_is_inclusive_and_until_is_not(store: Rows, group: str | None, descending: bool) -> None:
    made = gallery(store, 6, groups=("session:s1",))

    def found(**dates: Any) -> list[str]:
        return sorted(ids_of(store, query(group=group, descending=descending, **dates)))

    assert found(since=minutes(2)) == made[2:]
    assert found(until=minutes(4)) == made[:4]
    assert found(since=minutes(2), until=minutes(4)) == made[2:4]
    assert found(since=minutes(2) + timedelta(milliseconds=1), until=minutes(3)) == []
    assert found(since=minutes(5), until=minutes(5) + timedelta(milliseconds=1)) == made[5:]


def test_the_list_of_a_group_holds_its_images_alone(store: Rows) -> None:
    ready(store, groups=("session:s1",), owner="another")
    ready(store, groups=("session:s10", "session:S1"))
    image = ready(store, groups=("session:s1", "persona:p"))

    assert ids_of(store, query(group="session:s1")) == [image.record.id]
    assert ids_of(store, query(group="persona:p")) == [image.record.id]
    assert ids_of(store, query(group="session")) == []


def test_owners_and_groups_cannot_spell_each_others_keys(store: Rows) -> None:
    image = ready(store, owner="a#b", groups=("session:c",))
    ready(store, owner="a", groups=("b#session:c",))

    assert ids_of(store, query(owner="a#b", group="session:c")) == [image.record.id]


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize(
    "asked",
    [{}, {"group": "session:s1"}, {"kind": Kind.UPLOAD}, {"trashed": True}, {"since": NOON}],
    ids=lambda asked: next(iter(asked), "all"),
)
def test_pages_of_every_limit_hold_every_image_once(
    store: Rows, asked: dict[str, Any], descending: bool
) -> None:
    made = []
    for number in range(7):
        image = ready(store, at=minutes(number), groups=("session:s1",))
        ready(store, at=minutes(number), kind=Kind.GENERATED, owner=OWNER if "kind" in asked else "another")
        if "trashed" in asked:
            image = advance(store, image, State.TRASHED)
        made.append(image.record.id)
    expected = made[::-1] if descending else made

    for limit in range(1, 10):
        assert ids_of(store, query(limit, descending=descending, **asked)) == expected


@pytest.mark.parametrize("kind", [None, Kind.UPLOAD])
def test_pages_are_full_until_the_last(store: Rows, kind: Kind | None) -> None:
    gallery(store, 7)

    sizes = [len(page) for page in pages(store, query(3, kind=kind))]

    assert sizes == [3, 3, 1]


@pytest.mark.parametrize("group", [None, "session:s1"])
def test_images_that_come_and_go_between_pages_disturb_no_others(store: Rows, group: str | None) -> None:
    records = [ready(store, at=minutes(number), groups=("session:s1",)) for number in range(8)]
    first = store.cards(query(3, group=group), after=None)
    assert [card.id for card in first.cards] == [records[number].record.id for number in (7, 6, 5)]
    assert first.resume_after == records[5].record.id

    # The image that the next page begins after, one that was shown, and one that is to come.
    for gone in (5, 6, 3):
        advance(store, records[gone], State.DELETING)
    ready(store, at=minutes(9), groups=("session:s1",))
    between = ready(store, at=minutes(2) + timedelta(seconds=1), groups=("session:s1",))

    second = store.cards(query(3, group=group), after=first.resume_after)
    third = store.cards(query(3, group=group), after=second.resume_after)
    assert [card.id for card in second.cards] == [
        records[4].record.id,
        between.record.id,
        records[2].record.id,
    ]
    assert [card.id for card in third.cards] == [records[1].record.id, records[0].record.id]


@pytest.mark.parametrize("descending", [True, False])
def test_a_page_may_begin_after_any_id(store: Rows, descending: bool) -> None:
    made = gallery(store, 4)
    missing = uuid7(minutes(1) + timedelta(seconds=30), 0)

    page = store.cards(query(descending=descending), after=missing)

    expected = made[1::-1] if descending else made[2:]
    assert [card.id for card in page.cards] == expected


def test_pages_keep_within_their_dates(store: Rows) -> None:
    made = gallery(store, 6)

    found = ids_of(store, query(1, since=minutes(1), until=minutes(5)))

    assert found == made[1:5][::-1]


# Copies, due, publications ----------------------------------------------------------------------------


def test_copies_are_the_ready_images_of_the_owner_newest_first(store: Rows) -> None:
    made = gallery(store, 3, sha256=SHA256)
    advance(store, ready(store, sha256=SHA256), State.TRASHED)
    holder = reserve(store, sha256=SHA256, guarded=True)
    ready(store, sha256=SHA256, owner="another")
    ready(store)

    found = store.copies(OWNER, SHA256)

    assert found.image_ids == tuple(made[::-1])
    assert found.guard == holder.record.id


def test_bytes_that_nobody_stores_have_no_copies(store: Rows) -> None:
    found = store.copies(OWNER, SHA256)

    assert (found.image_ids, found.guard) == ((), None)


def test_only_what_is_due_is_due(store: Rows) -> None:
    image = reserve(store, due_at=minutes(2))
    reserve(store, due_at=minutes(2) + timedelta(microseconds=1))
    ready(store)
    shown = ready(store)
    rows = [waiting(shown, minutes(1)), waiting(shown, minutes(3), "BBBBBBBBBBBBBBBBBBBBBB")]
    store.replace(shown, moved(shown, State.READY), publications=rows)

    assert due(store, minutes(2)) == {image.record.id, f"publication:{PUBLICATION}"}
    assert due(store, minutes(1) - timedelta(microseconds=1)) == set()


@pytest.mark.parametrize("state", [State.READY, State.TRASHED, State.DELETING, State.TOMBSTONE])
def test_records_of_every_state_can_be_due(store: Rows, state: State) -> None:
    image = reserve(store)
    advance(store, image, state, due_at=minutes(5))

    assert due(store, minutes(4)) == set()
    assert due(store, minutes(5)) == {image.record.id}


def test_what_is_due_no_more_is_not_named(store: Rows) -> None:
    image = reserve(store)

    advance(store, image, State.READY, due_at=None)

    assert due(store, NOON + timedelta(days=1)) == set()


def test_all_that_is_due_is_named_once_while_it_is_taken_further(
    store: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup_rows, "_DUE_PAGE_ROWS", 2)
    records = {image.record.id: image for image in (reserve(store) for _ in range(15))}

    for name in store.due(DEADLINE):
        advance(store, records.pop(name), State.READY, due_at=None)

    assert records == {}


def test_a_forgotten_publication_is_gone_and_can_be_forgotten_again(store: Rows) -> None:
    image = pending()
    store.reserve(reservation(image, publication=waiting(image)))

    store.forget_publication(waiting(image), at=NOON)
    store.forget_publication(waiting(image), at=NOON)

    assert store.publication(PUBLICATION) is None
    assert due(store, DEADLINE) == {image.record.id}


# Maintenance ------------------------------------------------------------------------------------------


def scanned(
    store: Rows, *, limit: int = 3, between: Callable[[int], None] = lambda _: None
) -> list[ImageRecord]:
    """All images that a scan shows, while something happens between its pages."""
    found: list[ImageRecord] = []
    after: str | None = None
    for page in count():
        assert page < 200
        images, after = store.scan(after=after, limit=limit)
        found += images
        if after is None:
            return found
        between(page)
    raise AssertionError


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_a_scan_shows_every_image_of_all_owners_and_states_once(store: Rows, limit: int) -> None:
    records = [reserve(store), ready(store, groups=("session:s1",)), ready(store, owner="another")]
    records.append(advance(store, ready(store), State.TRASHED, due_at=DEADLINE))
    records.append(buried(store))
    everything_of = pending(guarded=True, intent=PUBLICATION)
    store.reserve(everything(everything_of))
    records.append(everything_of)

    found = scanned(store, limit=limit)

    assert sorted(found, key=lambda record: record.id) == sorted(
        (image.record for image in records), key=lambda record: record.id
    )


def test_a_scan_of_an_empty_store_shows_nothing(store: Rows) -> None:
    assert scanned(store) == []


def test_a_scan_loses_no_image_while_others_come_and_go(store: Rows) -> None:
    stay = [ready(store, groups=("session:s1",)) for _ in range(12)]
    go = [buried(store) for _ in range(6)]

    def others_act(page: int) -> None:
        if page < 10:
            reserve(store)
        if go:
            store.forget(go.pop())

    found = [record.id for record in scanned(store, limit=2, between=others_act)]

    assert {image.record.id for image in stay} <= set(found)
    assert len(found) == len(set(found))


def test_a_scan_goes_on_behind_an_image_that_was_forgotten_since(store: Rows) -> None:
    gone = {image.record.id: image for image in (buried(store) for _ in range(4))}
    stay = [ready(store) for _ in range(4)]
    found: list[ImageRecord] = []
    after: str | None = None
    while True:
        images, after = store.scan(after=after, limit=1)
        found += images
        for record in images:
            if record.id in gone:
                store.forget(gone.pop(record.id))
        if after is None:
            break

    assert {image.record.id for image in stay} <= {record.id for record in found}


def owners_due(store: Rows, at: datetime) -> list[str]:
    return sorted(store.owners_due(at))


def test_owners_wait_for_policies_until_their_time_has_come(store: Rows) -> None:
    store.owner_done(OWNER, next_at=NOON)
    store.owner_done("another", next_at=NOON + timedelta(hours=2))

    assert owners_due(store, NOON - timedelta(microseconds=1)) == []
    assert owners_due(store, NOON) == [OWNER]
    assert owners_due(store, NOON + timedelta(hours=2)) == sorted([OWNER, "another"])


def test_an_owner_whose_turn_is_over_waits_for_the_next(store: Rows) -> None:
    for owner in (OWNER, "another"):
        store.owner_done(owner, next_at=NOON)
    tomorrow = NOON + timedelta(days=1)

    store.owner_done(OWNER, next_at=tomorrow)
    store.owner_done(OWNER, next_at=tomorrow)

    assert owners_due(store, tomorrow - timedelta(microseconds=1)) == ["another"]
    assert owners_due(store, tomorrow) == sorted([OWNER, "another"])


def test_all_owners_that_wait_are_named_once_while_their_turns_end(
    store: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup_rows, "_DUE_PAGE_ROWS", 2)
    waiting_owners = {f"owner {number}" for number in range(15)}
    for owner in waiting_owners:
        store.owner_done(owner, next_at=NOON)

    for owner in store.owners_due(NOON):
        waiting_owners.remove(owner)
        store.owner_done(owner, next_at=NOON + timedelta(days=1))

    assert waiting_owners == set()


def test_owners_never_appear_among_what_is_due_nor_images_among_the_owners(store: Rows) -> None:
    image = reserve(store)
    store.owner_done(OWNER, next_at=NOON)

    assert due(store, DEADLINE) == {image.record.id}
    assert owners_due(store, DEADLINE) == [OWNER]


@pytest.mark.parametrize("group", [None, "session:s1"])
def test_cards_of_a_category_are_those_and_no_others(store: Rows, group: str | None) -> None:
    groups = ("session:s1",)
    cats = [ready(store, at=minutes(number), category="cats", groups=groups) for number in range(3)]
    ready(store, at=minutes(4), category="dogs", groups=groups)
    ready(store, at=minutes(5), groups=groups)
    ready(store, at=minutes(6), category="cats", groups=groups, kind=Kind.GENERATED)

    found = ids_of(
        store,
        query(2, category="cats", kind=Kind.UPLOAD, group=group, descending=False, from_records=True),
    )

    assert found == [image.record.id for image in cats]
    assert ids_of(store, query(category="birds", group=group, from_records=True)) == []


# DynamoRows alone -------------------------------------------------------------------------------


def carried_out(carry_out: Callable[[], Any]) -> Any:
    return carry_out()


class Interposed:
    """A client in whose calls a test puts its hand; `asked` holds every call."""

    def __init__(self, client: Any, **hands: Callable[[Callable[[], Any]], Any]) -> None:
        self._client = client
        self._hands = hands
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.asked.append((operation, request))
            hand = self._hands.get(operation, carried_out)
            return hand(lambda: getattr(self._client, operation)(**request))

        return call


def server_error(operation: str = "TransactWriteItems") -> ClientError:
    return ClientError({"Error": {"Code": "InternalServerError", "Message": "no"}}, operation)


def answer_lost(carry_out: Callable[[], Any]) -> Any:
    """Do it, and do not say so."""
    carry_out()
    raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")


def answer_garbled(carry_out: Callable[[], Any]) -> Any:
    carry_out()
    raise server_error()


def never_sent(_: Callable[[], Any]) -> Any:
    raise ConnectTimeoutError(endpoint_url="https://dynamodb.invalid")


def sent_twice(carry_out: Callable[[], Any]) -> Any:
    """What botocore does when the first answer is lost."""
    carry_out()
    return carry_out()


def refused(_: Callable[[], Any]) -> Any:
    raise server_error()


@pytest.mark.parametrize("lost", [answer_lost, answer_garbled, sent_twice], ids=lambda lost: lost.__name__)
def test_writes_whose_answers_are_lost_are_settled_by_a_strong_read(
    table: Table, lost: Callable[[Callable[[], Any]], Any]
) -> None:
    client = Interposed(table.client, transact_write_items=lost)
    store = dynamo(table, client)

    image = pending(guarded=True)
    store.reserve(everything(image, quota=Quota(images=1)))
    doomed = advance(store, image, State.DELETING, guarded=False)
    tombstone = advance(store, doomed, State.TOMBSTONE)
    store.forget(tombstone)

    reads = [
        request
        for operation, request in client.asked
        if operation == "get_item" and request["Key"] == keys.record(image.record.id)
    ]
    assert len(reads) == 4
    assert all(request["ConsistentRead"] for request in reads)
    assert store.get(image.record.id) is None
    assert store.usage(OWNER) == Usage(0, 0)


@pytest.mark.parametrize("failure", [never_sent, refused], ids=lambda failure: failure.__name__)
def test_writes_that_never_happened_are_storage_unavailable(
    table: Table, failure: Callable[[Callable[[], Any]], Any]
) -> None:
    image = reserve(dynamo(table))
    tombstone = buried(dynamo(table))
    store = dynamo(table, Interposed(table.client, transact_write_items=failure))

    writes: tuple[Callable[[], None], ...] = (
        lambda: store.reserve(reservation(pending())),
        lambda: store.replace(image, moved(image, State.READY)),
        lambda: store.forget(tombstone),
    )
    for write in writes:
        with pytest.raises(StorageUnavailable) as raised:
            write()
        assert raised.value.retry_after == timedelta(seconds=1)
    assert dynamo(table).get(image.record.id) == image
    assert dynamo(table).usage(OWNER) == Usage(1, 1_000)


def test_an_answer_lost_after_another_writer_won_is_no_success(table: Table) -> None:
    seen = reserve(dynamo(table))

    def overtaken(carry_out: Callable[[], Any]) -> Any:
        advance(dynamo(table), seen, State.DELETING)
        with pytest.raises(ClientError):
            carry_out()
        raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")

    store = dynamo(table, Interposed(table.client, transact_write_items=overtaken))

    with pytest.raises(StorageUnavailable):
        store.replace(seen, moved(seen, State.READY))


def test_a_read_that_cannot_settle_a_lost_answer_is_storage_unavailable(table: Table) -> None:
    client = Interposed(table.client, transact_write_items=answer_lost, get_item=never_sent)

    with pytest.raises(StorageUnavailable):
        dynamo(table, client).reserve(reservation(pending()))


A_ROW = PublicationRow(PUBLICATION, "id", frozenset({"p/key"}), NOON)
READS: dict[str, Callable[[Rows], object]] = {
    "get": lambda store: store.get("id"),
    "get_record": lambda store: store.get_record("id"),
    "cards": lambda store: store.cards(query(), after=None),
    "copies": lambda store: store.copies(OWNER, SHA256),
    "idempotency": lambda store: store.idempotency("name"),
    "usage": lambda store: store.usage(OWNER),
    "due": lambda store: list(store.due(NOON)),
    "owners_due": lambda store: list(store.owners_due(NOON)),
    "publication": lambda store: store.publication(PUBLICATION),
    "forget_publication": lambda store: store.forget_publication(A_ROW, at=NOON),
    "announce_copy": lambda store: store.announce_copy(PUBLICATION, "p/key", until=NOON),
    "add_stray_copies": lambda store: store.add_stray_copies(A_ROW),
    "take_rendering": lambda store: store.take_rendering("file", holder="one", at=NOON, until=NOON),
    "members": lambda store: store.members(OwnerGroup(OWNER, "session:s1"), after=None, limit=1),
    "sweep_position": lambda store: store.sweep_position("ingest"),
    "settled": lambda store: store.settled(["name"], at=NOON),
    "note": lambda store: store.note("name", what="refused", expires_at=NOON),
    "keep_sweep_position": lambda store: store.keep_sweep_position("ingest", SweepPosition(None, NOON)),
}
WEAK_OR_WRITTEN = {
    "cards",
    "due",
    "owners_due",
    "forget_publication",
    "announce_copy",
    "add_stray_copies",
    "take_rendering",
    "settled",
    "note",
    "keep_sweep_position",
}


@pytest.mark.parametrize("failure", [never_sent, refused], ids=lambda failure: failure.__name__)
@pytest.mark.parametrize("method", READS)
def test_every_failure_is_storage_unavailable(
    method: str, failure: Callable[[Callable[[], Any]], Any]
) -> None:
    client = Interposed(
        None,
        query=failure,
        get_item=failure,
        delete_item=failure,
        put_item=failure,
        update_item=failure,
        batch_get_item=failure,
    )
    store = DynamoRows("images", client=lambda: client)

    with pytest.raises(StorageUnavailable) as raised:
        READS[method](store)

    assert raised.value.retry_after == timedelta(seconds=1)


@pytest.mark.parametrize("method", [name for name in READS if name not in WEAK_OR_WRITTEN])
def test_reads_that_decide_are_strong(table: Table, method: str) -> None:
    client = Interposed(table.client)

    READS[method](dynamo(table, client))

    request = client.asked[0][1]
    assert len(client.asked) == (3 if method == "usage" else 1), "figures are read beside the count"
    assert request["ConsistentRead"] is True


class Time:
    """Time that passes while somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.elapsed = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        # Full jitter may draw next to nothing; what is measured is what time it costs at most.
        self.elapsed += max(seconds, 0.01)


def conflicting(carry_out: Callable[[], Any], *, single: bool = False) -> Any:
    """Another transaction holds a row."""
    if single:
        answer: Any = {"Error": {"Code": "TransactionConflictException", "Message": "no"}}
    else:
        answer = {
            "Error": {"Code": "TransactionCanceledException", "Message": "no"},
            "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
        }
    raise ClientError(answer, "TransactWriteItems")


@pytest.mark.parametrize("single", [True, False])
def test_a_conflict_of_transactions_that_passes_is_not_noticed(table: Table, single: bool) -> None:
    left = iter([True, True, True, False])
    time = Time()
    client = Interposed(
        table.client,
        transact_write_items=lambda carry_out: (
            conflicting(carry_out, single=single) if next(left) else carry_out()
        ),
    )
    store = DynamoRows(table.name, client=lambda: client, sleep=time.sleep, monotonic=lambda: time.elapsed)
    image = pending()

    store.reserve(reservation(image))

    assert store.get(image.record.id) == image
    assert len(time.slept) == 3


def test_a_conflict_of_transactions_is_waited_for_some_seconds_with_jitter_up_to_160_ms(table: Table) -> None:
    time = Time()
    client = Interposed(table.client, transact_write_items=conflicting)
    store = DynamoRows(table.name, client=lambda: client, sleep=time.sleep, monotonic=lambda: time.elapsed)
    image = pending()

    with pytest.raises(StorageUnavailable) as raised:
        store.reserve(reservation(image))

    assert raised.value.retry_after == timedelta(seconds=1)
    assert CONFLICT_RETRY.total_seconds() - 0.2 < time.elapsed < CONFLICT_RETRY.total_seconds() == 6
    assert all(0 <= slept <= min(0.16, 0.02 * 2**turn) for turn, slept in enumerate(time.slept))
    assert max(time.slept) > 0.1
    assert dynamo(table).get(image.record.id) is None


def test_a_lost_race_is_not_tried_again(table: Table) -> None:
    held = reserve(dynamo(table), sha256=SHA256, guarded=True)
    client = Interposed(table.client)
    store = dynamo(table, client)

    with pytest.raises(Conflict):
        store.reserve(reservation(pending(sha256=SHA256, guarded=True)))

    assert [operation for operation, _ in client.asked] == ["transact_write_items", "get_item"]
    assert dynamo(table).copies(OWNER, SHA256).guard == held.record.id


def fill(table: Table, size: int, *, group: str | None = None) -> list[str]:
    """Write the listed rows of READY images as they would be, without their transactions."""
    made = [
        moved(pending(at=minutes(number), groups=(group,) if group else ()), State.READY)
        for number in range(size)
    ]
    rows = [
        row
        for image in made
        for (_, sort_key), row in records.rows_of(image).items()
        if "card" in row and (sort_key == "META") == (group is None)
    ]
    for row in rows:
        table.client.put_item(TableName=table.name, Item=row)
    return [image.record.id for image in made]


def counting(table: Table) -> tuple[DynamoRows, list[int]]:
    """A store, and how many rows each of its Queries reads."""
    read: list[int] = []

    def counted(carry_out: Callable[[], Any]) -> Any:
        answer = carry_out()
        read.append(answer["ScannedCount"])
        return answer

    return dynamo(table, Interposed(table.client, query=counted)), read


@pytest.mark.parametrize("group", [None, "session:s1"])
def test_a_page_of_nothing_reads_2000_rows_and_says_where_to_go_on(table: Table, group: str | None) -> None:
    made = fill(table, MAX_EXAMINED_ROWS + 3, group=group)
    store, read = counting(table)
    asked = query(1, kind=Kind.GENERATED, group=group, descending=False)

    first = store.cards(asked, after=None)
    assert (first.cards, first.resume_after) == ((), made[MAX_EXAMINED_ROWS - 1])
    assert sum(read) == MAX_EXAMINED_ROWS
    assert len(read) <= 8

    last = store.cards(asked, after=first.resume_after)
    assert (last.cards, last.resume_after) == ((), None)
    assert sum(read) == MAX_EXAMINED_ROWS + 3


def test_a_filter_that_all_images_meet_reads_a_quarter_more_than_the_page_holds(table: Table) -> None:
    made = fill(table, 100)
    store, read = counting(table)

    page = store.cards(query(40, kind=Kind.UPLOAD, descending=False), after=None)

    assert [card.id for card in page.cards] == made[:40]
    assert read == [50]


def test_the_fake_reads_2000_rows_for_a_page_of_nothing_as_well() -> None:
    store = MemoryRepository()
    made = gallery(store, MAX_EXAMINED_ROWS + 3)
    asked = query(1, kind=Kind.GENERATED, descending=False)

    first = store.cards(asked, after=None)
    last = store.cards(asked, after=first.resume_after)

    assert (first.cards, first.resume_after) == ((), made[MAX_EXAMINED_ROWS - 1])
    assert (last.cards, last.resume_after) == ((), None)


MAINTENANCE: dict[str, Callable[[Rows], object]] = {
    "scan": lambda store: store.scan(after=None, limit=1),
    "owner_done": lambda store: store.owner_done(OWNER, next_at=NOON),
}


@pytest.mark.parametrize("failure", [never_sent, refused], ids=lambda failure: failure.__name__)
@pytest.mark.parametrize("method", MAINTENANCE)
def test_every_failure_of_maintenance_is_storage_unavailable(
    method: str, failure: Callable[[Callable[[], Any]], Any]
) -> None:
    client = Interposed(None, scan=failure, update_item=failure)

    with pytest.raises(StorageUnavailable):
        MAINTENANCE[method](DynamoRows("images", client=lambda: client))


def test_a_scan_is_strong_and_reads_no_more_rows_than_its_limit(table: Table) -> None:
    fill(table, 5)
    client = Interposed(table.client)

    _, after = dynamo(table, client).scan(after=None, limit=3)
    dynamo(table, client).scan(after=after, limit=3)

    requests = [request for _, request in client.asked]
    assert [(request["Limit"], request["ConsistentRead"]) for request in requests] == [(3, True)] * 2
    assert "ExclusiveStartKey" in requests[1]


def test_a_page_of_a_hundred_is_one_query_of_a_hundred_rows(table: Table) -> None:
    fill(table, 120)
    client = Interposed(table.client)

    page = dynamo(table, client).cards(query(100), after=None)

    assert len(page.cards) == 100
    assert [(operation, request["Limit"]) for operation, request in client.asked] == [("query", 100)]


def test_no_method_scans(table: Table) -> None:
    client = Interposed(table.client)
    store = dynamo(table, client)

    store.forget(buried(store))
    for read in READS.values():
        read(store)

    assert {operation for operation, _ in client.asked} == {
        "transact_write_items",
        "query",
        "get_item",
        "batch_get_item",
        "put_item",
        "update_item",
        "delete_item",
    }


def size_bytes_of(row: dict[str, Any]) -> int:
    """The size DynamoDB counts: names and values in UTF-8."""
    return sum(
        len(name.encode()) + len(str(text).encode()) for name, value in row.items() for text in value.values()
    )


def test_a_record_with_the_longest_names_stays_under_two_and_a_quarter_kb(table: Table) -> None:
    store = dynamo(table)
    image = pending(
        owner="auth0|" + "a" * 40,
        folder="images/" + "s" * 64 + "/" + "p" * 64 + "/",
        filename="n" * 255,
        category="c" * 64,
        alt_text="a" * 2_000,
        cache_control="public, max-age=31536000, stale-while-revalidate=86400, immutable",
        visibility=Visibility.UNLISTED,
        expires_at=NOON + timedelta(days=30),
        due_at=NOON + timedelta(days=30),
        guarded=True,
        idempotency="0f" * 32,
        publication=PUBLICATION,
        intent=PUBLICATION,
    )
    image = replace(image, details=replace(image.details, generation={"model": "m" * 64}))
    store.reserve(reservation(image))
    stored = advance(store, image, State.READY)

    [meta] = [row for row in table.rows() if row["sk"]["S"] == "META"]

    assert size_bytes_of(meta) < 2_304
    assert store.get(image.record.id) == stored


def test_a_listed_row_of_a_common_image_is_small_enough_for_eight_read_units_a_hundred(table: Table) -> None:
    store = dynamo(table)
    ready(store, filename="n" * 255, alt_text="a" * 2_000, groups=("session:s1",))

    [row] = [row for row in table.rows() if row["pk"]["S"].startswith("GROUP#")]

    # An eventually consistent Query reads 8 KB a unit.
    assert 100 * size_bytes_of(row) <= 8 * 8_192


def test_a_record_with_every_rendition_there_can_be_is_below_two_kilobytes(table: Table) -> None:
    """DESIGN, Table: of the usual presets in all of their formats, for a published image."""
    store = dynamo(table)
    image = published(store)
    made = tuple(
        Rendition(preset.name, media_type, 2048, 1365, 1_234_567, making="0123456789abcdef")
        for preset in PRESETS.values()
        if not preset.at_upload
        for media_type in preset.formats
    )
    renditions = (*image.record.renditions, *made)

    store.amend(image.record, amended(image.record, renditions=renditions, transformed=True))

    [meta] = [row for row in table.rows() if row["sk"]["S"] == "META"]
    assert len(made) == 9
    assert size_bytes_of(meta) < 2_000
    assert store.get_record(image.record.id) == store.get(image.record.id).record  # type: ignore[union-attr] # it is there
    assert len(store.get_record(image.record.id).renditions) == 11  # type: ignore[union-attr] # as above


def test_what_a_deleted_image_leaves_in_the_table_is_the_count(table: Table) -> None:
    store = dynamo(table)
    image = pending(sha256=SHA256, guarded=True, groups=("session:s1", "persona:p"))
    store.reserve(everything(image))
    for state in (State.READY, State.DELETING, State.TOMBSTONE):
        image = advance(store, image, state, guarded=state is State.READY)
    store.forget(image)
    store.forget_publication(waiting(image), at=NOON)

    assert sorted(row["sk"]["S"] for row in table.rows()) == ["IDEMPOTENCY", "QUOTA"]


def test_idempotency_rows_alone_expire_by_themselves(table: Table) -> None:
    store = dynamo(table)
    image = pending(guarded=True, groups=("session:s1",))
    store.reserve(everything(image))
    advance(store, image, State.READY)

    [row] = [row for row in table.rows() if "ttl" in row]

    assert row["sk"]["S"] == "IDEMPOTENCY"
    assert row["ttl"] == {"N": str(int((NOON + timedelta(hours=24)).timestamp()))}


def test_making_a_repository_makes_no_client() -> None:
    def client() -> Any:
        pytest.fail("A client was made.")

    DynamoRows("images", client=client)


# Groups that are deleted, and what is remembered of dropped objects ------------------------------------


def test_members_of_a_group_come_oldest_first_page_by_page(store: Rows) -> None:
    made = [ready(store, groups=("session:s1",), at=NOON + timedelta(minutes=n)).record.id for n in range(5)]
    ready(store, groups=("session:s2",))
    group = OwnerGroup(OWNER, "session:s1")

    first = store.members(group, after=None, limit=2)
    second = store.members(group, after=first.resume_after, limit=2)
    last = store.members(group, after=second.resume_after, limit=2)

    assert (first.image_ids, second.image_ids, last.image_ids) == (
        tuple(made[:2]),
        tuple(made[2:4]),
        tuple(made[4:]),
    )
    assert (first.resume_after, second.resume_after, last.resume_after) == (made[1], made[3], None)
    assert store.members(group, after=None, limit=5).resume_after is None
    assert store.members(OwnerGroup("somebody else", "session:s1"), after=None, limit=5).image_ids == ()


def test_only_images_that_are_ready_are_members(store: Rows) -> None:
    reserve(store, groups=("session:s1",))

    assert store.members(OwnerGroup(OWNER, "session:s1"), after=None, limit=5).image_ids == ()


def test_what_became_an_image_or_was_noted_is_settled_until_it_expires(store: Rows) -> None:
    store.reserve(reservation(pending(idempotency=KEY.name), idempotency=KEY))
    store.note("noted", what="refused", expires_at=NOON + timedelta(days=1))
    names = [KEY.name, "noted", "unknown", *(f"unknown {number}" for number in range(60))]

    assert set(store.settled(names, at=NOON)) == {KEY.name, "noted"}
    assert set(store.settled(["noted"], at=NOON + timedelta(days=1))) == {"noted"}
    assert set(store.settled(["noted"], at=NOON + timedelta(days=1, seconds=1))) == set()
    assert set(store.settled([], at=NOON)) == set()


def test_a_note_can_be_written_anew(store: Rows) -> None:
    store.note("noted", what="announced", expires_at=NOON)
    store.note("noted", what="refused", expires_at=NOON + timedelta(days=1))

    assert set(store.settled(["noted"], at=NOON + timedelta(hours=1))) == {"noted"}


@pytest.mark.parametrize("after", [None, VersionPosition("ingest/a/ключ.png", "v1")])
def test_the_position_of_a_sweep_reads_as_it_was_kept(store: Rows, after: VersionPosition | None) -> None:
    position = SweepPosition(after, NOON)

    store.keep_sweep_position("ingest", SweepPosition(VersionPosition("b", "v"), NOON))
    store.keep_sweep_position("ingest", position)

    assert store.sweep_position("ingest") == position
    assert store.sweep_position("another") is None


def test_parallel_reservations_cannot_pass_a_quota_together(table: Table) -> None:
    """Forty at once, where ten are allowed."""
    store, quota = dynamo(table), Quota(images=10)

    def attempt(_: int) -> bool:
        try:
            store.reserve(reservation(pending(), quota=quota))
        except QuotaExceeded as refused:
            return refused.retry_after is not None  # waiting does not help: nobody may be told to
        return True

    with ThreadPoolExecutor(40) as pool:
        taken = list(pool.map(attempt, range(40)))

    rows = [item for item in all_items(table.client, table.name) if item["sk"]["S"] == "META"]
    assert (sum(taken), len(rows)) == (10, 10)
    assert store.usage(OWNER) == Usage(10, 10_000)


def test_parallel_reservations_cannot_pass_a_quota_of_bytes_together(table: Table) -> None:
    store, quota = dynamo(table), Quota(size_bytes=10_500)

    def attempt(_: int) -> bool:
        try:
            store.reserve(reservation(pending(), quota=quota))
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(40) as pool:
        taken = list(pool.map(attempt, range(40)))

    assert sum(taken) == 10
    assert store.usage(OWNER) == Usage(10, 10_000)

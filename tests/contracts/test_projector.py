"""What DynamoProjector leaves in the table: exactly what follows from the records, whatever happened on the way."""

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.finding.projections import RowKey
from image_store.adapters.dynamodb.finding.projector import RETENTION_AFTER_END, DynamoProjector
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.finding.projection import MAX_TERMS
from image_store.domain.finding.similarity import bands
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, ImageRecord, State, Visibility
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import Reservation
from tests.contracts.repository.images import NOON, OWNER, PUBLICATION, moved, pending
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.interception import Hook, InterceptedClient, after, lose_response, never_send, nth
from tests.fakes.projections import OF_PROJECTIONS, assert_projected, figures, found_by
from tests.fakes.rows import DynamoRows

if TYPE_CHECKING:
    from collections.abc import Callable

HASH = "0123456789abcdef"
LONG_PROMPT = " ".join(f"word{number}" for number in range(300))


class Store:
    """A table with records and their projections."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.table = new_table(client)
        self.repository = DynamoRows(DynamoTable(self.table, client=lambda: client))
        self.projector = self.projector_with(client)

    def projector_with(self, client: Any) -> DynamoProjector:
        return DynamoProjector(DynamoTable(self.table, client=lambda: client, sleep=lambda _: None))

    def add(self, state: State = State.READY, *, details: Details | None = None, **changes: Any) -> Image:
        image = pending(**changes)
        if details is not None:
            image = replace(image, details=details)
        image = replace(image, record=replace(image.record, intent=None))
        self.repository.reserve(Reservation(image, Quota(), None, None, NOON))
        return image if state is State.PENDING else self.move(image, State.READY, due_at=None)

    def move(self, image: Image, state: State, details: Details | None = None, **changes: Any) -> Image:
        after = moved(image, state, **changes)
        if details is not None:
            after = replace(after, details=details)
        self.repository.replace(image, after)
        return after

    def project(self, image: Image, *, epoch: int = 1, again: bool = False) -> None:
        self.projector.project(image.record.id, epoch=epoch, at=NOON, again=again)

    def items(self) -> list[dict[str, Any]]:
        return all_items(self.client, self.table)

    def found_by(self) -> dict[RowKey, dict[str, Any]]:
        return found_by(self.items())

    def figures(self, epoch: int = 1) -> dict[RowKey, Counter[str]]:
        return figures(self.items(), epoch)

    def assert_follows(self, epoch: int = 1) -> None:
        assert_projected(self.items(), epoch)


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Any:
    """A client of a DynamoDB in memory, or of moto for tests that ask for both."""
    kind = getattr(request, "param", "memory")
    return request.getfixturevalue("moto") if kind == "moto" else MemoryDynamo()


both = pytest.mark.parametrize("client", ["memory", "moto"], indirect=True)


@pytest.fixture
def store(client: Any) -> Store:
    return Store(client)


def published(record: ImageRecord) -> dict[str, Any]:
    return {"visibility": Visibility.PUBLIC, "publication": f"{record.id[-21:]}A"}


def withdrawn() -> dict[str, Any]:
    return {"visibility": Visibility.PRIVATE, "publication": None}


CATS = Details(
    title="Two cats",
    tags=("cats", "café"),
    groups=("session:s1",),
    generation={"prompt": "two cats on a mat", "model": "m1", "provider": "p1"},
)


# One image --------------------------------------------------------------------------------------------


@both
def test_an_image_has_rows_for_its_tags_category_model_terms_and_hash(store: Store) -> None:
    image = store.add(details=CATS, category="pets", perceptual_hash=HASH)

    store.project(image)

    image_id = image.record.id
    rows_by_key = store.found_by()
    assert {
        (keys.tagged(OWNER, "café", trashed=False), image_id),
        (keys.in_category(OWNER, "pets"), image_id),
        (keys.by_model(OWNER, "m1"), image_id),
        *((keys.hash_band(OWNER, index, band), image_id) for index, band in enumerate(bands(HASH))),
        (keys.terms(OWNER, "cats", trashed=False), keys.term_place("cats", 0, image_id)),
        (keys.terms(OWNER, "mat", trashed=False), keys.term_place("mat", 2, image_id)),
    } <= set(rows_by_key)
    store.assert_follows()


def alike(store: Store) -> set[str]:
    return {key[0] for key in store.found_by() if key[0].startswith("ALIKE#")}


@both
def test_only_a_ready_image_with_a_hash_has_rows_of_hash_bands(store: Store) -> None:
    unhashed, image = store.add(perceptual_hash=None), store.add()
    store.project(unhashed)
    assert alike(store) == set()
    store.project(image)
    before = alike(store)
    image = store.move(image, State.TRASHED)

    store.project(image)

    assert alike(store) == set()
    store.project(store.move(image, State.READY))
    assert alike(store) == before
    store.assert_follows()


def test_a_projection_from_before_hashes_is_updated(store: Store) -> None:
    """Facts that were kept by an earlier version do not know of them."""
    image = store.add(details=CATS, perceptual_hash=None)
    store.project(image)
    key = keys.projection(image.record.id)
    row = store.client.get_item(TableName=store.table, Key=key)["Item"]
    facts = json.loads(row["facts"]["S"])
    facts.pop("perceptual_hash")
    store.client.put_item(TableName=store.table, Item={**row, "facts": {"S": json.dumps(facts)}})

    image = store.move(image, State.READY, perceptual_hash=HASH)
    store.project(image)

    assert len(alike(store)) == 4
    store.assert_follows()


def test_a_reservation_has_no_projection(store: Store) -> None:
    image = store.add(State.PENDING)
    before = store.items()

    store.project(image)

    assert store.items() == before


@both
def test_every_change_is_projected_and_after_the_end_the_row_expires(store: Store) -> None:
    image = store.add(details=CATS, category="pets")
    store.project(image)
    changes: list[Callable[[Image], Image]] = [
        lambda seen: store.move(seen, State.READY, **published(seen.record)),
        lambda seen: store.move(seen, State.READY, Details(title="Dogs", tags=("dogs", "café"))),
        lambda seen: store.move(seen, State.READY, category=None, **withdrawn()),
        lambda seen: store.move(seen, State.TRASHED, due_at=NOON),
        lambda seen: store.move(seen, State.READY, due_at=None),
        lambda seen: store.move(seen, State.DELETING, due_at=NOON),
        lambda seen: store.move(seen, State.TOMBSTONE, due_at=NOON),
    ]

    for change in changes:
        image = change(image)
        store.project(image)
        store.assert_follows()

    (row,) = [item for item in store.items() if item["sk"]["S"] == "PROJECTION"]
    assert row["ttl"] == {"N": str(int((NOON + RETENTION_AFTER_END).timestamp()))}
    assert store.figures() == {}


def test_an_image_without_a_record_loses_its_rows(store: Store) -> None:
    image = store.add(details=CATS)
    store.project(image)
    tomb = store.move(store.move(image, State.DELETING), State.TOMBSTONE)
    store.repository.forget(tomb)

    store.project(tomb)

    store.assert_follows()
    assert store.found_by() == {}


def test_projecting_again_writes_nothing(store: Store) -> None:
    image = store.add(details=CATS)
    store.project(image)
    before = store.items()

    store.project(image)

    assert store.items() == before


def test_an_image_keeps_its_best_terms_up_to_the_limit(store: Store) -> None:
    details = Details(title="title", tags=("tag",), generation={"prompt": LONG_PROMPT})
    image = store.add(details=details)

    store.project(image)

    terms = {key[1].split(" ")[0] for key in store.found_by() if key[0].startswith("TERM#")}
    assert len(terms) == MAX_TERMS
    assert {"title", "tag", "cat", "png", "word0"} <= terms
    store.assert_follows()


def test_more_rows_than_fit_into_a_transaction_are_all_replaced(store: Store) -> None:
    tags = tuple(f"tag{number}" for number in range(20))
    image = store.add(details=Details(tags=tags, generation={"prompt": LONG_PROMPT}))
    store.project(image)
    store.assert_follows()

    others = tuple(f"other{number}" for number in range(20))
    prompt = LONG_PROMPT.replace("word", "wort")
    image = store.move(image, State.READY, Details(tags=others, generation={"prompt": prompt}))
    store.project(image)

    store.assert_follows()


# Whatever happens on the way --------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [lose_response, never_send], ids=lambda failure: failure.__name__)
@pytest.mark.parametrize("at", [1, 2, 3])
def test_the_next_consumer_finishes_an_interrupted_projection(store: Store, at: int, failure: Hook) -> None:
    image = store.add(details=Details(tags=("a",), generation={"prompt": LONG_PROMPT}))
    store.project(image)
    prompt = LONG_PROMPT.replace("word", "wort")
    image = store.move(image, State.READY, Details(tags=("b",), generation={"prompt": prompt}))
    failing = store.projector_with(InterceptedClient(store.client, transact_write_items=nth(at, failure)))

    with pytest.raises(StorageUnavailable):
        failing.project(image.record.id, epoch=1, at=NOON)
    store.project(image)

    store.assert_follows()


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_later_version_repairs_an_interrupted_projection(store: Store, at: int) -> None:
    image = store.add(details=Details(tags=("a",), generation={"prompt": LONG_PROMPT}))
    store.project(image)
    prompt = LONG_PROMPT.replace("word", "wort")
    image = store.move(image, State.READY, Details(tags=("b",), generation={"prompt": prompt}))
    for tries in (at, 2):
        failing = store.projector_with(
            InterceptedClient(store.client, transact_write_items=nth(tries, lose_response))
        )
        with pytest.raises(StorageUnavailable):
            failing.project(image.record.id, epoch=1, at=NOON)
        image = store.move(image, State.READY, Details(tags=("c",), generation={"prompt": f"{prompt} x"}))

    image = store.move(image, State.TRASHED)
    store.project(image)

    store.assert_follows()


@pytest.mark.parametrize("known", [True, False], ids=["projected before", "never projected"])
@pytest.mark.parametrize("gone", [True, False], ids=["its record is gone", "it is being deleted"])
def test_a_slow_consumer_does_not_restore_a_deleted_image(store: Store, known: bool, gone: bool) -> None:
    image = store.add(details=CATS)
    if known:
        store.project(image)
        image = store.move(image, State.READY, Details(tags=("other",)))

    def delete() -> None:
        last = store.move(image, State.DELETING)
        store.project(last)
        if gone:
            tomb = store.move(last, State.TOMBSTONE)
            store.project(tomb)
            store.repository.forget(tomb)

    slow = store.projector_with(InterceptedClient(store.client, transact_write_items=after(delete)))
    slow.project(image.record.id, epoch=1, at=NOON)

    store.assert_follows()
    assert store.found_by() == {}


STEPS = ("publish", "withdraw", "retag", "regroup", "trash", "restore", "delete")


def stepped(store: Store, image: Image, step: str, number: int) -> Image:
    """The next version of a record, or the same where the step is not for it."""
    record = image.record
    if record.state is State.TRASHED:
        if step == "restore":
            return store.move(image, State.READY, **withdrawn())
        return store.move(image, State.DELETING) if step == "delete" else image
    if record.state is not State.READY:
        return image
    match step:
        case "publish" if record.publication is None:
            return store.move(image, State.READY, **published(record))
        case "withdraw":
            return store.move(image, State.READY, **withdrawn())
        case "retag":
            tags = (f"tag{number}", "steady")
            return store.move(image, State.READY, Details(title=f"number {number}", tags=tags))
        case "regroup":
            groups = (f"album:{number % 3}", "session:s1")
            return store.move(image, State.READY, replace(image.details, groups=groups))
        case "trash":
            return store.move(image, State.TRASHED, **withdrawn())
        case "delete":
            return store.move(image, State.DELETING, **withdrawn())
    return image


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from(STEPS)), max_size=12),
    st.randoms(use_true_random=False),
)
def test_a_shuffled_and_duplicated_stream_gives_the_same_rows_as_an_ordered_one(
    steps: list[tuple[int, str]], chance: random.Random
) -> None:
    """Messages arrive in any order, twice, and some of them before later changes are made."""
    store = Store(MemoryDynamo())
    records = [store.add(details=CATS), store.add(), store.add(category="pets", size_bytes=7)]
    messages = list(records)
    for number, (which, step) in enumerate(steps):
        records[which] = stepped(store, records[which], step, number)
        messages.append(records[which])
        if chance.random() < 0.4:
            store.project(chance.choice(messages))

    late = messages * 2
    chance.shuffle(late)
    for image in late:
        store.project(image)

    store.assert_follows()


# All of them ------------------------------------------------------------------------------------------


def remade(store: Store, *, epoch: int, limit: int = 7) -> None:
    after, more = None, True
    while more:
        _, after = store.projector.rebuild_slice(after=after, limit=limit, epoch=epoch, at=NOON)
        more = after is not None


def filled(store: Store) -> list[Image]:
    records = [
        store.add(details=CATS),
        store.add(category="pets", visibility=Visibility.PUBLIC, publication=PUBLICATION),
        store.move(store.add(details=CATS), State.TRASHED),
        store.move(store.add(), State.DELETING),
    ]
    for image in records:
        store.project(image)
    return records


def test_a_rebuild_of_correct_rows_changes_nothing(store: Store) -> None:
    filled(store)
    before = store.found_by()

    remade(store, epoch=2)

    assert store.found_by() == before
    store.assert_follows(epoch=2)


def test_a_rebuild_needs_only_the_records(store: Store) -> None:
    filled(store)
    for item in store.items():
        if item["pk"]["S"].startswith(OF_PROJECTIONS):
            store.client.delete_item(TableName=store.table, Key={"pk": item["pk"], "sk": item["sk"]})

    remade(store, epoch=2)

    store.assert_follows(epoch=2)


@both
def test_a_rebuild_repairs_wrong_rows_and_removes_stray_ones(store: Store) -> None:
    records = filled(store)
    for key, item in store.found_by().items():
        changed = {**item, "card": {"S": "wrong"}}
        store.client.put_item(TableName=store.table, Item=changed)
        stray = {**item, "pk": {"S": f"{key[0]}stray"}}
        store.client.put_item(TableName=store.table, Item=stray)
    total = keys.key(keys.owner_stats(1, OWNER), keys.TOTAL)
    store.client.put_item(TableName=store.table, Item={**total, "images": {"N": "99"}})
    nobody = keys.key(keys.former_feed("2026-03"), records[0].record.id[:-1] + "f")
    store.client.put_item(TableName=store.table, Item=nobody)

    remade(store, epoch=2)

    store.assert_follows(epoch=2)


def test_a_rebuild_continues_while_images_change(store: Store) -> None:
    """Each is counted once, whether the rebuild has passed it or not."""
    records = filled(store)
    after, more, number = None, True, 0
    while more:
        _, after = store.projector.rebuild_slice(after=after, limit=3, epoch=2, at=NOON)
        more = after is not None
        records[0] = stepped(store, records[0], ("retag", "publish", "withdraw")[number % 3], number)
        number += 1
        # Consumers that have not heard of the rebuild still count the old way.
        store.project(records[0], epoch=1 + number % 2)
        if number < 5:  # more would come faster than they are passed
            store.project(store.add(details=CATS), epoch=2)

    store.assert_follows(epoch=2)


def test_figures_of_an_older_epoch_expire(store: Store) -> None:
    filled(store)

    remade(store, epoch=2)

    ends = str(int((NOON + RETENTION_AFTER_END).timestamp()))
    old = [item for item in store.items() if item["pk"]["S"].startswith(f"{keys.STATS_PREFIX}1#")]
    new = [item for item in store.items() if item["pk"]["S"].startswith(f"{keys.STATS_PREFIX}2#")]
    assert {item["ttl"]["N"] for item in old} == {ends}
    assert not [item for item in new if "ttl" in item]


def test_the_progress_of_a_rebuild_is_stored_and_only_one_of_two_runs_continues(store: Store) -> None:
    first = store.projector.rebuild()
    begun = replace(first, new_epoch=2, begins_at=NOON + timedelta(minutes=2), after="{}", examined=7)

    is_stored = store.projector.store_rebuild(begun)

    assert store.projector.rebuild() == is_stored == replace(begun, step=first.step + 1)
    with pytest.raises(Conflict):
        store.projector.store_rebuild(begun)

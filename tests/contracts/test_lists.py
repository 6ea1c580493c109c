"""Every possible list, against a sorted list of the records: on the fake and on the table of the template."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_store.adapters.dynamodb.finding.projector import DynamoProjector
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.finding.lists import ListQuery
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, Kind, State, Visibility
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import Reservation
from tests.contracts.repository.images import NOON, OWNER, ids_of, moved, pending, query
from tests.fakes.dynamodb import mocked_client, new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.interception import InterceptedClient
from tests.fakes.repository import MemoryRepository
from tests.fakes.rows import DynamoRows, Rows

FILTERS: dict[str, tuple[Any, ...]] = {
    "kind": (None, Kind.UPLOAD, Kind.GENERATED),
    "visibility": (None, Visibility.PRIVATE, Visibility.UNLISTED),
    "tag": (None, "a", "b/#1"),
    "group": (None, "session:s1", "session:s2"),
    "model": (None, "m1", "m/2"),
    "provider": (None, "p1"),
    "category": (None, "c1", "c 2"),
    "since": (None, NOON + timedelta(seconds=3)),
    "until": (None, NOON + timedelta(seconds=9)),
    "trashed": (False, True),
    "descending": (True, False),
}


class Projected(DynamoRows):
    """A repository whose every change is projected at once."""

    def __init__(self, table: str, client: Any) -> None:
        rows = DynamoTable(table, client=lambda: client)
        super().__init__(rows)
        self.client, self.table = client, table
        self._projector = DynamoProjector(rows)

    def replace(self, before: Image, after: Image, **more: Any) -> None:
        super().replace(before, after, **more)
        self._projector.project(after.record.id, epoch=1, at=NOON)


def in_table(client: Any) -> Projected:
    return Projected(new_table(client), client)


@pytest.fixture(scope="module", params=["memory", "table", "moto"])
def filled(request: pytest.FixtureRequest) -> Iterator[tuple[Rows, list[Image]]]:
    """A store of images in which every value of every filter occurs in many combinations."""
    chance = random.Random(7)  # noqa: S311 - the same store in every run
    if request.param == "moto":
        with mocked_client() as client:
            moto = in_table(client)
            yield moto, [add(moto, number, chance) for number in range(12)]
    else:
        store = MemoryRepository() if request.param == "memory" else in_table(MemoryDynamo())
        yield store, [add(store, number, chance) for number in range(40)]


def add(store: Rows, number: int, chance: random.Random) -> Image:
    details = Details(
        tags=tuple(tag for tag in ("a", "b/#1", "c") if chance.random() < 0.5),
        groups=tuple(name for name in ("session:s1", "session:s2") if chance.random() < 0.5),
        generation={"model": chance.choice(["m1", "m/2"]), "provider": chance.choice(["p1", "p2"])}
        if chance.random() < 0.7
        else None,
    )
    image = pending(
        at=NOON + timedelta(seconds=number // 3, milliseconds=number),
        kind=chance.choice([Kind.UPLOAD, Kind.GENERATED]),
        visibility=chance.choice([Visibility.PRIVATE, Visibility.UNLISTED]),
        category=chance.choice([None, "c1", "c 2"]),
    )
    image = replace(image, details=details)
    store.reserve(Reservation(image, Quota(), None, None, NOON))
    ready = moved(image, State.READY, due_at=None)
    store.replace(image, ready)
    if chance.random() < 0.3:
        image, ready = ready, moved(ready, State.TRASHED, publication=None)
        store.replace(image, ready)
    return ready


def meets(image: Image, list_query: ListQuery) -> bool:
    """What the contract says of filters, on one record."""
    record, details = image.record, image.details
    generation = details.generation or {}
    return (
        record.owner == list_query.owner
        and record.state is (State.TRASHED if list_query.trashed else State.READY)
        and list_query.kind in {None, record.kind}
        and list_query.visibility in {None, record.visibility}
        and list_query.category in {None, record.category}
        and list_query.tag in {None, *details.tags}
        and list_query.group in {None, *details.groups}
        and list_query.model in {None, generation.get("model")}
        and list_query.provider in {None, generation.get("provider")}
        and (list_query.since is None or record.created_at >= list_query.since)
        and (list_query.until is None or record.created_at < list_query.until)
    )


def expected(records: list[Image], list_query: ListQuery) -> list[str]:
    image_ids = sorted(image.record.id for image in records if meets(image, list_query))
    return image_ids[::-1] if list_query.descending else image_ids


PAIRS = [
    (one, other)
    for number, one in enumerate(FILTERS)
    for other in list(FILTERS)[number + 1 :]
    if {one, other} != {"group", "trashed"}  # refused by the service
]


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda name: name)
def test_any_two_filters_hold_together(filled: tuple[Rows, list[Image]], one: str, other: str) -> None:
    """C1."""
    store, records = filled
    for values in product(FILTERS[one], FILTERS[other]):
        list_query = query(7, **dict(zip((one, other), values, strict=True)))

        assert ids_of(store, list_query) == expected(records, list_query), list_query


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    chosen=st.fixed_dictionaries({name: st.sampled_from(values) for name, values in FILTERS.items()}),
    limit=st.integers(1, 100),
)
def test_any_filters_and_any_limit_give_the_sorted_list(
    filled: tuple[Rows, list[Image]], chosen: dict[str, Any], limit: int
) -> None:
    """C1."""
    store, records = filled
    if chosen["trashed"]:
        chosen = {**chosen, "group": None}
    list_query = query(limit, **chosen)

    assert ids_of(store, list_query) == expected(records, list_query)


@pytest.mark.parametrize("kind", ["memory", "table"])
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    chosen=st.fixed_dictionaries(
        {name: st.sampled_from(FILTERS[name]) for name in ("tag", "category", "model", "kind", "descending")}
    ),
    limit=st.integers(1, 4),
    chance=st.randoms(use_true_random=False),
)
def test_images_that_stay_appear_once_while_others_change(
    kind: str, chosen: dict[str, Any], limit: int, chance: random.Random
) -> None:
    store = MemoryRepository() if kind == "memory" else in_table(MemoryDynamo())
    list_query = query(limit, **chosen)
    records = [add(store, number, chance) for number in range(10)]
    staying = {image.record.id for image in records if meets(image, list_query)}
    seen: list[str] = []
    after = None
    while True:
        page = store.cards(list_query, after=after)
        seen += [card.id for card in page.cards]
        after = page.resume_after
        if after is None:
            break
        gone = chance.choice(records)
        if gone.record.state is State.READY:
            records.remove(gone)
            store.replace(gone, moved(gone, State.DELETING))
            staying.discard(gone.record.id)
        add(store, chance.randrange(30), chance)

    assert staying <= set(seen)
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen, reverse=list_query.descending)


def test_a_list_by_tag_reads_only_its_own_rows_in_one_query() -> None:
    client = MemoryDynamo()
    store = in_table(client)
    chance = random.Random(1)  # noqa: S311
    for number in range(6):
        add(store, number, chance)
    list_query = ListQuery(OWNER, 100, tag="a")
    calls: list[dict[str, Any]] = []

    class Counting:
        def query(self, **request: Any) -> Any:
            calls.append(request)
            return client.query(**request)

    counting = Counting()
    cards = DynamoRows(DynamoTable(store.table, client=lambda: counting)).cards(list_query, after=None)

    assert len(calls) == 1
    assert "FilterExpression" not in calls[0]
    assert len(cards.cards) == len(ids_of(store, list_query))


def test_many_images_with_equal_bytes_that_do_not_match_take_few_reads() -> None:
    client = MemoryDynamo()
    store = in_table(client)
    sha256 = "5a" * 32
    for _ in range(300):
        image = pending(sha256=sha256, kind=Kind.UPLOAD)
        store.reserve(Reservation(image, Quota(), None, None, NOON))
        store.replace(image, moved(image, State.READY, due_at=None))
    list_query = ListQuery(OWNER, 1, sha256=sha256, kind=Kind.GENERATED)
    counting = InterceptedClient(client)

    cards = DynamoRows(DynamoTable(store.table, client=lambda: counting)).cards(list_query, after=None)

    assert cards.cards == ()
    assert len(counting.calls) < 25
    assert len(ids_of(store, ListQuery(OWNER, 1, sha256=sha256))) == 300

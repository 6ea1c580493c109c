"""Searches in many scripts against a plain look at every text: on the fake and on the template's table alike (C3)."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_store.adapters.dynamodb.finding.projections import terms_in
from image_store.adapters.dynamodb.finding.search_index import DynamoSearchIndex
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.finding.projection import NAME_RANK, PROMPT_RANK, TITLE_RANK
from image_store.domain.finding.search import SearchQuery
from image_store.domain.finding.words import query_terms, terms_of
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, Kind, State, Visibility
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import Reservation
from image_store.ports.finding import SearchIndex
from image_store.services.finding.cursors import Cursors
from image_store.services.finding.search import Search
from tests.contracts.repository.images import NOON, OWNER, moved, pending
from tests.contracts.test_lists import Projected
from tests.fakes.clock import SetClock
from tests.fakes.dynamodb import all_items, mocked_client, new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.interception import InterceptedClient
from tests.fakes.repository import MemoryRepository
from tests.fakes.rows import Rows
from tests.fakes.search_index import MemorySearchIndex
from tests.samples import SIGNING_KEYS

WORDS = (
    *("cat", "Cats", "category", "café", "CAFE", "Škoda", "naïve", "o'clock", "IMG_2041", "2041"),
    *("кошка", "Кошки", "ёлка", "Αθήνα", "αθηνα", "שלום", "مرحبا", "قطة", "नमस्ते", "नमक"),
    *("東京", "東京タワー", "京都", "猫", "고양이", "나비", "สวัสดี", "Straße", "ﬁne", "Łódź"),
)
QUERIES = (
    *WORDS,
    "c",
    "ca",
    "к",
    "東",
    "cat café",
    "東京 cat",
    "2041 img",
    "straße cat",
    "고양",
    "!?",
    "nothing",
)


class Shelf:
    """A store that can be searched."""

    def __init__(self, repository: Rows, index: SearchIndex, **windows: int) -> None:
        self.repository = repository
        self.records: list[Image] = []
        cursors = Cursors(keys=lambda: SIGNING_KEYS)
        self.search = Search(index=index, lists=repository, cursors=cursors, clock=SetClock(), **windows)

    def add(self, details: Details, **changes: Any) -> Image:
        image = replace(pending(**changes), details=details)
        self.repository.reserve(Reservation(image, Quota(), None, None, NOON))
        ready = moved(image, State.READY, due_at=None)
        self.repository.replace(image, ready)
        self.records.append(ready)
        return ready

    def move(self, image: Image, state: State) -> None:
        after = moved(image, state)
        self.repository.replace(image, after)
        self.records[self.records.index(image)] = after

    def result_ids(self, text: str, limit: int = 100, **filters: Any) -> list[str]:
        return [image_id for page in self.pages(text, limit, **filters) for image_id in page]

    def pages(self, text: str, limit: int, **filters: Any) -> Iterator[list[str]]:
        query = SearchQuery(OWNER, query_terms(text), limit, **filters)
        cursor = None
        while True:
            page = self.search.page(query, cursor=cursor)
            assert len(page.cards) <= limit
            yield [card.id for card in page.cards]
            cursor = page.next_cursor
            if cursor is None:
                return


def texts_of(image: Image) -> list[tuple[int, str]]:
    """Everything that is searched, with what it counts."""
    record, details = image.record, image.details
    generation = details.generation or {}
    alt_text = details.alt_text if details.alt_text_given else None
    return [
        (TITLE_RANK, details.title or ""),
        *((TITLE_RANK, tag) for tag in details.tags),
        (NAME_RANK, record.filename),
        (NAME_RANK, alt_text or ""),
        (PROMPT_RANK, generation.get("prompt") or ""),
    ]


def plain(records: list[Image], text: str) -> list[str]:
    """The ids of what a look at every text finds: the nearest first, then the newest."""
    terms = query_terms(text)
    matches = []
    for image in records:
        if image.record.state is not State.READY or not terms:
            continue
        best: dict[str, int] = {}
        for rank, written in texts_of(image):
            for term in terms_of(written):
                best[term] = min(rank, best.get(term, rank))
        score = 0
        for word in terms:
            near = [rank + 3 * (term != word) for term, rank in best.items() if term.startswith(word)]
            if not near:
                break
            score += min(near)
        else:
            matches.append((score, image.record.id))
    newest = sorted(matches, key=lambda entry: entry[1], reverse=True)
    return [image_id for _, image_id in sorted(newest, key=lambda entry: entry[0])]


@pytest.fixture
def client() -> Any:
    return MemoryDynamo()


def shelf_in_memory(**windows: int) -> Shelf:
    repository = MemoryRepository()
    return Shelf(repository, MemorySearchIndex(repository), **windows)


def shelf_in_table(client: Any, **windows: int) -> Shelf:
    repository = Projected(new_table(client), client)
    return Shelf(
        repository, DynamoSearchIndex(DynamoTable(repository.table, client=lambda: client)), **windows
    )


@pytest.fixture(params=["memory", "table", "moto"])
def shelf(request: pytest.FixtureRequest, client: Any) -> Iterator[Shelf]:
    if request.param == "moto":
        with mocked_client() as moto:
            yield shelf_in_table(moto)
    else:
        yield shelf_in_memory() if request.param == "memory" else shelf_in_table(client)


def described(chance: random.Random) -> Details:
    def some(most: int) -> str:
        return " ".join(chance.choice(WORDS) for _ in range(chance.randint(0, most)))

    return Details(
        title=some(3) or None,
        alt_text=some(3) or None,
        alt_text_given=chance.random() < 0.7,
        tags=tuple({chance.choice(WORDS) for _ in range(chance.randint(0, 2))}),
        generation={"prompt": some(6)} if chance.random() < 0.7 else None,
    )


def fill(shelf: Shelf, size: int, chance: random.Random) -> None:
    for number in range(size):
        shelf.add(
            described(chance),
            at=NOON + timedelta(minutes=number // 2),
            filename=f"{chance.choice(WORDS)}.png",
        )


def test_every_search_gives_the_same_order_as_a_full_comparison(shelf: Shelf) -> None:
    fill(shelf, 12, random.Random(3))  # noqa: S311
    shelf.move(shelf.records[4], State.DELETING)

    for text in QUERIES:
        assert shelf.result_ids(text, 7) == plain(shelf.records, text), text


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 100), st.sampled_from(QUERIES))
def test_any_search_with_any_limit_gives_the_same_as_a_full_comparison(
    chance: random.Random, limit: int, text: str
) -> None:
    shelf = shelf_in_memory()
    fill(shelf, 30, chance)

    assert shelf.result_ids(text, limit) == plain(shelf.records, text)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5), st.sampled_from(QUERIES))
def test_searches_that_take_many_windows_find_everything_once_while_images_come_and_go(
    chance: random.Random, limit: int, text: str
) -> None:
    shelf = shelf_in_memory(window_rows=4, probed_rows=2)
    fill(shelf, 25, chance)
    staying = set(plain(shelf.records, text))
    seen: list[str] = []
    for page in shelf.pages(text, limit):
        seen += page
        gone = chance.choice(shelf.records)
        if gone.record.state is State.READY:
            shelf.move(gone, State.DELETING)
            staying.discard(gone.record.id)
        if len(shelf.records) < 60:  # else more could come than are shown
            shelf.add(described(chance), at=NOON + timedelta(minutes=chance.randrange(12)))

    assert staying <= set(seen)
    assert len(seen) == len(set(seen))


def test_windows_of_the_table_follow_each_other(client: Any) -> None:
    shelf = shelf_in_table(client, window_rows=3, probed_rows=2)
    fill(shelf, 14, random.Random(5))  # noqa: S311

    for text in ("c", "ca", "cat café", "東京 cat"):
        assert sorted(shelf.result_ids(text, 2)) == sorted(plain(shelf.records, text)), text


def test_filters_hold_together_with_words(shelf: Shelf) -> None:
    generation = {"prompt": "a cat", "model": "m1", "provider": "p1"}
    match = shelf.add(
        Details(tags=("pet",), groups=("session:s1",), generation=generation),
        kind=Kind.GENERATED,
        category="c1",
        visibility=Visibility.UNLISTED,
        at=NOON + timedelta(minutes=1),
    )
    filters: dict[str, Any] = {
        "kind": Kind.GENERATED,
        "visibility": Visibility.UNLISTED,
        "tag": "pet",
        "group": "session:s1",
        "model": "m1",
        "provider": "p1",
        "category": "c1",
        "since": NOON + timedelta(minutes=1),
        "until": NOON + timedelta(minutes=2),
    }
    for number in range(4):
        shelf.add(Details(generation={"prompt": "cat"}), at=NOON + timedelta(minutes=number))

    assert shelf.result_ids("cat", **filters) == [match.record.id]
    for name, value in filters.items():
        result_ids = shelf.result_ids("cat", **{name: value})
        assert match.record.id in result_ids
        assert len(result_ids) < 5


def test_a_search_finds_images_in_the_trash_only_there(shelf: Shelf) -> None:
    image = shelf.add(Details(title="cat", tags=("pet",)))
    shelf.move(image, State.TRASHED)

    assert shelf.result_ids("cat") == []
    assert shelf.result_ids("cat", trashed=True) == [image.record.id]
    assert shelf.result_ids("cat", trashed=True, tag="pet") == [image.record.id]
    assert shelf.result_ids("cat", trashed=True, tag="other") == []


@pytest.mark.parametrize("narrowed", [{}, {"tag": "pet"}, {"group": "session:s1"}])
def test_an_image_that_occurs_twice_in_a_window_is_looked_up_once(
    shelf: Shelf, narrowed: dict[str, Any]
) -> None:
    """A term may move while its rows are read, so that the image stands before and behind the reader."""
    image = shelf.add(Details(title="cat", tags=("pet",), groups=("session:s1",)))
    query = SearchQuery(owner=image.record.owner, words=("cat",), limit=10, **narrowed)

    cards = shelf.search.index.cards(query, [image.record.id, image.record.id])

    assert cards.keys() == {image.record.id}


def test_reads_depend_on_the_matches_and_not_on_the_number_of_images(client: Any) -> None:
    """A rare word leads, whatever the common one beside it is."""
    shelf = shelf_in_table(client)
    rare = shelf.add(Details(title="zebra common"))
    for _ in range(30):
        shelf.add(Details(title="common"))
    counting = InterceptedClient(client)
    repository = shelf.repository
    assert isinstance(repository, Projected)
    shelf.search = replace(
        shelf.search, index=DynamoSearchIndex(DynamoTable(repository.table, client=lambda: counting))
    )

    assert shelf.result_ids("common zebra", 10) == [rare.record.id]
    assert counting.scanned_rows <= 25 + 1
    assert counting.operations == ["query", "query", "batch_get_item"]


def test_a_single_word_takes_one_query_and_one_read_of_records(client: Any) -> None:
    shelf = shelf_in_table(client)
    for _ in range(30):
        shelf.add(Details(title="common"))
    counting = InterceptedClient(client)
    repository = shelf.repository
    assert isinstance(repository, Projected)
    shelf.search = replace(
        shelf.search, index=DynamoSearchIndex(DynamoTable(repository.table, client=lambda: counting))
    )

    page = next(shelf.pages("common", 10))

    assert len(page) == 10
    assert counting.operations == ["query", "batch_get_item"]


def counted_shelf(client: Any) -> tuple[Shelf, InterceptedClient]:
    shelf, counting = shelf_in_table(client), InterceptedClient(client)
    repository = shelf.repository
    assert isinstance(repository, Projected)
    shelf.search = replace(
        shelf.search, index=DynamoSearchIndex(DynamoTable(repository.table, client=lambda: counting))
    )
    return shelf, counting


def test_many_images_that_a_filter_drops_take_few_reads(client: Any) -> None:
    shelf, counting = counted_shelf(client)
    for _ in range(200):
        shelf.add(Details(title="common"))
    last = shelf.records[0].record.id

    assert shelf.result_ids("common", 1, group="post:p1") == []
    assert counting.operations.count("batch_get_item") < 15
    assert shelf.result_ids("common", 1)[-1] == last


def test_two_common_words_take_few_rows_more_than_a_window(client: Any) -> None:
    """Most images of the first rows are found, so that it does not matter which word leads."""
    shelf, counting = counted_shelf(client)
    for _ in range(30):
        shelf.add(Details(title="common usual"))
    shelf.search = replace(shelf.search, window_rows=20, probed_rows=5)

    page = next(shelf.pages("common usual", 10))

    assert len(page) == 10
    assert counting.scanned_rows == 5 + 5 + 10


def test_the_rarer_of_two_words_leads_though_both_have_many_rows(client: Any) -> None:
    shelf, counting = counted_shelf(client)
    for number in range(60):
        shelf.add(Details(title="common zoo" if number % 4 == 0 else "common"))
    shelf.search = replace(shelf.search, window_rows=20, probed_rows=10)

    assert len(shelf.result_ids("common zoo", 100)) == 15
    assert counting.scanned_rows == 10 + 10 + 15


def term_rows(client: Any, shelf: Shelf) -> list[dict[str, Any]]:
    repository = shelf.repository
    assert isinstance(repository, Projected)
    rows = all_items(client, repository.table)
    return [row for row in rows if row["pk"]["S"].startswith("TERM#")]


@pytest.mark.parametrize(("words", "packed"), [(5, False), (95, True)], ids=["few words", "many words"])
def test_many_terms_are_compressed_and_still_found(client: Any, words: int, packed: bool) -> None:
    shelf = shelf_in_table(client)
    prompt = " ".join(f"word{number:03}" for number in range(words))
    shelf.add(Details(title="cat", generation={"prompt": prompt}))

    rows = term_rows(client, shelf)

    assert len(rows) >= words
    assert all(("packed" in row, "terms" in row) == (packed, not packed) for row in rows)
    assert shelf.result_ids("cat word001") == [shelf.records[0].record.id]


def test_rows_of_an_earlier_build_are_found(client: Any) -> None:
    shelf = shelf_in_table(client)
    image = shelf.add(Details(title="cat", generation={"prompt": " ".join(f"word{n}" for n in range(90))}))
    repository = shelf.repository
    assert isinstance(repository, Projected)
    for row in term_rows(client, shelf):
        terms = " ".join(f"{rank}{term}" for term, rank in terms_in(row).items())
        del row["packed"]
        client.put_item(TableName=repository.table, Item={**row, "terms": {"S": terms}})

    assert shelf.result_ids("cat word7") == [image.record.id]


def test_records_are_read_at_half_a_unit_each(client: Any) -> None:
    shelf, counting = counted_shelf(client)
    image = shelf.add(Details(title="cat", tags=("pet",), groups=("session:s1",)))

    assert shelf.result_ids("cat", tag="pet", group="session:s1") == [image.record.id]
    consistent = [
        part.get("ConsistentRead", False)
        for request in counting.requests("batch_get_item")
        for part in request["RequestItems"].values()
    ]
    assert consistent == [False, False, False]


def test_a_last_window_that_grows_between_pages_shows_nothing_twice() -> None:
    shelf = shelf_in_memory(window_rows=2, probed_rows=1)
    old = [shelf.add(Details(title="cat mouse"), at=NOON + timedelta(minutes=n)) for n in range(2)]
    pages = shelf.pages("cat mouse", 1)

    seen = next(pages)
    for number in range(3):
        shelf.add(Details(title="cat mouse"), at=NOON + timedelta(minutes=10 + number))
    seen += [image_id for page in pages for image_id in page]

    assert {image.record.id for image in old} <= set(seen)
    assert len(seen) == len(set(seen))

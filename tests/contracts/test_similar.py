"""What looks like an image, against a look at every hash: on the fake and on the template's table alike (B5)."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from image_store.adapters.dynamodb.finding.search_index import DynamoSimilarityIndex
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.errors import ImageNotFound, StorageUnavailable
from image_store.domain.finding.similarity import BAND_DISTANCE, MAX_DISTANCE, hamming
from image_store.domain.images.image import Image, State
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import Reservation
from image_store.ports.finding import SimilarityIndex
from image_store.services.finding.similarity import MAX_ROWS_OF_A_BAND, Similarity
from tests.contracts.repository.images import NOON, OWNER, moved, pending
from tests.contracts.test_lists import Projected, in_table
from tests.fakes.dynamodb import all_items, mocked_client
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.interception import InterceptedClient
from tests.fakes.repository import MemoryRepository, card_of
from tests.fakes.rows import Rows
from tests.fakes.similarity_index import MemorySimilarityIndex

HASH = "0123456789abcdef"


class Album:
    """A store in which similar images can be looked for."""

    def __init__(self, repository: Rows, rows: SimilarityIndex) -> None:
        self.repository = repository
        self.records: list[Image] = []
        self.similarity = Similarity(repository=repository, rows=rows)

    def add(self, perceptual_hash: str | None, **changes: Any) -> Image:
        at = NOON + timedelta(seconds=len(self.records))
        image = pending(at=at, perceptual_hash=perceptual_hash, **changes)
        self.repository.reserve(Reservation(image, Quota(), None, None, NOON))
        ready = moved(image, State.READY, due_at=None)
        self.repository.replace(image, ready)
        self.records.append(ready)
        return ready

    def move(self, image: Image, state: State) -> None:
        self.repository.replace(image, moved(image, state))

    def neighbours(self, image: Image, *, limit: int = 50) -> list[tuple[str, int]]:
        neighbours = self.similarity.similar(image.record.owner, image.record.id, limit=limit)
        return [(similar.card.id, similar.distance) for similar in neighbours]

    def plain(self, image: Image) -> list[tuple[str, int]]:
        """The ids of all others, with their distances: the nearest first, then the newest."""
        near = [
            (hamming(image.record.perceptual_hash or "", other.record.perceptual_hash or ""), other.record.id)
            for other in reversed(self.records)
            if other is not image
        ]
        return [(image_id, distance) for distance, image_id in sorted(near, key=lambda each: each[0])]


def album_in_memory() -> Album:
    repository = MemoryRepository()
    return Album(repository, MemorySimilarityIndex(repository))


def album_in_table(client: Any) -> Album:
    repository = in_table(client)
    return Album(repository, DynamoSimilarityIndex(DynamoTable(repository.table, client=lambda: client)))


@pytest.fixture(params=["memory", "table", "moto"])
def album(request: pytest.FixtureRequest) -> Iterator[Album]:
    if request.param == "moto":
        with mocked_client() as moto:
            yield album_in_table(moto)
    else:
        yield album_in_memory() if request.param == "memory" else album_in_table(MemoryDynamo())


def flipped(perceptual_hash: str, *bits: int) -> str:
    value = int(perceptual_hash, 16)
    for bit in bits:
        value ^= 1 << bit
    return f"{value:016x}"


def test_the_most_similar_come_first_then_the_newest(album: Album) -> None:
    image = album.add(HASH)
    near, older = album.add(flipped(HASH, 3)), album.add(HASH)
    newer, far = album.add(HASH), album.add(flipped(HASH, 0, 20, 40))
    album.add(flipped(HASH, *range(30)))

    neighbour_ids = album.neighbours(image)

    expected = [(newer, 0), (older, 0), (near, 1), (far, 3)]
    assert neighbour_ids == [(image.record.id, distance) for image, distance in expected]
    assert album.neighbours(image, limit=2) == neighbour_ids[:2]


def test_similar_images_have_the_cards_of_a_list(album: Album) -> None:
    image, other = album.add(HASH), album.add(HASH, filename="other.png", category="cats")

    [similar] = album.similarity.similar(OWNER, image.record.id, limit=20)

    assert similar.card == card_of(other)


def test_images_beyond_the_maximum_distance_are_omitted_even_with_a_shared_band(album: Album) -> None:
    image = album.add(HASH)
    farthest = album.add(flipped(HASH, *range(MAX_DISTANCE)))
    album.add(flipped(HASH, *range(MAX_DISTANCE + 1)))

    assert album.neighbours(image) == [(farthest.record.id, MAX_DISTANCE)]


def test_only_other_ready_images_of_the_owner_are_found(album: Album) -> None:
    image, other = album.add(HASH), album.add(HASH)
    album.move(album.add(HASH), State.TRASHED)
    album.move(album.add(HASH), State.DELETING)
    album.add(HASH, owner="somebody else")
    album.add(None)
    pending_one = pending(perceptual_hash=HASH)
    album.repository.reserve(Reservation(pending_one, Quota(), None, None, NOON))

    assert album.neighbours(image) == [(other.record.id, 0)]


def test_a_restored_image_is_found_again(album: Album) -> None:
    image, other = album.add(HASH), album.add(HASH)
    trashed = moved(other, State.TRASHED)
    album.repository.replace(other, trashed)
    assert album.neighbours(image) == []

    album.repository.replace(trashed, moved(trashed, State.READY))

    assert album.neighbours(image) == [(other.record.id, 0)]


def test_an_image_without_a_hash_has_no_similar_images(album: Album) -> None:
    image = album.add(None)
    album.add(HASH)
    album.add(None)

    assert album.neighbours(image) == []


@pytest.mark.parametrize("state", [State.TRASHED, State.DELETING])
def test_an_image_that_is_not_ready_answers_not_found(album: Album, state: State) -> None:
    image = album.add(HASH)
    album.move(image, state)

    with pytest.raises(ImageNotFound):
        album.neighbours(image)


@pytest.mark.parametrize("image_id", ["019ca945-0a00-7000-8000-00000000ffff", "x", "", "../META"])
def test_an_unknown_id_answers_not_found(album: Album, image_id: str) -> None:
    with pytest.raises(ImageNotFound):
        album.similarity.similar(OWNER, image_id, limit=20)


def test_another_owner_gets_not_found(album: Album) -> None:
    """A8."""
    image = album.add(HASH)

    with pytest.raises(ImageNotFound):
        album.similarity.similar("somebody else", image.record.id, limit=20)


def test_a_crowded_band_is_read_from_its_newest_on() -> None:
    for album in (album_in_memory(), album_in_table(MemoryDynamo())):
        oldest = album.add(HASH)
        others = [album.add(HASH) for _ in range(MAX_ROWS_OF_A_BAND)]

        neighbours = album.similarity.similar(OWNER, others[-1].record.id, limit=MAX_ROWS_OF_A_BAND)

        newest = [image.record.id for image in reversed(others[:-1])]
        assert [similar.card.id for similar in neighbours] == newest
        assert oldest.record.id not in newest


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_images_within_the_band_distance_are_always_found(chance: random.Random) -> None:
    album = album_in_memory()
    origin = chance.getrandbits(64)
    for _ in range(20):
        bits = chance.sample(range(64), chance.randint(0, BAND_DISTANCE + 3))
        album.add(flipped(f"{origin:016x}", *bits))

    for image in chance.sample(album.records, 4):
        plain, neighbour_ids = album.plain(image), album.neighbours(image)

        assert [near for near in neighbour_ids if near[1] <= BAND_DISTANCE] == [
            near for near in plain if near[1] <= BAND_DISTANCE
        ]
        assert [near for near in plain if near in neighbour_ids] == neighbour_ids
        assert all(distance <= MAX_DISTANCE for _, distance in neighbour_ids)


def test_a_request_reads_the_image_and_four_bands_however_many_images_exist() -> None:
    album = album_in_table(MemoryDynamo())
    repository = album.repository
    assert isinstance(repository, Projected)
    image, _ = album.add(HASH), album.add(HASH)
    for number in range(30):
        album.add(f"{~number & (1 << 64) - 1:016x}")
    counting = InterceptedClient(repository.client)
    album.similarity = replace(
        album.similarity,
        repository=Projected(repository.table, counting),
        rows=DynamoSimilarityIndex(DynamoTable(repository.table, client=lambda: counting)),
    )

    assert len(album.neighbours(image)) == 1
    assert counting.operations == ["batch_get_item", *["query"] * 4]
    assert counting.scanned_rows == 2 * 4


def test_a_row_of_a_typical_image_is_as_small_as_one_of_a_list() -> None:
    album = album_in_table(MemoryDynamo())
    repository = album.repository
    assert isinstance(repository, Projected)
    album.add(HASH, filename="n" * 255, alt_text="a" * 2_000)

    rows = [
        row for row in all_items(repository.client, repository.table) if row["pk"]["S"].startswith("ALIKE#")
    ]

    assert [row["hash"] for row in rows] == [{"S": HASH}] * 4
    # A hundred of them are at most eight read units, and each takes one write unit.
    sizes = [sum(len(name) + len(value["S"].encode()) for name, value in row.items()) for row in rows]
    assert max(sizes) * MAX_ROWS_OF_A_BAND <= 8 * 8_192


def test_a_table_that_does_not_answer_is_not_an_empty_answer() -> None:
    album = album_in_table(MemoryDynamo())
    image = album.add(HASH)
    repository = album.repository
    assert isinstance(repository, Projected)

    class Silent:
        def query(self, **_request: Any) -> Any:
            raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")

    rows = DynamoSimilarityIndex(DynamoTable(repository.table, client=Silent))
    album.similarity = replace(album.similarity, rows=rows)

    with pytest.raises(StorageUnavailable):
        album.neighbours(image)

"""What growth counts holds for few images as well; that the stand-ins keep step with the adapters shows here first."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from image_store.adapters.dynamodb import keys, owner_keys
from image_store.adapters.dynamodb.finding.projector import DynamoProjector
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.bootstrap import use
from image_store.domain.images.image import Image, Kind, Visibility
from tests.benchmarks.growth_contents import (
    CATEGORY,
    EPOCH,
    FOUND,
    counted_in,
    facts_for,
    found,
    found_by,
)
from tests.benchmarks.growth_operations import OPERATIONS, Held
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.dynamodb_client import MemoryDynamo

FEW, MANY = 20, 60
FEW_FOUND, MANY_FOUND = 1_000, 2_000
READING = [name for name, operation in OPERATIONS.items() if operation.contents == FOUND]
GROWTH = 1.05
PROJECTED = 240
"""Every day and every model, kind, category and provider, and images with the rare word and without."""
LISTED: dict[str, Callable[[Image], bool]] = {
    "list": lambda _: True,
    "list_ascending": lambda _: True,
    "list_fields": lambda _: True,
    "list_all_fields": lambda _: True,
    "list_tag": lambda _: True,
    "list_category": lambda image: image.record.category == CATEGORY,
    "list_kind": lambda image: image.record.kind is Kind.GENERATED,
    "list_visibility": lambda image: image.record.visibility is Visibility.PRIVATE,
    "list_group_category": lambda image: image.record.category == CATEGORY,
    "list_tag_kind": lambda image: image.record.kind is Kind.UPLOAD,
    "search": lambda _: True,
    "search_kind": lambda image: image.record.kind is Kind.UPLOAD,
}
"""Which images the pages of an operation hold."""
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

type Cost = tuple[float, float]
"""How many units an operation did, and what they took together."""


@contextmanager
def held_in(folder: Path) -> Iterator[Held]:
    """The store on what a folder holds."""
    with closing(Held(folder)) as store:
        yield store
    use(None)


def counted(store: Held, name: str) -> Cost:
    """What an operation takes, in what is counted of it."""
    operation = OPERATIONS[name]
    calls, read_units = len(store.functions.calls), store.table.read_units
    units = operation.run(store)
    if operation.counted == "read units":
        return units, store.table.read_units - read_units
    return units, len(store.functions.calls) - calls


def counted_of(folder: Path, name: str, images: int) -> Cost:
    """What an operation takes on so many images that are made for it."""
    folder.mkdir()
    OPERATIONS[name].contents.fill(folder, range(images))
    with held_in(folder) as store:
        return counted(store, name)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Cost]]:
    """What every operation that only reads takes of few and then of many images."""
    folder = tmp_path_factory.mktemp("found")
    costs: dict[str, list[Cost]] = {name: [] for name in READING}
    for indexes in (range(FEW_FOUND), range(FEW_FOUND, MANY_FOUND)):
        FOUND.fill(folder, indexes)
        with held_in(folder) as store:
            for name in READING:
                costs[name].append(counted(store, name))
    return costs


@pytest.mark.parametrize("name", ["cleanup", "delete"])
def test_each_further_image_takes_the_same_few_calls(tmp_path: Path, name: str) -> None:
    few, few_calls = counted_of(tmp_path / "few", name, FEW)
    many, many_calls = counted_of(tmp_path / "many", name, MANY)

    assert (few, many) == (FEW, MANY)
    assert (many_calls - few_calls) / (many - few) <= OPERATIONS[name].bar


@pytest.mark.parametrize("name", READING)
def test_a_page_reads_no_more_when_there_are_more_images(name: str, read: dict[str, list[Cost]]) -> None:
    (few, few_units), (many, many_units) = read[name]

    assert few_units / few <= OPERATIONS[name].bar
    assert many_units / many <= GROWTH * few_units / few


@pytest.mark.parametrize("name", LISTED)
def test_all_images_that_are_asked_for_are_on_the_pages(name: str, read: dict[str, list[Cost]]) -> None:
    asked_for = [LISTED[name](found(index)) for index in range(MANY_FOUND)]

    assert [round(units * 100) for units, _ in read[name]] == [sum(asked_for[:FEW_FOUND]), sum(asked_for)]


def test_a_rare_kind_is_looked_for_in_all_rows_of_the_shelf(read: dict[str, list[Cost]]) -> None:
    for name in ("list_kind_rare", "list_tag_kind_rare"):
        assert [units * 2_000 for units, _ in read[name]] == [FEW_FOUND, MANY_FOUND]


def test_every_second_image_is_on_the_pages_of_the_feed(read: dict[str, list[Cost]]) -> None:
    for name in ("feed", "feed_all_fields"):
        assert [units * 200 for units, _ in read[name]] == [FEW_FOUND, MANY_FOUND]


def test_fields_cost_nothing_but_for_those_of_details(read: dict[str, list[Cost]]) -> None:
    """docs/costs.md: a page takes the same 6 units with fields that rows of lists hold, and 50 more with the others."""
    for few, many in zip(read["list"], read["list_fields"], strict=True):
        assert few == many
    for (pages, units), (_, with_details) in zip(read["list"], read["list_all_fields"], strict=True):
        assert with_details - units == pytest.approx(50 * pages, rel=0.05)


def test_what_is_measured_is_what_the_projector_writes() -> None:
    client = MemoryDynamo()
    table = new_table(client)
    samples = [found(index) for index in range(PROJECTED)]
    stored = {key for sample in samples for key in records.rows_of(sample)}
    for sample in samples:
        for row in records.rows_of(sample).values():
            client.put_item(TableName=table, Item=row)
    projector = DynamoProjector(DynamoTable(table, client=lambda: client))

    for sample in samples:
        projector.project(sample.record.id, epoch=EPOCH, at=NOW)

    projected = {(row["pk"]["S"], row["sk"]["S"]): row for row in all_items(client, table)}
    owners = {sample.record.owner for sample in samples}
    once = {
        (key["pk"]["S"], key["sk"]["S"])
        for owner in owners
        for key in (keys.turn(owner), owner_keys.listed_owner(owner))
    }
    written = {
        key: row
        for key, row in projected.items()
        if key not in stored | once and not key[0].startswith(keys.PROJECTION_PREFIX)
    }
    facts = {sample.record.id: facts_for(sample) for sample in samples}
    expected = counted_in(facts.items())
    for sample in samples:
        expected |= found_by(sample, facts[sample.record.id])
    # One by one: a difference of two large dictionaries takes minutes to show.
    assert sorted(written.keys() ^ expected.keys()) == []
    assert [key for key in written if written[key] != expected[key]] == []

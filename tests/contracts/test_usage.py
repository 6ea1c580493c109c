"""What owners may store, counted from whenever there is a quota: the real table with its projector."""

from collections.abc import Callable
from typing import Any

import pytest

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.finding.projector import DynamoProjector
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.errors import QuotaExceeded
from image_store.domain.images.image import Image, State
from image_store.domain.images.quota import Quota, Usage
from tests.contracts.repository.images import NOON, OWNER, advance, pending, reservation
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.interception import InterceptedClient
from tests.fakes.rows import DynamoRows


class Owner:
    """An owner whose images are stored by functions with a quota and by functions without one."""

    def __init__(self) -> None:
        self.client = MemoryDynamo()
        self.table = new_table(self.client)
        self.intercepted = InterceptedClient(self.client)
        self.projector = DynamoProjector(DynamoTable(self.table, client=lambda: self.client))

    @property
    def rows(self) -> DynamoRows:
        """As a function that has just started sees the table."""
        return DynamoRows(DynamoTable(self.table, client=lambda: self.intercepted))

    def store(self, quota: Quota = Quota(), **changes: Any) -> Image:  # noqa: B008 - it is frozen
        rows = self.rows
        image = pending(counted=quota.is_set, **changes)
        rows.reserve(reservation(image, quota=quota))
        return self.project(advance(rows, image, State.READY))

    def delete(self, image: Image) -> None:
        self.project(advance(self.rows, image, State.DELETING))

    def project(self, image: Image) -> Image:
        self.projector.project(image.record.id, epoch=1, at=NOON)
        return image

    def row(self) -> dict[str, int] | None:
        """The row that a quota is kept in."""
        key = keys.usage(OWNER)
        for row in all_items(self.client, self.table):
            if all(row[name] == value for name, value in key.items()):
                return {name: int(value["N"]) for name, value in row.items() if "N" in value}
        return None


@pytest.fixture
def owner() -> Owner:
    return Owner()


def written_rows(owner: Owner) -> set[tuple[str, str]]:
    """The rows that transactions have written."""
    return {
        (name["pk"]["S"], name["sk"]["S"])
        for operation, request in owner.intercepted.calls
        if operation == "transact_write_items"
        for each in request["TransactItems"]
        for write in each.values()
        for name in [write.get("Key") or write["Item"]]
    }


def test_without_a_quota_two_images_of_an_owner_write_no_row_in_common(owner: Owner) -> None:
    written = []
    for _ in range(2):
        owner.intercepted.calls.clear()
        owner.delete(owner.store())
        written.append(written_rows(owner))

    assert written[0] & written[1] == set()
    assert owner.row() is None


@pytest.mark.parametrize("quota", [Quota(images=3), Quota(size_bytes=3_000)], ids=["images", "bytes"])
def test_a_quota_that_is_set_later_counts_what_was_stored_before(owner: Owner, quota: Quota) -> None:
    before = [owner.store() for _ in range(2)]
    owner.store(quota)

    with pytest.raises(QuotaExceeded):
        owner.store(quota)
    assert owner.rows.usage(OWNER) == Usage(3, 3_000)

    owner.delete(before[0])
    owner.store(quota)
    assert owner.row() == {"images": 2, "promised": 2, "size_bytes": 2_000}


def test_an_owner_over_a_quota_that_is_set_later_keeps_everything_and_stores_nothing(owner: Owner) -> None:
    for _ in range(3):
        owner.store()

    with pytest.raises(QuotaExceeded):
        owner.store(Quota(images=2))
    with pytest.raises(QuotaExceeded):
        owner.store(Quota(size_bytes=2_500))
    assert owner.rows.usage(OWNER) == Usage(3, 3_000)


def test_what_was_stored_while_the_quota_was_off_counts_when_it_is_set_again(owner: Owner) -> None:
    quota = Quota(images=3)
    counted = owner.store(quota)
    uncounted = owner.store()
    owner.store(quota)

    with pytest.raises(QuotaExceeded):
        owner.store(quota)

    owner.delete(counted)
    owner.delete(uncounted)
    assert owner.rows.usage(OWNER) == Usage(1, 1_000)
    assert owner.row() == {"images": 1, "promised": 1, "size_bytes": 1_000}


def test_what_was_counted_is_given_back_by_functions_without_a_quota_as_well(owner: Owner) -> None:
    quota = Quota(images=1)
    for _ in range(3):
        owner.delete(owner.store(quota))

    assert owner.row() == {"images": 0, "promised": 0, "size_bytes": 0}


@pytest.mark.parametrize("state", [State.TRASHED, State.READY])
def test_the_trash_counts(owner: Owner, state: State) -> None:
    image = owner.store()
    if state is State.TRASHED:
        owner.project(advance(owner.rows, image, state))

    with pytest.raises(QuotaExceeded):
        owner.store(Quota(images=1))


def test_an_image_that_is_paid_for_is_counted_and_never_refused(owner: Owner) -> None:
    quota = Quota(images=1)
    owner.store(quota)
    owner.store(quota.without_refusals())

    assert owner.rows.usage(OWNER) == Usage(2, 2_000)


def test_images_of_the_first_version_count_though_their_projections_do_not_know_of_it(owner: Owner) -> None:
    owner.store()
    owner.client.update_item(
        TableName=owner.table,
        Key=keys.key(keys.owner_stats(1, OWNER), keys.TOTAL),
        UpdateExpression="ADD images :more, size_bytes :size",
        ExpressionAttributeValues={":more": {"N": "4"}, ":size": {"N": "50"}},
    )

    assert owner.rows.usage(OWNER) == Usage(5, 1_050)
    with pytest.raises(QuotaExceeded):
        owner.store(Quota(images=5))


def test_that_all_is_counted_is_remembered_for_a_minute(owner: Owner) -> None:
    now = [0.0]
    rows = DynamoRows(DynamoTable(owner.table, client=lambda: owner.intercepted, monotonic=lambda: now[0]))

    def reads(act: Callable[[], object]) -> int:
        owner.intercepted.calls.clear()
        act()
        return owner.intercepted.operations.count("get_item")

    def reserve() -> None:
        rows.reserve(reservation(pending(), quota=Quota(images=10)))

    assert [reads(reserve) for _ in range(3)] == [2, 0, 0]
    now[0] += 61
    assert reads(reserve) == 2

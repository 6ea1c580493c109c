"""Where shares are kept: the fake of the tests and DynamoShares alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb.delivery.shares import DynamoShares
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.delivery.shares import Share
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.ports.delivery import Shares
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.interception import InterceptedClient, lose_response, never_send
from tests.fakes.shares import MemoryShares

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
EVERYTHING = Share(
    id="0123456789abcdef",
    owner="alice",
    created_at=NOON,
    created_by="subject:alice",
    expires_at=NOON + HOUR,
)
OF_A_GROUP = replace(
    EVERYTHING,
    id="00000000000000ff",
    owner="é/#",
    group="album:a#/é",
    presets=frozenset({"thumb", "w640"}),
    name="für",
)
OF_AN_IMAGE = replace(EVERYTHING, id="00000000000000fe", image_id="019ca945-0a00-7000-8000-000000000001")


@pytest.fixture(params=["memory", "dynamodb"])
def shares(request: pytest.FixtureRequest, moto: Any) -> Shares:
    if request.param == "memory":
        return MemoryShares()
    return DynamoShares(DynamoTable(new_table(moto), client=lambda: moto))


@pytest.mark.parametrize("share", [EVERYTHING, OF_A_GROUP, OF_AN_IMAGE], ids=["everything", "group", "image"])
def test_a_share_reads_as_it_was_written(shares: Shares, share: Share) -> None:
    shares.create(share)

    assert shares.get(share.id) == share
    assert shares.get("another") is None


def test_a_share_is_created_once(shares: Shares) -> None:
    shares.create(EVERYTHING)

    with pytest.raises(Conflict):
        shares.create(replace(EVERYTHING, owner="bob"))

    assert shares.get(EVERYTHING.id) == EVERYTHING
    assert shares.page("bob", after=None, limit=10) == ([], None)


def test_a_revocation_keeps_the_time_of_the_first_one(shares: Shares) -> None:
    shares.create(EVERYTHING)

    shares.revoke(EVERYTHING, at=NOON)
    shares.revoke(EVERYTHING, at=NOON + HOUR)

    assert shares.get(EVERYTHING.id) == replace(EVERYTHING, revoked_at=NOON)


def test_a_share_that_is_gone_is_not_brought_back_by_a_revocation(shares: Shares) -> None:
    shares.revoke(EVERYTHING, at=NOON)

    assert shares.get(EVERYTHING.id) is None


def test_the_last_use_is_the_latest_one_and_a_revocation_keeps_it(shares: Shares) -> None:
    shares.create(EVERYTHING)

    shares.record_use(EVERYTHING.id, at=NOON + SECOND)
    shares.record_use(EVERYTHING.id, at=NOON)
    shares.revoke(EVERYTHING, at=NOON)

    expected = replace(EVERYTHING, last_used_at=NOON + SECOND, revoked_at=NOON)
    assert shares.get(EVERYTHING.id) == expected
    assert shares.page("alice", after=None, limit=1)[0] == [expected]


def test_a_use_of_a_share_that_is_not_there_leaves_nothing(shares: Shares) -> None:
    shares.record_use(EVERYTHING.id, at=NOON)

    assert shares.get(EVERYTHING.id) is None


def test_shares_of_an_owner_are_listed_in_pages_with_the_newest_first(shares: Shares) -> None:
    mine = [replace(EVERYTHING, id=f"{5 - n:016x}", created_at=NOON + n * HOUR) for n in range(5)]
    for share in (*mine, OF_A_GROUP, replace(EVERYTHING, id="f" * 16, owner="alice2")):
        shares.create(share)

    pages, after = list[list[Share]](), None
    while True:
        page, after = shares.page("alice", after=after, limit=2)
        pages.append(list(page))
        if after is None:
            break

    assert [share for page in pages for share in page] == mine[::-1]
    assert all(len(page) <= 2 for page in pages)


def test_shares_in_force_are_counted_by_owner(shares: Shares) -> None:
    revoked = replace(EVERYTHING, id="1" * 16, expires_at=NOON + 100 * HOUR)
    lasting = replace(EVERYTHING, id="2" * 16, created_at=NOON + HOUR, expires_at=NOON + 100 * HOUR)
    for share in (EVERYTHING, revoked, lasting, OF_A_GROUP):
        shares.create(share)
    shares.revoke(revoked, at=NOON)

    assert shares.count("alice", at=NOON + SECOND) == 2
    assert shares.count("alice", at=NOON + HOUR + SECOND) == 1
    assert shares.count("bob", at=NOON) == 0


# DynamoShares alone -----------------------------------------------------------------------------------


def test_a_new_share_whose_response_is_lost_is_settled_by_a_read(moto: Any) -> None:
    losing = InterceptedClient(moto, transact_write_items=lose_response)
    shares = DynamoShares(DynamoTable(new_table(moto), client=lambda: losing))

    shares.create(EVERYTHING)

    assert shares.get(EVERYTHING.id) == EVERYTHING


def test_a_new_share_that_never_arrived_is_unavailable(moto: Any) -> None:
    losing = InterceptedClient(moto, transact_write_items=never_send)

    with pytest.raises(StorageUnavailable):
        DynamoShares(DynamoTable(new_table(moto), client=lambda: losing)).create(EVERYTHING)


def test_both_rows_of_a_share_go_a_week_after_its_end(moto: Any) -> None:
    name = new_table(moto)

    DynamoShares(DynamoTable(name, client=lambda: moto)).create(EVERYTHING)

    last_second = str(int((EVERYTHING.expires_at + timedelta(days=7)).timestamp()))
    assert [item["ttl"]["N"] for item in all_items(moto, name)] == [last_second] * 2


def test_both_rows_of_a_share_go_a_week_after_its_revocation(moto: Any) -> None:
    name = new_table(moto)
    shares = DynamoShares(DynamoTable(name, client=lambda: moto))
    shares.create(EVERYTHING)

    shares.revoke(EVERYTHING, at=NOON)

    last_second = str(int((NOON + timedelta(days=7)).timestamp()))
    assert [item["ttl"]["N"] for item in all_items(moto, name)] == [last_second] * 2


def test_counting_reads_every_page_and_no_share(moto: Any) -> None:
    watched = InterceptedClient(moto, query=lambda send: send(Limit=2))
    shares = DynamoShares(DynamoTable(new_table(moto), client=lambda: watched))
    for number in range(5):
        shares.create(replace(EVERYTHING, id=f"{number:016x}"))

    assert shares.count("alice", at=NOON) == 5
    assert watched.operations[-3:] == ["query"] * 3

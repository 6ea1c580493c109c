"""Where API keys are kept: the fake of the tests and DynamoApiKeys alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb.callers.api_keys import DynamoApiKeys
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.callers.actor import Actor
from image_store.domain.callers.api_keys import ApiKey, secret_digest
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.ports.callers import ApiKeys
from tests.fakes.api_keys import MemoryApiKeys
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.interception import InterceptedClient, lose_response, never_send

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
NEW = ApiKey(
    id="0123456789abcdef",
    owner="alice",
    name="nightly job",
    scopes=frozenset({Scope.READ_IMAGES}),
    created_at=NOON,
    created_by="subject:alice",
    secret_sha256=secret_digest("a secret"),
    version=1,
)
FULL = ApiKey(
    id="00000000000000ff",
    owner="bo\nb/#é",
    name="backend",
    scopes=frozenset(Scope),
    created_at=NOON,
    created_by="subject:admin",
    secret_sha256=secret_digest("another secret"),
    version=7,
    expires_at=NOON + 24 * HOUR,
    revoked_at=NOON + HOUR,
    previous_sha256=secret_digest("an older secret"),
    previous_until=NOON + 2 * HOUR,
    limits=KeyLimits(
        requests_per_minute=1,
        images_per_day=2,
        images_per_month=3,
        bytes_per_day=4,
        bytes_per_month=5,
        cost_micros_per_day=6,
        cost_micros_per_month=0,
    ),
)


@pytest.fixture(params=["memory", "dynamodb"])
def api_keys(request: pytest.FixtureRequest, moto: Any) -> ApiKeys:
    if request.param == "memory":
        return MemoryApiKeys()
    return DynamoApiKeys(DynamoTable(new_table(moto), client=lambda: moto))


@pytest.mark.parametrize("key", [FULL, NEW], ids=["full", "new"])
def test_a_key_reads_as_it_was_written(api_keys: ApiKeys, key: ApiKey) -> None:
    api_keys.create(key)

    assert api_keys.get(key.id) == key
    assert api_keys.get("another") is None


def test_a_key_is_created_once(api_keys: ApiKeys) -> None:
    api_keys.create(NEW)

    with pytest.raises(Conflict):
        api_keys.create(replace(NEW, owner="bob"))

    assert api_keys.get(NEW.id) == NEW
    assert api_keys.page("bob", after=None, limit=10) == ([], None)


def test_of_two_changes_of_one_version_the_first_stays(api_keys: ApiKeys) -> None:
    api_keys.create(NEW)
    first = replace(NEW, version=2, name="first")

    api_keys.save(first)
    with pytest.raises(Conflict):
        api_keys.save(replace(NEW, version=2, name="second"))

    assert api_keys.get(NEW.id) == first


def test_a_repeated_save_is_no_conflict(api_keys: ApiKeys) -> None:
    api_keys.create(NEW)
    after = replace(NEW, version=2, revoked_at=NOON)

    api_keys.save(after)
    api_keys.record_use(NEW.id, at=NOON)
    api_keys.save(after)

    assert api_keys.get(NEW.id) == replace(after, last_used_at=NOON)


def test_a_key_that_is_not_there_is_not_saved(api_keys: ApiKeys) -> None:
    with pytest.raises(Conflict):
        api_keys.save(replace(NEW, version=2))

    assert api_keys.get(NEW.id) is None


def test_the_last_use_is_the_latest_one(api_keys: ApiKeys) -> None:
    api_keys.create(NEW)

    api_keys.record_use(NEW.id, at=NOON + HOUR)
    api_keys.record_use(NEW.id, at=NOON)

    assert api_keys.get(NEW.id) == replace(NEW, last_used_at=NOON + HOUR)


def test_a_use_of_a_key_that_is_not_there_leaves_nothing(api_keys: ApiKeys) -> None:
    api_keys.record_use(NEW.id, at=NOON)

    assert api_keys.get(NEW.id) is None


def test_a_change_keeps_the_last_use(api_keys: ApiKeys) -> None:
    api_keys.create(NEW)
    api_keys.record_use(NEW.id, at=NOON)

    api_keys.save(replace(NEW, version=2, name="other"))

    assert api_keys.get(NEW.id) == replace(NEW, version=2, name="other", last_used_at=NOON)


def test_keys_are_listed_by_owner_in_pages(api_keys: ApiKeys) -> None:
    mine = [replace(NEW, id=f"{number:016x}") for number in range(5)]
    others = [
        replace(NEW, id=f"{number + 9:016x}", owner=owner)
        for number, owner in enumerate(["alic", "alice2", "é"])
    ]
    for key in (*others, *mine):
        api_keys.create(key)

    pages, after = [], None
    while True:
        page, after = api_keys.page("alice", after=after, limit=2)
        pages.append(list(page))
        if after is None:
            break

    assert [key for page in pages for key in page] == mine
    assert all(len(page) <= 2 for page in pages)


def test_keys_of_all_owners_are_listed_for_admins(api_keys: ApiKeys) -> None:
    owners = ["alice", "bob", "é" * 127]
    for number, owner in enumerate(owners):
        api_keys.create(replace(NEW, id=f"{number:016x}", owner=owner))

    page, after = api_keys.page(None, after=None, limit=10)

    assert sorted(key.owner for key in page) == owners
    assert after is None


def test_keys_in_force_and_listed_ones_are_counted_by_owner(api_keys: ApiKeys) -> None:
    ending = replace(NEW, id="1" * 16, expires_at=NOON + HOUR)
    revoked = replace(NEW, id="2" * 16)
    for key in (NEW, ending, revoked, FULL, replace(NEW, id="3" * 16, owner="alice2")):
        api_keys.create(key)
    api_keys.save(replace(revoked, revoked_at=NOON, version=2))

    assert api_keys.counts("alice", at=NOON + SECOND) == (2, 3)
    assert api_keys.counts("alice", at=NOON + HOUR + SECOND) == (1, 3)
    assert api_keys.counts("bob", at=NOON) == (0, 0)


# DynamoApiKeys alone ----------------------------------------------------------------------------------


def test_a_new_key_whose_response_is_lost_is_settled_by_a_read(moto: Any) -> None:
    failing = InterceptedClient(moto, transact_write_items=lose_response)
    api_keys = DynamoApiKeys(DynamoTable(new_table(moto), client=lambda: failing))

    api_keys.create(NEW)

    assert api_keys.get(NEW.id) == NEW


def test_a_change_whose_response_is_lost_is_settled_by_a_read(moto: Any) -> None:
    name = new_table(moto)
    DynamoApiKeys(DynamoTable(name, client=lambda: moto)).create(NEW)
    DynamoApiKeys(DynamoTable(name, client=lambda: moto)).record_use(NEW.id, at=NOON)
    failing = InterceptedClient(moto, transact_write_items=lose_response)
    after = replace(NEW, version=2, revoked_at=NOON)

    DynamoApiKeys(DynamoTable(name, client=lambda: failing)).save(after)

    assert DynamoApiKeys(DynamoTable(name, client=lambda: moto)).get(NEW.id) == replace(
        after, last_used_at=NOON
    )


def test_a_change_that_never_arrived_is_unavailable(moto: Any) -> None:
    name = new_table(moto)
    DynamoApiKeys(DynamoTable(name, client=lambda: moto)).create(NEW)
    failing = InterceptedClient(moto, transact_write_items=never_send)

    with pytest.raises(StorageUnavailable):
        DynamoApiKeys(DynamoTable(name, client=lambda: failing)).save(
            replace(NEW, version=2, revoked_at=NOON)
        )

    assert DynamoApiKeys(DynamoTable(name, client=lambda: moto)).get(NEW.id) == NEW


@pytest.mark.parametrize("end", ["revoked_at", "expires_at"])
def test_both_rows_of_a_key_go_90_days_after_its_end(moto: Any, end: str) -> None:
    name = new_table(moto)
    api_keys = DynamoApiKeys(DynamoTable(name, client=lambda: moto))
    api_keys.create(NEW)

    api_keys.save(replace(NEW, version=2, **{end: NOON}))  # type: ignore[arg-type]  # both are times

    last_second = str(int((NOON + timedelta(days=90)).timestamp()))
    assert [item["ttl"]["N"] for item in all_items(moto, name)] == [last_second] * 2


def test_a_key_whose_expiry_is_taken_away_stays(moto: Any) -> None:
    name = new_table(moto)
    api_keys = DynamoApiKeys(DynamoTable(name, client=lambda: moto))
    api_keys.create(replace(NEW, expires_at=NOON))

    api_keys.save(replace(NEW, version=2))

    assert all("ttl" not in item for item in all_items(moto, name))


def test_rows_of_keys_hold_no_secret_and_are_in_no_index(moto: Any) -> None:
    name = new_table(moto)

    DynamoApiKeys(DynamoTable(name, client=lambda: moto)).create(NEW)

    key, list_row = sorted(all_items(moto, name), key=len, reverse=True)
    assert key.keys() == {"pk", "sk", "id", "version", "key", "by", "v"}
    assert list_row.keys() == {"pk", "sk", "id", "v"}
    assert "a secret" not in str(key)


def test_each_change_is_signed_by_its_actor(moto: Any) -> None:
    name = new_table(moto)
    actors = iter([Actor.subject("alice", "request-1"), Actor("key:0000000000000001", "request-2")])
    api_keys = DynamoApiKeys(DynamoTable(name, client=lambda: moto), actor=lambda: next(actors))

    api_keys.create(NEW)
    signed = [item["by"]["S"] for item in all_items(moto, name) if "by" in item]
    api_keys.save(replace(NEW, version=2))
    signed += [item["by"]["S"] for item in all_items(moto, name) if "by" in item]

    assert signed == ["subject:alice request-1", "key:0000000000000001 request-2"]

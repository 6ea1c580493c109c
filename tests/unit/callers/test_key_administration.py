"""API keys from their creation to their end, and who may do what with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from image_store.domain.callers.api_keys import ApiKey, parse_key, secret_digest
from image_store.domain.callers.caller import Caller, key_holder, user
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.callers.scopes import KEY_SCOPES, USER_SCOPES, Scope
from image_store.domain.errors import (
    AdminRequired,
    InvalidCursor,
    InvalidRequest,
    KeyNotFound,
    ScopeRequired,
    TooManyKeys,
)
from image_store.services.callers.key_administration import KeyAdministration, KeyList, KeyRequest
from image_store.services.finding.cursors import Cursors
from tests.fakes.api_keys import MemoryApiKeys
from tests.fakes.clock import CountedIds, SetClock
from tests.samples import SIGNING_KEYS, START

NOW = START
DAY = timedelta(days=1)
ALICE = user("alice", scopes=(), admin_scope="admin", admin_subjects=())
BOB = user("bob", scopes=(), admin_scope="admin", admin_subjects=())
ADMIN = user("root", scopes={"admin"}, admin_scope="admin", admin_subjects=())
READ = KeyRequest(name="reader", scopes=frozenset({Scope.READ_IMAGES}))


class World:
    """Key administration on fakes."""

    def __init__(self) -> None:
        self.api_keys = MemoryApiKeys()
        self.clock = SetClock()
        self.administration = KeyAdministration(
            self.api_keys,
            cursors=Cursors(keys=lambda: SIGNING_KEYS),
            clock=self.clock,
            ids=CountedIds(self.clock),
        )

    def create(self, caller: Caller = ALICE, request: KeyRequest = READ) -> ApiKey:
        """Create a key."""
        return self.administration.create(caller, request)[0]


@pytest.fixture
def world() -> World:
    return World()


def test_a_user_creates_a_key_whose_text_is_shown_once(world: World) -> None:
    key, text = world.administration.create(ALICE, READ)

    key_id, secret = parse_key(text)
    assert (key.id, key.secret_sha256) == (key_id, secret_digest(secret))
    assert (key.owner, key.created_by, key.created_at, key.scopes) == (
        "alice",
        "subject:alice",
        NOW,
        READ.scopes,
    )
    assert world.api_keys.get(key.id) == key
    assert secret not in repr(key)


def test_an_admin_creates_a_key_for_another_owner_with_every_scope(world: World) -> None:
    key = world.create(ADMIN, replace(READ, owner="alice", scopes=KEY_SCOPES))

    assert (key.owner, key.created_by, key.scopes) == ("alice", "subject:root", KEY_SCOPES)


@pytest.mark.parametrize("scope", [Scope.ACT_AS, Scope.ADMIN])
def test_a_user_grants_no_scope_of_admins(world: World, scope: Scope) -> None:
    with pytest.raises(AdminRequired):
        world.create(ALICE, replace(READ, scopes=frozenset({scope})))


def test_no_key_has_the_scope_of_upload_tokens(world: World) -> None:
    key = world.create(ADMIN)

    with pytest.raises(InvalidRequest):
        world.create(ADMIN, replace(READ, scopes=frozenset({Scope.UPLOAD_IMAGES})))
    with pytest.raises(InvalidRequest):
        world.administration.change(ADMIN, key.id, scopes=frozenset({Scope.UPLOAD_IMAGES}))


def test_a_user_creates_no_key_for_another_owner(world: World) -> None:
    with pytest.raises(AdminRequired):
        world.create(ALICE, replace(READ, owner="bob"))


def test_a_caller_grants_no_scope_that_it_does_not_have(world: World) -> None:
    reader = replace(ALICE, scopes=frozenset({Scope.READ_IMAGES}))

    with pytest.raises(ScopeRequired):
        world.create(reader, replace(READ, scopes=USER_SCOPES))


def test_a_key_without_the_admin_scope_manages_no_keys(world: World) -> None:
    key = world.create()
    holder = key_holder(key.id, owner="alice", scopes=frozenset(Scope) - {Scope.ADMIN})

    with pytest.raises(AdminRequired):
        world.create(holder)
    with pytest.raises(AdminRequired):
        world.administration.get(holder, key.id)
    with pytest.raises(AdminRequired):
        world.administration.page(holder, KeyList("alice"), cursor=None, limit=10)
    with pytest.raises(AdminRequired):
        world.administration.rotate(holder, key.id)
    with pytest.raises(AdminRequired):
        world.administration.revoke(holder, key.id)
    with pytest.raises(AdminRequired):
        world.administration.change(holder, key.id, name="mine")


def test_a_foreign_key_answers_as_a_missing_one_and_stays_as_it_is(world: World) -> None:
    key = world.create()

    for key_id in (key.id, "missing"):
        with pytest.raises(KeyNotFound):
            world.administration.get(BOB, key_id)
        with pytest.raises(KeyNotFound):
            world.administration.change(BOB, key_id, name="mine")
        with pytest.raises(KeyNotFound):
            world.administration.rotate(BOB, key_id)
        with pytest.raises(KeyNotFound):
            world.administration.revoke(BOB, key_id)
    assert world.api_keys.get(key.id) == key


def test_an_admin_sees_the_keys_of_all_owners_and_a_user_their_own(world: World) -> None:
    keys = [world.create(ALICE), world.create(BOB)]

    mine, _ = world.administration.page(ALICE, KeyList("alice"), cursor=None, limit=10)
    everyones, _ = world.administration.page(ADMIN, KeyList(None), cursor=None, limit=10)

    assert list(mine) == keys[:1]
    assert list(everyones) == keys
    with pytest.raises(AdminRequired):
        world.administration.page(ALICE, KeyList(None), cursor=None, limit=10)
    with pytest.raises(AdminRequired):
        world.administration.page(ALICE, KeyList("bob"), cursor=None, limit=10)


@pytest.mark.parametrize("expires_at", [NOW, NOW - DAY, NOW + 3_661 * DAY])
def test_an_expiry_that_is_past_or_too_far_is_refused(world: World, expires_at: datetime) -> None:
    with pytest.raises(InvalidRequest):
        world.create(ALICE, replace(READ, expires_at=expires_at))
    key = world.create()
    with pytest.raises(InvalidRequest):
        world.administration.change(ALICE, key.id, expires_at=expires_at)


def test_an_owner_has_at_most_100_keys_in_force(world: World) -> None:
    keys = [world.create() for _ in range(100)]

    with pytest.raises(TooManyKeys):
        world.create()
    world.administration.revoke(ALICE, keys[0].id)

    assert world.create().owner == "alice"
    assert world.create(BOB).owner == "bob"


def test_an_owner_has_at_most_1000_keys_with_those_that_ended(world: World) -> None:
    for _ in range(1_000):
        world.administration.revoke(ALICE, world.create().id)

    with pytest.raises(TooManyKeys):
        world.create()


def test_a_change_is_written_once(world: World) -> None:
    key = world.create()
    limits = {"images_per_day": 5}

    for _ in range(2):
        changed = world.administration.change(ALICE, key.id, name="new", limits=limits)

    assert changed == replace(key, name="new", limits=KeyLimits(images_per_day=5), version=2)
    assert world.api_keys.get(key.id) == changed


def test_a_change_adds_no_scope_that_its_caller_could_not_grant(world: World) -> None:
    key = world.create(ADMIN, replace(READ, owner="alice", scopes=frozenset({Scope.ACT_AS})))

    changed = world.administration.change(ALICE, key.id, scopes=key.scopes | {Scope.READ_IMAGES})

    assert changed.scopes == {Scope.ACT_AS, Scope.READ_IMAGES}
    with pytest.raises(AdminRequired):
        world.administration.change(ALICE, key.id, scopes=frozenset({Scope.ADMIN}))


def test_a_rotation_answers_a_new_secret_and_keeps_everything_else(world: World) -> None:
    key = world.create()

    rotated, text = world.administration.rotate(ALICE, key.id, grace=DAY)

    key_id, secret = parse_key(text)
    assert key_id == key.id
    assert rotated == replace(
        key,
        secret_sha256=secret_digest(secret),
        previous_sha256=key.secret_sha256,
        previous_until=NOW + DAY,
        version=2,
    )


def test_a_rotation_without_grace_ends_the_old_secret_at_once(world: World) -> None:
    key = world.create()

    rotated, _ = world.administration.rotate(ALICE, key.id, grace=timedelta())

    assert (rotated.previous_sha256, rotated.previous_until) == (None, None)


@pytest.mark.parametrize("grace", [timedelta(days=-1), timedelta(days=8)])
def test_a_grace_period_that_is_negative_or_too_long_is_refused(world: World, grace: timedelta) -> None:
    key = world.create()

    with pytest.raises(InvalidRequest):
        world.administration.rotate(ALICE, key.id, grace=grace)


def test_a_key_that_has_ended_is_not_rotated(world: World) -> None:
    key = world.create()
    world.administration.revoke(ALICE, key.id)

    with pytest.raises(InvalidRequest):
        world.administration.rotate(ALICE, key.id)


def test_a_revocation_is_for_good_and_keeps_its_time(world: World) -> None:
    key = world.create()

    world.administration.revoke(ALICE, key.id)
    world.clock.instant += DAY
    world.administration.revoke(ALICE, key.id)

    revoked = world.api_keys.get(key.id)
    assert revoked == replace(key, revoked_at=NOW, version=2)


def test_a_list_continues_with_its_cursor(world: World) -> None:
    keys = [world.create() for _ in range(3)]

    first, cursor = world.administration.page(ALICE, KeyList("alice"), cursor=None, limit=2)
    rest, end = world.administration.page(ALICE, KeyList("alice"), cursor=cursor, limit=2)

    assert [*first, *rest] == keys
    assert end is None
    with pytest.raises(InvalidCursor):
        world.administration.page(BOB, KeyList("bob"), cursor=cursor, limit=2)


def test_only_an_admin_rotates_or_extends_a_key_with_a_scope_of_admins(world: World) -> None:
    key = world.create(ADMIN, replace(READ, owner="alice", scopes=frozenset({Scope.ACT_AS})))

    with pytest.raises(AdminRequired):
        world.administration.rotate(ALICE, key.id)
    with pytest.raises(AdminRequired):
        world.administration.change(ALICE, key.id, expires_at=NOW + DAY)

    assert world.administration.change(ALICE, key.id, name="new").name == "new"
    assert world.administration.change(ADMIN, key.id, expires_at=NOW + DAY).expires_at == NOW + DAY
    assert world.administration.rotate(ADMIN, key.id)[0].version == 4


@pytest.mark.parametrize("limits", [None, {"cost_micros_per_day": None}, {"requests_per_minute": 30_000}])
def test_only_an_admin_changes_limits_of_a_key_with_a_scope_of_admins(
    world: World, limits: dict[str, int | None] | None
) -> None:
    given = KeyLimits(requests_per_minute=5, cost_micros_per_day=1_000_000)
    acting = replace(READ, owner="alice", scopes=frozenset({Scope.ACT_AS, Scope.READ_IMAGES}), limits=given)
    key = world.create(ADMIN, acting)

    with pytest.raises(AdminRequired):
        world.administration.change(ALICE, key.id, limits=limits)

    without_act_as = world.administration.change(ALICE, key.id, limits=limits, scopes=READ.scopes)
    assert (without_act_as.scopes, without_act_as.limits == given) == (READ.scopes, False)


def test_an_expired_key_comes_into_force_again_only_where_there_is_room(world: World) -> None:
    key = world.create(ALICE, replace(READ, expires_at=NOW + DAY))
    world.clock.instant += DAY
    for _ in range(100):
        world.create()

    with pytest.raises(TooManyKeys):
        world.administration.change(ALICE, key.id, expires_at=None)

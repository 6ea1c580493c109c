"""Who calls, by the header that they send."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from image_store.domain.callers.api_keys import ApiKey, key_text, secret_digest
from image_store.domain.callers.caller import key_holder
from image_store.domain.callers.scopes import USER_SCOPES, Scope
from image_store.domain.errors import (
    ActAsRequired,
    InvalidRequest,
    InvalidToken,
    KeyExpired,
    KeyRevoked,
    ScopeRequired,
    StorageUnavailable,
)
from image_store.domain.images.attributes import Attributes
from image_store.ports.callers import TokenVerifier, VerifiedToken
from image_store.services.callers.authorization import Authorization
from image_store.services.callers.upload_tokens import NewUploadToken, UploadPermissions
from tests.fakes.api_keys import MemoryApiKeys
from tests.fakes.clock import CountedIds
from tests.fakes.clock import SetClock as StillClock
from tests.fakes.repository import MemoryRepository
from tests.fakes.upload_tokens import MemoryUploadTokens
from tests.samples import SIGNING_KEYS
from tests.tokens.issuers import SetClock

NOW = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECRET = "s" * 43
KEY = ApiKey(
    id="0123456789abcdef",
    owner="alice",
    name="backend",
    scopes=frozenset({Scope.READ_IMAGES, Scope.ACT_AS}),
    created_at=NOW,
    created_by="subject:admin",
    secret_sha256=secret_digest(SECRET),
    version=1,
)
TEXT = key_text(KEY.id, SECRET)


class OneToken(TokenVerifier):
    """Accepts the token `good`, which has the scopes of the test."""

    def __init__(self) -> None:
        self.scopes: frozenset[str] = frozenset()

    def verify(self, token: str) -> VerifiedToken:
        if token != "good":
            raise InvalidToken("no")
        return VerifiedToken(owner="alice", scopes=self.scopes)


class World:
    """An authorization on fakes."""

    def __init__(self, *, admin_subjects: frozenset[str] = frozenset()) -> None:
        self.tokens = OneToken()
        self.api_keys = MemoryApiKeys()
        self.clock = SetClock()
        self.made: list[str] = []
        self.upload_tokens = MemoryUploadTokens(MemoryRepository())
        self.upload_permissions = UploadPermissions(
            tokens=self.upload_tokens,
            signing_keys=lambda: SIGNING_KEYS,
            clock=self.clock,
            ids=CountedIds(StillClock()),
        )
        self.authorization = Authorization(
            tokens=self._tokens,
            api_keys=self._api_keys,
            upload_permissions=self._upload_permissions,
            clock=self.clock,
            admin_scope="pictures/admin",
            admin_subjects=admin_subjects,
        )

    def _tokens(self) -> TokenVerifier:
        self.made.append("tokens")
        return self.tokens

    def _upload_permissions(self) -> UploadPermissions:
        self.made.append("upload permissions")
        return self.upload_permissions

    def _api_keys(self) -> MemoryApiKeys:
        self.made.append("keys")
        return self.api_keys


@pytest.fixture
def world() -> World:
    return World()


def test_a_user_has_the_rights_of_a_user(world: World) -> None:
    caller = world.authorization.caller("Bearer good")

    assert (caller.name, caller.owner, caller.scopes) == ("subject:alice", "alice", USER_SCOPES)
    assert caller.key_id is None
    assert not caller.is_admin
    assert world.made == ["tokens"]


@pytest.mark.parametrize("scopes", [{"pictures/admin"}, {"pictures/admin", "openid"}])
def test_the_admin_scope_of_the_deployment_makes_an_admin(world: World, scopes: set[str]) -> None:
    world.tokens.scopes = frozenset(scopes)

    assert world.authorization.caller("Bearer good").is_admin


@pytest.mark.parametrize("scopes", [{"images:admin"}, {"act-as"}, {"admin", "images:read act-as"}])
def test_scopes_of_tokens_that_the_deployment_does_not_name_grant_nothing(
    world: World, scopes: set[str]
) -> None:
    world.tokens.scopes = frozenset(scopes)

    assert world.authorization.caller("Bearer good").scopes == USER_SCOPES


def test_a_named_subject_is_an_admin() -> None:
    assert World(admin_subjects=frozenset({"alice"})).authorization.caller("Bearer good").is_admin
    assert not World(admin_subjects=frozenset({"bob"})).authorization.caller("Bearer good").is_admin


@pytest.mark.parametrize("header", ["bearer good", "BEARER good", " Bearer   good "])
def test_the_case_of_the_scheme_does_not_matter(world: World, header: str) -> None:
    assert world.authorization.caller(header).owner == "alice"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "good", "Basic good", "Bearergood", "Bearer " + "a" * 10_240, "\x00", TEXT],
)
def test_a_header_without_a_bearer_credential_is_refused_without_a_lookup(world: World, header: str) -> None:
    with pytest.raises(InvalidToken):
        world.authorization.caller(header)

    assert world.made == []


def test_a_key_has_its_own_owner_and_scopes(world: World) -> None:
    world.api_keys.create(KEY)

    caller = world.authorization.caller(f"Bearer {TEXT}")

    assert (caller.name, caller.owner, caller.scopes) == (f"key:{KEY.id}", "alice", KEY.scopes)
    assert caller.key_id == KEY.id
    assert "tokens" not in world.made


@pytest.mark.parametrize(
    "text",
    [
        "isk_",
        f"isk_{KEY.id}",
        f"isk_{KEY.id}_",
        f"isk_{KEY.id}_{'t' * 43}",
        f"isk_{KEY.id}_{SECRET}s",
        f"isk_{KEY.id}_{SECRET[:-1]}",
        f"isk_{KEY.id.upper()}_{SECRET}",
        f"isk_{'0' * 16}_{SECRET}",
        f"isk_{KEY.id}_{SECRET}\n",
        f"ISK_{KEY.id}_{SECRET}",
        f"isk_{KEY.id}_{secret_digest(SECRET)}",
    ],
)
def test_a_wrong_key_is_refused_after_one_lookup_at_most(world: World, text: str) -> None:
    world.api_keys.create(KEY)

    if text.endswith("\n"):
        assert (
            world.authorization.caller(f"Bearer {text}").owner == "alice"
        )  # white space around it is no part
        return
    with pytest.raises(InvalidToken):
        world.authorization.caller(f"Bearer {text}")
    assert world.api_keys.reads <= 1


def test_a_revoked_key_is_refused_as_such_for_its_holder_alone(world: World) -> None:
    world.api_keys.create(replace(KEY, revoked_at=NOW))

    with pytest.raises(KeyRevoked):
        world.authorization.caller(f"Bearer {TEXT}")
    with pytest.raises(InvalidToken):
        world.authorization.caller(f"Bearer {key_text(KEY.id, 't' * 43)}")


def test_a_key_works_until_it_expires(world: World) -> None:
    world.api_keys.create(replace(KEY, expires_at=NOW + HOUR))

    world.clock.time = NOW + HOUR - timedelta(microseconds=1)
    assert world.authorization.caller(f"Bearer {TEXT}").owner == "alice"
    world.clock.time = NOW + HOUR

    with pytest.raises(KeyExpired):
        world.authorization.caller(f"Bearer {TEXT}")


def test_the_old_secret_works_for_the_grace_period(world: World) -> None:
    new = "n" * 43
    world.api_keys.create(KEY.rotated(secret_digest(new), now=NOW, grace=HOUR))

    for secret in (SECRET, new):
        assert world.authorization.caller(f"Bearer {key_text(KEY.id, secret)}").owner == "alice"
    world.clock.time = NOW + HOUR

    assert world.authorization.caller(f"Bearer {key_text(KEY.id, new)}").owner == "alice"
    with pytest.raises(InvalidToken):
        world.authorization.caller(f"Bearer {TEXT}")


def test_of_two_rotations_the_secret_before_the_first_ends_with_the_second(world: World) -> None:
    first = KEY.rotated(secret_digest("n" * 43), now=NOW, grace=HOUR)
    world.api_keys.create(first.rotated(secret_digest("m" * 43), now=NOW, grace=HOUR))

    with pytest.raises(InvalidToken):
        world.authorization.caller(f"Bearer {TEXT}")


def test_the_last_use_is_written_once_an_hour(world: World) -> None:
    world.api_keys.create(KEY)

    uses = set()
    for _ in range(180):
        world.authorization.caller(f"Bearer {TEXT}")
        uses.add(world.api_keys.get(KEY.id).last_used_at)  # type: ignore[union-attr]  # it is there
        world.clock.advance(timedelta(minutes=1))

    assert uses == {NOW, NOW + HOUR, NOW + 2 * HOUR}


def test_a_last_use_that_cannot_be_written_keeps_nobody_out(world: World) -> None:
    world.api_keys.create(KEY)

    def fail(key_id: str, *, at: datetime) -> None:
        raise StorageUnavailable("no")

    world.api_keys.record_use = fail  # type: ignore[method-assign]  # the one failure of this test

    assert world.authorization.caller(f"Bearer {TEXT}").owner == "alice"


class TestCaller:
    """What a caller may do."""

    def test_a_scope_that_is_not_granted_is_required(self, world: World) -> None:
        world.api_keys.create(KEY)
        caller = world.authorization.caller(f"Bearer {TEXT}")

        caller.check_scope(Scope.READ_IMAGES)
        with pytest.raises(ScopeRequired, match="images:write"):
            caller.check_scope(Scope.WRITE_IMAGES)

    def test_a_key_that_may_act_for_others_does(self, world: World) -> None:
        world.api_keys.create(KEY)

        caller = world.authorization.caller(f"Bearer {TEXT}").acting_for("bob")

        assert (caller.owner, caller.name, caller.scopes) == ("bob", f"key:{KEY.id}", KEY.scopes)

    def test_a_key_of_one_owner_acts_for_no_other(self, world: World) -> None:
        world.api_keys.create(replace(KEY, scopes=frozenset(Scope) - {Scope.ACT_AS}))
        caller = world.authorization.caller(f"Bearer {TEXT}")

        assert caller.acting_for("alice") == caller
        with pytest.raises(ActAsRequired):
            caller.acting_for("bob")

    def test_not_even_an_admin_acts_for_others_with_a_token(self) -> None:
        caller = World(admin_subjects=frozenset({"alice"})).authorization.caller("Bearer good")

        with pytest.raises(ActAsRequired):
            caller.acting_for("bob")

    @pytest.mark.parametrize("owner", ["", "a" * 256, "a\nb", "\x00"])
    def test_a_name_that_can_be_no_owner_is_refused(self, world: World, owner: str) -> None:
        world.api_keys.create(KEY)

        with pytest.raises(InvalidRequest):
            world.authorization.caller(f"Bearer {TEXT}").acting_for(owner)


def test_an_upload_token_may_only_upload_and_costs_one_read(world: World) -> None:
    maker = key_holder("0123456789abcdef", owner="alice", scopes={Scope.WRITE_IMAGES})
    request = NewUploadToken(lifetime=HOUR, max_images=1, attributes=Attributes())
    token, text = world.upload_permissions.create(maker, request)

    caller = world.authorization.caller(f"Bearer {text}")

    assert (caller.name, caller.owner) == (f"upload_token:{token.id}", "alice")
    assert caller.scopes == {Scope.UPLOAD_IMAGES}
    assert world.upload_tokens.reads == 1
    assert world.made == ["upload permissions"]


@pytest.mark.parametrize("text", ["iut_", f"iut_0123456789abcdef.{'A' * 22}", "iut_é", "iut_a b"])
def test_a_forged_upload_token_is_refused_without_a_read(world: World, text: str) -> None:
    with pytest.raises(InvalidToken):
        world.authorization.caller(f"Bearer {text}")

    assert world.upload_tokens.reads == 0

"""Creating, changing, rotating and revoking API keys."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from image_store.domain.callers.api_keys import ApiKey, parse_key
from image_store.domain.callers.caller import key_holder, user
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.callers.key_usage import KeyUse
from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import InvalidToken, KeyRevoked, RateLimited
from image_store.services.callers.key_administration import KeyAdministration, KeyList, KeyRequest
from tests.faults.operation import Operation
from tests.faults.roles import runs_as
from tests.faults.world import World
from tests.samples import OWNER

CALLER = user(OWNER, scopes=(), admin_scope="", admin_subjects=())
LIMITED = key_holder(
    "0123456789abcdef", owner=OWNER, scopes=set(Scope), limits=KeyLimits(requests_per_minute=2)
)
REQUEST = KeyRequest(name="nightly job", scopes=frozenset({Scope.READ_IMAGES}))

type Issued = tuple[ApiKey, str]
"""A key and its text."""


def keys_of(world: World) -> KeyAdministration:
    return world.app.callers.key_administration


@runs_as("keys")
def create(world: World, _: None = None) -> Issued:
    return keys_of(world).create(CALLER, REQUEST)


@runs_as("keys")
def rename(world: World, before: Issued) -> ApiKey:
    return keys_of(world).change(CALLER, before[0].id, name="weekly job")


@runs_as("keys")
def rotate(world: World, before: Issued) -> Issued:
    return keys_of(world).rotate(CALLER, before[0].id, grace=timedelta())


@runs_as("keys")
def revoke(world: World, before: Issued) -> None:
    keys_of(world).revoke(CALLER, before[0].id)


@runs_as("keys")
def keys_in_list(world: World) -> list[ApiKey]:
    """The owner's keys; each that is listed can be read by its id."""
    page, _ = keys_of(world).page(CALLER, KeyList(OWNER), cursor=None, limit=100)
    assert [keys_of(world).get(CALLER, key.id) for key in page] == list(page)
    return list(page)


@runs_as("list")
def send_requests(world: World, _: None = None) -> int:
    """Send three requests with a key that may send two in a minute; how many were let in."""
    limits = world.app.callers.request_limits
    for let_in in range(3):
        try:
            limits.count(LIMITED)
        except RateLimited:
            return let_in
    return 3


@runs_as("project")
def count_uses(world: World, before: Issued) -> None:
    """Count two stored images, as the function does that follows the table's stream."""
    use = KeyUse(name="a", key_id=before[0].id, on=world.clock.now().date(), images=1, size_bytes=10)
    world.app.upkeep.count_uses([use, replace(use, name="b")])


@runs_as("keys")
def used_images(world: World, before: Issued) -> int:
    days = world.app.callers.key_usage.of_key(CALLER, before[0].id, since=None, until=None)
    return sum(day.images for day in days)


def counted(world: World, before: Issued, _: None) -> None:
    assert used_images(world, before) == 2


def counted_once(world: World, before: Issued) -> None:
    """Whatever became of them, the stream delivers the uses again, and then each is counted once."""
    count_uses(world, before)
    assert used_images(world, before) == 2


def limited(_: World, __: None, let_in: int) -> None:
    """A request whose response is lost may count twice; none is let in beyond the limit."""
    assert let_in in {1, 2}


def is_good(world: World, text: str) -> bool:
    """Whether a key lets its owner in."""
    key_id, secret = parse_key(text)
    key = next(key for key in keys_in_list(world) if key.id == key_id)
    try:
        key.check(secret, now=world.clock.now())
    except (InvalidToken, KeyRevoked):
        return False
    return True


def created(world: World, _: None, issued: Issued) -> None:
    assert keys_in_list(world) == [issued[0]]
    assert is_good(world, issued[1])


def at_most_one(world: World, _: None) -> None:
    assert len(keys_in_list(world)) <= 1


def renamed(world: World, before: Issued, after: ApiKey) -> None:
    assert keys_in_list(world) == [after]
    assert is_good(world, before[1])


def rotated(world: World, before: Issued, after: Issued) -> None:
    assert is_good(world, after[1])
    assert not is_good(world, before[1])


def revoked(world: World, before: Issued, _: None) -> None:
    assert not is_good(world, before[1])


def one_key(change: Callable[[World, Issued], object]) -> Callable[[World, Issued], None]:
    """Whatever became of a change, the key is listed once, and repeating the change carries it out."""

    def check(world: World, before: Issued) -> None:
        assert [key.id for key in keys_in_list(world)] == [before[0].id]
        change(world, before)
        assert [key.id for key in keys_in_list(world)] == [before[0].id]

    return check


KEYS = (
    Operation("create a key", lambda _: None, create, created, calls=2, whatever=at_most_one),
    Operation("rename a key", create, rename, renamed, calls=2, whatever=one_key(rename)),
    Operation("rotate a key", create, rotate, rotated, calls=2),
    Operation("count the requests of a key", lambda _: None, send_requests, limited, calls=3),
    Operation("count uses of a key", create, count_uses, counted, calls=1, whatever=counted_once),
    Operation("revoke a key", create, revoke, revoked, calls=2, whatever=one_key(revoke)),
)

"""Shares: what their address shows, to whom, and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from image_store.domain.callers.caller import Caller, key_holder, user
from image_store.domain.callers.scopes import USER_SCOPES
from image_store.domain.delivery.shares import Share, share_token, verified_share_id
from image_store.domain.errors import (
    ImageNotFound,
    InvalidCursor,
    InvalidRequest,
    ShareNotFound,
    StorageUnavailable,
    TooManyShares,
)
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Visibility
from image_store.services.delivery.shares import NewShare
from tests.fakes.store import Store
from tests.samples import SIGNING_KEYS

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
ALBUM = "album:holidays"


def caller_named(owner: str) -> Caller:
    return user(owner, scopes=(), admin_scope="admin", admin_subjects=())


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def image(store: Store) -> Image:
    return store.upload(Attributes(groups=(ALBUM,)))


def share(store: Store, image: Image, **changes: Any) -> tuple[Share, str]:
    issued = store.share_administration.create(
        caller_named(image.record.owner), NewShare(lifetime=changes.pop("lifetime", HOUR), **changes)
    )
    assert issued.token is not None
    return issued.share, issued.token


def shows(store: Store, token: str, image: Image, preset: str = "thumb") -> bool:
    try:
        view = store.shared_view.find(token, image.record.id, preset, accept=None)
    except ImageNotFound:
        return False
    assert (view.file.record.id, view.file.rendition.preset) == (image.record.id, preset)
    return True


def target_of(kind: str, image: Image) -> dict[str, str]:
    return {"image": {"image_id": image.record.id}, "group": {"group": ALBUM}, "everything": {}}[kind]


KINDS = ["image", "group", "everything"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_share_shows_every_preset_of_its_images(store: Store, image: Image, kind: str) -> None:
    _, token = share(store, image, **target_of(kind, image))

    for preset in ("thumb", "display", "w640"):
        assert shows(store, token, image, preset)


def test_a_share_of_an_image_shows_no_other(store: Store, image: Image) -> None:
    other = store.upload(data=b"\x89PNG\r\n\x1a\nother")
    _, token = share(store, image, image_id=image.record.id)

    assert not shows(store, token, other)


def test_a_share_of_a_group_shows_the_images_that_are_in_it_now(store: Store, image: Image) -> None:
    other = store.upload(data=b"\x89PNG\r\n\x1a\nother")
    _, token = share(store, image, group=ALBUM)
    assert not shows(store, token, other)

    def moved(groups: tuple[str, ...]) -> Any:
        return lambda seen: replace(seen, details=replace(seen.details, groups=groups))

    store.edit(other, moved((ALBUM,)))
    store.edit(image, moved(()))

    assert shows(store, token, other)
    assert not shows(store, token, image)


def test_a_share_of_everything_shows_images_that_came_later(store: Store, image: Image) -> None:
    _, token = share(store, image)

    later = store.upload(data=b"\x89PNG\r\n\x1a\nlater")

    assert shows(store, token, later)


@pytest.mark.parametrize("kind", KINDS)
def test_a_share_never_shows_an_image_of_another_owner(store: Store, image: Image, kind: str) -> None:
    foreign = store.upload(Attributes(groups=(ALBUM,)), owner="mallory")
    target = target_of(kind, image)
    share_row, token = share(store, image, **target)
    if kind == "image":  # such a row cannot be made; the view must not rely on that
        forged = replace(share_row, id="f" * 16, image_id=foreign.record.id)
        store.shares.create(forged)
        token = share_token(forged.id, SIGNING_KEYS["k1"])

    assert not shows(store, token, foreign)


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_in_the_trash_or_deleted_is_not_shown(store: Store, image: Image, kind: str) -> None:
    _, token = share(store, image, **target_of(kind, image))

    store.delete(image)
    assert not shows(store, token, image)
    store.delete(image, permanent=True)

    assert not shows(store, token, image)


def test_a_share_shows_its_presets_alone(store: Store, image: Image) -> None:
    _, token = share(store, image, presets=frozenset({"thumb", "w640"}))

    assert [
        preset for preset in ("thumb", "w640", "display", "unknown") if shows(store, token, image, preset)
    ] == [
        "thumb",
        "w640",
    ]


def test_a_share_ends_at_its_time(store: Store, image: Image) -> None:
    _, token = share(store, image, lifetime=30 * SECOND)

    store.clock.instant += 30 * SECOND - timedelta(microseconds=1)
    assert shows(store, token, image)
    store.clock.instant += timedelta(microseconds=1)

    assert not shows(store, token, image)


@pytest.mark.parametrize(("lifetime", "seconds"), [(HOUR, 60), (MINUTE, 60), (10 * SECOND, 10)])
def test_a_redirect_is_kept_for_a_minute_and_never_longer_than_the_share(
    store: Store, image: Image, lifetime: timedelta, seconds: int
) -> None:
    _, token = share(store, image, lifetime=lifetime)

    shared = store.shared_view.find(token, image.record.id, "thumb", accept=None)

    assert shared.cached_for == seconds * SECOND


def test_an_owner_has_at_most_1000_shares_in_force(store: Store, image: Image) -> None:
    first, _ = share(store, image)
    for _ in range(999):
        share(store, image)

    with pytest.raises(TooManyShares):
        share(store, image)
    store.share_administration.revoke(caller_named(first.owner), first.id)

    assert share(store, image)[0].owner == first.owner


def test_a_revoked_share_stops_within_a_minute(store: Store, image: Image) -> None:
    created, token = share(store, image)
    assert shows(store, token, image)

    store.share_administration.revoke(caller_named(image.record.owner), created.id)
    store.clock.instant += MINUTE

    assert not shows(store, token, image)


def test_a_stampede_reads_the_share_once_and_each_image_once(store: Store, image: Image) -> None:
    _, token = share(store, image)
    store.shares.reads = 0

    for _ in range(300):
        assert shows(store, token, image)

    assert store.shares.reads == 1


def test_a_token_of_no_share_reads_nothing(store: Store, image: Image) -> None:
    _, token = share(store, image)
    share_id, _, signature = token.partition(".")
    wrong = (
        "",
        ".",
        share_id,
        f"{share_id}.",
        f"{share_id}.{'A' * 22}",
        f"{'0' * 16}.{signature}",
        f"{token}A",
        token.upper(),
        f"{token}\n",
        "é" * 39,
        "a" * 10_000,
    )
    store.shares.reads = 0

    assert not any(shows(store, text, image) for text in wrong)
    assert store.shares.reads == 0


def test_a_token_of_an_older_signing_key_still_works() -> None:
    token = share_token("0123456789abcdef", "old")

    assert verified_share_id(token, ["new", "old"]) == "0123456789abcdef"
    assert verified_share_id(token, ["new"]) is None


def test_what_is_remembered_of_shares_has_a_bound(store: Store, image: Image) -> None:
    for number in range(1_100):
        if number % 1_000 == 0:
            store.clock.instant += 2 * HOUR  # the shares before have ended
        _, token = share(store, image)
        shows(store, token, image)

    assert len(store.shared_view._cached) == 1_000  # noqa: SLF001 - the bound is not visible from outside


def test_an_image_that_is_not_the_callers_is_not_shared(store: Store, image: Image) -> None:
    for image_id in (image.record.id, "missing"):
        with pytest.raises(ImageNotFound):
            store.share_administration.create(
                caller_named("mallory"), NewShare(lifetime=HOUR, image_id=image_id)
            )


def test_an_image_in_the_trash_is_not_shared(store: Store, image: Image) -> None:
    store.delete(image)

    with pytest.raises(ImageNotFound):
        share(store, image, image_id=image.record.id)


def test_a_preset_that_does_not_exist_is_not_shared(store: Store, image: Image) -> None:
    with pytest.raises(InvalidRequest):
        share(store, image, presets=frozenset({"thumb", "unknown"}))


def test_a_foreign_share_answers_as_a_missing_one_and_stays_in_force(store: Store, image: Image) -> None:
    created, token = share(store, image)

    for share_id in (created.id, "missing"):
        with pytest.raises(ShareNotFound):
            store.share_administration.revoke(caller_named("mallory"), share_id)

    assert shows(store, token, image)


def test_owners_list_their_own_shares(store: Store, image: Image) -> None:
    shares = []
    for _ in range(3):
        shares.append(share(store, image)[0])
        store.clock.instant += SECOND

    me, administration = caller_named(image.record.owner), store.share_administration
    page, cursor = administration.page(me, cursor=None, limit=2)
    rest, end = administration.page(me, cursor=cursor, limit=2)
    foreign, _ = administration.page(caller_named("mallory"), cursor=None, limit=2)

    assert [issued.share for issued in (*page, *rest)] == shares[::-1]
    assert all(issued.token and shows(store, issued.token, image) for issued in page)
    assert (end, list(foreign)) == (None, [])
    with pytest.raises(InvalidCursor):
        administration.page(caller_named("mallory"), cursor=cursor, limit=2)


def test_a_share_that_a_key_made_names_both(store: Store, image: Image) -> None:
    holder = key_holder("0123456789abcdef", owner=image.record.owner, scopes=USER_SCOPES)

    created = store.share_administration.create(holder, NewShare(lifetime=HOUR)).share

    assert (created.owner, created.created_by) == (image.record.owner, "key:0123456789abcdef")


def test_a_published_image_is_shown_too(store: Store, image: Image) -> None:
    _, token = share(store, image)

    store.show(image, Visibility.PUBLIC)

    assert shows(store, token, image)


def test_the_last_use_is_written_once_an_hour(store: Store, image: Image) -> None:
    issued, token = share(store, image, lifetime=5 * HOUR)
    begun = store.clock.instant

    uses = set()
    for _ in range(150):
        assert shows(store, token, image)
        uses.add(last_use(store, issued))
        store.clock.instant += MINUTE

    assert uses == {begun, begun + HOUR, begun + 2 * HOUR}


def test_what_a_share_does_not_show_is_no_use(store: Store, image: Image) -> None:
    issued, token = share(store, image, presets=frozenset({"thumb"}))

    assert not shows(store, token, image, "display")

    assert last_use(store, issued) is None


def test_a_use_that_cannot_be_written_hides_no_image(store: Store, image: Image) -> None:
    issued, token = share(store, image)

    def fail(share_id: str, *, at: object) -> None:
        raise StorageUnavailable("The table does not answer.")

    store.shared_view.shares.record_use = fail  # type: ignore[method-assign]

    assert shows(store, token, image)
    assert last_use(store, issued) is None


def last_use(store: Store, issued: Share) -> object:
    """The last use that the list of shares names."""
    [issue] = store.share_administration.page(caller_named(issued.owner), cursor=None, limit=10)[0]
    return issue.share.last_used_at

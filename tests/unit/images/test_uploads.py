"""Storing an image: the order of its steps, and what decides when others store the same."""

from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.errors import (
    Conflict,
    ContentTypeMismatch,
    DeadlineExceeded,
    DuplicateImage,
    IdempotencyInProgress,
    IdempotencyMismatch,
    ImageNotFound,
    InvalidRequest,
    QuotaExceeded,
    StorageUnavailable,
)
from image_store.domain.ids import id_bounds
from image_store.domain.images.attributes import Attributes, OnDuplicate
from image_store.domain.images.draft import WARN_ABOVE_BYTES
from image_store.domain.images.image import Image, Kind, State, Visibility
from image_store.domain.images.quota import Quota, Usage
from image_store.domain.images.reservation import RESERVATION_LIFETIME, IdempotencyKey
from image_store.services.images.sources import Content
from image_store.services.images.uploads import Upload
from image_store.services.images.write_protocol import header_safe
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE

KEY = IdempotencyKey("a name", "a fingerprint")
RETURN_EXISTING = Attributes(on_duplicate=OnDuplicate.RETURN_EXISTING)
REJECT = Attributes(on_duplicate=OnDuplicate.REJECT)
ANOTHER_PICTURE = PICTURE + b"!"


@pytest.fixture
def store() -> Store:
    return Store()


def dying(store: Store, attributes: Attributes | None = None, key: IdempotencyKey | None = None) -> Image:
    """An upload that ends between its reservation and its commit."""
    store.private.away = True
    with pytest.raises(StorageUnavailable):
        store.upload(attributes, idempotency=key)
    store.private.away = False
    (pending,) = [image for image in store.repository.records.values() if image.record.state is State.PENDING]
    return pending


def states(store: Store) -> list[State]:
    return [image.record.state for image in store.repository.records.values()]


# The protocol -----------------------------------------------------------------------------------------


def test_objects_are_put_after_the_reservation_and_before_the_commit(store: Store) -> None:
    store.upload()

    assert store.journal == ["reserve", *["put private"] * 3, "pending → ready"]


def test_a_public_image_is_copied_before_its_commit_makes_it_public(store: Store) -> None:
    image = store.upload(Attributes(visibility=Visibility.PUBLIC))

    assert store.journal[0] == "reserve"
    assert sorted(store.journal[1:-1]) == ["put private"] * 3 + ["put public"] * 2
    assert store.journal[-1] == "pending → ready"
    assert image.record.publication is not None
    assert image.record.intent is None
    assert set(store.public.objects) == set(image.record.public_keys(image.record.publication))
    assert store.repository.due_publications == {}


def test_what_is_stored_is_what_is_answered(store: Store) -> None:
    image = store.upload(Attributes(filename="cat.png", title="A cat", groups=("session:s1",)))

    assert store.current(image) == image
    assert image.record.state is State.READY
    assert image.record.due_at is None
    assert set(store.private.objects) == set(image.record.private_keys)
    assert store.private.objects[image.record.original_key].data == PICTURE


def test_only_originals_carry_facts_and_no_private_object_may_be_shared(store: Store) -> None:
    image = store.upload(Attributes(kind=Kind.GENERATED, visibility=Visibility.PUBLIC), owner="Жанна")

    record = image.record
    original = store.private.objects[record.original_key]
    assert original.metadata == {
        "id": record.id,
        "owner": header_safe("Жанна"),
        "kind": "generated",
        "sha256": record.sha256,
    }
    others = [file for key, file in store.private.objects.items() if key != record.original_key]
    assert [file.metadata for file in (*others, *store.public.objects.values())] == [{}] * 4
    assert {file.cache_control for file in store.private.objects.values()} == {
        "private, max-age=31536000, immutable"
    }


@pytest.mark.parametrize(("given", "sent"), [(None, "public, max-age=300"), ("max-age=1", "max-age=1")])
def test_public_copies_have_the_cache_control_that_was_asked_for(
    store: Store, given: str | None, sent: str
) -> None:
    store.upload(Attributes(visibility=Visibility.UNLISTED, cache_control=given))

    assert {file.cache_control for file in store.public.objects.values()} == {sent}


def test_without_a_public_bucket_an_image_is_published_without_copies() -> None:
    store = Store(publishes=False)

    image = store.upload(Attributes(visibility=Visibility.PUBLIC))

    assert image.record.publication is not None
    assert store.public.objects == {}


def test_a_put_that_fails_leaves_a_reservation_and_deletes_nothing(store: Store) -> None:
    store.public.away = True

    with pytest.raises(StorageUnavailable):
        store.upload(Attributes(visibility=Visibility.PUBLIC))

    assert states(store) == [State.PENDING]
    assert not any(entry.startswith("delete") for entry in store.journal)
    assert store.repository.usage(OWNER) == Usage(0, 0), "only a quota counts what is not stored yet"


def test_an_upload_whose_time_is_over_is_given_up_before_it_reserves(store: Store) -> None:
    with pytest.raises(DeadlineExceeded):
        store.uploads.accept(Upload(OWNER, Content(PICTURE), Attributes(), until=store.clock.now()))

    assert store.journal == []


def test_a_commit_after_the_reservation_was_collected_is_refused(store: Store) -> None:
    def time_passes() -> None:
        store.repository.meanwhile = collect

    def collect() -> None:
        store.clock.instant += RESERVATION_LIFETIME
        store.collect()

    store.repository.meanwhile = time_passes

    with pytest.raises(Conflict):
        store.upload()

    assert states(store) == [State.TOMBSTONE]
    assert store.repository.usage(OWNER) == Usage(0, 0)


def test_a_quota_that_is_used_up_refuses_before_anything_is_put() -> None:
    store = Store(quota=Quota(images=1))
    store.upload()
    written = set(store.private.objects)

    with pytest.raises(QuotaExceeded):
        store.upload(data=ANOTHER_PICTURE)

    assert set(store.private.objects) == written


# What may be stored -----------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", [Visibility.UNLISTED, Visibility.PUBLIC])
def test_a_reference_is_never_published(store: Store, visibility: Visibility) -> None:
    with pytest.raises(InvalidRequest):
        store.upload(Attributes(kind=Kind.REFERENCE, visibility=visibility))

    assert store.journal == []


@pytest.mark.parametrize(
    ("kind", "visibility"),
    [
        (Kind.REFERENCE, Visibility.PRIVATE),
        *((kind, visibility) for kind in (Kind.UPLOAD, Kind.GENERATED) for visibility in Visibility),
    ],
)
def test_every_kind_takes_the_visibilities_that_are_its_own(
    store: Store, kind: Kind, visibility: Visibility
) -> None:
    record = store.upload(Attributes(kind=kind, visibility=visibility)).record

    assert (record.kind, record.visibility) == (kind, visibility)
    assert (record.publication is None) == (visibility is Visibility.PRIVATE)


def test_an_image_cannot_expire_now_or_earlier(store: Store) -> None:
    with pytest.raises(InvalidRequest):
        store.upload(Attributes(expires_at=store.clock.now()))

    assert store.journal == []


def test_an_image_that_expires_is_due_when_it_does(store: Store) -> None:
    expires_at = store.clock.now() + timedelta(microseconds=1)

    record = store.upload(Attributes(expires_at=expires_at)).record

    assert (record.expires_at, record.due_at) == (expires_at, expires_at)


def test_bytes_of_another_type_than_declared_are_refused(store: Store) -> None:
    with pytest.raises(ContentTypeMismatch):
        store.upload(declared_type="image/jpeg")

    assert store.journal == []


def test_bytes_without_a_declared_type_are_taken_for_what_they_are(store: Store) -> None:
    assert store.upload(declared_type=None).record.state is State.READY


@pytest.mark.parametrize(
    ("attributes", "alt_text", "given"),
    [
        (Attributes(), None, False),
        (Attributes(title="A title"), "A title", False),
        (Attributes(title="A title", generation={"prompt": "a\n cat"}), "a cat", False),
        (Attributes(title="A title", alt_text="My words"), "My words", True),
    ],
    ids=["nothing", "title", "prompt", "given"],
)
def test_alt_text_is_what_was_given_or_else_derived(
    store: Store, attributes: Attributes, alt_text: str | None, given: bool
) -> None:
    details = store.upload(attributes).details

    assert (details.alt_text, details.alt_text_given) == (alt_text, given)


@pytest.mark.parametrize(("extra_bytes", "warnings"), [(0, 0), (1, 1)])
def test_an_original_above_10_mb_is_stored_with_a_warning(
    store: Store, extra_bytes: int, warnings: int
) -> None:
    data = PICTURE.ljust(WARN_ABOVE_BYTES + extra_bytes, b"\0")

    assert len(store.upload(data=data).details.warnings) == warnings


# Duplicates -------------------------------------------------------------------------------------------


def test_keep_stores_the_same_bytes_again_below_other_keys(store: Store) -> None:
    first, second = store.upload(), store.upload()

    assert first.record.id != second.record.id
    assert not set(first.record.private_keys) & set(second.record.private_keys)
    assert store.repository.usage(OWNER) == Usage(2, 2 * len(PICTURE))


def test_return_existing_answers_with_the_image_there_is(store: Store) -> None:
    first = store.upload(RETURN_EXISTING)

    second = store.upload(replace(RETURN_EXISTING, title="ignored"))

    assert second == first
    assert store.repository.usage(OWNER) == Usage(1, len(PICTURE))


def test_return_existing_finds_what_was_stored_with_keep(store: Store) -> None:
    first = store.upload()

    assert store.upload(RETURN_EXISTING) == first


def test_reject_names_the_image_there_is(store: Store) -> None:
    first = store.upload()

    with pytest.raises(DuplicateImage) as raised:
        store.upload(REJECT)

    assert raised.value.existing_id == first.record.id
    assert len(store.repository.records) == 1


@pytest.mark.parametrize("attributes", [RETURN_EXISTING, REJECT], ids=["return_existing", "reject"])
def test_bytes_of_another_owner_other_bytes_and_trash_are_not_duplicates(
    store: Store, attributes: Attributes
) -> None:
    store.upload(attributes, owner="another")
    store.upload(attributes, data=ANOTHER_PICTURE)
    trashed = store.upload(attributes)
    store.delete(trashed)

    image = store.upload(attributes)

    assert image.record.id != trashed.record.id
    assert image.record.state is State.READY


def test_the_same_bytes_being_stored_at_this_moment_are_a_conflict_that_says_when(store: Store) -> None:
    dying(store, RETURN_EXISTING)
    store.clock.instant += timedelta(seconds=30)

    with pytest.raises(Conflict) as raised:
        store.upload(RETURN_EXISTING)

    assert raised.value.retry_after == RESERVATION_LIFETIME - timedelta(seconds=30)


def test_a_dead_reservation_with_the_guard_is_taken_over(store: Store) -> None:
    dead = dying(store, RETURN_EXISTING)
    store.clock.instant += RESERVATION_LIFETIME

    image = store.upload(RETURN_EXISTING)

    assert image.record.state is State.READY
    assert store.current(dead).record.state is State.DELETING
    assert store.repository.copies(OWNER, image.record.sha256).guard == image.record.id
    assert store.repository.usage(OWNER) == Usage(1, len(PICTURE))


def test_losing_the_race_for_the_guard_answers_with_the_winner(store: Store) -> None:
    winner: list[Image] = []
    store.repository.meanwhile = lambda: winner.append(store.upload(RETURN_EXISTING))

    loser = store.upload(RETURN_EXISTING)

    assert [loser] == winner
    assert len(store.repository.records) == 1


@pytest.mark.parametrize(
    ("key", "existed"), [(KEY, False), (IdempotencyKey("another name", "a fingerprint"), True), (None, True)]
)
def test_the_image_of_an_uploads_own_first_try_did_not_exist(
    store: Store, key: IdempotencyKey | None, existed: bool
) -> None:
    """The first try may still be running when its repeat looks the key up."""
    store.repository.meanwhile = lambda: store.upload(RETURN_EXISTING, idempotency=KEY)
    until = store.clock.now() + timedelta(seconds=25)
    repeat = Upload(OWNER, Content(PICTURE, "image/png"), RETURN_EXISTING, until, key)

    accepted = store.uploads.accept_and_show(repeat)

    assert (accepted.existed, len(store.repository.records)) == (existed, 1)


def test_losing_the_race_for_the_guard_is_a_duplicate_when_that_is_rejected(store: Store) -> None:
    store.repository.meanwhile = lambda: store.upload(REJECT)

    with pytest.raises(DuplicateImage):
        store.upload(REJECT)

    assert len(store.repository.records) == 1


# Idempotency ------------------------------------------------------------------------------------------


def test_a_repeated_request_is_answered_with_its_image_as_it_is_now(store: Store) -> None:
    first = store.upload(idempotency=KEY)
    edited = store.show(first, Visibility.PUBLIC)

    again = store.upload(idempotency=KEY)

    assert again == edited
    assert store.repository.usage(OWNER) == Usage(1, len(PICTURE))


def test_a_key_used_for_another_body_is_a_mismatch(store: Store) -> None:
    store.upload(idempotency=KEY)

    with pytest.raises(IdempotencyMismatch):
        store.upload(data=ANOTHER_PICTURE, idempotency=IdempotencyKey(KEY.name, "another fingerprint"))

    assert len(store.repository.records) == 1


def test_a_request_that_has_not_ended_is_in_progress_and_says_when(store: Store) -> None:
    dying(store, key=KEY)
    store.clock.instant += RESERVATION_LIFETIME - timedelta(microseconds=1)

    with pytest.raises(IdempotencyInProgress) as raised:
        store.upload(idempotency=KEY)

    assert raised.value.retry_after == timedelta(microseconds=1)
    assert states(store) == [State.PENDING]


def test_a_dead_request_is_taken_over_by_its_repetition(store: Store) -> None:
    dead = dying(store, key=KEY)
    store.clock.instant += RESERVATION_LIFETIME

    image = store.upload(idempotency=KEY)

    assert store.current(dead).record.state is State.DELETING
    assert store.upload(idempotency=KEY) == image
    assert store.repository.usage(OWNER) == Usage(1, len(PICTURE))


def test_losing_the_race_for_a_key_answers_with_the_winner(store: Store) -> None:
    winner: list[Image] = []
    store.repository.meanwhile = lambda: winner.append(store.upload(idempotency=KEY))

    loser = store.upload(idempotency=KEY)

    assert [loser] == winner
    assert len(store.repository.records) == 1


def test_a_repeated_request_for_an_image_deleted_since_stores_nothing(store: Store) -> None:
    store.delete(store.upload(idempotency=KEY), permanent=True)

    with pytest.raises(ImageNotFound):
        store.upload(idempotency=KEY)

    assert states(store) == [State.TOMBSTONE]


def test_a_key_identifies_its_request_for_24_hours_and_then_nothing(store: Store) -> None:
    first = store.upload(idempotency=KEY)
    another = IdempotencyKey(KEY.name, "another fingerprint")

    store.clock.instant += timedelta(hours=24)
    assert store.upload(idempotency=KEY) == first

    store.clock.instant += timedelta(seconds=1)
    second = store.upload(data=ANOTHER_PICTURE, idempotency=another)
    assert second.record.id != first.record.id
    assert store.upload(idempotency=another) == second


@pytest.mark.parametrize(
    ("text", "safe"),
    [("auth0|a-1", "auth0|a-1"), ("50%", "50%25"), ("Ж\n", "%D0%96%0A"), ("", "")],
)
def test_owners_are_written_into_headers_as_printable_ascii(text: str, safe: str) -> None:
    assert header_safe(text) == safe


def test_a_list_from_the_instant_of_an_image_begins_with_it(store: Store) -> None:
    store.clock.step = timedelta(milliseconds=1)

    record = store.upload().record

    since, _ = id_bounds(record.created_at, None)
    assert since <= record.id


def test_storing_lets_policies_look_soon_where_a_deployment_wants_it() -> None:
    for soon in (False, True):
        store = Store(policies_after_save=soon)
        store.upload()
        store.repository.owner_done(OWNER, next_at=store.clock.now() + timedelta(days=1))

        store.upload(data=b"\x89PNG\r\n\x1a\n another")

        due = list(store.repository.owners_due(store.clock.now()))
        assert due == ([OWNER] if soon else [])

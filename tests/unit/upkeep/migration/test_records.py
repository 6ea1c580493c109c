"""What becomes of records."""

import pytest

from image_store.domain.errors import InvalidCursor
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.quota import Quota
from image_store.domain.upkeep.migration import FieldNames, MigrationStatus
from tests.fakes.store import Store
from tests.samples import PICTURE
from tests.unit.upkeep.migration.records import (
    DATA_URI,
    begin,
    failure,
    finish,
    images_of,
    lines,
    migrate,
    new_store,
    numbers,
    picture,
    put,
    record,
    stored_bytes,
    text_of,
)


@pytest.mark.parametrize(
    "image",
    [
        text_of(PICTURE),
        DATA_URI,
        DATA_URI.replace("data:", "DATA:"),
        f"\n {text_of(PICTURE)[:8]}\r\n{text_of(PICTURE)[8:]}\n",
        "data:image/png;charset=x;base64," + text_of(PICTURE).replace("+", "%2B").replace("/", "%2F"),
    ],
    ids=["base64", "data URI", "capitals", "broken lines", "percent-encoded"],
)
def test_a_record_becomes_an_image_of_its_group(store: Store, image: str) -> None:
    done = migrate(store, record(1, image=image, attributes={"title": "Катя", "tags": ["a"]}))

    assert (done.status, numbers(done)) == (MigrationStatus.SUCCEEDED, (1, 1, 0, 0, 0))
    (image_id,) = images_of(store, "r1")
    assert stored_bytes(store, image_id) == PICTURE
    assert store.repository.records[image_id].details.title == "Катя"


def test_fields_may_have_other_names_and_all_images_one_owner(store: Store) -> None:
    names = FieldNames(image="picture", id="key", attributes="about", owner="user")
    old = {"key": 17, "picture": DATA_URI, "user": "somebody", "about": {"title": "t"}}

    done = migrate(store, old, fields=names, owner="alice")

    assert numbers(done) == (1, 1, 0, 0, 0)
    assert len(images_of(store, "17", owner="alice")) == 1


@pytest.mark.parametrize("record_id", ["x" * 129, "a\u0007b", "\u202e"])
def test_an_id_that_names_no_group_is_hashed(store: Store, record_id: str) -> None:
    migrate(store, record(1, id=record_id))

    (stored,) = store.repository.records.values()
    (group,) = stored.details.groups
    assert len(group) == len("record:") + 64


def test_the_same_picture_twice_is_two_images(store: Store) -> None:
    done = migrate(store, record(1), record(2, image=record(1)["image"]))

    assert numbers(done) == (2, 2, 0, 0, 0)
    assert len({*images_of(store, "r1"), *images_of(store, "r2")}) == 2


def test_the_same_record_twice_is_one_image(store: Store) -> None:
    done = migrate(store, record(1), record(1), record(2), record(1), batch_size=2)

    assert numbers(done) == (4, 2, 2, 0, 0)
    assert len(images_of(store, "r1")) == 1


def test_another_picture_under_the_same_id_is_refused(store: Store) -> None:
    done = migrate(store, record(1), record(1, image=text_of(picture(2))))

    assert numbers(done) == (2, 1, 0, 0, 1)
    assert failure(done) == ("line 2", "idempotency_mismatch")


BAD = {
    b"{": "invalid_request",
    b"[]": "invalid_request",
    b'{"id": NaN}': "invalid_request",
    b"\xff\xfe": "invalid_request",
    b"[" * 100_000: "invalid_request",
    lines(record(1, id="")).strip(): "invalid_request",
    lines(record(1, id=None)).strip(): "invalid_request",
    lines(record(1, id=True)).strip(): "invalid_request",
    lines(record(1, id="\ud800")).strip(): "invalid_request",
    lines(record(1, owner=None)).strip(): "invalid_request",
    lines(record(1, owner="a\nb")).strip(): "invalid_request",
    lines(record(1, owner="o" * 256)).strip(): "invalid_request",
    lines(record(1, owner="\u732b" * 255)).strip(): "invalid_request",
    lines(record(1, owner=7)).strip(): "invalid_request",
    lines(record(1, image="")).strip(): "invalid_request",
    lines(record(1, image=" ")).strip(): "invalid_request",
    lines(record(1, image=3)).strip(): "invalid_request",
    lines(record(1, image="no base64!")).strip(): "invalid_request",
    lines(record(1, image="data:image/png;base64")).strip(): "invalid_request",
    lines(record(1, image=DATA_URI.replace("png", "jpeg"))).strip(): "content_type_mismatch",
    lines(record(1, attributes=[])).strip(): "invalid_request",
    lines(record(1, attributes={"colour": "red"})).strip(): "invalid_request",
    lines(record(1, attributes={"kind": "reference", "visibility": "public"})).strip(): "invalid_request",
    lines(record(1, attributes={"metadata": {"a": "x" * 5000}})).strip(): "attributes_too_large",
    lines(record(1, attributes={"on_duplicate": "reject"})).strip(): "invalid_request",
    lines(record(1, attributes={"groups": {"a": [str(n) for n in range(20)]}})).strip(): "invalid_request",
}


@pytest.mark.parametrize("line", BAD, ids=lambda line: ascii(line[:60]))
def test_a_bad_record_is_reported_and_stops_nothing(store: Store, line: bytes) -> None:
    put(store, lines(record(8)) + line + b"\n" + lines(record(9)))
    begin(store)

    done = finish(store)

    assert (done.status, numbers(done)) == (MigrationStatus.SUCCEEDED, (3, 2, 0, 0, 1))
    assert failure(done) == ("line 2", BAD[line])
    assert text_of(PICTURE)[:20] not in repr(done.tally.errors)


def test_a_quota_that_is_used_up_fails_what_is_beyond_it() -> None:
    store = new_store(quota=Quota(images=1))

    done = migrate(store, record(1), record(2))

    assert numbers(done) == (2, 1, 0, 0, 1)
    assert failure(done) == ("line 2", "quota_exceeded")


def test_only_the_last_fifty_errors_are_kept(store: Store) -> None:
    done = migrate(store, *range(60))

    assert done.tally.failed == 60
    assert [error.record for error in done.tally.errors] == [f"line {number}" for number in range(11, 61)]


def test_a_migration_shows_which_image_each_record_became(store: Store) -> None:
    done = migrate(store, *(record(number) for number in range(5)), record(9, image="!"), batch_size=2)

    first = store.migration_requests.records(done, after=None, limit=3)
    second = store.migration_requests.records(done, after=first.after, limit=3)

    image_ids = {each.record_id: each.image_id for each in (*first.records, *second.records)}
    assert image_ids == {f"r{number}": images_of(store, f"r{number}")[0] for number in range(5)}
    assert second.after is None


@pytest.mark.parametrize("cursor", ["", "x", "A" * 64, "0" * 63, "0" * 65])
def test_a_cursor_of_no_page_is_refused(store: Store, cursor: str) -> None:
    done = migrate(store, record(1))

    with pytest.raises(InvalidCursor):
        store.migration_requests.records(done, after=cursor, limit=3)


def test_a_failed_record_is_reported_with_its_line_and_id(store: Store) -> None:
    done = migrate(store, record(1), record(2, image="!"), record(3, image=7), {"image": DATA_URI})

    assert [(error.record, error.record_id) for error in done.tally.errors] == [
        ("line 2", "r2"),
        ("line 3", "r3"),
        ("line 4", None),
    ]


def test_an_image_of_a_record_is_like_any_other(store: Store) -> None:
    migrate(store, record(1))
    uploaded = store.upload(Attributes())

    (image_id,) = images_of(store, "r1")
    moved = store.repository.records[image_id].record

    assert (moved.state, moved.visibility, moved.media_type) == (
        uploaded.record.state,
        uploaded.record.visibility,
        uploaded.record.media_type,
    )

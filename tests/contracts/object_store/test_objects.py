"""What every ObjectStore does: the fake of the tests, and S3Bucket in memory, on moto and on two servers."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest

from image_store.domain.errors import Conflict, PayloadTooLarge
from image_store.ports.objects import ObjectMissing, ObjectStore
from tests.contracts.object_store.buckets import NOON, Buckets, Headers, keys_below, put


@pytest.mark.parametrize("data", [b"picture", b"", bytes(range(256)) * 5000])
def test_what_was_put_can_be_read(bucket: ObjectStore, data: bytes) -> None:
    put(bucket, "a/b.png", data)

    assert bucket.get("a/b.png", max_bytes=len(data)) == data


@pytest.mark.parametrize("key", ["a b/c+d.png", "a/100%25.png", "日本/ü.png"])
def test_keys_may_hold_any_text(buckets: Buckets, key: str) -> None:
    put(buckets.private, key)
    buckets.public.copy_from(
        "private", key, key, content_type="image/png", cache_control="public", metadata={}
    )

    assert buckets.public.get(key, max_bytes=100) == b"picture"
    assert keys_below(buckets.private, key.split("/")[0] + "/") == [key]


def test_put_keeps_headers_and_metadata(buckets: Buckets) -> None:
    put(buckets.private, "a/b.png", sha256="00ff", owner="alice")

    expected = Headers("image/png", "private", {"sha256": "00ff", "owner": "alice"})
    assert buckets.headers("private", "a/b.png") == expected


def test_the_same_bytes_can_be_put_again(bucket: ObjectStore) -> None:
    put(bucket, "a/b.png")
    put(bucket, "a/b.png")

    assert bucket.get("a/b.png", max_bytes=100) == b"picture"


def test_other_bytes_never_replace_an_object(bucket: ObjectStore) -> None:
    put(bucket, "a/b.png", b"picture")

    with pytest.raises(Conflict):
        put(bucket, "a/b.png", b"another")
    assert bucket.get("a/b.png", max_bytes=100) == b"picture"


def test_head_describes_an_object(bucket: ObjectStore) -> None:
    put(bucket, "a/b.png", sha256="00ff")

    file = bucket.head("a/b.png")

    assert file is not None
    assert (file.key, file.size_bytes, file.sha256) == ("a/b.png", 7, "00ff")
    assert file.metadata == {"sha256": "00ff"}
    assert file.modified_at.tzinfo is not None


def test_head_knows_no_checksum_that_was_not_given(bucket: ObjectStore) -> None:
    put(bucket, "a/b.png")

    file = bucket.head("a/b.png")

    assert file is not None
    assert file.sha256 is None


def test_head_of_nothing_is_none(bucket: ObjectStore) -> None:
    assert bucket.head("a/b.png") is None


def test_reading_nothing_is_missing(bucket: ObjectStore) -> None:
    with pytest.raises(ObjectMissing):
        bucket.get("a/b.png", max_bytes=100)


def test_more_than_max_bytes_are_refused(bucket: ObjectStore) -> None:
    put(bucket, "a/b.png")

    with pytest.raises(PayloadTooLarge):
        bucket.get("a/b.png", max_bytes=6)


def test_a_copy_has_the_bytes_and_only_its_own_headers(buckets: Buckets) -> None:
    put(buckets.private, "a/b.png", sha256="00ff", owner="alice")

    for _ in range(2):
        buckets.public.copy_from(
            "private",
            "a/b.png",
            "p/x.webp",
            content_type="image/webp",
            cache_control="public",
            metadata={"kind": "upload"},
        )

    assert buckets.public.get("p/x.webp", max_bytes=100) == b"picture"
    assert buckets.headers("public", "p/x.webp") == Headers("image/webp", "public", {"kind": "upload"})


def copy(buckets: Buckets, key: str, *, source_etag: str | None = None) -> None:
    buckets.public.copy_from(
        "private",
        key,
        "p/x",
        content_type="image/png",
        cache_control="public",
        metadata={},
        source_etag=source_etag,
    )


def test_a_copy_never_replaces_an_object(buckets: Buckets) -> None:
    put(buckets.private, "a/b.png")
    put(buckets.public, "p/x", b"another")

    with suppress(Conflict):
        copy(buckets, "a/b.png")

    assert buckets.public.get("p/x", max_bytes=100) == b"another"


def test_a_source_that_was_replaced_is_not_copied(buckets: Buckets) -> None:
    put(buckets.private, "a/b.png")
    file = buckets.private.head("a/b.png")
    assert file is not None
    buckets.private.delete(["a/b.png"])
    put(buckets.private, "a/b.png", b"another")

    with pytest.raises(ObjectMissing):
        copy(buckets, "a/b.png", source_etag=file.etag)

    assert buckets.public.head("p/x") is None


def test_of_puts_at_the_same_moment_one_writes(bucket: ObjectStore) -> None:
    def write(number: int) -> bool:
        with suppress(Conflict):
            put(bucket, "a/b.png", b"%d" % number)
            return True
        return False

    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(write, range(4)))

    assert written.count(True) == 1
    assert bucket.get("a/b.png", max_bytes=1) == b"%d" % written.index(True)


def test_copying_nothing_is_missing(buckets: Buckets) -> None:
    with pytest.raises(ObjectMissing):
        copy(buckets, "no")
    assert buckets.public.head("p/x") is None


def test_only_the_object_that_an_etag_names_is_read(buckets: Buckets) -> None:
    put(buckets.private, "a/b.png")
    put(buckets.private, "a/c.png", b"another")
    file, other = buckets.private.head("a/b.png"), buckets.private.head("a/c.png")
    assert file is not None
    assert other is not None

    with pytest.raises(ObjectMissing):
        buckets.private.get("a/b.png", etag=other.etag, max_bytes=100)
    copy(buckets, "a/b.png", source_etag=file.etag)

    assert buckets.public.get("p/x", max_bytes=100) == b"picture"
    assert buckets.private.get("a/b.png", etag=file.etag, max_bytes=100) == b"picture"
    assert [file.etag for file in buckets.private.list("a/")] == [file.etag, other.etag]


@pytest.mark.parametrize(("start", "length"), [(0, 3), (2, 4), (5, 100), (6, 1), (0, 7)])
def test_a_part_contains_the_requested_bytes_that_exist(bucket: ObjectStore, start: int, length: int) -> None:
    put(bucket, "a/b.png")
    file = bucket.head("a/b.png")
    assert file is not None
    assert file.etag is not None

    part = bucket.get_part("a/b.png", start=start, length=length, etag=file.etag)

    assert part == b"picture"[start : start + length]


def test_a_part_of_another_object_or_of_none_is_missing(bucket: ObjectStore) -> None:
    put(bucket, "a/b.png")
    put(bucket, "a/c.png", b"another")
    other = bucket.head("a/c.png")
    assert other is not None
    assert other.etag is not None

    for key in ("a/b.png", "a/none.png"):
        with pytest.raises(ObjectMissing):
            bucket.get_part(key, start=0, length=3, etag=other.etag)


def test_delete_removes_what_is_there_and_passes_over_what_is_not(bucket: ObjectStore) -> None:
    for name in ("one", "two", "kept"):
        put(bucket, f"a/{name}")

    bucket.delete(["a/one", "a/never", "a/two", "a/one"])
    bucket.delete({"a/one"})
    bucket.delete([])

    assert keys_below(bucket, "a/") == ["a/kept"]


def test_more_than_one_page_and_batch(bucket: ObjectStore) -> None:
    names = [f"a/{number:04}" for number in range(1001)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: put(bucket, name, b""), names))

    assert keys_below(bucket, "a/") == names
    bucket.delete(names)
    assert keys_below(bucket, "a/") == []


def test_a_list_contains_only_objects_below_the_prefix(bucket: ObjectStore) -> None:
    for key in ("a/1", "a/deeper/2", "ab/3", "b/4"):
        put(bucket, key, sha256="00ff")

    files = list(bucket.list("a/"))

    assert [(each.key, each.size_bytes, each.sha256) for each in files] == [
        ("a/1", 7, None),
        ("a/deeper/2", 7, None),
    ]
    assert all(each.modified_at.tzinfo is not None for each in files)


def test_a_list_continues_after_a_key_and_may_span_the_bucket(bucket: ObjectStore) -> None:
    for key in ("a/1", "a/2", "b/3", "c"):
        put(bucket, key)

    assert [file.key for file in bucket.list("a/", after="a/1")] == ["a/2"]
    assert [file.key for file in bucket.list("", after="a/15")] == ["a/2", "b/3", "c"]
    assert list(bucket.list("", after="c")) == []


@pytest.mark.parametrize("prefix", ["a", "a/b"])
def test_a_prefix_ends_in_a_slash(bucket: ObjectStore, prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        bucket.list(prefix)


def test_objects_can_be_deleted_while_they_are_listed(bucket: ObjectStore) -> None:
    for number in range(5):
        put(bucket, f"a/{number}")

    for file in bucket.list("a/"):
        bucket.delete([file.key])

    assert keys_below(bucket, "a/") == []


def test_links_are_equal_within_a_half_hour_and_differ_after(buckets: Buckets) -> None:
    first = buckets.private.presigned_read("a/b.png")
    buckets.clock.instant = NOON + timedelta(minutes=29)
    same = buckets.private.presigned_read("a/b.png")
    buckets.clock.instant = NOON + timedelta(minutes=30)

    assert first == same
    assert buckets.private.presigned_read("a/b.png") != first


def test_links_differ_by_key_filename_and_bucket(buckets: Buckets) -> None:
    links = {
        buckets.private.presigned_read("a/b.png"),
        buckets.private.presigned_read("a/c.png"),
        buckets.private.presigned_read("a/b.png", filename="кошка 1.png"),
        buckets.public.presigned_read("a/b.png"),
    }

    assert len(links) == 4
    assert all(link.isascii() and " " not in link for link in links)

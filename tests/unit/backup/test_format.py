"""The files of a backup: what was written comes back, and nothing else is believed (F8)."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_store.domain.backup import lines as lines_module
from image_store.domain.backup.lines import (
    BackupLine,
    BackupObject,
    canonical_json,
    image_entity,
    line_of,
    pack,
    row_entity,
    text_of,
    unpack,
)
from image_store.domain.backup.manifest import FORMAT, Manifest, Origin, manifest_of
from image_store.domain.errors import BackupDamaged, BackupNotFound, BackupTooNew
from image_store.services.backup.library import BackupLibrary
from tests.fakes.clock import SetClock
from tests.fakes.object_store import MemoryBucket

if TYPE_CHECKING:
    from collections.abc import Sequence

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
FIRST, SECOND, THIRD, FOURTH = (f"019ca945-0a0{n}-7000-8000-000000000000" for n in range(1, 5))
ORIGIN = Origin(
    stack="image-store", table="images", kms_key="", schema_version=2, parameters={"KeyLayout": "month"}
)
COPY = BackupObject(key="images/a/1/original.png", size_bytes=9, sha256="ab" * 32, md5="cd" * 16)


def a_line(entity: str = "image:1", **rows: Any) -> BackupLine:
    return BackupLine(entity=entity, at=NOON, rows=rows or {"META": {"n": {"N": "1.50"}}})


def a_deletion(entity: str) -> BackupLine:
    return BackupLine(entity=entity, at=NOON)


@pytest.fixture
def bucket() -> MemoryBucket:
    return MemoryBucket("backup", clock=SetClock(), peers={})


@pytest.fixture
def library(bucket: MemoryBucket) -> BackupLibrary:
    return BackupLibrary(store=bucket, stack="image-store")


def stored(
    library: BackupLibrary,
    *,
    base: Sequence[BackupLine],
    changes: Sequence[Sequence[BackupLine]] = (),
    manifest_id: str = SECOND,
) -> Manifest:
    """A backup of these lines."""
    manifest = Manifest(
        id=manifest_id,
        origin=ORIGIN,
        started_at=NOON,
        as_of=NOON,
        base=FIRST,
        base_files=tuple(
            library.put_base(FIRST, manifest_id, number, packed) for number, packed in enumerate(pack(base))
        ),
        change_files=tuple(
            library.put_changes(manifest_id, number, packed)
            for number, packed in enumerate(each for part in changes for each in pack(part))
        ),
        base_images=len(base),
    )
    library.put_manifest(manifest)
    return manifest


# Lines -------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.one_of(
    st.builds(lambda text: {"S": text}, TEXTS), st.builds(lambda number: {"N": str(number)}, st.integers())
)
LINES = st.builds(
    BackupLine,
    entity=st.builds(image_entity, TEXTS) | st.builds(row_entity, TEXTS, TEXTS),
    at=st.datetimes(timezones=st.just(UTC)),
    rows=st.dictionaries(TEXTS, st.dictionaries(TEXTS, VALUES)),
    object=st.none() | st.just(COPY),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, max_size=5))
def test_lines_come_back_as_they_were(lines: list[BackupLine]) -> None:
    files = list(pack(lines))

    assert [line for file in files for line in unpack(file.data, lines=file.lines)] == lines
    backwards = [
        line for file in reversed(files) for line in unpack(file.data, lines=file.lines, backwards=True)
    ]
    assert backwards == lines[::-1]


def test_equal_lines_make_equal_files() -> None:
    one, other = (
        a_line(META={"a": {"S": "1"}, "b": {"S": "2"}}),
        a_line(META={"b": {"S": "2"}, "a": {"S": "1"}}),
    )

    assert [file.data for file in pack([one])] == [file.data for file in pack([other])]


def test_files_are_limited_by_lines_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "MAX_FILE_LINES", 3)
    by_lines = [file.lines for file in pack([a_line()] * 7)]
    monkeypatch.setattr(lines_module, "MAX_FILE_BYTES", 2 * len(text_of(a_line())) + 2)
    by_bytes = [file.lines for file in pack([a_line()] * 5)]

    assert by_lines == [3, 3, 1]
    assert by_bytes == [2, 2, 1]


GOOD = json.loads(text_of(a_line()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        canonical_json(GOOD | {"entity": "job:1"}),
        canonical_json(GOOD | {"entity": 1}),
        canonical_json(GOOD | {"at": "yesterday"}),
        canonical_json(GOOD | {"at": "2026-03-01T12:00:00"}),
        canonical_json(GOOD | {"rows": []}),
        canonical_json(GOOD | {"rows": {}}),
        canonical_json(GOOD | {"deleted": True}),
        canonical_json(GOOD | {"object": {"key": "a"}}),
    ],
)
def test_text_that_is_no_line_is_damage(text: str) -> None:
    with pytest.raises(BackupDamaged):
        line_of(text)


def test_a_file_that_is_cut_or_longer_or_no_file_is_damage() -> None:
    (file,) = pack([a_line("image:1"), a_line("image:2")])
    bomb = gzip.compress(b"\n" * (lines_module.MAX_FILE_BYTES + lines_module.MAX_LINE_BYTES + 1))
    broken = [file.data[:-9], file.data + b"x", b"", b"no gzip", gzip.compress(b"\xff\n"), bomb]

    for data in broken:
        with pytest.raises(BackupDamaged):
            list(unpack(data, lines=2))
    with pytest.raises(BackupDamaged):
        list(unpack(file.data, lines=3))


# Manifests ---------------------------------------------------------------------------------------------


def test_a_manifest_comes_back_as_it_was(library: BackupLibrary) -> None:
    manifest = stored(library, base=[a_line()], changes=[[a_line("image:2")], [a_deletion("image:1")]])

    assert library.manifest(SECOND) == library.latest() == manifest
    assert (manifest.base_lines, manifest.change_lines) == (1, 2)


def test_any_changed_byte_of_a_manifest_is_damage(library: BackupLibrary) -> None:
    data = stored(library, base=[a_line()]).to_json()

    for place in range(0, len(data), 7):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises((BackupDamaged, BackupTooNew)):
            manifest_of(changed, manifest_id=SECOND)
    with pytest.raises(BackupDamaged):
        manifest_of(data[:-1], manifest_id=SECOND)
    with pytest.raises(BackupDamaged):
        manifest_of(data, manifest_id=FIRST)


def test_a_newer_format_is_refused_as_such(library: BackupLibrary) -> None:
    body = json.loads(stored(library, base=[a_line()]).to_json()) | {"format": FORMAT + 1}

    with pytest.raises(BackupTooNew):
        manifest_of(canonical_json(body).encode(), manifest_id=SECOND)


def test_the_last_whole_manifest_counts(library: BackupLibrary, bucket: MemoryBucket) -> None:
    good = stored(library, base=[a_line()])
    stored(library, base=[a_line("image:2")], manifest_id=THIRD)
    broken = library.manifest_key(THIRD)
    bucket.objects[broken] = replace(bucket.objects[broken], data=bucket.objects[broken].data[:-5])

    assert library.manifest_ids() == [SECOND, THIRD]
    assert library.latest() == good
    with pytest.raises(BackupDamaged):
        library.manifest(THIRD)


def test_a_half_run_has_no_manifest_and_changes_nothing(library: BackupLibrary) -> None:
    good = stored(library, base=[a_line()])
    (packed,) = pack([a_line("image:2")])

    library.put_changes(FOURTH, 0, packed)

    assert library.latest() == good


@pytest.mark.parametrize("manifest_id", [THIRD, "../../secret", ""])
def test_a_manifest_that_does_not_exist_is_not_found(library: BackupLibrary, manifest_id: str) -> None:
    with pytest.raises(BackupNotFound):
        library.manifest(manifest_id)
    with pytest.raises(BackupNotFound):
        library.latest()


def test_a_bucket_holds_the_backups_of_several_stacks(library: BackupLibrary, bucket: MemoryBucket) -> None:
    mine = stored(library, base=[a_line()])
    other = BackupLibrary(store=bucket, stack="image")

    assert other.manifest_ids() == []
    assert library.latest() == mine


# Reading -----------------------------------------------------------------------------------------------


def test_the_newest_line_of_each_entity_counts(library: BackupLibrary) -> None:
    old, new, newest = (
        replace(a_line("image:2"), at=NOON + timedelta(hours=n), rows={"META": {"v": {"N": str(n)}}})
        for n in range(3)
    )
    manifest = stored(
        library,
        base=[a_line("image:1"), old, a_line("image:3")],
        changes=[[new, a_deletion("image:3"), a_line("image:4")], [newest], [a_deletion("image:4")]],
    )

    found_lines = sorted(library.newest_lines(manifest), key=lambda line: line.entity)

    assert found_lines == [a_line("image:1"), newest]


@pytest.mark.parametrize("damage", ["missing", "changed", "cut"])
def test_a_damaged_file_is_refused(library: BackupLibrary, bucket: MemoryBucket, damage: str) -> None:
    manifest = stored(library, base=[a_line()])
    (file,) = manifest.base_files
    stored_file = bucket.objects.pop(file.key)
    if damage == "changed":
        (other,) = pack([a_line(META={"n": {"N": "2.50"}})])
        bucket.objects[file.key] = replace(stored_file, data=other.data[: file.size_bytes])
    if damage == "cut":
        bucket.objects[file.key] = replace(stored_file, data=stored_file.data[:-1])

    with pytest.raises(BackupDamaged):
        list(library.newest_lines(manifest))


def test_a_file_larger_than_any_of_a_backup_is_not_read_into_memory(library: BackupLibrary) -> None:
    [file] = stored(library, base=[a_line()]).base_files

    with pytest.raises(BackupDamaged, match="larger than any"):
        list(library.lines(replace(file, size_bytes=lines_module.MAX_FILE_BYTES * 2)))

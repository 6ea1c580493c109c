"""A restore reads the lines of a manifest page by page: each that counts once, from any page on, in little memory."""

from __future__ import annotations

import gzip
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_store.domain.backup.lines import PackedLines, pack, text_of
from image_store.domain.errors import BackupDamaged
from image_store.services.backup.library import BackupLibrary
from image_store.services.upkeep.recovery import manifest_lines
from image_store.services.upkeep.recovery.manifest_lines import (
    PAGE_LINES,
    ManifestLines,
    check_changes,
    later_changes,
)
from tests.fakes.clock import SetClock
from tests.fakes.object_store import MemoryBucket
from tests.unit.backup.test_format import COPY, FIRST, SECOND, THIRD, a_deletion, a_line, stored

if TYPE_CHECKING:
    from image_store.domain.backup.lines import BackupLine
    from image_store.domain.backup.manifest import Manifest
    from image_store.services.upkeep.recovery.manifest_lines import LinePage

MIB = 1024 * 1024


def new_library() -> BackupLibrary:
    return BackupLibrary(store=MemoryBucket("backup", clock=SetClock(), peers={}), stack="image-store")


@pytest.fixture
def library() -> BackupLibrary:
    return new_library()


def pages_of(library: BackupLibrary, manifest: Manifest, position: str | None = None) -> list[LinePage]:
    return list(ManifestLines(library=library, manifest=manifest).pages(position))


def lines_of(pages: list[LinePage]) -> list[BackupLine]:
    return [line for page in pages for line in page.lines]


ENTITIES = st.builds("image:{}".format, st.integers(0, 9))
CHANGES = st.one_of(st.builds(a_line, ENTITIES), st.builds(a_deletion, ENTITIES))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    base=st.lists(ENTITIES, max_size=10, unique=True),
    changes=st.lists(st.lists(CHANGES, min_size=1, max_size=6), max_size=4),
)
def test_a_walk_that_stops_after_any_page_continues_with_the_next_line(
    monkeypatch: pytest.MonkeyPatch, base: list[str], changes: list[list[BackupLine]]
) -> None:
    monkeypatch.setattr(manifest_lines, "PAGE_LINES", 2)
    library = new_library()
    manifest = stored(library, base=[a_line(entity) for entity in base], changes=changes)

    pages = pages_of(library, manifest)

    assert lines_of(pages) == list(library.newest_lines(manifest))
    assert all(len(page.lines) <= 2 for page in pages)
    for number, page in enumerate(pages):
        assert pages_of(library, manifest, page.position) == pages[number + 1 :]


def test_of_two_lines_of_an_entity_in_one_file_the_later_one_counts(library: BackupLibrary) -> None:
    old, new = a_line("image:1"), a_line("image:1", META={"n": {"N": "2"}})
    manifest = stored(library, base=[], changes=[[old, new]])

    assert lines_of(pages_of(library, manifest)) == [new]


def test_the_originals_of_a_page_are_limited_and_a_larger_one_has_a_page_for_itself(
    library: BackupLibrary,
) -> None:
    sizes = [100, 100, 300, 100, 56, 1]
    base = [
        replace(a_line(f"image:{number}"), object=replace(COPY, size_bytes=size * MIB))
        for number, size in enumerate(sizes)
    ]

    pages = pages_of(library, stored(library, base=base))

    assert [[line.object.size_bytes // MIB for line in page.lines if line.object] for page in pages] == [
        [100, 100],
        [300],
        [100, 56, 1],
    ]


def test_the_lines_of_a_large_file_are_not_held_together(library: BackupLibrary) -> None:
    rows = {name: {"value": {"M": {str(n): {"N": str(n)} for n in range(40)}}} for name in ("META", "DETAIL")}
    base = [a_line(f"image:{number}", **rows) for number in range(2_000)]
    text_bytes = sum(len(text_of(line)) + 1 for line in base)
    manifest = stored(library, base=[], changes=[base])
    del base

    tracemalloc.start()
    lines = sum(len(page.lines) for page in ManifestLines(library=library, manifest=manifest).pages(None))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert lines == 2_000
    assert peak_bytes < 4 * text_bytes, "all lines together take 17 times their text"


# Damage ------------------------------------------------------------------------------------------------


def stored_with_damage(library: BackupLibrary, *, lines: int) -> Manifest:
    """A backup whose only file of the base ends with a text that is no line, though its checksum is right."""
    texts = [text_of(a_line(f"image:{number}")).encode() for number in range(lines)]
    packed = PackedLines(gzip.compress(b"".join(text + b"\n" for text in [*texts, b"{}"])), lines + 1)
    manifest = replace(
        stored(library, base=[]), base_files=(library.put_base(FIRST, SECOND, 0, packed),), id=THIRD
    )
    library.put_manifest(manifest)
    return manifest


def test_a_line_that_cannot_be_read_is_reported_after_the_lines_before_it(library: BackupLibrary) -> None:
    manifest = stored_with_damage(library, lines=PAGE_LINES + 1)
    [file] = manifest.base_files

    pages = pages_of(library, manifest)

    assert [len(page.lines) for page in pages] == [PAGE_LINES, 1, 0]
    assert [page.damaged for page in pages] == [None, None, file]
    for number, page in enumerate(pages):
        assert pages_of(library, manifest, page.position) == pages[number + 1 :]


def test_a_missing_file_of_the_base_is_a_page_of_its_own(library: BackupLibrary) -> None:
    manifest = stored(library, base=[a_line("image:1")])
    missing = replace(manifest.base_files[0], key="image-store/base/lost.jsonl.gz")

    pages = pages_of(library, replace(manifest, base_files=(missing, *manifest.base_files)))

    assert [page.damaged for page in pages] == [missing, None]
    assert lines_of(pages) == [a_line("image:1")]


@pytest.mark.parametrize("position", [None, "1:0"])
def test_a_damaged_file_of_changes_ends_the_walk_even_from_behind_it(
    library: BackupLibrary, position: str | None
) -> None:
    manifest = stored(library, base=[a_line("image:1")], changes=[[a_deletion("image:1")]])
    library.store.delete([manifest.change_files[0].key])

    with pytest.raises(BackupDamaged):
        pages_of(library, manifest, position)
    with pytest.raises(BackupDamaged):
        check_changes(library, manifest)


# What has changed since --------------------------------------------------------------------------------


def test_an_image_that_was_stored_again_after_its_deletion_is_not_deleted(library: BackupLibrary) -> None:
    manifest = stored(library, base=[a_line("image:1"), a_line("image:2")])
    later = [[a_deletion("image:1"), a_deletion("image:2")], [a_line("image:2"), a_deletion("row:a|b")]]
    for number, lines in enumerate(later):
        for packed in pack(lines):
            library.put_changes(THIRD, number, packed)

    since = later_changes(library, manifest, is_looked_for=lambda _: False)

    assert (since.deleted_images, since.rows) == (frozenset({"1"}), {})


def test_the_last_line_of_a_row_that_is_looked_for_is_known(library: BackupLibrary) -> None:
    manifest = stored(library, base=[])
    last = a_line("row:KEY#a|KEY", KEY={"revoked_at": {"S": "2026"}})
    for number, line in enumerate([a_line("row:KEY#a|KEY"), a_line("row:JOB#b|JOB"), last]):
        for packed in pack([line]):
            library.put_changes(THIRD, number, packed)

    since = later_changes(library, manifest, is_looked_for=lambda name: name.startswith("row:KEY#"))

    assert since.rows == {"row:KEY#a|KEY": last}


def test_a_later_file_that_cannot_be_read_may_name_a_deletion(library: BackupLibrary) -> None:
    manifest = stored(library, base=[a_line("image:1")])
    library.put_changes(THIRD, 0, PackedLines(b"no gzip", 1))

    with pytest.raises(BackupDamaged):
        later_changes(library, manifest, is_looked_for=lambda _: False)

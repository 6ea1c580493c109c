"""`image-store sync`: what it copies and deletes in both directions, and what it never touches."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from image_store_cli.command_line.parser import build_parser
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from image_store_cli.sync.places import ImageSelection, parse_place
from image_store_cli.sync.plans import LocalFile, StoredImage, plan_download, plan_upload
from tests.unit.cli.selection_store import SelectionStore
from tests.unit.cli.terminal import Said, command

JPEG = b"\xff\xd8\xff\xe0"
GROUP = "group:trip:1"


@pytest.fixture
def store() -> SelectionStore:
    """A store without images."""
    return SelectionStore()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with three pictures, one of them deeper, and a text."""
    folder = tmp_path / "photos"
    (folder / "deeper").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", "deeper/c.jpg"):
        (folder / name).write_bytes(JPEG + name.encode())
    (folder / "notes.txt").write_text("no picture")
    return folder


def sync(store: SelectionStore, photos: Path, *words: str, stdin: str = "", somebody: bool = False) -> Said:
    """Run `image-store sync --json`."""
    return command(store, "sync", *words, "--json", folder=photos.parent, stdin=stdin, somebody=somebody)


def actions(result: Said) -> list[tuple[str, str]]:
    """What was done, with the names of the files."""
    return sorted((line["action"], Path(line["path"] or line["id"]).name) for line in result.lines)


def members(store: SelectionStore) -> set[str]:
    """The filenames of the images in the group."""
    return {image["filename"] for image in store.images.values() if image["groups"].get("trip") == ["1"]}


# From a folder into a group ------------------------------------------------------------------------------


def test_a_folder_is_uploaded_into_a_group_once(store: SelectionStore, photos: Path) -> None:
    first = sync(store, photos, str(photos), GROUP)
    second = sync(store, photos, str(photos), GROUP)

    assert (first.exit_code, second.exit_code, second.lines) == (Exit.OK, Exit.OK, [])
    assert actions(first) == [("upload", "a.jpg"), ("upload", "b.jpg"), ("upload", "c.jpg")]
    assert members(store) == {"a.jpg", "b.jpg", "c.jpg"}
    assert store.requests["POST list"] == 3


def test_a_renamed_file_and_a_copy_of_it_are_the_same_picture(store: SelectionStore, photos: Path) -> None:
    sync(store, photos, str(photos), GROUP)
    (photos / "a.jpg").rename(photos / "renamed.jpg")
    (photos / "copy.jpg").write_bytes((photos / "renamed.jpg").read_bytes())

    again = sync(store, photos, str(photos), GROUP, "--delete", "--yes")

    assert (again.exit_code, again.lines) == (Exit.OK, [])


def test_an_image_that_is_stored_elsewhere_is_brought_into_the_group(
    store: SelectionStore, photos: Path
) -> None:
    earlier = store.put((photos / "a.jpg").read_bytes(), "earlier.jpg", groups=("trip:0", "album:x"))

    ran = sync(store, photos, str(photos), GROUP)

    assert [line["id"] for line in ran.lines if line["existed"]] == [earlier]
    assert len(ran.lines) == 3
    assert store.images[earlier]["groups"] == {"trip": ["0", "1"], "album": ["x"]}
    assert len(store.images) == 3


def test_a_tag_is_a_selection_too(store: SelectionStore, photos: Path) -> None:
    other = store.put(JPEG + b"other", "other.jpg", tags=("x",))

    sync(store, photos, str(photos), "tag:holiday", "--delete", "--yes")

    assert [image["tags"] for image in store.images.values()] == [["x"], *[["holiday"]] * 3]
    assert other in store.images


def test_images_that_the_folder_does_not_have_go_to_the_trash_only_on_request(
    store: SelectionStore, photos: Path
) -> None:
    gone = store.put(JPEG + b"gone", "gone.jpg", groups=("trip:1",))
    elsewhere = store.put(JPEG + b"elsewhere", "elsewhere.jpg", groups=("trip:2",))

    without_delete = sync(store, photos, str(photos), GROUP)
    after_the_first = gone in store.images
    unsure = sync(store, photos, str(photos), GROUP, "--delete", stdin="n\n", somebody=True)
    unasked = sync(store, photos, str(photos), GROUP, "--delete")
    deleted = sync(store, photos, str(photos), GROUP, "--delete", "--yes")

    assert (without_delete.exit_code, after_the_first) == (Exit.OK, True)
    assert (unsure.exit_code, unasked.exit_code) == (Exit.OK, Exit.USAGE)
    assert "Move 1 image of group:trip:1 to the trash?" in unsure.err
    assert [line["id"] for line in deleted.lines] == store.trash == [gone]
    assert elsewhere in store.images


def test_a_dry_run_shows_everything_and_changes_nothing(store: SelectionStore, photos: Path) -> None:
    store.put(JPEG + b"gone", "gone.jpg", groups=("trip:1",))
    before = dict(store.images)

    result = sync(store, photos, str(photos), GROUP, "--delete", "--dry-run")

    assert actions(result) == [
        ("delete", "gone.jpg"), ("upload", "a.jpg"), ("upload", "b.jpg"), ("upload", "c.jpg"),
    ]  # fmt: skip
    assert all(line["dry_run"] for line in result.lines)
    assert (store.images, store.trash) == (before, [])


def test_nothing_is_deleted_after_a_failure(store: SelectionStore, photos: Path) -> None:
    store.put(JPEG + b"gone", "gone.jpg", groups=("trip:1",))
    odd = os.fsdecode(os.fsencode(photos) + b"/caf\xe9.jpg")
    Path(odd).write_bytes(JPEG)

    result = sync(store, photos, str(photos), GROUP, "--delete", "--yes")

    assert (result.exit_code, store.trash) == (Exit.SOME_FAILED, [])
    assert "Nothing was deleted, because something failed." in result.err
    assert len(members(store)) == 4


def test_checksums_of_images_are_read_once(store: SelectionStore, photos: Path) -> None:
    image_id = store.put(JPEG + b"other", "other.jpg", groups=("trip:1",))

    for _ in range(3):
        sync(store, photos, str(photos), GROUP)

    assert store.requests[f"GET {image_id}"] == 1
    assert not [name for name in store.requests if name.startswith("GET id") and name != f"GET {image_id}"]


def test_an_interrupted_sync_copies_only_the_rest_when_it_is_repeated(
    store: SelectionStore, photos: Path
) -> None:
    store.interrupt_after = 1

    first = sync(store, photos, str(photos), GROUP, "--parallel", "1")
    between = len(members(store))
    store.interrupt_after = None
    second = sync(store, photos, str(photos), GROUP, "--parallel", "1")

    assert (first.exit_code, between) == (Exit.INTERRUPTED, 1)
    assert "Repeat the command to resume." in first.err
    assert (second.exit_code, len(second.lines), len(store.images)) == (Exit.OK, 2, 3)


def test_a_token_that_is_refused_ends_a_sync_at_once(store: SelectionStore, photos: Path) -> None:
    for number in range(20):
        (photos / f"more-{number}.jpg").write_bytes(JPEG + bytes([number]))
    store.refuses_uploads = True

    result = sync(store, photos, str(photos), GROUP, "--parallel", "1")

    assert result.exit_code == Exit.NOT_SIGNED_IN
    assert store.requests["POST list"] < 10
    assert result.lines == []


# From a group into a folder ------------------------------------------------------------------------------


def test_a_group_is_downloaded_into_a_new_folder_once(store: SelectionStore, photos: Path) -> None:
    sync(store, photos, str(photos), GROUP)
    target = photos.parent / "new"

    first = sync(store, photos, GROUP, str(target))
    second = sync(store, photos, GROUP, str(target))

    assert (first.exit_code, len(first.lines), second.lines) == (Exit.OK, 3, [])
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {
        name: JPEG + original.encode()
        for name, original in (("a.jpg", "a.jpg"), ("b.jpg", "b.jpg"), ("c.jpg", "deeper/c.jpg"))
    }


def test_files_that_are_there_under_other_names_are_not_downloaded_again(
    store: SelectionStore, photos: Path
) -> None:
    sync(store, photos, str(photos), GROUP)
    (photos / "a.jpg").rename(photos / "deeper/moved.jpg")

    result = sync(store, photos, GROUP, str(photos), "--delete", "--yes")

    assert (result.exit_code, result.lines) == (Exit.OK, [])


def test_no_file_is_replaced_and_every_name_stays_the_same(store: SelectionStore, photos: Path) -> None:
    first = store.put(JPEG + b"first", "same.jpg", groups=("trip:1",))
    second = store.put(JPEG + b"second", "SAME.jpg", groups=("trip:1",))
    third = store.put(JPEG + b"third", "a.jpg", groups=("trip:1",))
    (photos / "notes").symlink_to("nowhere")

    sync(store, photos, GROUP, str(photos))
    names = sorted(path.name for path in photos.iterdir())
    del store.images[first]
    again = sync(store, photos, GROUP, str(photos))

    assert names == sorted(
        ["a.jpg", "b.jpg", "deeper", "notes", "notes.txt", "same.jpg", f"SAME-{second}.jpg", f"a-{third}.jpg"]
    )
    assert (photos / "a.jpg").read_bytes() == JPEG + b"a.jpg"
    assert again.lines == []


@pytest.mark.parametrize(
    "filename",
    [
        "../../evil.jpg",
        "/etc/evil.jpg",
        "..\\evil.jpg",
        "..",
        ".bashrc",
        "a\x00b.jpg",
        "a\x1b[2Jb.jpg",
        "CON\n.jpg",
        "",
    ],
)
def test_an_unsafe_name_never_leaves_the_folder(store: SelectionStore, photos: Path, filename: str) -> None:
    store.put(JPEG + b"evil", filename, groups=("trip:1",))
    target = photos.parent / "into/deep"

    result = sync(store, photos, GROUP, str(target))

    [path] = target.iterdir()
    assert result.exit_code == Exit.OK
    assert path.read_bytes() == JPEG + b"evil"
    assert path.name.isprintable()
    assert not path.name.startswith(".")
    assert sorted(each.name for each in target.parent.iterdir()) == ["deep"]


def test_files_that_the_group_does_not_have_go_into_a_trash_folder(
    store: SelectionStore, photos: Path
) -> None:
    store.put((photos / "a.jpg").read_bytes(), "a.jpg", groups=("trip:1",))

    unasked = sync(store, photos, GROUP, str(photos), "--delete")
    before = (photos / "b.jpg").exists()
    deleted = sync(store, photos, GROUP, str(photos), "--delete", "--yes")
    again = sync(store, photos, GROUP, str(photos), "--delete", "--yes", "--hidden")

    assert (unasked.exit_code, before, deleted.exit_code) == (Exit.USAGE, True, Exit.OK)
    assert actions(deleted) == [("delete", "b.jpg"), ("delete", "c.jpg")]
    trash = photos / ".image-store-trash"
    assert (trash / "deeper/c.jpg").read_bytes() == JPEG + b"deeper/c.jpg"
    assert sorted(path.name for path in photos.iterdir()) == [
        ".image-store-trash", "a.jpg", "deeper", "notes.txt",
    ]  # fmt: skip
    assert again.lines == []


def test_a_second_file_of_the_same_name_in_the_trash_replaces_none(
    store: SelectionStore, photos: Path
) -> None:
    for content in (b"one", b"two"):
        (photos / "old.jpg").write_bytes(JPEG + content)
        sync(store, photos, GROUP, str(photos), "--delete", "--yes")

    stored = {path.read_bytes() for path in (photos / ".image-store-trash").glob("old*.jpg")}
    assert stored == {JPEG + b"one", JPEG + b"two"}


def test_a_failed_download_leaves_no_file_and_is_repeated(store: SelectionStore, photos: Path) -> None:
    image_id = store.put(JPEG + b"new", "new.jpg", groups=("trip:1",))
    store.fails = (f"/{image_id}/content",)

    failed = sync(store, photos, GROUP, str(photos), "--delete", "--yes")
    names = sorted(path.name for path in photos.iterdir())
    store.fails = ()
    repeated = sync(store, photos, GROUP, str(photos))

    assert (failed.exit_code, "Repeat the command" in failed.err) == (Exit.UNAVAILABLE, True)
    assert names == ["a.jpg", "b.jpg", "deeper", "notes.txt"]
    assert actions(repeated) == [("download", "new.jpg")]


# The command line ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("photos", "other"), "One of SOURCE and DESTINATION is a folder"),
        ((GROUP, "tag:x"), "One of SOURCE and DESTINATION is a folder"),
        (("nowhere", GROUP), "There is no folder nowhere."),
        ((GROUP, "photos/a.jpg"), "photos/a.jpg is not a folder."),
        (("photos", "group:trip"), "is not a selection of images"),
        (("photos", "tag:"), "is not a selection of images"),
        (("photos", "all:x"), "is not a selection of images"),
    ],
)
def test_a_wrong_command_sends_nothing(
    store: SelectionStore,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    complaint: str,
) -> None:
    monkeypatch.chdir(photos.parent)

    result = sync(store, photos, *words)

    assert (result.exit_code, dict(store.requests)) == (Exit.USAGE, {})
    assert complaint in json.loads(result.err.splitlines()[-1])["error"]["detail"]


def test_more_transfers_at_a_time_than_there_may_be_are_a_wrong_command() -> None:
    with pytest.raises(UsageError, match="--parallel: must be at most 32"):
        build_parser().parse_args(["sync", "photos", GROUP, "--parallel", "33"])


def test_a_folder_whose_name_looks_like_a_selection_is_written_with_its_path() -> None:
    assert parse_place("./group:trip:1") == Path("group:trip:1")
    assert parse_place("group:trip:1:2") == ImageSelection("group", "trip:1:2")
    assert parse_place("all:") == ImageSelection("all", "")
    with pytest.raises(UsageError):
        parse_place("group::1")


def test_plans_of_equal_sides_are_empty() -> None:
    files = [LocalFile("a.jpg", "s1"), LocalFile("b.jpg", "s1")]
    images = [StoredImage("i1", "x.jpg", "image/jpeg", "s1"), StoredImage("i2", "y.jpg", "image/jpeg", "s1")]

    up, down = plan_upload(files, images), plan_download(images, files, names=["a.jpg", "b.jpg"])

    assert (up.uploads, up.deletions, down.downloads, down.deletions) == ((), (), (), ())

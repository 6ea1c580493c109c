"""`image-store export` and `import folder` against the functions in memory: what comes back is what was stored."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_store.domain.callers.scopes import KEY_SCOPES, Scope
from image_store_cli.exits import Exit
from image_store_cli.exports.sidecars import ATTRIBUTES
from tests.functions.store_in_memory import StoreInMemory, with_ids_of_its_own
from tests.pictures import jpeg, png

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.functions.deployment import Deployment
    from tests.unit.cli.terminal import Said

FULL: dict[str, Any] = {
    "kind": "generated",
    "visibility": "unlisted",
    "filename": "Über uns ä.jpg",
    "title": "A title",
    "alt_text": "A text",
    "category": "cats",
    "tags": ["b", "a"],
    "rating": 4,
    "groups": {"trip": ["1", "2"], "album": ["x"]},
    "metadata": {"order": 17, "nested": {"a": [1, None]}},
    "generation": {"prompt": "a cat", "model": "m", "provider": "p", "seed": 7, "params": {"steps": 3}},
    "analysis": {"response_context": "text", "tone_analysis": {"primary": "warm", "themes": ["x"]}},
    "cache_control": "public, max-age=60",
    "expires_at": "2099-01-01T00:00:00Z",
}
"""A value of every attribute."""
OF_STORE = {"id", "created_at", "updated_at", "url", "public_url", "renditions"}
"""What a store gives each image of its own."""
PICTURES = (jpeg(24, 16), png(16, 16), jpeg(16, 24, seed=2))


@pytest.fixture
def source(deployed: Callable[..., Deployment]) -> StoreInMemory:
    """The store that images are exported from."""
    return StoreInMemory(with_ids_of_its_own(deployed()))


@pytest.fixture
def target(deployed: Callable[..., Deployment]) -> StoreInMemory:
    """An empty store."""
    return StoreInMemory(deployed())


def put(store: StoreInMemory, data: bytes, attributes: dict[str, Any] | None = None) -> str:
    """Store an image by the API, and return its id."""
    content_type = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    response = store.post("/v1/images", files={
        "file": (None, data, content_type),
        "attributes": (None, json.dumps(attributes or {}), "application/json"),
    })  # fmt: skip
    return str(response["id"])


def record(store: StoreInMemory, image_id: str) -> dict[str, Any]:
    """What an image is, without what the store gives each image of its own."""
    image = store.get(f"/v1/images/{image_id}")
    return {name: value for name, value in image.items() if name not in OF_STORE}


def content(store: StoreInMemory, image_id: str) -> bytes:
    """The bytes of an image."""
    [key] = [
        key for key in store.deployment.private_bucket.objects if image_id in key and "/original." in key
    ]
    return store.deployment.private_bucket.objects[key].data


def records(store: StoreInMemory) -> list[str]:
    """What all images are, with their bytes, in an order that does not depend on ids."""
    ids = [card["id"] for card in store.get("/v1/images?limit=100")["items"]]
    return sorted(
        json.dumps([record(store, image_id), content(store, image_id).hex()], sort_keys=True)
        for image_id in ids
    )


def dates(store: StoreInMemory) -> list[str]:
    """The dates of all images, the newest first."""
    return [card["created_at"] for card in store.get("/v1/images?limit=100")["items"]]


def export(store: StoreInMemory, folder: Path, *words: str) -> Said:
    """Export into `out` of a folder."""
    return store.run("export", str(folder / "out"), "--json", *words, folder=folder)


def import_folder(store: StoreInMemory, folder: Path, *words: str, name: str = "out") -> Said:
    """Import `out` of a folder."""
    return store.run("import", "folder", str(folder / name), "--json", *words, folder=folder)


def statuses(result: Said) -> list[str]:
    """What was done with each image."""
    return sorted(line["status"] for line in result.lines)


# Out and in again ----------------------------------------------------------------------------------------


def test_an_image_with_every_attribute_comes_back_equal(
    source: StoreInMemory, target: StoreInMemory, tmp_path: Path
) -> None:
    assert set(FULL) == set(ATTRIBUTES)
    old_id = put(source, PICTURES[0], FULL)

    exported, imported = export(source, tmp_path), import_folder(target, tmp_path)

    assert (exported.exit_code, imported.exit_code) == (Exit.OK, Exit.OK)
    [line] = imported.lines
    assert "only admins can keep" in imported.err
    assert (line["status"], line["old_id"]) == ("imported", old_id)
    assert record(target, line["id"]) == record(source, old_id)
    assert content(target, line["id"]) == PICTURES[0]


WORDS = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=12
).map(lambda text: text.strip() or "x")
VALUES = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | WORDS
SOME_ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["upload", "generated"]),
        "visibility": st.sampled_from(["private", "unlisted", "public"]),
        "filename": WORDS
        | st.sampled_from(["../../etc/passwd", "CON", ".hidden", "a" * 250 + ".png", "x.jpg.json"]),
        "title": WORDS,
        "alt_text": WORDS,
        "category": WORDS,
        "tags": st.lists(WORDS, max_size=3, unique=True),
        "rating": st.integers(1, 5),
        "groups": st.dictionaries(
            st.sampled_from(["trip", "folder"]), st.lists(WORDS, max_size=2, unique=True)
        ),
        "metadata": st.dictionaries(WORDS, VALUES | st.lists(VALUES, max_size=2), max_size=3),
        "generation": st.fixed_dictionaries(
            {},
            optional={
                "prompt": WORDS,
                "seed": st.integers(-1, 9),
                "params": st.dictionaries(WORDS, VALUES, max_size=2),
            },
        ),
        "analysis": st.fixed_dictionaries({}, optional={"response_context": WORDS}),
        "cache_control": st.just("public, max-age=60"),
        "expires_at": st.just("2099-01-01T00:00:00Z"),
    },
)
"""What a caller may send, and the store accept."""


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(images=st.lists(st.tuples(st.sampled_from(PICTURES), SOME_ATTRIBUTES), max_size=3))
def test_what_was_exported_imports_again_equal(
    images: list[tuple[bytes, dict[str, Any]]],
    deployed: Callable[..., Deployment],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("export")
    source, target = StoreInMemory(with_ids_of_its_own(deployed())), StoreInMemory(deployed(), is_admin=True)
    target.deployment.set_clock.instant += timedelta(days=400)
    for data, attributes in images:
        put(source, data, attributes)
        source.deployment.set_clock.instant += timedelta(days=40)

    first, imported = export(source, folder), import_folder(target, folder)
    second, again = export(source, folder), import_folder(target, folder)

    assert (statuses(first), statuses(imported)) == (["exported"] * len(images), ["imported"] * len(images))
    assert (second.lines, statuses(again)) == ([], ["existing"] * len(images))
    assert records(target) == records(source)
    assert dates(target) == dates(source)
    names = [path for path in (folder / "out").rglob("*") if path.is_file()]
    assert len(names) == 2 * len(images) + 2  # the index and the lock
    assert all(path.resolve().is_relative_to(folder.resolve()) for path in names)
    assert all(len(path.name.encode()) <= 255 for path in names)


def test_a_larger_image_goes_straight_to_storage_and_comes_back(
    source: StoreInMemory, target: StoreInMemory, tmp_path: Path
) -> None:
    large = PICTURES[1] + b"\0" * 4_000_001
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "large.png").write_bytes(large)
    first = import_folder(source, tmp_path, "--tag", "large")

    again = source.run("export", str(tmp_path / "back"), "--json", folder=tmp_path)
    second = import_folder(target, tmp_path, name="back")

    assert [each.exit_code for each in (first, again, second)] == [Exit.OK] * 3
    assert content(target, second.lines[0]["id"]) == large
    assert records(target) == records(source)


# Again: what has changed ---------------------------------------------------------------------------------


def test_a_second_export_transfers_only_what_has_changed(source: StoreInMemory, tmp_path: Path) -> None:
    ids = [put(source, PICTURES[0], {"title": str(number)}) for number in range(3)]
    export(source, tmp_path)
    before = len(source.requests)

    source.patch(f"/v1/images/{ids[1]}", {"title": "new", "tags": ["x"]})
    new = put(source, PICTURES[1])
    changed = export(source, tmp_path)

    assert [(line["id"], line["status"], line["bytes_transferred"]) for line in changed.lines] == [
        (ids[1], "updated", 0), (new, "exported", len(PICTURES[1])),
    ]  # fmt: skip
    assert (
        sum(
            request.startswith("GET /v1/images/") and "content" in request
            for request in source.requests[before:]
        )
        == 1
    )
    [sidecar] = (tmp_path / "out").rglob(f"*{ids[1]}*.json")
    assert json.loads(sidecar.read_text())["attributes"]["title"] == "new"
    lines = [json.loads(line) for line in (tmp_path / "out/export.json").read_text().splitlines()]
    assert [line["id"] for line in lines] == [*ids, new]


@pytest.mark.parametrize("loss", ["file", "sidecar", "size", "index", "half line"])
def test_what_is_missing_or_cut_off_is_written_again(
    source: StoreInMemory, tmp_path: Path, loss: str
) -> None:
    put(source, PICTURES[0])
    export(source, tmp_path)
    files = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    index = tmp_path / "out/export.json"
    [picture] = (tmp_path / "out").rglob("*.jpg")
    if loss == "file":
        picture.unlink()
    elif loss == "sidecar":
        picture.with_name(f"{picture.name}.json").unlink()
    elif loss == "size":
        picture.write_bytes(b"x")
    elif loss == "index":
        index.unlink()
    else:
        index.write_bytes(index.read_bytes()[:-20])

    repaired = export(source, tmp_path)

    is_lost = loss in {"file", "size"}
    assert [(line["status"], line["bytes_transferred"] > 0) for line in repaired.lines] == [
        ("exported", is_lost)
    ]
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == files


def test_files_of_images_that_are_gone_are_deleted_on_request_and_no_others(
    source: StoreInMemory, tmp_path: Path
) -> None:
    gone, trashed, other = (put(source, PICTURES[0], {"groups": {"g": [name]}}) for name in "aab")
    export(source, tmp_path)
    (tmp_path / "out/notes.txt").write_text("mine")
    source.delete(f"/v1/images/{gone}?permanent=true")
    source.delete(f"/v1/images/{trashed}")
    put(source, PICTURES[1], {"groups": {"g": ["a"]}})

    without = export(source, tmp_path)
    planned = export(source, tmp_path, "--delete", "--group", "g:a", "--dry-run")
    unasked = export(source, tmp_path, "--delete")
    deleted = export(source, tmp_path, "--delete", "--yes")

    assert (statuses(without), unasked.exit_code) == (["exported"], Exit.USAGE)
    assert [(line["id"], line["status"]) for line in planned.lines] == [(gone, "deleted")]
    assert [(line["id"], line["status"]) for line in deleted.lines] == [(gone, "deleted")]
    names = "".join(path.name for path in (tmp_path / "out").rglob("*"))
    assert [each in names for each in (gone, trashed, other, "notes.txt")] == [False, True, True, True]
    assert gone not in (tmp_path / "out/export.json").read_text()


def test_nothing_is_deleted_for_another_account_or_another_store(
    source: StoreInMemory, target: StoreInMemory, tmp_path: Path
) -> None:
    put(source, PICTURES[0])
    export(source, tmp_path)
    somebody = StoreInMemory(source.deployment, owner="bob")

    empty = export(somebody, tmp_path, "--delete", "--yes")
    put(somebody, PICTURES[1])
    foreign = export(somebody, tmp_path, "--delete", "--yes")
    elsewhere = target.run(
        "export", str(tmp_path / "out"), "--delete", "--yes", folder=tmp_path, url="https://other.example.com"
    )

    assert [each.exit_code for each in (empty, foreign, elsewhere)] == [Exit.OK] * 3
    assert "1 image of another store or owner stay" in empty.err
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == 1


def test_a_display_export_has_smaller_pictures_and_no_place_among_originals(
    source: StoreInMemory, target: StoreInMemory, tmp_path: Path
) -> None:
    put(source, PICTURES[1], {"title": "A title"})
    export(source, tmp_path)

    refused = export(source, tmp_path, "--display")
    shown = source.run("export", str(tmp_path / "small"), "--display", "--json", folder=tmp_path)
    imported = import_folder(target, tmp_path, name="small")

    assert (refused.exit_code, shown.exit_code) == (Exit.USAGE, Exit.OK)
    assert "-display." in shown.lines[0]["path"]
    assert record(target, imported.lines[0]["id"])["title"] == "A title"


def test_the_images_of_several_owners_are_exported_and_imported_for_each(
    source: StoreInMemory, target: StoreInMemory, tmp_path: Path
) -> None:
    alice, bob = (
        put(StoreInMemory(source.deployment, owner=owner), PICTURES[0]) for owner in ("alice", "bob")
    )
    backend, other = (
        StoreInMemory(each.deployment, owner="backend", key_scopes=KEY_SCOPES) for each in (source, target)
    )
    (tmp_path / "owners.txt").write_text("alice\nbob\n\nalice\n")

    refused = source.run(
        "export", str(tmp_path / "refused"), "--owners", str(tmp_path / "owners.txt"), folder=tmp_path
    )
    exported = export(backend, tmp_path, "--owners", str(tmp_path / "owners.txt"))
    StoreInMemory(source.deployment, owner="bob").delete(f"/v1/images/{bob}?permanent=true")
    put(StoreInMemory(source.deployment, owner="bob"), PICTURES[1])
    later = export(backend, tmp_path, "--owners", str(tmp_path / "owners.txt"), "--delete", "--yes")
    imported = import_folder(other, tmp_path, "--keep-owners")

    assert refused.exit_code == Exit.NOT_SIGNED_IN
    assert [line["id"] for line in exported.lines] == [alice, bob]
    assert [(line["id"] == bob, line["status"]) for line in later.lines] == [
        (False, "exported"),
        (True, "deleted"),
    ]
    assert statuses(imported) == ["imported"] * 2
    for owner in ("alice", "bob"):
        old, new = (StoreInMemory(each.deployment, owner=owner) for each in (source, target))
        assert records(new) == records(old)
        assert len(records(new)) == 1


def test_an_export_that_is_imported_where_it_came_from_stores_nothing_again(
    source: StoreInMemory, tmp_path: Path
) -> None:
    for owner in ("alice", "bob"):
        put(StoreInMemory(source.deployment, owner=owner), PICTURES[0], {"tags": ["old"]})
    backend = StoreInMemory(source.deployment, owner="backend", key_scopes=KEY_SCOPES)
    (tmp_path / "owners.txt").write_text("alice\nbob\n")
    export(backend, tmp_path, "--owners", str(tmp_path / "owners.txt"))

    planned = import_folder(backend, tmp_path, "--keep-owners", "--dry-run")
    imported = import_folder(backend, tmp_path, "--keep-owners", "--tag", "new")
    anew = ("--journal", str(tmp_path / "another"), "--on-duplicate", "keep")
    copied = import_folder(backend, tmp_path, "--keep-owners", *anew)

    assert statuses(planned) == statuses(imported) == ["existing"] * 2
    assert [line["id"] for line in imported.lines] == [line["old_id"] for line in imported.lines]
    assert statuses(copied) == ["imported"] * 2
    for owner in ("alice", "bob"):
        images = [json.loads(text)[0] for text in records(StoreInMemory(source.deployment, owner=owner))]
        assert sorted(image["tags"] for image in images) == [["old"], ["old", "new"]]


def test_an_export_without_owners_is_imported_for_the_caller(source: StoreInMemory, tmp_path: Path) -> None:
    put(StoreInMemory(source.deployment, owner="bob"), PICTURES[0])
    backend = StoreInMemory(source.deployment, owner="backend", key_scopes=KEY_SCOPES)
    (tmp_path / "owners.txt").write_text("bob\n")
    export(backend, tmp_path, "--owners", str(tmp_path / "owners.txt"))

    imported = import_folder(backend, tmp_path)

    assert statuses(imported) == ["imported"]
    assert len(records(backend)) == 1


def test_all_owners_are_those_who_have_or_had_an_image(source: StoreInMemory, tmp_path: Path) -> None:
    ids = {
        owner: put(StoreInMemory(source.deployment, owner=owner), PICTURES[0])
        for owner in ("alice", "bob", "a / b")
    }
    StoreInMemory(source.deployment, owner="bob").delete(f"/v1/images/{ids.pop('bob')}?permanent=true")
    source.deployment.projected()
    backend = StoreInMemory(source.deployment, owner="backend", key_scopes=KEY_SCOPES)
    without_admin = StoreInMemory(
        source.deployment, owner="backend", key_scopes={Scope.ACT_AS, Scope.READ_IMAGES}
    )

    refused = without_admin.run("export", str(tmp_path / "refused"), "--all-owners", folder=tmp_path)
    exported = export(backend, tmp_path, "--all-owners")

    assert refused.exit_code == Exit.NOT_SIGNED_IN
    assert sorted(line["id"] for line in exported.lines) == sorted(ids.values())
    owners = {json.loads(path.read_text())["owner"] for path in (tmp_path / "out").rglob("*.png.json")}
    owners |= {json.loads(path.read_text())["owner"] for path in (tmp_path / "out").rglob("*.jpg.json")}
    assert owners == set(ids)


# A folder of pictures ------------------------------------------------------------------------------------


def test_any_folder_is_imported_with_its_subfolders_as_groups(target: StoreInMemory, tmp_path: Path) -> None:
    for number, path in enumerate(("a.jpg", "2026/summer/b.jpg", f"{'x' * 130}/c.jpg")):
        (tmp_path / "out" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / path).write_bytes(jpeg(20 + number, 20))
    (tmp_path / "out/notes.txt").write_text("no picture")
    (tmp_path / "out/a.jpg.json").write_text('{"photoTakenTime": 1}')

    ran = import_folder(
        target,
        tmp_path,
        "--folders-as-groups",
        "--tag",
        "t",
        "--group",
        "trip:1",
        "--map",
        str(tmp_path / "m.csv"),
    )

    images = {line["path"]: record(target, line["id"]) for line in ran.lines}
    assert images["a.jpg"]["groups"] == {"trip": ["1"]}
    assert images["2026/summer/b.jpg"]["groups"] == {"trip": ["1"], "folder": ["2026/summer"]}
    assert [len(name) for name in images[f"{'x' * 130}/c.jpg"]["groups"]["folder"]] == [64]
    assert {image["filename"] for image in images.values()} == {"a.jpg", "b.jpg", "c.jpg"}
    rows = (tmp_path / "m.csv").read_text().splitlines()
    assert rows[0] == "old_id,id,sha256,file"
    assert {row.split(",")[1] for row in rows[1:]} == {line["id"] for line in ran.lines}


def test_the_same_bytes_in_two_folders_are_one_image_in_both_groups(
    target: StoreInMemory, tmp_path: Path
) -> None:
    for path in ("one/a.jpg", "two/b.jpg"):
        (tmp_path / "out" / path).parent.mkdir(parents=True)
        (tmp_path / "out" / path).write_bytes(PICTURES[0])

    ran = import_folder(target, tmp_path, "--folders-as-groups", "--parallel", "1")

    assert statuses(ran) == ["existing", "imported"]
    [image_id] = {line["id"] for line in ran.lines}
    assert record(target, image_id)["groups"] == {"folder": ["one", "two"]}


def test_a_download_that_was_cut_off_is_no_picture(target: StoreInMemory, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name in (".image-store-x.part", ".hidden.jpg"):
        (tmp_path / "out" / name).write_bytes(PICTURES[0])

    ran = import_folder(target, tmp_path, "--hidden")

    assert [line["path"] for line in ran.lines] == [".hidden.jpg"]


def test_one_bad_file_spoils_no_other(source: StoreInMemory, target: StoreInMemory, tmp_path: Path) -> None:
    for number in range(6):
        put(source, jpeg(20, 20 + number), {"filename": f"{number}.jpg"})
    export(source, tmp_path)
    pictures = sorted((tmp_path / "out").rglob("*.jpg"))
    sidecars = [path.with_name(f"{path.name}.json") for path in pictures]
    pictures[0].write_bytes(jpeg(30, 30))
    sidecars[1].write_text("{ half")
    sidecars[2].write_text(sidecars[2].read_text().replace("export/1", "export/9"))
    pictures[3].unlink()
    body = json.loads(sidecars[4].read_text())
    sidecars[4].write_text(json.dumps(body | {"attributes": {"title": 5, "kind": "upload"}}))

    ran = import_folder(target, tmp_path)

    failed = {
        line["path"].rpartition("/")[2][0]: line["error"]["detail"] for line in ran.lines if "error" in line
    }
    assert (ran.exit_code, statuses(ran)) == (Exit.SOME_FAILED, ["failed"] * 5 + ["imported"])
    assert "other bytes than its sidecar" in failed["0"]
    assert "it is not JSON" in failed["1"]
    assert "image-store-export/9" in failed["2"]
    assert "not in the folder" in failed["3"]
    assert "wrong type of title" in failed["4"]


def test_an_image_that_has_expired_is_not_imported(
    source: StoreInMemory, target: StoreInMemory, tmp_path: Path
) -> None:
    put(source, PICTURES[0], {"expires_at": "2026-03-02T00:00:00Z"})
    export(source, tmp_path)

    ran = import_folder(target, tmp_path)

    assert (ran.exit_code, statuses(ran)) == (Exit.OK, ["expired"])
    assert target.deployment.is_empty()


def test_an_image_that_was_deleted_since_is_imported_again(
    source: StoreInMemory, target: StoreInMemory, tmp_path: Path
) -> None:
    put(source, PICTURES[0])
    export(source, tmp_path)
    [first] = import_folder(target, tmp_path).lines
    target.delete(f"/v1/images/{first['id']}?permanent=true")

    [second] = import_folder(target, tmp_path).lines

    assert (second["status"], second["id"] != first["id"]) == ("imported", True)


@pytest.mark.parametrize("command", ["export", "import"])
def test_a_dry_run_changes_nothing_and_says_everything(
    source: StoreInMemory, target: StoreInMemory, tmp_path: Path, command: str
) -> None:
    put(source, PICTURES[0])
    if command == "export":
        planned, done = export(source, tmp_path, "--dry-run"), None
        is_untouched = not (tmp_path / "out").exists()
        done = export(source, tmp_path)
        size = "bytes_transferred"
    else:
        export(source, tmp_path)
        planned = import_folder(target, tmp_path, "--dry-run")
        is_untouched = target.deployment.is_empty()
        done = import_folder(target, tmp_path)
        size = "size_bytes"

    assert is_untouched
    assert [(line["status"], line[size]) for line in planned.lines] == [
        (line["status"], line[size]) for line in done.lines
    ]
    assert "would be" in planned.err

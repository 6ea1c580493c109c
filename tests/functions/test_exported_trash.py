"""What an export has of the trash goes into the trash of the store that imports it, on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_cli.exits import Exit
from tests.functions.store_in_memory import StoreInMemory, with_ids_of_its_own
from tests.functions.test_export_and_import import PICTURES, export, import_folder, put, statuses
from tests.unit.cli.terminal import command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.functions.deployment import Deployment


@pytest.fixture
def source(deployed: Callable[..., Deployment]) -> StoreInMemory:
    """The store that images are exported from."""
    return StoreInMemory(with_ids_of_its_own(deployed()))


@pytest.fixture
def target(deployed: Callable[..., Deployment]) -> StoreInMemory:
    """An empty store."""
    return StoreInMemory(deployed())


def trashed(store: StoreInMemory) -> list[dict[str, Any]]:
    """The images in the trash."""
    return [
        store.get(f"/v1/images/{card['id']}")
        for card in store.get("/v1/images?trashed=true&limit=100")["items"]
    ]


def test_the_trash_is_exported_on_request_and_imported_into_the_trash_on_request(
    source: StoreInMemory, target: StoreInMemory, tmp_path: Path
) -> None:
    put(source, PICTURES[0])
    deleted = put(source, PICTURES[1], {"visibility": "public", "title": "Old"})
    source.delete(f"/v1/images/{deleted}")

    without = statuses(export(source, tmp_path))
    small = source.run(
        "export", str(tmp_path / "small"), "--display", "--include-trashed", "--json", folder=tmp_path
    )
    exported = export(source, tmp_path, "--include-trashed")
    again = export(source, tmp_path, "--include-trashed")
    left_out = import_folder(target, tmp_path)
    imported = import_folder(target, tmp_path, "--include-trashed")
    later = import_folder(target, tmp_path, "--include-trashed")

    assert without == ["exported"]
    assert statuses(small) == ["exported"] * 2, small
    assert [line["id"] for line in exported.lines] == [deleted]
    assert again.lines == []
    assert statuses(left_out) == ["imported", "left out"]
    assert statuses(imported) == ["existing", "imported"]
    assert statuses(later) == ["existing"] * 2
    [image] = trashed(target)
    assert (image["title"], image["visibility"], image["sha256"]) == (
        "Old",
        "private",
        source.get(f"/v1/images/{deleted}")["sha256"],
    )
    assert len(target.get("/v1/images")["items"]) == 1


def test_an_import_into_the_trash_never_takes_an_image_that_is_in_use(
    source: StoreInMemory, target: StoreInMemory, tmp_path: Path
) -> None:
    source.delete(f"/v1/images/{put(source, PICTURES[0])}")
    in_use = put(target, PICTURES[0])
    export(source, tmp_path, "--include-trashed")

    imported = import_folder(target, tmp_path, "--include-trashed", "--on-duplicate", "return_existing")

    assert statuses(imported) == ["imported"]
    assert target.get(f"/v1/images/{in_use}")["status"] == "ready"
    assert len(trashed(target)) == 1


def test_an_import_that_was_killed_before_the_trash_ends_in_the_trash_once(
    source: StoreInMemory, target: StoreInMemory, tmp_path: Path
) -> None:
    source.delete(f"/v1/images/{put(source, PICTURES[0])}")
    export(source, tmp_path, "--include-trashed")
    refuses = [True]

    def refuse_once(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE" and refuses:
            refuses.pop()
            return httpx.Response(403, json={"code": "scope_required", "title": "No", "status": 403})
        return target(request)

    words = ("import", "folder", str(tmp_path / "out"), "--json", "--include-trashed")
    killed = command(refuse_once, *words, folder=tmp_path)
    assert statuses(killed) == ["failed"]
    assert trashed(target) == []

    resumed = import_folder(target, tmp_path, "--include-trashed")

    assert statuses(resumed) == ["imported"]
    assert len(trashed(target)) == 1
    assert target.get("/v1/images")["items"] == []


@pytest.mark.parametrize("words", [("--group", "trip:1"), ("--sha256", "0" * 64)])
def test_a_list_that_the_trash_does_not_have_is_refused_before_anything_is_written(
    source: StoreInMemory, tmp_path: Path, words: tuple[str, str]
) -> None:
    put(source, PICTURES[0])

    refused = export(source, tmp_path, "--include-trashed", *words)

    assert refused.exit_code == Exit.USAGE
    assert not list((tmp_path / "out").glob("20*"))

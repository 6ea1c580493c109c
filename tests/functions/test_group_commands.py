"""`image-store groups` and `tags`, on a store in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from image_store_cli.exits import Exit
from tests.functions.store_in_memory import StoreInMemory

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functions.deployment import Deployment


@pytest.fixture
def terminal(store: Deployment) -> StoreInMemory:
    return StoreInMemory(store)


def with_an_image(store: StoreInMemory, album: str) -> str:
    image = store.deployment.answer_to("upload/raw").json["id"]
    store.patch(f"/v1/images/{image}", {"groups": {"album": [album]}, "tags": ["sea"]})
    store.deployment.projected()
    return str(image)


def test_an_album_is_created_named_listed_and_deleted(terminal: StoreInMemory, tmp_path: Path) -> None:
    created = terminal.run("groups", "create", "--id", "summer", "--title", "Sümmer", folder=tmp_path)
    image = with_an_image(terminal, "summer")
    changed = terminal.run(
        "groups", "change", "album:summer", "--title", "none", "--cover", image, "--json", folder=tmp_path
    )
    listing = terminal.run("groups", "list", "--type", "album", "--prefix", "SUM", folder=tmp_path)
    tags = terminal.run("tags", "--json", folder=tmp_path)
    deleted = terminal.run("groups", "delete", "album:summer", "--keep-images", "--yes", folder=tmp_path)

    assert [each.exit_code for each in (created, changed, listing, tags, deleted)] == [Exit.OK] * 5
    assert created.out == "album:summer\n"
    assert (json.loads(changed.out)["title"], json.loads(changed.out)["cover"]["id"]) == (None, image)
    assert "album:summer" in listing.out
    assert json.loads(tags.out)["images"] == 1
    assert deleted.out == "deleted  album:summer\n"
    assert terminal.get(f"/v1/images/{image}")["groups"] == {"session": ["s1"]}


def test_a_deletion_moves_images_to_the_trash_when_it_is_told_to(
    terminal: StoreInMemory, tmp_path: Path
) -> None:
    image = with_an_image(terminal, "summer")

    result = terminal.run(
        "groups", "delete", "album:summer", "--trash-images", "-y", "--json", folder=tmp_path
    )

    assert json.loads(result.out) == {"group": "album:summer", "images": 1, "failed": [], "next_cursor": None}
    assert terminal.get(f"/v1/images/{image}")["status"] == "trashed"


def test_a_deletion_asks_first(terminal: StoreInMemory, tmp_path: Path) -> None:
    with_an_image(terminal, "summer")

    result = terminal.run("groups", "delete", "album:summer", "--trash-images", folder=tmp_path)

    assert result.exit_code is Exit.USAGE
    assert "move its 1 image to the trash?" in result.err
    assert terminal.get("/v1/groups/album:summer")["images"] == 1


@pytest.mark.parametrize(
    "words",
    [("delete", "album:no", "--keep-images", "--yes"), ("change", "album:no", "--title", "x")],
)
def test_a_group_that_is_not_there_is_not_found(
    terminal: StoreInMemory, tmp_path: Path, words: tuple[str, ...]
) -> None:
    assert terminal.run("groups", *words, folder=tmp_path).exit_code is Exit.NOT_FOUND


def test_a_change_of_nothing_is_refused(terminal: StoreInMemory, tmp_path: Path) -> None:
    assert terminal.run("groups", "change", "album:a", folder=tmp_path).exit_code is Exit.USAGE


def test_lists_of_nothing_say_so(terminal: StoreInMemory, tmp_path: Path) -> None:
    result = [terminal.run(*words, folder=tmp_path) for words in (("groups", "list"), ("tags",))]

    assert [each.err.strip().splitlines()[-1] for each in result] == ["No groups.", "No tags."]

"""`image-store edit`: which patch it sends, also while other changes come first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_cli.exits import Exit
from tests.unit.cli.terminal import command, problem

if TYPE_CHECKING:
    from pathlib import Path


class ImageRoute:
    """One image with its ETag, which a test can change between two requests."""

    def __init__(self, **attributes: Any) -> None:
        self.image = {
            "id": "abc",
            "title": "Old",
            "tags": ["a", "b"],
            "groups": {"trip": ["1"]},
            **attributes,
        }
        self.version = 3
        self.other_changes: list[dict[str, Any]] = []
        """Changes that come between the next reads and the patches after them."""
        self.lost_responses = 0
        self.patches: list[dict[str, Any]] = []
        self.methods: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The response; 412 for another ETag than the current one."""
        self.methods.append(request.method)
        if request.method == "PATCH":
            if self.other_changes:
                self.apply(self.other_changes.pop(0))
            if request.headers.get("If-Match", self.etag) != self.etag:
                return problem(412, "precondition_failed")
            self.patches.append(json.loads(request.content))
            self.apply(self.patches[-1])
            if self.lost_responses:
                self.lost_responses -= 1
                raise httpx.ReadError("the connection broke")
        return httpx.Response(200, json=self.image, headers={"ETag": self.etag})

    @property
    def etag(self) -> str:
        """The ETag of the image as it is now."""
        return f'"{self.version}"'

    def apply(self, changes: dict[str, Any]) -> None:
        """Change the image."""
        self.image |= changes
        self.version += 1


def test_values_are_sent_without_reading_the_image(tmp_path: Path) -> None:
    route = ImageRoute()

    result = command(
        route, "edit", "abc", "--title", "A cat", "--rating", "5", "--metadata", '{"order": 17}', "--clear",
        "category", "--expires-at", "2027-01-31", "--visibility", "unlisted", folder=tmp_path,
    )  # fmt: skip

    assert (result.exit_code, result.out, route.methods) == (Exit.OK, "changed  abc\n", ["PATCH"])
    assert route.patches == [
        {
            "title": "A cat", "category": None, "rating": 5, "metadata": {"order": 17}, "visibility": "unlisted",
            "expires_at": "2027-01-31T00:00:00+00:00",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "patch"),
    [
        (("--add-tag", "c", "--remove-tag", "a"), {"tags": ["b", "c"]}),
        (
            ("--add-group", "trip:2", "--add-group", "album:x"),
            {"groups": {"trip": ["1", "2"], "album": ["x"]}},
        ),
        (("--remove-group", "trip:1"), {"groups": {"trip": None}}),
        (("--clear", "tags", "--add-tag", "new"), {"tags": ["new"]}),
        (("--clear", "groups"), {"groups": {"trip": None}}),
        (("--add-tag", "c", "--title", "New"), {"title": "New", "tags": ["a", "b", "c"]}),
    ],
)
def test_tags_and_groups_are_added_and_removed_one_by_one(
    tmp_path: Path, words: tuple[str, ...], patch: dict[str, Any]
) -> None:
    route = ImageRoute()

    result = command(route, "edit", "abc", *words, folder=tmp_path)

    assert (result.exit_code, route.patches) == (Exit.OK, [patch])


def test_a_tag_that_the_image_has_already_changes_nothing(tmp_path: Path) -> None:
    route = ImageRoute()

    result = command(route, "edit", "abc", "--add-tag", "a", "--title", "Old", folder=tmp_path)

    assert (result.exit_code, route.methods) == (Exit.OK, ["GET"])


def test_a_tag_of_another_change_that_came_first_is_kept(tmp_path: Path) -> None:
    route = ImageRoute()
    route.other_changes = [{"tags": ["a", "b", "theirs"]}]

    result = command(route, "edit", "abc", "--add-tag", "mine", folder=tmp_path)

    assert (result.exit_code, route.image["tags"]) == (Exit.OK, ["a", "b", "theirs", "mine"])


def test_an_image_that_others_change_again_and_again_is_refused_in_the_end(tmp_path: Path) -> None:
    route = ImageRoute()
    route.other_changes = [{"title": str(number)} for number in range(20)]

    result = command(route, "edit", "abc", "--add-tag", "mine", folder=tmp_path)

    assert (result.exit_code, route.patches) == (Exit.REFUSED, [])


def test_a_lost_response_is_not_taken_for_a_conflict(tmp_path: Path) -> None:
    route = ImageRoute()
    route.lost_responses = 1

    result = command(route, "edit", "abc", "--add-tag", "mine", folder=tmp_path)

    assert (result.exit_code, len(route.patches)) == (Exit.OK, 1)


@pytest.mark.parametrize("words", [("--title", "New"), ("--add-tag", "new")])
def test_an_old_etag_of_the_user_changes_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    route = ImageRoute()

    result = command(route, "edit", "abc", *words, "--if-match", '"2"', "--json", folder=tmp_path)

    assert (result.exit_code, route.patches) == (Exit.REFUSED, [])
    assert json.loads(result.err.splitlines()[-1])["error"]["code"] == "precondition_failed"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("abc",), "There is nothing to change"),
        (("abc", "--title", "x", "--clear", "title"), "exclude each other"),
        (("abc", "def", "--title", "x", "--if-match", '"1"'), "--if-match is for a single image."),
        (("../etc", "--title", "x"), "is not an id"),
    ],
)
def test_a_wrong_command_sends_nothing(tmp_path: Path, words: tuple[str, ...], complaint: str) -> None:
    route = ImageRoute()

    result = command(route, "edit", *words, folder=tmp_path)

    assert (result.exit_code, route.methods) == (Exit.USAGE, [])
    assert complaint in result.err


def test_several_ids_of_stdin_are_changed_each_with_its_result(tmp_path: Path) -> None:
    result = command(
        ImageRoute(), "edit", "-", "--title", "Same", "--json", folder=tmp_path, stdin="abc\ndef\n"
    )

    assert [line["title"] for line in result.lines] == ["Same", "Same"]

"""`image-store share` and `shares`: what they send, and what they print."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_cli.command_line.parser import build_parser
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from tests.unit.cli.terminal import command, problem

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "https://store.example/s/0123456789abcdef.AAAAAAAAAAAAAAAAAAAAAA"
SHARE = {
    "id": "0123456789abcdef", "url_prefix": PREFIX, "image_id": None, "group": "album:a", "all": False,
    "presets": ["thumb"], "name": "for \x1b[2JBob", "status": "active", "created_at": "2026-03-01T12:00:00Z",
    "expires_at": "2026-03-01T13:00:00Z", "revoked_at": None, "last_used_at": None,
}  # fmt: skip


class Store:
    """Answers every request with the same response, and remembers the requests."""

    def __init__(self, answer: Any = None, status: int = 200) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The response."""
        self.requests.append(request)
        if isinstance(self._answer, httpx.Response):
            return self._answer
        return httpx.Response(self._status, json=self._answer)


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (("--everything",), {"all": True}),
        (("abc", "--for", "30m"), {"image_id": "abc", "expires_in": 1_800}),
        (
            ("--group", "album:a", "--for", "7d", "--preset", "thumb", "--preset", "w640", "--name", "Bob"),
            {"group": "album:a", "expires_in": 604_800, "presets": ["thumb", "w640"], "name": "Bob"},
        ),
    ],
)
def test_a_new_share_is_sent_as_asked_and_its_address_is_alone_on_stdout(
    tmp_path: Path, words: tuple[str, ...], body: dict[str, Any]
) -> None:
    store = Store(SHARE, 201)

    result = command(store, "share", *words, folder=tmp_path)

    assert (result.exit_code, result.out) == (Exit.OK, f"{PREFIX}\n")
    assert [(request.method, request.url.path) for request in store.requests] == [("POST", "/v1/shares")]
    assert json.loads(store.requests[0].content) == body


@pytest.mark.parametrize("words", [(), ("abc", "--everything"), ("abc", "--group", "album:a")])
def test_a_share_without_one_target_is_not_sent(tmp_path: Path, words: tuple[str, ...]) -> None:
    store = Store(SHARE, 201)

    result = command(store, "share", *words, folder=tmp_path)

    assert (result.exit_code, store.requests) == (Exit.USAGE, [])
    assert "Share one of" in result.err


@pytest.mark.parametrize("words", [("--everything", "--for", "1w"), ("--group", "album")])
def test_a_share_with_a_strange_time_or_group_is_not_sent(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        build_parser().parse_args(["share", *words])


def test_shares_are_listed_without_control_characters(tmp_path: Path) -> None:
    store = Store({"items": [SHARE], "next_cursor": None})

    result = command(store, "shares", "list", folder=tmp_path)

    assert PREFIX in result.out
    assert "album:a (thumb)" in result.out
    assert "\x1b" not in result.out
    assert command(store, "shares", "list", "--json", folder=tmp_path).lines == [SHARE]
    empty = command(Store({"items": [], "next_cursor": None}), "shares", "list", folder=tmp_path)
    assert (empty.out, empty.err) == ("", "No shares.\n")


def test_a_key_that_only_reads_sees_its_list_without_addresses(tmp_path: Path) -> None:
    store = Store({"items": [SHARE | {"url_prefix": None}], "next_cursor": None})

    result = command(store, "shares", "list", folder=tmp_path)

    assert "album:a (thumb)" in result.out
    assert "/s/" not in result.out


def test_several_shares_are_revoked_each_with_its_result(tmp_path: Path) -> None:
    store = Store(httpx.Response(204))

    result = command(store, "shares", "revoke", "aa", "-", "--json", folder=tmp_path, stdin="bb\n")

    assert [request.url.path for request in store.requests] == ["/v1/shares/aa", "/v1/shares/bb"]
    assert result.lines == [{"id": "aa", "status": "revoked"}, {"id": "bb", "status": "revoked"}]


def test_a_share_that_is_not_there_has_its_exit_code(tmp_path: Path) -> None:
    result = command(Store(problem(404, "share_not_found")), "shares", "revoke", "aa", folder=tmp_path)

    assert result.exit_code == Exit.NOT_FOUND

"""`image-store keys`, and the key and the owner that every command takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_cli.command_line.parser import build_parser
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from tests.unit.cli.terminal import URL, command, problem

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.terminal import Said

SECRET = f"isk_0123456789abcdef_{'s' * 43}"
KEY_ID = "0123456789abcdef"
KEY = {
    "id": KEY_ID, "name": "nightly \x1b[2Jjob", "owner": "alice", "scopes": ["images:read"],
    "status": "active", "created_at": "2026-03-01T12:00:00Z", "created_by": "subject:alice", "expires_at": None,
    "revoked_at": None, "last_used_at": None, "previous_secret_until": None,
    "limits": {"requests_per_minute": 600, "images_per_day": None, "bytes_per_day": 5_000_000, "cost_usd_per_day": 2.5},
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

    @property
    def calls(self) -> list[tuple[str, str]]:
        """Method, and path with query, of every request."""
        return [(request.method, request.url.raw_path.decode()) for request in self.requests]


def keys(store: Store, folder: Path, *words: str, stdin: str = "") -> Said:
    """Run a command about keys."""
    return command(store, "keys", *words, folder=folder, stdin=stdin)


def test_a_new_key_is_alone_on_stdout(tmp_path: Path) -> None:
    store = Store(KEY | {"key": SECRET}, 201)

    words = ("create", "nightly job", "--scope", "images:read", "--scope", "act-as", "--owner", "bob")
    result = keys(store, tmp_path, *words, "--expires", "2027-01-01")

    assert (result.exit_code, result.out) == (Exit.OK, f"{SECRET}\n")
    assert "not shown again" in result.err
    assert SECRET not in result.err
    assert json.loads(store.requests[0].content) == {
        "name": "nightly job",
        "scopes": ["act-as", "images:read"],
        "owner": "bob",
        "expires_at": "2027-01-01T00:00:00+00:00",
    }


def test_a_key_is_created_with_limits(tmp_path: Path) -> None:
    store = Store(KEY | {"key": SECRET}, 201)

    limits = ("--requests-per-minute", "600", "--bytes-per-month", "5000", "--cost-usd-per-day", "2.5")
    keys(store, tmp_path, "create", "job", "--scope", "images:read", *limits)

    assert json.loads(store.requests[0].content)["limits"] == {
        "requests_per_minute": 600,
        "bytes_per_month": 5_000,
        "cost_usd_per_day": 2.5,
    }


def test_a_key_is_changed_and_none_removes_a_limit_and_the_expiry(tmp_path: Path) -> None:
    store = Store(KEY)

    words = ("--name", "new", "--scope", "images:read", "--expires", "none", "--images-per-day", "none")
    result = keys(store, tmp_path, "change", KEY_ID, *words, "--cost-usd-per-month", "1")

    assert "limit of bytes per day" in result.out
    assert store.calls == [("PATCH", f"/v1/keys/{KEY_ID}")]
    assert json.loads(store.requests[0].content) == {
        "name": "new",
        "scopes": ["images:read"],
        "expires_at": None,
        "limits": {"images_per_day": None, "cost_usd_per_month": 1.0},
    }


@pytest.mark.parametrize(
    "words",
    [
        ("change", KEY_ID, "--images-per-day", "0"),
        ("change", KEY_ID, "--cost-usd-per-day", "inf"),
        ("change", KEY_ID, "--cost-usd-per-day", "much"),
        ("create", "job", "--scope", "images:read", "--images-per-day", "none"),
        ("usage", KEY_ID, "--from", "yesterday"),
    ],
)
def test_a_wrong_limit_or_day_sends_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    store = Store(KEY)

    with pytest.raises(UsageError):
        keys(store, tmp_path, *words)

    assert store.requests == []


def test_a_change_of_nothing_is_refused(tmp_path: Path) -> None:
    store = Store(KEY)

    assert keys(store, tmp_path, "change", KEY_ID).exit_code == Exit.USAGE
    assert store.requests == []


def test_the_usage_of_a_key_is_a_row_for_each_day_and_one_for_all(tmp_path: Path) -> None:
    total = {"requests": None, "images": 3, "size_bytes": 4_200_000, "cost_usd": 0.04}
    usage = {"days": [{"date": "2026-03-01"} | total], "total": total}
    store = Store(usage)

    result = keys(store, tmp_path, "usage", KEY_ID, "--from", "2026-03-01", "--to", "2026-03-02")

    assert [line.split()[0] for line in result.out.splitlines()] == ["date", "2026-03-01", "total"]
    assert result.out.count("4.2 MB") == 2
    assert store.calls == [("GET", f"/v1/keys/{KEY_ID}/usage?from=2026-03-01&to=2026-03-02")]
    assert json.loads(keys(store, tmp_path, "usage", KEY_ID, "--json").out) == usage


@pytest.mark.parametrize("words", [("create", "job", "--scope", "images:read"), ("rotate", KEY_ID)])
def test_a_request_that_makes_a_secret_is_sent_once(tmp_path: Path, words: tuple[str, ...]) -> None:
    store = Store(problem(503, "storage_unavailable", **{"Retry-After": "1"}))

    result = keys(store, tmp_path, *words)

    assert (result.exit_code, len(store.requests)) == (Exit.UNAVAILABLE, 1)


def test_keys_are_listed_without_control_characters(tmp_path: Path) -> None:
    store = Store({"items": [KEY], "next_cursor": None})

    result = keys(store, tmp_path, "list", "--all-owners")

    assert "0123456789abcdef" in result.out
    assert "\x1b" not in result.out
    assert store.calls == [("GET", "/v1/keys?all_owners=true&limit=100")]
    assert keys(store, tmp_path, "list", "--json").lines == [KEY]
    assert keys(Store({"items": [], "next_cursor": None}), tmp_path, "list").err == "No keys.\n"


def test_a_key_is_shown(tmp_path: Path) -> None:
    result = keys(Store(KEY), tmp_path, "show", KEY_ID)

    assert "by subject:alice" in result.out
    assert json.loads(keys(Store(KEY), tmp_path, "show", KEY_ID, "--json").out) == KEY


def test_a_rotated_key_is_printed_with_the_time_that_the_old_secret_has(tmp_path: Path) -> None:
    store = Store(KEY | {"key": SECRET, "previous_secret_until": "2026-03-02T12:00:00Z"})

    result = keys(store, tmp_path, "rotate", KEY_ID, "--grace-hours", "2")

    assert result.out == f"{SECRET}\n"
    assert "The old secret works until" in result.err
    assert store.calls == [("POST", "/v1/keys/0123456789abcdef/rotate")]
    assert json.loads(store.requests[0].content) == {"grace_seconds": 7_200}
    assert keys(store, tmp_path, "rotate", KEY_ID, "--grace-hours", "169").exit_code == Exit.USAGE


def test_keys_are_revoked_after_a_question(tmp_path: Path) -> None:
    store = Store(httpx.Response(204))

    refused = keys(store, tmp_path, "revoke", KEY_ID)
    done = keys(store, tmp_path, "revoke", "-", "--yes", stdin="0123456789abcdef\nfedcba9876543210\n")

    assert (refused.exit_code, done.exit_code) == (Exit.USAGE, Exit.OK)
    assert store.calls == [
        ("DELETE", "/v1/keys/0123456789abcdef"),
        ("DELETE", "/v1/keys/fedcba9876543210"),
    ]


def test_every_command_takes_a_key_and_an_owner(tmp_path: Path) -> None:
    store = Store({"items": [], "next_cursor": None})
    caller = {"IMAGE_STORE_TOKEN": "", "IMAGE_STORE_KEY": SECRET, "IMAGE_STORE_OWNER": "bo b"}

    command(store, "list", folder=tmp_path, environment=caller)
    command(store, "list", "--as", "é/x", folder=tmp_path, environment=caller)
    command(store, "feed", folder=tmp_path, environment=caller)

    sent = [
        (request.headers.get("authorization"), request.headers.get("image-store-owner"))
        for request in store.requests
    ]
    assert sent == [(f"Bearer {SECRET}", "bo%20b"), (f"Bearer {SECRET}", "%C3%A9%2Fx"), (None, None)]


@pytest.mark.parametrize(
    "words", [("create", "job", "--scope", "images:read"), ("list",)], ids=["create", "list"]
)
def test_a_key_is_never_of_nobody(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="--owner: the owner is empty"):
        build_parser().parse_args(["keys", *words, "--owner", ""])


def test_an_empty_owner_is_explained(tmp_path: Path) -> None:
    store = Store({"items": [], "next_cursor": None})

    option = command(store, "list", "--as", "", folder=tmp_path)
    variable = command(store, "list", folder=tmp_path, environment={"IMAGE_STORE_OWNER": ""})

    assert "The owner in --as is empty. Leave it out to act for yourself." in option.err
    assert "The owner in the variable IMAGE_STORE_OWNER is empty." in variable.err
    assert store.calls == []


@pytest.mark.parametrize(
    ("environment", "words", "exit_code"),
    [
        ({"IMAGE_STORE_KEY": SECRET}, (), Exit.USAGE),
        ({"IMAGE_STORE_TOKEN": "", "IMAGE_STORE_KEY": SECRET[:-1]}, (), Exit.NOT_SIGNED_IN),
        ({}, ("--as", "a\nb"), Exit.USAGE),
        ({}, ("--as", ""), Exit.USAGE),
        ({"IMAGE_STORE_OWNER": " "}, (), Exit.USAGE),
        ({"IMAGE_STORE_OWNER": "bob"}, ("--as", ""), Exit.USAGE),
        ({}, ("--as", "x" * 256), Exit.USAGE),
        ({}, ("--as", "\udcff"), Exit.USAGE),
    ],
)
def test_a_caller_that_cannot_be_is_refused_before_anything_is_sent(
    tmp_path: Path, environment: dict[str, str], words: tuple[str, ...], exit_code: Exit
) -> None:
    store = Store()

    result = command(store, "list", *words, folder=tmp_path, environment=environment)

    assert (result.exit_code, store.requests) == (exit_code, [])
    assert SECRET[:-1] not in result.out + result.err


def test_a_refusal_keeps_the_code_of_the_store(tmp_path: Path) -> None:
    store = Store(problem(401, "key_revoked", "The API key was revoked."))

    result = command(store, "list", "--json", folder=tmp_path)

    error = json.loads(result.err)["error"]
    assert (result.exit_code, error["code"]) == (Exit.NOT_SIGNED_IN, "key_revoked")
    assert "The API key was revoked." in error["detail"]
    assert URL not in error["detail"]

"""`image-store providers`: what it lists, and that a key is read and sent but never printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from image_store_cli.exits import Exit
from tests.unit.cli.terminal import command

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk-0123456789"
PROVIDERS = {
    "items": [
        {
            "provider": "openai", "configured": True, "own_key": True, "health": "ok", "success_rate": 0.987,
            "average_ms": 8400, "models": [{"name": "gpt-image-1"}, {"name": "dall-e-3"}],
        },
        {
            "provider": "google", "configured": False, "own_key": False, "health": "unknown", "success_rate": None,
            "average_ms": None, "models": [{"name": "imagen"}],
        },
    ],
    "spending": {"today": {"spent_usd": 0.5}, "month": {"spent_usd": 12.25}},
}  # fmt: skip


class Requests:
    """Answers every request with 204, and remembers the requests."""

    def __init__(self) -> None:
        self.all: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The response."""
        self.all.append(request)
        return httpx.Response(204)


def test_providers_are_listed_with_whose_key_they_use(tmp_path: Path) -> None:
    result = command(lambda _: httpx.Response(200, json=PROVIDERS), "providers", "list", folder=tmp_path)

    rows = [" ".join(line.split()) for line in result.out.splitlines()]
    assert rows[1:] == ["openai your own ok 99% 8.4 gpt-image-1, dall-e-3", "google none unknown imagen"]
    assert "Spent this month: $12.2500." in result.err


@pytest.mark.parametrize("more", [(), ("--json",)])
@pytest.mark.parametrize("is_file", [False, True], ids=["stdin", "file"])
def test_a_key_is_sent_and_never_printed(tmp_path: Path, more: tuple[str, ...], is_file: bool) -> None:
    requests = Requests()
    (tmp_path / "key.txt").write_text(f"{KEY}\n")
    source = ("--file", str(tmp_path / "key.txt")) if is_file else ()

    result = command(
        requests, "providers", "set-key", "cloudflare", "--account-id", "acc1", *source, *more,
        folder=tmp_path, stdin="" if is_file else f"{KEY}\n",
    )  # fmt: skip

    [request] = requests.all
    assert (result.exit_code, request.method) == (Exit.OK, "PUT")
    assert request.url.path == "/v1/provider-keys/cloudflare"
    assert json.loads(request.content) == {"key": KEY, "account_id": "acc1"}
    assert KEY not in result.out + result.err


@pytest.mark.parametrize("stdin", ["", "two words\n", f"{KEY}\n{KEY}\n", "caf\u00e9\n"])
def test_a_text_that_cannot_be_a_key_is_neither_sent_nor_printed(tmp_path: Path, stdin: str) -> None:
    requests = Requests()

    result = command(requests, "providers", "set-key", "openai", folder=tmp_path, stdin=stdin)

    assert (result.exit_code, requests.all) == (Exit.USAGE, [])
    assert not stdin.strip() or stdin.split()[0] not in result.err


def test_a_missing_file_of_a_key_is_reported(tmp_path: Path) -> None:
    result = command(Requests(), "providers", "set-key", "openai", "--file", "nowhere", folder=tmp_path)

    assert (result.exit_code, "nowhere cannot be read: No such file" in result.err) == (Exit.USAGE, True)


def test_a_key_is_deleted_only_after_a_yes(tmp_path: Path) -> None:
    requests = Requests()

    unsure = command(
        requests, "providers", "delete-key", "openai", folder=tmp_path, stdin="n\n", somebody=True
    )
    asked_before = len(requests.all)
    deleted = command(requests, "providers", "delete-key", "openai", "--yes", "--json", folder=tmp_path)

    assert (unsure.exit_code, asked_before) == (Exit.OK, 0)
    assert json.loads(deleted.out) == {"provider": "openai", "own_key": False}
    assert [(each.method, each.url.path) for each in requests.all] == [("DELETE", "/v1/provider-keys/openai")]

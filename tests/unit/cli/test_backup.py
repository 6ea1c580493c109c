"""`image-store backup` against answers that a test plays (F8)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from tests.unit.cli.terminal import command
from tests.unit.cli.test_commands import Store

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = dict.fromkeys(
    ("images", "rows", "deletions", "objects", "bytes", "verified", "removed", "failed"), 0
)


def backup(
    status: str,
    *,
    task: str = "run",
    reason: str | None = None,
    errors: list[Any] | None = None,
    base: tuple[int | None, int | None] = (None, None),
    **figures: int,
) -> dict[str, Any]:
    """A run as the API answers it."""
    return {
        "id": "b1",
        "task": task,
        "status": status,
        "manifest": f"manifest-of-{status}" if status == "succeeded" else None,
        "stopped_because": reason,
        "progress": NOTHING | figures,
        "errors": errors or [],
        "base_images_before": base[0],
        "base_images": base[1],
        "created_at": "2026-03-01T12:00:00Z",
    }


def test_a_run_is_begun_and_watched_until_it_ends(tmp_path: Path) -> None:
    store = Store(
        **{
            "POST_admin/backups": [backup("queued")],
            "GET_admin/backups/b1": [
                backup("running", images=5),
                backup("succeeded", images=9, rows=1, objects=2),
            ],
        }
    )

    result = command(store, "backup", "run", folder=tmp_path)

    assert store.bodies == [{"task": "run", "full": False}]
    assert result.exit_code == Exit.OK
    assert "9 image records, 1 other row and 0 deletions written, 2 originals copied" in " ".join(
        result.out.split()
    )


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (("run", "--full"), {"task": "run", "full": True}),
        (("run", "--accept-loss", "1,200"), {"task": "run", "full": False, "accept_loss": 1200}),
        (("verify",), {"task": "verify", "deep": False}),
        (("verify", "--deep"), {"task": "verify", "deep": True}),
    ],
)
def test_the_options_are_sent(tmp_path: Path, words: tuple[str, ...], body: dict[str, Any]) -> None:
    store = Store(**{"POST_admin/backups": [backup("queued")]})

    result = command(store, "backup", *words, "--no-wait", "--json", folder=tmp_path)

    assert store.bodies == [body]
    assert (result.exit_code, json.loads(result.out)["status"]) == (Exit.OK, "queued")


def test_a_damaged_backup_makes_the_exit_code_1_and_is_explained(tmp_path: Path) -> None:
    error = {"entity": "image:i1", "code": "copy_damaged", "detail": "Not the one."}
    ended = backup("failed", task="verify", reason="damaged", errors=[error], verified=9, failed=1)
    store = Store(**{"GET_admin/backups/b1": [ended]})

    result = command(store, "backup", "verify", "--status", "b1", folder=tmp_path)

    assert result.exit_code == Exit.SOME_FAILED
    assert "9 originals verified, 1 damaged" in result.out
    assert "image:i1: Not the one. (copy_damaged)" in result.out
    assert "replaces damaged copies" in result.out


SHRUNK = backup("failed", reason="shrunk", base=(10_000, 120))


def test_a_run_that_finds_most_images_gone_says_how_many_and_changes_nothing_unasked(tmp_path: Path) -> None:
    store = Store(**{"POST_admin/backups": [backup("queued")], "GET_admin/backups/b1": [SHRUNK]})

    result = command(store, "backup", "run", "--full", folder=tmp_path)

    assert result.exit_code == Exit.SOME_FAILED
    assert "9,880 of 10,000 images are gone" in result.out
    assert "--accept-loss 9880" in result.out
    assert len(store.bodies) == 1


@pytest.mark.parametrize(("answer", "requests"), [("y\n", 2), ("\n", 1)])
def test_at_a_terminal_it_asks_with_the_number(tmp_path: Path, answer: str, requests: int) -> None:
    done = backup("succeeded", base=(10_000, 120))
    store = Store(
        **{"POST_admin/backups": [backup("queued")] * 2, "GET_admin/backups/b1": [SHRUNK, done][:requests]}
    )

    result = command(store, "backup", "run", "--full", folder=tmp_path, stdin=answer, somebody=True)

    assert "Go on without 9880 images?" in result.err
    assert store.bodies[1:] == [{"task": "run", "accept_loss": 9_880}][: requests - 1]
    assert (result.exit_code == Exit.OK) is (requests == 2)


def test_the_last_runs_are_listed(tmp_path: Path) -> None:
    store = Store(
        **{"GET_admin/backups": [{"items": [backup("succeeded"), backup("failed", task="verify")]}] * 2}
    )

    lines = command(store, "backup", "list", "--json", folder=tmp_path).out.splitlines()
    table = command(store, "backup", "list", "--limit", "5", folder=tmp_path).out

    assert [json.loads(line)["status"] for line in lines] == ["succeeded", "failed"]
    assert "verify" in table
    assert "manifest-of-succeeded" in table


def test_a_limit_above_the_store_s_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at most 100"):
        command(Store(), "backup", "list", "--limit", "101", folder=tmp_path)

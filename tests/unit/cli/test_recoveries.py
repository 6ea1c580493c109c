"""`image-store rebuild --from-bucket` and `backup restore` against answers that a test plays (F8)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from image_store_cli.exits import Exit
from tests.unit.cli.terminal import command
from tests.unit.cli.test_commands import Store

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = {
    "images": 0,
    "originals": 0,
    "already_there": 0,
    "ended": 0,
    "rows": 0,
    "rows_left_out": 0,
    "failed": 0,
    "repairs": 0,
    "size_bytes": 0,
}


def recovery(status: str, *, cleanup_waits: bool = False, **figures: int) -> dict[str, Any]:
    """A recovery as the API answers it."""
    return {
        "id": "r1",
        "status": status,
        "dry_run": False,
        "cleanup_waits": cleanup_waits,
        "progress": NOTHING | figures,
        "errors": [],
    }


def test_a_rebuild_from_the_bucket_is_begun_and_watched_until_it_ends(tmp_path: Path) -> None:
    store = Store(
        **{
            "POST_admin/rebuilds": [recovery("queued")],
            "GET_admin/rebuilds/r1": [recovery("running", images=5), recovery("succeeded", images=9)],
        }
    )

    result = command(store, "rebuild", "--from-bucket", folder=tmp_path)

    assert store.bodies == [{"dry_run": False, "include_ended": False, "take_over": False}]
    assert result.exit_code == Exit.OK
    assert "9 records and 0 originals written" in result.out


def test_a_dry_run_is_requested_and_not_awaited(tmp_path: Path) -> None:
    store = Store(**{"POST_admin/rebuilds": [recovery("queued")]})

    result = command(
        store, "rebuild", "--from-bucket", "--dry-run", "--no-wait", "--take-over", "--json", folder=tmp_path
    )

    assert store.bodies == [{"dry_run": True, "include_ended": False, "take_over": True}]
    assert (result.exit_code, json.loads(result.out)["status"]) == (Exit.OK, "queued")


@pytest.mark.parametrize(
    "end", [recovery("succeeded", failed=1, cleanup_waits=True), recovery("failed", failed=1)], ids=str
)
def test_what_failed_makes_the_exit_code_1_and_is_named(tmp_path: Path, end: dict[str, Any]) -> None:
    end = end | {"errors": [{"name": "a/original.png", "code": "broken_original", "detail": "Broken."}]}
    store = Store(**{"GET_admin/rebuilds/r1": [end]})

    result = command(store, "rebuild", "--status", "r1", folder=tmp_path)

    assert result.exit_code == Exit.SOME_FAILED
    assert "a/original.png: Broken. (broken_original)" in result.out
    assert ("Cleanup waits for 7 days" in result.out) is end["cleanup_waits"]


@pytest.mark.parametrize("option", ["--dry-run", "--include-ended", "--take-over", "--no-wait"])
def test_options_of_a_rebuild_from_the_bucket_alone_need_it(tmp_path: Path, option: str) -> None:
    store = Store()

    result = command(store, "rebuild", option, folder=tmp_path)

    assert (result.exit_code, store.bodies) == (Exit.USAGE, [])


def test_a_restore_sends_what_was_chosen(tmp_path: Path) -> None:
    store = Store(**{"POST_admin/restores": [recovery("queued")]})

    result = command(
        store,
        *("backup", "restore", "m1", "--owner", "alice", "--publish", "--access", "--without-sealed"),
        *("--other-key", "--stack", "other", "--include-ended", "--dry-run", "--no-wait"),
        folder=tmp_path,
    )

    assert result.exit_code == Exit.OK
    assert store.bodies == [
        {
            "dry_run": True,
            "include_ended": True,
            "take_over": False,
            "publish": True,
            "access": True,
            "other_key": True,
            "without_sealed": True,
            "manifest": "m1",
            "owner": "alice",
            "stack": "other",
        }
    ]


def test_a_restore_of_one_image_is_watched_until_it_ends(tmp_path: Path) -> None:
    store = Store(
        **{
            "POST_admin/restores": [recovery("queued")],
            "GET_admin/restores/r1": [recovery("succeeded", originals=1, repairs=1)],
        }
    )

    result = command(store, "backup", "restore", "--image", "i1", folder=tmp_path)

    assert store.bodies[0]["image_id"] == "i1"
    assert "1 original written" in result.out
    assert result.exit_code == Exit.OK


def test_an_image_and_an_owner_do_not_go_together(tmp_path: Path) -> None:
    store = Store()

    result = command(store, "backup", "restore", "--image", "i1", "--owner", "alice", folder=tmp_path)

    assert (result.exit_code, store.bodies) == (Exit.USAGE, [])


def test_an_error_of_the_whole_restore_is_printed_without_a_name(tmp_path: Path) -> None:
    end = recovery("failed", failed=1)
    end["errors"] = [{"name": "", "code": "recovery_impossible", "detail": "There is no such image."}]
    store = Store(**{"GET_admin/restores/r1": [end]})

    result = command(store, "backup", "restore", "--status", "r1", folder=tmp_path)

    assert "  There is no such image. (recovery_impossible)" in result.out.splitlines()


@pytest.mark.parametrize(("ended", "is_explained"), [(1, True), (0, False)], ids=["left out", "restored"])
def test_an_image_that_is_left_out_although_it_was_requested_is_explained(
    tmp_path: Path, ended: int, is_explained: bool
) -> None:
    store = Store(
        **{
            "POST_admin/restores": [recovery("queued")],
            "GET_admin/restores/r1": [recovery("succeeded", ended=ended)],
        }
    )

    result = command(store, "backup", "restore", "m1", "--include-ended", folder=tmp_path)

    assert ("still being deleted" in result.out) is is_explained

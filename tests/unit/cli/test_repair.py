"""`image-store repair` against answers that a test plays (F8)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from image_store_cli.exits import Exit
from tests.unit.cli.terminal import command
from tests.unit.cli.test_commands import Store

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = {"examined": 0, "renditions": 0, "copies": 0, "originals_missing": 0, "failed": 0}


def repair(status: str, **figures: int) -> dict[str, Any]:
    """A repair as the API answers it."""
    return {"id": "r1", "status": status, "dry_run": False, "progress": NOTHING | figures, "errors": []}


def test_a_repair_is_begun_and_watched_until_it_ends(tmp_path: Path) -> None:
    store = Store(
        **{
            "POST_admin/repairs": [repair("queued")],
            "GET_admin/repairs/r1": [
                repair("running", examined=5),
                repair("succeeded", examined=9, renditions=2),
            ],
        }
    )

    result = command(store, "repair", folder=tmp_path)

    assert store.bodies == [{"dry_run": False}]
    assert result.exit_code == Exit.OK
    assert "9 images examined, 2 renditions and 0 public copies made" in result.out


def test_named_images_and_a_dry_run_are_asked_for(tmp_path: Path) -> None:
    store = Store(**{"POST_admin/repairs": [repair("queued")]})

    result = command(store, "repair", "i1", "i2", "--dry-run", "--no-wait", "--json", folder=tmp_path)

    assert store.bodies == [{"dry_run": True, "image_ids": ["i1", "i2"]}]
    assert (result.exit_code, json.loads(result.out)["status"]) == (Exit.OK, "queued")


@pytest.mark.parametrize("figure", ["failed", "originals_missing"])
def test_what_could_not_be_repaired_makes_the_exit_code_1_and_is_named(tmp_path: Path, figure: str) -> None:
    error = {"image_id": "i1", "code": "checksum_mismatch", "detail": "Not the one."}
    done = repair("succeeded", **{figure: 1}) | {"errors": [error] * 12}
    store = Store(**{"GET_admin/repairs/r1": [done]})

    result = command(store, "repair", "--status", "r1", folder=tmp_path)

    assert result.exit_code == Exit.SOME_FAILED
    assert "i1: Not the one. (checksum_mismatch)" in result.out
    assert "and 2 errors more" in result.out


@pytest.mark.parametrize("words", [("--status", "r1", "i1"), ("--status", "r1", "--dry-run"), ("i1",) * 101])
def test_what_does_not_go_together_is_refused_before_anything_is_sent(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    store = Store()

    result = command(store, "repair", *words, folder=tmp_path)

    assert (result.exit_code, store.bodies) == (Exit.USAGE, [])

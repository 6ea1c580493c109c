"""`image-store import start|status|records|cancel`."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from image_store_cli.exits import Exit
from tests.unit.cli.terminal import command
from tests.unit.cli.test_commands import Store

FIGURES = {"listed": 3, "stored": 1, "existed": 1, "failed": 0, "size_bytes": 2_000_000, "unsized": 0}


def job(status: str, **more: Any) -> dict[str, Any]:
    """An import as the API answers it."""
    return {
        "id": "i1",
        "status": status,
        "source": "old",
        "owner": "alice",
        "dry_run": False,
        "progress": FIGURES,
        "estimate": None,
        "waits_until": None,
        "errors": [],
        **more,
    }


def test_an_import_is_started_with_its_options_and_waited_for(tmp_path: Path) -> None:
    store = Store(
        **{
            "POST_admin/imports": [job("queued")],
            "GET_admin/imports/i1": [
                job("waiting"),
                job("succeeded", dry_run=True, estimate={"once_usd": 1.5, "monthly_usd": 0.25}),
            ],
        }
    )

    words = (
        "old",
        "--owner",
        "alice",
        "--group",
        "album:a",
        "--group",
        "album:b",
        "--tag",
        "x",
        "--redirects",
        "--dry-run",
    )
    result = command(store, "import", "start", *words, folder=tmp_path)

    assert result.exit_code == Exit.OK
    assert store.bodies == [
        {
            "source": "old",
            "owner": "alice",
            "groups": {"album": ["a", "b"]},
            "tags": ["x"],
            "redirects": True,
            "dry_run": True,
        }
    ]
    assert "1 would be stored" in result.out
    assert "$1.50 once and $0.25 a month" in result.out


@pytest.mark.parametrize("status", ["failed", "succeeded"])
def test_an_import_with_failures_says_so_by_its_exit_code(tmp_path: Path, status: str) -> None:
    error = {"source_id": "a\x1b.png", "code": "invalid_image", "detail": "Broken."}
    state = job(status, progress=FIGURES | {"failed": 1}, errors=[error])

    result = command(Store(**{"GET_admin/imports/i1": [state]}), "import", "status", "i1", folder=tmp_path)

    assert result.exit_code == Exit.SOME_FAILED
    assert "Broken. (invalid_image)" in result.out
    assert "\x1b" not in result.out


def test_the_map_is_csv_to_the_last_page_that_no_spreadsheet_runs(tmp_path: Path) -> None:
    error = {"source_id": "=cmd()", "code": "invalid_image", "detail": "Broken."}
    pages = [
        {
            "items": [{"source_id": 'a,"b', "source_url": "https://o/a", "image_id": "i1", "error": None}],
            "next_cursor": "c",
        },
        {
            "items": [{"source_id": "=cmd()", "source_url": None, "image_id": None, "error": error}],
            "next_cursor": None,
        },
    ]

    result = command(
        Store(**{"GET_admin/imports/i1/records": pages}), "import", "records", "i1", folder=tmp_path
    )

    assert list(csv.reader(io.StringIO(result.out))) == [
        ["source_id", "source_url", "image_id", "error"],
        ['a,"b', "https://o/a", "i1", ""],
        ["'=cmd()", "", "", "invalid_image"],
    ]


def test_a_cancelled_import_is_shown(tmp_path: Path) -> None:
    result = command(
        Store(**{"DELETE_admin/imports/i1": [job("cancelled")]}), "import", "cancel", "i1", folder=tmp_path
    )

    assert (result.exit_code, "cancelled" in result.out) == (Exit.OK, True)

"""`image-store jobs`: generation jobs are listed, shown, watched, retried and cancelled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from image_store_cli.exits import Exit
from tests.unit.cli.terminal import command, problem
from tests.unit.cli.test_commands import MADE, REFUSED, RUNS, Store, job

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = "a cat \x1b[2J"


def summary(number: int) -> dict[str, object]:
    """A job of a list."""
    return job("succeeded", MADE) | {
        "id": f"j{number}",
        "prompt": PROMPT,
        "created_at": "2026-03-01T12:00:00Z",
    }


def test_jobs_are_a_table_for_people_and_a_line_each_for_programs(tmp_path: Path) -> None:
    store = Store(GET_generations=[{"items": [summary(1), summary(2), summary(3)], "next_cursor": None}])

    table = command(store, "jobs", "list", "--limit", "2", folder=tmp_path)
    lines = command(store, "jobs", "list", "--json", folder=tmp_path)

    assert [row.split()[0] for row in table.out.splitlines()] == ["id", "j1", "j2"]
    assert "\x1b" not in table.out
    assert [line["id"] for line in lines.lines] == ["j1", "j2", "j3"]
    assert [query["limit"] for query in store.queries] == ["2", "20"]


def test_a_job_is_shown_with_each_item_and_its_image(tmp_path: Path) -> None:
    store = Store(**{"GET_generations/j1": [job("partial", MADE, REFUSED)]})

    result = command(store, "jobs", "show", "j1", folder=tmp_path)

    assert result.exit_code == Exit.OK
    assert "0: succeeded by openai m, 1.5 s, $0.0200  i1" in result.out
    assert "1: failed: Not this." in result.out


def test_a_job_is_watched_until_it_ends(tmp_path: Path) -> None:
    store = Store(**{"GET_generations/j1": [job("running", RUNS), job("succeeded", MADE)]})

    result = command(store, "jobs", "watch", "j1", folder=tmp_path)

    assert (result.exit_code, result.out, len(result.waits)) == (Exit.OK, "i1\n", 1)


def test_a_retry_waits_unless_it_is_told_not_to(tmp_path: Path) -> None:
    answers = {
        "POST_generations/j1/retry": [job("queued", RUNS)],
        "GET_generations/j1": [job("failed", REFUSED)],
    }

    waited = command(Store(**answers), "jobs", "retry", "j1", folder=tmp_path)
    started = command(Store(**answers), "jobs", "retry", "j1", "--no-wait", "--json", folder=tmp_path)

    assert (waited.exit_code, len(waited.waits)) == (Exit.SOME_FAILED, 1)
    assert (started.exit_code, started.waits, json.loads(started.out)["status"]) == (Exit.OK, [], "queued")


def test_jobs_are_cancelled_each_with_its_result(tmp_path: Path) -> None:
    store = Store(
        **{
            "DELETE_generations/j1": [job("cancelled")],
            "DELETE_generations/j2": [problem(404, "job_not_found")],
        }
    )

    result = command(store, "jobs", "cancel", "j1", "j2", "--json", folder=tmp_path)

    assert result.exit_code == Exit.SOME_FAILED
    assert [line.get("status") or line["error"]["code"] for line in result.lines] == [
        "cancelled",
        "job_not_found",
    ]

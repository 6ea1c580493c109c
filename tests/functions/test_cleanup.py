"""The function that collects what nobody needs, on a schedule (D3, D5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from image_store.services.deletion import TOMBSTONE_GRACE
from tests.functions.deployment import Context, Deployment, assert_refused, event

IN_SEVEN_DAYS = timedelta(days=7)
COUNTS = (
    "abandoned",
    "expired",
    "trash",
    "deleted",
    "tombstones",
    "publications",
    "staged",
    "orphans",
    "dangling",
)


def collected(report: dict[str, Any]) -> dict[str, int]:
    """What a report counts."""
    return {name: report[name] for name in COUNTS if report[name]}


def of_images(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that are not cleanup's own."""
    return [row for row in rows if not row["pk"]["S"].startswith("CLEANUP")]


@pytest.mark.parametrize("name", ["cleanup/schedule", "cleanup/by-hand"])
def test_a_run_with_nothing_to_do_says_so(store: Deployment, name: str) -> None:
    """D5: by the schedule, and by hand."""
    report = store.invoke("cleanup", event(name))

    assert collected(report) == {}
    assert (report["failed"], report["stopped_because"], report["dry_run"]) == (0, None, False)


def test_the_report_counts_what_was_collected(store: Deployment) -> None:
    """D4: the trash is emptied once its time is over, and not before."""
    store.answer_to("upload/raw")
    store.answer_to("delete/trash")
    store.set_clock.instant += IN_SEVEN_DAYS - timedelta(seconds=1)
    early = store.invoke("cleanup", event("cleanup/schedule"))
    store.set_clock.instant += timedelta(seconds=1)

    report = store.invoke("cleanup", event("cleanup/schedule"))

    assert collected(early) == {}
    assert collected(report) == {"trash": 1}
    assert report["bytes_freed"] > 0
    assert not store.private_bucket.objects
    assert_refused(store.answer_to("retrieve/image"), 404, "image_not_found")


def test_a_tombstone_is_buried_after_its_grace(store: Deployment) -> None:
    """D3."""
    store.answer_to("upload/raw")
    store.answer_to("delete/permanent")
    store.set_clock.instant += TOMBSTONE_GRACE

    report = store.invoke("cleanup", event("cleanup/schedule"))

    assert collected(report) == {"tombstones": 1}
    # What an owner stores is counted for good: 0 images.
    rows = {
        (row["pk"]["S"].partition("#")[0], row["sk"]["S"].partition("#")[0]) for row in store.contents()[0]
    }
    assert rows == {
        ("USAGE", "USAGE"),
        ("CLEANUP", "LEASE"),
        ("CLEANUP", "POSITION"),
        ("CLEANUP", report["id"]),
        ("SWEEP", "SWEEP"),
    }


def test_a_run_without_time_left_stops_and_says_so(store: Deployment) -> None:
    store.answer_to("upload/raw")
    store.answer_to("delete/trash")
    store.set_clock.instant += IN_SEVEN_DAYS
    before = store.contents()

    report = store.invoke(
        "cleanup", event("cleanup/schedule"), context=Context(remaining=timedelta(seconds=20))
    )

    assert collected(report) == {}
    assert report["stopped_because"] == "deadline"
    assert of_images(store.contents()[0]) == of_images(before[0])
    assert store.contents()[1:] == before[1:]

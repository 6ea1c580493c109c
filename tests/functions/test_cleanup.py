"""The function that collects what nobody needs, on a schedule (D3, D5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from image_store.services.deletion import TOMBSTONE_GRACE
from tests.functions.deployment import Context, Deployment, assert_refused, event

IN_SEVEN_DAYS = timedelta(days=7)


@pytest.mark.parametrize("name", ["cleanup/schedule", "cleanup/by-hand"])
def test_a_run_with_nothing_to_do_says_so(store: Deployment, name: str) -> None:
    """D5: by the schedule, and by hand."""
    report = store.invoke("cleanup", event(name))

    assert report == {"collected": {}, "failed": 0, "stopped_because": None}


def test_the_report_counts_what_was_collected(store: Deployment) -> None:
    """D4: the trash is emptied once its time is over, and not before."""
    store.answer_to("upload/raw")
    store.answer_to("delete/trash")
    store.set_clock.instant += IN_SEVEN_DAYS - timedelta(seconds=1)
    early = store.invoke("cleanup", event("cleanup/schedule"))
    store.set_clock.instant += timedelta(seconds=1)

    report = store.invoke("cleanup", event("cleanup/schedule"))

    assert early["collected"] == {}
    assert report == {"collected": {"trash": 1}, "failed": 0, "stopped_because": None}
    assert not store.private_bucket.objects
    assert_refused(store.answer_to("retrieve/image"), 404, "image_not_found")


def test_a_tombstone_is_buried_after_its_grace(store: Deployment) -> None:
    """D3."""
    store.answer_to("upload/raw")
    store.answer_to("delete/permanent")
    store.set_clock.instant += TOMBSTONE_GRACE

    report = store.invoke("cleanup", event("cleanup/schedule"))

    assert report["collected"] == {"tombstones": 1}
    # What an owner stores is counted for good: 0 images.
    assert [row["sk"]["S"] for row in store.contents()[0]] == ["USAGE"]


def test_a_run_without_time_left_stops_and_says_so(store: Deployment) -> None:
    store.answer_to("upload/raw")
    store.answer_to("delete/trash")
    store.set_clock.instant += IN_SEVEN_DAYS
    before = store.contents()

    report = store.invoke(
        "cleanup", event("cleanup/schedule"), context=Context(remaining=timedelta(seconds=20))
    )

    assert report == {"collected": {}, "failed": 0, "stopped_because": "deadline"}
    assert store.contents() == before

"""The function that collects what nobody needs, on a schedule (D3, D5)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb.generation_keys import deployment_budget
from image_store.adapters.dynamodb.keys import FEED_PREFIX, former_feed, former_feed_months
from image_store.adapters.dynamodb.keys import key as row_key
from image_store.domain.deadlines import TOMBSTONE_GRACE
from tests.fakes.dynamodb import all_items
from tests.functions.deployment import Context, Deployment, assert_refused, event, from_owner, sent_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

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


def metrics(out: str) -> dict[str, float]:
    """The metrics that a function put into its log, in the deployment's namespace and by service alone."""
    values: dict[str, float] = {}
    for line in filter(lambda line: "_aws" in line, map(json.loads, out.splitlines())):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == ("ImageStore/image-store", [["service"]])
        (name,) = [each["Name"] for each in directive["Metrics"]]
        (values[name],) = line[name]
    return values


def test_every_run_reports_how_full_the_store_is(
    deployed: Callable[..., Deployment],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F4: what is stored, by everybody, and how much of the budget is used."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "image-store")
    store = deployed(
        METRICS_NAMESPACE="ImageStore/image-store",
        BUDGET_DEPLOYMENT_DAILY="10",
        BUDGET_DEPLOYMENT_MONTHLY="100",
    )
    store.answer_to("upload/raw")
    store.call(from_owner(event("upload/raw"), "bob"), function="upload")
    store.call(from_owner(event("upload/raw"), "carol"), function="upload")
    store.projected()
    for period, spent, committed in (
        ("2026-03-01", 1_000_000, 2_500_000),
        ("2026-03", 60_000_000, 61_500_000),
    ):
        store.client.put_item(
            TableName=store.table,
            Item={
                **deployment_budget(period),
                "spent": {"N": str(spent)},
                "committed": {"N": str(committed)},
            },
        )
    capsys.readouterr()

    store.invoke("cleanup", event("cleanup/schedule"))

    size = 3 * len(sent_bytes("upload/raw"))
    assert metrics(capsys.readouterr().out) == {
        "UnreadableRows": 0,
        "StoredImages": 3,
        "StoredBytes": size,
        "BudgetUsed": 61.5,
    }


def test_a_store_without_a_budget_shows_none(
    deployed: Callable[..., Deployment],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "image-store")
    store = deployed(METRICS_NAMESPACE="ImageStore/image-store")

    store.invoke("cleanup", event("cleanup/schedule"))

    assert metrics(capsys.readouterr().out) == {
        "UnreadableRows": 0,
        "StoredImages": 0,
        "StoredBytes": 0,
    }


def test_how_full_the_store_is_costs_a_dozen_rows(store: Deployment) -> None:
    """F4: and no scan, however much is stored."""
    store.client = Counting(store.client)

    store.application.operations.fill_level.read()

    assert store.client.read == ["get_item", "get_item", "get_item", "batch_get_item"]


class Counting:
    """A client that remembers what it was asked."""

    def __init__(self, client: Any) -> None:
        self.read: list[str] = []
        self._client = client

    def __getattr__(self, name: str) -> Any:
        self.read.append(name)
        return getattr(self._client, name)


@pytest.mark.parametrize("name", ["cleanup/schedule", "cleanup/by-hand"])
def test_a_run_with_nothing_to_do_says_so(store: Deployment, name: str) -> None:
    """D5: by the schedule, and by hand."""
    report = store.invoke("cleanup", event(name))

    assert collected(report) == {}
    assert (report["failed"], report["stopped_because"], report["dry_run"]) == (0, None, False)


def test_a_run_replaces_the_rows_of_the_feed_of_an_earlier_build(store: Deployment) -> None:
    image_id = store.answer_to("upload/public").json["id"]
    for item in all_items(store.client, store.table):
        if item["pk"]["S"].startswith(FEED_PREFIX):
            key = {"pk": item["pk"], "sk": item["sk"]}
            store.client.delete_item(TableName=store.table, Key=key)
    store.client.put_item(TableName=store.table, Item=row_key(former_feed("2026-03"), image_id))
    months = row_key(*former_feed_months(1))
    store.client.put_item(TableName=store.table, Item={**months, "2026-03": {"N": "1"}})
    assert store.answer_to("feed/newest").json["items"] == []

    store.invoke("cleanup", event("cleanup/schedule"))

    assert [card["id"] for card in store.answer_to("feed/newest").json["items"]] == [image_id]


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
    rows = {
        (row["pk"]["S"].partition("#")[0], row["sk"]["S"].partition("#")[0]) for row in store.contents()[0]
    }
    assert rows == {
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

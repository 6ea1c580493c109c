"""The function that follows the table's stream, and the one that makes all projections anew."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from image_store.services.upkeep.projections import OLD_CONSUMERS
from tests.functions.deployment import Context, Deployment, event

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_change_is_projected_once_however_often_it_is_delivered(store: Deployment) -> None:
    store.answer_to("upload/raw")

    response = store.invoke("project", event("project/changes"))
    once = store.contents()
    again = store.invoke("project", event("project/changes"))

    assert response == again == {"batchItemFailures": []}
    assert store.contents() == once
    assert len(store.answer_to("search/words").json["items"]) == 1


def test_changes_of_other_rows_are_passed_over(store: Deployment) -> None:
    store.answer_to("upload/raw")
    before = store.contents()

    assert store.invoke("project", event("project/other-rows")) == {"batchItemFailures": []}
    assert store.contents() == before


def test_the_end_of_a_record_that_nobody_projected_is_nothing(store: Deployment) -> None:
    assert store.invoke("project", event("project/removed")) == {"batchItemFailures": []}
    assert store.is_empty()


def test_how_far_behind_it_is_becomes_a_metric(
    deployed: Callable[..., Deployment], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F4: in the namespace of all other metrics of the deployment."""
    store = deployed(METRICS_NAMESPACE="ImageStore/mine")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "image-store-project")
    store.answer_to("upload/raw")
    store.set_clock.instant += timedelta(seconds=2)
    capsys.readouterr()

    store.invoke("project", event("project/changes"))

    (metric,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert (metric["ProjectionLag"], metric["function_name"]) == (2_000, "image-store-project")
    assert metric["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "ImageStore/mine",
            "Dimensions": [["function_name"]],
            "Metrics": [{"Name": "ProjectionLag", "Unit": "Milliseconds"}],
        }
    ]


class Away:
    """A table that does not answer for one image."""

    def __init__(self, client: Any, image_id: str, *, error: Exception) -> None:
        self._client, self._image_id, self._error = client, image_id, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_get_items(self, **request: Any) -> Any:
        if self._image_id in str(request):
            raise self._error
        return self._client.transact_get_items(**request)


@pytest.mark.parametrize("error", [ConnectionError("unexpected"), None], ids=["unexpected", "away"])
def test_what_fails_is_reported_from_its_first_change_on_and_delays_nothing_else(
    store: Deployment, error: Exception | None
) -> None:
    first = store.answer_to("upload/raw").json["id"]
    second = store.answer_to("upload/raw").json["id"]
    sent = event("project/changes")
    other = deepcopy(sent["Records"][1])
    other["dynamodb"]["Keys"]["pk"]["S"] = f"IMAGE#{second}"
    other["dynamodb"]["SequenceNumber"] = "9"
    sent["Records"].append(other)
    store.client = Away(
        store.client, first, error=error or EndpointConnectionError(endpoint_url="https://dynamodb.invalid")
    )

    response = store.invoke("project", sent)

    assert response == {
        "batchItemFailures": [
            {"itemIdentifier": event("project/changes")["Records"][0]["dynamodb"]["SequenceNumber"]}
        ]
    }
    answer = store.answer_to("search/words").json["items"]
    assert [card["id"] for card in answer] == [second]


def test_a_rebuild_waits_for_old_consumers_and_then_makes_everything_again(store: Deployment) -> None:
    store.answer_to("upload/raw")  # and nobody tells of it

    begun = store.invoke("rebuild", event("rebuild/by-hand"))
    early = store.invoke("rebuild", event("rebuild/by-hand"))
    store.set_clock.instant += OLD_CONSUMERS
    done = store.invoke("rebuild", event("rebuild/by-hand"))

    assert begun == early
    assert (begun["finished"], begun["examined"]) == (False, 0)
    assert begun["begins_at"] == "2026-03-01T12:02:00.000Z"
    assert done["finished"] is True
    assert done["examined"] > 0
    assert len(store.answer_to("search/words").json["items"]) == 1
    assert store.answer_to("stats/own").json["by_kind"] == {"upload": {"images": 1, "size_bytes": 97}}


def test_a_rebuild_without_time_left_continues_with_the_next_run(store: Deployment) -> None:
    store.answer_to("upload/raw")
    store.invoke("rebuild", event("rebuild/by-hand"))
    store.set_clock.instant += OLD_CONSUMERS

    stopped = store.invoke(
        "rebuild", event("rebuild/by-hand"), context=Context(remaining=timedelta(seconds=4))
    )
    done = store.invoke("rebuild", event("rebuild/by-hand"))

    assert (stopped["finished"], stopped["examined"]) == (False, 0)
    assert done["finished"] is True

"""Failed changes, and changes undelivered at a stop, are delivered again."""

# ruff: noqa: SLF001 - it plays MiniStack, whose parts have such names

from __future__ import annotations

import json
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from local.inside_emulator.streams import KEPT, failures_in, keep_undelivered_changes, repeat_failed_changes

if TYPE_CHECKING:
    from collections.abc import Callable

HOME = ("000000000000", "us-east-1")
STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/images/stream/2026-11-29T00:00:00.000"
DAY_SECONDS = 24 * 3600


class Scoped(dict[Any, Any]):
    """A MiniStack store by account, region and name."""

    def all_items(self) -> list[Any]:
        return list(self.items())

    def all_values(self) -> list[Any]:
        return list(self.values())

    def get_scoped(self, account: str, region: str, name: str, default: Any = None) -> Any:
        return self.get((account, region, name), default)

    def set_scoped(self, account: str, region: str, name: str, value: Any) -> None:
        self[account, region, name] = value


class Process:
    """The parts of MiniStack that streams use, with two functions that read the table's stream."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.positions = Scoped()
        self.while_copying: Callable[[], None] = lambda: None
        mappings = [{"UUID": name, "EventSourceArn": STREAM} for name in ("project", "audit")]
        self.tables: Any = SimpleNamespace(
            _stream_records=Scoped(),
            _stream_trimmed=Scoped(),
            _record_age_cutoff=lambda record, cutoff: record["created"] < cutoff,
            get_state=self._copied,
            load_persisted_state=lambda _: None,
        )
        functions = SimpleNamespace(
            _dynamodb_stream_positions=self.positions,
            _iter_all_esms=lambda: [(*HOME, mapping) for mapping in mappings],
        )
        monkeypatch.setitem(sys.modules, "ministack.services.dynamodb", self.tables)
        monkeypatch.setitem(sys.modules, "ministack.services.lambda_svc", functions)
        keep_undelivered_changes()

    def _copied(self) -> dict[str, Any]:
        self.while_copying()
        return {"tables": "rows"}

    def write(self, *names: str) -> None:
        """Add records to the table's stream."""
        self.tables._stream_records[*HOME, "images"] = [change(name) for name in names]

    def take(self, function: str, position: int) -> None:
        """Record that a function received the records before a position."""
        self.positions[*HOME, function] = position

    def waiting_changes(self) -> list[str]:
        """The records that the next start gets."""
        changes = self.tables.get_state()[KEPT].get((*HOME, "images"), [])
        return [record["eventID"] for record in changes]


def change(name: str) -> dict[str, Any]:
    return {"eventID": name, "created": time.time()}


def test_changes_that_one_function_has_not_received_are_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch)
    process.write("a", "b", "c")
    process.take("project", 1)
    process.take("audit", 3)

    assert process.waiting_changes() == ["b", "c"]
    assert process.tables.get_state()["tables"] == "rows"


def test_changes_that_all_functions_have_received_are_not_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch)
    process.write("a", "b")
    process.take("project", 2)
    process.take("audit", 2)

    assert process.waiting_changes() == []


def test_a_change_delivered_while_the_rows_are_copied_is_delivered_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The copy may miss what the function writes."""
    process = Process(monkeypatch)
    process.write("a", "b")
    process.take("audit", 2)
    process.take("project", 1)
    process.while_copying = lambda: process.take("project", 2)

    assert process.waiting_changes() == ["b"]


def test_a_change_that_arrives_while_the_rows_are_copied_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch)
    process.write("a")
    process.take("audit", 1)
    process.take("project", 1)
    process.while_copying = lambda: process.write("a", "b")

    assert process.waiting_changes() == ["b"]


def test_positions_count_from_the_first_record_of_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch)
    process.write("f", "g")
    process.tables._stream_trimmed[*HOME, "images"] = 5
    process.take("project", 6)
    process.take("audit", 7)

    assert process.waiting_changes() == ["g"]


def test_a_function_that_has_received_nothing_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch)
    process.write("a", "b")
    process.take("audit", 2)

    assert process.waiting_changes() == ["a", "b"]


def test_the_next_start_delivers_saved_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Process(monkeypatch)
    before.write("a", "b")
    state = before.tables.get_state()

    after = Process(monkeypatch)
    after.tables.load_persisted_state(state)

    assert after.waiting_changes() == ["a", "b"]


def test_a_state_of_an_earlier_build_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch)

    process.tables.load_persisted_state({"tables": "rows"})

    assert process.waiting_changes() == []


def test_time_in_which_the_stack_is_down_does_not_age_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = change("old"), change("new")
    old["created"] = new["created"] = time.time() - 3 * DAY_SECONDS
    process = Process(monkeypatch)
    process.tables.load_persisted_state({KEPT: Scoped({(*HOME, "images"): [old]})})
    a_day_ago = time.time() - DAY_SECONDS

    assert not process.tables._record_age_cutoff(old, a_day_ago)
    assert process.tables._record_age_cutoff(new, a_day_ago)
    assert process.tables._record_age_cutoff(old, time.time() + DAY_SECONDS)


FAILURES = {"batchItemFailures": [{"itemIdentifier": "3"}]}


class Deliveries:
    """MiniStack's delivery of a stream to one function with scripted responses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.functions: Any = SimpleNamespace(_execute_function=lambda *_: self.answer)
        self.functions._poll_dynamodb_streams = lambda: self.functions._execute_function({}, {})
        monkeypatch.setitem(sys.modules, "ministack.services.lambda_svc", self.functions)
        repeat_failed_changes()

    def from_stream(self) -> dict[str, Any]:
        result: dict[str, Any] = self.functions._poll_dynamodb_streams()
        return result

    def invoked(self) -> dict[str, Any]:
        result: dict[str, Any] = self.functions._execute_function({}, {})
        return result


@pytest.mark.parametrize("body", [FAILURES, json.dumps(FAILURES), json.dumps(FAILURES).encode()])
def test_a_batch_with_failures_is_delivered_again(monkeypatch: pytest.MonkeyPatch, body: Any) -> None:
    deliveries = Deliveries(monkeypatch, {"body": body, "log": "said"})

    result = deliveries.from_stream()

    assert result["error"]
    assert (result["body"]["errorType"], result["log"]) == ("BatchItemFailures", "said")


@pytest.mark.parametrize(
    "body", [None, "", "no JSON", {}, [], {"batchItemFailures": []}, {"batchItemFailures": None}]
)
def test_a_batch_without_failures_is_delivered_once(monkeypatch: pytest.MonkeyPatch, body: Any) -> None:
    deliveries = Deliveries(monkeypatch, {"body": body})

    assert deliveries.from_stream() == {"body": body}
    assert failures_in(body) == []


def test_a_function_that_ended_with_an_error_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    error = {"error": True, "body": {"errorType": "Runtime.ExitError", **FAILURES}}
    deliveries = Deliveries(monkeypatch, error)

    assert deliveries.from_stream() == error


def test_other_invocations_get_the_unchanged_response(monkeypatch: pytest.MonkeyPatch) -> None:
    deliveries = Deliveries(monkeypatch, {"body": FAILURES})

    assert deliveries.from_stream()["error"]
    assert deliveries.invoked() == {"body": FAILURES}

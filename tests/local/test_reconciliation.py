"""What the launcher says and does after a stop that was not clean."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from local import reconciliation
from local.reconciliation import reconcile


class Answering:
    """An emulator whose cleanup answers as told, the last answer for ever."""

    log = Path("the.log")

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def client(self, service: str, **_: Any) -> Answering:
        return self

    def describe_stack_resource(self, **_: Any) -> dict[str, Any]:
        return {"StackResourceDetail": {"PhysicalResourceId": "the-cleanup"}}

    def invoke(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "PAUSE_SECONDS", 0)


def report(**changes: Any) -> dict[str, Any]:
    return {"orphans": 2, "staged": 1, "dangling": 4, "failed": 0, "stopped_because": None} | changes


def test_what_was_removed_is_said_in_a_line() -> None:
    emulator = Answering(report())

    told = reconcile(emulator)  # type: ignore[arg-type]

    assert told.done
    assert "3 objects without a record and 4 records without their object were removed" in told.line
    [asked] = emulator.asked
    assert asked["FunctionName"] == "the-cleanup"
    assert json.loads(asked["Payload"]) == {"reconcile": True, "max_deletions": 1_000_000}


def test_a_run_of_the_schedule_is_waited_for() -> None:
    emulator = Answering(report(stopped_because="another_run"), report())

    assert reconcile(emulator).done  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (report(stopped_because="another_run"), "another_run"),
        (report(stopped_because="deadline"), "deadline"),
        (report(failed=1), "failed"),
        ({"errorMessage": "it broke", "errorType": "RuntimeError"}, "it broke"),
        (EndpointConnectionError(endpoint_url="http://localhost"), "localhost"),
    ],
)
def test_what_could_not_be_finished_is_said_and_no_error(answer: Any, why: str) -> None:
    told = reconcile(Answering(answer))  # type: ignore[arg-type]

    assert not told.done
    assert why in told.line
    assert "the next start tries again; see the end of the.log." in told.line

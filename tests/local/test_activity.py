"""Requests and invocations of functions are seen, so that what they change is saved."""

# ruff: noqa: SLF001 - it plays MiniStack, whose parts have such names

from __future__ import annotations

import asyncio
import importlib
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from local.inside_emulator.activity import Activity


@pytest.fixture
def seconds() -> list[float]:
    """What the clock shows."""
    return [100.0]


@pytest.fixture
def activity(seconds: list[float]) -> Activity:
    return Activity(now=lambda: seconds[0])


def test_nothing_is_quiet_while_a_request_is_served_and_from_its_end_on(
    activity: Activity, seconds: list[float]
) -> None:
    seen: list[bool] = []

    async def serve(*_: object) -> None:
        seen.append(activity.is_quiet_since(200))
        seconds[0] = 300

    asyncio.run(activity.watch_requests(serve)({"type": "http"}, None, None))

    assert seen == [False]
    assert not activity.is_quiet_since(300)
    assert activity.is_quiet_since(301)


def test_a_request_that_fails_has_ended_too(activity: Activity) -> None:
    async def fail(*_: object) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(activity.watch_requests(fail)({"type": "http"}, None, None))

    assert activity.is_quiet_since(101)


def test_the_time_for_which_the_server_runs_is_no_request(activity: Activity) -> None:
    seen: list[bool] = []

    async def live(*_: object) -> None:
        seen.append(activity.is_quiet_since(101))

    asyncio.run(activity.watch_requests(live)({"type": "lifespan"}, None, None))

    assert seen == [True]


def test_an_invocation_without_a_request_is_seen_when_it_ends(
    activity: Activity, seconds: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[Any] = []
    functions = SimpleNamespace(_emit_lambda_logs=lambda *arguments: lines.append(arguments))
    monkeypatch.setitem(sys.modules, "ministack.services.lambda_svc", functions)
    real = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", lambda name: sys.modules.get(name) or real(name))
    activity.watch_invocations()
    seconds[0] = 300

    functions._emit_lambda_logs("function", "a line")

    assert lines == [("function", "a line")]
    assert not activity.is_quiet_since(300)

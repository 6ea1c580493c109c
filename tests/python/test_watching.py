"""Watching a generation job by the Python client: it waits for events, and looks now and then without them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.python.scripted_server import CUT, Answer, problem

if TYPE_CHECKING:
    from tests.python.both import AnyStore
    from tests.python.scripted_server import ScriptedServer

TYPES = "generation.item_finished,generation.finished"


def job(status: str, *items: str) -> Answer:
    """A job whose images are in these states."""
    rows = [{"index": index, "status": each} for index, each in enumerate(items)]
    return Answer(
        200, {"id": "j1", "status": status, "updated_at": "2026-03-01T12:00:05.500Z", "items": rows}
    )


def page(cursor: str, *events: tuple[str, str, int | None]) -> Answer:
    """A page of events, each as its type, job and number of the image."""
    items: list[dict[str, Any]] = [
        {"type": f"generation.{name}", "data": {"generation_id": job_id, "index": index}}
        for name, job_id, index in events
    ]
    return Answer(200, {"items": items, "next_cursor": cursor, "has_more": False})


def watched(store: AnyStore) -> list[str]:
    return [each["status"] for each in store.items(lambda s: s.jobs.watch("j1"))]


def queries(server: ScriptedServer) -> list[dict[str, str]]:
    """The queries for events."""
    addresses = [urlsplit(request.path) for request in server.requests]
    return [
        {name: value for name, [value] in parse_qs(each.query).items()}
        for each in addresses
        if each.path == "/v1/events"
    ]


def test_a_watch_waits_for_the_events_of_a_job_and_looks_at_it_after_each_end(
    store: AnyStore, server: ScriptedServer
) -> None:
    server.answer(
        job("queued", "queued", "queued"),
        page("c1", ("item_finished", "j1", 0)),
        job("running", "succeeded", "running"),
        page("c2", ("item_finished", "j1", 1), ("finished", "j1", None)),
        job("succeeded", "succeeded", "succeeded"),
    )

    seen = watched(store)

    assert (seen, store.waits) == (["queued", "running", "succeeded"], [])
    common = {"types": TYPES, "limit": "100", "wait": "2"}
    assert queries(server) == [
        {**common, "since": "2026-03-01T12:00:00.500000+00:00"},
        {**common, "after": "c1"},
    ]


def test_a_watch_waits_longer_each_time_that_nothing_happens(store: AnyStore, server: ScriptedServer) -> None:
    quiet = [answer for number in range(5) for answer in (job("running", "running"), page(f"c{number}"))]
    server.answer(
        *quiet, job("running", "running"), page("c9", ("finished", "j1", None)), job("failed", "failed")
    )

    assert watched(store) == ["running", "failed"]
    assert [each["wait"] for each in queries(server)] == ["2", "4", "8", "16", "20", "20"]


def test_events_of_other_jobs_and_of_what_the_job_shows_are_no_reason_to_look(
    store: AnyStore, server: ScriptedServer
) -> None:
    server.answer(
        job("running", "succeeded", "running"),
        page("c1", ("item_finished", "j1", 0), ("item_finished", "j2", 1), ("finished", "j2", None)),
        page("c2", ("finished", "j1", None)),
        job("succeeded", "succeeded", "succeeded"),
    )

    assert (watched(store), store.waits) == (["running", "succeeded"], [1.0])


@pytest.mark.parametrize(
    "refusal",
    [problem(403, "scope_required"), problem(503, "storage_unavailable", retry_after=7), CUT],
    ids=["no right", "away", "cut"],
)
def test_a_caller_who_gets_no_events_looks_now_and_then(
    store: AnyStore, server: ScriptedServer, refusal: Answer
) -> None:
    running = job("running", "running")
    server.answer(running, refusal, running, running, job("succeeded", "succeeded"))

    assert (watched(store), len(queries(server))) == (["running", "succeeded"], 1)
    assert store.waits == [1.0, 1.3, 1.3 * 1.3]

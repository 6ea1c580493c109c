"""Pages that show jobs hear of their ends by events, and keep no function waiting when there is nothing to hear of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.e2e.console.stand_ins import PROMPTS, Generation, answer

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Route

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

LONGEST_MS = 60_000
QUIET_MS = 3_000
"""Longer than the first wait for an event, so a page that goes on asking is seen."""
HIDDEN = """(() => {
  let isHidden = false;
  Object.defineProperty(document, "hidden", { get: () => isHidden });
  window.setHidden = (value) => {
    isHidden = value;
    document.dispatchEvent(new Event("visibilitychange"));
  };
})()"""


@pytest.fixture
def owner() -> str:
    """Somebody who has nothing yet."""
    return f"somebody-{uuid4()}"


@dataclass
class Requests:
    """What a page has asked for."""

    events: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)

    def note(self, request: Request) -> None:
        """Take down a request."""
        if "/v1/events" in request.url:
            self.events.append(request.url)
        elif re.search(r"/v1/generations(\?|/|$)", request.url) and request.method == "GET":
            self.jobs.append(request.url)


class Unfinished(Generation):
    """A job of which a test says how far it is, and events that come when the test says so."""

    def __init__(self) -> None:
        super().__init__(list(PROMPTS))
        self.is_finished = False

    def now(self) -> dict[str, Any]:
        first = super().now()
        if not self.is_finished:
            self._stage = 0
            return first
        return {**first, "status": "failed", "progress": {**first["progress"], "failed": 3}}

    def put_into(self, page: Page) -> None:
        super().put_into(page)
        page.route(re.compile(r"/v1/events"), self._events)

    def _events(self, route: Route) -> None:
        job = self.now()
        data = {"generation_id": job["id"], "status": "failed"}
        items = [{"type": "generation.finished", "data": data}] if self.is_finished else []
        answer(route, {"items": items, "next_cursor": "c", "has_more": False})


def begin(stack: Stack, owner: str, prompt: str) -> str:
    """Begin a job of one image, and answer its id."""
    with stack.http(owner) as client:
        response = client.post("/v1/generations", json={"items": [{"prompt": prompt}]})
        job_id: str = response.raise_for_status().json()["id"]
    return job_id


@pytest.mark.parametrize("screen", ["job", "jobs"])
def test_a_page_shows_the_end_of_a_job_by_its_event_and_asks_no_more(
    pages: Pages, stack: Stack, owner: str, screen: str
) -> None:
    job_id = begin(stack, owner, "A fox [[slow]]")
    requests = Requests()
    address = f"#/jobs/{job_id}" if screen == "job" else "#/jobs"
    page = pages.open(address, owner=owner, prepare=lambda page: page.on("request", requests.note))

    expect(page.locator(".item .state").first).to_have_text("Done", timeout=LONGEST_MS)

    assert requests.events
    assert len(requests.jobs) <= len(requests.events) + 1
    before = len(requests.events)
    page.wait_for_timeout(QUIET_MS)
    assert len(requests.events) == before


def test_a_job_that_begins_meanwhile_comes_into_the_list(pages: Pages, stack: Stack, owner: str) -> None:
    begin(stack, owner, "A fox [[slow]]")
    page = pages.open("#/jobs", owner=owner)
    expect(page.locator(".item")).to_have_count(1)

    begin(stack, owner, "A yak")

    expect(page.locator(".item")).to_have_count(2, timeout=LONGEST_MS)
    expect(page.locator(".item").first).to_contain_text("A yak")


def test_a_tab_that_nobody_sees_asks_for_nothing_until_somebody_does(pages: Pages, owner: str) -> None:
    requests, generation = Requests(), Unfinished()

    def prepare(page: Page) -> None:
        page.add_init_script(HIDDEN)
        page.on("request", requests.note)
        generation.put_into(page)

    page = pages.open("#/jobs/019ca945-0a00-7000-8000-0000000000aa", owner=owner, prepare=prepare)
    expect(page.locator(".item")).to_have_count(len(PROMPTS))
    page.evaluate("setHidden(true)")
    page.wait_for_timeout(QUIET_MS)  # what was under way ends
    before = len(requests.events)

    page.wait_for_timeout(QUIET_MS)
    generation.is_finished = True
    hidden = len(requests.events)
    page.evaluate("setHidden(false)")

    expect(page.get_by_role("status").filter(has_text="3 failed")).to_be_visible()
    assert hidden == before


def test_a_page_that_gets_no_events_looks_at_the_job_now_and_then(pages: Pages, owner: str) -> None:
    requests, generation = Requests(), Unfinished()

    def prepare(page: Page) -> None:
        page.on("request", requests.note)
        generation.put_into(page)
        refusal = {"code": "storage_unavailable", "detail": "Try again."}
        page.route(re.compile(r"/v1/events"), lambda route: answer(route, refusal, status=503))

    page = pages.open("#/jobs/019ca945-0a00-7000-8000-0000000000aa", owner=owner, prepare=prepare)
    expect(page.locator(".item")).to_have_count(len(PROMPTS))
    generation.is_finished = True

    expect(page.get_by_role("status").filter(has_text="3 failed")).to_be_visible()
    assert len(requests.events) == 1


def test_a_page_without_a_running_job_waits_for_no_event(pages: Pages, owner: str) -> None:
    requests, generation = Requests(), Unfinished()
    generation.is_finished = True

    def prepare(page: Page) -> None:
        page.on("request", requests.note)
        generation.put_into(page)

    page = pages.open("#/jobs", owner=owner, prepare=prepare)
    expect(page.locator(".item")).to_have_count(1)
    page.goto(page.url.replace("#/jobs", "#/jobs/019ca945-0a00-7000-8000-0000000000aa"))
    expect(page.locator(".item")).to_have_count(len(PROMPTS))
    page.wait_for_timeout(QUIET_MS)

    assert requests.events == []

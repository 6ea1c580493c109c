"""`image-store events` shows what happened, and `listen` hands it to an app on this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_cli.exits import Exit
from tests.unit.cli.terminal import command

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
APP = "http://localhost:3000/hooks"


def event(number: int) -> dict[str, Any]:
    return {
        "id": f"0199-{number}",
        "type": "image.created",
        "created_at": "2026-03-01T12:00:00.000Z",
        "owner_id": "alice",
        "data": {"image_id": f"image-{number}", "version": 2},
    }


def page(*events: dict[str, Any], cursor: str, has_more: bool = False) -> dict[str, Any]:
    return {"items": list(events), "next_cursor": cursor, "has_more": has_more}


class Store:
    """A store with these pages of events, and an app beside it; after the last page somebody presses Ctrl-C."""

    def __init__(self, *pages: dict[str, Any], app: int | None = 200) -> None:
        self.pages = list(pages)
        self.queries: list[dict[str, str]] = []
        self.received: list[httpx.Request] = []
        self._app = app

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) == APP:
            self.received.append(request)
            if self._app is None:
                raise httpx.ConnectError("no app")
            return httpx.Response(self._app)
        if not self.pages:
            raise KeyboardInterrupt
        self.queries.append(dict(request.url.params))
        return httpx.Response(200, json=self.pages.pop(0))


def test_events_are_shown_up_to_the_newest_one(tmp_path: Path) -> None:
    store = Store(
        page(event(1), cursor="c1", has_more=True),
        page(cursor="c2", has_more=True),
        page(event(2), cursor="c3"),
    )

    result = command(store, "events", "--json", "--types", "image.created", folder=tmp_path)

    assert result.exit_code == Exit.OK
    assert result.lines == [event(1), event(2)]
    assert store.queries == [
        {"types": "image.created"},
        {"types": "image.created", "after": "c1"},
        {"types": "image.created", "after": "c2"},
    ]


def test_an_event_is_a_line_for_people(tmp_path: Path) -> None:
    result = command(Store(page(event(1), cursor="c1")), "events", "--since", "2026-03-01", folder=tmp_path)

    assert "image.created  image-1  alice" in result.out


def test_follow_waits_for_more_until_it_is_interrupted(tmp_path: Path) -> None:
    store = Store(page(event(1), cursor="c1"), page(cursor="c2"), page(event(2), cursor="c3"))

    result = command(store, "events", "--follow", "--all", "--json", folder=tmp_path)

    assert result.exit_code == Exit.INTERRUPTED
    assert result.lines == [event(1), event(2)]
    assert store.queries[-1] == {"scope": "all", "wait": "20", "after": "c2"}


def test_listen_posts_each_event_with_a_signature_of_standard_webhooks(tmp_path: Path) -> None:
    store = Store(page(event(1), cursor="c1"))

    result = command(store, "listen", "--forward-to", APP, "--secret", SECRET, "--json", folder=tmp_path)

    [request] = store.received
    signed = f"0199-1.{request.headers['webhook-timestamp']}.".encode() + request.content
    digest = hmac.digest(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256)
    assert request.headers["webhook-id"] == "0199-1"
    assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers
    assert httpx.Response(200, content=request.content).json() == event(1)
    assert result.lines == [{"id": "0199-1", "type": "image.created", "status": 200}]
    assert store.queries[0]["since"]
    assert SECRET not in result.err


def test_listen_shows_the_secret_that_it_made(tmp_path: Path) -> None:
    result = command(Store(), "listen", "--forward-to", APP, folder=tmp_path)

    assert "Signing with whsec_" in result.err


def test_an_app_that_is_away_ends_nothing(tmp_path: Path) -> None:
    store = Store(page(event(1), event(2), cursor="c1"), app=None)

    result = command(store, "listen", "--forward-to", APP, folder=tmp_path)

    assert result.out.count("not reached") == len(store.received) == 2


@pytest.mark.parametrize(
    "words",
    [("--forward-to", "localhost:3000"), ("--forward-to", APP, "--secret", "abc")],
    ids=["address", "secret"],
)
def test_a_wrong_address_or_secret_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = command(Store(), "listen", *words, folder=tmp_path)

    assert result.exit_code == Exit.USAGE

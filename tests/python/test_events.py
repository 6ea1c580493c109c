"""Events by the Python client, and signatures of webhooks."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from image_store_client import ImageStore
from image_store_client.webhooks import new_secret, signed_headers
from tests.python.scripted_server import Answer

if TYPE_CHECKING:
    from tests.python.both import AnyStore
    from tests.python.scripted_server import ScriptedServer


def page(*ids: str, cursor: str, has_more: bool = False) -> Answer:
    items: list[dict[str, Any]] = [{"id": each, "type": "image.created"} for each in ids]
    return Answer(200, {"items": items, "next_cursor": cursor, "has_more": has_more})


def queries(server: ScriptedServer) -> list[dict[str, str]]:
    return [
        {name: value for name, [value] in parse_qs(urlsplit(request.path).query).items()}
        for request in server.requests
    ]


def test_events_are_read_to_the_newest_one(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(
        page("e1", "e2", cursor="c1", has_more=True),
        page(cursor="c2", has_more=True),
        page("e3", cursor="c3"),
    )

    events = store.items(
        lambda s: s.events(since="2026-01-01", types=["image.created", "image.deleted"], follow=False)
    )

    assert [event["id"] for event in events] == ["e1", "e2", "e3"]
    types = {"types": "image.created,image.deleted"}
    assert queries(server) == [
        {**types, "since": "2026-01-01"},
        {**types, "after": "c1"},
        {**types, "after": "c2"},
    ]


def test_pages_have_the_cursor_to_go_on_from(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(page("e1", cursor="c2"))

    [only] = store.items(lambda s: s.event_pages(after="c1", follow=False))

    assert only["next_cursor"] == "c2"
    assert queries(server) == [{"after": "c1"}]


def test_following_waits_for_events(server: ScriptedServer) -> None:
    server.answer(page(cursor="c1"), page("e1", cursor="c2"))

    with ImageStore(server.url, key="isk_1") as store:
        [event] = islice(store.events(scope="all"), 1)

    assert event["id"] == "e1"
    assert queries(server) == [{"scope": "all", "wait": "20"}, {"scope": "all", "wait": "20", "after": "c1"}]


def test_a_signature_is_that_of_the_specification() -> None:
    """The example of the reference libraries of Standard Webhooks."""
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1_614_265_330,
        body=b'{"test": 2432232314}',
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_new_secret_signs_and_differs_from_the_last() -> None:
    first, second = new_secret(), new_secret()

    assert first != second
    assert signed_headers(first, message_id="m", timestamp=0, body=b"")["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize("secret", ["", "abc", "whsec_!"])
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="a secret of webhooks"):
        signed_headers(secret, message_id="m", timestamp=0, body=b"")

"""`image-store webhooks`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from tests.unit.cli.terminal import command, problem

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.terminal import Said

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK_ID = "0123456789abcdef"
HOOKS = "https://app.example.com/hooks"
WEBHOOK: dict[str, Any] = {
    "id": WEBHOOK_ID, "url": HOOKS, "types": None, "description": "mirror \x1b[2J", "scope": "own", "enabled": True,
    "disabled_reason": None, "failing_since": None, "created_at": "2026-03-01T12:00:00Z", "created_by": "subject:alice",
    "updated_at": "2026-03-01T12:00:00Z", "previous_secret_until": None, "replay": None,
}  # fmt: skip
NEW = WEBHOOK | {"secret": SECRET}
EVENT = {
    "id": "019ca945-0a00-7c2b-9f3e-52d0c81f7a44",
    "type": "webhook.test",
    "created_at": "2026-03-01T12:00:00Z",
}
PENDING: dict[str, Any] = {
    "event": EVENT, "status": "pending", "attempts": 0, "created_at": "2026-03-01T12:00:00Z", "last_attempt": None,
    "next_attempt_at": "2026-03-01T12:00:00Z",
}  # fmt: skip


def tried(status: str, answer: int | None, error: str | None = None) -> dict[str, Any]:
    attempt = {"at": "2026-03-01T12:00:01Z", "duration_ms": 35, "status": answer, "error": error}
    return PENDING | {"status": status, "attempts": 1, "last_attempt": attempt, "next_attempt_at": None}


class Store:
    """Answers each request with the next response, the last one for good, and remembers the requests."""

    def __init__(self, *answers: Any, status: int = 200) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(self._status, json=answer)

    @property
    def calls(self) -> list[tuple[str, str]]:
        """Method, and path with query, of every request."""
        return [(request.method, request.url.raw_path.decode()) for request in self.requests]

    @property
    def body(self) -> Any:
        """The JSON of the only request."""
        [request] = self.requests
        return json.loads(request.content)


def webhooks(store: Store, folder: Path, *words: str) -> Said:
    return command(store, "webhooks", *words, folder=folder)


def test_the_secret_of_a_new_webhook_is_alone_on_stdout(tmp_path: Path) -> None:
    store = Store(NEW, status=201)

    words = ("--types", "image.created,image.deleted", "--description", "mirror", "--all-owners")
    result = webhooks(store, tmp_path, "create", HOOKS, *words)

    assert (result.exit_code, result.out) == (Exit.OK, f"{SECRET}\n")
    assert "not shown again" in result.err
    assert SECRET not in result.err
    assert store.body == {
        "url": HOOKS,
        "types": ["image.created", "image.deleted"],
        "description": "mirror",
        "scope": "all",
    }


def test_a_webhook_is_created_for_all_types_of_ones_own_events(tmp_path: Path) -> None:
    store = Store(NEW, status=201)

    webhooks(store, tmp_path, "create", HOOKS)

    assert store.body == {"url": HOOKS}


def test_webhooks_are_listed_for_people_and_for_programs(tmp_path: Path) -> None:
    failing = WEBHOOK | {"failing_since": "2026-03-01T12:00:00Z", "types": ["image.created"]}
    gone = WEBHOOK | {"enabled": False, "disabled_reason": "gone"}
    answer = {"items": [WEBHOOK, failing, gone]}

    for_people = webhooks(Store(answer), tmp_path, "list").out
    for_programs = webhooks(Store(answer), tmp_path, "list", "--json").lines

    assert "\x1b" not in for_people
    assert for_programs == answer["items"]
    for text in ("enabled", "failing", "disabled", "410", "image.created"):
        assert text in for_people


def test_without_webhooks_the_list_says_so(tmp_path: Path) -> None:
    result = webhooks(Store({"items": []}), tmp_path, "list")

    assert (result.out, result.err.strip()) == ("", "No webhooks.")


def test_a_webhook_is_shown(tmp_path: Path) -> None:
    overlapping = WEBHOOK | {"scope": "all", "previous_secret_until": "2026-03-02T12:00:00Z"}
    replay = {
        "after": "2026-02-01T12:00:00Z",
        "until": "2026-03-01T12:00:00Z",
        "reached_at": "2026-02-20T12:00:00Z",
    }

    result = webhooks(Store(overlapping | {"replay": replay}), tmp_path, "show", WEBHOOK_ID)

    rows = dict(line.strip().split(None, 1) for line in result.out.splitlines())
    assert (rows["url"], rows["types"], rows["owners"]) == (HOOKS, "all", "all")
    assert "old secret until" in result.out
    assert "sent up to 2026-02-20" in result.out


def test_a_replay_of_what_failed_is_shown(tmp_path: Path) -> None:
    replay = {"after": None, "until": None, "reached_at": None}

    result = webhooks(Store(WEBHOOK | {"replay": replay}), tmp_path, "show", WEBHOOK_ID)

    assert "of all that failed, under way" in result.out


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (("--types", "all", "--description", "none"), {"types": None, "description": None}),
        (("--types", "image.created", "--address", HOOKS), {"types": ["image.created"], "url": HOOKS}),
        (("--enable",), {"enabled": True}),
        (("--disable",), {"enabled": False}),
    ],
)
def test_a_webhook_is_changed(tmp_path: Path, words: tuple[str, ...], changes: dict[str, Any]) -> None:
    store = Store(WEBHOOK)

    webhooks(store, tmp_path, "change", WEBHOOK_ID, *words)

    assert store.calls == [("PATCH", f"/v1/webhooks/{WEBHOOK_ID}")]
    assert store.body == changes


def test_webhooks_are_deleted(tmp_path: Path) -> None:
    store = Store(httpx.Response(204))

    result = webhooks(store, tmp_path, "delete", WEBHOOK_ID, "fedcba9876543210", "--yes")

    assert result.exit_code is Exit.OK
    assert store.calls == [
        ("DELETE", f"/v1/webhooks/{WEBHOOK_ID}"),
        ("DELETE", "/v1/webhooks/fedcba9876543210"),
    ]


@pytest.mark.parametrize(
    ("tried_delivery", "exit_code", "text"),
    [
        (tried("delivered", 204), Exit.OK, "answered 204 after 35 ms"),
        (tried("pending", 500), Exit.SOME_FAILED, "answered 500"),
        (tried("pending", None, "timeout"), Exit.SOME_FAILED, "timeout after"),
    ],
)
def test_a_test_waits_for_the_answer_of_the_app(
    tmp_path: Path, tried_delivery: dict[str, Any], exit_code: Exit, text: str
) -> None:
    other = PENDING | {"event": EVENT | {"id": "another"}}
    pages = [{"items": [other, each], "next_cursor": None} for each in (PENDING, tried_delivery)]
    store = Store(PENDING, *pages)

    result = webhooks(store, tmp_path, "test", WEBHOOK_ID)

    assert (result.exit_code, len(result.waits)) == (exit_code, 2)
    assert text in result.out
    assert store.calls[0] == ("POST", f"/v1/webhooks/{WEBHOOK_ID}/test")


def test_a_test_that_is_not_sent_in_time_says_where_its_result_will_be(tmp_path: Path) -> None:
    result = webhooks(Store(PENDING, {"items": [PENDING], "next_cursor": None}), tmp_path, "test", WEBHOOK_ID)

    assert result.exit_code is Exit.SOME_FAILED
    assert "not sent yet" in result.out
    assert sum(result.waits) == 30


def test_deliveries_are_listed_up_to_a_limit(tmp_path: Path) -> None:
    page = {"items": [tried("failed", 500), tried("failed", None, "timeout")], "next_cursor": "c1"}
    store = Store(page)

    result = webhooks(store, tmp_path, "deliveries", WEBHOOK_ID, "--status", "failed", "--limit", "2")

    [(_, path)] = store.calls
    assert path == f"/v1/webhooks/{WEBHOOK_ID}/deliveries?status=failed&limit=100"
    for text in ("answered 500", "timeout", EVENT["id"]):
        assert text in result.out


def test_an_attempt_without_an_answer_and_a_reason_has_words(tmp_path: Path) -> None:
    page = {"items": [PENDING, tried("failed", None)], "next_cursor": None}

    result = webhooks(Store(page), tmp_path, "deliveries", WEBHOOK_ID)

    assert "no answer" in result.out


@pytest.mark.parametrize(
    ("words", "request_body"),
    [
        (("--failed",), {"failed": True}),
        (("--event", "e1"), {"event_id": "e1"}),
        (("--after", "2026-01-31"), {"after": "2026-01-31T00:00:00+00:00"}),
        (
            ("--after", "2026-01-31", "--until", "2026-02-01"),
            {"after": "2026-01-31T00:00:00+00:00", "until": "2026-02-01T00:00:00+00:00"},
        ),
    ],
)
def test_events_are_replayed(tmp_path: Path, words: tuple[str, ...], request_body: dict[str, Any]) -> None:
    replay = {"event_id": None, "after": None, "until": None, "failed": False} | request_body
    store = Store(replay, status=202)

    result = webhooks(store, tmp_path, "replay", WEBHOOK_ID, *words, "--json")

    assert (store.body, result.lines) == (request_body, [replay])
    assert "being sent" in result.err


@pytest.mark.parametrize(
    "words",
    [
        ("replay", WEBHOOK_ID),
        ("replay", WEBHOOK_ID, "--failed", "--event", "e1"),
        ("change", WEBHOOK_ID, "--enable", "--disable"),
        ("deliveries", WEBHOOK_ID, "--status", "lost"),
        ("create",),
    ],
)
def test_a_wrong_command_sends_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    store = Store(WEBHOOK)

    with pytest.raises(UsageError):
        webhooks(store, tmp_path, *words)

    assert store.requests == []


@pytest.mark.parametrize(
    "words",
    [
        ("replay", WEBHOOK_ID, "--failed", "--until", "2026-02-01"),
        ("change", WEBHOOK_ID),
        ("rotate-secret", WEBHOOK_ID, "--overlap-hours", "169"),
    ],
)
def test_options_that_do_not_fit_together_send_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    store = Store(WEBHOOK)

    result = webhooks(store, tmp_path, *words)

    assert (result.exit_code, store.requests) == (Exit.USAGE, [])


def test_a_new_secret_is_alone_on_stdout_and_the_overlap_is_named(tmp_path: Path) -> None:
    store = Store(NEW | {"previous_secret_until": "2026-03-02T12:00:00Z"})

    result = webhooks(store, tmp_path, "rotate-secret", WEBHOOK_ID, "--overlap-hours", "2")

    assert (result.out, store.body) == (f"{SECRET}\n", {"overlap_hours": 2})
    assert "The old secret signs too until" in result.err
    assert SECRET not in result.err


def test_a_refused_address_is_named(tmp_path: Path) -> None:
    store = Store(problem(422, "url_not_allowed"))

    result = webhooks(store, tmp_path, "create", "http://10.0.0.1/hooks")

    assert result.exit_code is Exit.REFUSED
    assert "url_not_allowed" in result.err

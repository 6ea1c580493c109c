"""Requests of the Python client over real HTTP: signed, repeated where that is safe, and errors with their codes."""

from __future__ import annotations

import json
import threading
import time

import pytest

from image_store_client import AsyncImageStore, ImageStore, ImageStoreError, NotFoundError, UnavailableError
from tests.python.both import ASYNC, SYNC, TRIES, AnyStore, any_store, quick_store
from tests.python.scripted_server import CUT, Answer, ScriptedServer, problem

IMAGE = Answer(200, {"id": "i1"})


def test_a_request_carries_the_token_and_leaves_out_what_is_none(
    store: AnyStore, server: ScriptedServer
) -> None:
    server.answer(Answer(200, {"items": []}))

    store(lambda s: s.images.list(kind="upload", since="2026-01-01", page_size=5).page())

    [request] = server.requests
    assert request.path == "/v1/images?kind=upload&from=2026-01-01&limit=5"
    assert request.headers["Authorization"] == "Bearer a.b.c"
    assert request.headers["User-Agent"].startswith(("python-httpx/", "image-store-python/"))


@pytest.mark.parametrize("status", [429, 503])
def test_a_request_waits_as_long_as_the_response_says(
    store: AnyStore, server: ScriptedServer, status: int
) -> None:
    server.answer(problem(status, "storage_unavailable", retry_after=7), IMAGE)

    image = store(lambda s: s.images.get("i1"))

    assert (image, store.waits) == ({"id": "i1"}, [7.0])


def test_waiting_ends_after_as_many_tries_as_are_allowed(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(problem(503, "storage_unavailable", retry_after=1))

    with pytest.raises(UnavailableError) as failed:
        store(lambda s: s.images.get("i1"))

    assert len(server.requests) == TRIES
    assert (failed.value.code, failed.value.retry_after) == ("storage_unavailable", 1.0)


def test_a_wait_that_is_too_long_is_not_begun(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(problem(429, "quota_exceeded", retry_after=86_400))

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.images.get("i1"))

    assert (len(server.requests), store.waits) == (1, [])
    assert (failed.value.code, failed.value.retry_after) == ("quota_exceeded", 86_400.0)


@pytest.mark.parametrize("fault", [CUT, Answer(502)], ids=["cut", "bad gateway"])
def test_what_may_have_been_done_is_repeated_only_when_that_does_no_harm(
    store: AnyStore, server: ScriptedServer, fault: Answer
) -> None:
    server.answer(fault, IMAGE)
    store(lambda s: s.images.get("i1"))
    harmless = len(server.requests)
    server.answer(fault, IMAGE)

    with pytest.raises(UnavailableError):
        store(lambda s: s.jobs.retry("j1"))

    assert (harmless, len(server.requests)) == (2, 3)


@pytest.mark.parametrize(("permanent", "requests"), [(False, 2), (True, 1)])
def test_many_images_are_deleted_again_after_a_lost_answer_only_if_they_go_to_the_trash(
    store: AnyStore, server: ScriptedServer, permanent: bool, requests: int
) -> None:
    server.answer(CUT, Answer(200, {"successful": ["i1"], "failed": [], "next_cursor": None}))

    failures = 0
    try:
        store(lambda s: s.images.delete_many(["i1"], permanent=permanent))
    except UnavailableError:
        failures += 1

    assert (len(server.requests), failures) == (requests, 1 if permanent else 0)


def test_many_images_are_changed_in_hundreds_and_what_was_late_is_sent_again(
    store: AnyStore, server: ScriptedServer
) -> None:
    late = {"id": "i7", "error": {"code": "deadline_exceeded"}}
    server.answer(
        CUT,
        Answer(200, {"successful": ["i1"], "failed": [late]}),
        Answer(200, {"successful": ["i7"], "failed": []}),
    )
    ids = [f"i{n}" for n in range(150)]
    parts: list[object] = []

    result = store(
        lambda s: s.images.update_many(
            ids=[*ids, "i1"], add_tags=["a"], category=None, on_progress=parts.append
        )
    )

    bodies = [json.loads(request.body) for request in server.requests]
    assert [body.pop("ids") for body in bodies] == [ids[:100], ids[:100], ["i7", *ids[100:]]]
    assert bodies == [{"add_tags": ["a"], "category": None}] * 3
    assert result == {"successful": ["i1", "i7"], "failed": []}
    assert len(parts) == 2


def test_a_store_that_reaches_no_image_in_time_is_not_asked_for_ever(
    store: AnyStore, server: ScriptedServer
) -> None:
    late = {"id": "i1", "error": {"code": "deadline_exceeded"}}
    server.answer(Answer(200, {"successful": [], "failed": [late]}))

    result = store(lambda s: s.images.restore_many(["i1"]))

    assert (len(server.requests), result["failed"]) == (1, [late])


def test_a_job_is_requested_again_with_the_same_idempotency_key(
    store: AnyStore, server: ScriptedServer
) -> None:
    server.answer(CUT, Answer(202, {"id": "j1"}))

    store(lambda s: s.jobs.create("a cat"))

    first, second = server.requests
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.body == second.body == b'{"items":[{"prompt":"a cat"}]}'


def test_a_key_is_never_created_twice(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(problem(503, "storage_unavailable", retry_after=1))

    with pytest.raises(UnavailableError):
        store(lambda s: s.keys.create(name="job", scopes=["images:read"]))

    assert len(server.requests) == 1


def test_a_request_in_progress_is_polled_until_it_is_done(store: AnyStore, server: ScriptedServer) -> None:
    running = problem(409, "idempotency_in_progress", retry_after=110)
    server.answer(running, running, running, running, Answer(202, {"id": "j1"}))

    store(lambda s: s.jobs.create("a cat", idempotency_key="k"))

    assert store.waits == [2.0] * 4


async def coroutine_token() -> str:
    """A token function of asyncio."""
    return "new"


@pytest.mark.parametrize("kind", [SYNC, ASYNC])
def test_an_expired_token_is_renewed_once(server: ScriptedServer, kind: str) -> None:
    tokens = iter(["old", "new"])
    server.answer(Answer(401, {"message": "Unauthorized"}), IMAGE)

    with quick_store(kind, server.url, token=lambda: next(tokens)) as store:
        store(lambda s: s.images.get("i1"))
        store(lambda s: s.images.get("i1"))

    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer old", "Bearer new", "Bearer new"]


@pytest.mark.parametrize("kind", [SYNC, ASYNC])
@pytest.mark.parametrize("renewed", ["new", "old"], ids=["another token", "the same token"])
def test_requests_that_are_refused_at_once_get_one_new_token(
    server: ScriptedServer, kind: str, renewed: str
) -> None:
    calls: list[str] = []

    def token() -> str:
        calls.append(renewed if calls else "old")
        time.sleep(0.1 if len(calls) > 1 else 0)
        return calls[-1]

    refused = Answer(401, {"message": "Unauthorized"}, meeting=threading.Barrier(6, timeout=60))
    with quick_store(kind, server.url, token=token) as store:
        server.answer(IMAGE)
        store(lambda s: s.images.get("i1"))
        server.answer(*[refused] * 6, IMAGE)
        results = store.together(lambda s: s.images.get("i1"), 6)

    assert len(calls) == 2
    assert all(isinstance(each, dict) is (renewed == "new") for each in results)


@pytest.mark.parametrize("kind", [SYNC, ASYNC])
def test_an_upload_token_that_is_used_up_is_replaced(server: ScriptedServer, kind: str) -> None:
    tokens = iter(["old", "new"])
    server.answer(problem(403, "upload_token_used_up"), Answer(201, {"id": "i1"}))

    with quick_store(kind, server.url, token=lambda: next(tokens)) as store:
        store(lambda s: s.upload(b"\xff\xd8\xff"))

    assert [request.headers["Authorization"] for request in server.requests] == ["Bearer old", "Bearer new"]


def test_a_failure_of_a_provider_is_not_repeated(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(problem(502, "provider_failed"))

    with pytest.raises(UnavailableError):
        store(lambda s: s.images.get("i1"))

    assert len(server.requests) == 1


def test_a_post_that_may_have_been_done_is_not_repeated_after_503(
    store: AnyStore, server: ScriptedServer
) -> None:
    server.answer(problem(503, "storage_unavailable", retry_after=1))

    with pytest.raises(UnavailableError):
        store(lambda s: s.share(all=True))

    assert len(server.requests) == 1


def test_a_token_may_be_awaited(server: ScriptedServer) -> None:
    server.answer(IMAGE)

    with quick_store(ASYNC, server.url, token=coroutine_token) as store:
        store(lambda s: s.images.get("i1"))

    assert server.requests[0].headers["Authorization"] == "Bearer new"


def test_a_token_that_must_be_awaited_is_an_error_without_asyncio(server: ScriptedServer) -> None:
    with (
        quick_store(SYNC, server.url, token=coroutine_token) as store,
        pytest.raises(TypeError, match="AsyncImageStore"),
    ):
        store(lambda s: s.images.get("i1"))

    assert server.requests == []


@pytest.mark.parametrize("kind", [SYNC, ASYNC])
def test_a_token_that_stays_refused_is_an_error_without_the_token(server: ScriptedServer, kind: str) -> None:
    server.answer(problem(401, "invalid_token"))

    with (
        quick_store(kind, server.url, token=lambda: "secret") as store,
        pytest.raises(ImageStoreError) as failed,
    ):
        store(lambda s: s.images.get("i1"))

    assert (failed.value.code, failed.value.status, len(server.requests)) == ("invalid_token", 401, 1)
    assert "secret" not in str(failed.value)


def test_storage_gets_no_token(store: AnyStore, server: ScriptedServer) -> None:
    with ScriptedServer() as storage:
        server.answer(Answer(302, headers={"Location": f"{storage.url}/key?X-Amz-Signature=1"}))
        storage.answer(Answer(302, headers={"Location": f"{storage.url}/other"}), Answer(200, b"bytes"))

        data = store(lambda s: s.images.bytes("i1", preset="thumb"))

    assert (data, server.requests[0].path) == (b"bytes", "/v1/images/i1/content?rendition=thumb")
    assert [request.headers["Authorization"] for request in storage.requests] == [None, None]


def test_storage_that_redirects_in_a_circle_is_an_error(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(Answer(302, headers={"Location": f"{server.url}/again"}))

    with pytest.raises(UnavailableError) as failed:
        store(lambda s: s.images.bytes("i1"))

    assert failed.value.code == "network_error"


def test_an_owner_is_named_in_a_header_of_its_own_store_only(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(IMAGE)

    store.as_owner("alicé").__call__(lambda s: s.images.get("i1"))
    store(lambda s: s.images.get("i1"))

    assert [request.headers["Image-Store-Owner"] for request in server.requests] == ["alic%C3%A9", None]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "invalid_token"),
        (403, "forbidden"),
        (404, "not_offered"),
        (405, "not_offered"),
        (413, "payload_too_large"),
        (429, "rate_limited"),
        (500, "internal_error"),
        (502, "internal_error"),
        (503, "storage_unavailable"),
        (504, "deadline_exceeded"),
    ],
)
def test_a_short_answer_of_the_gateway_has_a_code(
    store: AnyStore, server: ScriptedServer, status: int, code: str
) -> None:
    server.answer(Answer(status, {"message": "No."}, {"apigw-requestid": "g-1"}))

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.images.get("i1"))

    assert (failed.value.code, failed.value.status, failed.value.request_id) == (code, status, "g-1")
    assert not isinstance(failed.value, NotFoundError)
    assert isinstance(failed.value, UnavailableError) is (status >= 500)


def test_a_route_that_the_store_does_not_have_is_not_a_missing_image(
    store: AnyStore, server: ScriptedServer
) -> None:
    server.answer(problem(404, "route_not_found"))

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.images.get("i1"))

    assert (failed.value.code, isinstance(failed.value, NotFoundError)) == ("route_not_found", False)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 503])
def test_what_no_gateway_and_no_store_answers_has_a_code_of_its_own(
    store: AnyStore, server: ScriptedServer, status: int
) -> None:
    server.answer(Answer(status, b"<html>No.</html>"))

    with pytest.raises(ImageStoreError, match="but not as the API does") as failed:
        store(lambda s: s.images.get("i1"))

    assert (failed.value.code, failed.value.status) == ("not_an_image_store", status)


def test_an_error_has_all_that_helps(store: AnyStore, server: ScriptedServer) -> None:
    faults = [{"loc": ["body", "tags", 3], "type": "too_long", "msg": "At most 64 characters."}]
    server.answer(problem(400, "invalid_request", errors=faults, existing_id="i9"))

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.images.update("i1", {"tags": []}))

    error = failed.value
    assert (error.code, error.status, error.detail, error.title, error.request_id, error.existing_id) == (
        "invalid_request", 400, "A detail.", "A title", "r-1", "i9",
    )  # fmt: skip
    assert error.errors == faults
    assert str(error) == (
        "A detail.\n  body.tags.3: At most 64 characters. (code invalid_request, request r-1)"
    )


def test_only_the_error_of_the_store_says_that_an_image_does_not_exist(
    store: AnyStore, server: ScriptedServer
) -> None:
    server.answer(problem(404, "image_not_found"))
    missing = store(lambda s: s.images.exists("i1"))
    server.answer(Answer(404, {"message": "Not Found"}))

    with pytest.raises(ImageStoreError, match="does not offer GET /v1/images/i1"):
        store(lambda s: s.images.exists("i1"))

    assert missing is False


def test_a_web_page_is_not_a_store(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(Answer(200, b"<html>"))

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.stats())

    assert failed.value.code == "not_an_image_store"


@pytest.mark.parametrize("kind", [SYNC, ASYNC])
def test_a_store_that_is_too_slow_is_a_timeout(server: ScriptedServer, kind: str) -> None:
    server.answer(Answer(200, {"id": "j1"}, delay_seconds=0.3))

    with (
        quick_store(kind, server.url, timeout_seconds=0.05) as store,
        pytest.raises(UnavailableError) as failed,
    ):
        store(lambda s: s.jobs.retry("j1"))

    assert (failed.value.code, failed.value.status) == ("timeout", None)


@pytest.mark.parametrize("kind", [SYNC, ASYNC])
def test_a_store_that_is_not_there_is_a_network_error(kind: str) -> None:
    with ScriptedServer() as gone:
        url = gone.url

    with quick_store(kind, url) as store, pytest.raises(UnavailableError) as failed:
        store(lambda s: s.stats())

    assert failed.value.code == "network_error"
    assert len(store.waits) == TRIES - 1


def test_a_list_continues_over_empty_pages(store: AnyStore, server: ScriptedServer) -> None:
    pages = [
        Answer(200, {"items": [{"id": "a"}], "next_cursor": "1"}),
        Answer(200, {"items": [], "next_cursor": "2"}),
        Answer(200, {"items": [{"id": "b"}, {"id": "c"}], "next_cursor": None}),
    ]
    server.answer(*pages)
    every = store.items(lambda s: s.images.list())
    server.answer(*pages)
    by_page = store.items(lambda s: s.images.list().pages())
    server.answer(*pages)
    some = store(lambda s: s.images.list().to_list(limit=2))

    assert [item["id"] for item in every] == ["a", "b", "c"]
    assert [len(page.items) for page in by_page] == [1, 0, 2]
    assert [item["id"] for item in some] == ["a", "b"]
    assert "cursor=2" in server.requests[-1].path


def test_a_change_that_depends_on_the_image_begins_again_when_somebody_was_faster(
    store: AnyStore, server: ScriptedServer
) -> None:
    first, second = (Answer(200, {"tags": tags}, {"ETag": f'"{len(tags)}"'}) for tags in (["a"], ["a", "b"]))
    server.answer(first, problem(412, "precondition_failed"), second, Answer(200, {"tags": ["a", "b", "c"]}))

    image = store(lambda s: s.images.update("i1", lambda now: {"tags": [*now["tags"], "c"]}))

    patches = [request for request in server.requests if request.method == "PATCH"]
    assert image == {"tags": ["a", "b", "c"]}
    assert [(each.headers["If-Match"], each.body) for each in patches] == [
        ('"1"', b'{"tags":["a","c"]}'),
        ('"2"', b'{"tags":["a","b","c"]}'),
    ]


def test_a_function_that_returns_no_change_sends_none(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(Answer(200, {"tags": ["a"]}, {"ETag": '"1"'}))

    image = store(lambda s: s.images.update("i1", lambda _: {}))

    assert (image, [request.method for request in server.requests]) == ({"tags": ["a"]}, ["GET"])


@pytest.mark.parametrize("depends", [False, True], ids=["fixed", "depends on the image"])
def test_a_change_of_one_version_is_an_error_when_somebody_was_faster(
    store: AnyStore, server: ScriptedServer, depends: bool
) -> None:
    changes = {"title": "A cat"}
    newer = Answer(200, {"id": "i1"}, {"ETag": '"2"'})
    server.answer(*([newer] if depends else []), problem(412, "precondition_failed"))

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.images.update("i1", (lambda _: changes) if depends else changes, if_match='"1"'))

    patches = [request for request in server.requests if request.method == "PATCH"]
    assert failed.value.code == "precondition_failed"
    assert [request.headers["If-Match"] for request in patches] == ['"1"']


def test_a_change_of_one_version_is_not_requested_again_after_a_lost_answer(
    store: AnyStore, server: ScriptedServer
) -> None:
    server.answer(CUT)

    with pytest.raises(UnavailableError):
        store(lambda s: s.images.update("i1", {"title": "A cat"}, if_match='"1"'))

    assert len(server.requests) == 1


def test_a_version_of_an_image_has_its_etag(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(Answer(200, {"id": "i1"}, {"ETag": '"3"'}))
    version = store(lambda s: s.images.get_version("i1"))
    server.answer(IMAGE)

    with pytest.raises(ImageStoreError, match="without the version of the image") as failed:
        store(lambda s: s.images.get_version("i1"))

    assert (version.image, version.etag) == ({"id": "i1"}, '"3"')
    assert failed.value.code == "not_an_image_store"


def test_a_deletion_of_many_images_reports_each_request(store: AnyStore, server: ScriptedServer) -> None:
    first = {"successful": ["a"], "failed": [], "next_cursor": "c"}
    second = {"successful": ["b"], "failed": [], "next_cursor": None}
    server.answer(Answer(200, first), Answer(200, second))
    reported: list[object] = []

    result = store(lambda s: s.images.delete_many(group="trip:1", on_progress=reported.append))

    assert reported == [first, second]
    assert result["successful"] == ["a", "b"]
    assert b'"cursor":"c"' in server.requests[1].body


@pytest.mark.parametrize("is_moved", [True, False], ids=["moved", "not moved"])
def test_the_picture_of_a_record_is_a_link_or_its_bytes(
    store: AnyStore, server: ScriptedServer, is_moved: bool
) -> None:
    link = "https://storage.example/key"
    server.answer(Answer(302, None, {"Location": link}) if is_moved else Answer(200, b"bytes"))

    picture = store(lambda s: s.admin.migrations.content("m1", "a record"))

    assert picture == (link if is_moved else b"bytes")
    assert server.requests[0].path == "/v1/admin/migrations/m1/content?record=a+record"


def test_the_health_of_a_store_that_is_down_is_no_error(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(Answer(503, {"status": "down", "components": {"table": {"status": "down"}}}))

    health = store(lambda s: s.admin.health())

    assert (health["status"], len(server.requests)) == ("down", 1)


def test_an_id_cannot_leave_its_path(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(IMAGE)

    store(lambda s: s.images.get("../keys?x"))

    assert server.requests[0].path == "/v1/images/..%2Fkeys%3Fx"


@pytest.mark.parametrize("client", [ImageStore, AsyncImageStore])
@pytest.mark.parametrize(
    "options",
    [
        {"url": "images.example.com"},
        {"url": "https://images.example.com:port"},
        {"url": "https://user:password@images.example.com"},
        {"key": "eyJ.a.b"},
        {"key": "isk_1", "token": "a.b.c"},
    ],
    ids=["no scheme", "no port number", "password", "no key", "two credentials"],
)
def test_wrong_options_are_refused_at_once_without_a_secret_in_the_message(
    client: type[ImageStore] | type[AsyncImageStore], options: dict[str, str]
) -> None:
    given = {"url": "https://images.example.com"} | options

    with pytest.raises(ValueError, match=r"address|key|token") as failed:
        client(**given)  # type: ignore[arg-type]

    assert not any(secret in str(failed.value) for secret in ("password", "eyJ", "a.b.c"))


@pytest.mark.parametrize("kind", [SYNC, ASYNC])
def test_a_store_works_with_its_own_connection_and_says_no_secret(server: ScriptedServer, kind: str) -> None:
    server.answer(IMAGE)

    with any_store(kind, server.url, key="isk_1") as store:
        store(lambda s: s.images.get("i1"))
        described = repr(store.store)

    assert server.requests[0].headers["Authorization"] == "Bearer isk_1"
    assert server.requests[0].headers["User-Agent"] == "image-store-python/0.1.0"
    assert "isk_1" not in described


def test_a_transform_is_downloaded_by_a_signed_link(store: AnyStore, server: ScriptedServer) -> None:
    link = {"url": f"{server.url}/r/signed", "expires_at": "2026-03-01T13:00:00Z"}
    server.answer(Answer(201, link), Answer(200, b"small"))

    data = store(lambda s: s.images.bytes("i1", transform={"w": 32, "format": "jpeg"}))
    with pytest.raises(ValueError, match="either a preset or a transform"):
        store(lambda s: s.images.bytes("i1", preset="thumb", transform={"w": 32}))

    assert data == b"small"
    assert json.loads(server.requests[0].body) == {"w": 32, "format": "jpeg"}
    assert (server.requests[1].path, server.requests[1].headers["Authorization"]) == ("/r/signed", None)

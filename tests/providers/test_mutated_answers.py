"""Answers of all providers with anything changed in them, through the real SDKs and a real socket to a job's end.

Each job ends with its image stored, or failed with what was charged counted. What holds a picture is bought once.
"""

import base64
import gzip
import json
import os
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_store.adapters.providers import image_providers
from image_store.domain.generation.jobs import JobItem, JobItemState
from image_store.domain.generation.providers import Provider, ProviderKey, Reason
from image_store.domain.generation.requests import ModelPreference
from tests.fakes.fetcher import MemoryFetcher
from tests.fakes.generating import Generating, a_request
from tests.pictures import png
from tests.providers.scripted import ScriptedResponse, ScriptedServer, scripted_server
from tests.providers.test_providers import CLOUDFLARE_ANSWER, GOOGLE_ANSWER, OPENAI_ANSWER

pytestmark = pytest.mark.loopback

PICTURE = png(24, 16)
ENCODED = base64.b64encode(PICTURE).decode()
RETRIES = 2
RECORDED: dict[Provider, Any] = {
    Provider.GOOGLE: GOOGLE_ANSWER
    | {
        "candidates": [
            {
                "content": {"parts": [{"text": "Here."}, {"inlineData": {"data": ENCODED}}]},
                "finishReason": "STOP",
            }
        ]
    },
    Provider.OPENAI: OPENAI_ANSWER
    | {"data": [{"b64_json": ENCODED, "revised_prompt": "A cat"}], "size": "1024x1024"},
    Provider.CLOUDFLARE: CLOUDFLARE_ANSWER | {"result": {"image": ENCODED}},
    Provider.POLLINATIONS: {"image": ENCODED, "usage": {"images": 1}},
}
SETTINGS = settings(
    max_examples=int(os.environ.get("SOAK_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        "",
        "x",
        "None",
        "1.5",
        0,
        -1,
        1.5,
        True,
        10**30,
        float("inf"),
        float("nan"),
        [],
        {},
        [None],
        {"a": {"b": []}},
    ]
) | st.text(max_size=8)
STATUSES = [200, 201, 202, 204, 302, 400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504]
TYPES = [
    "application/json",
    "application/octet-stream",
    "image/png",
    "text/html",
    "",
    "image/jpeg; charset=utf-8",
    "\xff",
]
WAITS = ["", "0", "-5", "3", "1e400", "9" * 300, "Wed, 21 Oct 2099 07:28:00 GMT", "soon", "nan"]


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as script:
        yield script


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places of a JSON value but the top."""
    places = [path] if path else []
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        places += places_in(part, (*path, name))
    return places


def holds_picture(value: Any) -> bool:
    return ENCODED in json.dumps(value)


def changed(value: Any, path: tuple[Any, ...], how: str, odd: Any) -> None:
    """Change a JSON value at a place."""
    for name in path[:-1]:
        value = value[name]
    last = path[-1]
    if how == "replace":
        value[last] = odd
    elif how == "wrap":
        value[last] = [value[last]]
    elif how == "remove":
        del value[last]
    elif isinstance(value, dict):
        value["extra"] = odd
    else:
        value.append(odd)


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


@st.composite
def beside(draw: st.DrawFn, provider: Provider) -> ScriptedResponse:
    """An answer that holds its picture where it belongs, with anything changed beside it."""
    answer = deepcopy(RECORDED[provider])
    for _ in range(draw(st.integers(0, 4))):
        how = draw(st.sampled_from(["replace", "remove", "add"]))
        places = [path for path in places_in(answer) if how == "add" or not holds_picture(at(answer, path))]
        if places:
            changed(answer, draw(st.sampled_from(places)), how, deepcopy(draw(ODD)))
    body = json.dumps(answer).encode()
    headers = {
        "Retry-After": draw(st.sampled_from(WAITS)),
        "X-Usage-Completion-Image-Tokens": draw(st.sampled_from(WAITS)),
    }
    coding = draw(st.sampled_from(["plain", "gzip", "gzip untold", "told gzip", "mark", "utf-16", "more"]))
    if coding in {"gzip", "gzip untold"}:
        body = gzip.compress(body)
    if coding in {"gzip", "told gzip"}:
        headers["Content-Encoding"] = "gzip"
    if coding == "mark":
        body = b"\xef\xbb\xbf" + body
    if coding == "utf-16":
        body = body.decode().encode("utf-16")
    if coding == "more":
        body += b"\n\n{}"
    status = draw(st.sampled_from([200, 200, 201, 202]))
    return ScriptedResponse(status, body, headers, draw(st.sampled_from(TYPES)))


@st.composite
def anything(draw: st.DrawFn, provider: Provider) -> ScriptedResponse:
    """An answer with anything changed in it, its picture and its status too."""
    answer = deepcopy(RECORDED[provider])
    for _ in range(draw(st.integers(0, 3))):
        if places := places_in(answer):
            how = draw(st.sampled_from(["replace", "remove", "add", "wrap"]))
            changed(answer, draw(st.sampled_from(places)), how, deepcopy(draw(ODD)))
    body = draw(st.sampled_from([json.dumps(answer).encode(), PICTURE, b"", b"{", b"<html>"]))
    response = ScriptedResponse(
        draw(st.sampled_from(STATUSES)),
        body,
        {"Retry-After": draw(st.sampled_from(WAITS)), "Location": "http://127.0.0.1:9/"},
        draw(st.sampled_from(TYPES)),
    )
    match draw(st.sampled_from(["whole", "whole", "cut", "short", "spoiled"])):
        case "cut":
            response = replace(response, cut_at=draw(st.integers(0, len(body))))
        case "short":
            response = replace(response, body=body[: draw(st.integers(0, len(body)))])
        case "spoiled" if body:
            place = draw(st.integers(0, len(body) - 1))
            response = replace(
                response, body=body[:place] + bytes([draw(st.integers(0, 255))]) + body[place + 1 :]
            )
    return response


def ended(
    server: ScriptedServer, provider: Provider, response: ScriptedResponse
) -> tuple[Generating, JobItem]:
    """A job of one image, to its end; the provider always answers the same."""
    server.response = response
    server.requests.clear()
    generating = Generating(order=(provider,), retries=RETRIES)
    generating.clock.instant = datetime(2026, 11, 25, tzinfo=UTC)
    address = server.address + ("/v1" if provider is Provider.OPENAI else "")
    modules = image_providers({provider: address}, clock=generating.clock, fetcher=lambda: MemoryFetcher({}))
    object.__setattr__(generating.run.calls, "providers", modules)
    object.__setattr__(generating.run.calls, "deployment_key", _key)
    job = generating.begin(a_request("A red fox"), preference=ModelPreference(provider=provider))
    generating.work_off(at_most=100)
    item = generating.item(job)
    assert item.has_ended
    assert generating.clock.now() < datetime(2026, 11, 25, tzinfo=UTC) + timedelta(hours=2)
    assert len(server.requests) <= 1 + RETRIES
    return generating, item


def _key(_: Provider) -> ProviderKey:
    return ProviderKey("a-secret-key", account="0123456789abcdef")


@pytest.mark.parametrize("provider", Provider)
def test_a_picture_is_stored_after_one_call_whatever_else_the_answer_contains(
    server: ScriptedServer, provider: Provider
) -> None:
    @SETTINGS
    @given(response=beside(provider))
    def run(response: ScriptedResponse) -> None:
        generating, item = ended(server, provider, response)

        assert (item.state, len(server.requests)) == (JobItemState.SUCCEEDED, 1)
        assert item.image_id is not None
        image = generating.store.repository.records[item.image_id].record
        assert generating.store.private.objects[image.original_key].data == PICTURE
        assert len(generating.jobs.ledger) == 1
        assert generating.result_keys() == []

    run()


@pytest.mark.parametrize("provider", Provider)
def test_any_answer_ends_stored_or_failed_with_its_cost_counted_and_is_never_bought_again(
    server: ScriptedServer, provider: Provider
) -> None:
    @SETTINGS
    @given(response=anything(provider))
    def run(response: ScriptedResponse) -> None:
        generating, item = ended(server, provider, response)

        sent = response.body if response.cut_at is None else response.body[: response.cut_at]
        is_success = 200 <= response.status < 300 and response.cut_at != 0
        if item.state is JobItemState.SUCCEEDED:
            assert len(server.requests) == 1
            assert len(generating.jobs.ledger) == 1
        elif is_success and (ENCODED[:40].encode() in sent or PICTURE[:30] in sent):
            assert len(server.requests) == 1, "it was bought again"
            assert item.error is not None
            if item.error.reason != Reason.REFUSED:
                assert len(generating.jobs.ledger) == 1, "its cost is not counted"
        assert generating.result_keys() == []

    run()

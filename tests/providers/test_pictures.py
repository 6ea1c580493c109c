"""A picture that a provider sends is found, in whatever shape it comes, and one that it names is fetched."""

import base64
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from image_store.adapters.providers import image_providers
from image_store.adapters.providers.pictures import decoded, pictures_in
from image_store.adapters.providers.plain_http import MAX_JSON_PARTS, Answer
from image_store.adapters.system import SystemClock
from image_store.domain.generation.providers import Provider, ProviderFailure, ProviderPicture, Reason
from image_store.ports.images import RemoteFile
from tests.fakes.fetcher import MemoryFetcher
from tests.pictures import png
from tests.providers.scripted import ScriptedResponse, ScriptedServer, scripted_server
from tests.providers.test_providers import (
    ANSWERS,
    CLOUDFLARE_ANSWER,
    GOOGLE_ANSWER,
    KEY,
    OPENAI_ANSWER,
    request_to,
    response_of,
)
from tests.providers.test_providers import ENCODED as IN_ANSWERS

pytestmark = pytest.mark.loopback

PICTURE = png(16, 8) + b"\xff\xfb\xef" * 7
"""Its base64 holds `+` and `/`."""
ENCODED = base64.b64encode(PICTURE).decode()
LINK = "https://cdn.example/picture.png?sig=1"
SECOND = base64.b64encode(b"GIF89a another").decode()


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as script:
        yield script


@pytest.fixture(autouse=True)
def anew(server: ScriptedServer) -> None:
    server.response = ScriptedResponse()
    server.next_responses.clear()
    server.requests.clear()


def generate(
    server: ScriptedServer,
    provider: Provider = Provider.OPENAI,
    *,
    fetcher: MemoryFetcher | None = None,
    **more: Any,
) -> ProviderPicture:
    url = server.address + ("/v1" if provider is Provider.OPENAI else "")
    fetches = fetcher or MemoryFetcher({LINK: RemoteFile(PICTURE, "application/octet-stream")})
    module = image_providers({provider: url}, clock=SystemClock(), fetcher=lambda: fetches)[provider]
    until = datetime.now(UTC) + timedelta(seconds=40)
    return module.generate(request_to(provider, **more), key=KEY, until=until)


def openai(image: object, **more: Any) -> dict[str, Any]:
    return {**OPENAI_ANSWER, "data": [image], **more}


SPELLINGS = {
    "plain": ENCODED,
    "lines of 76": "\r\n".join(ENCODED[at : at + 76] for at in range(0, len(ENCODED), 76)),
    "spaces around": f"  {ENCODED}\n",
    "no padding": ENCODED.rstrip("="),
    "too much padding": ENCODED.rstrip("=") + "====",
    "web safe": base64.urlsafe_b64encode(PICTURE).decode(),
    "web safe without padding": base64.urlsafe_b64encode(PICTURE).decode().rstrip("="),
    "percent-encoded": quote(ENCODED, safe=""),
    "quoted": f'"{ENCODED}"',
    "data URI": f"data:image/png;base64,{ENCODED}",
    "data URI of no type": f"data:;base64,{ENCODED}",
    "data URI in capitals": f"DATA:image/png;charset=utf-8;BASE64,{ENCODED}",
    "data URI, percent-encoded": f"data:image/png,{quote(PICTURE, safe='')}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("member", ["b64_json", "url"])
def test_a_picture_is_read_in_every_spelling_of_base64(
    server: ScriptedServer, spelling: str, member: str
) -> None:
    server.response = response_of(openai({member: SPELLINGS[spelling]}))

    image = generate(server)

    assert image.data == PICTURE
    assert len(server.requests) == 1


SHAPES: dict[str, Any] = {
    "an object in place of a list": {"data": {"b64_json": ENCODED}},
    "a list of texts": {"data": [ENCODED]},
    "Stable Diffusion's web interface": {"images": [ENCODED], "parameters": {}, "info": "{}"},
    "Stability and Fireworks": {"artifacts": [{"base64": ENCODED, "finishReason": "SUCCESS", "seed": 1}]},
    "Fireworks' workflows": {"base64": [ENCODED], "seed": 1},
    "Together": {"id": "1", "object": "list", "data": [{"index": 0, "b64_json": ENCODED, "url": None}]},
    "Imagen behind LiteLLM": {"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": ENCODED}]},
    "chat completions": {
        "choices": [
            {
                "message": {
                    "role": "assistant",
                    "content": "Here it is.",
                    "images": [{"image_url": {"url": f"data:image/png;base64,{ENCODED}"}}],
                }
            }
        ]
    },
    "responses": {"output": [{"type": "image_generation_call", "result": ENCODED}]},
    "a list at the top": [{"b64_json": ENCODED}],
    "deeper": {"data": [{"image": {"data": {"b64_json": ENCODED}}}]},
    "Gemini's": GOOGLE_ANSWER
    | {"candidates": [{"content": {"parts": [{"inline_data": {"data": ENCODED}}]}}]},
    "Cloudflare's": {"result": {"image": ENCODED}, "success": True},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("provider", [Provider.OPENAI, Provider.GOOGLE, Provider.CLOUDFLARE])
def test_a_picture_is_found_in_the_shapes_that_others_answer_in(
    server: ScriptedServer, shape: str, provider: Provider
) -> None:
    server.response = response_of(SHAPES[shape])

    assert generate(server, provider).data == PICTURE


LINKS: dict[str, Any] = {
    "OpenAI's older models": {"created": 1, "data": [{"url": LINK}]},
    "Replicate": {"status": "succeeded", "output": [LINK]},
    "Replicate, one": {"status": "succeeded", "output": LINK},
    "fal": {"images": [{"url": LINK, "width": 16, "height": 8, "content_type": "image/png"}]},
    "a list of texts": {"data": [LINK]},
    "chat completions": {"choices": [{"message": {"images": [{"image_url": {"url": LINK}}]}}]},
    "b64_json that is null": {"data": [{"b64_json": None, "url": LINK}]},
    "b64_json that is empty": {"data": [{"b64_json": "", "url": LINK}]},
}


@pytest.mark.parametrize("shape", LINKS)
def test_a_picture_that_is_only_named_is_fetched_by_the_rules_of_remote_urls(
    server: ScriptedServer, shape: str
) -> None:
    server.response = response_of(LINKS[shape])
    fetcher = MemoryFetcher({LINK: RemoteFile(PICTURE, "application/octet-stream")})

    image = generate(server, fetcher=fetcher)

    assert image.data == PICTURE
    assert fetcher.asked == [LINK]
    assert len(server.requests) == 1


def test_a_link_to_the_address_that_the_deployment_names_is_read_though_it_is_private(
    server: ScriptedServer,
) -> None:
    server.response = response_of({"data": [{"url": f"{server.address}/generated-images/1.png"}]})
    server.next_responses.append(ScriptedResponse(200, PICTURE, content_type="application/octet-stream"))
    fetcher = MemoryFetcher({})

    image = generate(server, fetcher=fetcher)

    assert image.data == PICTURE
    assert fetcher.asked == []
    assert [request.method for request in server.requests] == ["POST", "GET"]
    assert "authorization" not in server.requests[1].headers


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:9/x.png", "http://169.254.169.254/latest", "file:///etc/passwd", "gopher://x"]
)
def test_any_other_private_link_is_left_to_the_rules_of_remote_urls(
    server: ScriptedServer, link: str
) -> None:
    server.response = response_of(openai({"url": link}))
    fetcher = MemoryFetcher({})

    with pytest.raises(ProviderFailure) as failed:
        generate(server, fetcher=fetcher)

    assert failed.value.is_paid
    assert len(server.requests) == 1
    assert set(fetcher.asked) <= {link}


def test_a_link_that_fails_once_is_tried_again_and_the_picture_not_bought_again(
    server: ScriptedServer,
) -> None:
    server.response = response_of({"data": [{"url": LINK}]})

    class Flaky(MemoryFetcher):
        def fetch(self, url: str, *, max_bytes: int, until: datetime) -> RemoteFile:
            if not self.asked:
                self.held = {}
            fetch_now = super().fetch if self.asked else None
            self.held = {LINK: RemoteFile(PICTURE, None)}
            if fetch_now is None:
                self.asked.append(url)
                return RemoteFile(b"<html>not yet</html>", "text/html")
            return fetch_now(url, max_bytes=max_bytes, until=until)

    image = generate(server, fetcher=Flaky({}))

    assert image.data == PICTURE
    assert len(server.requests) == 1


@pytest.mark.parametrize("content_type", ["application/octet-stream", "text/plain", "image/x-unknown", ""])
@pytest.mark.parametrize("provider", Provider)
def test_bytes_are_known_by_what_they_are_and_not_by_their_type(
    server: ScriptedServer, provider: Provider, content_type: str
) -> None:
    server.response = ScriptedResponse(200, PICTURE, content_type=content_type)

    assert generate(server, provider).data == PICTURE


@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_every_status_of_success_brings_its_picture(server: ScriptedServer, status: int) -> None:
    server.response = response_of(OPENAI_ANSWER | {"data": [{"b64_json": ENCODED}]}, status)

    assert generate(server).data == PICTURE


def test_of_several_pictures_the_first_is_taken_and_their_number_reported(server: ScriptedServer) -> None:
    server.response = response_of(
        {"data": [{"b64_json": ENCODED}, {"b64_json": SECOND}, {"b64_json": SECOND}]}
    )

    image = generate(server)

    assert (image.data, image.pictures) == (PICTURE, 3)


def test_what_google_drew_while_thinking_is_never_the_picture(server: ScriptedServer) -> None:
    sketch = {"thought": True, "inlineData": {"mimeType": "image/png", "data": ENCODED}}
    server.response = response_of(GOOGLE_ANSWER | {"candidates": [{"content": {"parts": [sketch]}}]})

    with pytest.raises(ProviderFailure) as failed:
        generate(server, Provider.GOOGLE)

    assert (failed.value.reason, failed.value.is_paid) == (Reason.BAD_ANSWER, True)


BODY = json.dumps(openai({"b64_json": ENCODED})).encode()
SPOILED = {
    "cut off behind the picture": BODY[: BODY.index(b'"usage"')],
    "followed by something": BODY + b"\n\nevent: done",
    "an event": b"event: image_generation.completed\ndata: " + BODY + b"\n\n",
    "a byte-order mark": b"\xef\xbb\xbf" + BODY,
    "UTF-16": BODY.decode().encode("utf-16"),
    "bytes that are no text": BODY.replace(b'"created"', b'"\xff\xfe\x80"'),
    "a number of 10,000 digits": BODY.replace(b'"created": 1', b'"created": ' + b"9" * 10_000),
    "a nesting of 100,000": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b", " + BODY[1:],
    "raw line breaks": BODY.replace(ENCODED.encode(), ENCODED[:40].encode() + b"\n" + ENCODED[40:].encode()),
    "escaped slashes": BODY.replace(b"/", b"\\/"),
    "the picture again, empty": BODY.replace(b'"b64_json"', b'"b64_json": null, "b64_json"'),
    "the picture before, then null": BODY.replace(b'"}]', b'", "b64_json": null}]'),
    "not a number": BODY.replace(b'"created": 1', b'"created": NaN'),
}


@pytest.mark.parametrize("how", SPOILED)
def test_nothing_around_a_picture_in_the_answer_can_lose_it(server: ScriptedServer, how: str) -> None:
    server.response = ScriptedResponse(200, SPOILED[how])

    assert generate(server).data == PICTURE


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(BODY), "gzip"),
        (gzip.compress(BODY), ""),
        (BODY, "gzip"),
        (zlib.compress(BODY), "deflate"),
        (zlib.compress(BODY)[2:-4], "deflate"),
        (BODY, "deflate"),
        (BODY, "br"),
    ],
)
def test_a_body_is_unpacked_by_what_it_is(server: ScriptedServer, body: bytes, encoding: str) -> None:
    server.response = ScriptedResponse(200, body, {"Content-Encoding": encoding} if encoding else {})

    assert generate(server).data == PICTURE


def test_a_whole_picture_in_an_answer_that_breaks_off_is_taken(server: ScriptedServer) -> None:
    server.response = ScriptedResponse(200, BODY + b" " * 10_000, cut_at=len(BODY))

    assert generate(server).data == PICTURE


@pytest.mark.parametrize("provider", Provider)
def test_half_a_picture_is_not_taken_and_not_bought_again(server: ScriptedServer, provider: Provider) -> None:
    whole = ANSWERS[provider]
    inside = whole.body.find(IN_ANSWERS.encode()) + 10 if provider is not Provider.POLLINATIONS else 10
    server.response = ScriptedResponse(200, whole.body, whole.headers, whole.content_type, cut_at=inside)

    with pytest.raises(ProviderFailure) as failed:
        generate(server, provider)

    assert failed.value.reason is Reason.CONNECTION
    assert (failed.value.is_paid, failed.value.is_transient) == (True, False)


@pytest.mark.parametrize("usage", [None, "odd"])
@pytest.mark.parametrize("body", [b"", b"{", b"{}", b'{"data": []}', b'{"data": [{"b64_json": "%"}]}', b"[]"])
def test_success_without_a_picture_is_not_tried_again_where_nothing_says_that_none_was_made(
    server: ScriptedServer, body: bytes, usage: object
) -> None:
    server.response = ScriptedResponse(200, body.replace(b"{}", json.dumps({"usage": usage}).encode()))

    with pytest.raises(ProviderFailure) as failed:
        generate(server)

    assert (failed.value.reason, failed.value.is_paid) == (Reason.BAD_ANSWER, True)


def test_an_answer_that_counts_no_picture_may_be_tried_again(server: ScriptedServer) -> None:
    server.response = response_of(
        {"candidates": [{"finishReason": "NO_IMAGE"}], "usageMetadata": {"promptTokenCount": 12}}
    )

    with pytest.raises(ProviderFailure) as failed:
        generate(server, Provider.GOOGLE)

    assert failed.value.is_transient
    assert failed.value.usage is not None
    assert sum(failed.value.usage.values()) == 12


def test_a_refusal_shows_what_it_was_charged(server: ScriptedServer) -> None:
    server.response = response_of(
        {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 900}}
    )

    with pytest.raises(ProviderFailure) as failed:
        generate(server, Provider.GOOGLE)

    assert failed.value.reason is Reason.REFUSED
    assert failed.value.usage is not None
    assert sum(failed.value.usage.values()) == 900


def test_an_error_that_repeats_the_reference_is_not_a_picture(server: ScriptedServer) -> None:
    server.response = response_of({"error": {"message": "bad", "input_image": ENCODED}}, 400)

    with pytest.raises(ProviderFailure) as failed:
        generate(server)

    assert (failed.value.reason, failed.value.is_paid) == (Reason.BAD_REQUEST, False)


@pytest.mark.parametrize("provider", Provider)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_with_the_key(
    server: ScriptedServer, provider: Provider, status: int
) -> None:
    server.response = ScriptedResponse(status, b"", {"Location": f"{server.address}/elsewhere"})

    with pytest.raises(ProviderFailure):
        generate(server, provider)

    assert len(server.requests) == 1


@pytest.mark.parametrize("provider", Provider)
def test_an_answer_that_drips_is_ended_in_time(server: ScriptedServer, provider: Provider) -> None:
    """Time limits of a socket begin anew with each byte."""
    server.response = ScriptedResponse(200, b" " * 1_000, drip_seconds=0.05)
    until = datetime.now(UTC) + timedelta(seconds=1.5)
    url = server.address + ("/v1" if provider is Provider.OPENAI else "")
    module = image_providers({provider: url}, clock=SystemClock(), fetcher=lambda: MemoryFetcher({}))[
        provider
    ]

    with pytest.raises(ProviderFailure) as failed:
        module.generate(request_to(provider), key=KEY, until=until)

    assert failed.value.reason in {Reason.TIMEOUT, Reason.UNAVAILABLE}
    assert datetime.now(UTC) < until + timedelta(seconds=2)


def test_a_bomb_does_not_unpack_beyond_what_an_answer_may_have(server: ScriptedServer) -> None:
    server.response = ScriptedResponse(
        200, gzip.compress(b"[" + b" " * (80 * 1024 * 1024)), {"Content-Encoding": "gzip"}
    )

    with pytest.raises(ProviderFailure) as failed:
        generate(server, Provider.CLOUDFLARE)

    assert failed.value.is_paid


USAGES: list[Any] = [
    {"input_tokens": 1.5, "output_tokens": 439},
    {"input_tokens": None, "output_tokens": None},
    {},
    [],
    "many",
    {"input_tokens": -3, "output_tokens": 439},
    {"input_tokens": 10, "output_tokens": 10**30},
    {"input_tokens": 10, "output_tokens": 1e400},
    {"input_tokens": True, "output_tokens": 439},
    {"input_tokens": {"n": 1}, "output_tokens": [439]},
    {"input_tokens": 10, "input_tokens_details": "x", "output_tokens": 439},
    {"input_tokens": 10, "output_tokens": 439, "output_tokens_details": {"image_tokens": None}},
]


@pytest.mark.parametrize("usage", USAGES)
def test_a_usage_that_cannot_be_read_counts_as_none_and_loses_no_picture(
    server: ScriptedServer, usage: Any
) -> None:
    server.response = response_of(openai({"b64_json": ENCODED}, usage=usage))

    image = generate(server)

    assert image.data == PICTURE
    assert (image.usage, image.usage_is_readable) == (None, False)


@pytest.mark.parametrize(
    "usage",
    [
        {"promptTokenCount": 1.5, "candidatesTokenCount": 10},
        {"promptTokenCount": 3, "candidatesTokenCount": "ten"},
        {"promptTokenCount": 3, "candidatesTokenCount": 10, "candidatesTokensDetails": [None]},
        {"promptTokenCount": 3, "candidatesTokenCount": 10, "promptTokensDetails": [{"tokenCount": -1}]},
        {"promptTokenCount": 3, "candidatesTokenCount": 10, "thoughtsTokenCount": [1]},
        "many",
    ],
)
def test_a_usage_of_google_that_cannot_be_read_loses_no_picture(server: ScriptedServer, usage: Any) -> None:
    server.response = response_of(GOOGLE_ANSWER | {"usageMetadata": usage})

    image = generate(server, Provider.GOOGLE)

    assert (image.usage, image.usage_is_readable) == (None, False)


@pytest.mark.parametrize("count", ["1.5", "None", "-1", "9" * 400, ""])
def test_a_count_of_pollinations_that_cannot_be_read_loses_no_picture(
    server: ScriptedServer, count: str
) -> None:
    server.response = ScriptedResponse(
        200, PICTURE, {"x-usage-completion-image-tokens": count}, content_type="image/png"
    )

    image = generate(server, Provider.POLLINATIONS)

    assert (image.data, image.usage) == (PICTURE, None)


@pytest.mark.parametrize(
    "answer",
    [
        CLOUDFLARE_ANSWER | {"result": {"image": ENCODED}, "success": False, "errors": [{"code": 3030}]},
        CLOUDFLARE_ANSWER | {"result": {"image": ENCODED}, "errors": "none"},
        {"result": ENCODED},
        {"result": {"image": ENCODED}, "errors": [{"code": {"a": 1}}]},
    ],
)
def test_an_error_beside_a_picture_of_cloudflare_does_not_lose_it(
    server: ScriptedServer, answer: dict[str, Any]
) -> None:
    server.response = response_of(answer)

    assert generate(server, Provider.CLOUDFLARE).data == PICTURE


def test_a_block_beside_a_picture_of_google_does_not_lose_it(server: ScriptedServer) -> None:
    server.response = response_of(GOOGLE_ANSWER | {"promptFeedback": {"blockReason": "SAFETY"}})

    assert generate(server, Provider.GOOGLE).data


def test_an_answer_of_many_empty_parts_is_looked_through_in_little_memory() -> None:
    answer = Answer(200, {}, b"[" + b"[]," * 300_000 + json.dumps({"image": ENCODED}).encode() + b"]")
    assert len(answer.json) == 300_001

    tracemalloc.start()
    try:
        pictures = pictures_in(answer, place="data")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert pictures.data == PICTURE
    assert peak < 2_000_000


HOSTILE_BYTES = 4 * 1024 * 1024
"""A sixteenth of what an answer may have, and of more parts than are read."""
HOSTILE = {
    "lists": (b"[", b"[],", b"[]]"),
    "objects": (b"[", b'{"a":[]},', b"{}]"),
    "numbers": (b"[", b"1.5,", b"1]"),
    "texts": (b"[", b'"",', b'""]'),
    "short pictures in what is no JSON": (b"x", b'"/9j"', b""),
    "words in a picture": (b'{"data":[{"b64_json":"iVBOR ', b"ab ", b'"}]}'),
    "escapes in a picture": (b'{"data":[{"b64_json":"iVBOR', b"%41", b'"}]}'),
    "escapes in a data URI": (b'{"data":[{"url":"data:image/png,%89PNG%0D%0A%1A%0A', b"%41", b'"}]}'),
    "one character of four bytes": (b'{"data":[{"b64_json":"iVBOR', b"a", b'\\U0001f600"}]}'),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_whatever_an_answer_is_made_of_it_is_read_in_few_times_its_size(kind: str) -> None:
    """With 64 MiB, the most there may be, that is half of a gigabyte."""
    head, unit, tail = HOSTILE[kind]
    answer = Answer(200, {}, head + unit * (HOSTILE_BYTES // len(unit)) + tail)

    tracemalloc.start()
    try:
        pictures_in(answer, place="data")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 8 * HOSTILE_BYTES + 1_000_000


def test_a_picture_in_an_answer_of_too_many_parts_is_found_in_its_text() -> None:
    parts = b"[]," * MAX_JSON_PARTS
    answer = Answer(200, {}, b"[" + parts + json.dumps({"image": ENCODED}).encode() + b"]")

    assert answer.json is None
    assert pictures_in(answer, place="data").data == PICTURE


@pytest.mark.parametrize("cut", range(6))
def test_escapes_are_read_whole_wherever_a_piece_of_them_ends(cut: int) -> None:
    text = "a" * (64 * 1024 - 4 + cut) + "%2B%2f%3D" * 3 + "b"

    assert (
        decoded(f"data:text/plain,{text}")
        == text.replace("%2B", "+").replace("%2f", "/").replace("%3D", "=").encode()
    )

"""Each provider's module, through its real SDK and a real socket, on every answer that is documented (E2, E3)."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from image_store.adapters.providers import image_providers
from image_store.adapters.providers.adapter import ProviderAdapter
from image_store.adapters.system import SystemClock
from image_store.domain.generation.catalogue import cost_micros, models_of
from image_store.domain.generation.providers import (
    ImageRequest,
    Provider,
    ProviderFailure,
    ProviderKey,
    ProviderPicture,
    Reason,
    Reference,
    Unit,
)
from image_store.domain.images.media import MediaType
from tests.fakes.fetcher import MemoryFetcher
from tests.providers.scripted import ScriptedResponse, ScriptedServer, scripted_server

pytestmark = pytest.mark.loopback

PICTURE = b"\xff\xd8\xff\xe0 a picture"
ENCODED = base64.b64encode(PICTURE).decode()
SECRET = "a-key-that-nobody-may-see"
KEY = ProviderKey(SECRET, account="0123456789abcdef0123456789abcdef")
SUFFIX = {Provider.OPENAI: "/v1"}


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as script:
        yield script


@pytest.fixture(autouse=True)
def anew(server: ScriptedServer) -> None:
    server.response = ScriptedResponse()
    server.requests.clear()


def request_to(provider: Provider, **more: Any) -> ImageRequest:
    usual: dict[str, Any] = {
        "model": models_of(provider)[0].name,
        "prompt": "A cat / a dog? 100 % ünï",
        "width": 1024,
        "height": 1024,
        "seed": 7 if models_of(provider)[0].takes_seeds else None,
    }
    return ImageRequest(**usual | more)


def generate(
    server: ScriptedServer, provider: Provider, *, seconds: float = 40, **more: Any
) -> ProviderPicture:
    url = server.address + SUFFIX.get(provider, "")
    module = image_providers({provider: url}, clock=SystemClock(), fetcher=lambda: MemoryFetcher({}))[
        provider
    ]
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    return module.generate(request_to(provider, **more), key=KEY, until=until)


def response_of(body: Any, status: int = 200, **headers: str) -> ScriptedResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ScriptedResponse(status, json.dumps(body).encode(), named)


GOOGLE_ANSWER: dict[str, Any] = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [
                    {"text": "Here it is."},
                    {"thought": True, "inlineData": {"mimeType": "image/png", "data": "c2tldGNo"}},
                    {"inlineData": {"mimeType": "image/png", "data": ENCODED}},
                ],
            },
            "finishReason": "STOP",
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 12,
        "candidatesTokenCount": 1140,
        "thoughtsTokenCount": 200,
        "totalTokenCount": 1352,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 12}],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
    },
}
OPENAI_ANSWER: dict[str, Any] = {
    "created": 1,
    "data": [{"b64_json": ENCODED}],
    "usage": {
        "input_tokens": 30,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 20},
        "output_tokens": 439,
        "total_tokens": 469,
    },
}
CLOUDFLARE_ANSWER = {"result": {"image": ENCODED}, "success": True, "errors": [], "messages": []}
ANSWERS = {
    Provider.GOOGLE: response_of(GOOGLE_ANSWER),
    Provider.OPENAI: response_of(OPENAI_ANSWER),
    Provider.CLOUDFLARE: response_of(CLOUDFLARE_ANSWER),
    Provider.POLLINATIONS: ScriptedResponse(
        200, PICTURE, {"x-usage-completion-image-tokens": "1"}, content_type="image/jpeg"
    ),
}


# What succeeds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", Provider)
def test_a_picture_comes_back_as_the_provider_sent_it_after_one_request(
    server: ScriptedServer, provider: Provider
) -> None:
    server.response = ANSWERS[provider]

    image = generate(server, provider)

    assert image.data == PICTURE
    assert len(server.requests) == 1


def test_a_worker_loads_only_the_adapter_of_the_provider_that_it_calls() -> None:
    code = """
import sys
from image_store.adapters.providers import image_providers
image_providers({}, clock=None, fetcher=None)["pollinations"]
print(*sys.modules)
"""

    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "layers/shared")}
    modules = subprocess.check_output([sys.executable, "-c", code], text=True, env=environment).split()

    adapters = {module.removeprefix("image_store.adapters.providers.") for module in modules}
    assert adapters & set(Provider) == {"pollinations"}


@pytest.mark.parametrize("provider", Provider)
def test_every_provider_has_an_adapter(provider: Provider) -> None:
    adapter = image_providers({}, clock=SystemClock(), fetcher=lambda: MemoryFetcher({}))[provider]

    assert isinstance(adapter, ProviderAdapter)


def test_google_is_asked_for_an_image_of_the_requested_shape(server: ScriptedServer) -> None:
    server.response = ANSWERS[Provider.GOOGLE]

    image = generate(server, Provider.GOOGLE, width=1376, height=768, negative_prompt="rain")

    request = server.requests[0]
    body = json.loads(request.body)
    assert request.path == "/v1/models/gemini-nano-banana-2.1:generateContent"
    assert request.headers["x-goog-api-key"] == SECRET
    assert body["generationConfig"]["responseModalities"] == ["IMAGE"]
    assert body["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "1K"}
    assert body["contents"][0]["parts"][0]["text"] == "A cat / a dog? 100 % ünï\n\nAvoid: rain"
    assert image.params == {"aspect_ratio": "16:9", "image_size": "1K"}


def test_google_counts_what_it_charges_for(server: ScriptedServer) -> None:
    """E4."""
    server.response = ANSWERS[Provider.GOOGLE]

    image = generate(server, Provider.GOOGLE)

    assert image.usage == {
        Unit.TEXT_INPUT_TOKEN: 12,
        Unit.IMAGE_OUTPUT_TOKEN: 1120,
        Unit.TEXT_OUTPUT_TOKEN: 220,
    }
    on = datetime(2026, 11, 21, tzinfo=UTC).date()
    # 12 × 1.5 + 220 × 7.5 + 1120 × 30
    assert cost_micros(Provider.GOOGLE, "gemini-nano-banana-2.1", image.usage, on=on) == 35_268


def test_openai_is_asked_for_one_image_without_a_response_format(server: ScriptedServer) -> None:
    server.response = ANSWERS[Provider.OPENAI]

    image = generate(server, Provider.OPENAI, quality="high")

    request = server.requests[0]
    body = json.loads(request.body)
    assert request.path == "/v1/images/generations"
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert body == {
        "model": "gpt-image-2.5-flare",
        "prompt": "A cat / a dog? 100 % ünï",
        "size": "1024x1024",
        "quality": "high",
        "n": 1,
    }
    assert image.usage == {
        Unit.TEXT_INPUT_TOKEN: 10,
        Unit.IMAGE_INPUT_TOKEN: 20,
        Unit.TEXT_OUTPUT_TOKEN: 0,
        Unit.IMAGE_OUTPUT_TOKEN: 439,
    }


def test_openai_edits_where_there_are_references(server: ScriptedServer) -> None:
    """E6."""
    server.response = ANSWERS[Provider.OPENAI]
    references = (Reference(b"one", MediaType.PNG), Reference(b"two", MediaType.JPEG))

    generate(server, Provider.OPENAI, references=references)

    request = server.requests[0]
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    form = BytesParser(policy=policy.HTTP).parsebytes(head + request.body)
    sent = [part.get_payload(decode=True) for part in form.iter_parts() if part.get_filename()]
    assert request.path == "/v1/images/edits"
    assert sent == [b"one", b"two"]


def test_google_is_shown_references(server: ScriptedServer) -> None:
    """E6."""
    server.response = ANSWERS[Provider.GOOGLE]

    generate(server, Provider.GOOGLE, references=(Reference(b"one", MediaType.PNG),))

    part = json.loads(server.requests[0].body)["contents"][0]["parts"][1]["inlineData"]
    assert (part["mime_type"], base64.b64decode(part["data"])) == ("image/png", b"one")


def test_flux_of_cloudflare_gets_only_a_prompt_and_steps(
    server: ScriptedServer,
) -> None:
    server.response = ANSWERS[Provider.CLOUDFLARE]

    generate(server, Provider.CLOUDFLARE, negative_prompt="rain")

    request = server.requests[0]
    model = "@cf/black-forest-labs/flux-1-schnell"
    assert request.path == f"/client/v4/accounts/{KEY.account}/ai/run/{model}"
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert json.loads(request.body) == {"prompt": "A cat / a dog? 100 % ünï\n\nAvoid: rain", "steps": 4}


def test_cloudflare_may_answer_with_bare_bytes(server: ScriptedServer) -> None:
    server.response = ScriptedResponse(200, PICTURE, content_type="image/png")

    image = generate(
        server,
        Provider.CLOUDFLARE,
        model="@cf/bytedance/stable-diffusion-xl-lightning",
        width=512,
        seed=7,
        negative_prompt="rain",
    )

    body = json.loads(server.requests[0].body)
    assert image.data == PICTURE
    assert body == {
        "prompt": "A cat / a dog? 100 % ünï",
        "negative_prompt": "rain",
        "width": 512,
        "height": 1024,
        "seed": 7,
        "num_steps": 4,
    }


@pytest.mark.parametrize(("seed", "sent"), [(7, "7"), (None, "-1")])
def test_pollinations_has_the_prompt_in_its_path(server: ScriptedServer, seed: int | None, sent: str) -> None:
    server.response = ANSWERS[Provider.POLLINATIONS]

    image = generate(server, Provider.POLLINATIONS, seed=seed, negative_prompt="rain")

    address = urlsplit(server.requests[0].path)
    assert unquote(address.path) == "/image/A cat / a dog? 100 % ünï"
    assert address.path.count("/") == 2
    assert parse_qs(address.query) == {
        "model": ["flux"],
        "width": ["1024"],
        "height": ["1024"],
        "seed": [sent],
        "negative_prompt": ["rain"],
    }
    assert SECRET not in server.requests[0].path
    assert image.usage == {Unit.IMAGE: 1}


def test_an_answer_that_counts_nothing_has_no_usage(server: ScriptedServer) -> None:
    """E4: the cost then comes from the table."""
    server.response = response_of({"created": 1, "data": [{"b64_json": ENCODED}]})

    assert generate(server, Provider.OPENAI).usage is None


# What fails ---------------------------------------------------------------------------------------------


def google(status: int, name: str, *details: dict[str, Any]) -> ScriptedResponse:
    return response_of(
        {"error": {"code": status, "message": SECRET, "status": name, "details": details}}, status
    )


def openai(status: int, kind: str, code: str | None = None, **headers: str) -> ScriptedResponse:
    return response_of(
        {"error": {"message": SECRET, "type": kind, "param": None, "code": code}}, status, **headers
    )


def cloudflare(status: int, code: int, message: str = SECRET, **headers: str) -> ScriptedResponse:
    errors = [{"message": message, "code": code}]
    body = {"result": None, "success": False, "errors": errors, "messages": []}
    return response_of(body, status, **headers)


def pollinations(status: int, message: str = SECRET, **headers: str) -> ScriptedResponse:
    return response_of({"success": False, "error": {"message": message, "code": "X"}}, status, **headers)


def ended(reason: str) -> ScriptedResponse:
    return response_of({"candidates": [{"finishReason": reason}], "usageMetadata": {"promptTokenCount": 1}})


RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "21.5s"}
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
FAILURES: list[tuple[Provider, ScriptedResponse, Reason]] = [
    (Provider.GOOGLE, google(400, "INVALID_ARGUMENT"), Reason.BAD_REQUEST),
    (Provider.GOOGLE, google(400, "INVALID_ARGUMENT", BAD_KEY), Reason.BAD_KEY),
    (Provider.GOOGLE, google(400, "FAILED_PRECONDITION"), Reason.NO_BALANCE),
    (Provider.GOOGLE, google(403, "PERMISSION_DENIED"), Reason.BAD_KEY),
    (Provider.GOOGLE, google(404, "NOT_FOUND"), Reason.NO_MODEL),
    (Provider.GOOGLE, google(429, "RESOURCE_EXHAUSTED"), Reason.RATE_LIMITED),
    (Provider.GOOGLE, google(499, "CANCELLED"), Reason.TIMEOUT),
    (Provider.GOOGLE, google(500, "INTERNAL"), Reason.UNAVAILABLE),
    (Provider.GOOGLE, google(503, "UNAVAILABLE"), Reason.UNAVAILABLE),
    (Provider.GOOGLE, google(504, "DEADLINE_EXCEEDED"), Reason.UNAVAILABLE),
    (Provider.GOOGLE, ScriptedResponse(502, b"<html>", content_type="text/html"), Reason.UNAVAILABLE),
    (Provider.GOOGLE, response_of({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}), Reason.REFUSED),
    *(
        (Provider.GOOGLE, ended(reason), Reason.REFUSED)
        for reason in (
            "SAFETY",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "PROHIBITED_CONTENT",
            "RECITATION",
        )
    ),
    *(
        (Provider.GOOGLE, response_of({"promptFeedback": {"blockReason": reason}}), Reason.REFUSED)
        for reason in ("SAFETY", "OTHER", "BLOCKLIST", "IMAGE_SAFETY")
    ),
    (Provider.GOOGLE, ended("LANGUAGE"), Reason.BAD_REQUEST),
    (Provider.GOOGLE, ended("PUP_LIMITED_DISABLED"), Reason.BAD_KEY),
    *((Provider.GOOGLE, ended(reason), Reason.BAD_ANSWER) for reason in ("NO_IMAGE", "IMAGE_OTHER", "STOP")),
    (Provider.GOOGLE, ScriptedResponse(200, b"{"), Reason.BAD_ANSWER),
    (Provider.OPENAI, openai(400, "invalid_request_error"), Reason.BAD_REQUEST),
    (
        Provider.OPENAI,
        openai(400, "image_generation_user_error", "moderation_blocked"),
        Reason.REFUSED,
    ),
    (Provider.OPENAI, openai(400, "invalid_request_error", "content_policy_violation"), Reason.REFUSED),
    (Provider.OPENAI, openai(400, "invalid_request_error", "billing_hard_limit_reached"), Reason.NO_BALANCE),
    (Provider.OPENAI, openai(401, "invalid_request_error", "invalid_api_key"), Reason.BAD_KEY),
    (Provider.OPENAI, openai(403, "invalid_request_error"), Reason.BAD_KEY),
    (Provider.OPENAI, openai(404, "invalid_request_error", "model_not_found"), Reason.NO_MODEL),
    (Provider.OPENAI, openai(429, "requests", "rate_limit_exceeded"), Reason.RATE_LIMITED),
    (Provider.OPENAI, openai(429, "insufficient_quota", "insufficient_quota"), Reason.NO_BALANCE),
    (Provider.OPENAI, openai(500, "server_error"), Reason.UNAVAILABLE),
    (Provider.OPENAI, openai(503, "server_error"), Reason.UNAVAILABLE),
    (Provider.OPENAI, response_of({"created": 1, "data": []}), Reason.BAD_ANSWER),
    (Provider.OPENAI, response_of({"created": 1, "data": [{"b64_json": "%"}]}), Reason.BAD_ANSWER),
    (Provider.OPENAI, ScriptedResponse(200, b"{"), Reason.BAD_ANSWER),
    (Provider.CLOUDFLARE, cloudflare(400, 5007), Reason.NO_MODEL),
    (Provider.CLOUDFLARE, cloudflare(400, 5004), Reason.BAD_REQUEST),
    (Provider.CLOUDFLARE, cloudflare(400, 3003), Reason.BAD_REQUEST),
    *(
        (Provider.CLOUDFLARE, cloudflare(400, code, f"AiError: AiError: {message}"), Reason.REFUSED)
        for code in (3030, 8007)
        for message in (
            "Input prompt contains NSFW content",
            "Your output has been flagged. Please choose another prompt / input image combination (1)",
        )
    ),
    (Provider.CLOUDFLARE, cloudflare(400, 3030, "AiError: Model input is not valid"), Reason.BAD_REQUEST),
    (Provider.CLOUDFLARE, cloudflare(401, 10000), Reason.BAD_KEY),
    (Provider.CLOUDFLARE, cloudflare(403, 5018), Reason.BAD_KEY),
    (Provider.CLOUDFLARE, cloudflare(403, 5016), Reason.BAD_KEY),
    (Provider.CLOUDFLARE, cloudflare(403, 3023), Reason.BAD_KEY),
    (Provider.CLOUDFLARE, cloudflare(403, 3041), Reason.BAD_KEY),
    (Provider.CLOUDFLARE, cloudflare(404, 3042), Reason.NO_MODEL),
    (Provider.CLOUDFLARE, cloudflare(405, 5019), Reason.NO_MODEL),
    (Provider.CLOUDFLARE, cloudflare(408, 3007), Reason.TIMEOUT),
    (Provider.CLOUDFLARE, cloudflare(408, 3008), Reason.TIMEOUT),
    (Provider.CLOUDFLARE, cloudflare(413, 3006), Reason.BAD_REQUEST),
    (Provider.CLOUDFLARE, cloudflare(429, 3036), Reason.NO_BALANCE),
    (Provider.CLOUDFLARE, cloudflare(429, 3040), Reason.RATE_LIMITED),
    (Provider.CLOUDFLARE, cloudflare(500, 1), Reason.UNAVAILABLE),
    (
        Provider.CLOUDFLARE,
        ScriptedResponse(502, b"bad gateway", content_type="text/plain"),
        Reason.UNAVAILABLE,
    ),
    (Provider.CLOUDFLARE, response_of({"result": {}, "success": True, "errors": []}), Reason.BAD_ANSWER),
    (Provider.CLOUDFLARE, cloudflare(200, 1), Reason.BAD_ANSWER),
    (Provider.POLLINATIONS, pollinations(400), Reason.BAD_REQUEST),
    (Provider.POLLINATIONS, pollinations(400, "Blocked by content policy"), Reason.REFUSED),
    (Provider.POLLINATIONS, pollinations(401), Reason.BAD_KEY),
    (Provider.POLLINATIONS, pollinations(402), Reason.NO_BALANCE),
    (Provider.POLLINATIONS, pollinations(403), Reason.BAD_KEY),
    (Provider.POLLINATIONS, pollinations(429), Reason.RATE_LIMITED),
    (Provider.POLLINATIONS, pollinations(500), Reason.UNAVAILABLE),
    (Provider.POLLINATIONS, pollinations(502), Reason.UNAVAILABLE),
    (Provider.POLLINATIONS, response_of({"no": "image"}), Reason.BAD_ANSWER),
    (Provider.POLLINATIONS, ScriptedResponse(200, b"", content_type="image/jpeg"), Reason.BAD_ANSWER),
    *((provider, ScriptedResponse(503, b""), Reason.UNAVAILABLE) for provider in Provider),
    *((provider, ScriptedResponse(cut_at=0), Reason.CONNECTION) for provider in Provider),
]


@pytest.mark.parametrize(("provider", "answer", "reason"), FAILURES)
def test_a_failure_is_known_for_what_it_is_after_one_request(
    server: ScriptedServer, provider: Provider, answer: ScriptedResponse, reason: Reason
) -> None:
    server.response = answer

    with pytest.raises(ProviderFailure) as failed:
        generate(server, provider)

    assert failed.value.reason is reason
    assert len(server.requests) == 1
    assert SECRET not in failed.value.message


@pytest.mark.parametrize("provider", Provider)
def test_an_answer_that_breaks_off_is_a_lost_connection(server: ScriptedServer, provider: Provider) -> None:
    whole = ANSWERS[provider]
    server.response = ScriptedResponse(whole.status, whole.body, whole.headers, whole.content_type, cut_at=10)

    with pytest.raises(ProviderFailure) as failed:
        generate(server, provider)

    assert failed.value.reason is Reason.CONNECTION


@pytest.mark.parametrize("provider", Provider)
def test_an_answer_that_takes_too_long_is_given_up(server: ScriptedServer, provider: Provider) -> None:
    server.response = ScriptedResponse(seconds=1.5)

    with pytest.raises(ProviderFailure) as failed:
        generate(server, provider, seconds=0.3)

    assert failed.value.reason is Reason.TIMEOUT


@pytest.mark.parametrize("provider", Provider)
def test_a_provider_that_is_not_there_is_unavailable(provider: Provider) -> None:
    gone = ScriptedServer()
    gone.address = "http://127.0.0.1:9"

    with pytest.raises(ProviderFailure) as failed:
        generate(gone, provider)

    assert failed.value.reason in {Reason.UNAVAILABLE, Reason.CONNECTION}
    assert failed.value.is_transient


@pytest.mark.parametrize("provider", Provider)
def test_no_provider_is_called_when_there_is_no_time(server: ScriptedServer, provider: Provider) -> None:
    with pytest.raises(ProviderFailure) as failed:
        generate(server, provider, seconds=-1)

    assert failed.value.reason is Reason.UNAVAILABLE
    assert server.requests == []


@pytest.mark.parametrize(
    ("provider", "answer", "seconds"),
    [
        (Provider.GOOGLE, google(429, "RESOURCE_EXHAUSTED", RETRY_INFO), 21.5),
        (Provider.OPENAI, openai(429, "requests", Retry_After="3"), 3),
        (Provider.CLOUDFLARE, cloudflare(429, 3040, Retry_After="4"), 4),
        (Provider.POLLINATIONS, pollinations(429, Retry_After="5"), 5),
        (Provider.POLLINATIONS, pollinations(429, Retry_After="1000000"), 900),
    ],
)
def test_a_provider_says_when_to_come_again(
    server: ScriptedServer, provider: Provider, answer: ScriptedResponse, seconds: float
) -> None:
    """E3."""
    server.response = answer

    with pytest.raises(ProviderFailure) as failed:
        generate(server, provider)

    assert failed.value.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "wait",
    ["Wed, 21 Oct 2020 07:28:00 GMT", "-1", "nan", "inf", "", "1e3", "9" * 100, "Wed, 99 Oct 2026", "\xb2"],
)
def test_a_wait_that_is_not_in_the_future_is_ignored(server: ScriptedServer, wait: str) -> None:
    server.response = pollinations(429, Retry_After=wait)

    with pytest.raises(ProviderFailure) as failed:
        generate(server, Provider.POLLINATIONS)

    assert failed.value.retry_after is None


def test_a_wait_may_be_a_date_and_is_bounded(server: ScriptedServer) -> None:
    server.response = pollinations(429, Retry_After="Wed, 21 Oct 2099 07:28:00 GMT")

    with pytest.raises(ProviderFailure) as failed:
        generate(server, Provider.POLLINATIONS)

    assert failed.value.retry_after == timedelta(minutes=15)


@pytest.mark.parametrize("provider", Provider)
def test_an_error_that_repeats_key_and_prompt_shows_them_nowhere(
    server: ScriptedServer, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    caplog.set_level("WARNING", logger="asyncio")
    server.response = response_of(
        {"error": {"message": f"{SECRET} A cat", "details": [{"x": SECRET}], "code": {"a": SECRET}}}, 400
    )

    with pytest.raises(ProviderFailure) as failed:
        generate(server, provider)

    assert SECRET not in failed.value.message
    assert "A cat" not in failed.value.message
    records = [record for record in caplog.records if record.levelname != "DEBUG"]
    assert not any(SECRET in record.getMessage() or "A%20cat" in record.getMessage() for record in records)


@pytest.mark.parametrize("provider", Provider)
def test_a_key_that_cannot_stand_in_a_header_is_not_sent(server: ScriptedServer, provider: Provider) -> None:
    module = image_providers(
        {provider: server.address}, clock=SystemClock(), fetcher=lambda: MemoryFetcher({})
    )[provider]
    until = datetime.now(UTC) + timedelta(seconds=5)

    with pytest.raises(ProviderFailure) as failed:
        module.generate(request_to(provider), key=ProviderKey("two\nlines", KEY.account), until=until)

    assert failed.value.reason is Reason.BAD_KEY
    assert server.requests == []


def test_a_key_is_not_in_its_own_text_form() -> None:
    """E8."""
    assert SECRET not in repr(KEY)

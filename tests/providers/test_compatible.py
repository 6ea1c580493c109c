"""Servers that are compatible with OpenAI's API stand behind the provider `openai`, with the answers they document."""

import base64
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from image_store.adapters.providers import image_providers
from image_store.adapters.system import SystemClock
from image_store.domain.generation.providers import (
    ImageRequest,
    Provider,
    ProviderFailure,
    ProviderKey,
    ProviderPicture,
    Reason,
    Reference,
)
from image_store.domain.images.media import MediaType
from image_store.ports.images import RemoteFile
from local.providers.compatible import COMPATIBLE
from local.providers.stand_in import KEY
from tests.fakes.fetcher import MemoryFetcher
from tests.pictures import png
from tests.providers.scripted import ScriptedResponse, ScriptedServer, scripted_server
from tests.providers.stand_ins import stand_in_server

pytestmark = pytest.mark.loopback

PICTURE = png(16, 8)
REFERENCE = Reference(png(8, 8), MediaType.PNG)
SERVERS = [stand_in.name for stand_in in COMPATIBLE]
FAILURES = [(stand_in.name, mode) for stand_in in COMPATIBLE for mode in stand_in.failures]
EDITORS = [
    stand_in.name for stand_in in COMPATIBLE if any(path.endswith("edits") for _, path in stand_in.routes)
]


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[str]:
    with stand_in_server() as address:
        yield address


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with scripted_server() as script:
        yield script


def generate(
    address: str, prompt: str = "A lighthouse", *, fetcher: MemoryFetcher | None = None, **more: Any
) -> ProviderPicture:
    """Have the shipped module ask a server; public URLs lead to nothing, unless `fetcher` has them."""
    fetches = fetcher or MemoryFetcher({})
    module = image_providers({Provider.OPENAI: address}, clock=SystemClock(), fetcher=lambda: fetches)
    request = ImageRequest(model="some/model", prompt=prompt, width=512, height=256, **more)
    until = datetime.now(UTC) + timedelta(seconds=20)
    return module[Provider.OPENAI].generate(request, key=ProviderKey(KEY), until=until)


def answer(body: object, status: int = 200) -> ScriptedResponse:
    return ScriptedResponse(status, json.dumps(body).encode())


def size_of(picture: ProviderPicture) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture.data)) as image:
        return image.size


# Stand-ins of whole servers -----------------------------------------------------------------------------


@pytest.mark.parametrize("server", SERVERS)
def test_each_server_draws_the_background_and_the_format(stand_ins: str, server: str) -> None:
    picture = generate(f"{stand_ins}/{server}/v1", background="transparent", output_format="webp")

    with Image.open(io.BytesIO(picture.data)) as image:
        assert (image.format, image.getchannel("A").histogram()[0] > 0) == ("WEBP", True)


def test_a_server_is_sent_a_background_and_a_format_only_if_they_are_requested(
    scripted: ScriptedServer,
) -> None:
    scripted.response = answer({"data": [{"b64_json": base64.b64encode(PICTURE).decode()}]})

    generate(f"{scripted.address}/v1")

    assert json.loads(scripted.requests[0].body).keys() == {"model", "prompt", "size", "n"}


@pytest.mark.parametrize("server", SERVERS)
def test_each_server_draws_the_picture(stand_ins: str, server: str) -> None:
    picture = generate(f"{stand_ins}/{server}/v1")

    assert size_of(picture) == (512, 256)
    assert picture.pictures == 1


@pytest.mark.parametrize("server", ["litellm", "vllm"])
def test_a_server_without_usage_reports_none(stand_ins: str, server: str) -> None:
    picture = generate(f"{stand_ins}/{server}/v1")

    assert (picture.usage, picture.usage_is_readable) == (None, True)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("server", EDITORS)
def test_references_are_sent_to_the_edits_of_a_server(stand_ins: str, server: str, count: int) -> None:
    picture = generate(f"{stand_ins}/{server}/v1", references=(REFERENCE,) * count)

    assert size_of(picture) == (512, 256)


def test_a_server_without_edits_leaves_references_to_other_providers(stand_ins: str) -> None:
    with pytest.raises(ProviderFailure) as failed:
        generate(f"{stand_ins}/localai/v1", references=(REFERENCE,))

    assert failed.value.reason is Reason.NO_MODEL


@pytest.mark.parametrize(("server", "mode"), FAILURES)
def test_each_server_fails_in_its_own_words(stand_ins: str, server: str, mode: str) -> None:
    with pytest.raises(ProviderFailure) as failed:
        generate(f"{stand_ins}/{server}/v1", f"A cat [[{mode}]]")

    assert failed.value.reason == mode
    assert not failed.value.is_paid


# Single answers -----------------------------------------------------------------------------------------

LITELLM = "litellm.ContentPolicyViolationError: AzureException - The response was filtered"
ERRORS: dict[str, tuple[Any, int, Reason]] = {
    "a text": ({"error": "no model is loaded"}, 503, Reason.UNAVAILABLE),
    "a text with success": ({"error": "no model is loaded"}, 200, Reason.BAD_ANSWER),
    "an object without a code": ({"error": {"message": "no"}}, 400, Reason.BAD_REQUEST),
    "an object without a code, with success": ({"error": {"message": "no"}}, 200, Reason.BAD_ANSWER),
    "a list": ({"error": ["no"]}, 400, Reason.BAD_REQUEST),
    "a status in a code, with success": ({"error": {"code": 429}}, 200, Reason.RATE_LIMITED),
    "a status as a text, with success": ({"error": {"code": "400"}}, 200, Reason.BAD_REQUEST),
    "a code that is no status, with success": ({"error": {"code": 7}}, 200, Reason.BAD_ANSWER),
    "a status in a code that is another": ({"error": {"code": 400}}, 503, Reason.UNAVAILABLE),
    "a refusal, with success": ({"error": {"code": "content_policy_violation"}}, 200, Reason.REFUSED),
    "a code as the error": ({"error": "content_policy_violation"}, 400, Reason.REFUSED),
    "Azure": ({"error": {"code": "contentFilter", "message": "x"}}, 400, Reason.REFUSED),
    "LiteLLM": ({"error": {"message": LITELLM, "type": None, "code": "400"}}, 400, Reason.REFUSED),
    "LiteLLM, twice": (
        {"error": {"message": f"litellm.BadRequestError: {LITELLM}", "code": "400"}},
        400,
        Reason.REFUSED,
    ),
    "a prompt that names LiteLLM's error": (
        {"error": {"message": f"The prompt {LITELLM} is too long", "code": "400"}},
        400,
        Reason.BAD_REQUEST,
    ),
    "a problem of another image store": ({"code": "content_refused", "status": 422}, 422, Reason.REFUSED),
    "its budget": ({"code": "budget_exceeded", "status": 429}, 429, Reason.NO_BALANCE),
    "its rate limit": ({"code": "rate_limited", "status": 429}, 429, Reason.RATE_LIMITED),
    "vLLM, in the body itself": ({"object": "error", "message": "x", "code": 404}, 200, Reason.NO_MODEL),
    "FastAPI": ({"detail": [{"loc": ["body", "prompt"], "msg": "required"}]}, 422, Reason.BAD_REQUEST),
    "a gateway": ({"message": "Unauthorized"}, 401, Reason.BAD_KEY),
}


@pytest.mark.parametrize("how", ERRORS)
def test_an_error_is_known_in_whatever_form_it_comes_and_costs_nothing(
    scripted: ScriptedServer, how: str
) -> None:
    body, status, reason = ERRORS[how]
    scripted.response = answer(body, status)

    with pytest.raises(ProviderFailure) as failed:
        generate(f"{scripted.address}/v1")

    assert (failed.value.reason, failed.value.is_paid) == (reason, False)
    assert len(scripted.requests) == 1


RELATIVE = {
    "/generated-images/1.png": "/generated-images/1.png",
    "1.png?sig=a%2Fb": "/v1/images/1.png?sig=a%2Fb",
    "../files/1.png": "/v1/files/1.png",
}


@pytest.mark.parametrize("link", RELATIVE)
def test_a_relative_link_belongs_to_the_server_that_answered(scripted: ScriptedServer, link: str) -> None:
    scripted.response = answer({"data": [{"url": link, "b64_json": None}]})
    scripted.next_responses.append(ScriptedResponse(200, PICTURE, content_type="application/octet-stream"))

    picture = generate(f"{scripted.address}/v1")

    assert picture.data == PICTURE
    assert scripted.requests[1].path == RELATIVE[link]
    assert "authorization" not in scripted.requests[1].headers


@pytest.mark.parametrize(
    "link", ["//127.0.0.1:9/x.png", "http://127.0.0.1:9/x.png", "http://localhost:9/x.png"]
)
def test_only_the_configured_origin_is_private_and_allowed(scripted: ScriptedServer, link: str) -> None:
    scripted.response = answer({"data": [{"url": link}]})

    with pytest.raises(ProviderFailure) as failed:
        generate(f"{scripted.address}/v1")

    assert failed.value.is_paid
    assert len(scripted.requests) == 1


def redirect(location: str, status: int = 302) -> ScriptedResponse:
    return ScriptedResponse(status, b"", {"Location": location})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_link_may_redirect_within_its_server(scripted: ScriptedServer, status: int) -> None:
    scripted.response = answer({"data": [{"url": "/1.png"}]})
    scripted.next_responses += [redirect("/files/1.png", status), ScriptedResponse(200, PICTURE)]

    picture = generate(f"{scripted.address}/v1")

    assert picture.data == PICTURE
    assert [request.path for request in scripted.requests[1:]] == ["/1.png", "/files/1.png"]


def test_a_link_that_redirects_elsewhere_is_read_by_the_rules_of_remote_urls(
    scripted: ScriptedServer,
) -> None:
    scripted.response = answer({"data": [{"url": "/1.png"}]})
    scripted.next_responses += [redirect("https://cdn.example/1.png?sig=a%2Fb")]
    fetcher = MemoryFetcher({"https://cdn.example/1.png?sig=a%2Fb": RemoteFile(PICTURE, "image/png")})

    picture = generate(f"{scripted.address}/v1", fetcher=fetcher)

    assert picture.data == PICTURE
    assert [request.path for request in scripted.requests[1:]] == ["/1.png"]


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "/1.png",
        "",
        "http://user@localhost/",
        "http://[::1",
    ],
)
def test_a_redirect_into_the_network_or_in_a_circle_brings_nothing(
    scripted: ScriptedServer, location: str
) -> None:
    scripted.response = answer({"data": [{"url": "/1.png"}]})
    scripted.next_responses += [redirect(location)] * 12

    with pytest.raises(ProviderFailure) as failed:
        generate(f"{scripted.address}/v1")

    assert failed.value.is_paid
    assert {request.path for request in scripted.requests[1:]} == {"/1.png"}
    assert len(scripted.requests) <= 1 + 3 * 4


def test_one_reference_is_named_as_every_server_knows_it(scripted: ScriptedServer) -> None:
    scripted.response = ScriptedResponse(200, PICTURE, content_type="image/png")

    generate(f"{scripted.address}/v1", references=(REFERENCE,))

    assert b'name="image";' in scripted.requests[0].body
    assert b'name="image[]"' not in scripted.requests[0].body

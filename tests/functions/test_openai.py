"""OpenAI's images API, as its clients use it (E1, E2, F7)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.callers.credential import CallerCredential
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.callers.scopes import Scope
from image_store.domain.generation.providers import Provider, ProviderFailure, ProviderPicture, Reason
from tests.functions.deployment import Deployment, event, from_owner, sent_bytes
from tests.functions.openai_requests import (
    API,
    BEARER,
    MADE,
    UploadsInTheDeployment,
    answered,
    form,
    given_key,
    images_request,
    opened,
    refused,
    signed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SENT = sent_bytes("upload/raw")


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    return opened(deployed)


def image(store: Deployment, image_id: str) -> Any:
    """An image as its owner sees it."""
    sent = from_owner(event("retrieve/image"), "alice")
    old = sent["pathParameters"]["image_id"]
    text = json.dumps(sent).replace(old, image_id)
    return store.call(json.loads(text), function="retrieve").json


# Images -------------------------------------------------------------------------------------------------


def test_images_come_in_the_answer_and_are_stored(store: Deployment) -> None:
    answer = answered(store, images_request())

    assert answer.status == 200
    data = answer.json["data"]
    assert [base64.b64decode(each["b64_json"]) for each in data] == [MADE, MADE]
    assert [each["model"] for each in data] == ["pollinations/flux"] * 2
    assert answer.json["output_format"] == "png"
    assert answer.json.keys() == {"created", "data", "size", "output_format"}
    ids = [each["image_id"] for each in data]
    assert answer.headers["x-image-store-image-ids"] == ",".join(ids)
    assert answer.headers["x-image-store-cost-usd"] == "0.004000"
    assert answer.headers["x-request-id"] == event("openai/generation")["requestContext"]["requestId"]
    stored = image(store, ids[0])
    assert (stored["kind"], stored["visibility"]) == ("generated", "private")
    assert stored["groups"] == {"user": ["u1"]}


def test_a_url_is_that_of_an_unlisted_image(store: Deployment) -> None:
    data = answered(store, images_request(response_format="url", n=1)).json["data"]

    stored = image(store, data[0]["image_id"])
    assert data[0]["url"] == stored["public_url"]
    assert data[0]["url"].startswith(f"{API}/i/")
    assert stored["visibility"] == "unlisted"


@pytest.mark.parametrize(
    ("model", "content"),
    [
        ("pollinations/flux", "url"),
        ("openai/gpt-image-2", "b64_json"),
        ("gpt-image-2", "b64_json"),
        (None, "url"),
    ],
)
def test_without_a_format_an_image_comes_as_openai_documents_it(
    store: Deployment, model: str | None, content: str
) -> None:
    [data] = answered(store, images_request(model=model, response_format=None, n=1)).json["data"]

    assert content in data


def test_a_stream_has_an_event_for_each_image(store: Deployment) -> None:
    answer = answered(store, images_request(stream=True, partial_images=2))

    assert answer.headers["Content-Type"] == "text/event-stream"
    events = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    assert [lines[0] for lines in events] == ["event: image_generation.completed"] * 2
    data = [json.loads(lines[1].removeprefix("data: ")) for lines in events]
    assert [each["type"] for each in data] == ["image_generation.completed"] * 2
    assert [base64.b64decode(each["b64_json"]) for each in data] == [MADE, MADE]
    assert all(each["created_at"] for each in data)


def test_fields_that_are_null_are_not_there(store: Deployment) -> None:
    sent = images_request()
    body = {
        "prompt": "A fox",
        **dict.fromkeys(["n", "size", "quality", "model", "user", "stream", "background"]),
    }
    sent["body"] = json.dumps(body)

    assert answered(store, sent).status == 200


@pytest.mark.parametrize(
    "name",
    ["auto", "cloudflare/@cf/black-forest-labs/flux-1-schnell", "@cf/black-forest-labs/flux-1-schnell"],
)
def test_a_model_has_one_name_with_its_provider_and_one_without(store: Deployment, name: str) -> None:
    answer = answered(store, images_request(model=name, n=1))

    assert answer.status == 200
    expected = "pollinations/flux" if name == "auto" else "cloudflare/@cf/black-forest-labs/flux-1-schnell"
    assert answer.json["data"][0]["model"] == expected


@pytest.mark.parametrize(
    ("model", "requested", "expected"),
    [
        ("openai/gpt-image-2", "high", "high"),
        ("openai/gpt-image-2", "auto", "medium"),
        ("pollinations/flux", "high", None),
    ],
)
def test_the_answer_names_the_quality_that_the_model_made(
    store: Deployment, model: str, requested: str, expected: str | None
) -> None:
    answer = answered(store, images_request(model=model, quality=requested, n=1))

    assert (answer.status, answer.json.get("quality")) == (200, expected)


def test_background_and_format_are_those_of_the_request(store: Deployment) -> None:
    answer = answered(
        store,
        images_request(
            model="openai/gpt-image-2.5-flare", n=1, background="transparent", output_format="webp"
        ),
    )

    assert answer.status == 200
    [(request, _)] = store.providers[Provider.OPENAI].asked
    assert (request.background, request.output_format) == ("transparent", "webp")


def test_no_other_model_makes_the_images_of_a_named_one(store: Deployment) -> None:
    failure = ProviderFailure(Reason.NO_BALANCE, "The account has no balance.")
    store.providers[Provider.POLLINATIONS].answer = lambda _: failure

    assert refused(store, images_request()) == (502, "provider_failed", None)
    assert answered(store, images_request(model="auto", n=1)).json["data"][0]["model"] != "pollinations/flux"


def test_what_exists_of_a_partly_failed_request_is_answered(store: Deployment) -> None:
    answers: list[Any] = [ProviderPicture(data=MADE), ProviderFailure(Reason.REFUSED, "No.")]
    store.providers[Provider.POLLINATIONS].answer = lambda _: answers.pop(0)

    answer = answered(store, images_request())

    assert answer.status == 200
    assert len(answer.json["data"]) == 1


# Edits --------------------------------------------------------------------------------------------------


def uploads(store: Deployment) -> UploadsInTheDeployment:
    """The uploads that a deployment has taken for edits."""
    port = store.ports.reference_uploads
    assert isinstance(port, UploadsInTheDeployment)
    return port


def test_an_edit_is_made_from_stored_images(store: Deployment) -> None:
    answer = answered(store, signed(event("openai/edit"), image_store_owner="alice"))

    [data] = answer.json["data"]
    assert base64.b64decode(data["b64_json"]) == MADE
    [reference] = image(store, data["image_id"])["generation"]["reference_ids"]
    assert image(store, reference)["kind"] == "reference"
    assert uploads(store).credentials == [CallerCredential(BEARER.split()[1], "alice")]


@pytest.mark.parametrize(
    ("credential", "named", "owner"),
    [
        (f"{BEARER}\u3000\n", "%61lice", "alice"),
        (f"\u00a0{BEARER.replace('Bearer', 'bearer')}", None, None),
        ("acting", "日本 1", "日本 1"),
    ],
)
def test_what_surrounds_a_credential_is_not_sent_on(
    store: Deployment, credential: str, named: str | None, owner: str | None
) -> None:
    if credential == "acting":
        credential = given_key(store, scopes={Scope.WRITE_GENERATIONS, Scope.WRITE_IMAGES, Scope.ACT_AS})
    headers = {} if named is None else {"image_store_owner": named}

    answered(store, signed(event("openai/edit"), credential, **headers))

    assert uploads(store).credentials == [CallerCredential(credential.split()[1], owner)]


def test_the_parts_of_an_edit_come_in_any_order(store: Deployment) -> None:
    sent = form(
        ('name="image"; filename="C:\\a.png"', SENT),
        ('name="n"', b"2"),
        ('name="image[]"; filename="b.png"', SENT),
        ('name="stream"', b"true"),
        ('name="model"', b"openai/gpt-image-2"),
        ('name="prompt"', "Schnee\u2028".encode()[:6]),
    )

    answer = answered(store, sent)

    assert answer.text.count("event: image_edit.completed\n") == 2
    assert len(uploads(store).images) == 2


def test_an_edit_in_json_names_its_images_by_addresses(store: Deployment) -> None:
    sent = signed(event("openai/generation"))
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = "/openai/v1/images/edits"
    images = [{"image_url": "https://a.example/b.png", "file_id": None}]
    body = {"prompt": "Snow", "model": "gpt-image-2", "images": images}

    assert answered(store, sent | {"body": json.dumps(body)}).status == 200
    for image in ({"file_id": "file-1"}, {"image_url": "https://a.example", "file_id": "file-1"}, {}):
        by_file = json.dumps({**body, "images": [image]})
        assert refused(store, sent | {"body": by_file}) == (400, "unsupported_parameter", "images")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([('name="prompt"', b"Snow")], (400, "missing_required_parameter", "image")),
        ([('name="image"; filename="a"', SENT)], (400, "missing_required_parameter", "prompt")),
        ([('name="image"; filename="a"', b""), ('name="prompt"', b"Snow")], (400, "invalid_value", "image")),
        (
            [('name="image"; filename="a"', b"no picture"), ('name="prompt"', b"Snow")],
            (400, "invalid_image_file", "image"),
        ),
        ([('name="prompt"', b"Snow"), ('name="prompt"', b"Snow")], (400, "invalid_value", "prompt")),
        (
            [('name="image"', SENT), ('name="prompt"', b"a"), ('name="mask"; filename="m"', SENT)],
            (400, "unsupported_parameter", "mask"),
        ),
        (
            [('name="image"', SENT), ('name="prompt"', b"a"), ('name="input_fidelity"', b"high")],
            (400, "unsupported_parameter", "input_fidelity"),
        ),
        ([('name="svg[model]"', b"a"), ('name="prompt"', b"a")], (400, "unknown_parameter", "svg[model]")),
        (
            [('name="image"', SENT), ('name="prompt"', b"a"), ('name="model"', b"pollinations/flux")],
            (400, "invalid_value", "model"),
        ),
        ([("x", b"")] * 41, (400, "invalid_value", None)),
    ],
)
def test_an_edit_that_cannot_be_made_is_refused_by_its_part(
    store: Deployment, parts: list[tuple[str, bytes]], expected: tuple[int, str, str | None]
) -> None:
    assert refused(store, form(*parts)) == expected
    assert store.to_generate.waiting == []


# Refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"prompt": None}, (400, "missing_required_parameter", "prompt")),
        ({"prompt": ""}, (400, "invalid_value", "prompt")),
        ({"prompt": 7}, (400, "invalid_type", "prompt")),
        ({"prompt": "x" * 16_001}, (400, "invalid_value", "prompt")),
        ({"n": "2"}, (400, "invalid_type", "n")),
        ({"n": 11}, (400, "invalid_value", "n")),
        ({"n": 0}, (400, "invalid_value", "n")),
        ({"size": "huge"}, (400, "invalid_value", "size")),
        ({"size": "9000x16"}, (400, "invalid_value", "size")),
        ({"quality": "best"}, (400, "invalid_value", "quality")),
        ({"response_format": "png"}, (400, "invalid_value", "response_format")),
        ({"response_format": "url", "stream": True}, (400, "invalid_value", "response_format")),
        ({"partial_images": 4, "stream": True}, (400, "invalid_value", "partial_images")),
        ({"partial_images": 1}, (400, "invalid_value", "partial_images")),
        ({"background": "transparent"}, (400, "invalid_value", "background")),
        ({"background": "red"}, (400, "invalid_value", "background")),
        ({"output_format": "webp"}, (400, "invalid_value", "output_format")),
        ({"output_format": "svg"}, (400, "invalid_value", "output_format")),
        (
            {"model": "gpt-image-2", "background": "transparent", "output_format": "jpeg"},
            (400, "invalid_value", "output_format"),
        ),
        ({"output_compression": 50}, (400, "unsupported_parameter", "output_compression")),
        ({"moderation": "low"}, (400, "unsupported_parameter", "moderation")),
        ({"style": "vivid"}, (400, "unknown_parameter", "style")),
        ({"seed": 7}, (400, "unknown_parameter", "seed")),
        ({"x" * 200: 7}, (400, "unknown_parameter", "x" * 64)),
        ({"user": "a\u0000b"}, (400, "invalid_value", "user")),
        ({"user": "x" * 200}, (400, "invalid_value", "user")),
        ({"model": "dall-e-3"}, (404, "model_not_found", "model")),
        ({"model": "google/flux"}, (404, "model_not_found", "model")),
        ({"model": "pollinations/"}, (404, "model_not_found", "model")),
        ({"model": "x" * 300}, (404, "model_not_found", "model")),
        ({"model": 1}, (400, "invalid_type", "model")),
    ],
)
def test_a_request_that_cannot_be_made_is_refused_by_its_parameter(
    store: Deployment, changes: dict[str, Any], expected: tuple[int, str, str | None]
) -> None:
    assert refused(store, images_request(**changes)) == expected
    assert store.to_generate.waiting == []


@pytest.mark.parametrize("body", ["", "[]", "{", '"x"', "null", '{"prompt": NaN}'])
def test_what_is_no_request_for_images_is_refused(store: Deployment, body: str) -> None:
    status, _, param = refused(store, images_request() | {"body": body})

    assert (status, param) == (400, None)


def test_a_model_that_nobody_has_a_key_for_is_not_found(deployed: Callable[..., Deployment]) -> None:
    store = opened(deployed, PROVIDERS="pollinations")

    assert refused(store, images_request(model="openai/gpt-image-2")) == (404, "model_not_found", "model")
    assert refused(store, request_of_model("google/gemini-3-pro-image"))[:2] == (404, "model_not_found")


def request_of_model(name: str) -> dict[str, Any]:
    """A question for one model."""
    sent = signed(event("openai/model"))
    sent["rawPath"] = f"/openai/v1/models/{name}"
    return sent


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/openai/v1/images/generations", (405, "method_not_allowed")),
        ("POST", "/openai/v1/models", (405, "method_not_allowed")),
        ("POST", "/openai/v1/images/variations", (404, "unknown_url")),
        ("GET", "/", (404, "unknown_url")),
        ("GET", "/openai/v1/models/", (404, "unknown_url")),
        ("DELETE", "/openai/v1/models/pollinations%2Fflux", (405, "method_not_allowed")),
    ],
)
def test_another_address_or_method_has_an_answer_of_the_same_shape(
    store: Deployment, method: str, path: str, expected: tuple[int, str]
) -> None:
    sent = signed(event("openai/models"))
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = path
    sent["requestContext"]["http"]["method"] = method

    assert refused(store, sent)[:2] == expected


def test_names_of_headers_are_read_in_any_case(store: Deployment) -> None:
    sent = images_request(n=1)
    sent["headers"] = {name.title(): value for name, value in sent["headers"].items()}

    assert answered(store, sent).status == 200


def test_a_base_that_ends_in_a_slash_works(store: Deployment) -> None:
    sent = signed(event("openai/models"))

    assert answered(store, sent | {"rawPath": "/openai/v1//models"}).status == 200


# Callers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("authorization", ["", "Basic YTpi", f"{BEARER}x", "Bearer nothing"])
def test_only_callers_with_a_good_credential_are_served(store: Deployment, authorization: str) -> None:
    sent = signed(images_request(), authorization)
    sent["requestContext"]["authorizer"] = event("generations/begin")["requestContext"]["authorizer"]

    answer = answered(store, sent)

    assert (answer.status, answer.json["error"]["code"]) == (401, "invalid_api_key")
    assert answer.headers["WWW-Authenticate"]
    assert bool(store.lambda_client.invoked) == bool(authorization)
    assert answered(store, images_request() | {"headers": None}).status == 401


def test_a_key_needs_the_scopes_of_what_it_requests(store: Deployment) -> None:
    generating = given_key(store, scopes={Scope.WRITE_GENERATIONS})
    reading = given_key(store, "fedcba9876543210", scopes={Scope.READ_IMAGES})

    assert answered(store, signed(images_request(n=1), generating)).status == 200
    assert refused(store, signed(event("openai/edit"), generating))[:2] == (403, "scope_required")
    assert refused(store, signed(images_request(), reading))[:2] == (403, "scope_required")


def test_only_a_key_that_may_act_for_others_requests_images_for_them(store: Deployment) -> None:
    acting = given_key(store, scopes={Scope.WRITE_GENERATIONS, Scope.ACT_AS})

    assert refused(store, signed(images_request(n=1), image_store_owner="bob"))[:2] == (
        403,
        "act_as_required",
    )
    assert answered(store, signed(images_request(n=1), acting, image_store_owner="bob")).status == 200


def test_the_limits_of_a_key_hold(store: Deployment) -> None:
    slow = given_key(store, limits=KeyLimits(requests_per_minute=1))
    first = answered(store, signed(event("openai/models"), slow))
    second = answered(store, signed(event("openai/models"), slow))

    assert first.status == 200
    assert (second.status, second.json["error"]["code"]) == (429, "rate_limit_exceeded")
    assert (second.headers["x-should-retry"], int(second.headers["Retry-After"]) > 0) == ("true", True)

    small = given_key(store, "fedcba9876543210", limits=KeyLimits(images_per_day=1))
    assert refused(store, signed(images_request(), small)) == (429, "insufficient_quota", None)


def test_a_request_that_a_key_may_not_send_uses_up_nothing_of_it(store: Deployment) -> None:
    slow = given_key(store, scopes={Scope.WRITE_GENERATIONS}, limits=KeyLimits(requests_per_minute=1))

    assert answered(store, signed(event("openai/edit"), slow)).status == 403
    assert answered(store, signed(event("openai/models"), slow)).status == 200
    assert answered(store, signed(event("openai/models"), slow)).status == 429


def test_a_used_up_budget_is_no_reason_to_try_again(deployed: Callable[..., Deployment]) -> None:
    store = opened(deployed, BUDGET_OWNER_DAILY="0.003")

    answer = answered(store, images_request())

    assert (answer.status, answer.json["error"]["code"]) == (429, "insufficient_quota")
    assert answer.headers["x-should-retry"] == "false"


# Models -------------------------------------------------------------------------------------------------


def test_models_are_listed_with_their_providers(store: Deployment) -> None:
    answer = answered(store, signed(event("openai/models")))

    names = [each["id"] for each in answer.json["data"]]
    assert answer.json["object"] == "list"
    assert names[0] == "auto"
    assert {"pollinations/flux", "openai/gpt-image-2"} <= set(names)
    assert all(each.keys() == {"id", "object", "created", "owned_by"} for each in answer.json["data"])


@pytest.mark.parametrize("name", ["pollinations%2Fflux", "pollinations/flux", "flux", "auto"])
def test_a_model_is_found_by_each_of_its_names(store: Deployment, name: str) -> None:
    answer = answered(store, request_of_model(name))

    assert answer.json["id"] == name.replace("%2F", "/")

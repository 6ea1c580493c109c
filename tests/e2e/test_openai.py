"""OpenAI's own Python SDK, with the store behind it (E1, E2, F7)."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store.entrypoints.generation.openai.requests import RETRY_COUNT
from tests.e2e import anyone
from tests.e2e.node_scripts import run_script
from tests.e2e.test_generation import failing
from tests.e2e.test_readme import ROOT, shell_blocks, type_lines
from tests.pictures import png

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

    import openai

    from tests.e2e.conftest import Stack

MODEL = "pollinations/flux"
JPEG, PNG, WEBP = b"\xff\xd8\xff", b"\x89PNG", b"RIFF"


@pytest.fixture
def owner() -> str:
    return f"painter-{uuid.uuid4()}"


@pytest.fixture
def client(stack: Stack, owner: str) -> Iterator[openai.OpenAI]:
    """The SDK as its users make it: with a base address and a key."""
    import openai  # here, because every process that collects this file would wait seconds for it

    with openai.OpenAI(base_url=stack.described["openai_url"], api_key=stack.token(owner)) as sdk:
        yield sdk


@pytest.fixture(scope="module", autouse=True)
def very_slow_answer(stack: Stack) -> Iterator[Future[Any]]:
    """The answer to a request that is sent before all others and takes a minute."""
    import openai

    def ask() -> Any:
        key = stack.token("patient-painter")
        with openai.OpenAI(base_url=stack.described["openai_url"], api_key=key, max_retries=0) as sdk:
            return raw(sdk, prompt="A very slow fox [[very_slow]]")

    with ThreadPoolExecutor(max_workers=1) as thread:
        yield thread.submit(ask)


def raw(client: openai.OpenAI, **fields: Any) -> Any:
    """The response to a request with its headers."""
    return client.images.with_raw_response.generate(model=MODEL, response_format="b64_json", **fields)


def test_images_come_as_bytes_or_as_an_address(stack: Stack, client: openai.OpenAI, owner: str) -> None:
    answer = raw(client, prompt="A red fox", n=2, size="512x512", user="u1")
    images = answer.parse()
    [address] = client.images.generate(model=MODEL, prompt="A yak", response_format="url").data or []

    assert [base64.b64decode(image.b64_json).startswith(JPEG) for image in images.data] == [True, True]
    assert images.output_format == "jpeg"
    assert answer.headers["x-image-store-cost-usd"] == "0.004000"
    ids = answer.headers["x-image-store-image-ids"].split(",")
    with stack.http(owner) as api:
        job = api.get(f"/v1/generations/{answer.headers['x-image-store-job-id']}").json()
        assert [item["image_id"] for item in job["items"]] == ids
        cards = api.get("/v1/images", params={"group": "user:u1"}).json()["items"]
        assert {card["id"] for card in cards} == set(ids)
    public = httpx.get(str(address.url), follow_redirects=True, timeout=30)
    assert public.status_code == 200
    assert public.headers["content-type"].startswith("image/")


def test_a_stream_ends_with_each_image(client: openai.OpenAI) -> None:
    stream = client.images.generate(model=MODEL, prompt="A fox", n=2, stream=True, partial_images=1)
    events = list(stream)

    assert [type(event).__name__ for event in events] == ["ImageGenCompletedEvent"] * 2
    assert all(base64.b64decode(str(event.b64_json)).startswith(JPEG) for event in events)


def test_edits_are_made_from_files(stack: Stack, client: openai.OpenAI, owner: str) -> None:
    answer = client.images.edit(
        model="openai/gpt-image-2",
        prompt="With snow",
        image=[("C:\\photos\\a fox.png", png(60, 40)), png(50, 40)],
        n=2,
    )
    stream = client.images.edit(model="gpt-image-2", prompt="At night", image=png(60, 40), stream=True)
    events = list(stream)

    assert len(answer.data or []) == 2
    assert [type(event).__name__ for event in events] == ["ImageEditCompletedEvent"]
    image_id = (answer.data or [])[0].model_extra["image_id"]  # type: ignore[index]
    with stack.http(owner) as api:
        references = api.get(f"/v1/images/{image_id}").json()["generation"]["reference_ids"]
        stored = [api.get(f"/v1/images/{each}").json() for each in references]
    assert [(each["kind"], each["width"]) for each in stored] == [("reference", 60), ("reference", 50)]


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]

    assert {"auto", MODEL, "openai/gpt-image-2"} <= set(names)
    assert [client.models.retrieve(name).id for name in names] == names


def test_each_kind_of_error_is_that_of_the_sdk(stack: Stack, client: openai.OpenAI) -> None:
    import openai

    with pytest.raises(openai.NotFoundError) as unknown:
        client.images.generate(model="dall-e-3", prompt="A fox")
    with pytest.raises(openai.BadRequestError) as wrong:
        client.images.generate(model="openai/gpt-image-2", prompt="A fox", size="9000x16")
    with pytest.raises(openai.BadRequestError) as unsupported:
        client.images.generate(model=MODEL, prompt="A fox", style="vivid")
    with pytest.raises(openai.BadRequestError) as broken:
        client.images.edit(model="gpt-image-2", prompt="A fox", image=b"no picture")
    with pytest.raises(openai.AuthenticationError) as stranger:
        client.with_options(api_key="nobody").models.list()
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(model=MODEL, prompt="A yak [[refused]]", n=1)

    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")
    assert (wrong.value.code, wrong.value.param) == ("invalid_value", "size")
    assert (unsupported.value.code, unsupported.value.param) == ("unknown_parameter", "style")
    assert (broken.value.code, broken.value.param) == ("invalid_image_file", "image")
    assert stranger.value.code == "invalid_api_key"
    assert refused.value.code == "moderation_blocked"
    assert all(error.value.request_id for error in (unknown, wrong, refused))


def test_a_failed_generation_is_not_sent_again(stack: Stack, client: openai.OpenAI, owner: str) -> None:
    import openai

    with failing(stack, "pollinations", "no_balance"), pytest.raises(openai.InternalServerError) as failed:
        client.images.generate(model=MODEL, prompt="A fox")

    assert failed.value.status_code == 502
    assert failed.value.code == "provider_failed"
    with stack.http(owner) as api:
        assert len(api.get("/v1/generations").json()["items"]) == 1


def test_a_lost_answer_is_found_by_the_sdk_when_it_tries_again(
    stack: Stack, client: openai.OpenAI, owner: str
) -> None:
    """The client gives up while the images are made, and its next try waits for the same job."""
    patient = client.with_options(timeout=4, max_retries=5)

    image = patient.images.generate(model=MODEL, prompt="A slow fox [[slow]]", response_format="b64_json")
    sent_again = raw(client, prompt="A slow fox [[slow]]", extra_headers={RETRY_COUNT: "1"})

    assert image.data == sent_again.parse().data
    with stack.http(owner) as api:
        [job] = api.get("/v1/generations").json()["items"]
    assert job["cost_usd"] == 0.002


def test_the_sdk_for_javascript(stack: Stack, owner: str) -> None:
    seen = run_script("openai.mjs", stack.described["openai_url"], stack.token(owner))

    assert seen["generate"] == {"heads": ["/9j/", "/9j/"], "cost": "0.004000"}
    assert seen["url"] == {"status": 200, "type": "image/jpeg"}
    assert seen["edit"] == {"images": 1, "format": "png"}
    assert seen["stream"] == {"events": ["image_generation.completed"]}
    assert seen["models"]["found"] in seen["models"]["ids"]
    errors = {
        name: tuple(seen[name].values()) for name in ("unknown model", "bad size", "refused", "stranger")
    }
    assert errors == {
        "unknown model": ("NotFoundError", 404, "model_not_found", "model"),
        "bad size": ("BadRequestError", 400, "invalid_value", "size"),
        "refused": ("BadRequestError", 400, "moderation_blocked", None),
        "stranger": ("AuthenticationError", 401, "invalid_api_key", None),
    }
    assert seen["repeat"] == {"images": 1}
    with stack.http(owner) as api:
        jobs = api.get("/v1/generations").json()["items"]
    assert len([job for job in jobs if "patient" in (job["prompt"] or "")]) == 1


def test_a_request_of_a_page_of_another_origin_is_refused(stack: Stack, owner: str) -> None:
    headers = {"Authorization": f"Bearer {stack.token(owner)}", "Origin": "https://evil.example"}

    answer = anyone.post(
        f"{stack.described['openai_url']}/images/generations", json={"prompt": "A fox"}, headers=headers
    )

    assert answer.status_code == 403


def test_the_lines_of_the_page_make_images(stack: Stack, tmp_path: Path, owner: str) -> None:
    page = (ROOT / "docs/openai.md").read_text()
    [python] = re.findall(r"^```python$(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    places = {"https://….lambda-url.eu-central-1.on.aws/openai/v1": stack.described["openai_url"]}
    for written, real in {**places, "isk_…": stack.token(owner)}.items():
        assert written in python
        python = python.replace(written, real)
    names: dict[str, Any] = {}

    exec(python, names)  # noqa: S102 - the page's own lines
    typed = type_lines(shell_blocks(page), stack, tmp_path)

    assert base64.b64decode(names["answer"].data[0].b64_json)
    assert typed.returncode == 0, typed.stderr
    answer = json.loads(typed.stdout[: typed.stdout.rindex("}") + 1])
    assert len(answer["data"]) == 2


def test_images_of_ten_are_answered_together(client: openai.OpenAI) -> None:
    begun = time.monotonic()

    answer = raw(client, prompt="Ten foxes", n=10, size="256x256")

    assert len(answer.parse().data) == 10
    assert time.monotonic() - begun < 120


def test_an_image_that_takes_a_minute_arrives(stack: Stack, very_slow_answer: Future[Any]) -> None:
    """The API's gateway would have given up after 30 seconds."""
    answer = very_slow_answer.result(timeout=120)

    assert base64.b64decode(answer.parse().data[0].b64_json).startswith(JPEG)
    with stack.http("patient-painter") as api:
        [job] = api.get("/v1/generations").json()["items"]
        [item] = api.get(f"/v1/generations/{job['id']}").json()["items"]
    assert item["duration_ms"] >= 60_000
    assert item["attempts"] == 1

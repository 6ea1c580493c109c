"""Prompts in a deployment that encrypts what is sensitive (A17, C3)."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb.keys import DETAIL, META
from local.settings import PRIVATE_BUCKET
from tests.e2e.environment import function_name
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.e2e.conftest import Stack

DEADLINE_SECONDS = 60
POLL_SECONDS = 0.2
PROMPT = "A zanzibar lighthouse"
GENERATION = {
    "prompt": PROMPT,
    "negative_prompt": "quokkas",
    "model": "flux",
    "params": {"look": "ultramarine"},
}
ANALYSIS = {"response_context": "marzipan", "tone_analysis": None}
WORDS = ("zanzibar", "quokkas", "ultramarine", "marzipan")


@pytest.fixture
def sealing(choosy_stack: Stack) -> Stack:
    """A stack with encryption."""
    return choosy_stack


@pytest.fixture
def api(sealing: Stack) -> Iterator[httpx.Client]:
    with sealing.http("alice") as client:
        yield client


def rows(stack: Stack) -> list[dict[str, Any]]:
    """Every row of the table."""
    items: list[dict[str, Any]] = []
    pages = stack.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(TableName=stack.described["table"]):
        items += page["Items"]
    return items


def originals(stack: Stack) -> str:
    """Keys and metadata of all private objects."""
    bucket = stack.client("s3")
    entries = bucket.list_objects_v2(Bucket=PRIVATE_BUCKET)["Contents"]
    heads = [bucket.head_object(Bucket=PRIVATE_BUCKET, Key=entry["Key"])["Metadata"] for entry in entries]
    return repr((entries, heads))


def store(api: httpx.Client) -> dict[str, Any]:
    body = {
        "source": {"base64": base64.b64encode(jpeg(96, 64)).decode()},
        "kind": "generated",
        "filename": "tower.jpg",
        "generation": GENERATION,
        "analysis": ANALYSIS,
    }
    answer = api.post("/v1/images", json=body)
    assert answer.status_code == 201, answer.text
    image: dict[str, Any] = answer.json()
    return image


def generate(api: httpx.Client) -> dict[str, Any]:
    """Have an image made, and answer it."""
    begun = api.post("/v1/generations", json={"items": [{"prompt": PROMPT, "analysis": ANALYSIS}]})
    assert begun.status_code == 202, begun.text
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        job = api.get(f"/v1/generations/{begun.json()['id']}").json()
        if job["status"] not in {"queued", "running"}:
            break
        assert time.monotonic() < deadline, job
        time.sleep(POLL_SECONDS)
    assert job["status"] == "succeeded", job
    image: dict[str, Any] = api.get(f"/v1/images/{job['items'][0]['image_id']}").json()
    return image


def searched(api: httpx.Client, words: str, *, count: int) -> dict[str, Any]:
    """What a search answers once it finds so many."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        page: dict[str, Any] = api.get("/v1/search", params={"q": words}).json()
        if len(page["items"]) == count:
            return page
        assert time.monotonic() < deadline, page
        time.sleep(POLL_SECONDS)


def test_sensitive_fields_are_sealed_in_the_store_and_shown_to_their_owner(
    sealing: Stack, api: httpx.Client
) -> None:
    stored = store(api)
    generated = generate(api)
    by_name = searched(api, "tower", count=1)
    by_prompt = searched(api, "zanzibar", count=0)
    shown = api.get(f"/v1/images/{stored['id']}").json()
    edited = api.patch(f"/v1/images/{stored['id']}", json={"title": "Sea"}).json()

    for image in (stored, shown, edited):
        assert {name: image["generation"][name] for name in GENERATION} == GENERATION
        assert image["analysis"] == ANALYSIS | {"tone_analysis": None}
    assert (stored["alt_text"], stored["alt_text_source"]) == (None, "none")
    assert (generated["generation"]["prompt"], generated["analysis"]) == (PROMPT, ANALYSIS)
    assert by_name["not_searched"] == by_prompt["not_searched"] == ["generation.prompt"]
    table = rows(sealing)
    details = [row["body"]["S"] for row in table if row["sk"]["S"] == DETAIL]
    assert len(details) == len([row for row in table if row["sk"]["S"] == META]) == 2
    assert all('"sealed":' in body for body in details)
    log = Path(sealing.described["log_file"]).read_text()
    for written in (repr(table), originals(sealing), log):
        assert not [word for word in WORDS if word in written]


def test_while_the_key_cannot_be_used_sealed_images_wait_and_lists_continue(
    sealing: Stack, api: httpx.Client
) -> None:
    stored = store(api)
    functions, kms = sealing.client("lambda"), sealing.client("kms")
    configuration = functions.get_function_configuration(FunctionName=function_name(sealing, "retrieve"))
    key = configuration["Environment"]["Variables"]["SECRETS_KEY"]

    kms.disable_key(KeyId=key)
    try:
        unreadable = api.get(f"/v1/images/{stored['id']}")
        refused = api.patch(f"/v1/images/{stored['id']}", json={"title": "Sea"})
        response = api.get("/v1/images")
    finally:
        kms.enable_key(KeyId=key)
    shown = api.get(f"/v1/images/{stored['id']}").json()

    for answer in (unreadable, refused):
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert answer.headers["Retry-After"]
    assert response.status_code == 200
    assert shown["title"] is None
    assert shown["generation"]["prompt"] == PROMPT

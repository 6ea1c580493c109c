"""Images from models on the real stack, with the local server of the four providers behind it (E1–E8)."""

from __future__ import annotations

import io
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
from PIL import Image

from image_store.adapters.dynamodb.generation_keys import breaker
from tests.e2e.environment import changed_environment
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Stack

DEADLINE_SECONDS = 120
POLL_SECONDS = 0.3
POLLINATIONS_USD = 0.002


def api(stack: Stack) -> httpx.Client:
    """Answer a client of a caller of its own."""
    return stack.http(f"painter-{uuid.uuid4()}")


@contextmanager
def failing(stack: Stack, provider: str, mode: str) -> Iterator[None]:
    """Let a provider fail inside the block, and the breakers forget it afterwards."""
    control = f"{stack.described['providers_url']}/control"
    httpx.put(control, json={provider: {"mode": mode}}, timeout=10).raise_for_status()
    try:
        yield
    finally:
        httpx.put(control, json={}, timeout=10).raise_for_status()
        stack.client("dynamodb").delete_item(TableName=stack.described["table"], Key=breaker(provider))


def begun(client: httpx.Client, *items: dict[str, Any], **more: Any) -> str:
    """Begin a job and answer its address."""
    answer = client.post("/v1/generations", json={"items": items, **more})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"].endswith(answer.json()["id"])
    return f"/v1/generations/{answer.json()['id']}"


def ended(client: httpx.Client, address: str, *, succeeded: int | None = None) -> dict[str, Any]:
    """Wait until a job is over, or so many of its images are made."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    seen: dict[str, Any] = {}
    headers: dict[str, str] = {}
    while True:
        answer = client.get(address, headers=headers)
        if answer.status_code != 304:
            assert answer.status_code == 200, answer.text
            seen, headers = answer.json(), {"If-None-Match": answer.headers["etag"]}
        if seen["status"] not in ("queued", "running"):
            return seen
        if succeeded is not None and seen["progress"]["succeeded"] >= succeeded:
            return seen
        assert time.monotonic() < deadline, seen
        time.sleep(POLL_SECONDS)


def test_a_batch_is_made_and_what_failed_of_it_is_made_again(stack: Stack) -> None:
    """E1, E6, E7, B6."""
    post = f"post:{uuid.uuid4()}"
    kind, _, name = post.partition(":")
    with api(stack) as client:
        address = begun(
            client,
            {"prompt": "A red fox", "n": 2, "groups": {kind: [name]}, "tags": ["fox"]},
            {"prompt": "A yak [[refused*1]]", "groups": {kind: [name]}},
        )

        first = ended(client, address)
        etag = client.get(address).headers["etag"]
        unchanged = client.get(address, headers={"If-None-Match": etag})
        again = client.post(f"{address}/retry")
        second = ended(client, address)

        assert (first["status"], first["progress"]["succeeded"]) == ("partial", 2)
        error = first["items"][2]["error"]
        assert (error["code"], error["reason"]) == ("content_refused", "refused")
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert again.status_code == 202
        assert second["status"] == "succeeded"
        assert [item["attempts"] for item in second["items"]] == [1, 1, 2]
        cards = client.get("/v1/images", params={"group": post}).json()["items"]
        image_ids = [item["image_id"] for item in second["items"]]
        assert sorted(card["id"] for card in cards) == sorted(image_ids)
        image = client.get(f"/v1/images/{image_ids[0]}").json()
        assert (image["kind"], image["alt_text"], image["alt_text_source"]) == (
            "generated",
            "A red fox",
            "derived",
        )
        told_of = image["generation"]
        assert (told_of["prompt"], told_of["provider"], told_of["cost_usd"]) == (
            "A red fox",
            "pollinations",
            POLLINATIONS_USD,
        )
        picture = client.get(f"/v1/images/{image_ids[0]}/content", follow_redirects=True)
        assert picture.content.startswith(b"\xff\xd8\xff")


def test_answers_of_every_form_are_stored_after_one_call_each(stack: Stack) -> None:
    """An odd usage, a link in place of the picture, and a prompt that is dots."""
    with api(stack) as client:
        openai = {"provider": "openai", "fallback": False}
        odd = begun(client, {"prompt": "A fox [[odd]]"}, {"prompt": "A yak [[link]]", "seed": 7}, **openai)
        dots = begun(client, {"prompt": ".."}, provider="pollinations", fallback=False)

        jobs = [ended(client, odd), ended(client, dots)]

        items = [item for job in jobs for item in job["items"]]
        assert [(item["status"], item["attempts"]) for item in items] == [("succeeded", 1)] * 3
        images = [client.get(f"/v1/images/{item['image_id']}").json() for item in items]
        assert [image["filename"] for image in images[:2]] == ["a-fox-odd.png", "a-yak-link.png"]
        assert images[1]["generation"]["request"]["seed"] == 7
        assert images[1]["warnings"] == ["The model takes no seed. The seed 7 was not used."]


def test_a_transparent_picture_is_made_by_a_model_that_has_it_and_stored_as_it_is(stack: Stack) -> None:
    transparent = {"prompt": "A paper boat", "background": "transparent", "output_format": "webp"}
    with api(stack) as client:
        refused = client.post(
            "/v1/generations", json={"items": [transparent], "model": "gpt-image-2", "fallback": False}
        )
        job = ended(client, begun(client, transparent))

        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
        assert refused.json()["errors"][0]["loc"] == ["body", "items", 0, "background"]
        [item] = job["items"]
        assert (item["status"], item["model"]) == ("succeeded", "gpt-image-2.5-flare")
        image = client.get(f"/v1/images/{item['image_id']}").json()
        requested = image["generation"]["request"]
        assert (requested["background"], requested["output_format"]) == ("transparent", "webp")
        assert image["warnings"] == []
        content = client.get(f"/v1/images/{item['image_id']}/content", follow_redirects=True)
        with Image.open(io.BytesIO(content.content)) as picture:
            assert (picture.format, picture.getchannel("A").histogram()[0] > 0) == ("WEBP", True)


def test_a_cancelled_job_keeps_what_ran_and_begins_nothing(stack: Stack) -> None:
    """E7."""
    with api(stack) as client:
        address = begun(client, *({"prompt": f"Slow {number} [[slow]]"} for number in range(8)))
        cancelled = client.delete(address)
        over = ended(client, address)

        assert cancelled.status_code == 200
        assert cancelled.json()["progress"]["queued"] == 0
        assert over["status"] == "cancelled"
        assert over["progress"]["succeeded"] + over["progress"]["cancelled"] == 8
        assert over["progress"]["cancelled"] >= 5


def test_a_provider_that_dies_in_the_middle_loses_no_image(stack: Stack) -> None:
    """E2, E3."""
    with api(stack) as client:
        address = begun(client, *({"prompt": f"Number {number}", "size": "256x256"} for number in range(50)))
        ended(client, address, succeeded=5)

        with failing(stack, "pollinations", "dead"):
            over = ended(client, address)

        assert over["progress"]["succeeded"] == 50, over
        assert Counter(item["provider"] for item in over["items"]).keys() == {"pollinations", "cloudflare"}
        assert round(sum(item["cost_usd"] for item in over["items"]), 6) == over["cost_usd"]
        spent = client.get("/v1/providers").json()["spending"]["today"]
        assert spent == {"spent_usd": over["cost_usd"], "reserved_usd": 0, "budget_usd": None}
        assert len({item["image_id"] for item in over["items"]}) == 50


def test_forty_jobs_at_once_find_a_budget_for_ten(stack: Stack) -> None:
    """E4."""
    options = {"provider": "pollinations", "fallback": False, "join": False}
    with (
        changed_environment(stack, "generations", BUDGET_OWNER_DAILY=str(10 * POLLINATIONS_USD)),
        api(stack) as client,
        ThreadPoolExecutor(4) as many,
    ):
        body = {"items": [{"prompt": "One of forty", "size": "256x256"}], **options}

        def send(number: int) -> httpx.Response:
            """Send a request, and what was too much for the emulator again, as clients do."""
            for _ in range(5):
                answer = client.post("/v1/generations", json=body, headers={"Idempotency-Key": str(number)})
                if answer.status_code != 503:
                    break
            return answer

        answers = list(many.map(send, range(40)))

        assert Counter(answer.status_code for answer in answers) == {202: 10, 429: 30}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.json()["code"] == "budget_exceeded"
        assert int(refused.headers["retry-after"]) > 0
        for answer in answers:
            if answer.status_code == 202:
                ended(client, f"/v1/generations/{answer.json()['id']}")
        spent = client.get("/v1/providers").json()["spending"]["today"]
        budget = 10 * POLLINATIONS_USD
        assert spent == {"spent_usd": budget, "reserved_usd": 0, "budget_usd": budget}


def test_an_image_is_made_from_another_with_a_key_of_ones_own(stack: Stack) -> None:
    """E6, E8."""
    alone = {"provider": "openai", "fallback": False}
    with api(stack) as client:
        response = client.put("/v1/provider-keys/openai", json={"key": "local"})
        reference = client.post(
            "/v1/images",
            params={"kind": "reference"},
            content=jpeg(64, 48),
            headers={"Content-Type": "image/jpeg"},
        ).json()["id"]
        like_it = {"prompt": "Like this, in oil", "reference_ids": [reference]}

        job = ended(client, begun(client, like_it, **alone))
        mine = {response["provider"]: response for response in client.get("/v1/providers").json()["items"]}[
            "openai"
        ]
        client.put("/v1/provider-keys/openai", json={"key": "a-wrong-key-of-mine"}).raise_for_status()
        failed = ended(client, begun(client, like_it, **alone))
        removed = client.delete("/v1/provider-keys/openai")

        assert (response.status_code, response.content) == (204, b"")
        assert job["items"][0]["provider"] == "openai", job
        assert mine["own_key"] is True
        assert "local" not in str(mine)
        assert failed["items"][0]["error"]["reason"] == "bad_key"
        assert removed.status_code == 204
        today = client.get("/v1/providers").json()["spending"]["today"]
        assert today["spent_usd"] == 0, "somebody else paid"
    assert "a-wrong-key-of-mine" not in stack.state.log.read_text()

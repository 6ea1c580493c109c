"""The function of generation jobs and the worker behind it, as the gateway and SQS call them (E1–E8)."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.callers.caller import key_holder
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.callers.scopes import Scope
from image_store.domain.generation.providers import Provider, ProviderFailure, ProviderPicture, Reason
from image_store.entrypoints.callers.verdicts import verdict_of
from tests.fakes.dynamodb import all_items
from tests.functions.deployment import (
    API,
    Deployment,
    assert_refused,
    event,
    from_owner,
    sent_bytes,
    with_headers,
    with_query,
)
from tests.functions.generation_work import WORKER, work_off

if TYPE_CHECKING:
    from collections.abc import Callable

PICTURE = sent_bytes("upload/raw")
SECRET = "a-key-of-my-own-0123456789"
ALL = ",".join(reversed(Provider))

REFUSED = {
    "generations/no-items": "items",
    "generations/unknown-field": "items",
    "generations/prompt-missing": "prompt",
    "generations/size-of-words": "size",
    "generations/eleven-variations": "n",
    "generations/unknown-provider": "provider",
}


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    deployment = deployed(PROVIDERS=ALL, PROVIDERS_SECRET="image-store/providers")
    deployment.set_clock.instant = deployment.set_clock.instant.replace(month=11, day=21)
    return deployment


def test_a_key_spends_its_own_budget_and_no_more(store: Deployment) -> None:
    limits = KeyLimits(cost_micros_per_day=5_000)
    sent = event("generations/begin")
    sent["requestContext"]["authorizer"]["lambda"] = verdict_of(
        key_holder("0123456789abcdef", owner="alice", scopes={Scope.WRITE_GENERATIONS}, limits=limits)
    )
    answers = []
    for number in range(20):
        body = {"items": [{"prompt": f"Lighthouse {number}"}], "provider": "pollinations", "fallback": False}
        answers.append(store.call(saying(sent, body), function="generations"))
        if answers[-1].status != 202:
            break
    work_off(store)

    assert len(answers) > 1
    assert_refused(answers[-1], 429, "budget_exceeded")
    assert answers[-1].json["detail"].startswith("The API key's daily budget")
    [row] = [
        item
        for item in all_items(store.client, store.table)
        if item["pk"]["S"] == "BUDGET#KEY#0123456789abcdef" and len(item["sk"]["S"]) == len("2026-11-21")
    ]
    assert 0 < int(row["spent"]["N"]) == int(row["committed"]["N"]) <= 5_000


def about(sent: dict[str, Any], job_id: str) -> dict[str, Any]:
    """The same request about another job."""
    changed = deepcopy(sent)
    old = changed["pathParameters"]["job_id"]
    changed["pathParameters"]["job_id"] = job_id
    changed["rawPath"] = changed["rawPath"].replace(old, job_id)
    changed["requestContext"]["http"]["path"] = changed["rawPath"]
    return changed


def saying(sent: dict[str, Any], body: Any) -> dict[str, Any]:
    """The same request with another body."""
    return sent | {"body": json.dumps(body), "isBase64Encoded": False}


def begun_anew(store: Deployment) -> Any:
    """Ask for the same again, and for a job of its own."""
    sent = event("generations/begin")
    return store.call(saying(sent, {**json.loads(sent["body"]), "join": False}), function="generations")


def see(store: Deployment, job_id: str, **headers: str) -> Any:
    """Ask for a job."""
    sent = with_headers(about(event("generations/see"), job_id), **headers)
    return store.call(sent, function="generations")


def fails(store: Deployment, provider: Provider, reason: Reason) -> None:
    """Let a provider fail."""
    store.providers[provider].answer = lambda _: ProviderFailure(reason, "It did not work.")


def test_a_job_shows_its_prompts_and_its_first_image_wherever_it_is_read(store: Deployment) -> None:
    items = [{"prompt": "A fox. " * 100, "n": 1}, {"prompt": "A lake", "n": 1}]
    begun = store.call(saying(event("generations/begin"), {"items": items}), function="generations").json
    work_off(store)

    job = see(store, begun["id"]).json
    (listed_job,) = store.answer_to("generations/list").json["items"]

    assert [item["prompt"] for item in job["items"]] == [("A fox. " * 100)[:200], "A lake"]
    assert begun["image_id"] is None
    image_ids = {item["image_id"] for item in job["items"]}
    assert listed_job["image_id"] == job["image_id"]
    assert job["image_id"] in image_ids
    assert listed_job["prompt"] == job["prompt"] == job["items"][0]["prompt"]


def test_the_whole_request_of_an_image_is_read_and_sent_again(store: Deployment) -> None:
    whole = {
        "prompt": "A fox. " * 100,
        "negative_prompt": "people",
        "size": "1024x1024",
        "seed": 7,
        "visibility": "unlisted",
        "title": "Fox",
        "tags": ["fox"],
        "groups": {"album": ["forest"]},
        "metadata": {"campaign": "autumn"},
    }
    body = {"items": [whole, {"prompt": "A lake", "n": 2}]}
    begun = store.call(saying(event("generations/begin"), body), function="generations").json
    work_off(store)

    sent = with_query(about(event("generations/see"), begun["id"]), "requests=true")
    fox, *lakes = (item["request"] for item in store.call(sent, function="generations").json["items"])
    again = store.call(saying(event("generations/begin"), {"items": [fox, *lakes]}), function="generations")

    assert {name: fox[name] for name in whole} == whole
    assert [(lake["prompt"], lake["seed"]) for lake in lakes] == [("A lake", -1)] * 2
    assert again.status == 202, again.text
    assert {item["request"] for item in see(store, begun["id"]).json["items"]} == {None}
    assert_refused(store.call(from_owner(sent, "mallory"), function="generations"), 404, "job_not_found")


@pytest.mark.parametrize("query", ["stats/own", "stats/all"])
def test_figures_show_images_and_cost_by_provider_and_day(store: Deployment, query: str) -> None:
    """C4."""
    job_id = store.answer_to("generations/begin").json["id"]
    work_off(store)

    (day,) = store.answer_to(query).json["generation"]["days"]

    job = see(store, job_id).json
    (provider,) = {item["provider"] for item in job["items"]}
    assert day == {
        "date": job["created_at"][:10],
        "by_provider": {
            provider: {
                "succeeded": 3,
                "failed": 0,
                "average_ms": day["by_provider"][provider]["average_ms"],
                "cost_usd": pytest.approx(job["cost_usd"]),
                "unknown_costs": 0,
            }
        },
    }


def test_images_are_generated_in_the_background_with_all_their_attributes(store: Deployment) -> None:
    """E1, E6, A5, A6."""
    begun = store.answer_to("generations/begin")

    job_id = begun.json["id"]
    assert begun.status == 202
    assert begun.headers["Location"] == f"{API}/v1/generations/{job_id}"
    assert begun.headers["ETag"] == '"1"'
    assert begun.json["status"] == "queued"
    assert begun.json["progress"] == {
        "total": 3,
        "queued": 3,
        "running": 0,
        "succeeded": 0,
        "failed": 0,
        "cancelled": 0,
    }

    work_off(store)
    done = see(store, job_id).json

    assert (done["status"], done["progress"]["succeeded"], done["cost_usd"]) == ("succeeded", 3, 0.006)
    first = done["items"][0]
    assert {**first, "image_id": None} == {
        "index": 0,
        "request_index": 0,
        "prompt": "A lighthouse at dusk",
        "status": "succeeded",
        "provider": "pollinations",
        "model": "flux",
        "attempts": 1,
        "duration_ms": 0,
        "cost_usd": 0.002,
        "image_id": None,
        "error": None,
        "request": None,
    }
    record = store.repository.get(first["image_id"])
    assert record is not None
    assert record.details.groups == ("post:p1", "prompt:q1", "conversation:c1", "session:s1", "persona:x")
    assert record.details.tags == ("sea",)
    assert record.details.alt_text == "A lighthouse at dusk"
    assert record.details.generation is not None
    assert record.details.generation["cost_usd"] == 0.002
    assert record.details.analysis == {"response_context": "A story", "tone_analysis": None}


def test_images_of_a_post_and_of_a_prompt_are_listed(store: Deployment) -> None:
    """E7."""
    store.answer_to("generations/begin")
    work_off(store)

    for group in ("post:p1", "prompt:q1"):
        list_event = with_query(event("list/newest"), f"group={group}")
        answer = store.call(list_event, function="list")
        assert len(answer.json["items"]) == 2


def test_progress_costs_nothing_while_nothing_changes(store: Deployment) -> None:
    """E1: 304 by one read of one row."""
    job_id = store.answer_to("generations/begin").json["id"]
    first = see(store, job_id)

    again = see(store, job_id, if_none_match=first.headers["ETag"])
    work_off(store)
    changed = see(store, job_id, if_none_match=first.headers["ETag"])

    assert (first.status, again.status, again.text, changed.status) == (200, 304, "", 200)
    assert again.headers["ETag"] == first.headers["ETag"] != changed.headers["ETag"]


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_request_is_refused_with_a_reason_and_nothing_is_spent(
    store: Deployment, name: str
) -> None:
    answer = store.answer_to(name)

    assert_refused(answer, 400, "invalid_request")
    assert REFUSED[name] in answer.text
    assert store.to_generate.waiting == []


def test_fifty_one_images_are_too_many(store: Deployment) -> None:
    body = {"items": [{"prompt": "A cat", "n": 10}] * 5 + [{"prompt": "One more"}]}

    answer = store.call(saying(event("generations/begin"), body), function="generations")

    assert_refused(answer, 400, "invalid_request")


def test_somebody_elses_job_is_not_there(store: Deployment) -> None:
    """A8."""
    job_id = store.answer_to("generations/begin").json["id"]

    for name in ("see", "retry", "cancel"):
        sent = from_owner(about(event(f"generations/{name}"), job_id), "somebody-else")
        assert_refused(store.call(sent, function="generations"), 404, "job_not_found")


def test_jobs_are_listed_with_a_cursor(store: Deployment) -> None:
    ids = []
    for _ in range(3):
        ids.append(begun_anew(store).json["id"])
        store.set_clock.instant += timedelta(seconds=1)

    first = store.call(with_query(event("generations/list"), "limit=2"), function="generations")
    cursor = first.json["next_cursor"]
    second = store.call(
        with_query(event("generations/list"), f"limit=2&cursor={cursor}"), function="generations"
    )

    assert [job["id"] for job in (*first.json["items"], *second.json["items"])] == ids[::-1]
    assert second.json["next_cursor"] is None
    assert "items" not in first.json["items"][0]


def test_what_failed_is_made_again_and_nothing_else(store: Deployment) -> None:
    """E7."""
    fails(store, Provider.POLLINATIONS, Reason.REFUSED)
    job_id = store.answer_to("generations/begin").json["id"]
    work_off(store)
    failed = see(store, job_id).json
    assert failed["status"] == "failed"
    assert failed["items"][0]["error"] == {
        "code": "content_refused",
        "detail": "It did not work.",
        "reason": "refused",
        "provider": "pollinations",
    }
    store.providers[Provider.POLLINATIONS].answer = lambda _: ProviderPicture(data=PICTURE)

    again = store.call(about(event("generations/retry"), job_id), function="generations")
    work_off(store)
    nothing = store.call(about(event("generations/retry"), job_id), function="generations")

    assert (again.status, again.json["progress"]["queued"]) == (202, 3)
    assert see(store, job_id).json["status"] == "succeeded"
    assert_refused(nothing, 409, "conflict")


def test_a_cancelled_job_makes_no_more_images(store: Deployment) -> None:
    """E7."""
    job_id = store.answer_to("generations/begin").json["id"]

    cancelled = store.call(about(event("generations/cancel"), job_id), function="generations")
    work_off(store)

    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    assert store.providers[Provider.POLLINATIONS].asked == []


def test_an_idempotency_key_answers_the_same_job(store: Deployment) -> None:
    sent = with_headers(event("generations/begin"), idempotency_key="k1")

    first, again = (store.call(sent, function="generations") for _ in range(2))
    other = store.call(saying(sent, {"items": [{"prompt": "A dog"}]}), function="generations")

    assert first.json["id"] == again.json["id"]
    assert_refused(other, 422, "idempotency_mismatch")


def test_the_same_request_is_joined_while_it_runs(store: Deployment) -> None:
    """E5."""
    sent = saying(event("generations/begin"), {"items": [{"prompt": "A cat"}]})

    first, again = (store.call(sent, function="generations") for _ in range(2))
    work_off(store)

    assert first.json["id"] == again.json["id"]
    assert len(store.providers[Provider.POLLINATIONS].asked) == 1


def test_a_budget_that_is_used_up_says_when_it_starts_again(deployed: Callable[..., Deployment]) -> None:
    """E4."""
    store = deployed(PROVIDERS="pollinations", BUDGET_OWNER_DAILY="0.007")
    store.set_clock.instant = store.set_clock.instant.replace(month=11, day=21)
    store.answer_to("generations/begin")

    used_up = begun_anew(store)
    too_much = store.call(
        saying(event("generations/begin"), {"items": [{"prompt": "A cat", "n": 4}]}), function="generations"
    )

    assert_refused(used_up, 429, "budget_exceeded")
    assert used_up.headers["Retry-After"] == str(12 * 60 * 60)
    assert_refused(too_much, 402, "budget_exceeded")
    assert "Retry-After" not in too_much.headers


def test_requests_that_budgets_refuse_are_counted(
    deployed: Callable[..., Deployment], capsys: pytest.CaptureFixture[str]
) -> None:
    """F4."""
    store = deployed(PROVIDERS="pollinations", BUDGET_DEPLOYMENT_DAILY="0.007")
    store.set_clock.instant = store.set_clock.instant.replace(month=11, day=21)
    store.answer_to("generations/begin")

    begun_anew(store)

    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert line["GenerationDeploymentBudgetUsedUp"] == [1]


@pytest.mark.parametrize(
    ("item", "model", "field"),
    [
        ({"background": "transparent"}, "gpt-image-2", "background"),
        ({"output_format": "webp"}, "flux", "output_format"),
        ({"background": "transparent", "output_format": "jpeg"}, None, "output_format"),
        ({"background": "clear"}, None, "background"),
        ({"output_format": "gif"}, None, "output_format"),
    ],
)
def test_a_background_or_a_format_that_nobody_makes_is_refused_by_name(
    store: Deployment, item: dict[str, str], model: str | None, field: str
) -> None:
    body = {"items": [{"prompt": "A cat", **item}], "model": model, "fallback": model is None}

    answer = store.call(saying(event("generations/begin"), body), function="generations")

    assert_refused(answer, 400, "invalid_request")
    assert [error["loc"] for error in answer.json["errors"]] == [["body", "items", 0, field]]


def test_an_image_records_the_background_and_the_format_that_were_requested(store: Deployment) -> None:
    item = {"prompt": "A cat", "background": "transparent", "output_format": "png"}
    sent = saying(event("generations/begin"), {"items": [item], "model": "gpt-image-2.5-flare"})
    job = store.call(sent, function="generations").json

    work_off(store)

    [(request, _)] = store.providers[Provider.OPENAI].asked
    assert (request.background, request.output_format) == ("transparent", "png")
    [image_item] = see(store, job["id"]).json["items"]
    record = store.repository.get(image_item["image_id"])
    assert record is not None
    assert record.details.generation is not None
    requested = record.details.generation["request"]
    assert (requested["background"], requested["output_format"]) == ("transparent", "png")


def test_without_providers_nothing_can_be_generated(deployed: Callable[..., Deployment]) -> None:
    """E2."""
    assert_refused(deployed().answer_to("generations/begin"), 502, "provider_failed")


def test_providers_are_listed_with_models_prices_and_health(store: Deployment) -> None:
    """E2, E4, C4."""
    store.answer_to("generations/begin")
    work_off(store)

    answer = store.answer_to("generations/providers")

    assert answer.status == 200
    first = answer.json["items"][0]
    assert (first["provider"], first["configured"], first["own_key"]) == ("pollinations", True, False)
    assert (first["health"], first["success_rate"], first["average_ms"]) == ("ok", 1.0, 0)
    assert first["models"][0]["prices"] == [
        {
            "unit": "image",
            "amount": "0.002",
            "per": 1,
            "currency": "pollen",
            "valid_from": "2026-07-30",
            "source": "https://gen.pollinations.ai/image/models",
        }
    ]
    choices = {
        model["name"]: (model["backgrounds"], model["output_formats"])
        for provider in answer.json["items"]
        for model in provider["models"]
    }
    assert choices["flux"] == (["auto", "opaque"], ["jpeg"])
    assert choices["gpt-image-2"] == (["auto", "opaque"], ["png", "jpeg", "webp"])
    assert choices["gpt-image-2.6-flare"] == (["auto", "opaque", "transparent"], ["png", "jpeg", "webp"])
    assert first["models"][0]["size_presets"][:2] == ["1024x1024", "1536x1024"]
    assert first["models"][0]["estimate"] == {
        "images": [{"sizes": first["models"][0]["size_presets"], "quality": None, "cost_usd": 0.002}],
        "reference_usd": 0.0,
        "prompt_usd": 0.0,
    }
    assert answer.json["spending"]["today"] == {"spent_usd": 0.006, "reserved_usd": 0.0, "budget_usd": None}
    assert [provider["provider"] for provider in answer.json["items"]] == ALL.split(",")


def put_key(store: Deployment, provider: str, body: Any) -> Any:
    """Bring a key."""
    sent = deepcopy(event("generations/put-key"))
    sent["pathParameters"]["provider"] = provider
    sent["rawPath"] = f"/v1/provider-keys/{provider}"
    sent["requestContext"]["http"]["path"] = sent["rawPath"]
    return store.call(saying(sent, body), function="generations")


def test_a_key_is_kept_sealed_for_its_owner_and_never_read_back(
    store: Deployment, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """E8."""
    put_answer = put_key(store, "openai", {"key": SECRET})

    rows = [row for row in all_items(store.client, store.table) if row["pk"]["S"].startswith("PROVIDERKEYS#")]
    answer = store.answer_to("generations/providers")
    assert (put_answer.status, put_answer.text) == (204, "")
    assert len(rows) == 1
    assert SECRET not in json.dumps(rows)
    assert [provider["provider"] for provider in answer.json["items"] if provider["own_key"]] == ["openai"]
    assert SECRET not in answer.text + caplog.text + "".join(capsys.readouterr())


def test_an_own_key_is_used_until_it_is_taken_back(store: Deployment) -> None:
    """E8."""
    put_key(store, "pollinations", {"key": SECRET})
    store.answer_to("generations/begin")
    work_off(store)
    removed = store.answer_to("generations/delete-key")
    store.answer_to("generations/begin")
    work_off(store)

    keys = [key.secret for _, key in store.providers[Provider.POLLINATIONS].asked]
    assert removed.status == 204
    assert keys == [SECRET] * 3 + ["a key of the deployment"] * 3


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("midjourney", {"key": SECRET}),
        ("openai", {}),
        ("openai", {"key": ""}),
        ("openai", {"key": "two\nlines"}),
        ("openai", {"key": SECRET, "account_id": "a"}),
        ("cloudflare", {"key": SECRET}),
    ],
)
def test_what_is_not_a_key_is_refused_without_being_shown(
    store: Deployment, provider: str, body: dict[str, str]
) -> None:
    """E8, F5."""
    answer = put_key(store, provider, body)

    assert_refused(answer, 400, "invalid_request")
    assert SECRET not in answer.text


def test_a_message_that_is_not_an_image_is_reported(store: Deployment) -> None:
    sent = event("generate/one-image")
    sent["Records"][0]["body"] = json.dumps({"work": "CompleteUpload", "image_id": "x"})

    answer = store.invoke("generate", sent, context=WORKER)

    assert answer == {"batchItemFailures": [{"itemIdentifier": sent["Records"][0]["messageId"]}]}


def test_calls_are_counted_as_metrics(store: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """F4."""
    fails(store, Provider.CLOUDFLARE, Reason.REFUSED)
    store.call(
        saying(
            event("generations/begin"),
            {"items": [{"prompt": "A cat"}], "provider": "openai", "model": "of-unknown-price"},
        ),
        function="generations",
    )
    store.call(
        saying(event("generations/begin"), {"items": [{"prompt": "A cat"}], "provider": "cloudflare"}),
        function="generations",
    )
    work_off(store)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    metrics = {
        (metric["Name"], line["provider"])
        for line in lines
        if "provider" in line
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    assert metrics == {
        ("GenerationSucceeded", "openai"),
        ("GenerationTime", "openai"),
        ("GenerationCostUnknown", "openai"),
        ("GenerationRefused", "cloudflare"),
    }

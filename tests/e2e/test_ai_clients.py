"""Clients of the Model Context Protocol that others wrote, against the running stack, in every version they speak.

The SDK of Python, both SDKs of TypeScript in one process, and the Inspector's command line.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

from tests.e2e import anyone
from tests.e2e.environment import changed_environment
from tests.e2e.node_scripts import SECONDS, packages, run_node, run_script
from tests.pictures import jpeg

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.e2e.conftest import Stack

TOOLS = 14
AUTH_REQUIRED, TOOL_FAILED = 3, 5
"""Exit codes of the Inspector."""
CALLERS_AT_ONCE = 8


@pytest.fixture
def token(stack: Stack) -> str:
    """The token of an owner who has no images."""
    return stack.token(f"model-{uuid.uuid4()}")


# The SDK of Python ------------------------------------------------------------------------------------------


async def tour(url: str, token: str, mode: str) -> dict[str, Any]:
    """What a client in Python sees of the store."""
    # Here, because every process that collects this file would wait seconds for them.
    from mcp.client.client import Client
    from mcp.client.streamable_http import streamable_http_client

    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        tools = (await client.list_tools()).tools
        stats = await client.call_tool("get_stats", {})
        missing = await client.call_tool("get_image", {"id": "no-such-image"})
        return {
            "version": client.session.protocol_version,
            "tools": len(tools),
            "images": (stats.structured_content or {})["images"],
            "missing": missing.is_error,
        }


@pytest.mark.parametrize(
    ("mode", "version"), [("auto", "2026-07-28"), ("legacy", "2025-11-25"), ("2026-07-28", "2026-07-28")]
)
def test_the_sdk_of_python(stack: Stack, token: str, mode: str, version: str) -> None:
    seen = asyncio.run(tour(stack.described["mcp_url"], token, mode))

    assert seen == {"version": version, "tools": TOOLS, "images": 0, "missing": True}


# The SDKs of TypeScript -------------------------------------------------------------------------------------


def test_the_sdks_of_typescript(stack: Stack, token: str) -> None:
    seen = run_script("clients.mjs", stack.described["mcp_url"], token)

    versions = {
        "client default": "2025-11-25",
        "client auto": "2026-07-28",
        "client legacy": "2025-11-25",
        "client 2026-07-28": "2026-07-28",
        "sdk": "2025-11-25",
    }
    for name, version in versions.items():
        toured = seen[name]
        assert (toured["version"], len(toured["tools"]), toured["images"]) == (version, TOOLS, 0), name
        assert (toured["unknown"], toured["resources"]) == (-32602, 0), name
        assert toured["missing"][0] is toured["wrong"][0] is True, name
        assert "search_images" in toured["missing"][1], name  # what to do about it
        assert "limit" in toured["wrong"][1], name
    steps = seen["task"]["steps"]
    assert steps[0]["type"] == "taskCreated"
    assert steps[-1]["result"]["structuredContent"]["status"] == "succeeded"
    assert (seen["refused"]["code"], "API key" in seen["refused"]["message"]) == (401, True)
    assert seen["sign-in"]["address"].startswith(f"{stack.described['issuer']}/authorize?")
    assert seen["sign-in"]["parameters"]["resource"] == stack.described["mcp_url"]
    assert "scope" not in seen["sign-in"]["parameters"]


# The Inspector ----------------------------------------------------------------------------------------------


def inspect(stack: Stack, token: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the Inspector's command line; a 401 never opens a browser."""
    return run_node(
        str(packages() / "node_modules/.bin/mcp-inspector"),
        *(
            "--cli",
            stack.described["mcp_url"],
            "--transport",
            "http",
            "--format",
            "json",
            "--stored-auth-only",
        ),
        *("--header", f"Authorization: Bearer {token}"),
        *arguments,
    )


def test_the_inspector(stack: Stack, token: str) -> None:
    overview = inspect(stack, token, "--method", "tools/list", "--strict")
    task = inspect(
        stack, token, "--protocol-era", "modern", "--method", "tools/call",
        "--tool-name", "generate_images", "--tool-arg", "prompt=A lighthouse",
    )  # fmt: skip
    failed = inspect(
        stack, token, "--method", "tools/call", "--tool-name", "get_image", "--tool-arg", "id=none"
    )
    refused = inspect(stack, "isk_wrong", "--method", "tools/list")

    assert overview.returncode == 0, overview.stderr
    assert len(json.loads(overview.stdout)["result"]["tools"]) == TOOLS
    assert json.loads(task.stdout)["result"]["structuredContent"]["status"] == "succeeded", task.stderr
    assert (failed.returncode, refused.returncode) == (TOOL_FAILED, AUTH_REQUIRED)


# Keys, sign-in and trouble ----------------------------------------------------------------------------------


def call(
    stack: Stack, credential: str, tool: str, *, timeout: float = SECONDS, **arguments: Any
) -> httpx.Response:
    """Call a tool as a client of version 2025-11-25."""
    params = {"name": tool, "arguments": arguments}
    return anyone.post(
        stack.described["mcp_url"],
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
        headers={"Authorization": f"Bearer {credential}", "MCP-Protocol-Version": "2025-11-25"},
        timeout=timeout,
    )


def result(answer: httpx.Response) -> dict[str, Any]:
    """The result of a call."""
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()["result"]
    return content


@pytest.fixture
def owner(stack: Stack) -> Iterator[httpx.Client]:
    """A client of the API for an owner who has no images."""
    with stack.http(f"model-{uuid.uuid4()}") as http:
        yield http


def new_key(owner: httpx.Client, *, valid_seconds: float = 60) -> str:
    """A key of the owner that may only read."""
    expires_at = datetime.now(UTC) + timedelta(seconds=valid_seconds)
    body = {"name": "model", "scopes": ["images:read"], "expires_at": expires_at.isoformat()}
    answer = owner.post("/v1/keys", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


def test_an_api_key_may_do_what_its_scopes_allow(stack: Stack, owner: httpx.Client) -> None:
    image_id = owner.post("/v1/images", content=jpeg(), headers={"Content-Type": "image/jpeg"}).json()["id"]
    key = new_key(owner)

    seen = result(call(stack, key, "get_image", id=image_id))
    refused = result(call(stack, key, "delete_image", id=image_id))

    assert seen["structuredContent"]["id"] == image_id
    assert "scope_required" in refused["content"][0]["text"]
    assert owner.get(f"/v1/images/{image_id}").status_code == 200


def test_an_api_key_that_has_expired_is_refused(stack: Stack, owner: httpx.Client) -> None:
    key = new_key(owner, valid_seconds=2)
    time.sleep(2.5)

    answer = call(stack, key, "get_stats")

    assert answer.status_code == 401
    assert "expired" in answer.json()["error"]["message"]


def test_nobody_without_a_good_credential_is_let_in(stack: Stack) -> None:
    wrong = call(stack, "isk_wrong", "get_stats")
    without = anyone.post(stack.described["mcp_url"], json={})

    assert wrong.status_code == without.status_code == 401
    metadata = anyone.get(f"{stack.api_url}/.well-known/oauth-protected-resource/mcp").json()
    assert f'{stack.api_url}/.well-known/oauth-protected-resource/mcp"' in wrong.headers["WWW-Authenticate"]
    assert metadata["resource"] == stack.described["mcp_url"]
    assert metadata["authorization_servers"] == [stack.described["issuer"], stack.described["second_issuer"]]
    assert anyone.get(f"{metadata['authorization_servers'][0]}/.well-known/openid-configuration").is_success


def test_without_sign_in_no_issuer_is_named(stack: Stack) -> None:
    with changed_environment(stack, "mcp", MCP_SIGN_IN="false"):
        wrong = call(stack, "isk_wrong", "get_stats")
        metadata = anyone.get(f"{stack.api_url}/.well-known/oauth-protected-resource")

    assert "resource_metadata" not in wrong.headers["WWW-Authenticate"]
    assert (metadata.status_code, metadata.json()["code"]) == (404, "route_not_found")


def test_pages_of_foreign_origins_and_streams_are_refused(stack: Stack, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Origin": "https://evil.example.com"}
    url = stack.described["mcp_url"]

    assert anyone.post(url, json={}, headers=headers).status_code == 403
    assert anyone.post(url, json={}, headers={"Host": "evil.example.com"}).status_code == 421
    for method in ("GET", "DELETE"):
        answer = anyone.request(method, url, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_more_calls_than_there_are_places_do_not_wait_for_each_other(stack: Stack, token: str) -> None:
    """Each call of a tool waits for a request to the same API."""
    with ThreadPoolExecutor(CALLERS_AT_ONCE) as pool:
        answers = list(pool.map(lambda _: call(stack, token, "get_stats"), range(2 * CALLERS_AT_ONCE)))

    assert [result(answer)["structuredContent"]["images"] for answer in answers] == [0] * len(answers)


def jobs_of(http: httpx.Client) -> list[dict[str, Any]]:
    """The jobs of an owner, once all of them have ended."""
    deadline = time.monotonic() + SECONDS
    while True:
        jobs: list[dict[str, Any]] = http.get("/v1/generations").json()["items"]
        if jobs and all(job["status"] not in {"queued", "running"} for job in jobs):
            return jobs
        assert time.monotonic() < deadline, jobs
        time.sleep(0.5)


def assert_paid_once(http: httpx.Client, image_ids: list[str]) -> None:
    """The owner has one job, which made one image, and a repeated call was told of it."""
    [job] = jobs_of(http)
    assert (job["status"], job["progress"]["succeeded"]) == ("succeeded", 1)
    assert image_ids == [job["image_id"]]
    assert [image["id"] for image in http.get("/v1/images").json()["items"]] == image_ids


def test_a_client_that_hangs_up_finds_its_generation_again(stack: Stack, owner: httpx.Client) -> None:
    credential, prompt = owner.headers["Authorization"].split()[1], "A lighthouse [[slow]]"

    with pytest.raises(httpx.ReadTimeout):
        call(stack, credential, "generate_images", timeout=3, prompt=prompt)
    again = result(call(stack, credential, "generate_images", prompt=prompt))["structuredContent"]

    assert_paid_once(owner, again["image_ids"])


def test_a_generation_outlives_the_process_that_waits_for_it(stack: Stack, owner: httpx.Client) -> None:
    credential, prompt = owner.headers["Authorization"].split()[1], "A harbour [[slow]]"
    result(call(stack, credential, "get_stats"))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call, stack, credential, "generate_images", prompt=prompt)
        while not owner.get("/v1/generations").json()["items"]:
            time.sleep(0.2)
        stack.kill_function("McpFunction")
        assert waiting.result().status_code >= 500

    again = result(call(stack, credential, "generate_images", prompt=prompt))["structuredContent"]

    assert_paid_once(owner, again["image_ids"])

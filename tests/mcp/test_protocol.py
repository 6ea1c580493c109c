"""The three versions of the protocol: what they answer fits the official types, and errors have their codes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp_types import methods

from image_store_mcp.protocol.context import RequestContext
from image_store_mcp.protocol.versions import CAPABILITIES_KEY, LEGACY, MODERN, SERVER_KEY, VERSION_KEY
from tests.mcp.messages import SERVER, OneJob, ask, error_of, legacy, modern, result_of

ROOT = Path(__file__).resolve().parents[2]
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("tools/list", {}),
    ("resources/list", {}),
    ("resources/templates/list", {}),
    ("tools/call", {"name": "get_stats", "arguments": {}}),
    ("tools/call", {"name": "get_image", "arguments": {"id": "none"}}),
]


@pytest.mark.parametrize("version", LEGACY)
@pytest.mark.parametrize(("method", "params"), CALLS)
def test_results_with_initialize_fit_the_official_types(
    version: str, method: str, params: dict[str, Any]
) -> None:
    methods.validate_server_result(method, version, result_of(legacy(method, version, **params)))


@pytest.mark.parametrize(("method", "params"), [*CALLS, ("server/discover", {})])
def test_results_of_the_current_version_fit_the_official_types(method: str, params: dict[str, Any]) -> None:
    result = result_of(modern(method, **params))

    methods.validate_server_result(method, MODERN, result)
    assert result["resultType"] == "complete"
    assert result["_meta"][SERVER_KEY]["name"] == "images"
    assert ("ttlMs" in result) == (method != "tools/call")


@pytest.mark.parametrize(
    ("asked_for", "agreed"),
    [
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2024-11-05", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
    ],
)
def test_initialize_agrees_on_a_version_that_both_speak(asked_for: str, agreed: str) -> None:
    info = {"name": "client", "version": "1"}

    result = result_of(legacy("initialize", protocolVersion=asked_for, capabilities={}, clientInfo=info))

    methods.validate_server_result("initialize", agreed, result)
    assert result["protocolVersion"] == agreed
    assert ("tasks" in result["capabilities"]) == (agreed == "2025-11-25")


def test_only_the_version_with_tasks_is_told_which_tools_can_be_tasks() -> None:
    def with_tasks(version: str) -> list[str]:
        tools = result_of(legacy("tools/list", version))["tools"]
        return [tool["name"] for tool in tools if "execution" in tool]

    assert with_tasks("2025-11-25") == ["generate_images"]
    assert with_tasks("2025-06-18") == []


def test_all_versions_have_the_same_tools() -> None:
    lists = [result_of(sent)["tools"] for sent in (legacy("tools/list", LEGACY[1]), modern("tools/list"))]

    assert lists[0] == lists[1]
    assert len(lists[0]) == 14


def test_without_a_version_a_client_is_taken_for_an_old_one() -> None:
    body, _ = legacy("tools/list")

    status, answer = ask((body, {}))

    assert status == 200
    assert not [tool for tool in answer["result"]["tools"] if "execution" in tool]


def test_a_notification_and_a_response_have_no_answer() -> None:
    for body in (
        b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
        b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}',
        b'{"jsonrpc":"2.0","id":1,"result":{}}',
    ):
        assert ask((body, {})) == (202, None)


def test_ping_is_part_of_the_older_versions_alone() -> None:
    assert result_of(legacy("ping")) == {}
    assert error_of(modern("ping")) == (404, -32601)


@pytest.mark.parametrize("method", ["no/such", "prompts/list", "logging/setLevel", "subscriptions/listen"])
def test_an_unknown_method_is_none(method: str) -> None:
    assert error_of(legacy(method)) == (200, -32601)
    assert error_of(modern(method)) == (404, -32601)


def test_wrong_parameters_are_errors_of_the_protocol() -> None:
    for params in (
        {"name": "no_such_tool"},
        {"name": 5},
        {},
        {"name": "get_stats", "arguments": []},
    ):
        assert error_of(legacy("tools/call", **params)) == (200, -32602)
    assert error_of(legacy("tools/list", cursor="x")) == (200, -32602)
    assert error_of(legacy("initialize", protocolVersion=5)) == (200, -32602)
    assert error_of(modern("tools/list", cursor="")) == (400, -32602)


def test_wrong_arguments_are_results_that_a_model_can_read() -> None:
    for sent in (
        legacy("tools/call", name="list_images", arguments={"limit": "many"}),
        modern("tools/call", name="list_images", arguments={"limit": "many"}),
    ):
        result = result_of(sent)

        assert result["isError"] is True
        assert "limit" in result["content"][0]["text"]


def test_a_resource_that_does_not_exist_has_the_code_of_its_version() -> None:
    uri = "image-store://images/none"

    assert error_of(legacy("resources/read", uri=uri)) == (200, -32002)
    assert error_of(modern("resources/read", uri=uri)) == (400, -32602)
    assert error_of(modern("resources/read", uri="file:///etc/passwd")) == (400, -32602)
    assert error_of(legacy("resources/read", uri=uri), OneJob(fault=503)) == (200, -32603)


# The order of checks of the current version -----------------------------------------------------------------


def changed(sent: tuple[bytes, dict[str, str]], **meta: Any) -> tuple[bytes, dict[str, str]]:
    """The same request with other members of `_meta`; None removes one."""
    body, headers = sent
    message = json.loads(body)
    both = message["params"]["_meta"] | {
        {"version": VERSION_KEY, "capabilities": CAPABILITIES_KEY}[name]: value
        for name, value in meta.items()
    }
    message["params"]["_meta"] = {name: value for name, value in both.items() if value is not None}
    return json.dumps(message).encode(), headers


def with_headers(sent: tuple[bytes, dict[str, str]], **headers: str | None) -> tuple[bytes, dict[str, str]]:
    """The same request with other headers; None removes one."""
    both = sent[1] | {name.replace("_", "-"): value for name, value in headers.items()}
    return sent[0], {name: value for name, value in both.items() if value is not None}


DISCOVER = modern("server/discover")
CALL = modern("tools/call", name="get_stats", arguments={})


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (changed(DISCOVER, version=None), -32602),
        (changed(DISCOVER, capabilities=None), -32602),
        (with_headers(DISCOVER, mcp_protocol_version=None), -32020),
        (with_headers(DISCOVER, mcp_protocol_version="2025-11-25"), -32020),
        (with_headers(DISCOVER, mcp_method=None), -32020),
        (with_headers(DISCOVER, mcp_method="Server/Discover"), -32020),
        (with_headers(CALL, mcp_name=None), -32020),
        (with_headers(CALL, mcp_name="get_image"), -32020),
        (with_headers(CALL, mcp_name="=?base64?!!?="), -32020),
        (with_headers(CALL, mcp_name=f"=?base64?{base64.b64encode(b'\xff').decode()}?="), -32020),
        (changed(DISCOVER, version=5), -32020),
        (with_headers(changed(DISCOVER, version="1900-01-01"), mcp_protocol_version="1900-01-01"), -32022),
        (changed(DISCOVER, capabilities=[]), -32602),
    ],
)
def test_a_request_of_the_current_version_is_refused_by_the_first_check_that_fails(
    sent: tuple[bytes, dict[str, str]], code: int
) -> None:
    assert error_of(sent) == (400, code)


def test_a_name_may_be_written_as_base64() -> None:
    name = f"=?base64?{base64.b64encode(b'get_stats').decode()}?="

    assert result_of(with_headers(CALL, mcp_name=name))["structuredContent"]["images"] == 0


def test_an_unsupported_version_learns_the_supported_ones() -> None:
    sent = with_headers(changed(DISCOVER, version="1900-01-01"), mcp_protocol_version="1900-01-01")

    _, answer = ask(sent)

    assert answer["error"]["data"] == {"supported": [MODERN, *LEGACY], "requested": "1900-01-01"}


def test_a_version_that_is_known_by_its_header_alone_is_not_taken_for_an_old_one() -> None:
    """A client that meets -32602 knows that the server speaks its version, and does not begin with `initialize`."""
    body, _ = legacy("tools/list")

    assert error_of((body, {"mcp-protocol-version": "2027-01-01"})) == (400, -32602)


def test_other_transports_have_no_headers_to_compare() -> None:
    body, _ = CALL
    call = RequestContext(store=OneJob().store, version=LEGACY[0])

    answer = SERVER.answer(json.loads(body), call)

    assert answer is not None
    assert answer["result"]["structuredContent"]["images"] == 0


def test_a_list_of_tools_imports_no_library() -> None:
    """It is the first answer of a function that starts, and of `image-store mcp`."""
    begin = "import sys, image_store_mcp.server_features, image_store_mcp.protocol.http, image_store_mcp.connections; "
    path = os.pathsep.join(str(ROOT / folder) for folder in ("clients/mcp", "clients/python"))

    done = subprocess.run(
        [sys.executable, "-c", f"{begin} print(*sys.modules)"],
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )

    assert not {"httpx", "ssl", "pydantic", "mcp_types", "asyncio"} & set(done.stdout.split())

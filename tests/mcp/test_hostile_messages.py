"""Whatever is sent is answered, within bounds, and never repeated at length."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_store_mcp.protocol.context import RequestContext
from image_store_mcp.protocol.failures import Code
from image_store_mcp.protocol.messages import MAX_DEPTH, MAX_MESSAGE_BYTES
from image_store_mcp.protocol.server import Server
from tests.mcp.messages import OneJob, ask, legacy, modern

MAX_ERROR_BYTES = 1_000


def message(**parts: Any) -> bytes:
    """A message with these parts in place of the usual ones."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping", **parts}).encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff", -32700),
        (b"\xef\xbb\xbf{}", -32700),
        (b"NaN", -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1e999}}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":-Infinity}}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\\ud800"}}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"\\udfff":1}}', -32700),
        (b'{"jsonrpc":"2.0","id":' + b"9" * 5_000 + b',"method":"ping"}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}', -32700),
        (b"[" * 100_000 + b"]" * 100_000, -32700),
        (b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2), -32600),
        (b" " * (MAX_MESSAGE_BYTES + 1), -32600),
        (b"[]", -32600),
        (b"[" + message() + b"]", -32600),
        (b"null", -32600),
        (b"{}", -32600),
        (message(jsonrpc="1.0"), -32600),
        (message(id=None), -32600),
        (message(id=True), -32600),
        (message(id=1.5), -32600),
        (message(id="x" * 257), -32600),
        (message(id=2**63), -32600),
        (message(id={}), -32600),
        (message(method=""), -32600),
        (message(method=5), -32600),
        (message(method="x" * 129), -32600),
        (message(params=[]), -32602),
        (message(params=None), -32602),
    ],
)
def test_what_is_no_message_is_refused(body: bytes, code: int) -> None:
    status, answer = ask((body, {}))

    assert (status, answer["error"]["code"]) == (400, code)
    assert len(json.dumps(answer)) < MAX_ERROR_BYTES


@pytest.mark.parametrize("identifier", [0, -1, "", "a", "x" * 256, 2**63 - 1])
def test_an_id_comes_back_as_it_was_sent(identifier: Any) -> None:
    status, answer = ask((message(id=identifier), {}))

    assert (status, answer) == (200, {"jsonrpc": "2.0", "id": identifier, "result": {}})


LONG = "ü" * 100_000


@pytest.mark.parametrize(
    "sent",
    [
        legacy("tools/call", name=LONG),
        legacy("tasks/get", taskId=LONG),
        legacy("resources/read", uri=LONG),
        legacy("tools/list", cursor=LONG),
        modern("tools/call", name=LONG),
        modern("tasks/get", taskId=LONG, capabilities={"extensions": {"io.modelcontextprotocol/tasks": {}}}),
    ],
    ids=str,
)
def test_long_texts_are_not_repeated(sent: tuple[bytes, dict[str, str]]) -> None:
    _, answer = ask((sent[0], sent[1] | {"mcp-name": "y" * 9_000}))

    assert len(json.dumps(answer)) < MAX_ERROR_BYTES


def test_a_fault_of_the_server_itself_is_reported_and_not_shown() -> None:
    faults: list[Exception] = []

    def broken() -> Any:
        raise RuntimeError("a secret")

    from image_store_mcp.server_features import server_features

    server = Server(server_features(), report=faults.append)
    body, headers = legacy("tools/call", name="get_stats")

    answer = server.answer(
        json.loads(body), RequestContext(store=broken, version="2025-11-25", headers=headers)
    )

    assert answer is not None
    assert answer["error"] == {"code": -32603, "message": "Something went wrong on our side."}
    assert [str(fault) for fault in faults] == ["a secret"]


def test_a_local_server_reports_a_fault_as_one_short_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    class Broken:
        def stats(self) -> Any:
            raise RuntimeError("\x1b[2J\nforged line" + "x" * 5_000)

    from image_store_mcp.local.session import Session
    from image_store_mcp.tools.table import TOOLS

    Session(Broken(), TOOLS).answer(json.loads(legacy("tools/call", name="get_stats")[0]))  # type: ignore[arg-type]

    reported = capsys.readouterr().err
    assert reported.startswith(r"image-store mcp: RuntimeError: \x1b[2J\nforged line")
    assert reported.index("\n") == len(reported) - 1 < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["name", "arguments", "uri", "taskId", "cursor", "_meta", "task", "protocolVersion", "capabilities"]
)
METHODS = st.sampled_from(
    [
        "initialize", "ping", "server/discover", "tools/list", "tools/call", "resources/list", "resources/read",
        "tasks/get", "tasks/result", "tasks/cancel", "tasks/update", "x",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(
    method=METHODS,
    params=st.dictionaries(NAMES, JSON | st.sampled_from(["get_stats", "generate_images"]), max_size=4),
    version=st.sampled_from(["2025-06-18", "2025-11-25", "2026-07-28", "", "x"]),
)
def test_every_message_has_an_answer_of_its_id(method: str, params: Any, version: str) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 3, "method": method, "params": params}).encode()

    status, answer = ask((body, {"mcp-protocol-version": version, "mcp-method": method}), OneJob())

    assert status in {200, 400, 404}
    assert answer["id"] in {3, None}
    assert ("result" in answer) != ("error" in answer)
    if "error" in answer:
        assert answer["error"]["code"] in set(Code)

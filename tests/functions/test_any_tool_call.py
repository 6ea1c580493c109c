"""No call of a tool ends in an error of the server itself, whatever its arguments are, and every answer is bounded."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from image_store_mcp.connections import Connections
from image_store_mcp.protocol.failures import Code
from image_store_mcp.tools.table import TOOLS
from tests.functions.api_in_memory import ApiInMemory
from tests.functions.deployment import API, Deployment, event, loaded
from tests.functions.handlers import verdict_of_user
from tests.functions.requests import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "60"))
MAX_ANSWER_BYTES = 64 * 1024
CREDENTIAL = event("mcp/stats")["headers"]["authorization"].removeprefix("Bearer ")
STORAGE = "https://private.invalid/"
"""Where links lead to objects of the deployment."""
IMAGE, JOB = "an id of an image", "an id of a job"
"""Stand for ids that exist."""

TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["..", "../keys", "a/b", "%2e%2e", "?x#y", "\r\nX: y", "\x00", "//host/x", "ü" * 3_000, "x" * 90_000]
    ),
    st.sampled_from(
        ["data:image/png;base64,AA", "http://169.254.169.254/", "file:///etc/passwd", "AAAA", "2026-01-31"]
    ),
    st.sampled_from(["1024x1024", "public", "unlisted", "low", "google", "auto", "type:id", "thumb"]),
    st.sampled_from([IMAGE, JOB]),
)
VALUES = st.one_of(
    TEXTS,
    st.lists(TEXTS, max_size=3),
    st.lists(st.just("tag"), min_size=500, max_size=500),
    st.booleans() | st.none() | st.integers() | st.sampled_from([10**300, -1, 0, 1, 1e300, 0.5]),
    st.dictionaries(st.text(max_size=4), TEXTS, max_size=2),
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A tool, and a value for some of its arguments; mostly for those that it requires."""
    tool = draw(st.sampled_from(TOOLS))
    names = list(tool.input_schema.get("properties", ()))
    chosen = draw(st.lists(st.sampled_from([*names, "other"]), max_size=4)) if names else []
    required = tool.input_schema.get("required", []) if draw(st.integers(0, 5)) else []
    return tool.name, {name: draw(VALUES) for name in (*required, *chosen)}


def test_no_arguments_lead_to_an_error_of_the_server(
    deployed: Callable[..., Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = deployed(PROVIDERS="pollinations")
    store.ports.sleep = lambda _: None
    transport = ApiInMemory(store, {CREDENTIAL: verdict_of_user("alice")})
    monkeypatch.setattr(loaded("mcp"), "connections", Connections(transport))
    ids = {IMAGE: store.answer_to("upload/raw").json["id"]}

    @settings_of(EXAMPLES)
    @given(call=calls(), version=st.sampled_from(["2025-06-18", "2025-11-25"]), as_task=st.booleans())
    def holds(call: tuple[str, dict[str, Any]], version: str, as_task: bool) -> None:
        tool, arguments = call
        known = {
            name: ids.get(value, value) if isinstance(value, str) else value
            for name, value in arguments.items()
        }
        params = {"name": tool, "arguments": known} | ({"task": {}} if as_task else {})
        sent = event("mcp/stats") | {
            "body": json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        }
        sent["headers"]["mcp-protocol-version"] = version

        answer = store.call(sent, function="mcp")

        assert answer.status == 200
        assert len(json.dumps(answer.json)) <= MAX_ANSWER_BYTES
        assert answer.json.get("error", {}).get("code") != Code.INTERNAL_ERROR, (answer.text, params)
        assert all(str(each.url).startswith((f"{API}/v1/", STORAGE)) for each in transport.requests)
        assert not any(
            "authorization" in each.headers
            for each in transport.requests
            if str(each.url).startswith(STORAGE)
        )
        transport.requests.clear()

    holds()

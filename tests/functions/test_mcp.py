"""The function for AI clients: who may speak to it, and that its tools are the API with the caller's credential."""

from __future__ import annotations

import base64
import gzip
import json
from contextlib import contextmanager
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_store.domain.callers.caller import key_holder
from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import InvalidToken, IssuerUnavailable, KeyExpired, KeyRevoked
from image_store.entrypoints.callers.verdicts import verdict_against, verdict_of
from image_store.entrypoints.http.request import MAX_BODY_BYTES
from image_store_client import NotFoundError
from image_store_mcp.connections import Connections
from tests.fakes.dynamodb import all_items
from tests.functions.api_in_memory import ApiInMemory
from tests.functions.deployment import (
    API,
    Answer,
    Context,
    Deployment,
    assert_refused,
    event,
    from_owner,
    loaded,
    with_bytes,
    with_headers,
)
from tests.functions.handlers import verdict_of_user
from tests.functions.requests import HEADERS, TYPES, json_bodies, settings_of
from tests.log_lines import logged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CREDENTIAL = event("mcp/stats")["headers"]["authorization"].removeprefix("Bearer ")
MAX_ANSWER_BYTES = 64 * 1024
METADATA = "/.well-known/oauth-protected-resource"
ISSUERS = json.dumps([{"issuer": "https://more.example.com", "audiences": ["a"], "subject_prefix": "more:"}])


@pytest.fixture
def api(store: Deployment, monkeypatch: pytest.MonkeyPatch) -> ApiInMemory:
    """The API that the tools call, in the place of the network."""
    return connected(store, monkeypatch, verdict_of_user("alice"))


def connected(store: Deployment, monkeypatch: pytest.MonkeyPatch, verdict: dict[str, str]) -> ApiInMemory:
    """Let the tools of the function call a store in memory, whose authorizer says this of the credential."""
    transport = ApiInMemory(store, {CREDENTIAL: verdict})
    monkeypatch.setattr(loaded("mcp"), "connections", Connections(transport))
    return transport


def saying(name: str, body: Any) -> dict[str, Any]:
    """The same request with another message."""
    return event(name) | {"body": body if isinstance(body, str) else json.dumps(body)}


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """A call of a tool in a version with `initialize`."""
    params = {"name": tool, "arguments": arguments}
    return saying("mcp/stats", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})


def result_of(answer: Answer) -> Any:
    """The result of an answer without an error."""
    assert answer.status == 200, answer.text
    return answer.json["result"]


def with_verdict(sent: dict[str, Any], verdict: Any) -> dict[str, Any]:
    """The same request, of which the authorizer said something else."""
    changed = deepcopy(sent)
    changed["requestContext"]["authorizer"] = {"lambda": verdict}
    return changed


def assert_rpc_refusal(answer: Answer, status: int) -> str:
    """The answer refuses a request in the form of the protocol; its message is returned."""
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json")
    assert (answer.json["jsonrpc"], answer.json["id"]) == ("2.0", None)
    message: str = answer.json["error"]["message"]
    return message


@contextmanager
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The lines that the function logs meanwhile, read."""
    with logged() as out:
        yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_client_of_each_kind_begins(store: Deployment) -> None:
    first = result_of(store.answer_to("mcp/initialize"))
    noted = store.answer_to("mcp/initialized")
    modern = result_of(store.answer_to("mcp/discover"))

    assert first["protocolVersion"] == "2025-11-25"
    assert (noted.status, noted.text) == (202, "")
    assert modern["supportedVersions"] == ["2026-07-28", "2025-11-25", "2025-06-18"]


@pytest.mark.parametrize("name", ["mcp/stats", "mcp/call"])
def test_a_tool_reads_the_api_as_its_caller(store: Deployment, api: ApiInMemory, name: str) -> None:
    store.answer_to("upload/raw")
    store.projected()

    result = result_of(store.answer_to(name))

    assert result["structuredContent"]["images"] == 1
    [request] = api.requests
    assert str(request.url) == f"{API}/v1/stats"
    assert request.headers["authorization"] == f"Bearer {CREDENTIAL}"


def test_a_tool_changes_what_the_caller_owns_and_the_caller_signs(
    store: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = store.answer_to("upload/raw").json["id"]
    verdict = verdict_of(key_holder("k1", owner="alice", scopes=[Scope.READ_IMAGES, Scope.WRITE_IMAGES]))
    connected(store, monkeypatch, verdict)
    sent = with_verdict(call("update_image", id=image_id, title="A new title"), verdict)

    result = result_of(store.call(sent, function="mcp"))

    assert "isError" not in result, result
    [item] = [item for item in all_items(store.client, store.table) if item["sk"]["S"] == "META"]
    assert "A new title" in json.dumps(item)
    assert item["by"]["S"].startswith("key:k1 ")


@pytest.mark.parametrize("verdict", [InvalidToken("why"), KeyRevoked(), KeyExpired()], ids=lambda e: e.code)
def test_a_bad_credential_is_told_where_to_sign_in(store: Deployment, verdict: Any) -> None:
    answer = store.call(with_verdict(event("mcp/stats"), verdict_against(verdict)), function="mcp")

    assert assert_rpc_refusal(answer, 401)
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer error="invalid_token", resource_metadata="{API}{METADATA}/mcp"'
    )


def test_without_sign_in_nothing_leads_there(deployed: Callable[..., Deployment]) -> None:
    """Some clients ignore a key that they were given once they find an issuer."""
    store = deployed(MCP_SIGN_IN="false")

    refusal = store.call(with_verdict(event("mcp/stats"), None), function="mcp")

    assert_rpc_refusal(refusal, 401)
    assert refusal.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert_refused(store.answer_to("mcp/sign-in"), 404, "route_not_found")


def test_a_credential_that_cannot_be_verified_now_may_come_again(store: Deployment) -> None:
    with log_lines() as lines:
        answer = store.call(
            with_verdict(event("mcp/stats"), verdict_against(IssuerUnavailable())), function="mcp"
        )

    assert_rpc_refusal(answer, 503)
    assert [(line["message"], line["code"]) for line in lines()] == [("request failed", "issuer_unavailable")]
    assert answer.headers["Retry-After"] == "60"


def test_the_metadata_names_the_address_of_the_tools_and_all_issuers(
    deployed: Callable[..., Deployment],
) -> None:
    store = deployed(ISSUER="https://issuer.example.com", AUDIENCE="a", ISSUERS=ISSUERS)

    answer = store.answer_to("mcp/sign-in")

    assert answer.status == 200
    assert answer.json == {
        "resource": f"{API}/mcp",
        "resource_name": "Image store",
        "authorization_servers": ["https://issuer.example.com", "https://more.example.com"],
        "bearer_methods_supported": ["header"],
    }


def test_a_key_with_too_few_scopes_is_refused_by_the_api_and_the_model_learns_why(
    store: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = verdict_of(key_holder("k1", owner="alice", scopes=[Scope.READ_IMAGES]))
    image_id = store.answer_to("upload/raw").json["id"]
    connected(store, monkeypatch, verdict)
    sent = with_verdict(call("delete_image", id=image_id), verdict)

    result = result_of(store.call(sent, function="mcp"))

    assert result["isError"] is True
    assert json.loads(result["content"][0]["text"])["error"]["code"] == "scope_required"


def test_an_owner_is_named_to_the_api_too(store: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    scopes = [Scope.READ_IMAGES, Scope.ACT_AS]
    verdict = verdict_of(key_holder("k1", owner="alice", scopes=scopes))
    api = connected(store, monkeypatch, verdict)
    sent = with_headers(with_verdict(call("get_stats"), verdict), image_store_owner="J%C3%BCrgen")

    assert "isError" not in result_of(store.call(sent, function="mcp"))

    assert [request.headers["image-store-owner"] for request in api.requests] == ["J%C3%BCrgen"]


def test_nobody_acts_for_others_without_the_scope(store: Deployment) -> None:
    sent = with_headers(event("mcp/stats"), image_store_owner="bob")

    assert_rpc_refusal(store.call(sent, function="mcp"), 403)


@pytest.mark.parametrize(
    ("origins", "origin", "status"),
    [
        ("https://app.example.com", "https://app.example.com", 200),
        ("https://app.example.com", "https://evil.example.com", 403),
        ("https://app.example.com", "null", 403),
        ("https://app.example.com", API, 200),
        ("*", "https://any.example.com", 200),
    ],
)
def test_a_page_may_come_from_allowed_origins_only(
    deployed: Callable[..., Deployment], origins: str, origin: str, status: int
) -> None:
    store = deployed(ALLOWED_ORIGINS=origins)

    answer = store.call(with_headers(event("mcp/initialize"), origin=origin), function="mcp")

    assert answer.status == status


def test_a_body_that_is_too_large_or_no_json_is_refused_in_the_form_of_the_protocol(
    store: Deployment,
) -> None:
    large = with_bytes(event("mcp/stats"), b" " * (MAX_BODY_BYTES + 1))
    form = with_headers(event("mcp/stats"), content_type="text/plain")

    assert_rpc_refusal(store.call(large, function="mcp"), 413)
    assert_rpc_refusal(store.call(form, function="mcp"), 415)
    assert_rpc_refusal(store.call(saying("mcp/stats", "[]"), function="mcp"), 400)


def test_no_tool_begins_when_there_is_no_time_left(store: Deployment, api: ApiInMemory) -> None:
    late = Context(remaining=timedelta(seconds=1))

    result = result_of(store.call(event("mcp/stats"), function="mcp", context=late))

    assert result["isError"] is True
    assert json.loads(result["content"][0]["text"])["error"]["code"] == "timeout"
    assert api.requests == []


@pytest.mark.parametrize(
    ("name", "body", "status", "identifier"),
    [
        ("mcp/stats", None, 200, 2),
        ("mcp/call", None, 200, json.loads(event("mcp/call")["body"])["id"]),
        ("mcp/initialized", None, 500, None),
        ("mcp/stats", "no JSON", 500, None),
        ("mcp/stats", "x" * (MAX_BODY_BYTES + 1), 500, None),
    ],
    ids=["initialize", "no initialize", "notification", "no JSON", "too large"],
)
def test_an_unexpected_error_is_answered_in_the_form_of_the_protocol_and_logged_without_its_text(
    store: Deployment, name: str, body: str | None, status: int, identifier: int | None
) -> None:
    sent = event(name) if body is None else saying(name, body)
    del sent["requestContext"]["domainName"]  # a gateway sends it always

    with log_lines() as lines:
        answer = store.call(sent, function="mcp")

    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json")
    assert answer.json == {
        "jsonrpc": "2.0",
        "id": identifier,
        "error": {"code": -32603, "message": "Something went wrong on our side."},
    }
    [line] = lines()
    assert (line["level"], line["message"], line["exception_name"]) == (
        "ERROR",
        "unexpected error",
        "KeyError",
    )


def test_no_credential_in_an_unexpected_error_is_logged_or_answered(
    store: Deployment,
) -> None:
    class NoClock(Context):
        def get_remaining_time_in_millis(self) -> int:
            raise RuntimeError(f"Bearer {CREDENTIAL}")

    with log_lines() as lines:
        answer = store.call(event("mcp/stats"), function="mcp", context=NoClock())

    [line] = lines()
    assert line["message"] == "unexpected error"
    assert CREDENTIAL not in answer.text + json.dumps(line)


def test_an_unexpected_error_of_the_metadata_is_a_problem(store: Deployment) -> None:
    sent = event("mcp/sign-in")
    del sent["requestContext"]["domainName"]

    with log_lines() as lines:
        answer = store.call(sent, function="mcp")

    assert_refused(answer, 500, "internal_error")
    assert [line["message"] for line in lines()] == ["unexpected error"]


def test_two_callers_share_connections_and_no_credential(
    store: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = {"of-alice": verdict_of_user("alice"), "of-bob": verdict_of_user("bob")}
    transport = ApiInMemory(store, verdicts)
    monkeypatch.setattr(loaded("mcp"), "connections", Connections(transport))
    store.answer_to("upload/raw")
    store.projected()

    def images(owner: str) -> Any:
        sent = from_owner(with_headers(event("mcp/stats"), authorization=f"Bearer of-{owner}"), owner)
        return result_of(store.call(sent, function="mcp"))["structuredContent"]["images"]

    assert [images("alice"), images("bob"), images("alice")] == [1, 0, 1]


def test_no_cookie_of_one_caller_is_sent_for_another() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(
            404, headers={"Set-Cookie": "session=alice; Path=/"}, json={"code": "image_not_found"}
        )

    connections = Connections(httpx.MockTransport(answer))
    for token in ("of-alice", "of-bob"):
        with pytest.raises(NotFoundError):
            connections.store(API, token=token, owner=None, seconds=5).images.get("i1")

    assert [each.headers.get("cookie") for each in requests] == [None, None]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/mcp", "POST"), ("DELETE", "/mcp", "POST"), ("POST", METADATA, "GET, HEAD")],
)
def test_other_methods_are_told_the_allowed_ones(
    store: Deployment, method: str, path: str, allowed: str
) -> None:
    sent = deepcopy(event("site/docs")) | {"rawPath": path}
    sent["requestContext"]["http"] |= {"method": method, "path": path}

    answer = store.call(sent, function="site")

    assert (answer.status, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["oauth-authorization-server", "openid-configuration"])
def test_the_store_is_no_issuer(store: Deployment, path: str) -> None:
    sent = deepcopy(event("site/docs")) | {"rawPath": f"/.well-known/{path}"}

    assert_refused(store.call(sent, function="site"), 404, "route_not_found")


@settings_of(60)
@given(
    body=json_bodies("mcp") | st.binary(max_size=60),
    headers=HEADERS,
    content_type=TYPES | st.just("application/json"),
)
def test_no_request_is_answered_500(
    store: Deployment, api: ApiInMemory, body: bytes, headers: dict[str, str], content_type: str
) -> None:
    sent = with_bytes(event("mcp/call"), body)
    sent["headers"] = sent["headers"] | headers | {"content-type": content_type}

    answer = store.invoke("mcp", sent)

    assert answer["statusCode"] in {200, 202, 400, 403, 404, 415}
    if answer["statusCode"] != 202:
        assert len(answer["body"]) < MAX_ANSWER_BYTES
        assert ("result" in (shown := unpacked(answer))) != ("error" in shown)


def unpacked(answer: dict[str, Any]) -> Any:
    """The JSON of an answer, which may be compressed."""
    if not answer.get("isBase64Encoded"):
        return json.loads(answer["body"])
    return json.loads(gzip.decompress(base64.b64decode(answer["body"])))

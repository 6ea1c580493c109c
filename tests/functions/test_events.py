"""The events of `events/`: each is used, each is what the gateway, the queue or the scheduler really sends."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from tests.functions.deployment import EVENTS, FUNCTIONS, event

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = sorted(path.relative_to(EVENTS).with_suffix("").as_posix() for path in EVENTS.glob("*/*.json"))
REQUESTS = [name for name in NAMES if "routeKey" in event(name) and "routeArn" not in event(name)]
URL_NAMES = [name for name in REQUESTS if event(name)["routeKey"] == "$default"]
"""Requests to the URL of a function, which has no routes and no authorizer."""
HTTP_NAMES = [name for name in REQUESTS if name not in URL_NAMES]
QUEUE_NAMES = [name for name in NAMES if name.startswith(("ingest/", "work/", "deliver/wake"))]


def texts_in_tests() -> Iterator[str]:
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    # The one name that a test puts together.
    yield from ("links/display", "links/thumb")


def test_every_event_is_used_by_a_test() -> None:
    unused = set(NAMES) - set(texts_in_tests())

    assert not unused


def test_every_function_has_events_and_every_event_a_function() -> None:
    functions = {path.parent.name for path in FUNCTIONS.glob("*/app.py")}

    assert {name.partition("/")[0] for name in NAMES} == functions


def test_there_is_nothing_but_events_in_the_folder() -> None:
    files = {path for path in EVENTS.rglob("*") if path.is_file()}

    assert files == {EVENTS / f"{name}.json" for name in NAMES}


@pytest.mark.parametrize("name", HTTP_NAMES)
def test_a_request_says_everything_twice_and_alike(name: str) -> None:
    """Payload 2.0 repeats route, method, path and query; a mistake by hand would be believed in one place only."""
    sent = event(name)
    context, method = sent["requestContext"], sent["routeKey"].partition(" ")[0]

    path = sent["routeKey"].partition(" ")[2]
    for parameter, value in sent.get("pathParameters", {}).items():
        path = path.replace(f"{{{parameter}}}", value).replace(f"{{{parameter}+}}", value)
    assert (sent["version"], context["routeKey"]) == ("2.0", sent["routeKey"])
    assert (context["http"]["method"], context["http"]["path"]) == (method, path)
    assert sent["rawPath"] == path
    assert sent.get("queryStringParameters", {}) == joined(sent["rawQueryString"])
    assert all(header == header.lower() for header in sent["headers"])
    assert (context["http"]["sourceIp"], context["domainName"]) == (
        sent["headers"]["x-forwarded-for"],
        sent["headers"]["host"],
    )


def joined(query: str) -> dict[str, str]:
    """The query as the gateway gives it beside the raw one: repeated parameters joined by commas."""
    return {name: ",".join(values) for name, values in parse_qs(query, keep_blank_values=True).items()}


@pytest.mark.parametrize("name", URL_NAMES)
def test_a_request_to_a_url_says_everything_twice_and_names_no_caller(name: str) -> None:
    sent = event(name)
    context = sent["requestContext"]

    assert (context["routeKey"], context["stage"], context["accountId"]) == (
        "$default",
        "$default",
        "anonymous",
    )
    assert (context["http"]["path"], context["domainName"]) == (sent["rawPath"], sent["headers"]["host"])
    assert "authorizer" not in context
    assert "pathParameters" not in sent


@pytest.mark.parametrize("name", REQUESTS)
def test_a_body_has_the_length_that_its_request_names(name: str) -> None:
    sent = event(name)
    body = sent.get("body")

    length = sent["headers"].get("content-length")

    assert length == (None if body is None else str(len(raw(body, sent["isBase64Encoded"]))))


def raw(body: str, is_base64: bool) -> bytes:
    return base64.b64decode(body, validate=True) if is_base64 else body.encode()


@pytest.mark.parametrize("name", [name for name in HTTP_NAMES if not name.startswith("mcp/")])
def test_a_request_goes_to_a_route_of_its_function_and_names_a_caller_where_it_must(name: str) -> None:
    sent = event(name)
    document = json.loads((FUNCTIONS / "site/openapi.json").read_text("utf-8"))
    method, _, path = sent["routeKey"].replace("+}", "}").partition(" ")  # OpenAPI knows no rest of a path

    operation: dict[str, Any] = document["paths"][path][method.lower()]

    assert ("authorizer" in sent["requestContext"]) == bool(operation["security"])


@pytest.mark.parametrize("name", QUEUE_NAMES)
def test_a_message_has_the_digest_of_its_body_and_an_id_of_its_own(name: str) -> None:
    messages = event(name)["Records"]

    digests = [
        hashlib.md5(message["body"].encode(), usedforsecurity=False).hexdigest() for message in messages
    ]

    assert [message["md5OfBody"] for message in messages] == digests
    assert len({message["messageId"] for message in messages}) == len(messages) > 0

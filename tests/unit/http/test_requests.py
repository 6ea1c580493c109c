"""Reading requests, as the gateway hands them over."""

from typing import Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from image_store.domain.errors import (
    ImageStoreError,
    InvalidRequest,
    PayloadTooLarge,
    PreconditionFailed,
    UnsupportedMediaType,
)
from image_store.entrypoints.finding.query_schemas import ImageListParameters
from image_store.entrypoints.http import api as http
from image_store.entrypoints.http.requests import (
    MAX_BODY_BYTES,
    body_of,
    if_version,
    json_of,
    query,
    query_values,
    validated,
)
from image_store.entrypoints.images.attribute_schemas import ImageAttributes
from image_store.entrypoints.images.patches import read_patch


def resolving(
    *, query: str = "", headers: dict[str, str] | None = None, claims: Any = None, **fields: Any
) -> APIGatewayHttpResolver:
    """A resolver in the middle of this request."""
    event = {
        "version": "2.0",
        "routeKey": "POST /",
        "rawPath": "/",
        "rawQueryString": query,
        "headers": headers or {},
        "requestContext": {
            "domainName": "api.example.com",
            "requestId": "r-1",
            "stage": "$default",
            "http": {"method": "POST", "path": "/"},
            "authorizer": {"jwt": {"claims": {"sub": "alice"} if claims is None else claims}},
        },
        **fields,
    }
    api = APIGatewayHttpResolver()

    @api.post("/")
    def here() -> "Response[str]":
        return Response(204)

    api.resolve(event, None)  # type: ignore[arg-type]  # no context is looked at
    return api


def test_parameters_hold_commas_that_the_gateway_would_join_with() -> None:
    api = resolving(query="tag=a%2Cb&tag=c&empty=&plus=a+b")

    assert query_values(api) == {"tag": ["a,b", "c"], "empty": [""], "plus": ["a b"]}


@pytest.mark.parametrize("text", ["a=%ff", "&".join(f"p{number}=1" for number in range(101))])
def test_a_query_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        query_values(resolving(query=text))


def test_a_parameter_given_twice_is_named() -> None:
    with pytest.raises(InvalidRequest) as raised:
        query(resolving(query="limit=1&limit=2"), ImageListParameters)

    assert raised.value.errors[0][0] == ("query", "limit")


def test_a_fault_names_its_place_and_never_the_input() -> None:
    with pytest.raises(InvalidRequest) as raised:
        query(resolving(query="limit=secret"), ImageListParameters)

    assert raised.value.errors[0][0] == ("query", "limit")
    assert "secret" not in f"{raised.value} {raised.value.errors}"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"tags": [""]}, "String should have at least 1 character"),
        ({"tags": ["x" * 65]}, "String should have at most 64 characters"),
        ({"tags": ["x"] * 21}, "List should have at most 20 items after validation, not 21"),
        ({"tags": ["a\x00"]}, "must not contain control characters"),
        ([], "Input should be an object"),
    ],
)
def test_a_fault_is_told_in_the_words_of_json(value: Any, message: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        validated(ImageAttributes, value, at="body")

    assert [text for _, _, text in raised.value.errors] == [message]


@pytest.mark.parametrize(
    ("value", "version"), [(None, None), ("*", None), (" * ", None), ('"1"', 1), (' "12" ', 12)]
)
def test_if_match_names_a_version_or_any(value: str | None, version: int | None) -> None:
    headers = {} if value is None else {"if-match": value}

    assert if_version(resolving(headers=headers)) == version


@pytest.mark.parametrize(
    "value", ["", '"', '""', "1", 'W/"1"', '"1", "2"', '"-1"', '"²"', '"x"', '"' + "9" * 5_000 + '"']
)
def test_if_match_that_can_name_no_version_is_not_met(value: str) -> None:
    """RFC 9110, section 13.1.1: If-Match compares strongly, so weak tags never match."""
    with pytest.raises(PreconditionFailed):
        if_version(resolving(headers={"if-match": value}))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, b""),
        ({"body": "é"}, "é".encode()),
        ({"body": "/wA=", "isBase64Encoded": True}, b"\xff\x00"),
        ({"body": "/wA=", "isBase64Encoded": False}, b"/wA="),
    ],
)
def test_a_body_is_the_bytes_that_were_sent(fields: dict[str, Any], expected: bytes) -> None:
    assert body_of(resolving(**fields)) == expected


def test_a_body_at_the_limit_is_read_and_one_byte_more_is_refused() -> None:
    assert len(body_of(resolving(body="x" * MAX_BODY_BYTES))) == MAX_BODY_BYTES
    with pytest.raises(PayloadTooLarge):
        body_of(resolving(body="x" * (MAX_BODY_BYTES + 1)))


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"a": NaN}', b'{"a": -Infinity}', b'"\\ud800"', b"[" * 100_000, b"9" * 5_000],
    ids=["empty", "cut-off", "not-utf-8", "nan", "infinity", "half-pair", "deep", "long-number"],
)
def test_what_cannot_be_stored_as_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        json_of(body)


@pytest.mark.parametrize("content_type", ["application/json", "Application/Merge-Patch+JSON; charset=utf-8"])
def test_a_patch_is_json_of_either_name(content_type: str) -> None:
    patch = read_patch(resolving(headers={"content-type": content_type}, body='{"title": "New"}'))

    assert (patch.title, patch.model_fields_set) == ("New", {"title"})


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}, {"content-type": "image/png"}])
def test_a_patch_of_another_type_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(UnsupportedMediaType):
        read_patch(resolving(headers=headers, body="{}"))


@pytest.mark.parametrize("subject", ["alice", "auth0|5f7c8ec7c33c6c004bbafe82", "x" * 255])
def test_the_caller_is_the_subject_of_the_token(subject: str) -> None:
    assert http.caller(resolving(claims={"sub": subject})) == subject


@pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": "x" * 256}, {"sub": "a\nb"}, {"email": "a@b"}])
def test_a_token_without_a_usable_subject_is_refused(claims: dict[str, str]) -> None:
    """A8."""
    with pytest.raises(ImageStoreError):
        http.caller(resolving(claims=claims))


def test_the_address_of_the_api_is_the_configured_one_or_the_gateways() -> None:
    api = resolving()

    assert http.api_url(api, "https://images.example.com") == "https://images.example.com"
    assert http.api_url(api, "") == "https://api.example.com"

"""Reading requests, as the gateway hands them over."""

from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.domain.callers.actor import UNNAMED, Actor
from image_store.domain.callers.caller import key_holder, user
from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import (
    ActAsRequired,
    InvalidRequest,
    InvalidToken,
    PayloadTooLarge,
    PreconditionFailed,
    UnsupportedMediaType,
)
from image_store.entrypoints.callers.verdicts import verdict_of
from image_store.entrypoints.finding.query_schemas import ImageListParameters
from image_store.entrypoints.http.request import MAX_BODY_BYTES, Request
from image_store.entrypoints.http.validation import parse_storable_json, validate
from image_store.entrypoints.images.attribute_schemas import ImageAttributes
from image_store.entrypoints.images.patches import read_patch
from image_store.settings import Settings

ALICE = verdict_of(user("alice", scopes=(), admin_scope="admin", admin_subjects=()))


def a_request(
    *, query: str = "", headers: dict[str, str] | None = None, verdict: Any = ALICE, **fields: Any
) -> Request:
    """A request as the gateway hands it over."""
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
            "authorizer": {"lambda": verdict},
        },
        **fields,
    }
    return Request(event, LambdaContext())


def settings_with(**environment: str) -> Settings:
    """The settings of a deployment with these variables."""
    return Settings.from_env(environment)


def test_parameters_hold_commas_that_the_gateway_would_join_with() -> None:
    request = a_request(query="tag=a%2Cb&tag=c&empty=&plus=a+b")

    assert request.query_values == {"tag": ["a,b", "c"], "empty": [""], "plus": ["a b"]}


@pytest.mark.parametrize("text", ["a=%ff", "&".join(f"p{number}=1" for number in range(101))])
def test_a_query_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        _ = a_request(query=text).query_values


def test_a_parameter_given_twice_is_named() -> None:
    with pytest.raises(InvalidRequest) as raised:
        a_request(query="limit=1&limit=2").query(ImageListParameters)

    assert raised.value.errors[0][0] == ("query", "limit")


def test_a_fault_names_its_place_and_never_the_input() -> None:
    with pytest.raises(InvalidRequest) as raised:
        a_request(query="limit=secret").query(ImageListParameters)

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
def test_a_fault_is_described_in_terms_of_json(value: Any, message: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        validate(ImageAttributes, value, at="body")

    assert [text for _, _, text in raised.value.errors] == [message]


@pytest.mark.parametrize(
    ("value", "version"), [(None, None), ("*", None), (" * ", None), ('"1"', 1), (' "12" ', 12)]
)
def test_if_match_names_a_version_or_any(value: str | None, version: int | None) -> None:
    headers = {} if value is None else {"if-match": value}

    assert a_request(headers=headers).if_version == version


@pytest.mark.parametrize(
    "value", ["", '"', '""', "1", 'W/"1"', '"1", "2"', '"-1"', '"²"', '"x"', '"' + "9" * 5_000 + '"']
)
def test_an_if_match_without_a_version_fails(value: str) -> None:
    """RFC 9110, section 13.1.1: If-Match compares strongly, so weak tags never match."""
    with pytest.raises(PreconditionFailed):
        _ = a_request(headers={"if-match": value}).if_version


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
    assert a_request(**fields).body == expected


def test_a_body_at_the_limit_is_read_and_one_byte_more_is_refused() -> None:
    assert len(a_request(body="x" * MAX_BODY_BYTES).body) == MAX_BODY_BYTES
    with pytest.raises(PayloadTooLarge):
        _ = a_request(body="x" * (MAX_BODY_BYTES + 1)).body


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"a": NaN}', b'{"a": -Infinity}', b'"\\ud800"', b"[" * 100_000, b"9" * 5_000],
    ids=["empty", "cut-off", "not-utf-8", "nan", "infinity", "half-pair", "deep", "long-number"],
)
def test_what_cannot_be_stored_as_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_storable_json(body)


@pytest.mark.parametrize("content_type", ["application/json", "Application/Merge-Patch+JSON; charset=utf-8"])
def test_a_patch_is_json_of_either_name(content_type: str) -> None:
    patch = read_patch(a_request(headers={"content-type": content_type}, body='{"title": "New"}'))

    assert (patch.title, patch.model_fields_set) == ("New", {"title"})


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}, {"content-type": "image/png"}])
def test_a_patch_of_another_type_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(UnsupportedMediaType):
        read_patch(a_request(headers=headers, body="{}"))


def test_the_owner_is_that_of_the_verdict() -> None:
    assert a_request().owner == "alice"


@pytest.mark.parametrize("verdict", [None, {}, {"refusal": "invalid_token", "reason": "why"}])
def test_a_request_without_a_caller_has_no_owner(verdict: Any) -> None:
    with pytest.raises(InvalidToken):
        _ = a_request(verdict=verdict).owner


BACKEND = verdict_of(
    key_holder("0123456789abcdef", owner="service", scopes={Scope.READ_IMAGES, Scope.ACT_AS})
)


@pytest.mark.parametrize(
    ("header", "owner"),
    [("bob", "bob"), ("auth0%7C1", "auth0|1"), ("%C3%A9", "é"), ("100%25", "100%"), ("service", "service")],
)
def test_a_caller_that_may_act_for_others_names_the_owner(header: str, owner: str) -> None:
    request = a_request(verdict=BACKEND, headers={"image-store-owner": header})

    assert request.owner == owner
    assert request.actor == Actor("key:0123456789abcdef", "r-1")


@pytest.mark.parametrize("header", ["", "%ff", "%00", "a%0Ab", "x" * 256])
def test_a_name_that_can_be_no_owner_is_refused(header: str) -> None:
    with pytest.raises(InvalidRequest):
        _ = a_request(verdict=BACKEND, headers={"image-store-owner": header}).owner


def test_nobody_else_names_another_owner() -> None:
    assert a_request(headers={"image-store-owner": "alice"}).owner == "alice"
    with pytest.raises(ActAsRequired):
        _ = a_request(headers={"image-store-owner": "bob"}).owner


def test_the_address_of_the_api_is_the_configured_one_or_the_gateways() -> None:
    request = a_request()

    assert request.api_url("https://images.example.com") == "https://images.example.com"
    assert request.api_url("") == "https://api.example.com"


@pytest.mark.parametrize(
    ("value", "has"),
    [
        (None, False),
        ("", False),
        ('"3"', True),
        ('W/"3"', True),
        ('"2", "3"', True),
        ("*", True),
        ('"4"', False),
    ],
)
def test_if_none_match_names_versions_that_the_client_has(value: str | None, has: bool) -> None:
    headers = {} if value is None else {"if-none-match": value}

    assert a_request(headers=headers).client_has('"3"') == has


def test_a_request_with_a_token_acts_as_its_subject_and_one_without_as_nobody() -> None:
    assert a_request().actor == Actor.subject("alice", "r-1")
    assert a_request(verdict=None).actor == UNNAMED

"""No request leads to a 500, to a long answer for a fault, or to more work than its length is worth.

Real handlers, services and adapters answer what hypothesis thinks of, route by route. Time is the processor's, the
least of several runs: four times the input may cost some more than four times as much, and nothing near sixteen.
"""

from __future__ import annotations

import base64
import json
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.deployment import (
    Deployment,
    event,
    from_owner,
    with_bytes,
    with_headers,
    with_query,
)
from tests.functions.requests import requests, routes, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_FAULT_BYTES = 100_000
EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "12"))
BIG = 400_000
MOST_GROWTH = 9
"""Of the time for four times the input: linear is 4, quadratic 16."""


@pytest.mark.parametrize(("function", "method", "path"), routes(), ids=" ".join)
def test_no_request_of_a_route_is_answered_500_or_at_length(
    deployed: Callable[..., Deployment], function: str, method: str, path: str
) -> None:
    store = deployed(ADMIN_SUBJECTS="alice", API_URL="https://api.example.com")
    store.answer_to("upload/raw")

    @settings_of(EXAMPLES)
    @given(sent=requests(function, method, path))
    def holds(sent: dict[str, Any]) -> None:
        answer = store.invoke(function, sent)

        body = answer.get("body", "")
        # This deployment has no provider, which a valid generation request is told.
        is_without_provider = answer["statusCode"] == 502 and json.loads(body)["code"] == "provider_failed"
        assert answer["statusCode"] < 500 or is_without_provider, (body, json.dumps(sent)[:2_000])
        if answer["statusCode"] >= 400:
            assert len(body) <= MAX_FAULT_BYTES
            if method != "HEAD":
                assert json.loads(body)["code"]
        if method == "HEAD":
            assert body == ""

    holds()


def json_event(name: str, body: str) -> dict[str, Any]:
    """An event with this text as its JSON."""
    sent = with_headers(event(name), content_type="application/json")
    return sent | {"body": body, "isBase64Encoded": False}


def form_event(body: bytes, boundary: str = "x") -> dict[str, Any]:
    """An upload with this form."""
    sent = with_headers(event("upload/form"), content_type=f"multipart/form-data; boundary={boundary}")
    return with_bytes(sent, body)


def file_form(head: bytes = b"", data: bytes = b"") -> bytes:
    """A form with a file."""
    return (
        b'--x\r\nContent-Disposition: form-data; name="file"' + head + b"\r\n\r\n" + data + b"\r\n--x--\r\n"
    )


def filled(piece: str, size: int) -> str:
    """So many characters of a repeated piece."""
    return piece * (size // len(piece))


def accents(size: int) -> str:
    """A letter with so many bytes of accents as JSON has them, in the order that takes longest to mend."""
    half = size // 24
    return "a" + "\u0301" * half + "\u0323" * half


def generation(**fields: Any) -> str:
    """The body of an upload that says this of its generation."""
    return json.dumps({"source": {"base64": "AAAA"}, "generation": fields})


FLOODS: dict[str, Callable[[int], tuple[str, dict[str, Any]]]] = {
    "encoded words in a filename": lambda n: (
        "upload",
        form_event(file_form(b'; filename="' + filled("=?utf-8?q?=61?= ", n).encode() + b'"')),
    ),
    "parameters of a header": lambda n: ("upload", form_event(file_form(filled("; a*0*=''%41", n).encode()))),
    "headers of a part": lambda n: ("upload", form_event(file_form(filled("\r\na: b", n).encode()))),
    "parts": lambda n: ("upload", form_event(file_form() + filled("--x\r\na: b\r\n\r\n\r\n", n).encode())),
    "parts within parts": lambda n: (
        "upload",
        form_event(
            file_form(b"\r\nContent-Type: multipart/mixed; boundary=y", filled("\r\n--y\r\n", n).encode())
        ),
    ),
    "messages within messages": lambda n: (
        "upload",
        form_event(file_form(data=filled("Content-Type: message/rfc822\r\n\r\n", n).encode())),
    ),
    "boundaries that are none": lambda n: (
        "upload",
        form_event(file_form(data=filled("\r\n--xy", n).encode())),
    ),
    "almost boundaries": lambda n: ("upload", form_event(file_form(data=filled("\r\n-", n).encode()))),
    "ends of lines before a form": lambda n: ("upload", form_event(filled("\r\n", n).encode())),
    "ends of lines in a file": lambda n: ("upload", form_event(file_form(data=filled("\r\n", n).encode()))),
    "parameters of a content type": lambda n: (
        "upload",
        with_headers(event("upload/form"), content_type="multipart/form-data" + filled('; a="', n)),
    ),
    "bad groups": lambda n: (
        "upload",
        json_event("upload/base64", json.dumps({"groups": {f"?{i}": ["\n"] for i in range(n // 12)}})),
    ),
    "bad members of a group": lambda n: (
        "upload",
        json_event("upload/base64", json.dumps({"groups": {"a": ["\n"] * (n // 6)}})),
    ),
    "unknown fields": lambda n: (
        "upload",
        json_event("upload/base64", json.dumps({f"?{i}": 1 for i in range(n // 12)})),
    ),
    "bad tags": lambda n: ("upload", json_event("upload/base64", json.dumps({"tags": ["\n"] * (n // 6)}))),
    "themes": lambda n: (
        "upload",
        json_event(
            "upload/base64", json.dumps({"analysis": {"tone_analysis": {"themes": ["\n"] * (n // 6)}}})
        ),
    ),
    "bad items of a batch": lambda n: (
        "upload",
        json_event("upload/batch", json.dumps({"items": [{f"?{i}": 1 for i in range(n // 200)}] * 20})),
    ),
    "bad items of a generation": lambda n: (
        "generations",
        json_event("generations/begin", json.dumps({"items": [{"prompt": 1}] * (n // 15)})),
    ),
    "bad ids": lambda n: ("delete", json_event("delete/batch", json.dumps({"ids": [1] * (n // 3)}))),
    "accents of a category": lambda n: (
        "upload",
        json_event("upload/base64", json.dumps({"category": accents(n)})),
    ),
    "accents of tags": lambda n: (
        "upload",
        json_event("upload/base64", json.dumps({"tags": [accents(n // 20)] * 20})),
    ),
    "accents of a group": lambda n: (
        "upload",
        json_event("upload/base64", json.dumps({"groups": {"post": [accents(n)]}})),
    ),
    "accents of a model": lambda n: ("upload", json_event("upload/base64", generation(model=accents(n)))),
    "accents of a group that is deleted": lambda n: (
        "delete",
        json_event("delete/batch", json.dumps({"group": f"post:{accents(n)}"})),
    ),
    "accents of a model that is wanted": lambda n: (
        "generations",
        json_event("generations/begin", json.dumps({"items": [{"prompt": "x"}], "model": accents(n)})),
    ),
    "names twice": lambda n: (
        "upload",
        json_event("upload/base64", "{" + filled('"a":1,', n) + '"a":1}'),
    ),
    "objects": lambda n: (
        "upload",
        json_event("upload/base64", generation(params="@").replace('"@"', "[" + filled("{},", n) + "{}]")),
    ),
    "arrays within arrays": lambda n: (
        "upload",
        json_event("upload/base64", generation(params="@").replace('"@"', "[" * (n // 2) + "]" * (n // 2))),
    ),
    "a number of many digits": lambda n: (
        "upload",
        json_event("upload/base64", generation(duration_ms="@").replace('"@"', "9" * n)),
    ),
    "a fraction of many digits": lambda n: (
        "upload",
        json_event("upload/base64", generation(cost_usd="@").replace('"@"', "0." + "9" * n)),
    ),
    "white space in base64": lambda n: (
        "upload",
        json_event("upload/base64", json.dumps({"source": {"base64": "A " * (n // 2)}})),
    ),
    "a data URI of escapes": lambda n: (
        "upload",
        json_event(
            "upload/base64", json.dumps({"source": {"data_uri": "data:image/png," + "%00" * (n // 3)}})
        ),
    ),
    "parameters of a data URI": lambda n: (
        "upload",
        json_event("upload/base64", json.dumps({"source": {"data_uri": "data:" + ";" * n + "base64,AAAA"}})),
    ),
    "a query of one parameter": lambda n: (
        "list",
        with_query(event("list/newest"), "tag=" + "%41" * (n // 3)),
    ),
    "a query of many parameters": lambda n: ("list", with_query(event("list/newest"), "a=1&" * (n // 4))),
    "media types that are taken": lambda n: (
        "retrieve",
        with_headers(event("retrieve/w640"), accept=filled("image/a;q=0.1,", n)),
    ),
    "versions that are known": lambda n: (
        "retrieve",
        with_headers(event("retrieve/image"), if_none_match=filled('"7", ', n)),
    ),
    "encodings that are taken": lambda n: (
        "site",
        with_headers(event("site/console"), accept_encoding=filled("br;q=1,", n)),
    ),
    "a query of the console": lambda n: ("site", with_query(event("site/console-file"), "v=1&" * (n // 4))),
    "a long address": lambda n: ("links", event("links/display") | {"rawPath": "/i/" + "A" * n}),
}
"""Requests of about so many bytes that once took, or might take, more than linear time."""


@pytest.mark.parametrize("name", sorted(FLOODS))
def test_four_times_the_input_costs_about_four_times_as_much(store: Deployment, name: str) -> None:
    once, four_times = (seconds(store, FLOODS[name], size) for size in (BIG, 4 * BIG))

    assert four_times < MOST_GROWTH * once + 0.1
    assert four_times < 4


def seconds(store: Deployment, flood: Callable[[int], tuple[str, dict[str, Any]]], size: int) -> float:
    """The processor's time for a request, the least of two."""
    function, sent = flood(size)
    durations = []
    for _ in range(2):
        started = time.process_time()
        answer = store.invoke(function, sent)
        durations.append(time.process_time() - started)
        assert answer["statusCode"] < 500
        if answer["statusCode"] >= 400:
            assert len(answer["body"]) <= MAX_FAULT_BYTES
    return min(durations)


def test_at_most_20_faults_are_listed_and_the_others_are_counted(store: Deployment) -> None:
    sent = json_event("upload/base64", json.dumps({f"field{index}": 1 for index in range(50)}))

    answer = store.call(sent, function="upload")

    assert answer.status == 400
    assert len(answer.json["errors"]) == 20
    assert answer.json["errors_not_listed"] == 31  # the source is missing as well


def test_the_name_of_an_unknown_field_is_cut(store: Deployment) -> None:
    answer = store.call(json_event("upload/base64", json.dumps({"n" * 100_000: 1})), function="upload")

    assert answer.status == 400
    assert len(answer.text) < 1_000


@pytest.mark.parametrize(
    ("function", "name", "query"),
    [
        ("stats", "stats/own", "from=9999-12-01&to=9999-12-31"),
        ("stats", "stats/own", "from=9999-12-31"),
        ("stats", "stats/own", "to=0001-01-01"),
        ("stats", "stats/own", "from=0001-01-01&to=9999-12-31"),
        ("list", "list/newest", "from=0001-01-01T00:00:00%2B14:00"),
        ("list", "list/newest", "to=9999-12-31T23:59:59-14:00"),
        ("list", "list/newest", "from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z"),
    ],
)
def test_dates_at_the_ends_of_the_calendar_cause_no_internal_error(
    store: Deployment, function: str, name: str, query: str
) -> None:
    assert store.call(with_query(event(name), query), function=function).status in {200, 400}


@pytest.mark.parametrize(
    "owner", ["\U0001f98a" * 255, "\u732b" * 255, "a\nb"], ids=["emoji", "letters", "lines"]
)
def test_the_feed_of_an_impossible_owner_is_an_invalid_query(store: Deployment, owner: str) -> None:
    answer = store.call(with_query(event("feed/newest"), f"owner={quote(owner)}"), function="feed")

    assert answer.status == 400
    assert answer.json["errors"][0]["loc"] == ["query", "owner"]


@pytest.mark.parametrize("subject", ["\U0001f98a" * 255, "\u732b" * 255], ids=["emoji", "letters"])
def test_a_subject_that_no_key_can_hold_is_refused(store: Deployment, subject: str) -> None:
    assert store.call(from_owner(event("list/newest"), subject), function="list").status == 401


@pytest.mark.parametrize("expires_at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", 4102444800])
def test_an_expiry_beyond_the_calendar_is_refused(store: Deployment, expires_at: Any) -> None:
    body = {"source": {"base64": base64.b64encode(b"x").decode()}, "expires_at": expires_at}

    answer = store.call(json_event("upload/base64", json.dumps(body)), function="upload")

    assert answer.status == 400
    assert answer.json["errors"][0]["loc"] == ["body", "expires_at"]
    assert store.is_empty()


@settings_of(20)
@given(subject=st.text(max_size=300))
def test_no_subject_of_a_token_is_answered_500(deployed: Callable[..., Deployment], subject: str) -> None:
    store = _kept(deployed)

    assert store.call(from_owner(event("list/newest"), subject), function="list").status in {200, 401}


_held: list[Deployment] = []


def _kept(deployed: Callable[..., Deployment]) -> Deployment:
    if not _held:
        _held.append(deployed())
    return _held[0]

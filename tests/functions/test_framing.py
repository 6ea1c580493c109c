"""What a request says counts, and not how it is framed: forms, JSON, types, names of files and data URIs."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.functions.deployment import (
    assert_refused,
    event,
    sent_bytes,
    with_bytes,
    with_headers,
    with_query,
)

if TYPE_CHECKING:
    from tests.functions.deployment import Answer, Deployment

PICTURE = sent_bytes("upload/raw")
TEXT = base64.b64encode(PICTURE).decode()


def form(
    *,
    boundary: str = "x",
    filename: bytes = b'"cat.png"',
    attributes: str | None = None,
    data: bytes = PICTURE,
) -> dict[str, Any]:
    """An upload with this form."""
    line = b"--" + boundary.encode() + b"\r\n"
    body = line + b'Content-Disposition: form-data; name="file"; filename=' + filename
    body += b"\r\nContent-Type: image/png\r\n\r\n" + data + b"\r\n"
    if attributes is not None:
        body += (
            line
            + b'Content-Disposition: form-data; name="attributes"\r\n\r\n'
            + attributes.encode()
            + b"\r\n"
        )
    body += b"--" + boundary.encode() + b"--\r\n"
    sent = with_headers(event("upload/form"), content_type=f"multipart/form-data; boundary={boundary}")
    return with_bytes(sent, body)


def in_json(text: str) -> dict[str, Any]:
    """An upload with this JSON."""
    return with_headers(event("upload/base64"), content_type="application/json") | {
        "body": text,
        "isBase64Encoded": False,
    }


def with_key(sent: dict[str, Any]) -> dict[str, Any]:
    """The same request with an Idempotency-Key."""
    return with_headers(sent, idempotency_key="once")


def uploaded(store: Deployment, sent: dict[str, Any]) -> Answer:
    """What an upload answers."""
    return store.call(sent, function="upload")


def signed_type(ticket: Answer) -> str:
    """The type with which the bytes of a direct upload have to be sent."""
    headers: dict[str, str] = ticket.json["upload"]["headers"]
    return next(value for name, value in headers.items() if name.lower() == "content-type")


# Idempotency ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (
            form(boundary="a", attributes='{"title": "t", "rating": 5}'),
            form(boundary="b", attributes='{"rating":5,"title":"t"}'),
        ),
        (form(filename=b'"cat.png"'), form(filename=b"cat.png")),
        (form(filename=b'"C:\\\\dir\\\\cat.png"'), form(filename=b'"cat.png"')),
        (
            in_json(json.dumps({"source": {"base64": TEXT}, "title": "ä"})),
            in_json('{ "title" : "\\u00e4",\n"source": {"base64": "' + TEXT + '"} }'),
        ),
        (
            with_query(event("upload/raw"), "title=a+b&tag=x&tag=y"),
            with_query(event("upload/raw"), "tag=x&title=a%20b&tag=%79"),
        ),
    ],
)
def test_the_same_request_in_another_frame_is_answered_again(
    store: Deployment, first: dict[str, Any], again: dict[str, Any]
) -> None:
    stored = uploaded(store, with_key(first))
    before = store.contents()

    repeated = uploaded(store, with_key(again))

    assert (stored.status, repeated.status) == (201, 201)
    assert repeated.json["id"] == stored.json["id"]
    assert store.contents() == before


@pytest.mark.parametrize(
    "other",
    [
        form(attributes='{"title": "u"}'),
        form(filename=b'"dog.png"', attributes='{"title": "t"}'),
        form(data=PICTURE + b" ", attributes='{"title": "t"}'),
        form(),
    ],
)
def test_a_form_that_says_something_else_is_a_mismatch(store: Deployment, other: dict[str, Any]) -> None:
    uploaded(store, with_key(form(attributes='{"title": "t"}')))

    assert_refused(uploaded(store, with_key(other)), 422, "idempotency_mismatch")


def test_tags_in_another_order_are_another_request(store: Deployment) -> None:
    uploaded(store, with_key(with_query(event("upload/raw"), "tag=x&tag=y")))

    answer = uploaded(store, with_key(with_query(event("upload/raw"), "tag=y&tag=x")))

    assert_refused(answer, 422, "idempotency_mismatch")


# Names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("می\u200cخواهم.png", "می\u200cخواهم.png"),
        ("Screenshot 12.00.00\u202fPM.png", "Screenshot 12.00.00\u202fPM.png"),
        ("夢\u3000の.png", "夢\u3000の.png"),
        ("👨\u200d👩\u200d👧.png", "👨\u200d👩\u200d👧.png"),
        ("a\u202egnp.png", "agnp.png"),
        ("\u2067a\u2069.png", "a.png"),
        ("50%25 a%22b.png", None),
        ("a'b;c.png", "a'b;c.png"),
    ],
)
def test_a_name_is_the_same_whichever_way_it_comes(store: Deployment, text: str, name: str | None) -> None:
    in_form = {"50%25 a%22b.png": '50%25 a"b.png'}.get(text, name)
    expected = text if name is None else name

    answers = [
        uploaded(store, form(filename=b'"' + text.encode() + b'"')),
        uploaded(store, form(filename=b"x; filename*=UTF-8''" + quote(text, safe="").encode())),
        uploaded(store, form(attributes=json.dumps({"filename": text}))),
        uploaded(store, in_json(json.dumps({"source": {"base64": TEXT}, "filename": text}))),
        uploaded(store, with_query(event("upload/raw"), f"filename={quote(text, safe='')}")),
    ]

    assert [answer.status for answer in answers] == [201] * 5
    assert [answer.json["filename"] for answer in answers] == [in_form, *[expected] * 4]


def test_a_name_of_nothing_leaves_the_name_to_the_type(store: Deployment) -> None:
    answers = [
        uploaded(store, form(filename=b'"\xe2\x80\xae"')),
        uploaded(store, in_json(json.dumps({"source": {"base64": TEXT}, "filename": "\u2066\u2069"}))),
    ]

    assert [answer.json["filename"] for answer in answers] == ["image.png", "image.png"]


# Sources ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        f"data:image/png;base64,{TEXT}",
        f"DATA:IMAGE/PNG;BASE64,{TEXT}",
        f"data:image/png;charset=utf-8;base64,{TEXT}",
        f'data:image/png;name="a.png";base64,{TEXT}',
        f"data:image/png; base64,{TEXT}",
        f"  data:image/png;base64,{TEXT}\n",
        f"data:image/png;base64,{TEXT[:40]}\r\n {TEXT[40:]}",
        f"data:image/png;base64,{quote(TEXT, safe='')}",
        f"data:image/png;base64,{TEXT.rstrip('=')}",
        f"data:;base64,{TEXT}",
        f"data:;charset=utf-8;base64,{TEXT}",
        f"data:image%2Fpng;base64,{TEXT}",
        f"data:image/apng;base64,{TEXT}",
        "data:image/png," + "".join(f"%{byte:02x}" for byte in PICTURE),
    ],
)
def test_a_data_uri_is_read_as_browsers_read_it(store: Deployment, uri: str) -> None:
    answer = uploaded(store, in_json(json.dumps({"source": {"data_uri": uri}})))

    assert (answer.status, answer.json["content_type"]) == (201, "image/png")


def test_a_data_uri_in_the_place_of_base64_gets_a_hint_and_base64_in_its_place_another(
    store: Deployment,
) -> None:
    first = uploaded(store, in_json(json.dumps({"source": {"base64": f" data:image/png;base64,{TEXT}"}})))
    second = uploaded(store, in_json(json.dumps({"source": {"data_uri": TEXT}})))

    assert_refused(first, 400, "invalid_request")
    assert "source.data_uri" in first.json["detail"]
    assert_refused(second, 400, "invalid_request")
    assert "source.base64" in second.json["detail"]


@pytest.mark.parametrize(
    "content_type", ["image/apng", "image/x-png", "image/vnd.mozilla.apng", "IMAGE/PNG; a=b"]
)
def test_other_names_of_png_are_png_for_uploads_and_direct_uploads(
    store: Deployment, content_type: str
) -> None:
    raw = uploaded(store, with_headers(event("upload/raw"), content_type=content_type))
    begin = event("direct/begin")
    entry = json.loads(begin["body"]) | {"content_type": content_type}
    ticket = store.call(begin | {"body": json.dumps(entry)}, function="direct")

    assert (raw.status, raw.json["content_type"]) == (201, "image/png")
    assert (ticket.status, signed_type(ticket)) == (201, "image/png")


def test_image_jpg_is_jpeg_for_direct_uploads(store: Deployment) -> None:
    begin = event("direct/begin")
    entry = json.loads(begin["body"]) | {"content_type": "image/jpg"}

    ticket = store.call(begin | {"body": json.dumps(entry)}, function="direct")

    assert (ticket.status, signed_type(ticket)) == (201, "image/jpeg")


# Bodies as the gateway never frames them --------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"body": "not base64!", "isBase64Encoded": True},
        {"body": "\ud800", "isBase64Encoded": False},
        {"body": None},
        {"headers": None},
        {"headers": {}},
    ],
)
def test_a_body_in_a_wrong_frame_is_refused(store: Deployment, changed: dict[str, Any]) -> None:
    answer = uploaded(store, in_json("{}") | changed)

    assert answer.status in {400, 415}
    assert store.is_empty()

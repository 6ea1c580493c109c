"""Requests as strangers send them, for every route of every function.

What a route takes is known from the events that the other tests send; parts of those are replaced by what nobody
expects. Numbers, names and nesting that Python cannot write as JSON are put into the text.
"""

from __future__ import annotations

import base64
import json
from copy import deepcopy
from functools import cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from image_store.domain.callers.scopes import Scope
from tests.functions.deployment import EVENTS, FUNCTIONS, IMAGE_ID, event, loaded


def settings_of(examples: int) -> settings:
    """So many requests, the same in each run, each as slow as it is."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


HTTP_FUNCTIONS = sorted(
    app.parent.name for app in FUNCTIONS.glob("*/app.py") if "\napi = Api(" in app.read_text("utf-8")
)

RAW = {
    "@deep": "[" * 260 + "]" * 260,
    "@deeper": "[" * 50_000 + "]" * 50_000,
    "@objects": '{"a":' * 260 + "1" + "}" * 260,
    "@huge": "1e999",
    "@nan": "NaN",
    "@infinity": "-Infinity",
    "@digits": "9" * 4_000,
    "@long": "9" * 300,
    "@twice": '{"a":1,"a":2}',
    "@surrogate": '"\\ud800"',
    "@nul": '"\\u0000"',
}
"""JSON that Python's writer does not write, by the text that stands for it until then."""

VALUES = st.one_of(
    st.sampled_from([None, True, False, 0, -1, 1.5, 2**63, -(2**63), 1e300, "", {}, [], [[]], {"": None}]),
    st.sampled_from(sorted(RAW)),
    st.sampled_from(
        [
            "off",
            "t",
            "\x00",
            "\u202e",
            "a" * 5_000,
            "😀" * 400,
            "4102444800",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "9999-12-31",
            "0001-01-01",
            "data:,",
            "http://[",
            "../../..",
            "%00%ff",
            IMAGE_ID,
        ]
    ),
    st.text(max_size=30),
    st.integers(),
    st.lists(st.text(max_size=3), max_size=60),
    st.dictionaries(st.text(max_size=50), st.none() | st.integers() | st.text(max_size=3), max_size=70),
)

NAMES = (
    "limit",
    "cursor",
    "order",
    "kind",
    "visibility",
    "tag",
    "group",
    "model",
    "provider",
    "category",
    "from",
    "to",
    "trashed",
    "q",
    "permanent",
    "scope",
    "rendition",
    "record",
    "filename",
    "title",
    "alt_text",
    "rating",
    "cache_control",
    "expires_at",
    "on_duplicate",
    "owner",
    "all_owners",
    "v",
)

QUERY_VALUES = (
    "5",
    "0",
    "101",
    "true",
    "t",
    "off",
    "%ff",
    "%00",
    "9999-12-31",
    "9999-12-01",
    "0001-01-01",
    "0001-01-01T00:00:00%2B14:00",
    "a:b",
    "all",
    "+",
    "x%3D",
)

PARTS = st.one_of(
    st.sampled_from(
        [IMAGE_ID, "thumb", "display", "%", "%00", "..", "%2e%2e%2f", "<x>", "google", "a" * 3_000]
    ),
    st.text(min_size=1, max_size=60).map(lambda text: text.replace("/", "") or "x"),
)

HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "accept",
            "accept-encoding",
            "if-match",
            "if-none-match",
            "idempotency-key",
            "origin",
            "cookie",
            "x-other",
        ]
    ),
    st.sampled_from(
        ["", "*", '"1"', 'W/"1", *', "gzip;q=0.1", "image/avif;q=2, */*;q=x", "é\x00", "," * 9_000]
    )
    | st.text(max_size=40),
    max_size=4,
)

TYPES = st.sampled_from(
    [
        "application/json",
        "application/merge-patch+json",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        'multipart/form-data; boundary="' + "b" * 200,
        "image/png",
        "image/",
        "text/plain",
        "",
        "ü/ü; é=\x00",
    ]
)


@cache
def routes() -> list[tuple[str, str, str]]:
    """Function, method and path of every route."""
    result = set()
    for function in HTTP_FUNCTIONS:
        result |= {(function, route.method, route.path) for route in loaded(function).api.routes}
    return sorted(result)


@cache
def bodies(function: str) -> list[Any]:
    """JSON bodies that the tests of a function send."""
    result = []
    for path in sorted((EVENTS / function).glob("*.json")):
        sent = json.loads(path.read_text("utf-8"))
        try:
            result.append(
                json.loads(base64.b64decode(sent["body"]) if sent["isBase64Encoded"] else sent["body"])
            )
        except (KeyError, TypeError, ValueError):
            continue
    return result or [{}]


def written(value: Any) -> bytes:
    """A value as JSON, with the texts of `RAW` in their places."""
    text = json.dumps(value)
    for name, raw in RAW.items():
        text = text.replace(json.dumps(name), raw)
    return text.encode("utf-8", "surrogatepass")


@st.composite
def json_bodies(draw: st.DrawFn, function: str) -> bytes:
    """A body of a function with a few of its parts replaced, removed or added."""
    value = deepcopy(draw(st.sampled_from(bodies(function))))
    for _ in range(draw(st.integers(0, 3))):
        value = _changed(draw, value)
    return written(value)


def _changed(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 9)):
            return value | {name: _changed(draw, value[name])}
        return value | {draw(st.text(max_size=20)): draw(VALUES)}
    if isinstance(value, list) and value and draw(st.booleans()):
        return [_changed(draw, value[0]), *value[1:]]
    return draw(VALUES)


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """A form, more or less."""
    pieces = st.sampled_from(
        [
            b"--x\r\n",
            b"--x--\r\n",
            b"\r\n",
            b"\r\n--x",
            b'Content-Disposition: form-data; name="file"; filename="a%22.png"\r\n\r\n',
            b'Content-Disposition: form-data; name="attributes"\r\n\r\n',
            b"Content-Disposition: form-data; name*0=a; name*1=\xff\r\n",
            b"Content-Type: multipart/mixed; boundary=y\r\n",
            b"Content-Transfer-Encoding: base64\r\n",
            b"{}",
            b"\x89PNG\r\n\x1a\n",
            b"a: =?utf-8?q?=61?=" * 50,
        ]
    )
    return b"".join(draw(st.lists(pieces | st.binary(max_size=20), max_size=12)))


@st.composite
def requests(draw: st.DrawFn, function: str, method: str, path: str) -> dict[str, Any]:
    """An event of a route as the gateway would send it, whatever its sender thought of."""
    sent = deepcopy(event("update/details"))
    address = "/".join(_variable(draw, part) if part.startswith("<") else part for part in path.split("/"))
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = address
    sent["requestContext"]["http"]["method"] = method
    sent["routeKey"] = sent["requestContext"]["routeKey"] = f"{method} {path}"
    sent["requestContext"]["authorizer"]["lambda"]["scopes"] = " ".join(Scope)
    sent["rawQueryString"] = draw(queries())
    sent["headers"] = sent["headers"] | draw(HEADERS) | {"content-type": draw(TYPES)}
    if draw(st.integers(0, 19)) == 0:
        sent["headers"] = None
    if draw(st.booleans()):
        sent["cookies"] = draw(st.lists(st.text(max_size=30), max_size=3))
    body = draw(json_bodies(function) | json_bodies(function) | forms() | st.binary(max_size=200))
    sent["isBase64Encoded"] = draw(st.booleans())
    if draw(st.integers(0, 3)):
        sent["headers"] = (sent["headers"] or {}) | {"content-type": "application/json"}
    as_text = body.decode("utf-8", "replace")
    in_base64 = base64.b64encode(body).decode()
    is_right = draw(st.integers(0, 9)) > 0
    sent["body"] = in_base64 if sent["isBase64Encoded"] == is_right else as_text
    return sent


def _variable(draw: st.DrawFn, part: str) -> str:
    return IMAGE_ID if "image_id" in part and draw(st.booleans()) else draw(PARTS)


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A query string."""
    values = st.sampled_from(QUERY_VALUES)
    pairs = draw(st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=5), values), max_size=4))
    flood = draw(st.sampled_from(["", "", "", "&a" * 5_000, "x" * 20_000]))
    return "&".join(f"{name}={value}" for name, value in pairs) + flood

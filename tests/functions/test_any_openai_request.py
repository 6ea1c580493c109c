"""No request to the OpenAI endpoint leads to a 500, to a long answer for a fault, or to more work than it is worth."""

from __future__ import annotations

import base64
import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.deployment import Deployment, event
from tests.functions.openai_requests import BEARER, WAITING, answered, form, opened, signed
from tests.functions.requests import HEADERS, PARTS, TYPES, forms, json_bodies, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "60"))
MAX_FAULT_BYTES = 2_000
BIG = 400_000
MOST_GROWTH = 9
"""Of the time for four times the input: linear is 4, quadratic 16."""
PATHS = st.sampled_from(["images/generations", "images/edits", "models", ""]) | PARTS.map(
    lambda part: f"models/{part}"
)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """An event as a function URL would hand it over, whatever its sender thought of."""
    sent = signed(event(draw(st.sampled_from(["openai/generation", "openai/edit"]))))
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = f"/openai/v1/{draw(PATHS)}"
    sent["requestContext"]["http"]["method"] = draw(st.sampled_from(["POST", "POST", "GET", "PUT"]))
    sent["headers"] |= draw(HEADERS) | {"content-type": draw(TYPES), "authorization": BEARER}
    sent["headers"]["x-stainless-retry-count"] = draw(st.text(max_size=3))
    if draw(st.integers(0, 3)):
        sent["headers"]["content-type"] = "application/json"
    body = draw(json_bodies("openai") | forms() | st.binary(max_size=200))
    sent["isBase64Encoded"] = draw(st.booleans())
    in_base64 = base64.b64encode(body).decode()
    sent["body"] = in_base64 if sent["isBase64Encoded"] else body.decode("utf-8", "replace")
    return sent


def test_no_request_is_answered_500_or_at_length(deployed: Callable[..., Deployment]) -> None:
    store = opened(deployed)

    @settings_of(EXAMPLES)
    @given(sent=requests())
    def holds(sent: dict[str, Any]) -> None:
        answer = store.invoke("openai", sent, context=WAITING)

        assert answer["statusCode"] < 500, (answer["body"][:500], json.dumps(sent)[:2_000])
        if answer["statusCode"] >= 400:
            assert json.loads(answer["body"]).keys() == {"error"}
            assert len(answer["body"]) <= MAX_FAULT_BYTES

    holds()


def json_of(size: int) -> dict[str, Any]:
    """A request that names as many fields as it has room for."""
    sent = signed(event("openai/generation"))
    return sent | {"body": "{" + ",".join(f'"{number}":1' for number in range(size // 10)) + "}"}


def prompt_of(size: int) -> dict[str, Any]:
    """A request with a prompt of accents, all on one letter."""
    sent = signed(event("openai/generation"))
    return sent | {"body": json.dumps({"prompt": "a" + "\u0301" * size, "user": "e" + "\u0301" * size})}


def boundaries_of(size: int) -> dict[str, Any]:
    """A form of nothing but boundaries."""
    return form(*[('name="n"', b"")] * (size // 60))


def slashes_of(size: int) -> dict[str, Any]:
    """A path of slashes."""
    return signed(event("openai/model")) | {"rawPath": "/openai/v1/models" + "/" * size}


@pytest.mark.parametrize("sent_of", [json_of, prompt_of, boundaries_of, slashes_of])
def test_time_grows_no_faster_than_the_request(
    deployed: Callable[..., Deployment], sent_of: Callable[[int], dict[str, Any]]
) -> None:
    store = opened(deployed)

    def seconds(size: int) -> float:
        sent, least = sent_of(size), float("inf")
        for _ in range(3):
            begun = time.process_time()
            assert 400 <= answered(store, sent).status < 500
            least = min(least, time.process_time() - begun)
        return least

    small, large = seconds(BIG // 4), seconds(BIG)

    assert large < max(MOST_GROWTH * small, 0.5)

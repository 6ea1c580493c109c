"""What the refusals of the OpenAI endpoint tell people who begin (E2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functions.deployment import Deployment, event
from tests.functions.openai_requests import answered, images_request, opened, refused, signed

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    return opened(deployed)


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("path", ["/openai/v1/images/generations", "/openai/v1/images/edits"])
def test_a_body_of_another_kind_is_no_wrong_image(store: Deployment, path: str, kind: str | None) -> None:
    sent = images_request() | {"rawPath": path}
    headers = {name: value for name, value in sent["headers"].items() if name != "content-type"}
    sent["headers"] = headers if kind is None else headers | {"content-type": kind}

    assert refused(store, sent) == (400, "invalid_content_type", None)


def test_an_unknown_address_names_what_is_there(store: Deployment) -> None:
    sent = signed(event("openai/models")) | {"rawPath": "/openai/v1/chat/completions"}

    message = answered(store, sent).json["error"]["message"]

    assert "/images/generations, /images/edits and /models" in message


def test_a_key_of_another_service_is_told_what_keys_are_like(store: Deployment) -> None:
    answer = answered(store, signed(images_request(), "Bearer sk-of-another-service"))

    assert "begins with isk_" in answer.json["error"]["message"]

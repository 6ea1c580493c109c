"""Requests to the function of webhooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.functions.deployment import with_bytes

if TYPE_CHECKING:
    from tests.functions.deployment import Answer, Deployment

HOOK = "0000000000000001"
"""The first webhook that a deployment of the tests creates; the events name it."""


def created(store: Deployment, name: str = "webhooks/create") -> Any:
    answer = store.answer_to(name)
    assert answer.status == 201, answer.text
    return answer.json


def body_of(sent: dict[str, Any], **body: Any) -> dict[str, Any]:
    """The same request with another body."""
    return with_bytes(sent, json.dumps(body).encode())


def called(store: Deployment, sent: dict[str, Any]) -> Answer:
    return store.call(sent, function="webhooks")

"""Answers the gateway, which asks who sends a request (HTTP API, REQUEST authorizer, payload 2.0, simple responses)."""

from collections.abc import Callable
from typing import Any

from image_store.entrypoints.callers.verdicts import VERDICTS, verdict_against, verdict_of
from image_store.services.callers.authorization import Authorization

Count = Callable[[str], None]
"""Counts a refusal by its code."""


def authorize(authorization: Authorization, event: dict[str, Any], *, count: Count) -> dict[str, Any]:
    """The answer to a request of the gateway: always allowed, with the caller or with the refusal."""
    header = str((event.get("headers") or {}).get("authorization") or "")
    try:
        verdict = verdict_of(authorization.caller(header))
    except VERDICTS as error:
        count(error.code)
        verdict = verdict_against(error)
    return {"isAuthorized": True, "context": verdict}

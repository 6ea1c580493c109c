"""Answers the gateway, which asks who sends a request (HTTP API, REQUEST authorizer, payload 2.0, simple responses).

While the table does not answer, the authorizer fails: the gateway answers 500 and keeps nothing, so the next request is
verified again. A verdict would refuse a good key for as long as the gateway keeps it.
"""

from typing import Any

from image_store.domain.errors import StorageUnavailable
from image_store.entrypoints.callers.metrics import count_refusal
from image_store.entrypoints.callers.verdicts import VERDICTS, verdict_against, verdict_of
from image_store.services.callers.authorization import Authorization


def authorize(authorization: Authorization, event: dict[str, Any], *, namespace: str) -> dict[str, Any]:
    """The answer to a request of the gateway: always allowed, with the caller or with the refusal.

    Raises StorageUnavailable.
    """
    header = str((event.get("headers") or {}).get("authorization") or "")
    try:
        verdict = verdict_of(authorization.caller(header))
    except StorageUnavailable as error:
        count_refusal(error.code, namespace=namespace)
        raise
    except VERDICTS as error:
        count_refusal(error.code, namespace=namespace)
        verdict = verdict_against(error)
    return {"isAuthorized": True, "context": verdict}

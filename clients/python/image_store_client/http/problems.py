"""Reads errors from responses: the store's problem documents, and the short JSON of a gateway."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from image_store_client.errors import ImageStoreError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from image_store_client.errors import ClientCode
    from image_store_client.schemas import ErrorCode, ProblemError

GATEWAY_REQUEST_ID = "apigw-requestid"
GATEWAY_CODES: Mapping[int, ErrorCode | ClientCode] = {
    401: "invalid_token",
    403: "forbidden",
    404: "not_offered",
    405: "not_offered",
    413: "payload_too_large",
    429: "rate_limited",
    500: "internal_error",
    502: "internal_error",
    503: "internal_error",
    504: "deadline_exceeded",
}
"""The codes of responses that a gateway gives before the store, without a code."""
TOO_LARGE = "The request is larger than the gateway accepts (about 4.5 MB)."


def error_of(answer: httpx.Response, *, retry_after: float | None = None) -> ImageStoreError:
    """Translate a response of the API into an error."""
    body, status = json_object(answer), answer.status_code
    request = f"{answer.request.method} {answer.request.url.path}"
    code = body.get("code") or GATEWAY_CODES.get(status, "unknown")
    title = str(body.get("title") or _phrase(status))
    detail = str(body.get("detail") or body.get("message") or title)
    if code == "not_offered":
        detail = (
            f"This store does not offer {request}: its version is older than this client, "
            "or this is not the address of an image store."
        )
    elif status == 413 and "code" not in body:
        detail = TOO_LARGE
    kind = ImageStoreError if code == "not_offered" else class_for(status)
    return kind(
        detail,
        code=cast("ErrorCode", code),
        status=status,
        title=title,
        request_id=_text(body.get("request_id") or answer.headers.get(GATEWAY_REQUEST_ID)),
        errors=_faults(body.get("errors")),
        existing_id=_text(body.get("existing_id")),
        retry_after=retry_after,
        body=body,
        request=request,
    )


def item_error(problem: Mapping[str, Any]) -> ImageStoreError:
    """Translate the problem of one item of a batch into an error."""
    status = int(problem.get("status") or 500)
    title = str(problem.get("title") or "Failed")
    return class_for(status)(
        str(problem.get("detail") or title),
        code=cast("ErrorCode", problem.get("code") or "unknown"),
        status=status,
        title=title,
        existing_id=_text(problem.get("existing_id")),
        body=problem,
    )


def storage_error(answer: httpx.Response) -> ImageStoreError:
    """Translate a response of the object storage into an error; its own text may hold a signature."""
    status = answer.status_code
    kind = UnavailableError if status >= 500 or status == 429 else ImageStoreError
    return kind(f"Storage answered {status} {_phrase(status)}.", code="storage_refused", status=status)


def class_for(status: int) -> type[ImageStoreError]:
    """Choose the class of an error by its status."""
    if status == 404:
        return NotFoundError
    return UnavailableError if status >= 500 else ImageStoreError


def json_object(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object in a response; an empty one if there is none."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _faults(errors: Any) -> list[ProblemError]:
    faults = errors if isinstance(errors, list) else []
    return [
        {"loc": list(each.get("loc", [])), "type": str(each.get("type", "")), "msg": str(each.get("msg", ""))}
        for each in faults
        if isinstance(each, dict)
    ]

"""Reads errors from responses: the store's problem documents, and the short JSON of a gateway."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from image_store_client.errors import ImageStoreError, NotFoundError, UnavailableError, source_changed

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
    503: "storage_unavailable",
    504: "deadline_exceeded",
}
"""The codes of the answers that the gateway in front of the API gives itself."""
TOO_LARGE = "The request is larger than the gateway accepts (about 4.5 MB)."
PASSING = {408, 409, 429}
"""Statuses of the storage that pass. Its other statuses of 4xx say that the link or the bytes are wrong."""
CHECKSUM_CODES = re.compile(r"<Code>(?:BadDigest|XAmzContentChecksumMismatch)<")
MOST_SECONDS = 366 * 86_400.0
"""Of a Retry-After. A program can sleep for so long; a larger number may be one that no clock takes."""


def error_of(answer: httpx.Response) -> ImageStoreError:
    """Translate a response of the API into an error."""
    body, status = json_object(answer), answer.status_code
    request = f"{answer.request.method} {answer.request.url.path}"
    title = str(body.get("title") or _phrase(status))
    code: Any
    if isinstance(body.get("code"), str):
        code, detail = body["code"], str(body.get("detail") or title)
    elif isinstance(body.get("message"), str) and status in GATEWAY_CODES:
        code = GATEWAY_CODES[status]
        detail = _of_gateway(code, request) or body["message"]
    else:
        code = "not_an_image_store"
        detail = f"{answer.request.url.host} answered {request} with {status}, but not as the API does."
    is_known = code not in {"route_not_found", "not_offered", "not_an_image_store"}
    return _class_of(status, is_known=is_known)(
        detail,
        code=code,
        status=status,
        title=title,
        request_id=_text(body.get("request_id") or answer.headers.get(GATEWAY_REQUEST_ID)),
        errors=_faults(body.get("errors")),
        existing_id=_text(body.get("existing_id")),
        retry_after=retry_after(answer),
        body=body,
        request=request,
    )


def _class_of(status: int, *, is_known: bool) -> type[ImageStoreError]:
    """The class of an error; a 404 says that something does not exist only if a store has answered."""
    if status >= 500:
        return UnavailableError
    return NotFoundError if status == 404 and is_known else ImageStoreError


def _of_gateway(code: str, request: str) -> str | None:
    if code == "not_offered":
        return (
            f"This store does not offer {request}: its version is older than this client, "
            "or this is not the address of an image store."
        )
    return TOO_LARGE if code == "payload_too_large" else None


def item_error(problem: Mapping[str, Any]) -> ImageStoreError:
    """Translate the problem of one item of a batch into an error."""
    status = int(problem.get("status") or 500)
    title = str(problem.get("title") or "Failed")
    return _class_of(status, is_known=True)(
        str(problem.get("detail") or title),
        code=cast("ErrorCode", problem.get("code") or "internal_error"),
        status=status,
        title=title,
        existing_id=_text(problem.get("existing_id")),
        body=problem,
    )


def storage_error(answer: httpx.Response) -> ImageStoreError:
    """Translate a response of the object storage into an error; its own text may hold a signature."""
    status = answer.status_code
    if CHECKSUM_CODES.search(answer.text):
        return source_changed()
    detail = f"Storage answered {status} {_phrase(status)}."
    if status >= 500 or status in PASSING:
        return UnavailableError(
            detail, code="storage_unavailable", status=status, retry_after=retry_after(answer)
        )
    return ImageStoreError(detail, code="storage_refused", status=status)


def json_object(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object in a response; an empty one if there is none."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def retry_after(answer: httpx.Response) -> float | None:
    """The seconds in Retry-After, at most `MOST_SECONDS`; None if it is missing."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return min(float(text), MOST_SECONDS)
    until = time_of(text)
    if until is None:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), MOST_SECONDS)


def time_of(text: str) -> datetime | None:
    """The time in a header; None if it has none."""
    try:
        return parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _faults(errors: Any) -> list[ProblemError]:
    return [
        {"loc": _list(each.get("loc")), "type": str(each.get("type", "")), "msg": str(each.get("msg", ""))}
        for each in _list(errors)
        if isinstance(each, dict)
    ]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

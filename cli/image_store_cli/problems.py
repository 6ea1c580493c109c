"""Reads errors from responses: the store's problem documents, and the short JSON of the gateway."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from image_store_cli.errors import NotOffered, NotSignedIn, Problem, RequestRefused
from image_store_cli.texts import plain

if TYPE_CHECKING:
    import httpx

    from image_store_cli.errors import CommandError

UNKNOWN = "Extra inputs"
TOO_LARGE = (
    "The request is larger than the gateway accepts (about 4.5 MB). Send larger images by a direct upload: "
    "`image-store upload` does so, or begin with POST /v1/uploads."
)
"""An explanation of the gateway's 413, which has none."""
GATEWAY_REQUEST_ID = "apigw-requestid"


def error_of(answer: httpx.Response) -> CommandError:
    """Translate a response into an error.

    A 404 or 405 without a problem document comes from the gateway, which has no such route.
    """
    problem = problem_of(answer)
    path = answer.request.url.path
    if problem.code is None and answer.status_code in {404, 405}:
        return NotOffered(
            f"This store does not offer {answer.request.method} {path}: its version is older than this command, "
            "or this is not the address of an image store.",
            request_id=problem.request_id,
        )
    if answer.status_code == 401:
        mark = f" (request {problem.request_id})" if problem.request_id else ""
        if problem.code is not None:
            return NotSignedIn(
                f"{problem.detail or problem.title} `image-store doctor` explains what to do.{mark}",
                request_id=problem.request_id,
                code=problem.code,
            )
        return NotSignedIn(
            "The store does not accept the token: it has expired, or its issuer or audience is another one. "
            f"Get a new token; `image-store doctor` explains what is wrong with this one.{mark}",
            request_id=problem.request_id,
        )
    if answer.status_code == 413 and problem.code is None:
        return RequestRefused(replace(problem, detail=TOO_LARGE))
    return RequestRefused(problem)


def problem_of(answer: httpx.Response) -> Problem:
    """Read the problem in a response."""
    body = _json_of(answer)
    title = body.get("title") or _phrase(answer.status_code)
    detail = body.get("detail") or body.get("message") or ""
    return Problem(
        status=answer.status_code,
        title=plain(str(title)),
        detail=plain(str(detail)) if str(detail) != str(title) else "",
        code=_text(body.get("code")),
        request_id=_text(body.get("request_id") or answer.headers.get(GATEWAY_REQUEST_ID)),
        existing_id=_text(body.get("existing_id")),
        errors=tuple(_faults(body.get("errors"))),
    )


def item_problem(body: Any) -> Problem:
    """Read the problem of one item of a batch."""
    problem = body if isinstance(body, dict) else {}
    return Problem(
        status=int(problem.get("status") or 500),
        title=plain(str(problem.get("title") or "Failed")),
        detail=plain(str(problem.get("detail") or "")),
        code=_text(problem.get("code")),
        existing_id=_text(problem.get("existing_id")),
    )


def unknown_parameter(fault: str) -> str | None:
    """Return the query parameter that a validation error calls unknown; None for other errors."""
    place, _, message = fault.partition(": ")
    is_unknown = place.startswith("query.") and message.startswith(UNKNOWN)
    return place.removeprefix("query.") if is_unknown else None


def _json_of(answer: httpx.Response) -> dict[str, Any]:
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
    return plain(str(value)) if value else None


def _faults(errors: Any) -> list[str]:
    faults = errors if isinstance(errors, list) else []
    return [
        plain(f"{'.'.join(str(part) for part in each.get('loc', []))}: {each.get('msg', '')}")
        for each in faults
        if isinstance(each, dict)
    ]

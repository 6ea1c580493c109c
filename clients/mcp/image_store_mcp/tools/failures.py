"""Failures of a tool as a model reads them: what is wrong, in which field, and what to do next."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_store_mcp.tools.field_problems import words_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from image_store_client import ImageStoreError
    from image_store_client.schemas import ProblemError

MAX_DETAIL_CHARS = 600
MAX_FIELDS = 10
MAX_FIELD_CHARS = 100
MAX_PROBLEM_CHARS = 200

_CHANGE_ARGUMENTS = "Change the arguments and call the tool again."
_TELL_THE_USER = "Tell the user; another call of the same tool does not help."
_LATER = "Call the tool again after a short wait, and tell the user if it fails again."
_GENERATE_ELSEWHERE = "Change the prompt, or call generate_images with another provider or model."

ADVICE: Mapping[str, str] = {
    "image_not_found": "Find the id with search_images or list_images. An image in the trash must be restored first.",
    "job_not_found": "Use the job_id that generate_images returned.",
    "invalid_request": _CHANGE_ARGUMENTS,
    "invalid_cursor": "Call the tool without a cursor to begin again, with the same filters for every page.",
    "unsupported_media_type": "Choose a JPEG, PNG, GIF, WebP or AVIF image.",
    "invalid_image": "The file is damaged or is no image: choose another one.",
    "image_too_large": "Make the image smaller, or choose another one.",
    "too_many_frames": "Choose an animation with fewer frames.",
    "url_not_allowed": "Use another address, which everyone can reach over https.",
    "source_unreadable": "Check the address; it must answer with the bytes of an image, without signing in.",
    "unsupported_source": "Check that the file exists and is an image.",
    "source_changed": "Call the tool again when the file no longer changes.",
    "duplicate_image": "The store already has these bytes: use existing_id.",
    "content_refused": _GENERATE_ELSEWHERE,
    "provider_failed": _GENERATE_ELSEWHERE,
    "budget_exceeded": _TELL_THE_USER,
    "quota_exceeded": "Tell the user; images in the trash count too.",
    "scope_required": "Tell the user: the key needs another scope for this tool.",
    "invalid_token": "Tell the user: the key or the sign-in is not valid any more.",
    "key_expired": "Tell the user: the key has expired.",
    "key_revoked": "Tell the user: the key was revoked.",
    "rate_limited": "Wait for retry_after_seconds, and call the tool again.",
    "too_many_shares": "Tell the user: old shares must be revoked first.",
}
"""What to do about a code. Others: by whether the same call may succeed later."""

_TOOLS_OF_ROUTES = {"GET /v1/providers": "list_models"}
"""What a model calls where a message of the API names a route."""
_ARGUMENTS = {"q": "query", "from": "since", "to": "until", "image_id": "id", "base64": "data"}
"""The arguments whose names are not those of the API."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One argument that is wrong."""

    field: str
    problem: str


class ToolError(Exception):
    """A call that the tool itself refuses; it is shown to the model as it is."""

    def __init__(
        self,
        detail: str,
        *,
        code: str = "invalid_request",
        fields: Sequence[FieldProblem] = (),
        advice: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.fields = list(fields)
        self.advice = advice


def error_text(failed: ImageStoreError | ToolError) -> str:
    """Write a failure as compact JSON, bounded, so that text of other people stays inside its quotes."""
    about: dict[str, Any] = {"code": failed.code, "detail": _detail_of(failed)[:MAX_DETAIL_CHARS]}
    if isinstance(failed, ToolError):
        fields, advice = failed.fields, failed.advice
    else:
        fields = [_problem_of(each) for each in failed.errors]
        advice = None
        if failed.existing_id:
            about["existing_id"] = failed.existing_id
        if failed.retry_after is not None:
            about["retry_after_seconds"] = failed.retry_after
        if failed.request_id:
            about["request_id"] = failed.request_id
    if fields:
        about["fields"] = [
            {"field": each.field[:MAX_FIELD_CHARS], "problem": each.problem[:MAX_PROBLEM_CHARS]}
            for each in fields[:MAX_FIELDS]
        ]
    about["what_to_do"] = advice or _advice_about(failed)
    return json.dumps({"error": about}, ensure_ascii=False, separators=(",", ":"))


def _detail_of(failed: ImageStoreError | ToolError) -> str:
    detail = failed.detail
    for route, tool in _TOOLS_OF_ROUTES.items():
        detail = detail.replace(route, tool)
    return detail


def _problem_of(fault: ProblemError) -> FieldProblem:
    field = _field_of(fault["loc"])
    return FieldProblem(field, words_for(field, fault["type"], fault["msg"]))


def _field_of(place: Sequence[object]) -> str:
    """The argument that a place in a request of the API comes from: `body.items.0.size` is the argument `size`."""
    names = list(map(str, place))
    if names[:1] in (["body"], ["query"]):
        names = names[1:]
    if names[:2] == ["items", "0"]:
        names = names[2:]
    if names[:1] == ["source"]:
        names = names[1:]
    return ".".join(_ARGUMENTS.get(name, name) for name in names)


def _advice_about(failed: ImageStoreError | ToolError) -> str:
    code = str(failed.code)
    if code in ADVICE:
        return ADVICE[code]
    status = None if isinstance(failed, ToolError) else failed.status
    if code in {"network_error", "timeout"} or (status is not None and status >= 500):
        return _LATER
    return _TELL_THE_USER

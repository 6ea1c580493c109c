"""Turns the errors of the client into those of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_cli.display.texts import plain
from image_store_cli.errors import (
    Broken,
    NotOffered,
    NotSignedIn,
    Problem,
    RequestRefused,
    Unavailable,
    UsageError,
)
from image_store_client.errors import UnavailableError
from image_store_client.http.problems import item_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_cli.errors import CommandError
    from image_store_client.errors import ImageStoreError

UNKNOWN = "Extra inputs"
TOO_LARGE = (
    "The request is larger than the gateway accepts (about 4.5 MB). Send larger images by a direct upload: "
    "`image-store upload` does so, or begin with POST /v1/uploads."
)
"""An explanation of the gateway's 413, which has none."""
OWN_ERRORS: dict[str, type[CommandError]] = {
    "invalid_request": UsageError,
    "invalid_token": NotSignedIn,
    "unsupported_media_type": UsageError,
    "payload_too_large": UsageError,
    "unsupported_source": UsageError,
    "source_changed": Broken,
    "broken_download": Broken,
}
"""The errors that the client finds itself, without a response of the store."""


def command_error(failed: ImageStoreError) -> CommandError:
    """Translate an error of the client."""
    is_of_store = "code" in failed.body
    status = failed.status or 0
    if failed.code == "not_an_image_store" and status < 500:
        return NotOffered(plain(failed.detail), request_id=failed.request_id)
    if failed.code in {"not_offered", "route_not_found"}:
        return NotOffered(
            f"This store does not offer {failed.request}: its version is older than this command, "
            "or this is not the address of an image store.",
            request_id=failed.request_id,
        )
    if failed.request is None and failed.code in OWN_ERRORS:
        return OWN_ERRORS[failed.code](plain(failed.detail))
    if status == 0 or (failed.request is None and isinstance(failed, UnavailableError)):
        return Unavailable(plain(failed.detail))
    if failed.status == 401:
        return _not_signed_in(failed, is_of_store=is_of_store)
    return RequestRefused(problem_of(failed))


def _not_signed_in(failed: ImageStoreError, *, is_of_store: bool) -> NotSignedIn:
    mark = f" (request {failed.request_id})" if failed.request_id else ""
    if is_of_store:
        return NotSignedIn(
            f"{plain(failed.detail)} `image-store doctor` explains what to do.{mark}",
            request_id=failed.request_id,
            code=failed.code,
        )
    return NotSignedIn(
        "The store does not accept the token: it has expired, or its issuer or audience is another one. "
        f"Get a new token; `image-store doctor` explains what is wrong with this one.{mark}",
        request_id=failed.request_id,
    )


def problem_of(failed: ImageStoreError) -> Problem:
    """The problem document of an error that the store, its gateway or its storage reported."""
    is_of_store = "code" in failed.body
    detail = failed.detail
    if failed.status == 413 and not is_of_store:
        detail = TOO_LARGE
    return Problem(
        status=failed.status or 500,
        title=plain(failed.title),
        detail=plain(detail) if detail != failed.title else "",
        code=plain(failed.code) if is_of_store else None,
        request_id=_text(failed.request_id),
        existing_id=_text(failed.existing_id),
        errors=tuple(plain(f"{'.'.join(map(str, each['loc']))}: {each['msg']}") for each in failed.errors),
    )


def item_refusal(problem: Mapping[str, Any]) -> RequestRefused:
    """Translate the problem of one item of a batch."""
    return RequestRefused(problem_of(item_error(problem)))


def unknown_parameter(fault: str) -> str | None:
    """Return the query parameter that a validation error calls unknown; None for other errors."""
    place, _, message = fault.partition(": ")
    is_unknown = place.startswith("query.") and message.startswith(UNKNOWN)
    return place.removeprefix("query.") if is_unknown else None


def _text(value: str | None) -> str | None:
    return plain(value) if value else None

"""The one error of the client, with the API's stable codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from image_store_client.schemas import ErrorCode, ProblemError

ClientCode = Literal[
    "network_error",
    "timeout",
    "not_an_image_store",
    "not_offered",
    "forbidden",
    "storage_refused",
    "unsupported_source",
    "source_changed",
    "upload_pending",
    "broken_download",
]
"""The codes of errors that the API does not report itself.

`network_error`: there was no response. `timeout`: there was none in time. `not_an_image_store`: what answered is a web
page or a proxy. `not_offered`: the store has no such route, so it is older than this client. `forbidden`: a gateway or
firewall refused the request. `storage_refused`: the object storage refused a link or the bytes. `unsupported_source`:
the value cannot be uploaded. `source_changed`: the file changed during its upload. `upload_pending`: the store has all
bytes, and was still processing them when the client stopped waiting. `broken_download`: the bytes that arrived are not
the stored ones.
"""
REFUSALS = {
    "invalid_request": 400,
    "invalid_token": 401,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
}
"""What the API answers to requests that the client already refuses itself."""


class ImageStoreError(Exception):
    """A request failed. `code` says why, for programs; the message says it for people.

    The message holds no token and no signature.
    """

    def __init__(
        self,
        detail: str,
        *,
        code: ErrorCode | ClientCode,
        status: int | None = None,
        title: str | None = None,
        request_id: str | None = None,
        errors: Sequence[ProblemError] = (),
        existing_id: str | None = None,
        retry_after: float | None = None,
        body: Mapping[str, Any] | None = None,
        request: str | None = None,
    ) -> None:
        marks = [f"code {code}"] + ([f"request {request_id}"] if request_id else [])
        faults = [f"\n  {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in errors]
        super().__init__(f"{detail}{''.join(faults)} ({', '.join(marks)})")
        self.detail = detail
        """What happened, in a sentence."""
        self.code = code
        """The API's code, or one of `ClientCode`."""
        self.status = status if status is not None else REFUSALS.get(code)
        """The HTTP status, also of a file that the client itself refuses; None if there was no response."""
        self.title = title or detail
        """The kind of error, in a few words."""
        self.request_id = request_id
        """The id by which the operator finds the request in the logs."""
        self.errors = list(errors)
        """The fields that are wrong: `loc`, `type` and `msg` of each, at most 20."""
        self.existing_id = existing_id
        """The image with the same bytes, of a `duplicate_image`."""
        self.retry_after = retry_after
        """The seconds after which the store asks to try again."""
        self.body = dict(body or {})
        """The JSON of the response; empty if there was none."""
        self.request = request
        """The method and path of the request, such as `GET /v1/images`."""


class NotFoundError(ImageStoreError):
    """The image, job, key or share does not exist, or belongs to another owner (404)."""


class UnavailableError(ImageStoreError):
    """The store or its storage does not answer or has an internal error: the same call may succeed later."""


def source_changed() -> ImageStoreError:
    """The error about a file that changes while it is uploaded."""
    return ImageStoreError("The file changed while it was being uploaded.", code="source_changed")

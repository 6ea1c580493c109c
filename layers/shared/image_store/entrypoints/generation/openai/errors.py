"""The errors of the store in the shape of OpenAI's API: `{"error": {"message", "type", "param", "code"}}`.

OpenAI's clients send a request again after 409, 429 and 5xx, unless `x-should-retry` says otherwise. So every error
says it: `true` where a repeat can succeed and pays nothing twice.
"""

import json
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from image_store.domain import errors
from image_store.domain.generation.jobs import Job, JobItem, JobItemState
from image_store.domain.generation.providers import Reason
from image_store.entrypoints.http.problems import STATUSES

_REQUEST = "invalid_request_error"
_IMAGE = "image_generation_user_error"
_QUOTA = "insufficient_quota"
_SERVER = "server_error"
_INTERNAL = "Something went wrong on our side; the request id helps to find out what."
_MAX_PARAM_CHARS = 64
"""Names of unknown parameters come from the caller, so they are cut."""


_OWN_NAMES = {"groups": "user", "reference_ids": "image"}
"""Parameters that have another name in generation requests; this endpoint sets no other group."""


class Shape(NamedTuple):
    """How an error is answered; the code is that of the store unless OpenAI has one for it."""

    status: int
    type: str = _REQUEST
    code: str | None = None
    may_retry: bool = False


SHAPES: dict[type[errors.ImageStoreError], Shape] = {
    errors.InvalidRequest: Shape(400, code="invalid_value"),
    errors.AttributesTooLarge: Shape(400),
    errors.PayloadTooLarge: Shape(413),
    errors.UnsupportedMediaType: Shape(400, _IMAGE, "invalid_image_file"),
    errors.ContentTypeMismatch: Shape(400, _IMAGE, "invalid_image_file"),
    errors.InvalidImage: Shape(400, _IMAGE, "invalid_image_file"),
    errors.ImageTooLarge: Shape(400, _IMAGE, "invalid_image_file"),
    errors.TooManyFrames: Shape(400, _IMAGE, "invalid_image_file"),
    errors.UrlNotAllowed: Shape(400, _IMAGE, "invalid_image_url"),
    errors.ContentRefused: Shape(400, _IMAGE, "moderation_blocked"),
    errors.InvalidToken: Shape(401, code="invalid_api_key"),
    errors.KeyRevoked: Shape(401, code="invalid_api_key"),
    errors.KeyExpired: Shape(401, code="invalid_api_key"),
    errors.QuotaExceeded: Shape(429, _QUOTA, "insufficient_quota"),
    errors.KeyQuotaExceeded: Shape(429, _QUOTA, "insufficient_quota"),
    errors.BudgetExceeded: Shape(429, _QUOTA, "insufficient_quota"),
    errors.BudgetUsedUp: Shape(429, _QUOTA, "insufficient_quota"),
    errors.RateLimited: Shape(429, "requests", "rate_limit_exceeded", may_retry=True),
    errors.IdempotencyMismatch: Shape(400),
    errors.Conflict: Shape(409, may_retry=True),
    errors.IdempotencyInProgress: Shape(409, may_retry=True),
    errors.IssuerUnavailable: Shape(503, _SERVER, may_retry=True),
    errors.StorageUnavailable: Shape(503, _SERVER, may_retry=True),
    errors.DeadlineExceeded: Shape(503, _SERVER, may_retry=True),
}
"""The errors whose shape does not follow from their status; `shape_of` knows all."""

TIMED_OUT = Shape(504, _SERVER, "generation_in_progress", may_retry=True)
_CANCELLED = Shape(409, code="generation_cancelled")
_PROVIDER = Shape(502, _SERVER, errors.ProviderFailed.code)

_BY_CODE = {error.code: error for error in reversed(STATUSES)}


class EndpointError(Exception):
    """A request that this endpoint itself refuses, or a job that failed; the message is safe to show."""

    def __init__(
        self, message: str, shape: Shape, *, param: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.shape = shape
        self.param = param
        self.headers = headers or {}


def wrong_value(param: str, message: str) -> EndpointError:
    """The refusal of a parameter's value."""
    return EndpointError(message, Shape(400, code="invalid_value"), param=param)


def unsupported_parameter(param: str, message: str) -> EndpointError:
    """The refusal of a parameter, or of a value, that OpenAI documents and no model of the store can do."""
    return EndpointError(message, Shape(400, code="unsupported_parameter"), param=param)


def missing_parameter(param: str) -> EndpointError:
    """The refusal of a request without a parameter that it needs."""
    return EndpointError(
        f"Missing required parameter: '{param}'.", Shape(400, code="missing_required_parameter"), param=param
    )


def unknown_model(name: str) -> EndpointError:
    """The refusal of a model that does not exist, or that the caller has no key for."""
    message = f"The model '{name}' does not exist or is not available to you. GET /models lists the models."
    return EndpointError(message, Shape(404, code="model_not_found"), param="model")


def wrong_content_type(*accepted: str) -> EndpointError:
    """The refusal of a body that is of another kind than the address takes."""
    message = f"Send {' or '.join(accepted)} as Content-Type."
    return EndpointError(message, Shape(400, code="invalid_content_type"))


def unknown_url(base: str) -> EndpointError:
    """The refusal of an address that OpenAI may have and the store does not."""
    message = (
        f"There is nothing at this address. The base address ends in {base}, and "
        "has /images/generations, /images/edits and /models."
    )
    return EndpointError(message, Shape(404, code="unknown_url"))


def shape_of(kind: type[errors.ImageStoreError]) -> Shape:
    """The shape of a kind of errors of the store."""
    status = STATUSES[kind]
    shape = SHAPES.get(kind) or Shape(status, _REQUEST if status < 500 else _SERVER)
    return shape if shape.code else shape._replace(code=kind.code)


def error_for(error: errors.ImageStoreError, *, param: str | None = None) -> EndpointError:
    """An error of the store as the refusal of a request; `param` names the parameter at fault."""
    shape = shape_of(type(error))
    if shape.status == 500:
        return internal_error()
    message, fault = error.message, param
    if isinstance(error, errors.InvalidRequest) and error.errors and param is None:
        message, fault, code = _of_fault(*error.errors[0])
        shape = shape._replace(code=code)
    headers = {} if error.retry_after is None else {"Retry-After": _seconds(error.retry_after)}
    if isinstance(error, errors.MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    return EndpointError(message, shape, param=fault, headers=headers)


def internal_error() -> EndpointError:
    """The answer to an unexpected error of the store: nothing of it is shown, and a repeat might pay again."""
    return EndpointError(_INTERNAL, Shape(500, _SERVER, errors.ImageStoreError.code))


def failed_job(job: Job, items: Sequence[JobItem]) -> EndpointError:
    """Why a job that has ended made no image; the first error stands for all."""
    about = {"x-image-store-job-id": job.id}
    error = next((item.error for item in items if item.state is JobItemState.FAILED and item.error), None)
    if error is None and any(item.state is JobItemState.CANCELLED for item in items):
        return EndpointError("The generation was cancelled.", _CANCELLED, headers=about)
    if error is None:
        gone = "The images were made, and deleted since."
        return EndpointError(gone, Shape(404, code=errors.ImageNotFound.code), headers=about)
    shape = _PROVIDER
    if error.reason == Reason.BAD_REQUEST:
        shape = Shape(400, code="invalid_value")
    elif error.code != errors.ProviderFailed.code and (kind := _BY_CODE.get(error.code)):
        shape = shape_of(kind)
    return EndpointError(error.detail, shape._replace(may_retry=False), headers=about)


def unfinished_job(job: Job) -> EndpointError:
    """The answer while a job still runs: the same request joins it, and pays nothing again."""
    message = (
        f"The images are still being made, as job {job.id}. Send the same request again: it waits for this job "
        "and does not begin another one."
    )
    return EndpointError(message, TIMED_OUT, headers={"x-image-store-job-id": job.id, "Retry-After": "1"})


def error_answer(refused: EndpointError, *, request_id: str) -> dict[str, Any]:
    """The response to a refused request, as a function URL takes it."""
    shape = refused.shape
    body = {
        "error": {
            "message": refused.message,
            "type": shape.type,
            "param": refused.param and refused.param[:_MAX_PARAM_CHARS],
            "code": shape.code,
        }
    }
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "x-request-id": request_id,
        "x-should-retry": "true" if shape.may_retry else "false",
        **refused.headers,
    }
    if shape.status == 401:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'  # RFC 6750, section 3
    return {
        "statusCode": shape.status,
        "headers": headers,
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def _of_fault(place: tuple[str | int, ...], kind: str, words: str) -> tuple[str, str | None, str]:
    """The message, the parameter and the code of a fault that a schema found."""
    inner = place[1:] if place[:1] == ("body",) else place
    # The request is the only item of its generation request.
    inner = inner[2:] if inner[:1] == ("items",) else inner
    names = [str(part)[:_MAX_PARAM_CHARS] for part in inner]
    param = _OWN_NAMES.get(names[0], names[0]) if names else None
    match kind:
        case "extra_forbidden":
            return f"Unknown parameter: '{param}'.", param, "unknown_parameter"
        case "missing":
            return f"Missing required parameter: '{param}'.", param, "missing_required_parameter"
        case _ if param is None:
            return words, None, "invalid_value"
        case "not_offered":
            return f"'{param}' is not possible: {words}.", param, "invalid_value"
    is_type = kind.endswith(("_type", "_parsing"))
    return f"Invalid value for '{param}': {words}.", param, "invalid_type" if is_type else "invalid_value"


def _seconds(wait: timedelta) -> str:
    return str(max(1, math.ceil(wait.total_seconds())))

"""Errors as `application/problem+json` (RFC 9457)."""

import json
import math
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from image_store.domain import errors
from image_store.entrypoints.operations.observability import logger

STATUSES: dict[type[errors.ImageStoreError], int] = {
    errors.InvalidRequest: 400,
    errors.InvalidCursor: 400,
    errors.AttributesTooLarge: 422,
    errors.PayloadTooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.ContentTypeMismatch: 422,
    errors.InvalidImage: 422,
    errors.ImageTooLarge: 413,
    errors.TooManyFrames: 422,
    errors.ChecksumMismatch: 422,
    errors.UrlNotAllowed: 422,
    errors.ImageNotFound: 404,
    errors.RouteNotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.UploadNotFound: 404,
    errors.MigrationNotFound: 404,
    errors.ImportNotFound: 404,
    errors.RepairNotFound: 404,
    errors.RecoveryNotFound: 404,
    errors.RecoveryInProgress: 409,
    errors.RecoveryImpossible: 409,
    errors.BrokenOriginal: 409,
    errors.JobNotFound: 404,
    errors.BackupNotFound: 404,
    errors.BackupNotConfigured: 409,
    errors.BackupDamaged: 422,
    errors.BackupTooNew: 422,
    errors.SourceUnreadable: 422,
    errors.UploadIncomplete: 409,
    errors.DuplicateImage: 409,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.IdempotencyInProgress: 409,
    errors.IdempotencyMismatch: 422,
    errors.QuotaExceeded: 429,
    errors.KeyQuotaExceeded: 429,
    errors.RateLimited: 429,
    errors.BudgetExceeded: 402,
    errors.BudgetUsedUp: 429,
    errors.ProviderFailed: 502,
    errors.ContentRefused: 422,
    errors.InvalidToken: 401,
    errors.KeyRevoked: 401,
    errors.KeyExpired: 401,
    errors.AdminRequired: 403,
    errors.ScopeRequired: 403,
    errors.UploadNotAllowed: 403,
    errors.UploadTokenUsedUp: 403,
    errors.ActAsRequired: 403,
    errors.KeyNotFound: 404,
    errors.ShareNotFound: 404,
    errors.TooManyKeys: 429,
    errors.TooManyShares: 429,
    errors.GroupNotFound: 404,
    errors.GroupExists: 409,
    errors.TooManyGroups: 429,
    errors.WebhookNotFound: 404,
    errors.WebhookDisabled: 409,
    errors.EventNotFound: 404,
    errors.TooManyWebhooks: 429,
    errors.WebhookUrlNotAllowed: 422,
    errors.IssuerUnavailable: 503,
    errors.StorageUnavailable: 503,
    errors.DeadlineExceeded: 503,
    errors.ConfigurationError: 500,
    errors.UnreadableRow: 500,
    errors.ImageStoreError: 500,
}
"""The status of each error; the API document and the tests read it here."""

MAX_FAULTS = 20
"""The most faults of a request that a response lists."""
MAX_ITEM_FAULTS = 5
"""The same for an item of a batch, because a batch has up to 20 items."""

_MAX_PLACE_PARTS = 8
_MAX_PLACE_CHARS = 40
"""Names of unknown fields come from the caller, so they are cut."""

CONTENT_TYPE = "application/problem+json"
_INTERNAL = "Something went wrong on our side; the request id helps to find out what."


def problem(error: errors.ImageStoreError, *, request_id: str) -> "Response[str]":
    """The response to an error. The details of an internal error (500) are not shown to the caller."""
    body = _problem_of(error, most_faults=MAX_FAULTS) | {"request_id": request_id}
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, errors.MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if body["status"] == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'  # RFC 6750, section 3
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after.total_seconds())))
    return Response(body["status"], CONTENT_TYPE, json.dumps(body), headers=headers)


def item_problem(error: errors.ImageStoreError) -> dict[str, Any]:
    """The problem of one item of a batch, as the response shows it; a fault of the store is logged."""
    if STATUSES[type(error)] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("item failed", code=error.code, exc_info=error)
    return _problem_of(error, most_faults=MAX_ITEM_FAULTS)


def internal_problem(*, request_id: str) -> "Response[str]":
    """The response to an unexpected error of the store."""
    body = _body(500, errors.ImageStoreError.code, _INTERNAL) | {"request_id": request_id}
    return Response(500, CONTENT_TYPE, json.dumps(body), headers={"Cache-Control": "no-store"})


def gateway_response(response: "Response[str]") -> dict[str, Any]:
    """A response as the gateway gets it, for functions without Powertools' resolver."""
    headers = {"Content-Type": response.content_type, **response.headers}
    return {"statusCode": response.status_code, "headers": headers, "body": response.body}


def _problem_of(error: errors.ImageStoreError, *, most_faults: int) -> dict[str, Any]:
    status = STATUSES[type(error)]
    is_internal = status == HTTPStatus.INTERNAL_SERVER_ERROR
    body = _body(status, error.code, _INTERNAL if is_internal else error.message)
    if isinstance(error, errors.InvalidRequest) and error.errors:
        faults = error.errors[:most_faults]
        body["errors"] = [{"loc": _place(loc), "type": kind, "msg": text} for loc, kind, text in faults]
        if len(faults) < len(error.errors):
            body["errors_not_listed"] = len(error.errors) - len(faults)
    if isinstance(error, errors.DuplicateImage):
        body["existing_id"] = error.existing_id
    return body


def _place(loc: tuple[str | int, ...]) -> list[str | int]:
    return [
        part if isinstance(part, int) or len(part) <= _MAX_PLACE_CHARS else f"{part[: _MAX_PLACE_CHARS - 1]}…"
        for part in loc[:_MAX_PLACE_PARTS]
    ]


def _body(status: int, code: str, detail: str) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }

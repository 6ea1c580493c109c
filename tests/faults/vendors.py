"""AWS's clients, the CDN and other people's servers, as they fail: each in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from image_store.domain.errors import StorageUnavailable, UrlNotAllowed
from image_store.ports.delivery import Purger
from image_store.ports.images import Fetcher, RemoteFile
from image_store.ports.webhook_sending import EndpointAnswer, Sender
from tests.faults.faults import CONFLICTS, Faults, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from image_store.domain.upkeep.importing import FetchedFile, ImportOptions, ItemPage, SourceItem
    from tests.fakes.fetcher import MemoryFetcher
    from tests.fakes.imports import MemorySource
from image_store.ports.upkeep import ImportSource, ImportSources, SourceBusy

type Request = Mapping[str, Any]

_URL = "https://vendor.invalid"
_TIMED_OUT = frozenset({Mode.TIMEOUT_APPLIED, Mode.APPLIED_LATE})
_SERVER_ERRORS = frozenset({Mode.SERVER_ERROR, Mode.SERVER_ERROR_APPLIED})
_CLOSED = frozenset({Mode.ANSWER_LOST, Mode.ANSWER_LOST_IN_OUTAGE})
_S3_CALLS = {
    "copy_object": "copy",
    "delete_object": "delete one",
    "delete_objects": "delete",
    "get_object": "get",
    "head_object": "head",
    "list_object_versions": "versions",
    "list_objects_v2": "list",
    "put_object": "put",
}


class _Faulty:
    """A client whose calls pass through `faults`."""

    def __init__(self, client: Any, faults: Faults) -> None:
        self._client = client
        self._faults = faults

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            return self._faults.call(
                self.name(operation, request),
                lambda: getattr(self._client, operation)(**request),
                error=lambda mode: self._error(mode, operation, request),
            )

        return call

    def name(self, operation: str, request: Request) -> str:
        """What a call goes by: its store, and what it does there."""
        raise NotImplementedError

    def throttled(self, operation: str, request: Request) -> ClientError:
        """The vendor's words for: not now."""
        raise NotImplementedError

    def failed(self, operation: str) -> ClientError:
        """The vendor's words for a fault of its own."""
        raise NotImplementedError

    def _error(self, mode: Mode, operation: str, request: Request) -> Exception:
        error: Exception
        if mode in CONFLICTS and "TransactItems" in request:
            error = _canceled(request, "TransactionConflict")
        elif mode in CONFLICTS:
            error = _answer(operation, "TransactionConflictException", 400)
        elif mode is Mode.THROTTLED:
            error = self.throttled(operation, request)
        elif mode in _SERVER_ERRORS:
            error = self.failed(operation)
        elif mode is Mode.TIMEOUT:
            error = ConnectTimeoutError(endpoint_url=_URL)
        elif mode in _TIMED_OUT:
            error = ReadTimeoutError(endpoint_url=_URL)
        elif mode in _CLOSED:
            error = ConnectionClosedError(endpoint_url=_URL)
        else:
            error = EndpointConnectionError(endpoint_url=_URL)
        return error


class FaultyDynamo(_Faulty):
    """DynamoDB."""

    def name(self, operation: str, request: Request) -> str:
        return f"dynamodb.{operation}"

    def throttled(self, operation: str, request: Request) -> ClientError:
        if operation == "transact_write_items":
            return _canceled(request, "ThrottlingError")
        return _answer(operation, "ProvisionedThroughputExceededException", 400)

    def failed(self, operation: str) -> ClientError:
        return _answer(operation, "InternalServerError", 500)


class FaultyS3(_Faulty):
    """R2, or S3 itself for the ingest bucket."""

    def name(self, operation: str, request: Request) -> str:
        what = _S3_CALLS[operation]
        file = f" {request['Key'].rpartition('/')[2]}" if what in {"put", "copy"} else ""
        return f"{request['Bucket']}.{what}{file}"

    def throttled(self, operation: str, request: Request) -> ClientError:
        if request["Bucket"] == "ingest":
            return _answer(operation, "SlowDown", 503)
        return _answer(operation, "TooManyRequests", 429)

    def failed(self, operation: str) -> ClientError:
        return _answer(operation, "InternalError", 500)


class FaultySqs(_Faulty):
    """SQS; a queue goes by its URL."""

    def name(self, operation: str, request: Request) -> str:
        return f"{request['QueueUrl']}.{operation}"

    def throttled(self, operation: str, request: Request) -> ClientError:
        return _answer(operation, "RequestThrottled", 400)

    def failed(self, operation: str) -> ClientError:
        return _answer(operation, "InternalFailure", 500)


class FaultyLambda(_Faulty):
    """Lambda; a function goes by its name."""

    def name(self, operation: str, request: Request) -> str:
        return f"{request['FunctionName'].removeprefix('image-store-')}.{operation}"

    def throttled(self, operation: str, request: Request) -> ClientError:
        return _answer(operation, "TooManyRequestsException", 429)

    def failed(self, operation: str) -> ClientError:
        return _answer(operation, "ServiceException", 500)


class FaultyKms(_Faulty):
    """KMS."""

    def name(self, operation: str, request: Request) -> str:
        return f"kms.{operation}"

    def throttled(self, operation: str, request: Request) -> ClientError:
        return _answer(operation, "ThrottlingException", 400)

    def failed(self, operation: str) -> ClientError:
        return _answer(operation, "KMSInternalException", 500)


class FaultyEventBridge(_Faulty):
    """EventBridge, with one bus."""

    def name(self, operation: str, request: Request) -> str:
        return f"bus.{operation}"

    def throttled(self, operation: str, request: Request) -> ClientError:
        return _answer(operation, "ThrottlingException", 400)

    def failed(self, operation: str) -> ClientError:
        return _answer(operation, "InternalException", 500)


class FaultyPurger(Purger):
    """A CDN, whose adapter makes one thing of all that can go wrong."""

    def __init__(self, purger: Purger, faults: Faults) -> None:
        self._purger = purger
        self._faults = faults

    def purge(self, urls: Collection[str]) -> None:
        self._faults.call(
            "cdn.purge",
            lambda: self._purger.purge(urls),
            error=lambda _: StorageUnavailable("The CDN is away."),
        )


class FaultyFetcher(Fetcher):
    """Other people's servers, likewise."""

    def __init__(self, fetcher: MemoryFetcher, faults: Faults) -> None:
        self._fetcher = fetcher
        self._faults = faults

    def fetch(self, url: str, *, max_bytes: int, until: datetime) -> RemoteFile:
        return self._faults.call(
            "remote.fetch",
            lambda: self._fetcher.fetch(url, max_bytes=max_bytes, until=until),
            error=lambda _: UrlNotAllowed(),
        )


class FaultySender(Sender):
    """The endpoints of webhooks, likewise; a request that has no answer may have arrived."""

    def __init__(self, endpoints: Sender, faults: Faults) -> None:
        self._endpoints = endpoints
        self._faults = faults

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, until: datetime) -> EndpointAnswer:
        try:
            return self._faults.call(
                f"hook.post {headers['webhook-id']}",
                lambda: self._endpoints.post(url, headers=headers, body=body, until=until),
                error=lambda _: _NoAnswer(),
            )
        except _NoAnswer:
            return EndpointAnswer(error="timeout")


class _NoAnswer(Exception):
    """An endpoint does not answer."""


class FaultySource(ImportSource):
    """Another store, likewise."""

    def __init__(self, source: MemorySource, faults: Faults) -> None:
        self._source = source
        self._faults = faults

    @property
    def identity(self) -> tuple[str, ...]:
        return self._source.identity

    @property
    def calls_a_second(self) -> float | None:
        return self._source.calls_a_second

    def page(self, cursor: str | None, *, limit: int, until: datetime) -> ItemPage:
        return self._faults.call(
            "source.page",
            lambda: self._source.page(cursor, limit=limit, until=until),
            error=lambda _: SourceBusy(),
        )

    def fetch(self, item: SourceItem, *, max_bytes: int, until: datetime) -> FetchedFile:
        return self._faults.call(
            "source.fetch",
            lambda: self._source.fetch(item, max_bytes=max_bytes, until=until),
            error=lambda _: SourceBusy(),
        )


class FaultySources(ImportSources):
    """The one source that a world imports from."""

    def __init__(self, source: FaultySource) -> None:
        self._source = source

    def open(self, options: ImportOptions) -> ImportSource:
        return self._source


def _answer(operation: str, code: str, status: int, **more: Any) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "not as it should be"},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(answer, operation)


def _canceled(request: Request, reason: str) -> ClientError:
    """What DynamoDB says when the first row of a transaction cannot be had."""
    reasons = [{"Code": reason}] + [{"Code": "None"}] * (len(request["TransactItems"]) - 1)
    return _answer("TransactWriteItems", "TransactionCanceledException", 400, CancellationReasons=reasons)

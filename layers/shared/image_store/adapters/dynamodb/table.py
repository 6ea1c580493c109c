"""Calls DynamoDB: translates errors, reads unprocessed keys again and retries conflicts.

While a transaction holds a row, other transactions on it are cancelled with the reason `TransactionConflict`, and
single writes are refused with `TransactionConflictException`. botocore retries neither, and ignores throttling among
the reasons. All of them are retried here with full jitter, with at most 160 ms between two tries and for at most
`CONFLICT_RETRY` in total. After that the caller gets StorageUnavailable (503 with Retry-After).

The wait has an upper limit because a row is free again after some milliseconds: of many writers of one row, those that
wait for seconds would get fewer chances.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence, Set
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.keys import Key
from image_store.domain.errors import Conflict, StorageUnavailable

CONFLICT_RETRY = timedelta(seconds=6)
"""Enough for a few hundred writers of one row, and less than the timeout of every function."""
LONGEST_BACKOFF_SECONDS = 0.16
_FIRST_BACKOFF_SECONDS = 0.02
_BATCH_GET_ROWS = 100
_BUSY_ERRORS = frozenset({"TransactionConflictException", "TransactionInProgressException"})
"""Another transaction holds a row, or a retry by botocore arrived while the first try was in progress."""
_BUSY_REASONS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Reasons of a cancelled transaction that may succeed a moment later."""

NamedWrite = tuple[str, dict[str, Any]]
"""A write of a transaction, with a name that `refusal` gets if its condition failed."""


def refused(_failed: Set[str] = frozenset()) -> Conflict:
    """The usual error for a write whose condition failed."""
    return Conflict("Another request changed this at the same moment; read it again and repeat.")


class DynamoTable:
    """One DynamoDB table; creates its client at the first call. Raises StorageUnavailable if DynamoDB fails."""

    def __init__(
        self,
        name: str,
        *,
        client: Callable[[], Any],
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.monotonic = monotonic
        self._client = client
        self._sleep = sleep

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call an operation of the table."""
        try:
            return self._call_with_retries(operation, request)
        except (ClientError, BotoCoreError) as error:
            raise unavailable() from error

    def conditional(self, operation: str, **request: Any) -> dict[str, Any] | None:
        """Make one conditional write and return the response; None if its condition does not hold.

        botocore retries a write whose response was lost, and the retry finds the effect of the first try. A caller
        whose condition then fails has to check whose write it was.
        """
        try:
            return self._call_with_retries(operation, request)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise unavailable() from error
        except BotoCoreError as error:
            raise unavailable() from error

    def get_many(self, row_keys: Sequence[Key], *, consistent: bool = True) -> Iterator[Item]:
        """Read many rows, each once, by default strongly consistent; unprocessed keys are read again."""
        backoff = self._new_backoff()
        # DynamoDB refuses a batch that names a row twice.
        left = list({(row["pk"]["S"], row["sk"]["S"]): row for row in row_keys}.values())
        while left:
            batch, left = left[:_BATCH_GET_ROWS], left[_BATCH_GET_ROWS:]
            answer = self._batch_get({self.name: {"Keys": batch, "ConsistentRead": consistent}})
            yield from answer["Responses"].get(self.name, ())
            unprocessed = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            # An immediate repeat is likely to be throttled again (BatchGetItem, UnprocessedKeys).
            if unprocessed and not backoff.wait():
                raise unavailable()
            left += unprocessed

    def put_many(self, rows: Sequence[Item]) -> Sequence[Item]:
        """Put at most 25 rows with different keys, whatever was there; returns those that are still to be put.

        It has waited a moment if there are any: an immediate repeat is likely to be throttled again.
        """
        requests = [{"PutRequest": {"Item": row}} for row in rows]
        try:
            answer = self._client().batch_write_item(RequestItems={self.name: requests})
        except (ClientError, BotoCoreError) as error:
            raise unavailable() from error
        left = [each["PutRequest"]["Item"] for each in answer.get("UnprocessedItems", {}).get(self.name, ())]
        if left:
            self._sleep(random.uniform(0, LONGEST_BACKOFF_SECONDS))  # noqa: S311 - jitter needs no secrecy
        return left

    def get_together(self, row_keys: Sequence[Key]) -> list[Item | None]:
        """Read a few rows as of one moment, in the order of their keys; None for a missing row."""
        reads = [{"Get": {"TableName": self.name, "Key": row}} for row in row_keys]
        answer: dict[str, Any] = {}

        def read() -> None:
            answer.update(self._client().transact_get_items(TransactItems=reads))

        self._retry_conflicts(read, [""] * len(reads), settled=lambda: False, refusal=refused)
        return [response.get("Item") for response in answer["Responses"]]

    def transact(
        self,
        writes: Sequence[NamedWrite],
        *,
        settled: Callable[[], bool],
        refusal: Callable[[set[str]], Exception] = refused,
    ) -> None:
        """Make writes in one transaction; after a lost response, `settled` returns whether they succeeded.

        Raises the error that `refusal` makes from the names of the writes whose conditions failed.
        """

        def write() -> None:
            self._client().transact_write_items(TransactItems=[request for _, request in writes])

        self._retry_conflicts(write, [name for name, _ in writes], settled=settled, refusal=refusal)

    def _retry_conflicts(
        self,
        act: Callable[[], None],
        names: list[str],
        *,
        settled: Callable[[], bool],
        refusal: Callable[[set[str]], Exception],
    ) -> None:
        backoff = self._new_backoff()
        while True:
            try:
                act()
            except ClientError as error:
                failed = _failed_writes(error, names)
                if not failed and _is_busy(error):
                    if backoff.wait():
                        continue
                    # An earlier try may have succeeded, and this one may conflict with it.
                    if settled():
                        return
                    raise unavailable() from error
                # botocore retries a call whose response was lost; the retry then finds our own write.
                if settled():
                    return
                raise (refusal(failed) if failed else unavailable()) from error
            except BotoCoreError as error:
                if settled():
                    return
                raise unavailable() from error
            else:
                return

    def _call_with_retries(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The response of an operation, after no transaction holds its row any more."""
        backoff = self._new_backoff()
        while True:
            try:
                answer: dict[str, Any] = getattr(self._client(), operation)(TableName=self.name, **request)
            except ClientError as error:
                if _is_busy(error) and backoff.wait():
                    continue
                raise
            return answer

    def _new_backoff(self) -> "_Backoff":
        return _Backoff(self._sleep, self.monotonic)

    def _batch_get(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._client().batch_get_item(RequestItems=request)
        except (ClientError, BotoCoreError) as error:
            raise unavailable() from error
        return answer


def unavailable() -> StorageUnavailable:
    """The error if DynamoDB fails or does not answer."""
    return StorageUnavailable(
        "The metadata store did not answer as it should; try again.", retry_after=timedelta(seconds=1)
    )


class _Backoff:
    """The waits between the tries of one call; the total time counts from the first wait."""

    def __init__(self, sleep: Callable[[float], None], monotonic: Callable[[], float]) -> None:
        self._sleep = sleep
        self._monotonic = monotonic
        self._give_up_at: float | None = None
        self._longest = _FIRST_BACKOFF_SECONDS

    def wait(self) -> bool:
        """Wait for a moment; False, without a wait, if there is no time for another try."""
        now = self._monotonic()
        if self._give_up_at is None:
            self._give_up_at = now + CONFLICT_RETRY.total_seconds()
        if now + self._longest >= self._give_up_at:
            return False
        self._sleep(random.uniform(0, self._longest))  # noqa: S311 - jitter needs no secrecy
        self._longest = min(2 * self._longest, LONGEST_BACKOFF_SECONDS)
        return True


def _failed_writes(error: ClientError, names: list[str]) -> set[str]:
    """The names of the writes of a transaction whose conditions failed; empty if it failed for another reason."""
    codes = _reasons(error)
    return {name for name, code in zip(names, codes, strict=False) if code == "ConditionalCheckFailed"}


def _is_busy(error: ClientError) -> bool:
    """Whether the same call may succeed a moment later."""
    return error.response["Error"]["Code"] in _BUSY_ERRORS or not _BUSY_REASONS.isdisjoint(_reasons(error))


def _reasons(error: ClientError) -> list[str]:
    """The reason for each write of a cancelled transaction; empty for any other error."""
    if error.response["Error"]["Code"] != "TransactionCanceledException":
        return []
    return [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]


class OnTable:
    """An adapter on rows of the one table."""

    def __init__(self, table: DynamoTable) -> None:
        self._rows = table

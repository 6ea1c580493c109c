"""Calls to the table: failures as the store's own, unprocessed reads asked for again, conflicts waited out.

`TransactionConflict` means that another transaction held a row for a moment; botocore does not retry it, so it is
retried here with full jitter for at most two seconds.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence, Set
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.adapters.dynamodb.keys import Key
from image_store.domain.errors import Conflict, StorageUnavailable

CONFLICT_RETRY = timedelta(seconds=2)
_FIRST_BACKOFF_SECONDS = 0.02
_BATCH_GET_ROWS = 100

Item = dict[str, Any]
NamedWrite = tuple[str, dict[str, Any]]
"""A write of a transaction, and the name by which its refusal is told."""


def refused(_failed: Set[str] = frozenset()) -> Conflict:
    """What a refused write usually means."""
    return Conflict("Another request changed this at the same moment; read it again and repeat.")


class Table:
    """One DynamoDB table; the client is made at the first call. Raises StorageUnavailable when it does not answer."""

    def __init__(
        self,
        name: str,
        *,
        client: Callable[[], Any],
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        refusal: Callable[[set[str]], Exception] = refused,
    ) -> None:
        self.name = name
        self._client = client
        self._sleep = sleep
        self._monotonic = monotonic
        self._refusal = refusal

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Carry out an operation on the table."""
        try:
            answer: dict[str, Any] = getattr(self._client(), operation)(TableName=self.name, **request)
        except (ClientError, BotoCoreError) as error:
            raise unavailable() from error
        return answer

    def conditional(self, operation: str, **request: Any) -> dict[str, Any] | None:
        """Make one conditional write and give its answer; None when its condition does not hold."""
        try:
            answer: dict[str, Any] = getattr(self._client(), operation)(TableName=self.name, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise unavailable() from error
        except BotoCoreError as error:
            raise unavailable() from error
        return answer

    def get_many(self, wanted: Sequence[Key], *, consistent: bool = True) -> Iterator[Item]:
        """Read many rows, strongly consistent by default; what DynamoDB leaves unprocessed is asked for again."""
        give_up_at = self._monotonic() + CONFLICT_RETRY.total_seconds()
        backoff = _FIRST_BACKOFF_SECONDS
        left = list(wanted)
        while left:
            batch, left = left[:_BATCH_GET_ROWS], left[_BATCH_GET_ROWS:]
            answer = self._batch_get({self.name: {"Keys": batch, "ConsistentRead": consistent}})
            yield from answer["Responses"].get(self.name, ())
            unprocessed = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            if len(unprocessed) == len(batch):
                if self._monotonic() >= give_up_at:
                    raise unavailable()
                self._sleep(random.uniform(0, backoff))  # noqa: S311 - jitter needs no secrecy
                backoff *= 2
            left += unprocessed

    def get_together(self, wanted: Sequence[Key]) -> list[Item | None]:
        """Read a few rows as they are at one and the same moment, in the order asked for."""
        reads = [{"Get": {"TableName": self.name, "Key": row}} for row in wanted]
        answer: dict[str, Any] = {}

        def read() -> None:
            answer.update(self._client().transact_get_items(TransactItems=reads))

        self._waiting_out_conflicts(read, [""] * len(reads), settled=lambda: False, refusal=self._refusal)
        return [found.get("Item") for found in answer["Responses"]]

    def transact(
        self,
        writes: Sequence[NamedWrite],
        *,
        settled: Callable[[], bool],
        refusal: Callable[[set[str]], Exception] | None = None,
    ) -> None:
        """Carry out writes as a whole; `settled` tells, after a lost answer, whether they are there.

        Raises what `refusal`, by default the table's own, makes of the names of the writes whose conditions failed.
        """

        def write() -> None:
            self._client().transact_write_items(TransactItems=[request for _, request in writes])

        self._waiting_out_conflicts(
            write, [name for name, _ in writes], settled=settled, refusal=refusal or self._refusal
        )

    def _waiting_out_conflicts(
        self,
        act: Callable[[], None],
        names: list[str],
        *,
        settled: Callable[[], bool],
        refusal: Callable[[set[str]], Exception],
    ) -> None:
        give_up_at = self._monotonic() + CONFLICT_RETRY.total_seconds()
        backoff = _FIRST_BACKOFF_SECONDS
        while True:
            try:
                act()
            except ClientError as error:
                failed = _failed_writes(error, names)
                if failed is None:
                    if settled():
                        return
                    raise unavailable() from error
                if "conflict" not in failed:
                    # botocore repeats a call whose answer it lost; the repeat then meets our own write.
                    if settled():
                        return
                    raise refusal(failed) from error
                if self._monotonic() + backoff >= give_up_at:
                    raise unavailable() from error
            except BotoCoreError as error:
                if settled():
                    return
                raise unavailable() from error
            else:
                return
            self._sleep(random.uniform(0, backoff))  # noqa: S311 - jitter needs no secrecy
            backoff *= 2

    def _batch_get(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._client().batch_get_item(RequestItems=request)
        except (ClientError, BotoCoreError) as error:
            raise unavailable() from error
        return answer


def unavailable() -> StorageUnavailable:
    """What the table's silence is to a caller."""
    return StorageUnavailable(
        "The metadata store did not answer as it should; try again.", retry_after=timedelta(seconds=1)
    )


def _failed_writes(error: ClientError, names: list[str]) -> set[str] | None:
    """Which named writes of a transaction were refused; None when it failed for another reason."""
    if error.response["Error"]["Code"] == "TransactionConflictException":
        return {"conflict"}
    if error.response["Error"]["Code"] != "TransactionCanceledException":
        return None
    codes = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]
    failed = {name for name, code in zip(names, codes, strict=False) if code == "ConditionalCheckFailed"}
    if failed:
        return failed
    return {"conflict"} if "TransactionConflict" in codes else None


class OnTable:
    """An adapter on rows of the one table; the client is made at the first call."""

    def __init__(self, table: str, *, client: Callable[[], Any]) -> None:
        self._rows = Table(table, client=client)

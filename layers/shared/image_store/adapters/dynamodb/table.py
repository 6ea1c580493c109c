"""Calls to the table: failures as the store's own, unprocessed reads asked for again, conflicts waited out.

Another transaction may hold a row for a moment. A transaction that wants it is then cancelled with the reason
`TransactionConflict`, and a single write is refused with `TransactionConflictException`. botocore repeats neither, nor
does it look for throttling among the reasons. All of them are retried here, with full jitter, at most 160 ms between
two tries and for at most `CONFLICT_RETRY` in all; who still finds no room is told to come back (503, Retry-After).

Backoff must not double without an end: of many writers of one row each needs its turn, and a row is free again after
some milliseconds. Whoever waits for seconds between two tries finds fewer of them.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence, Set
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.adapters.dynamodb.keys import Key
from image_store.domain.errors import Conflict, StorageUnavailable

CONFLICT_RETRY = timedelta(seconds=6)
"""Long enough for some hundred writers of one row, and short enough for every function."""
LONGEST_BACKOFF_SECONDS = 0.16
_FIRST_BACKOFF_SECONDS = 0.02
_BATCH_GET_ROWS = 100
_BUSY_ERRORS = frozenset({"TransactionConflictException", "TransactionInProgressException"})
"""Somebody holds a row; or a repeat by botocore overtook the transaction that it repeats."""
_BUSY_REASONS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Why a transaction was cancelled that may succeed a moment later."""

Item = dict[str, Any]
NamedWrite = tuple[str, dict[str, Any]]
"""A write of a transaction, and the name by which its refusal is told."""


def refused(_failed: Set[str] = frozenset()) -> Conflict:
    """What a refused write usually means."""
    return Conflict("Another request changed this at the same moment; read it again and repeat.")


class DynamoTable:
    """One DynamoDB table; the client is made at the first call. Raises StorageUnavailable when it does not answer."""

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
        """Carry out an operation on the table."""
        try:
            return self._patiently(operation, request)
        except (ClientError, BotoCoreError) as error:
            raise unavailable() from error

    def conditional(self, operation: str, **request: Any) -> dict[str, Any] | None:
        """Make one conditional write and give its answer; None when its condition does not hold.

        botocore repeats a write whose answer it lost. The repeat meets the first one's effect: whoever would be
        refused by that has to look whose it is.
        """
        try:
            return self._patiently(operation, request)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise unavailable() from error
        except BotoCoreError as error:
            raise unavailable() from error

    def get_many(self, wanted: Sequence[Key], *, consistent: bool = True) -> Iterator[Item]:
        """Read many rows, each once and strongly consistent by default; what is left unprocessed is read again."""
        patience = self._new_patience()
        # DynamoDB refuses a batch that names a row twice.
        left = list({(row["pk"]["S"], row["sk"]["S"]): row for row in wanted}.values())
        while left:
            batch, left = left[:_BATCH_GET_ROWS], left[_BATCH_GET_ROWS:]
            answer = self._batch_get({self.name: {"Keys": batch, "ConsistentRead": consistent}})
            yield from answer["Responses"].get(self.name, ())
            unprocessed = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            # An immediate repeat is likely to be throttled again (BatchGetItem, UnprocessedKeys).
            if unprocessed and not patience.wait():
                raise unavailable()
            left += unprocessed

    def get_together(self, wanted: Sequence[Key]) -> list[Item | None]:
        """Read a few rows as they are at one and the same moment, in the order asked for."""
        reads = [{"Get": {"TableName": self.name, "Key": row}} for row in wanted]
        answer: dict[str, Any] = {}

        def read() -> None:
            answer.update(self._client().transact_get_items(TransactItems=reads))

        self._waiting_out_conflicts(read, [""] * len(reads), settled=lambda: False, refusal=refused)
        return [found.get("Item") for found in answer["Responses"]]

    def transact(
        self,
        writes: Sequence[NamedWrite],
        *,
        settled: Callable[[], bool],
        refusal: Callable[[set[str]], Exception] = refused,
    ) -> None:
        """Carry out writes as a whole; `settled` tells, after a lost answer, whether they are there.

        Raises what `refusal`, makes of the names of the writes whose conditions failed.
        """

        def write() -> None:
            self._client().transact_write_items(TransactItems=[request for _, request in writes])

        self._waiting_out_conflicts(write, [name for name, _ in writes], settled=settled, refusal=refusal)

    def _waiting_out_conflicts(
        self,
        act: Callable[[], None],
        names: list[str],
        *,
        settled: Callable[[], bool],
        refusal: Callable[[set[str]], Exception],
    ) -> None:
        patience = self._new_patience()
        while True:
            try:
                act()
            except ClientError as error:
                failed = _failed_writes(error, names)
                if not failed and _is_busy(error):
                    if patience.wait():
                        continue
                    # A try before this one may have been answered by a conflict with itself.
                    if settled():
                        return
                    raise unavailable() from error
                # botocore repeats a call whose answer it lost; the repeat then meets our own write.
                if settled():
                    return
                raise (refusal(failed) if failed else unavailable()) from error
            except BotoCoreError as error:
                if settled():
                    return
                raise unavailable() from error
            else:
                return

    def _patiently(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer of an operation, once no transaction holds its row."""
        patience = self._new_patience()
        while True:
            try:
                answer: dict[str, Any] = getattr(self._client(), operation)(TableName=self.name, **request)
            except ClientError as error:
                if _is_busy(error) and patience.wait():
                    continue
                raise
            return answer

    def _new_patience(self) -> "_Patience":
        return _Patience(self._sleep, self.monotonic)

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


class _Patience:
    """The waits between the tries of one call; its time begins with the first wait."""

    def __init__(self, sleep: Callable[[float], None], monotonic: Callable[[], float]) -> None:
        self._sleep = sleep
        self._monotonic = monotonic
        self._give_up_at: float | None = None
        self._longest = _FIRST_BACKOFF_SECONDS

    def wait(self) -> bool:
        """Wait for a moment; False, without a wait, when there is no time for another try."""
        now = self._monotonic()
        if self._give_up_at is None:
            self._give_up_at = now + CONFLICT_RETRY.total_seconds()
        if now + self._longest >= self._give_up_at:
            return False
        self._sleep(random.uniform(0, self._longest))  # noqa: S311 - jitter needs no secrecy
        self._longest = min(2 * self._longest, LONGEST_BACKOFF_SECONDS)
        return True


def _failed_writes(error: ClientError, names: list[str]) -> set[str]:
    """The names of the writes of a transaction whose conditions failed; none when it failed for another reason."""
    codes = _reasons(error)
    return {name for name, code in zip(names, codes, strict=False) if code == "ConditionalCheckFailed"}


def _is_busy(error: ClientError) -> bool:
    """Whether the same call may succeed a moment later."""
    return error.response["Error"]["Code"] in _BUSY_ERRORS or not _BUSY_REASONS.isdisjoint(_reasons(error))


def _reasons(error: ClientError) -> list[str]:
    """Why a transaction was cancelled, write by write; nothing for any other error."""
    if error.response["Error"]["Code"] != "TransactionCanceledException":
        return []
    return [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]


class OnTable:
    """An adapter on rows of the one table."""

    def __init__(self, table: DynamoTable) -> None:
        self._rows = table

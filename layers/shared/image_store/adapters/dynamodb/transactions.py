"""Transactions on the one table: named writes, lost answers, and rows that others hold for a moment.

`TransactionConflict` means that another transaction held a row; botocore does not retry it, so it is retried here
with full jitter for at most two seconds.
"""

import random
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import StorageUnavailable

CONFLICT_RETRY = timedelta(seconds=2)
FIRST_BACKOFF_SECONDS = 0.02

Write = tuple[str, dict[str, Any]]
"""One write of a transaction with the name under which its refusal is told."""


def transact(
    client: Any,
    writes: Sequence[Write],
    *,
    settled: Callable[[], bool],
    refusal: Callable[[set[str]], Exception],
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Carry out writes as a whole.

    `settled` tells by a strong read whether they were, after an answer that was lost; `refusal` makes the error for
    the names of the writes whose conditions failed.

    Raises StorageUnavailable, and what `refusal` makes.
    """
    give_up_at = monotonic() + CONFLICT_RETRY.total_seconds()
    backoff = FIRST_BACKOFF_SECONDS
    while True:
        try:
            client.transact_write_items(TransactItems=[write for _, write in writes])
        except ClientError as error:
            failed = failed_writes(error, [name for name, _ in writes])
            if failed is None:
                if settled():
                    return
                raise unavailable() from error
            if "conflict" not in failed:
                # botocore repeats a call whose answer it lost; the repeat then meets our own write.
                if settled():
                    return
                raise refusal(failed) from error
            if monotonic() + backoff >= give_up_at:
                raise unavailable() from error
        except BotoCoreError as error:
            if settled():
                return
            raise unavailable() from error
        else:
            return
        sleep(random.uniform(0, backoff))  # noqa: S311 - jitter needs no secrecy
        backoff *= 2


def failed_writes(error: ClientError, names: Sequence[str]) -> set[str] | None:
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


def unavailable() -> StorageUnavailable:
    """DynamoDB did not answer as it should."""
    return StorageUnavailable(
        "The metadata store did not answer as it should; try again.", retry_after=timedelta(seconds=1)
    )

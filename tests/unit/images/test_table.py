"""Calls to the table that meet rows which others hold, on a client whose answers are written down."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from image_store.adapters.dynamodb.generation.jobs import DynamoGenerations
from image_store.adapters.dynamodb.keys import key
from image_store.adapters.dynamodb.table import CONFLICT_RETRY, LONGEST_BACKOFF_SECONDS, DynamoTable
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.generation.jobs import JobName
from tests.fakes.dynamodb import new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.interception import InterceptedClient, send_twice
from tests.samples import START

type Answer = Exception | dict[str, Any]

SINGLE_WRITES = ("put_item", "update_item", "delete_item")


def error(code: str, *reasons: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "no"}}
    if reasons:
        answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(answer, "operation")


CONFLICT = error("TransactionConflictException")
FAILED_CONDITION = error("ConditionalCheckFailedException")
BUSY = [
    error("TransactionCanceledException", "TransactionConflict", "None"),
    error("TransactionCanceledException", "None", "ThrottlingError"),
    error("TransactionCanceledException", "ProvisionedThroughputExceeded", "TransactionConflict"),
    error("TransactionInProgressException"),
    CONFLICT,
]


class Scripted:
    """A client that answers what it was given, the last one for ever, and a clock that its table waits by."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.calls: list[str] = []
        self.slept: list[float] = []
        self.now = 100.0

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**_: Any) -> Any:
            self.calls.append(operation)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += max(seconds, 0.001)

    @property
    def table(self) -> DynamoTable:
        return DynamoTable("images", client=lambda: self, sleep=self.sleep, monotonic=lambda: self.now)


@pytest.mark.parametrize("operation", SINGLE_WRITES)
@pytest.mark.parametrize("method", ["call", "conditional"])
def test_a_single_write_waits_for_a_row_that_a_transaction_holds(method: str, operation: str) -> None:
    client = Scripted([CONFLICT, CONFLICT, {"done": True}])

    answer = getattr(client.table, method)(operation, Key={})

    assert answer == {"done": True}
    assert (client.calls, len(client.slept)) == ([operation] * 3, 2)


@pytest.mark.parametrize("operation", SINGLE_WRITES)
@pytest.mark.parametrize("method", ["call", "conditional"])
def test_a_single_write_gives_up_after_some_seconds_and_says_when_to_come_back(
    method: str, operation: str
) -> None:
    client = Scripted([CONFLICT])

    with pytest.raises(StorageUnavailable) as raised:
        getattr(client.table, method)(operation, Key={})

    assert raised.value.retry_after == timedelta(seconds=1)
    assert client.now - 100 < CONFLICT_RETRY.total_seconds()
    assert max(client.slept) <= LONGEST_BACKOFF_SECONDS == 0.16
    assert len(client.slept) > CONFLICT_RETRY.total_seconds() / LONGEST_BACKOFF_SECONDS


def test_keys_that_were_not_processed_are_read_again_after_a_wait() -> None:
    first, second = key("IMAGE#1", "META"), key("IMAGE#2", "META")
    left: dict[str, Any] = {"UnprocessedKeys": {"images": {"Keys": [second]}}}
    client = Scripted([{"Responses": {"images": [first]}} | left, {"Responses": {"images": [second]}}])

    rows = list(client.table.get_many([first, second]))

    assert rows == [first, second]
    assert (client.calls, len(client.slept)) == (["batch_get_item"] * 2, 1)


def test_keys_that_are_never_processed_end_in_an_error_and_not_in_a_loop() -> None:
    first, second = key("IMAGE#1", "META"), key("IMAGE#2", "META")
    left: dict[str, Any] = {"UnprocessedKeys": {"images": {"Keys": [second]}}}
    client = Scripted([{"Responses": {"images": [first]}} | left])

    with pytest.raises(StorageUnavailable):
        list(client.table.get_many([first, second]))

    assert client.now - 100 < CONFLICT_RETRY.total_seconds() + LONGEST_BACKOFF_SECONDS


def test_a_condition_that_fails_after_a_wait_is_an_answer() -> None:
    client = Scripted([CONFLICT, FAILED_CONDITION])

    assert client.table.conditional("put_item", Item={}) is None


@pytest.mark.parametrize(
    "failure",
    [
        EndpointConnectionError(endpoint_url="https://vendor.invalid"),
        error("ProvisionedThroughputExceededException"),  # botocore has repeated it already
        error("InternalServerError"),
        error("ValidationException"),
    ],
    ids=str,
)
def test_what_waiting_cannot_fix_is_reported_at_once(failure: Exception) -> None:
    for method in ("call", "conditional"):
        client = Scripted([failure])

        with pytest.raises(StorageUnavailable):
            getattr(client.table, method)("put_item", Item={})

        assert (len(client.calls), client.slept) == (1, [])


def transact(client: Scripted, settled: Callable[[], bool] = lambda: False) -> None:
    client.table.transact([("a", {}), ("b", {})], settled=settled)


@pytest.mark.parametrize("busy", BUSY, ids=str)
def test_a_transaction_waits_for_busy_rows(busy: Exception) -> None:
    client = Scripted([busy, busy, {}])

    transact(client)

    assert len(client.slept) == 2


@pytest.mark.parametrize("busy", BUSY, ids=str)
def test_a_transaction_that_finds_no_turn_looks_whether_it_was_carried_out(busy: Exception) -> None:
    transact(Scripted([busy]), settled=lambda: True)
    with pytest.raises(StorageUnavailable):
        transact(Scripted([busy]))


def test_a_condition_that_fails_beside_a_busy_row_is_a_refusal() -> None:
    client = Scripted(
        [error("TransactionCanceledException", "TransactionConflict", "ConditionalCheckFailed")]
    )

    with pytest.raises(Conflict):
        transact(client)

    assert client.slept == []


def test_a_read_of_several_rows_waits_as_well() -> None:
    client = Scripted([BUSY[0], {"Responses": [{}, {}]}])

    assert client.table.get_together([{}, {}]) == [None, None]


def test_a_row_that_is_named_twice_is_read_once() -> None:
    """DynamoDB refuses a BatchGetItem with duplicates, also where they are more than one batch apart."""
    memory = MemoryDynamo()
    new_table(memory, "images")
    rows = [key("IMAGE#1", f"{number:03d}") for number in range(120)]
    for row in rows:
        memory.put_item(TableName="images", Item=row)

    items = list(DynamoTable("images", client=lambda: memory).get_many([rows[0], *rows, rows[0], rows[119]]))

    assert [row["sk"]["S"] for row in items] == [row["sk"]["S"] for row in rows]


# Repeats by botocore, whose first answer was lost --------------------------------------------------------

NAME = JobName("name", "fingerprint", START + timedelta(hours=1))


def named() -> DynamoGenerations:
    memory = MemoryDynamo()
    new_table(memory, "images")
    return DynamoGenerations(
        DynamoTable(
            "images", client=lambda: InterceptedClient(memory, **dict.fromkeys(SINGLE_WRITES, send_twice))
        )
    )


def test_a_name_taken_by_a_repeated_write_belongs_to_the_job() -> None:
    jobs = named()

    jobs.add_name(NAME, "job", at=START)

    named_job = jobs.named(NAME.name, at=START)
    assert named_job is not None
    assert named_job.job_id == "job"
    with pytest.raises(Conflict):
        jobs.add_name(NAME, "another", at=START)

"""Lost answers and a table that does not answer."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from image_store.adapters.dynamodb.generation.jobs import DynamoGenerations
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.errors import StorageUnavailable
from image_store.domain.generation.budget import Spending
from image_store.domain.generation.jobs import JobName
from tests.contracts.generations.jobs import JOB, NOON, create, job_of, running, spending, succeed
from tests.fakes.dynamodb import new_table


class Losing:
    """A client that loses the answers to transactions, after their effect."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def transact_write_items(self, **request: Any) -> Any:
        self._client.transact_write_items(**request)
        raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self._client, name)
        return found


def test_a_write_whose_answer_is_lost_is_settled_by_a_read(client: Any, form: dict[str, Any]) -> None:
    losing = Losing(client)
    jobs = DynamoGenerations(DynamoTable(new_table(client, form), client=lambda: losing))

    (item,) = create(jobs)
    succeed(jobs, running(jobs, item))

    assert spending(jobs) == Spending(60, 0)


def test_a_table_that_does_not_answer_is_unavailable(form: dict[str, Any]) -> None:
    class Away:
        def __getattr__(self, _: str) -> Callable[..., Any]:
            def refuse(**_: Any) -> Any:
                raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")

            return refuse

    jobs = DynamoGenerations(DynamoTable("none", client=Away))

    for act in (
        lambda: create(jobs),
        lambda: jobs.job(JOB),
        lambda: jobs.item(JOB, 0),
        lambda: jobs.cancel(JOB, at=NOON),
        lambda: jobs.remove_name("a", JOB),
        lambda: jobs.add_name(JobName("a", "print", NOON), JOB, at=NOON),
        lambda: jobs.schedule(job_of(1), at=None),
        lambda: list(jobs.due(NOON, limit=1)),
    ):
        with pytest.raises(StorageUnavailable):
            act()

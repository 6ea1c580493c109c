"""Lost answers and a table that does not answer."""

from typing import Any

import pytest

from image_store.adapters.dynamodb.generation.jobs import DynamoGenerations
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.errors import StorageUnavailable
from image_store.domain.generation.budget import Spending
from image_store.domain.generation.jobs import JobName
from tests.contracts.generations.jobs import JOB, NOON, create, job_of, running, spending, succeed
from tests.fakes.dynamodb import new_table
from tests.fakes.interception import InterceptedClient, lose_response, never_send


def test_a_write_whose_response_is_lost_is_settled_by_a_read(moto: Any) -> None:
    losing = InterceptedClient(moto, transact_write_items=lose_response)
    jobs = DynamoGenerations(DynamoTable(new_table(moto), client=lambda: losing))

    (item,) = create(jobs)
    succeed(jobs, running(jobs, item))

    assert spending(jobs) == Spending(60, 0)


def test_a_table_that_does_not_answer_is_unavailable() -> None:
    away = InterceptedClient(every=never_send)
    jobs = DynamoGenerations(DynamoTable("none", client=lambda: away))

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

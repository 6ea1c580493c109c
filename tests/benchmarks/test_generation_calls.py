"""The calls of the worker that makes images are counted, so they are a test as well."""

import pytest

from image_store.bootstrap import use
from tests.benchmarks.generation import MOST_CALLS, Worker
from tests.pictures import jpeg


@pytest.fixture
def worker() -> Worker:
    made = Worker()
    made.calls_of_one(jpeg(64, 48))  # reads the secret, which is read once
    return made


def test_an_image_takes_the_same_few_calls_beside_the_answer_of_the_provider(worker: Worker) -> None:
    calls = worker.calls_of_one(jpeg(48, 64))
    use(None)

    assert calls <= MOST_CALLS

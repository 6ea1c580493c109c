"""The calls of the worker that makes images are counted, so they are a test as well."""

import pytest

from image_store.bootstrap import use
from tests.benchmarks.generation import MOST_CALLS, MOST_CALLS_TO_ASK, MOST_CALLS_TO_RETRY, Worker
from tests.pictures import jpeg


@pytest.fixture
def worker() -> Worker:
    new_worker = Worker()
    new_worker.calls_of_one(jpeg(64, 48))  # reads the secret, which is read once
    return new_worker


def test_an_image_takes_the_same_few_calls_beside_the_answer_of_the_provider(worker: Worker) -> None:
    calls = worker.calls_of_one(jpeg(48, 64))
    use(None)

    assert calls <= MOST_CALLS


def test_the_works_of_fifty_images_are_sent_ten_at_a_time(worker: Worker) -> None:
    calls = worker.calls_of(lambda: worker.ask(50))
    use(None)

    assert calls["SendMessageBatch"] == 5
    assert calls.total() <= MOST_CALLS_TO_ASK


def test_fifty_images_that_failed_are_tried_again_in_a_few_calls(worker: Worker) -> None:
    works = worker.ask(50)
    for work in works:
        worker.fail(work)

    calls = worker.calls_of(lambda: worker.retry(works[0].job_id))
    use(None)

    assert len(worker.received()) == 50
    assert calls["SendMessageBatch"] == 5
    assert calls.total() <= MOST_CALLS_TO_RETRY

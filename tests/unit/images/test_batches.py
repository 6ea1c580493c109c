"""Many things in one request, each on its own (A12)."""

from datetime import timedelta
from threading import Barrier, Event, Lock

import pytest

from image_store.domain.errors import DeadlineExceeded, ImageNotFound, ImageStoreError
from image_store.services.images.batches import CONCURRENCY, Batches
from tests.fakes.clock import SetClock
from tests.samples import START

LATER = START + timedelta(seconds=25)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def batches(clock: SetClock) -> Batches:
    return Batches(clock=clock)


def test_results_stand_in_the_order_of_their_items(batches: Batches) -> None:
    assert batches.run(range(20), lambda item: item * item, until=LATER) == [
        item * item for item in range(20)
    ]


def test_a_batch_of_nothing_has_no_results(batches: Batches) -> None:
    assert batches.run([], lambda item: item, until=LATER) == []


def test_five_run_at_a_time_and_no_more(batches: Batches) -> None:
    together, lock = Barrier(CONCURRENCY, timeout=60), Lock()
    running = most = 0

    def do(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()  # broken, and so an error, unless five are here at once
        with lock:
            running -= 1

    results = batches.run(range(4 * CONCURRENCY), do, until=LATER)

    assert results == [None] * 20
    assert most == CONCURRENCY


def test_an_error_is_the_result_of_its_item_alone(batches: Batches) -> None:
    error = ImageNotFound("gone")

    def do(item: int) -> int:
        if item == 1:
            raise error
        return item

    assert batches.run([0, 1, 2], do, until=LATER) == [0, error, 2]


def test_an_internal_error_is_logged_and_its_cause_is_not_revealed(
    batches: Batches, caplog: pytest.LogCaptureFixture
) -> None:
    def do(item: int) -> int:
        return 1 // item

    failed, done = batches.run([0, 1], do, until=LATER)

    assert done == 1
    assert type(failed) is ImageStoreError
    assert failed.code == "internal_error"
    assert "division" not in failed.message
    assert "ZeroDivisionError" in caplog.text


def test_what_was_not_begun_in_time_is_never_begun(clock: SetClock) -> None:
    begun: list[int] = []

    def do(item: int) -> int:
        begun.append(item)
        if item == 2:
            clock.instant = LATER
        return item

    results = Batches(clock=clock, concurrency=1).run(range(5), do, until=LATER)

    assert results[:3] == [0, 1, 2]
    assert [type(result) for result in results[3:]] == [DeadlineExceeded, DeadlineExceeded]
    assert begun == [0, 1, 2]


def test_a_write_that_hangs_is_abandoned(clock: SetClock) -> None:
    batches = Batches(clock=clock, last_step=timedelta(0))
    end = Event()

    (result,) = batches.run([end], Event.wait, until=START + timedelta(milliseconds=1))

    end.set()
    assert isinstance(result, DeadlineExceeded)
    assert result.retry_after is not None

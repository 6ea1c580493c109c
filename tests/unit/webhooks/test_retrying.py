"""When attempts are repeated: from seconds to hours, for three days, and never all at the same moment."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from image_store.domain.webhooks.retrying import (
    FAILING_FOR,
    RETRIED_FOR,
    Jitter,
    is_failing_for_good,
    next_attempt_at,
    pause_after,
)
from tests.samples import START


def all_of_it(seconds: float) -> float:
    return seconds


def none_of_it(_: float) -> float:
    return 0.0


def attempts(jitter: Jitter) -> list[datetime]:
    """When an event is tried whose every attempt fails at once."""
    tries = [START]
    while True:
        at = next_attempt_at(len(tries), since=START, now=tries[-1], jitter=jitter)
        if at is None:
            return tries
        tries.append(at)


def test_waits_grow_from_five_seconds_to_ten_hours() -> None:
    tries = attempts(none_of_it)

    waits = [after - before for before, after in pairwise(tries)]
    assert waits[0] == timedelta(seconds=5)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=10)


def test_no_wait_is_longer_than_twelve_hours() -> None:
    tries = attempts(all_of_it)

    assert max(after - before for before, after in pairwise(tries)) == timedelta(hours=12)


@pytest.mark.parametrize("jitter", [none_of_it, all_of_it])
def test_an_event_is_tried_again_for_three_days(jitter: Jitter) -> None:
    tries = attempts(jitter)

    assert tries[-1] - START <= RETRIED_FOR
    assert RETRIED_FOR - (tries[-1] - START) < timedelta(hours=12)


def test_events_that_failed_together_come_back_apart() -> None:
    first = next_attempt_at(5, since=START, now=START, jitter=none_of_it)
    second = next_attempt_at(5, since=START, now=START, jitter=all_of_it)

    assert first is not None
    assert second is not None
    assert second - first > timedelta(minutes=15)


def test_a_pause_grows_and_ends_after_an_hour() -> None:
    pauses = [pause_after(rounds, jitter=all_of_it) for rounds in range(1, 50)]

    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=6)
    assert pauses[-1] == timedelta(hours=1)


def test_an_endpoint_fails_for_good_after_five_days() -> None:
    assert not is_failing_for_good(None, START)
    assert not is_failing_for_good(START, START + FAILING_FOR - timedelta(seconds=1))
    assert is_failing_for_good(START, START + FAILING_FOR)


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        (timedelta(seconds=1), timedelta(seconds=5)),
        (timedelta(minutes=10), timedelta(minutes=10)),
        (timedelta(days=400), timedelta(hours=1)),
    ],
    ids=["sooner than the schedule", "later than the schedule", "too late"],
)
def test_an_endpoint_gets_the_wait_that_it_asks_for_within_bounds(
    retry_after: timedelta, wait: timedelta
) -> None:
    at = next_attempt_at(1, since=START, now=START, jitter=none_of_it, retry_after=retry_after)

    assert at == START + wait


def test_a_wait_that_an_endpoint_asks_for_never_prolongs_the_three_days() -> None:
    late = START + RETRIED_FOR - timedelta(minutes=30)

    at = next_attempt_at(1, since=START, now=late, jitter=none_of_it, retry_after=timedelta(hours=1))

    assert at is None

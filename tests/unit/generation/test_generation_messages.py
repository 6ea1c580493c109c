"""How many messages the images of a job take: bounds that grow with the number of images and with nothing else.

docs/guarantees.md, "Loops through queues", states them. Work is handed over in virtual time, what is due first, and
the sweep runs as often as cleanup does.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

import pytest

from image_store.domain.errors import BudgetExceeded, BudgetUsedUp, StorageUnavailable
from image_store.domain.generation.breaker import LOOK_AGAIN, PROBE_TIME
from image_store.domain.generation.budget import Budgets
from image_store.domain.generation.jobs import WAITING_LIFETIME, Job, JobItemState, JobStatus
from image_store.domain.generation.providers import Provider, ProviderKey, ProviderPicture, Reason
from image_store.domain.generation.requests import ModelPreference
from image_store.domain.work import GenerateImage
from image_store.services.generation.jobs import LOOK_AFTER
from image_store.services.generation.worker.run import SHORTEST_WAIT
from tests.fakes.generating import FIRST, ORDER, POLLINATIONS_MICROS, Generating, a_request, failing
from tests.samples import OWNER, PICTURE

RETRIES = 2
CLEANUP_EVERY = timedelta(minutes=15)
PAUSES_OF_A_BREAKER = 7
"""30 s, 1, 2, 4, 8, 10 and 10 minutes: more than an image waits."""
MADE = ProviderPicture(data=PICTURE)

numbers_of_images = pytest.mark.parametrize("images", [1, 10, 50])


@dataclass
class Traffic:
    """The messages that a job took until it had ended."""

    sent: int = 0
    by_sweep: int = 0
    delivered: int = 0
    took: timedelta = timedelta(0)

    @property
    def sweeps(self) -> int:
        """How often the sweep may have sent an image again."""
        return self.took // LOOK_AFTER


def begun(generating: Generating, images: int, *, preference: ModelPreference = ModelPreference()) -> Job:  # noqa: B008 - it is frozen
    """A job of so many different images."""
    return generating.begin(
        *[a_request(f"Picture {number}") for number in range(images)], preference=preference
    )


def worked_off(generating: Generating, job: Job, *, at_most: timedelta = timedelta(days=1)) -> Traffic:
    """Hand over messages when they are due until there are none; each may send one at most."""
    queue, traffic, numbers = generating.queue, Traffic(), count()
    waiting: list[tuple[datetime, int, GenerateImage]] = []
    began = generating.clock.now()
    swept_at = began
    while True:
        now = generating.clock.now()
        assert now - began <= at_most, "the work never ends"
        for work, delay in zip(queue.waiting, queue.delays, strict=True):
            assert isinstance(work, GenerateImage)
            heappush(waiting, (now + delay, next(numbers), work))
        queue.clear()
        next_sweep = swept_at + CLEANUP_EVERY
        if not waiting and generating.job(job).has_ended:
            traffic.sent, traffic.took = queue.sent, now - began
            return traffic
        if not waiting or max(now, waiting[0][0]) >= next_sweep:
            generating.clock.instant = swept_at = max(now, next_sweep)
            traffic.by_sweep += generating.look_after().sent
            continue
        due, _, work = heappop(waiting)
        generating.clock.instant = max(now, due)
        before = queue.sent
        generating.do(work)
        traffic.delivered += 1
        assert queue.sent - before <= 1, "a message led to several"


@numbers_of_images
def test_images_that_succeed_take_one_message_each(images: int) -> None:
    generating = Generating()

    traffic = worked_off(generating, job := begun(generating, images))

    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert traffic.sent == images


@numbers_of_images
def test_with_a_slow_provider_only_the_sweep_sends_an_image_again(images: int) -> None:
    """One worker, and minutes for each call: what waits for it is sent again with every look of the sweep."""
    generating = Generating(order=(FIRST,))

    def slow(_: object) -> ProviderPicture:
        generating.clock.instant += timedelta(minutes=4)
        return MADE

    generating.providers[FIRST].answer = slow
    traffic = worked_off(generating, job := begun(generating, images))

    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert generating.calls(FIRST) == images
    assert traffic.sent == images + traffic.by_sweep
    assert traffic.by_sweep <= images * traffic.sweeps


@numbers_of_images
@pytest.mark.parametrize("pause", [None, timedelta(seconds=2), timedelta(seconds=20)])
def test_a_provider_that_limits_for_ever_takes_a_message_for_each_retry_and_pause(
    images: int, pause: timedelta | None
) -> None:
    generating = Generating(order=(FIRST,), retries=RETRIES)
    generating.let(FIRST, failing(Reason.RATE_LIMITED, pause))

    traffic = worked_off(generating, job := begun(generating, images))

    assert generating.job(job).status is JobStatus.FAILED
    assert traffic.sent <= images * (1 + RETRIES + pauses_from(pause))
    assert traffic.by_sweep == 0


def pauses_from(pause: timedelta | None) -> int:
    """How many pauses of a breaker fit into the time that an image waits when the first one is so long."""
    if pause is None:
        return PAUSES_OF_A_BREAKER
    pauses, length, waited = 0, pause, timedelta(0)
    while waited < WAITING_LIFETIME:
        pauses, waited, length = pauses + 1, waited + length, min(2 * length, timedelta(minutes=10))
    return pauses


@numbers_of_images
def test_a_provider_that_limits_for_half_a_minute_takes_few_messages(images: int) -> None:
    generating = Generating(order=(FIRST,), retries=RETRIES)
    limited_until = generating.clock.now() + timedelta(seconds=25)

    def limiting(_: object) -> ProviderPicture:
        if generating.clock.now() < limited_until:
            raise failing(Reason.RATE_LIMITED, timedelta(seconds=10))
        return MADE

    generating.providers[FIRST].answer = limiting
    traffic = worked_off(generating, job := begun(generating, images))

    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert traffic.sent <= images * (1 + RETRIES + 4)


@numbers_of_images
def test_a_provider_that_is_down_takes_a_message_for_each_retry_and_pause(images: int) -> None:
    generating = Generating(order=(FIRST,), retries=RETRIES)
    generating.let(FIRST, failing(Reason.UNAVAILABLE))

    traffic = worked_off(generating, job := begun(generating, images))

    assert generating.job(job).status is JobStatus.FAILED
    assert traffic.sent <= images * (1 + RETRIES + PAUSES_OF_A_BREAKER)
    assert traffic.by_sweep == 0
    assert traffic.took <= WAITING_LIFETIME


@numbers_of_images
def test_images_that_meet_an_open_breaker_wait_out_its_pause_with_one_message(images: int) -> None:
    generating = Generating(order=(FIRST,))
    opened = replace(generating.health.rows[FIRST], open_until=generating.clock.now() + timedelta(minutes=10))
    generating.health.rows[FIRST] = opened

    traffic = worked_off(generating, job := begun(generating, images))

    assert generating.job(job).status is JobStatus.SUCCEEDED
    # One that meets the probe looks again.
    assert traffic.sent <= 3 * images


@numbers_of_images
def test_images_that_meet_a_probe_that_hangs_look_every_ten_seconds(images: int) -> None:
    generating = Generating(order=(FIRST,))
    now = generating.clock.now()
    tried = replace(generating.health.rows[FIRST], open_until=now, probe_until=now + PROBE_TIME)
    generating.health.rows[FIRST] = tried

    traffic = worked_off(generating, job := begun(generating, images))

    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert traffic.sent <= images * (1 + PROBE_TIME // LOOK_AGAIN + 2)


@pytest.mark.parametrize("images", [1, 3])
def test_images_that_always_lose_the_race_for_a_probe_wait_two_seconds_each_time(images: int) -> None:
    """Even without any jitter."""
    generating = Generating(order=(FIRST,))
    object.__setattr__(generating.run, "jitter", lambda _: 0.0)
    generating.health.rows[FIRST] = replace(generating.health.rows[FIRST], open_until=generating.clock.now())
    object.__setattr__(generating.run.calls.watch, "health", AlwaysLate(generating))

    traffic = worked_off(generating, job := begun(generating, images))

    assert generating.job(job).status is JobStatus.FAILED
    assert traffic.sent - traffic.by_sweep <= images * (1 + WAITING_LIFETIME // SHORTEST_WAIT)
    assert traffic.by_sweep <= images * traffic.sweeps
    assert traffic.took <= WAITING_LIFETIME


class AlwaysLate:
    """The health of providers as it is, of which somebody else has always just written the row."""

    def __init__(self, generating: Generating) -> None:
        self.breakers = generating.health.breakers

    def save(self, _provider: Provider, _after: object) -> bool:
        return False


@numbers_of_images
def test_providers_that_are_given_up_take_one_message_each(images: int) -> None:
    generating = Generating()
    for provider in ORDER:
        generating.let(provider, failing(Reason.BAD_KEY))

    traffic = worked_off(generating, job := begun(generating, images))

    assert generating.job(job).status is JobStatus.FAILED
    assert traffic.sent <= images * (1 + len(ORDER) + PAUSES_OF_A_BREAKER)
    assert traffic.by_sweep == 0


@numbers_of_images
def test_a_budget_without_room_sends_nothing(images: int) -> None:
    generating = with_prices(Budgets(owner_daily=POLLINATIONS_MICROS))
    worked_off(generating, begun(generating, 1))
    before = generating.queue.sent

    with pytest.raises((BudgetUsedUp, BudgetExceeded)):
        begun(generating, images)

    assert generating.queue.sent == before


@numbers_of_images
def test_images_that_would_cost_more_than_is_held_take_one_message_each(images: int) -> None:
    generating = with_prices(Budgets(owner_daily=1_000_000))
    generating.keys.put(OWNER, FIRST, ProviderKey("mine"))
    job = begun(generating, images, preference=ModelPreference(provider=FIRST, fallback=False))
    generating.keys.remove(OWNER, FIRST)

    traffic = worked_off(generating, job)

    assert generating.job(job).status is JobStatus.FAILED
    assert traffic.sent == images


def with_prices(budgets: Budgets) -> Generating:
    """Generation at a time for which there are prices."""
    generating = Generating(order=(FIRST,), budgets=budgets)
    generating.clock.instant = generating.clock.instant.replace(month=11, day=21)
    return generating


@numbers_of_images
def test_a_cancelled_job_sends_nothing_more(images: int) -> None:
    generating = Generating(order=(FIRST,))
    opened = replace(generating.health.rows[FIRST], open_until=generating.clock.now() + timedelta(minutes=10))
    generating.health.rows[FIRST] = opened
    job = begun(generating, images)
    for _ in range(images):
        generating.step()  # all of them wait now
    generating.requests.cancel(OWNER, job.id)
    before = generating.queue.sent

    traffic = worked_off(generating, job)

    assert generating.job(job).status is JobStatus.CANCELLED
    assert traffic.sent == before == 2 * images


@numbers_of_images
def test_paid_images_wait_for_the_store_with_one_message_every_thirty_seconds(images: int) -> None:
    generating = Generating(order=(FIRST,))
    back_at = generating.clock.now() + timedelta(hours=1)
    real = generating.storage.uploads

    class Away:
        stored_under = real.stored_under

        def accept(self, upload: object) -> object:
            if generating.clock.now() < back_at:
                raise StorageUnavailable("The table is away.")
            return real.accept(upload)  # type: ignore[arg-type]

    object.__setattr__(generating.storage, "uploads", Away())
    traffic = worked_off(generating, job := begun(generating, images))

    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert generating.paid() == images
    # What the sweep sent besides dies as soon as the image has been looked at once more.
    assert traffic.sent - traffic.by_sweep <= images * (1 + timedelta(hours=1) // timedelta(seconds=30))
    assert traffic.by_sweep <= images * traffic.sweeps


@pytest.mark.parametrize("copies", [2, 5])
def test_messages_that_come_several_times_are_not_sent_on_as_often(copies: int) -> None:
    """SQS delivers at least once; every copy of a message would otherwise wait as long as the image."""
    generating = Generating(order=(FIRST,))
    generating.let(FIRST, failing(Reason.UNAVAILABLE))
    job = begun(generating, 10)
    generating.queue.waiting *= copies
    generating.queue.delays *= copies

    traffic = worked_off(generating, job)

    assert traffic.sent <= 10 * (copies + RETRIES + PAUSES_OF_A_BREAKER)


@numbers_of_images
def test_messages_that_come_twice_send_nothing_for_what_has_ended(images: int) -> None:
    generating = Generating()
    job = begun(generating, images)
    twice = list(generating.queue.waiting)
    worked_off(generating, job)
    before = generating.queue.sent

    for work in twice:
        assert isinstance(work, GenerateImage)
        generating.do(work)

    assert generating.queue.sent == before


@numbers_of_images
def test_what_the_queue_lost_is_sent_once_for_each_look_of_the_sweep(images: int) -> None:
    generating = Generating()
    job = begun(generating, images)
    generating.queue.clear()

    traffic = worked_off(generating, job)

    assert generating.job(job).counts[JobItemState.SUCCEEDED] == images
    assert (traffic.sent, traffic.by_sweep) == (2 * images, images)

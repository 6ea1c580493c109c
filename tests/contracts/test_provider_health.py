"""Circuit breakers and retry budgets: the fake of the tests and DynamoProviderHealth alike (E2, E3)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from image_store.adapters.dynamodb.generation.jobs import DynamoGenerations
from image_store.adapters.dynamodb.generation.providers import DynamoProviderHealth
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.generation.breaker import Breaker
from image_store.domain.generation.budget import BudgetHold, Budgets
from image_store.domain.generation.catalogue import models_of
from image_store.domain.generation.jobs import Job, JobItem, JobItemChange, JobItemState, initial_counts
from image_store.domain.generation.ledger import CallOutcome, LedgerEntry, ProviderCall
from image_store.domain.generation.providers import Provider, Reason
from image_store.domain.generation.requests import GenerationRequest
from image_store.domain.generation.retry_budget import MOST_RETRIES, RetryBudget
from image_store.ports.generation import Generations, ProviderHealth
from image_store.ports.system import Clock
from image_store.services.generation.choice import ModelCandidate
from image_store.services.generation.health import CallHistory, CallPermit, HealthWatch, NoRetryLeft
from tests.fakes.dynamodb import new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.generations import MemoryGenerations, MemoryHealth
from tests.fakes.repository import MemoryRepository

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
TODAY = NOON.date()
A, B = Provider.POLLINATIONS, Provider.CLOUDFLARE
CANDIDATE = ModelCandidate(models_of(A)[0], own_key=False, holds=0)
WORKERS = 16


@dataclass(frozen=True)
class Parts:
    """What reads health, and what writes the calls that it counts."""

    health: ProviderHealth
    generations: Generations


class Noon(Clock):
    """Stands still."""

    def now(self) -> datetime:
        return NOON


@pytest.fixture(params=["memory", "dynamodb"])
def parts(request: pytest.FixtureRequest, moto: Any) -> Parts:
    if request.param == "memory":
        generations = MemoryGenerations(MemoryRepository())
        return Parts(MemoryHealth(generations), generations)
    table = new_table(moto)
    return Parts(
        DynamoProviderHealth(DynamoTable(table, client=lambda: moto)),
        DynamoGenerations(DynamoTable(table, client=lambda: moto)),
    )


def call(generations: Generations, *, number: int, started_at: datetime, succeeded: bool = True) -> None:
    """Let a call of A end."""
    job_id = f"019ca945-0a00-7000-8000-{number:012d}"
    item = JobItem(
        job_id=job_id,
        index=0,
        request_index=0,
        owner="alice",
        request=GenerationRequest(prompt="A cat"),
        change=f"made-{number}",
        not_before=NOON,
        deadline=NOON + timedelta(minutes=30),
        hold=BudgetHold(micros=0, on=TODAY),
    )
    job = Job(id=job_id, owner="alice", created_at=NOON, updated_at=NOON, counts=initial_counts(1))
    generations.create(job, [item], budgets=Budgets(), most_images=0, names=[], due_at=NOON)
    provider_call = ProviderCall(
        id=f"{number:016x}", provider=A, model="flux", own_key=False, started_at=started_at
    )
    entry = LedgerEntry(
        call=provider_call,
        cost_micros=2_000,
        usage=None,
        prices="2026-11-21",
        duration_ms=10,
        seed=1,
        size="1024x1024",
        quality=None,
        params={},
        generated_at=NOON,
    )
    outcome = CallOutcome(
        call=provider_call,
        duration_ms=10,
        succeeded=succeeded,
        reason=None if succeeded else Reason.UNAVAILABLE,
        entry=entry if succeeded else None,
    )
    running = item.moved_to(JobItemState.RUNNING, change=f"runs-{number}", call=provider_call)
    generations.change([JobItemChange(before=item, after=running)], at=NOON, budgets=Budgets())
    ended = running.moved_to(
        JobItemState.SUCCEEDED if succeeded else JobItemState.FAILED, change=f"ended-{number}", hold=None
    )
    generations.change(
        [JobItemChange(before=running, after=ended, outcome=outcome)], at=NOON, budgets=Budgets()
    )


def test_an_unused_provider_is_healthy_and_has_all_its_retries(parts: Parts) -> None:
    assert parts.health.breakers() == dict.fromkeys(Provider, Breaker())
    assert parts.health.image_count(A, on=TODAY) == 0


def test_a_breaker_is_read_as_it_was_written(parts: Parts) -> None:
    retries = RetryBudget(shares=7, at=NOON, day=TODAY, made=1_234)
    breaker = Breaker(
        failures=6,
        openings=2,
        open_until=NOON + timedelta(seconds=1),
        failed_at=NOON,
        probe_until=NOON + timedelta(minutes=5),
        opened_at=NOON - timedelta(seconds=1),
        retries=retries,
        version=1,
    )

    assert parts.health.save(A, breaker)

    assert parts.health.breakers() == {**dict.fromkeys(Provider, Breaker()), A: breaker}


def test_of_two_writers_the_late_one_gets_a_conflict(parts: Parts) -> None:
    first = parts.health.save(A, Breaker(failures=1, version=1))
    second = parts.health.save(A, Breaker(failures=2, version=1))

    assert (first, second) == (True, False)
    assert parts.health.breakers()[A].failures == 1


def test_the_images_of_a_day_are_counted_by_provider_and_failures_are_not(parts: Parts) -> None:
    yesterday = NOON - timedelta(days=1)
    for number, (at, succeeded) in enumerate([(NOON, True), (NOON, True), (NOON, False), (yesterday, True)]):
        call(parts.generations, number=number, started_at=at, succeeded=succeeded)

    assert (parts.health.image_count(A, on=TODAY), parts.health.image_count(A, on=yesterday.date())) == (2, 1)
    assert parts.health.image_count(B, on=TODAY) == 0


def test_images_earn_retries(parts: Parts) -> None:
    empty = RetryBudget().refilled(NOON, image_count=0)
    parts.health.save(A, Breaker(retries=replace(empty, shares=0), version=1))
    watch = HealthWatch(health=parts.health, clock=Noon())
    for number in range(5):
        call(parts.generations, number=number, started_at=NOON)

    answers = [watch.choose([CANDIDATE], CallHistory(frozenset({A}))) for _ in range(2)]

    assert answers == [CallPermit(CANDIDATE, is_healthy=True), NoRetryLeft()]


def test_many_workers_at_once_take_no_more_retries_than_there_are() -> None:
    """E3."""
    dynamo, start = MemoryDynamo(), Barrier(WORKERS)
    new_table(dynamo, "table")
    health = DynamoProviderHealth(DynamoTable("table", client=lambda: dynamo))

    def work(_: int) -> int:
        start.wait(timeout=60)
        watch, retries = HealthWatch(health=health, clock=Noon()), 0
        while True:
            match watch.choose([CANDIDATE], CallHistory(frozenset({A}))):
                case CallPermit():
                    retries += 1
                case NoRetryLeft():
                    return retries
                case _:
                    continue  # others were quicker

    with ThreadPoolExecutor(WORKERS) as pool:
        retries = sum(pool.map(work, range(WORKERS)))

    assert retries == MOST_RETRIES

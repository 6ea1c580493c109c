"""Generation assembled as in production, on storage in memory, with a clock that stands still."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.callers.key_allowance import KeyAllowance
from image_store.domain.generation.budget import Budgets, KeyBudget, Spending
from image_store.domain.generation.jobs import Job, JobItem
from image_store.domain.generation.providers import (
    Provider,
    ProviderFailure,
    ProviderKey,
    ProviderPicture,
    Reason,
    Unit,
)
from image_store.domain.generation.requests import (
    GenerationRequest,
    JobRequest,
    JoinRule,
    ModelPreference,
    VariationSet,
)
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import IdempotencyKey
from image_store.domain.work import GenerateImage
from image_store.services.generation.sweep import SweptJobs
from tests.fakes.generations import Answer, MemoryGenerations, MemoryHealth, MemoryKeys, MemoryProvider
from tests.fakes.queues import MemoryWorkQueue
from tests.fakes.store import SETTINGS, Store
from tests.faults.faults import Killed
from tests.samples import OWNER, PICTURE

if TYPE_CHECKING:
    from image_store.domain.generation.ledger import CallOutcome

ORDER = FIRST, SECOND, THIRD = (Provider.POLLINATIONS, Provider.CLOUDFLARE, Provider.OPENAI)
FUNCTION_TIME = timedelta(seconds=296)
USAGE = {
    Provider.POLLINATIONS: {Unit.IMAGE: 1},
    Provider.OPENAI: {Unit.TEXT_INPUT_TOKEN: 10, Unit.IMAGE_OUTPUT_TOKEN: 439},
}
POLLINATIONS_MICROS = 2_000


def failing(reason: Reason, retry_after: timedelta | None = None) -> ProviderFailure:
    """A failure as a provider's module makes it."""
    return ProviderFailure(reason, "It did not work.", retry_after=retry_after)


class Generating:
    """The services of generation around a store; `answers` say what each provider does."""

    def __init__(
        self,
        *,
        order: Sequence[Provider] = ORDER,
        budgets: Budgets = Budgets(),  # noqa: B008 - it is frozen
        quota: Quota = Quota(),  # noqa: B008 - it is frozen
        retries: int = 2,
        seals: bool = False,
    ) -> None:
        self.store = Store(
            quota=quota,
            seals=seals,
            generation=replace(SETTINGS.generation, budgets=budgets, providers=tuple(order), retries=retries),
        )
        self.clock = self.store.clock
        self.jobs = MemoryGenerations(self.store.repository)
        self.health, self.keys = MemoryHealth(self.jobs), MemoryKeys()
        self.queue = MemoryWorkQueue()
        self.providers = {provider: MemoryProvider(self._usual(provider)) for provider in Provider}
        self.outcomes: list[CallOutcome] = []
        self.used_up: list[str] = []
        self.no_key_for: set[Provider] = set()
        self.slept: list[float] = []
        ports = self.store.app.ports
        ports.generations = self.jobs
        ports.provider_health = self.health
        ports.provider_keys = self.keys
        ports.generation_queue = self.queue
        ports.image_providers = self.providers
        ports.deployment_key = self._deployment_key
        ports.report_call = self.outcomes.append
        ports.report_used_up_budget = self.used_up.append
        ports.sleep = self._sleep
        ports.jitter = lambda most: most
        generation = self.store.app.generation
        self.results = generation.results
        self.requests = generation.jobs
        self.storage = generation.storage
        self.run = generation.worker
        self.sweep = generation.sweep
        self.overview = generation.overview

    # What is done -------------------------------------------------------------------------------------

    def begin(
        self,
        *requests: GenerationRequest,
        times: int = 1,
        owner: str = OWNER,
        preference: ModelPreference = ModelPreference(),  # noqa: B008 - it is frozen
        join: bool = False,
        idempotency: IdempotencyKey | None = None,
        key_budget: KeyBudget | None = None,
        allowance: KeyAllowance | None = None,
    ) -> Job:
        """Begin a job of one picture, or of those that are wished for."""
        variation_sets = tuple(
            VariationSet(request=request, count=times) for request in requests or (a_request(),)
        )
        request = JobRequest(
            owner=owner,
            variation_sets=variation_sets,
            preference=preference,
            join=JoinRule() if join else None,
            idempotency=idempotency,
            key_budget=key_budget,
            allowance=allowance,
        )
        return self.requests.begin(request)[0]

    def work_off(self, *, at_most: int = 1_000) -> None:
        """Do all the work there is, each when its time has come."""
        for _ in range(at_most):
            if not self.queue.waiting:
                return
            self.step()
        raise AssertionError("the work never ends")

    def work_in_time(self) -> None:
        """Do all the work there is, what is due first, as a queue hands it over."""
        numbers, waiting = count(), list[tuple[datetime, int, GenerateImage]]()
        while True:
            now = self.clock.now()
            for work, delay in zip(self.queue.waiting, self.queue.delays, strict=True):
                assert isinstance(work, GenerateImage)
                heappush(waiting, (now + delay, next(numbers), work))
            self.queue.clear()
            if not waiting:
                return
            due, _, work = heappop(waiting)
            self.clock.instant = max(now, due)
            self.do(work)

    def step(self) -> None:
        """Do the next work, when its time has come."""
        delay = self.queue.delays.pop(0)
        work = self.queue.waiting.pop(0)
        self.clock.instant += delay
        assert isinstance(work, GenerateImage)
        self.do(work)

    def do(self, work: GenerateImage) -> None:
        """Do this work now."""
        self.run.carry_on(work, until=self.clock.now() + FUNCTION_TIME)

    def do_until_killed(self, work: GenerateImage) -> None:
        """Do this work with a worker that is killed in the middle, and drop the messages it sent."""
        with pytest.raises(Killed):
            self.do(work)
        self.queue.clear()

    def look_after(self) -> SweptJobs:
        """Let the sweep have its way."""
        return self.sweep.run(until=self.clock.now() + timedelta(minutes=5))

    def let(self, provider: Provider, *answers: Answer) -> None:
        """Let a provider answer so, one after the other, and the last for ever."""
        left = list(answers)
        self.providers[provider].answer = lambda _: left.pop(0) if len(left) > 1 else left[0]

    # What has become ----------------------------------------------------------------------------------

    def job(self, job: Job) -> Job:
        """A job as it is now."""
        stored_job = self.jobs.job(job.id)
        assert stored_job is not None
        return stored_job

    def item(self, job: Job, index: int = 0) -> JobItem:
        """An image of a job as it is now."""
        return self.jobs.rows[job.id, index]

    def calls(self, provider: Provider) -> int:
        """How often a provider was asked."""
        return len(self.providers[provider].asked)

    def paid(self) -> int:
        """How often any provider was paid."""
        return sum(provider.paid for provider in self.providers.values())

    def spent(self, owner: str | None = OWNER) -> Spending:
        """What the day has cost an owner, or the deployment."""
        spending, _ = self.jobs.spending(owner, on=self.clock.now().date())
        return spending

    def result_keys(self) -> list[str]:
        """The answers that are kept."""
        return [key for key in self.store.private.objects if key.startswith("paid/")]

    def _usual(self, provider: Provider) -> Callable[[object], Answer]:
        return lambda _: ProviderPicture(data=PICTURE, usage=USAGE.get(provider), params={"a": 1})

    def _deployment_key(self, provider: Provider) -> ProviderKey | None:
        return None if provider in self.no_key_for else ProviderKey(f"deployment-{provider}")

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.instant += timedelta(seconds=seconds)


def a_request(prompt: str = "A cat", **more: object) -> GenerationRequest:
    """A request for an image."""
    usual = {"prompt": prompt, "attributes": Attributes(kind=Kind.GENERATED, groups=("post:p1",))}
    return GenerationRequest(**{**usual, **more})  # type: ignore[arg-type]  # what tests say of it


def priced_generation(budgets: Budgets = Budgets(), **options: Any) -> Generating:  # noqa: B008 - it is frozen
    """Generation at a time for which there are prices."""
    generating = Generating(budgets=budgets, **options)
    generating.clock.instant = generating.clock.instant.replace(month=11, day=21)
    return generating

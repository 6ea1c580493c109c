"""Generation on the world's failing storage, with a provider that counts what it is paid for."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from image_store.adapters.dynamodb.generation.jobs import DynamoGenerations
from image_store.adapters.dynamodb.generation.providers import DynamoProviderHealth, DynamoProviderKeys
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.bootstrap import assemble
from image_store.domain.generation.budget import Budgets, Spending
from image_store.domain.generation.jobs import Job, JobItemState
from image_store.domain.generation.providers import (
    ImageRequest,
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
    ModelPreference,
    VariationSet,
)
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Kind
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import IdempotencyKey
from image_store.domain.work import GenerateImage, Work
from image_store.entrypoints.work import handle_work
from image_store.ports.generation import ImageProvider
from image_store.services.generation.provider_results import ProviderResults
from image_store.services.generation.sweep import GRACE
from image_store.services.generation.worker.changes import LEASE
from image_store.services.generation.worker.storage import ResultStorage
from tests.fakes.cipher import MemoryCipher
from tests.fakes.dynamodb import all_items
from tests.faults.faults import Faults
from tests.faults.ports import as_a
from tests.faults.roles import runs_as
from tests.faults.soundness import assert_readable, assert_sound
from tests.faults.world import World
from tests.samples import OWNER, PICTURE

FUNCTION_TIME = timedelta(seconds=296)
PRICE = 2_000
"""Micro-dollars for an image of Pollinations'."""
BUDGETS = Budgets(
    owner_daily=10 * PRICE,
    owner_monthly=20 * PRICE,
    deployment_daily=30 * PRICE,
    deployment_monthly=40 * PRICE,
)
QUOTA = 10


class PaidProvider(ImageProvider):
    """Makes the picture and is paid for it; refuses while it is told to."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.paid = 0
        self.refuses = False
        self.breaks: Exception | None = None
        """What its SDK raises of its own accord."""
        self.params: dict[str, Any] = {}

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> ProviderPicture:
        return self._faults.call(
            "provider.generate",
            self._made,
            error=lambda _: ProviderFailure(Reason.CONNECTION, "The connection broke."),
        )

    def _made(self) -> ProviderPicture:
        if self.refuses:
            raise ProviderFailure(Reason.REFUSED, "Not this one.")
        if self.breaks is not None:
            raise self.breaks
        self.paid += 1
        return ProviderPicture(data=PICTURE, usage={Unit.IMAGE: 1}, params=self.params)


class Painting:
    """The services of generation around a world."""

    def __init__(
        self,
        world: World,
        *,
        spooling: type[ProviderResults] = ProviderResults,
        storing: type[ResultStorage] = ResultStorage,
    ) -> None:
        self.world = world
        # A day on which the price is known.
        world.clock.instant = world.clock.instant.replace(month=11, day=2)
        self.provider = PaidProvider(world.faults)
        self.request = GenerationRequest(
            prompt="A cat", attributes=Attributes(kind=Kind.GENERATED, groups=("post:p1",))
        )
        self.gate = world.gate
        self.generations = world.patient(DynamoGenerations)
        ports = world.app.ports
        ports.generations = self.generations
        ports.provider_health = world.patient(DynamoProviderHealth)
        ports.provider_keys = DynamoProviderKeys(
            DynamoTable(world.table, client=lambda: world.faulty_dynamo), cipher=MemoryCipher
        )
        ports.image_providers = {Provider.POLLINATIONS: self.provider}
        ports.deployment_key = lambda _: ProviderKey("of the deployment")
        ports.report_call = lambda _: None
        ports.report_used_up_budget = lambda _: None
        ports.sleep = self._sleep
        ports.jitter = lambda most: most
        settings = replace(
            world.app.settings,
            generation=replace(
                world.app.settings.generation, providers=(Provider.POLLINATIONS,), budgets=BUDGETS
            ),
            quota=Quota(QUOTA),
        )
        app = assemble(ports, settings)
        generation = app.generation
        generation.results = as_a(spooling, generation.results)
        # Uploads count as the world's do: some worlds have no quota.
        uploads = replace(world.uploads, quota=world.uploads.quota.without_refusals())
        generation.storage = as_a(storing, replace(generation.storage, uploads=uploads))
        self.requests = generation.jobs
        self.run = generation.worker
        self.sweep = generation.sweep

    # What is done -------------------------------------------------------------------------------------

    @runs_as("generations")
    def begin(self, images: int = 1) -> Job:
        """Ask for images, as a client does that repeats its request until it has an answer."""
        request = JobRequest(
            owner=OWNER,
            variation_sets=(VariationSet(request=self.request, count=images),),
            preference=ModelPreference(),
            idempotency=IdempotencyKey("one request", "its fingerprint"),
        )
        return self.requests.begin(request)[0]

    @runs_as("generate")
    def paint(self) -> None:
        """Let the function behind the queue have what waits there, once."""
        until = self.world.clock.now() + FUNCTION_TIME

        def carry_on(work: Work) -> None:
            assert isinstance(work, GenerateImage)
            self.run.carry_on(work, until=until)

        self.world.sqs.invoke("generation", partial(handle_work, carry_on=carry_on))

    @runs_as("cleanup")
    def look_after(self) -> None:
        """Let the sweep have its way."""
        self.sweep.run(until=self.world.clock.now() + timedelta(minutes=5))

    def come_to_an_end(self) -> Job:
        """Let time pass, with all that goes on by itself, until the job has ended and nothing is left over."""
        (job,) = self.jobs()
        self.end_all_jobs()
        stored_job = self.generations.job(job.id)
        assert stored_job is not None
        assert stored_job.has_ended, "an image is neither made nor given up"
        return stored_job

    def end_all_jobs(self) -> None:
        """Let time pass until nothing of any job is left to do."""
        for _ in range(8):
            self.world.clock.instant += LEASE + timedelta(minutes=5)
            self.world.collect()
            self.look_after()
            self.paint()
        for _ in range(2):
            self.world.clock.instant += GRACE + timedelta(minutes=1)
            self.look_after()
        self.world.settle()

    # What must be true --------------------------------------------------------------------------------

    def jobs(self) -> list[Job]:
        """All jobs there are."""
        stored_job = [
            self.generations.job(row["id"]["S"]) for row in self.rows("JOB#") if row["sk"]["S"] == "JOB"
        ]
        return [job for job in stored_job if job is not None]

    def images(self) -> list[Image]:
        """The images that were made."""
        return [image for image in self.world.records() if image.record.kind is Kind.GENERATED]

    def rows(self, prefix: str) -> list[dict[str, Any]]:
        """The rows of some kind."""
        rows = all_items(self.world.client, self.world.table)
        return [row for row in rows if row["pk"]["S"].startswith(prefix)]

    def assert_sound(self, job: Job, *, unheard_of: int = 0) -> None:
        """Images, ledger, budgets, quota and statistics agree; at most so many paid answers reached nobody."""
        assert_sound(self.world)
        images, ledger = self.images(), self.rows("LEDGER#")
        for image in images:
            assert_readable(self.world, image)
        assert len(images) == job.counts[JobItemState.SUCCEEDED], "an image is not what its job says"
        assert len(ledger) == len(images), (
            "an answer that was kept is no image, or is paid and not written down"
        )
        assert 0 <= self.provider.paid - len(ledger) <= unheard_of, "somebody was paid twice"
        charged = sum(int(row["charged"]["N"]) for row in ledger)
        assert charged == job.cost == PRICE * len(images)
        on = job.created_at.date()
        for owner in (OWNER, None):
            assert self.generations.spending(owner, on=on) == (Spending(charged), Spending(charged))
        (usage,) = (row for row in self.rows("") if row["sk"]["S"] == "QUOTA")
        assert usage["promised"] == usage.get("images", {"N": "0"}), (
            "a place in the quota is promised to nobody"
        )
        done = Counter[str]()
        for row in self.rows(f"GENERATED#OWNER#{OWNER}"):
            done.update({name: int(row[name]["N"]) for name in ("succeeded", "cost")})
        assert (done["succeeded"], done["cost"]) == (len(images), charged)

    def _sleep(self, seconds: float) -> None:
        self.world.clock.instant += timedelta(seconds=seconds)

"""Generation, with each of its calls failing in each way, and its functions killed at each (E1, E3–E5, E7).

Whatever happened: each paid answer that reached us is one image and one entry of the ledger, the budgets hold what the
ledger says and nothing else, and nobody was paid twice but where an answer had not been kept yet.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import pytest

from image_store.domain.errors import Conflict, ImageStoreError
from image_store.domain.generation.jobs import Job, JobItem, JobItemState
from image_store.domain.images.quota import Quota
from image_store.services.generation.jobs import LOOK_AFTER
from image_store.services.generation.provider_results import ProviderResult, ProviderResults
from image_store.services.generation.sealed_requests import OpenRequest
from image_store.services.generation.worker.storage import ResultStorage
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.faults.faults import CONFLICTS, Killed, Mode, may_conflict, naming_fault
from tests.faults.moments import Moment, contents_of
from tests.faults.operation import SHARED
from tests.faults.painting import QUOTA, Painting
from tests.faults.world import World
from tests.samples import OWNER

BETWEEN_PAYING_AND_KEEPING = ("provider.generate", "private.put ")
"""An answer that is lost here may be paid for again; nothing else is."""


@pytest.fixture(scope="module")
def paintings() -> Callable[..., Painting]:
    return lambda **parts: Painting(World(MemoryDynamo(), quota=Quota(QUOTA)), **parts)


@dataclass(frozen=True)
class Step:
    """Something that is done with a job, and what its caller does once nothing fails any more."""

    name: str
    prepare: Callable[[Painting], Job | None]
    act: Callable[[Painting, Job | None], object]
    repeat: Callable[[Painting, Job | None], object]
    succeeded: frozenset[int]
    """How many images there may be in the end."""
    calls: int


def begin_two(painting: Painting) -> Job:
    return painting.begin(images=2)


def failed(painting: Painting) -> Job:
    """A job whose image was refused."""
    painting.provider.refuses = True
    job = painting.begin()
    painting.paint()
    painting.provider.refuses = False
    return job


def cancel(painting: Painting, job: Job | None) -> None:
    assert job is not None
    painting.requests.cancel(OWNER, job.id)


def retry(painting: Painting, job: Job | None) -> None:
    assert job is not None
    with suppress(Conflict):  # it is tried again already
        painting.requests.retry(OWNER, job.id)


def nothing(_painting: Painting, _job: Job | None) -> None:
    """Nobody waits for an answer."""


STEPS = (
    Step(
        "begin",
        lambda _: None,
        lambda painting, _: painting.begin(),
        lambda painting, _: painting.begin(),
        frozenset({1}),
        calls=7,  # the first count of a quota also reads what the projections know
    ),
    Step(
        "make an image",
        Painting.begin,
        lambda painting, _: painting.paint(),
        nothing,
        frozenset({1}),
        calls=14,
    ),
    Step("cancel", begin_two, cancel, cancel, frozenset({0}), calls=5),
    Step("retry", failed, retry, retry, frozenset({1}), calls=5),
)


MAKING = STEPS[1]


class Rehearsal:
    """One step of a painting that is prepared for it once and set back before each run.

    Faults that leave the same state have the same end, which is looked at once.
    """

    def __init__(self, painting: Painting, step: Step) -> None:
        self._painting = painting
        self._step = step
        self._before = step.prepare(painting)
        self._prepared = Moment(painting, self._before, shared=SHARED)
        self._ended: list[object] = []

    @cached_property
    def calls(self) -> Sequence[str]:
        """The calls of a run without a fault."""
        self._prepared.restore()
        faults = self._painting.world.faults
        faults.begin()
        self._step.act(self._painting, self._before)
        return tuple(faults.calls)

    def run(self, at: str, mode: Mode) -> None:
        """Do it with one fault, do what its caller would, let time pass, and look."""
        painting, step, faults = self._painting, self._step, self._painting.world.faults
        self._prepared.restore()
        faults.begin(at, mode)
        with suppress(ImageStoreError, Killed):
            step.act(painting, self._before)
        faults.end()
        assert faults.happened
        lost = at.startswith(BETWEEN_PAYING_AND_KEEPING) and not at.startswith(STORED)
        outcome = (lost, painting.provider.paid, contents_of(painting.world))
        if outcome in self._ended:
            return
        step.repeat(painting, self._before)
        job = painting.come_to_an_end()
        painting.assert_sound(job, unheard_of=int(lost))
        assert job.counts[JobItemState.SUCCEEDED] in step.succeeded
        self._ended.append(outcome)


STORED = tuple(f"private.put {name}" for name in ("original", "thumb", "display", "w640", "w1280", "w2048"))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_fault_at_any_call_loses_no_image_and_no_money(
    paintings: Callable[[], Painting], step: Step
) -> None:
    rehearsal = Rehearsal(paintings(), step)
    for at in rehearsal.calls:
        for mode in Mode:
            if mode not in CONFLICTS or may_conflict(at):
                with naming_fault(f"{mode} at {at}"):
                    rehearsal.run(at, mode)


def begin_four(painting: Painting) -> None:
    painting.begin(images=4)


def retry_four(painting: Painting) -> None:
    painting.provider.refuses = True
    job = painting.begin(images=4)
    painting.paint()
    painting.provider.refuses = False
    painting.requests.retry(OWNER, job.id)


def sweep_four(painting: Painting) -> None:
    painting.begin(images=4)
    painting.world.sqs.waiting["generation"].clear()  # the messages are lost
    painting.world.clock.instant += LOOK_AFTER
    painting.look_after()


@pytest.mark.parametrize("takes", [[0], [1], [3], [0, 0], [1, 2], [3, 0], [0, 0, 0, 0]], ids=str)
@pytest.mark.parametrize("send", [begin_four, retry_four, sweep_four])
def test_a_batch_of_messages_that_is_taken_in_part_loses_no_image_and_no_money(
    paintings: Callable[[], Painting], send: Callable[[Painting], None], takes: list[int]
) -> None:
    painting = paintings()
    painting.world.sqs.takes = takes if send is begin_four else [4, *takes]

    send(painting)
    job = painting.come_to_an_end()

    painting.assert_sound(job)
    assert job.counts[JobItemState.SUCCEEDED] == 4


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_without_a_fault_each_step_makes_few_calls(paintings: Callable[[], Painting], step: Step) -> None:
    calls = Rehearsal(paintings(), step).calls

    assert len(calls) == step.calls, calls


class SpoolsNothing(ProviderResults):
    """Goes on with a result at once, before it is safe."""

    def put(self, item: JobItem, result: ProviderResult, *, until: datetime) -> None:
        pass


class StoresUnderNewNames(ResultStorage):
    """Stores a result under a name that no retry finds again."""

    def store(self, item: JobItem, opened: OpenRequest, result: ProviderResult, *, until: datetime) -> str:
        call = replace(result.entry.call, id=self.uploads.reservations.ids.token())
        renamed = replace(result, entry=replace(result.entry, call=call))
        return super().store(item, opened, renamed, until=until)


def test_a_result_that_is_not_spooled_before_it_is_stored_is_paid_twice(
    paintings: Callable[..., Painting],
) -> None:
    painting = paintings(spooling=SpoolsNothing)

    with pytest.raises(AssertionError, match="paid twice"):
        Rehearsal(painting, MAKING).run("dynamodb.transact_write_items#2", Mode.KILLED)


def test_a_result_that_is_stored_under_a_new_name_becomes_two_images(
    paintings: Callable[..., Painting],
) -> None:
    painting = paintings(storing=StoresUnderNewNames)

    with pytest.raises(AssertionError, match="an image is not what its job says"):
        Rehearsal(painting, MAKING).run("dynamodb.transact_write_items#4", Mode.KILLED)

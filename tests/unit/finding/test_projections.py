"""Projections after changes, and their rebuild, with a fake projector."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.finding.projection import Rebuild
from image_store.ports.finding import Projector
from image_store.services.upkeep.projections import OLD_CONSUMERS, Projections
from tests.fakes.clock import SetClock

SLICES = 4


class Slices(Projector):
    """A table of so many slices; projecting `bad` fails, and `changing` cannot be projected with others."""

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock
        self.state = Rebuild()
        self.done: list[tuple[str, int]] = []
        self.remade: list[tuple[str | None, int]] = []
        self.bad = ""
        self.changing: set[str] = set()
        self.together: list[tuple[str, ...]] = []

    def project(self, image_id: str, *, epoch: int, at: datetime, again: bool = False) -> None:
        if image_id == self.bad:
            raise StorageUnavailable("away")
        self.done.append((image_id, epoch))

    def project_together(self, image_ids: Sequence[str], *, epoch: int, at: datetime) -> Sequence[str]:
        self.together.append(tuple(image_ids))
        self.done += ((image_id, epoch) for image_id in image_ids if image_id not in self.changing)
        return [image_id for image_id in image_ids if image_id in self.changing]

    def rebuild(self) -> Rebuild:
        return self.state

    def store_rebuild(self, rebuild: Rebuild) -> Rebuild:
        if rebuild.step != self.state.step:
            raise Conflict("Another run was faster.")
        self.state = replace(rebuild, step=rebuild.step + 1)
        return self.state

    def rebuild_slice(
        self, *, after: str | None, limit: int, epoch: int, at: datetime
    ) -> tuple[int, str | None]:
        self.clock.instant += timedelta(seconds=10)
        self.remade.append((after, epoch))
        number = int(after or "0") + 1
        return limit, str(number) if number < SLICES else None


@pytest.fixture
def slices() -> Slices:
    return Slices(SetClock())


@pytest.fixture
def projections(slices: Slices) -> Projections:
    return Projections(projector=slices, clock=slices.clock)


def run(projections: Projections, *, seconds: int = 1_000) -> Rebuild:
    return projections.rebuild(until=projections.clock.now() + timedelta(seconds=seconds))


def test_an_image_that_fails_is_reported_and_the_others_are_projected(
    slices: Slices, projections: Projections
) -> None:
    slices.bad = "b"
    slices.changing = {"b"}
    failed: list[str] = []

    projections.project(["a", "b", "c"], failed=lambda image_id, _: failed.append(image_id))

    assert failed == ["b"]
    assert slices.done == [("a", 1), ("c", 1)]


def test_images_are_projected_25_at_a_time_and_those_that_others_change_once_more_alone(
    slices: Slices, projections: Projections
) -> None:
    image_ids = [f"{number:02}" for number in range(51)]
    slices.changing = {"03"}

    projections.project(image_ids, failed=lambda *_: None)

    assert slices.together == [tuple(image_ids[:25]), tuple(image_ids[25:50])]
    assert sorted(slices.done) == [(image_id, 1) for image_id in image_ids]


def test_changes_during_a_rebuild_count_in_its_epoch(slices: Slices, projections: Projections) -> None:
    run(projections)

    projections.project(["a"], failed=lambda *_: None)

    assert slices.done == [("a", 2)]


def test_a_rebuild_first_waits_for_consumers_of_the_old_epoch(
    slices: Slices, projections: Projections
) -> None:
    begun = run(projections)
    slices.clock.instant += OLD_CONSUMERS - timedelta(seconds=1)
    waiting = run(projections)

    assert begun == waiting
    assert begun.is_under_way
    assert slices.remade == []


def test_a_rebuild_ends_with_its_last_slice_and_then_its_figures_are_answered(
    slices: Slices, projections: Projections
) -> None:
    run(projections)
    slices.clock.instant += OLD_CONSUMERS

    done = run(projections)

    assert slices.remade == [(None, 2), ("1", 2), ("2", 2), ("3", 2)]
    assert (done.served_epoch, done.new_epoch, done.is_under_way, done.after) == (2, 2, False, None)


def test_a_run_continues_where_the_previous_one_stopped(slices: Slices, projections: Projections) -> None:
    run(projections)
    slices.clock.instant += OLD_CONSUMERS

    stopped = run(projections, seconds=15)
    done = run(projections)

    assert (stopped.is_under_way, stopped.after) == (True, "2")
    assert slices.remade[2:] == [("2", 2), ("3", 2)]
    assert done.examined == 400


def test_a_run_that_was_overtaken_ends(slices: Slices, projections: Projections) -> None:
    run(projections)
    slices.clock.instant += OLD_CONSUMERS
    rebuild_slice = slices.rebuild_slice

    def overtaken(**named: object) -> tuple[int, str | None]:
        slices.state = replace(slices.state, step=slices.state.step + 1)
        return rebuild_slice(**named)  # type: ignore[arg-type]

    slices.rebuild_slice = overtaken  # type: ignore[method-assign]

    with pytest.raises(Conflict):
        run(projections)


def test_a_rebuild_can_start_again_after_it_ended(slices: Slices, projections: Projections) -> None:
    for _ in range(2):
        run(projections)
        slices.clock.instant += OLD_CONSUMERS
        run(projections)

    assert (slices.state.served_epoch, slices.state.examined) == (3, 400)

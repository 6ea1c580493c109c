"""A table that is restored as it was earlier, while the bucket is as it is now: nothing is bought twice or lost.

An image is made up to each call, where its worker dies; then the table becomes what it was before each earlier call.
Whatever answer is kept then, and whatever image the restored table knows, is found again, and nobody is paid for it.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from image_store.domain.generation.jobs import JobItemState
from image_store.domain.generation.ledger import PROVIDER_RESULTS_PREFIX
from image_store.domain.images.image import State
from image_store.domain.images.quota import Quota
from image_store.services.generation.worker.changes import LEASE
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.faults.faults import Faults, Killed, Mode, naming_fault
from tests.faults.moments import Moment, contents_of
from tests.faults.operation import SHARED
from tests.faults.painting import QUOTA, Painting
from tests.faults.world import World


class Watching(Faults):
    """Faults that keep a backup of the table from before each call."""

    def __init__(self) -> None:
        super().__init__()
        self.backup: Callable[[], Any] | None = None
        self.backups: list[tuple[str, Any]] = []

    def call[T](self, name: str, effect: Callable[[], T], *, error: Callable[[Mode], Exception]) -> T:
        if self.backup is not None:
            self.backups.append((name, self.backup()))
        return super().call(name, effect, error=error)


def made_until(at: str | None) -> tuple[Painting, Watching]:
    """A job whose worker died after a call, or at its end, with backups of the table from before each call."""
    faults = Watching()
    painting = Painting(World(MemoryDynamo(), faults=faults, quota=Quota(QUOTA)))
    painting.begin()
    painting.world.clock.instant += timedelta(minutes=1)
    faults.begin(at, Mode.KILLED_APPLIED)
    faults.backup = lambda: painting.world.client.backup(painting.world.table)
    with suppress(Killed):
        painting.paint()
    faults.backup = None
    faults.end()
    return painting, faults


def spooled_results(painting: Painting) -> list[str]:
    return [key for key in painting.world.private.objects if key.startswith(PROVIDER_RESULTS_PREFIX)]


def states(painting: Painting) -> set[State]:
    """What the table knows of the image."""
    return {image.record.state for image in painting.images()}


def test_no_answer_is_bought_again_and_none_lost_whenever_the_table_is_restored() -> None:
    whole, faults = made_until(None)
    calls = list(faults.calls)
    found_again = 0
    ended: list[object] = []
    for died_at in [*calls, None]:
        painting, faults = made_until(died_at)
        died = Moment(painting, shared=SHARED)
        for number, (restored_to, backup) in enumerate(faults.backups):
            with naming_fault(f"died after {died_at}, restored to before {restored_to} ({number})"):
                died.restore()
                painting.world.client.restore(painting.world.table, backup)
                painting.world.sqs.waiting["generation"].clear()
                can_be_found = bool(spooled_results(painting)) or State.READY in states(painting)
                # With its answer gone, an image on its way is found unless cleanup was quicker.
                may_be_found = can_be_found or State.PENDING in states(painting)
                paid = painting.provider.paid
                found_again += can_be_found
                outcome = (paid, contents_of(painting.world))
                if outcome in ended:
                    continue  # equal states have the same end

                job = painting.come_to_an_end()

                assert job.counts[JobItemState.SUCCEEDED] == 1
                bought = painting.provider.paid - paid
                assert bought in ({0} if can_be_found else {0, 1} if may_be_found else {1})
                painting.assert_sound(job, unheard_of=bought if paid else 0)
                assert spooled_results(painting) == []
                ended.append(outcome)
    assert whole.provider.paid == 1
    assert found_again > len(calls)


def test_an_image_that_its_owner_deleted_after_the_backup_is_not_made_again() -> None:
    """The answer is gone, the image is stored and deleted, and only its job was on its way in the backup."""
    painting, _ = made_until("dynamodb.transact_write_items#3")
    (image,) = painting.images()
    assert image.record.state is State.READY
    painting.world.delete_id(image.record.id, permanent=True)
    painting.world.private.delete(spooled_results(painting))

    job = painting.come_to_an_end()

    assert job.counts[JobItemState.SUCCEEDED] == 1
    assert painting.provider.paid == 1


def test_an_image_on_its_way_is_stored_from_its_original_where_its_answer_is_gone() -> None:
    painting, _ = made_until("private.put original.png#1")
    assert states(painting) == {State.PENDING}
    painting.world.private.delete(spooled_results(painting))
    painting.world.clock.instant += LEASE

    painting.look_after()
    painting.paint()

    (job,) = painting.jobs()
    assert job.counts[JobItemState.SUCCEEDED] == 1
    assert painting.provider.paid == 1


def test_the_spooled_result_of_a_call_that_is_settled_is_not_taken_for_a_new_one() -> None:
    """Its removal failed; what its owner tries again is made anew."""
    painting, _ = made_until(None)
    (job,) = painting.jobs()
    stored_item = painting.generations.item(job.id, 0)
    assert stored_item is not None
    item = stored_item[1]
    assert item.call is not None

    assert painting.generations.is_settled(item, item.call)
    assert not painting.generations.is_settled(item, replace(item.call, id="0" * 16))

"""Worlds, and what makes thousands of runs slow without proving anything: shards to ask and threads to start."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future

import pytest

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.backup import outbox
from image_store.entrypoints.webhooks import delivery
from image_store.services.backup import originals, verification
from image_store.services.images import batches, write_protocol
from image_store.services.upkeep.recovery import lost_images
from image_store.services.upkeep.repair import storage_check
from image_store.services.webhooks import sending
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.faults.world import World, Worlds


class OneAfterTheOther(Executor):
    """Does at once what it is given: one of the orders in which threads may do it, and the same in every run."""

    def __init__(self, _: int) -> None:
        pass

    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:
            done.set_exception(error)
        return done


@pytest.fixture(autouse=True, scope="module")
def one_of_each() -> Iterator[None]:
    """One shard of due rows, not sixteen, and no threads; until the module is done, for other tests want both."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "DUE_SHARDS", 1)
        for module in (
            *(batches, delivery, lost_images, originals, outbox),
            *(sending, storage_check, verification, write_protocol),
        ):
            patch.setattr(module, "ThreadPoolExecutor", OneAfterTheOther)
        yield


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    return lambda **parts: World(MemoryDynamo(), **parts)

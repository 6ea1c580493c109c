"""The OpenAI endpoint, with each of its calls failing in each way, and its function killed at each (E1, E4, F7).

The client does what OpenAI's do: it sends the same request again. Whatever happened, it gets its images in the end,
nothing is paid twice, and no image is lost.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from image_store.bootstrap import use
from image_store.domain.callers.credential import CallerCredential
from image_store.domain.generation.providers import Provider
from image_store.domain.generation.requests import NewReference
from tests.fakes.dynamodb import all_items
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.faults.faults import CONFLICTS, Faults, Killed, Mode, may_conflict, naming_fault
from tests.faults.vendors import FaultyDynamo, FaultyLambda, FaultySqs
from tests.functions.deployment import Deployment, event
from tests.functions.generation_work import work_off
from tests.functions.openai_requests import (
    UploadsInTheDeployment,
    answered,
    images_request,
    ready,
    signed,
)

TRIES = 4
IMAGES = 2
MODES_OF_EDITS = (Mode.ERROR_BEFORE, Mode.ANSWER_LOST, Mode.KILLED, Mode.KILLED_APPLIED)
"""An edit makes the calls of a generation and few more."""
REQUESTS: dict[str, Callable[[], dict[str, Any]]] = {
    "generations": lambda: images_request(n=IMAGES),
    "edits": lambda: signed(event("openai/edit")),
}


class Endpoint:
    """A deployment whose endpoint meets faults; its workers meet none, for their own tests are elsewhere."""

    def __init__(self) -> None:
        providers = ",".join(reversed(Provider))
        self.store = Deployment(MemoryDynamo(), PROVIDERS=providers, API_URL="https://api.example.com")
        self.faults = Faults()
        ready(self.store)
        self.store.ports.sleep = self._sleep
        self.store.ports.reference_uploads = SoundUploads(self)

    def send(self, name: str, count: int) -> dict[str, Any] | None:
        """Send a request as the client's try of this number; None if the function was killed."""
        self.store.set_clock.instant += timedelta(seconds=2)
        sent = signed(REQUESTS[name](), x_stainless_retry_count=str(count))
        try:
            with self._faulty():
                answer = answered(self.store, sent)
        except Killed:
            return None
        return answer.json if answer.status == 200 else None

    @property
    def paid(self) -> int:
        """How many images were paid."""
        return sum(provider.paid for provider in self.store.providers.values())

    @property
    def generated(self) -> int:
        """How many generated images are stored."""
        rows = all_items(self.store.client, self.store.table)
        return sum(row["sk"]["S"] == "META" and row.get("kind", {}).get("S") == "generated" for row in rows)

    def _sleep(self, seconds: float) -> None:
        self.store.set_clock.instant += timedelta(seconds=seconds)
        with self.sound():
            work_off(self.store)

    @contextmanager
    def _faulty(self) -> Iterator[None]:
        store = self.store
        faulty = (
            FaultyDynamo(store.client, self.faults),
            FaultySqs(store.queues_client, self.faults),
            FaultyLambda(store.lambda_client, self.faults),
        )
        self._sound_clients = (store.client, store.queues_client, store.lambda_client)
        with self._using(faulty):
            yield

    def sound(self) -> AbstractContextManager[None]:
        """Let all calls succeed, for what is done by other functions."""
        return self._using(self._sound_clients)

    @contextmanager
    def _using(self, clients: tuple[Any, Any, Any]) -> Iterator[None]:
        store = self.store
        before = (store.client, store.queues_client, store.lambda_client)
        store.client, store.queues_client, store.lambda_client = clients
        try:
            yield
        finally:
            store.client, store.queues_client, store.lambda_client = before


class SoundUploads(UploadsInTheDeployment):
    """Uploads by the API, which has functions of its own."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint.store)
        self._endpoint = endpoint

    def store(self, image: NewReference, *, credential: CallerCredential, until: datetime) -> str:
        with self._endpoint.sound():
            return super().store(image, credential=credential, until=until)


@pytest.fixture(autouse=True)
def _no_application() -> Iterator[None]:
    yield
    use(None)


def calls_of(name: str) -> list[str]:
    """The calls of a request that meets no fault."""
    endpoint = Endpoint()
    endpoint.faults.begin()
    assert endpoint.send(name, 0) is not None
    return endpoint.faults.calls


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_makes_the_calls_that_fail_here(name: str) -> None:
    calls = calls_of(name)

    assert calls[0] == "authorize.invoke#1"
    assert {"dynamodb.transact_write_items#1", "dynamodb.batch_get_item#1"} <= set(calls)
    assert any(call.endswith("GenerationQueue.send_message_batch#1") for call in calls)


@pytest.mark.parametrize(
    ("name", "mode"),
    [*(("generations", mode) for mode in Mode), *(("edits", mode) for mode in MODES_OF_EDITS)],
)
def test_whatever_fails_the_client_gets_its_images_and_pays_once(name: str, mode: Mode) -> None:
    for call in calls_of(name):
        if mode in CONFLICTS and not may_conflict(call):
            continue
        with naming_fault(f"{mode} at {call}"):
            endpoint = Endpoint()
            endpoint.faults.begin(call, mode)
            answer = endpoint.send(name, 0)
            endpoint.faults.end()
            tries = iter(range(1, TRIES))
            while answer is None and (count := next(tries, None)) is not None:
                answer = endpoint.send(name, count)

            images = IMAGES if name == "generations" else 1
            assert answer is not None
            assert len(answer["data"]) == images
            assert (endpoint.paid, endpoint.generated) == (images, images)

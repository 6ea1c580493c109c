"""The assembly: each part is created once, by the first thread that needs it."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from image_store.bootstrap import application, assemble, prepare, use
from image_store.bootstrap.clients import Clients
from image_store.bootstrap.lazy import lazy_property
from image_store.bootstrap.ports import Ports
from image_store.domain.images.attributes import Attributes
from image_store.settings import Settings
from image_store.settings.storage import StorageSettings
from tests.fakes.kms_client import MemoryKms


def test_a_lazy_property_is_created_once_for_many_threads() -> None:
    created: list[object] = []

    class Slow:
        @lazy_property
        def part(self) -> object:
            time.sleep(0.01)  # long enough for every thread to read it meanwhile
            created.append(object())
            return created[-1]

    application, ready = Slow(), threading.Barrier(8)

    def read() -> object:
        ready.wait()
        return application.part

    with ThreadPoolExecutor(8) as pool:
        parts = {id(future.result()) for future in [pool.submit(read) for _ in range(8)]}

    assert len(created) == len(parts) == 1


class RecordingClients(Clients):
    """Records which clients are created; none is used."""

    def __init__(self, storage: StorageSettings) -> None:
        super().__init__(storage)
        self.created: list[str] = []

    def client(self, service: str, *, read_timeout: int = 5, attempts: int = 3) -> Any:
        self.created.append(service)
        return MemoryKms()


@pytest.fixture
def clients() -> Iterator[RecordingClients]:
    settings = Settings.from_env({})
    clients = RecordingClients(settings.storage)
    use(lambda: assemble(Ports(settings, clients), settings))
    yield clients
    use(None)


@pytest.mark.parametrize("kind", ["provisioned-concurrency", "snap-start"])
def test_a_prepared_process_has_its_client_before_the_first_request(
    clients: RecordingClients, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)

    prepare()

    assert application().ports.clients is clients
    assert clients.created == ["dynamodb"]


def test_a_cold_start_on_demand_creates_nothing_in_advance(
    clients: RecordingClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")

    prepare()

    assert clients.created == []


def test_the_kms_client_is_created_once_at_the_first_sealing() -> None:
    """A17."""
    settings = Settings.from_env({"SECRETS_KEY": "key", "ENCRYPT_SENSITIVE_FIELDS": "true"})
    clients = RecordingClients(settings.storage)
    sealing = assemble(Ports(settings, clients), settings).images.sealing
    unsealed = sealing.seal(Attributes(title="A fox"), owner="alice", image_id="1")
    before = list(clients.created)

    for image_id in ("1", "2"):
        sealing.seal(Attributes(analysis={"response_context": "Yes"}), owner="alice", image_id=image_id)

    assert unsealed == (Attributes(title="A fox"), None)
    assert (before, clients.created) == ([], ["kms"])

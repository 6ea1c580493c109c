"""The wiring: each part is made once, whichever thread asks first."""

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


def test_a_part_that_many_threads_ask_for_is_made_once() -> None:
    parts_made: list[object] = []

    class Slow:
        @lazy_property
        def part(self) -> object:
            time.sleep(0.01)  # long enough for every thread to ask meanwhile
            parts_made.append(object())
            return parts_made[-1]

    application, ready = Slow(), threading.Barrier(8)

    def ask() -> object:
        ready.wait()
        return application.part

    with ThreadPoolExecutor(8) as pool:
        parts = {id(future.result()) for future in [pool.submit(ask) for _ in range(8)]}

    assert len(parts_made) == len(parts) == 1


class WatchedClients(Clients):
    """Records which clients are made; none is used."""

    def __init__(self, storage: StorageSettings) -> None:
        super().__init__(storage)
        self.made: list[str] = []

    def client(self, service: str, *, read_timeout: int = 5, attempts: int = 3) -> Any:
        self.made.append(service)
        return MemoryKms()


@pytest.fixture
def watched() -> Iterator[WatchedClients]:
    settings = Settings.from_env({})
    clients = WatchedClients(settings.storage)
    use(lambda: assemble(Ports(settings, clients), settings))
    yield clients
    use(None)


@pytest.mark.parametrize("started", ["provisioned-concurrency", "snap-start"])
def test_what_is_started_ahead_has_its_client_before_the_first_request(
    watched: WatchedClients, monkeypatch: pytest.MonkeyPatch, started: str
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", started)

    prepare()

    assert application().ports.clients is watched
    assert watched.made == ["dynamodb"]


def test_a_start_that_somebody_waits_for_makes_nothing_ahead(
    watched: WatchedClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")

    prepare()

    assert watched.made == []


def test_the_client_of_the_key_service_is_made_when_something_is_sealed_and_once() -> None:
    """A17."""
    settings = Settings.from_env({"SECRETS_KEY": "key", "ENCRYPT_SENSITIVE_FIELDS": "true"})
    clients = WatchedClients(settings.storage)
    sealing = assemble(Ports(settings, clients), settings).images.sealing
    nothing = sealing.seal(Attributes(title="A fox"), owner="alice", image_id="1")
    before = list(clients.made)

    for image_id in ("1", "2"):
        sealing.seal(Attributes(analysis={"response_context": "Yes"}), owner="alice", image_id=image_id)

    assert nothing == (Attributes(title="A fox"), None)
    assert (before, clients.made) == ([], ["kms"])

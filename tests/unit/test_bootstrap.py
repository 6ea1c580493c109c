"""The wiring: each part is made once, whichever thread asks first."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from image_store.bootstrap import Application, made_once
from image_store.domain.attributes import Attributes
from image_store.settings import Settings
from tests.fakes.kms_client import MemoryKms


def test_a_part_that_many_threads_ask_for_is_made_once() -> None:
    made: list[object] = []

    class Slow(Application):
        @made_once
        def part(self) -> object:
            time.sleep(0.01)  # long enough for every thread to ask meanwhile
            made.append(object())
            return made[-1]

    application, ready = Slow(), threading.Barrier(8)

    def ask() -> object:
        ready.wait()
        return application.part

    with ThreadPoolExecutor(8) as pool:
        parts = {id(asked.result()) for asked in [pool.submit(ask) for _ in range(8)]}

    assert len(made) == len(parts) == 1


def test_the_client_of_the_key_service_is_made_when_something_is_sealed_and_once() -> None:
    """A17."""
    made: list[str] = []

    class Listening(Application):
        @made_once
        def settings(self) -> Settings:
            return Settings.from_env({"SECRETS_KEY": "key", "ENCRYPT_SENSITIVE_FIELDS": "true"})

        def _client(self, service: str, *, read_timeout: int = 5, attempts: int = 3) -> Any:
            made.append(service)
            return MemoryKms()

    sealing = Listening().sealing
    nothing = sealing.seal(Attributes(title="A fox"), owner="alice", image_id="1")
    before = list(made)

    for image_id in ("1", "2"):
        sealing.seal(Attributes(analysis={"response_context": "Yes"}), owner="alice", image_id=image_id)

    assert nothing == (Attributes(title="A fox"), None)
    assert (before, made) == ([], ["kms"])

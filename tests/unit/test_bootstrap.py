"""The wiring: each part is made once, whichever thread asks first."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from image_store.bootstrap import Application, made_once


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

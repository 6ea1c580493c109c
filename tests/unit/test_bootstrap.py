"""The wiring, used from several threads."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from image_store.bootstrap import Application, made_once


class Counting(Application):
    """An application with a part that counts how often it was made."""

    made = 0

    @made_once
    def part(self) -> object:
        Counting.made += 1
        return object()


def test_a_part_that_threads_ask_for_at_once_is_made_once() -> None:
    application, together = Counting(), Barrier(8)

    def ask(_: int) -> object:
        together.wait()
        return application.part

    with ThreadPoolExecutor(8) as pool:
        parts = set(pool.map(ask, range(8)))

    assert (len(parts), Counting.made) == (1, 1)

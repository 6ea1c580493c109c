"""Time that passes only while everybody waits: many workers at once, the same in every run.

Workers are threads, of which one runs at any moment: that whose wait ends first. So code that sleeps and looks at a
clock runs as it is.
"""

import heapq
import threading
from collections.abc import Callable, Sequence


class VirtualTime:
    """A clock, and a sleep, for workers that `run` starts at one and the same moment."""

    def __init__(self) -> None:
        self._now = 0.0
        self._waiting: list[tuple[float, int, threading.Event]] = []
        self._turns = 0
        self._idle = threading.Event()

    def monotonic(self) -> float:
        """The seconds that have passed."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let others run until so many seconds have passed."""
        mine = threading.Event()
        self._wait(self._now + seconds, mine)
        self._idle.set()
        mine.wait()

    def run(self, workers: Sequence[Callable[[], None]]) -> None:
        """Run workers until all have ended; the first error of one is raised."""
        errors: list[BaseException] = []

        def work(worker: Callable[[], None], begin: threading.Event) -> None:
            begin.wait()
            try:
                worker()
            except BaseException as error:
                errors.append(error)
            self._idle.set()

        threads = []
        for worker in workers:
            begin = threading.Event()
            self._wait(self._now, begin)
            threads.append(threading.Thread(target=work, args=(worker, begin), daemon=True))
            threads[-1].start()
        while self._waiting:
            self._now, _, turn = heapq.heappop(self._waiting)
            self._idle.clear()
            turn.set()
            self._idle.wait()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def _wait(self, until: float, turn: threading.Event) -> None:
        self._turns += 1
        heapq.heappush(self._waiting, (until, self._turns, turn))

"""Waiting for generation jobs: how long a call waits, and how often it looks."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_store_client.job_states import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store_client.schemas import Job

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 4.0
_GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call waits for a job to end; without `seconds` as long as it takes."""

    seconds: float | None = None
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def wait_for(self, job: Job, read: Callable[[str], Job]) -> Job:
        """Return the job when it has ended, or as it is when the time is over; `read` gets it by its id."""
        end = math.inf if self.seconds is None else self.now() + self.seconds
        pause = FIRST_PAUSE_SECONDS
        while job["status"] not in ENDED and (left := end - self.now()) > 0:
            self.sleep(min(pause, left))
            pause = min(pause * _GROWTH, LONGEST_PAUSE_SECONDS)
            job = read(job["id"])
        return job


UNLIMITED = Patience()
"""As long as it takes."""

"""Work that the store does behind a request: looked at until it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

FIRST_POLL, LONGEST_POLL = 0.5, 5.0


def wait_for(
    look: Callable[[], dict[str, Any]],
    *,
    ended: Collection[str],
    seen: Callable[[dict[str, Any]], None],
    first: dict[str, Any] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Look until the status is one of `ended`, and answer what was seen last; `seen` is told of every look.

    Waits longer and longer, 5 s at most; there is no other end, as only a person knows how long is too long.
    """
    pause = FIRST_POLL
    state = first if first is not None else look()
    while True:
        seen(state)
        if state["status"] in ended:
            return state
        sleep(pause)
        pause = min(pause * 1.3, LONGEST_POLL)
        state = look()

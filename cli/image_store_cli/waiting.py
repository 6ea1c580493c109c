"""Work that the store does behind a request: looked at until it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from image_store_cli.context import Context

FIRST_POLL, LONGEST_POLL = 0.5, 5.0


def watched(
    context: Context,
    first: dict[str, Any],
    *,
    path: str,
    ended: Collection[str],
    description: str,
    seen: Callable[[dict[str, Any]], dict[str, Any]],
    resume_hint: str,
) -> dict[str, Any]:
    """Look at `path` until the status is one of `ended`, with a progress display; answer what was seen last.

    `seen` is told of every look, `first` among them, and says how far the work is: `total`, `completed` and
    `description`. Waits longer and longer, 5 s at most; there is no other end, as only a person knows how long is too
    long. `resume_hint` is shown after an interruption.
    """
    pause, state = FIRST_POLL, first
    with context.out.progress() as progress:
        task = progress.add_task(description, total=None)
        try:
            while True:
                progress.update(task, **seen(state))
                if state["status"] in ended:
                    return state
                context.sleep(pause)
                pause = min(pause * 1.3, LONGEST_POLL)
                state = context.api.get(path)
        except KeyboardInterrupt:
            context.out.note(resume_hint)
            raise

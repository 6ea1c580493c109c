"""Waits for work that the store does after a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from image_store_cli.context import Context

FIRST_POLL, LONGEST_POLL = 0.5, 5.0


def wait_for_end[State: Mapping[str, Any]](
    context: Context,
    first: State,
    *,
    read: Callable[[], State],
    ended: Collection[str],
    description: str,
    progress_of: Callable[[State], dict[str, Any]],
    resume_hint: str,
) -> State:
    """Call `read` until the status is one of `ended`, with a progress display; return the last state.

    `progress_of` gets every state, `first` included, and returns the progress: `total`, `completed` and `description`.
    The waits grow up to 5 s. There is no time limit: the user decides how long to wait. `resume_hint` is printed after
    an interruption.
    """
    pause, state = FIRST_POLL, first
    with context.out.progress() as progress:
        task = progress.add_task(description, total=None)
        try:
            while True:
                progress.update(task, **progress_of(state))
                if state["status"] in ended:
                    return state
                context.sleep(pause)
                pause = min(pause * 1.3, LONGEST_POLL)
                state = read()
        except KeyboardInterrupt:
            context.out.note(resume_hint)
            raise

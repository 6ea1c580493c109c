"""Does the same work for many items in threads, and yields each result as it is finished."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice
from typing import TYPE_CHECKING

from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from image_store_cli.context import Context

UNKNOWN_TOTAL = (
    SpinnerColumn(),
    TextColumn("{task.description}", markup=False),
    TextColumn("{task.completed:.0f}", markup=False),
    TimeElapsedColumn(),
)


def in_parallel[T, R](
    context: Context,
    description: str,
    items: Iterable[T],
    work: Callable[[T], R],
    *,
    parallel: int,
    total: int | None = None,
) -> Generator[R]:
    """Yield the results of work on each item as they are finished, with a progress display.

    Items are read in the caller's thread, and only a few of them ahead of the work. If the work, the items or the
    caller raise, what has begun may end and nothing else begins.
    """
    columns = UNKNOWN_TOTAL if total is None else ()
    with context.out.progress(*columns) as progress, ThreadPoolExecutor(parallel) as pool:
        task = progress.add_task(description, total=total)
        later = iter(items)
        try:
            # Few begin before the results of others are known, so that an error which ends the work ends it soon.
            begun = {pool.submit(work, item) for item in islice(later, 2 * parallel)}
            while begun:
                ended, begun = wait(begun, return_when=FIRST_COMPLETED)
                for future in ended:
                    progress.advance(task)
                    yield future.result()
                begun |= {pool.submit(work, item) for item in islice(later, len(ended))}
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # running transfers may end
            context.out.note("Stopped. Repeat the command to resume.")
            raise

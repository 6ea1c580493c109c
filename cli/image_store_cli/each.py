"""The same request for several images, each with its own result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.errors import CommandError, NotOffered, NotSignedIn
from image_store_cli.exits import Exit
from image_store_cli.texts import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from image_store_cli.context import Context


def for_each(
    context: Context,
    ids: Sequence[str],
    do: Callable[[str], dict[str, Any]],
    *,
    told: Callable[[dict[str, Any]], str],
) -> Exit:
    """Do something to each image and print the result.

    One id alone fails as the command; of several, a failure is told and the others go on. Not being signed in, or
    a route that is not there, ends it at once.
    """
    failures: list[CommandError] = []
    for image_id in ids:
        try:
            image = do(image_id)
        except (NotSignedIn, NotOffered):
            raise
        except CommandError as failed:
            if len(ids) == 1:
                raise
            failures.append(failed)
            report_failure(context, image_id, failed)
        else:
            context.out.line(image, Text(plain(told(image))))
    return outcome(failures, of=len(ids))


def report_failure(context: Context, image_id: str, failed: CommandError) -> None:
    """Report that one of several failed: a line of JSON among the others, or a line on stderr."""
    if context.out.as_json:
        context.out.line({"id": image_id, "error": failed.body()}, None)
    else:
        context.out.errors.print(
            Text(plain(f"failed  {image_id}  {failed.message}"), style="red"), soft_wrap=True
        )


def outcome(failures: Sequence[CommandError], *, of: int) -> Exit:
    """OK; SOME_FAILED; or, when all failed for the same reason, that reason."""
    if not failures:
        return Exit.OK
    reasons = {failed.exit for failed in failures}
    return reasons.pop() if len(failures) == of and len(reasons) == 1 else Exit.SOME_FAILED

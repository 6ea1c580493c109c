"""Does the same for several ids, each with its own result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.display.texts import plain
from image_store_cli.errors import CommandError, NotOffered, NotSignedIn
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from image_store_cli.context import Context


def for_each[R: Mapping[str, Any]](
    context: Context, ids: Sequence[str], do: Callable[[str], R], *, describe: Callable[[R], str]
) -> Exit:
    """Call `do` for each id and print its result as `describe` returns it.

    With several ids a failure is printed and the others continue. With one id, or if the caller is not signed in or the
    route does not exist, the error is raised.
    """
    failures: list[CommandError] = []
    for each_id in ids:
        try:
            result = do(each_id)
        except (NotSignedIn, NotOffered):
            raise
        except CommandError as failed:
            if len(ids) == 1:
                raise
            failures.append(failed)
            report_failure(context, each_id, failed)
        else:
            context.out.line(result, Text(plain(describe(result))))
    return outcome(failures, of=len(ids))


def report_failure(context: Context, failed_id: str, failed: CommandError) -> None:
    """Print the failure of one of several: a line of JSON with the results, or a line on stderr."""
    if context.out.as_json:
        context.out.line({"id": failed_id, "error": failed.body()}, None)
    else:
        context.out.errors.print(
            Text(plain(f"failed  {failed_id}  {failed.message}"), style="red"), soft_wrap=True
        )


def outcome(failures: Sequence[CommandError], *, of: int) -> Exit:
    """The exit code: OK, SOME_FAILED, or the reason if all failed for the same one."""
    if not failures:
        return Exit.OK
    reasons = {failed.exit for failed in failures}
    return reasons.pop() if len(failures) == of and len(reasons) == 1 else Exit.SOME_FAILED

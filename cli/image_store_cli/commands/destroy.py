"""`image-store destroy`: deletes a deployment, and lists what stays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from image_store_cli.command_line.arguments import add_command
from image_store_cli.deploying import store_file
from image_store_cli.deploying.leaving import Removal
from image_store_cli.deploying.opening import only_one_at_a_time, open_aws, open_formation, open_parts
from image_store_cli.display.texts import plain
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.deploying.store_file import StoreFile


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "destroy", run, summary="delete a deployment, but not its images",
        details="Deletes the stack and its tokens, and schedules the deletion of its secrets. Buckets, table, "
        "encryption key and audit trail stay: it lists them with their monthly cost. Asks for the name of the stack. "
        "Run it again to resume. With --json: one line for each thing that goes, stays and is done.",
        examples=("destroy", "destroy prod.toml --name image-store"),
    )  # fmt: skip
    parser.add_argument(
        "file", nargs="?", metavar="FILE", default=store_file.FILE_NAME,
        help=f"description of the deployment (default: {store_file.FILE_NAME})",
    )  # fmt: skip
    parser.add_argument("--name", metavar="STACK", help="name of the stack, in place of typing it")


def run(context: Context) -> Exit:
    """Delete the deployment."""
    path = context.folder / Path(context.args.file).expanduser()
    store = store_file.read(path)
    with only_one_at_a_time(path):
        return _destroy(context, store)


def _destroy(context: Context, store: StoreFile) -> Exit:
    account = open_aws(context, store)
    aws_account = str(account.call("sts", "get_caller_identity")["Account"])
    parts = open_parts(context, account, store, aws_account)
    context.show_target(
        f"the stack {store.stack} in {store.region}, AWS account {aws_account}; {parts.place}"
    )
    removal = Removal(store, account, open_formation(context, account, store), parts)
    lines = removal.goes()
    for line in lines:
        context.out.line({"goes": line}, Text(plain(f"  - {line}"), style="bold red"))
    _print_rest(context, removal)
    if not lines:
        context.out.note("There is nothing to delete.")
    elif not is_confirmed(context, store.stack):
        context.out.note("Nothing was deleted.")
        return Exit.OK
    else:
        removal.act(lambda part, result: _print_step(context, part, result))
    return Exit.OK


def is_confirmed(context: Context, stack: str) -> bool:
    """Whether somebody named the stack; UsageError for another name, and without a terminal."""
    if context.args.name is None and not context.stdin.isatty():
        raise UsageError(f"There is no terminal to ask: repeat the command with --name {stack}.")
    name = context.args.name or context.prompt("Type the name of the stack to delete all of this: ")
    if context.args.name is not None and name != stack:
        raise UsageError(f"--name is {name!r}, and the file describes {stack!r}.")
    return bool(name == stack)


def _print_step(context: Context, part: str, result: str) -> None:
    context.out.line({"step": part, "result": result}, Text(plain(f"  ✓ {part}: {result}")))


def _print_rest(context: Context, removal: Removal) -> None:
    """List what stays, and the sum of what is known of its cost."""
    rest = removal.stays()
    for each in rest:
        cost = "cost depends on its size" if each.usd is None else f"about ${each.usd:.2f} a month"
        text = f"  = {each.text}: {cost}\n      to delete it for good: {each.advice}"
        context.out.line(each.body(), Text(plain(text)))
    known = sum(each.usd or 0.0 for each in rest)
    context.out.note(f"What stays costs about ${known:.2f} a month, and what its buckets hold.")

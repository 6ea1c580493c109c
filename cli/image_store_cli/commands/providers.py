"""`image-store providers`: shows the providers of generated images, and stores keys of your own for them."""

from __future__ import annotations

import getpass
import re
from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.command_line.arguments import add_command, add_command_group, add_yes
from image_store_cli.command_line.ids import STDIN
from image_store_cli.command_line.text_input import read_text
from image_store_cli.display.tables import new_table
from image_store_cli.display.texts import plain
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable, Mapping

    from rich.console import Console
    from rich.table import Table

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context

_KEY = re.compile(r"[!-~]{1,1000}")


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command with its own commands."""
    inner = add_command_group(
        commands, "providers", summary="show providers and prices, and set your own keys",
        examples=("providers list", "providers set-key openai --file key.txt"),
    )  # fmt: skip
    add_command(
        inner, common, "list", _list, summary="list the providers with their models, health and speed",
        details="With --json: the response of the API, which also has sizes and prices.",
        examples=("providers list", "providers list --json"),
    )  # fmt: skip
    set_key = add_command(
        inner, common, "set-key", _set_key, summary="store a provider key of your own, encrypted",
        details="Your images are made with it from now on. The key is read from stdin or a file, because arguments "
        "are visible to others, and it is never shown again.",
        examples=("providers set-key openai --file key.txt", "providers set-key cloudflare --account-id ID < key.txt"),
    )  # fmt: skip
    set_key.add_argument("--file", default=STDIN, metavar="FILE", help="file with the key (default: stdin)")
    set_key.add_argument("--account-id", metavar="ID", help="account id, for a provider that needs one")
    delete_key = add_command(
        inner, common, "delete-key", _delete_key, summary="delete your own key of a provider",
        details="Your images are made with the key of the store from now on, if it has one.",
        examples=("providers delete-key openai",),
    )  # fmt: skip
    add_yes(delete_key)
    for parser in (set_key, delete_key):
        parser.add_argument("provider", metavar="PROVIDER", help="as `providers list` names it")


def _list(context: Context) -> Exit:
    answer = context.api.providers.list()

    def human(console: Console) -> None:
        console.print(_table_of(answer["items"]))
        spending = answer["spending"]
        for words, spent in (("today", spending["today"]), ("this month", spending["month"])):
            context.out.note(f"Spent {words}: ${spent['spent_usd']:.4f}.")

    context.out.document(answer, human)
    return Exit.OK


def _set_key(context: Context) -> Exit:
    args = context.args
    key = _read_key(context)
    context.show_target()
    context.api.providers.set_key(args.provider, key, account_id=args.account_id)
    return _print(context, f"The key of {args.provider} is stored.", own_key=True)


def _delete_key(context: Context) -> Exit:
    provider = context.args.provider
    if not context.confirm(f"Delete your key of {provider}?"):
        return Exit.OK
    context.api.providers.delete_key(provider)
    return _print(context, f"The key of {provider} is deleted.", own_key=False)


def _print(context: Context, text: str, *, own_key: bool) -> Exit:
    if context.out.as_json:
        context.out.document({"provider": context.args.provider, "own_key": own_key}, lambda _: None)
    else:
        context.out.note(text)
    return Exit.OK


def _read_key(context: Context) -> str:
    """Read the key from the file or from stdin; in a terminal without an echo."""
    name = context.args.file
    if name == STDIN and context.stdin.isatty():
        text = getpass.getpass(f"Key of {context.args.provider}: ")
    else:
        text = read_text(name, context.stdin)
    key = text.strip()
    if not _KEY.fullmatch(key):
        raise UsageError("A key is one line of at most 1,000 printable ASCII characters without spaces.")
    return key


def _table_of(providers: Iterable[Mapping[str, Any]]) -> Table:
    table = new_table()
    for name in ("provider", "key", "health"):
        table.add_column(name, no_wrap=True)
    for name in ("succeeded", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("models", overflow="fold")
    for each in providers:
        rate, milliseconds = each["success_rate"], each["average_ms"]
        table.add_row(
            str(each["provider"]),
            "your own" if each["own_key"] else "the store's" if each["configured"] else "none",
            str(each["health"]),
            "" if rate is None else f"{rate:.0%}",
            "" if milliseconds is None else f"{milliseconds / 1000:.1f}",
            Text(plain(", ".join(model["name"] for model in each["models"]))),
        )
    return table

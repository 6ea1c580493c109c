"""`image-store groups`: lists, creates, names and deletes groups of images, such as albums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from image_store_cli.command_line.arguments import add_command, add_command_group, add_yes, group
from image_store_cli.display.lists import print_list
from image_store_cli.display.tables import new_table
from image_store_cli.display.texts import moment, plain, plural
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from rich.table import Table

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_client.schemas import Group, GroupPatch, GroupRequest

NONE = "none"
ALBUM = "album"


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command with its own commands."""
    inner = add_command_group(
        commands, "groups", summary="albums and other groups of images",
        details="List, create, name and delete groups, each named as TYPE:ID. An album is a group of the type `album`.",
        examples=("groups list --type album", "groups create --title 'Summer by the sea'"),
    )  # fmt: skip
    listing = add_command(
        inner, common, "list", _list, summary="list groups with their numbers of images",
        details="Images in the trash do not count. With --json: one group per line.",
        examples=("groups list", "groups list --type album --prefix sum"),
    )  # fmt: skip
    listing.add_argument("--type", metavar="TYPE", help="only groups of this type, such as `album`")
    listing.add_argument(
        "--prefix", metavar="TEXT", help="only those whose id (with --type) or title begins like this"
    )
    create = add_command(
        inner, common, "create", _create, summary="create a group, which needs no images",
        details="Prints TYPE:ID. With --json: the response of the API.",
        examples=("groups create --title 'Summer by the sea'", "groups create --type trip --id 2026"),
    )  # fmt: skip
    create.add_argument("--type", metavar="TYPE", default=ALBUM, help=f"its type (default: {ALBUM})")
    create.add_argument("--id", metavar="ID", help="its id (default: a random one)")
    create.add_argument("--title", metavar="TEXT", help="a readable name")
    change = add_command(
        inner, common, "change", _change, summary="change title or cover of a group",
        details="With --json: the response of the API.",
        examples=("groups change album:summer --title 'Summer 2026'", "groups change album:summer --cover ID"),
    )  # fmt: skip
    _add_group(change)
    change.add_argument("--title", metavar="TEXT", help=f"a readable name; `{NONE}` removes it")
    change.add_argument("--cover", metavar="ID", help=f"an image of the group; `{NONE}` for its newest one")
    delete = add_command(
        inner, common, "delete", _delete, summary="delete a group, with or without its images",
        details="With --json: how many images left the group, and those that could not.",
        examples=("groups delete album:summer --keep-images", "groups delete album:summer --trash-images --yes"),
    )  # fmt: skip
    _add_group(delete)
    images = delete.add_mutually_exclusive_group(required=True)
    images.add_argument("--keep-images", action="store_true", help="its images stay, without the group")
    images.add_argument("--trash-images", action="store_true", help="its images go to the trash")
    add_yes(delete)


def _add_group(parser: ArgumentParser) -> None:
    parser.add_argument("group", metavar="TYPE:ID", type=group, help="the group")


def _list(context: Context) -> Exit:
    args = context.args
    groups = context.api.groups.list(group_type=args.type, prefix=args.prefix)
    return print_list(context, groups, _table_of, empty="No groups.")


def _create(context: Context) -> Exit:
    args = context.args
    request: GroupRequest = {"type": args.type}
    if args.id:
        request["id"] = args.id
    if args.title:
        request["title"] = args.title
    return _print(context, context.api.groups.create(**request))


def _change(context: Context) -> Exit:
    args = context.args
    changes: GroupPatch = {}
    if args.title:
        changes["title"] = None if args.title == NONE else args.title
    if args.cover:
        changes["cover_image_id"] = None if args.cover == NONE else args.cover
    if not changes:
        raise UsageError("Nothing to change. See `image-store groups change --help`.")
    return _print(context, context.api.groups.update(args.group, changes))


def _delete(context: Context) -> Exit:
    args = context.args
    images = plural(context.api.groups.get(args.group)["images"], "image")
    what = f"move its {images} to the trash" if args.trash_images else f"keep its {images}"
    if not context.confirm(f"Delete {args.group} and {what}?"):
        return Exit.OK
    deletion = context.api.groups.delete(args.group, images="trash" if args.trash_images else "keep")
    failures = deletion["failed"]
    text = f"deleted  {args.group}" if not failures else f"still there with {plural(len(failures), 'image')}"
    context.out.line({"group": args.group, **deletion}, Text(plain(text)))
    return Exit.SOME_FAILED if failures else Exit.OK


def _print(context: Context, shown: Group) -> Exit:
    context.out.document(shown, lambda console: console.print(Text(plain(shown["group"])), soft_wrap=True))
    return Exit.OK


def _table_of(groups: Iterable[Group]) -> Table:
    table = new_table()
    table.add_column("group", overflow="fold")
    table.add_column("images", justify="right", no_wrap=True)
    table.add_column("newest", no_wrap=True)
    table.add_column("title", overflow="fold")
    for each in groups:
        table.add_row(
            Text(plain(each["group"])),
            f"{each['images']:,}",
            moment(each["newest_at"]) if each["newest_at"] else "",
            Text(plain(each["title"] or "")),
        )
    return table

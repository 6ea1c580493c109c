"""`image-store shares`: creates, lists and revokes shares, which show images to people without a token."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from image_store_cli.arguments import add_command, group
from image_store_cli.each import for_each
from image_store_cli.exits import Exit
from image_store_cli.ids import read_ids, safe_id
from image_store_cli.texts import moment, plain

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from image_store_cli.arguments import Commands
    from image_store_cli.context import Context

PATH = "/v1/shares"
PAGE = 50
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command with its own commands."""
    parent = commands.add_parser(
        "shares",
        help="show private images by an address",
        description="Create, list and revoke shares. Whoever has the address of a share sees its images.",
        epilog="examples:\n  image-store shares create --group album:summer --for 7d\n"
        "  image-store shares list\n  image-store shares revoke SHARE",
    )
    parent.set_defaults(run=None, parser=parent)
    inner = parent.add_subparsers(title="commands", metavar="COMMAND")
    create = add_command(
        inner, common, "create", _create, summary="create a share and print its address",
        details="The address of a picture is ADDRESS/ID/PRESET. With --json: the response of the API.",
        examples=(
            "shares create --image ID --for 1h --preset display",
            "shares create --group album:summer --for 7d --name 'For the family'",
            "shares create --everything",
        ),
    )  # fmt: skip
    target = create.add_mutually_exclusive_group(required=True)
    target.add_argument("--image", metavar="ID", help="share one image")
    target.add_argument("--group", metavar="TYPE:ID", type=group, help="share the images of a group")
    target.add_argument("--everything", action="store_true", help="share all your images, later ones too")
    create.add_argument(
        "--for", dest="lifetime", metavar="TIME", type=_lifetime, help="such as 30m, 12h or 7d (default: 1h)"
    )
    create.add_argument(
        "--preset", dest="presets", action="append", metavar="PRESET",
        help="show only this preset; repeat it for several",
    )  # fmt: skip
    create.add_argument("--name", metavar="NAME", help="a name for your list")
    add_command(
        inner, common, "list", _list, summary="list your shares",
        details="Expired shares stay in the list for a week. With --json: one share per line.",
        examples=("shares list",),
    )  # fmt: skip
    revoke = add_command(
        inner, common, "revoke", _revoke, summary="revoke shares for good",
        details="A revoked share stops working within a minute; a browser may use what it has for another one.",
        examples=("shares revoke SHARE",),
    )  # fmt: skip
    revoke.add_argument("ids", nargs="+", metavar="SHARE", help="id of a share; `-` reads ids from stdin")


def _create(context: Context) -> Exit:
    args = context.args
    body: dict[str, Any] = {
        "image_id": args.image and safe_id(args.image),
        "group": args.group,
        "all": args.everything or None,
        "presets": args.presets,
        "expires_in": args.lifetime,
        "name": args.name,
    }
    share = context.api.post(PATH, {name: value for name, value in body.items() if value is not None})
    context.out.note(
        f"Share {share['id']} ends {moment(share['expires_at'])}. A picture is at ADDRESS/ID/PRESET."
    )
    context.out.document(
        share, lambda console: console.print(Text(plain(share["url_prefix"] or "")), soft_wrap=True)
    )
    return Exit.OK


def _list(context: Context) -> Exit:
    shares = context.api.pages(PATH, limit=PAGE)
    if context.out.as_json:
        for share in shares:
            context.out.line(share, None)
    elif rows := list(shares):
        context.out.console.print(_table_of(rows))
    else:
        context.out.note("No shares.")
    return Exit.OK


def _revoke(context: Context) -> Exit:
    ids = read_ids(context.args.ids, context.stdin)
    context.show_target()

    def revoke(share_id: str) -> dict[str, Any]:
        context.api.delete(f"{PATH}/{safe_id(share_id)}")
        return {"id": share_id, "status": "revoked"}

    return for_each(context, ids, revoke, describe=lambda share: f"revoked  {share['id']}")


def _lifetime(text: str) -> int:
    """Parse a time such as `12h` as seconds."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 30m, 12h or 7d")
    return int(match[1]) * _SECONDS[match[2]]


def _table_of(shares: Iterable[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("id", no_wrap=True, min_width=16)
    for name in ("status", "expires"):
        table.add_column(name, no_wrap=True)
    for name in ("shows", "name", "address"):
        table.add_column(name, overflow="fold")
    for share in shares:
        shows = share["image_id"] or share["group"] or "everything"
        shows += f" ({', '.join(share['presets'])})" if share["presets"] else ""
        table.add_row(
            str(share["id"]),
            str(share["status"]),
            moment(share["expires_at"]),
            Text(plain(shows)),
            Text(plain(share["name"] or "")),
            Text(plain(share["url_prefix"] or "")),
        )
    return table

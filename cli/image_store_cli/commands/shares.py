"""`image-store shares`: lists and revokes shares, which show images to people without a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.command_line.arguments import add_command, add_command_group, add_ids
from image_store_cli.command_line.ids import read_ids
from image_store_cli.display.lists import print_list
from image_store_cli.display.tables import new_table
from image_store_cli.display.texts import moment, plain
from image_store_cli.store.each import for_each

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from rich.table import Table

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit
    from image_store_client.schemas import Share

PAGE = 50


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command with its own commands."""
    inner = add_command_group(
        commands, "shares", summary="list and revoke shares", details="`image-store share` creates one.",
        examples=("shares list", "shares revoke SHARE"),
    )  # fmt: skip
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
    add_ids(revoke, metavar="SHARE", noun="a share")


def _list(context: Context) -> Exit:
    return print_list(context, context.api.shares.list(page_size=PAGE), _table_of, empty="No shares.")


def _revoke(context: Context) -> Exit:
    ids = read_ids(context.args.ids, context.stdin)
    context.show_target()

    def revoke(share_id: str) -> dict[str, Any]:
        context.api.shares.revoke(share_id)
        return {"id": share_id, "status": "revoked"}

    return for_each(context, ids, revoke, describe=lambda share: f"revoked  {share['id']}")


def _table_of(shares: Iterable[Share]) -> Table:
    table = new_table()
    table.add_column("id", no_wrap=True, min_width=16)
    for name in ("status", "expires", "last used"):
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
            moment(share["last_used_at"]) if share["last_used_at"] else "never",
            Text(plain(shows)),
            Text(plain(share["name"] or "")),
            Text(plain(share["url_prefix"] or "")),
        )
    return table

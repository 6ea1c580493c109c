"""`image-store keys`: creates, lists, shows, changes, rotates and revokes API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.command_line.arguments import (
    add_command,
    add_command_group,
    add_ids,
    add_yes,
    count,
    instant,
    owner,
)
from image_store_cli.command_line.ids import read_ids, safe_id
from image_store_cli.commands.key_limits import NONE, add_limits, limit_rows, limits_of, or_none
from image_store_cli.commands.key_usage import add_days, show_usage
from image_store_cli.display.lists import print_list
from image_store_cli.display.tables import new_table, table_of_values
from image_store_cli.display.texts import moment, plain, plural
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from image_store_cli.store.each import for_each

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from rich.table import Table

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_client.schemas import ApiKey, ApiKeyPatch, ApiKeyRequest, NewApiKey

PAGE = 100
SCOPES = ("images:read", "images:write", "generations:write", "act-as", "images:admin")
GRACE_HOURS = 24
MOST_GRACE_HOURS = 168


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command with its own commands."""
    inner = add_command_group(
        commands, "keys", summary="let programs call the store",
        details="Create, list, show, change, rotate and revoke API keys. Programs send one as IMAGE_STORE_KEY.",
        examples=(
            "keys create 'nightly job' --scope images:read --scope images:write",
            "keys list", "keys revoke KEY",
        ),
    )  # fmt: skip
    create = add_command(
        inner, common, "create", _create, summary="create a key and print it", needs_admin=True,
        details="The key is on stdout, and is never shown again. With --json: the response of the API.",
        examples=(
            "keys create 'nightly job' --scope images:read --scope images:write",
            "keys create backend --scope images:write --scope act-as --expires 2027-01-01",
            "keys create importer --scope images:write --images-per-day 1000 --cost-usd-per-month 20",
        ),
    )  # fmt: skip
    create.add_argument("name", metavar="NAME", help="what the key is for")
    create.add_argument(
        "--scope", dest="scopes", action="append", required=True, choices=SCOPES,
        help="what the key may do; repeat it for several. Only admins grant act-as and images:admin",
    )  # fmt: skip
    create.add_argument(
        "--owner", metavar="OWNER", type=owner, help="whose images it is for; for admins (default: yours)"
    )
    create.add_argument("--expires", metavar="TIME", type=instant, help="date or time at which the key ends")
    add_limits(create)
    list_command = add_command(
        inner, common, "list", _list, summary="list your keys", needs_admin=True,
        details="Keys that ended stay for 90 days. With --json: one key per line.",
        examples=("keys list", "keys list --all-owners"),
    )  # fmt: skip
    whose = list_command.add_mutually_exclusive_group()
    whose.add_argument("--owner", metavar="OWNER", type=owner, help="keys of this owner; for admins")
    whose.add_argument("--all-owners", action="store_true", help="keys of all owners; for admins")
    show = add_command(
        inner, common, "show", _show, summary="show a key without its secret", needs_admin=True,
        details="With --json: the response of the API.", examples=("keys show KEY",),
    )  # fmt: skip
    show.add_argument("id", metavar="KEY", help="id of the key")
    usage = add_command(
        inner, common, "usage", show_usage, summary="show what a key has used by day", needs_admin=True,
        details="By default the last 30 days. With --json: the response of the API.",
        examples=("keys usage KEY", "keys usage KEY --from 2026-01-01 --to 2026-02-01"),
    )  # fmt: skip
    usage.add_argument("id", metavar="KEY", help="id of the key")
    add_days(usage)
    change = add_command(
        inner, common, "change", _change, summary="change name, scopes, expiry or limits of a key",
        needs_admin=True, details="It takes effect within a minute. With --json: the response of the API.",
        examples=(
            "keys change KEY --requests-per-minute 600 --images-per-day none",
            "keys change KEY --name importer --scope images:write --expires none",
        ),
    )  # fmt: skip
    change.add_argument("id", metavar="KEY", help="id of the key")
    change.add_argument("--name", metavar="NAME", help="what the key is for")
    change.add_argument(
        "--scope", dest="scopes", action="append", choices=SCOPES,
        help="what the key may do instead; repeat it for several",
    )  # fmt: skip
    change.add_argument(
        "--expires", metavar="TIME", type=or_none(instant),
        help=f"date or time at which the key ends; `{NONE}` for never",
    )  # fmt: skip
    add_limits(change, removable=True)
    rotate = add_command(
        inner, common, "rotate", _rotate, summary="give a key a new secret and print it", needs_admin=True,
        details="The old secret works for the grace period. Rotating again ends the secret before it at once.",
        examples=("keys rotate KEY", "keys rotate KEY --grace-hours 0"),
    )  # fmt: skip
    rotate.add_argument("id", metavar="KEY", help="id of the key")
    rotate.add_argument(
        "--grace-hours", metavar="HOURS", type=count, default=GRACE_HOURS,
        help=f"how long the old secret works, at most {MOST_GRACE_HOURS} (default: {GRACE_HOURS})",
    )  # fmt: skip
    revoke = add_command(
        inner, common, "revoke", _revoke, summary="revoke keys for good", needs_admin=True,
        details="A revoked key works for at most another minute.", examples=("keys revoke KEY --yes",),
    )  # fmt: skip
    add_ids(revoke, metavar="KEY", noun="a key")
    add_yes(revoke)


def _create(context: Context) -> Exit:
    args = context.args
    request: ApiKeyRequest = {"name": args.name, "scopes": sorted(set(args.scopes))}
    if args.owner:
        request["owner"] = args.owner
    if args.expires:
        request["expires_at"] = args.expires
    if limits := limits_of(args):
        request["limits"] = limits
    return _print_new(context, context.api.keys.create(**request), "Key")


def _list(context: Context) -> Exit:
    args = context.args
    keys = context.api.keys.list(owner=args.owner, all_owners=args.all_owners, page_size=PAGE)
    return print_list(context, keys, _table_of, empty="No keys.")


def _show(context: Context) -> Exit:
    return _print_key(context, context.api.keys.get(safe_id(context.args.id)))


def _change(context: Context) -> Exit:
    args = context.args
    changes: ApiKeyPatch = {}
    if args.name is not None:
        changes["name"] = args.name
    if args.scopes:
        changes["scopes"] = sorted(set(args.scopes))
    if args.expires:
        changes["expires_at"] = None if args.expires == NONE else args.expires
    if limits := limits_of(args):
        changes["limits"] = limits
    if not changes:
        raise UsageError("Nothing to change. See `image-store keys change --help`.")
    return _print_key(context, context.api.keys.update(safe_id(args.id), changes))


def _print_key(context: Context, key: ApiKey) -> Exit:
    context.out.document(key, lambda console: console.print(table_of_values(_rows_of(key))))
    return Exit.OK


def _rotate(context: Context) -> Exit:
    hours = context.args.grace_hours
    if hours > MOST_GRACE_HOURS:
        raise UsageError(f"--grace-hours is at most {MOST_GRACE_HOURS}.")
    key = context.api.keys.rotate(safe_id(context.args.id), grace_seconds=hours * 3600)
    return _print_new(context, key, "Rotated")


def _revoke(context: Context) -> Exit:
    ids = read_ids(context.args.ids, context.stdin)
    if not context.confirm(f"Revoke {plural(len(ids), 'key')} for good?"):
        return Exit.OK

    def revoke(key_id: str) -> dict[str, Any]:
        context.api.keys.revoke(key_id)
        return {"id": key_id, "status": "revoked"}

    return for_each(context, ids, revoke, describe=lambda key: f"revoked  {key['id']}")


def _print_new(context: Context, key: NewApiKey, what: str) -> Exit:
    context.out.note(f"{what} {key['id']} of {key['owner']}. Keep the key: it is not shown again.")
    if key["previous_secret_until"]:
        context.out.note(f"The old secret works until {moment(key['previous_secret_until'])}.")
    context.out.document(key, lambda console: console.print(Text(plain(key["key"])), soft_wrap=True))
    return Exit.OK


def _rows_of(key: ApiKey) -> list[tuple[str, str]]:
    rows = [
        ("id", key["id"]),
        ("name", key["name"]),
        ("owner", key["owner"]),
        ("status", key["status"]),
        ("scopes", ", ".join(key["scopes"])),
        ("created", f"{moment(key['created_at'])} by {key['created_by']}"),
        ("expires", moment(key["expires_at"])),
        ("revoked", moment(key["revoked_at"])),
        ("last used", moment(key["last_used_at"])),
        ("old secret until", moment(key["previous_secret_until"])),
        *limit_rows(key["limits"]),
    ]
    return [(name, value) for name, value in rows if value]


def _table_of(keys: Iterable[ApiKey]) -> Table:
    table = new_table()
    table.add_column("id", no_wrap=True, min_width=16)
    for name in ("status", "expires", "last used"):
        table.add_column(name, no_wrap=True)
    table.add_column("scopes", overflow="fold")
    table.add_column("owner", overflow="fold")
    table.add_column("name", overflow="fold")
    for key in keys:
        table.add_row(
            str(key["id"]),
            str(key["status"]),
            moment(key["expires_at"]),
            moment(key["last_used_at"]),
            " ".join(key["scopes"]),
            Text(plain(key["owner"])),
            Text(plain(key["name"])),
        )
    return table

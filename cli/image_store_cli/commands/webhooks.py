"""`image-store webhooks`: creates, lists, shows, changes, deletes, tests and replays webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.command_line.arguments import (
    add_command,
    add_command_group,
    add_ids,
    add_limit,
    add_yes,
    count,
    instant,
)
from image_store_cli.command_line.ids import read_ids, safe_id
from image_store_cli.commands.webhook_deliveries import STATUSES, show_deliveries, test
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
    from image_store_client.schemas import (
        NewWebhook,
        Webhook,
        WebhookPatch,
        WebhookReplayRequest,
        WebhookRequest,
    )

ALL, NONE = "all", "none"
OVERLAP_HOURS = 24
MOST_OVERLAP_HOURS = 168
DELIVERIES = 20
REASONS = {
    "by_owner": "you disabled it",
    "gone": "the app answered 410",
    "failing": "it failed for five days",
}


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command with its own commands."""
    inner = add_command_group(
        commands, "webhooks", summary="tell apps about events",
        details="Create, list, change, test, replay and delete webhooks: addresses to which the store posts events.",
        examples=("webhooks create https://app.example.com/hooks", "webhooks list", "webhooks test WEBHOOK"),
    )  # fmt: skip
    _add_changes(inner, common)
    add_command(
        inner, common, "list", _list, summary="list your webhooks", needs_admin=True,
        details="With --json: one webhook per line.", examples=("webhooks list",),
    )  # fmt: skip
    show = add_command(
        inner, common, "show", _show, summary="show a webhook without its secret", needs_admin=True,
        details="With --json: the response of the API.", examples=("webhooks show WEBHOOK",),
    )  # fmt: skip
    _add_id(show)
    testing = add_command(
        inner, common, "test", test, summary="send a test event and show what the app answers", needs_admin=True,
        details="The exit code is 1 if the app did not accept it. With --json: the delivery.",
        examples=("webhooks test WEBHOOK",),
    )  # fmt: skip
    _add_id(testing)
    deliveries = add_command(
        inner, common, "deliveries", show_deliveries, summary="list what was sent in the last 30 days",
        needs_admin=True, details="The newest event first. With --json: one delivery per line.",
        examples=("webhooks deliveries WEBHOOK --status failed",),
    )  # fmt: skip
    _add_id(deliveries)
    deliveries.add_argument("--status", choices=STATUSES, help="only these")
    add_limit(deliveries, noun="delivery", default=DELIVERIES)
    replay = add_command(
        inner, common, "replay", _replay, summary="send events again", needs_admin=True,
        details="Each event has the id that it had, so an app that remembers ids handles none twice.",
        examples=("webhooks replay WEBHOOK --failed", "webhooks replay WEBHOOK --after 2026-01-31"),
    )  # fmt: skip
    _add_id(replay)
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument("--failed", action="store_true", help="all that failed")
    which.add_argument("--event", metavar="EVENT", help="the event with this id")
    which.add_argument("--after", metavar="TIME", type=instant, help="all events from this day or instant on")
    replay.add_argument(
        "--until", metavar="TIME", type=instant, help="with --after: up to here (default: now)"
    )
    rotate = add_command(
        inner, common, "rotate-secret", _rotate, summary="give a webhook a new secret and print it",
        needs_admin=True, details="Messages have a signature of the old secret too during the overlap.",
        examples=("webhooks rotate-secret WEBHOOK", "webhooks rotate-secret WEBHOOK --overlap-hours 0"),
    )  # fmt: skip
    _add_id(rotate)
    rotate.add_argument(
        "--overlap-hours", metavar="HOURS", type=count, default=OVERLAP_HOURS,
        help=f"how long the old secret signs too, at most {MOST_OVERLAP_HOURS} (default: {OVERLAP_HOURS})",
    )  # fmt: skip


def _add_changes(inner: Commands, common: ArgumentParser) -> None:
    create = add_command(
        inner, common, "create", _create, summary="create a webhook and print its secret", needs_admin=True,
        details="The secret is on stdout, and is never shown again. With --json: the response of the API.",
        examples=(
            "webhooks create https://app.example.com/hooks",
            "webhooks create https://app.example.com/hooks --types image.created,image.deleted",
        ),
    )  # fmt: skip
    create.add_argument("address", metavar="ADDRESS", help="where the store posts events")
    create.add_argument("--types", metavar="TYPES", help="only these types, separated by commas")
    create.add_argument("--description", metavar="TEXT", help="what it is for")
    create.add_argument("--all-owners", action="store_true", help="events of all owners; for admins")
    change = add_command(
        inner, common, "change", _change, summary="change a webhook, or enable or disable it", needs_admin=True,
        details="With --json: the response of the API.",
        examples=("webhooks change WEBHOOK --types all", "webhooks change WEBHOOK --enable"),
    )  # fmt: skip
    _add_id(change)
    change.add_argument("--address", metavar="ADDRESS", help="where the store posts events instead")
    change.add_argument("--types", metavar="TYPES", help=f"only these types; `{ALL}` for all")
    change.add_argument("--description", metavar="TEXT", help=f"what it is for; `{NONE}` removes it")
    switch = change.add_mutually_exclusive_group()
    switch.add_argument(
        "--enable", dest="enabled", action="store_true", default=None, help="post events again"
    )
    switch.add_argument("--disable", dest="enabled", action="store_false", help="post no more events")
    delete = add_command(
        inner, common, "delete", _delete, summary="delete webhooks for good", needs_admin=True,
        examples=("webhooks delete WEBHOOK --yes",),
    )  # fmt: skip
    add_ids(delete, metavar="WEBHOOK", noun="a webhook")
    add_yes(delete)


def _add_id(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="WEBHOOK", help="id of the webhook")


def _create(context: Context) -> Exit:
    args = context.args
    request: WebhookRequest = {"url": args.address}
    if args.types:
        request["types"] = args.types.split(",")
    if args.description:
        request["description"] = args.description
    if args.all_owners:
        request["scope"] = "all"
    return _print_new(context, context.api.webhooks.create(**request), "Webhook")


def _list(context: Context) -> Exit:
    return print_list(context, context.api.webhooks.list(), _table_of, empty="No webhooks.")


def _show(context: Context) -> Exit:
    return _print(context, context.api.webhooks.get(safe_id(context.args.id)))


def _change(context: Context) -> Exit:
    args = context.args
    changes: WebhookPatch = {}
    if args.address:
        changes["url"] = args.address
    if args.types:
        changes["types"] = None if args.types == ALL else args.types.split(",")
    if args.description:
        changes["description"] = None if args.description == NONE else args.description
    if args.enabled is not None:
        changes["enabled"] = args.enabled
    if not changes:
        raise UsageError("Nothing to change. See `image-store webhooks change --help`.")
    return _print(context, context.api.webhooks.update(safe_id(args.id), changes))


def _delete(context: Context) -> Exit:
    ids = read_ids(context.args.ids, context.stdin)
    if not context.confirm(f"Delete {plural(len(ids), 'webhook')} for good?"):
        return Exit.OK

    def delete(webhook_id: str) -> dict[str, Any]:
        context.api.webhooks.delete(webhook_id)
        return {"id": webhook_id, "status": "deleted"}

    return for_each(context, ids, delete, describe=lambda webhook: f"deleted  {webhook['id']}")


def _replay(context: Context) -> Exit:
    args = context.args
    if args.until and not args.after:
        raise UsageError("--until needs --after.")
    request: WebhookReplayRequest = {"failed": True}
    if args.event:
        request = {"event_id": args.event}
    elif args.after:
        request = {"after": args.after}
        if args.until:
            request["until"] = args.until
    replay = context.api.webhooks.replay(safe_id(args.id), **request)
    context.out.note("The events are being sent. `image-store webhooks deliveries` shows the results.")
    if context.out.as_json:
        context.out.line(replay, None)
    return Exit.OK


def _rotate(context: Context) -> Exit:
    hours = context.args.overlap_hours
    if hours > MOST_OVERLAP_HOURS:
        raise UsageError(f"--overlap-hours is at most {MOST_OVERLAP_HOURS}.")
    webhook = context.api.webhooks.rotate_secret(safe_id(context.args.id), overlap_hours=hours)
    return _print_new(context, webhook, "Rotated")


def _print_new(context: Context, webhook: NewWebhook, what: str) -> Exit:
    context.out.note(f"{what} {webhook['id']}. Keep the secret: it is not shown again.")
    if webhook["previous_secret_until"]:
        context.out.note(f"The old secret signs too until {moment(webhook['previous_secret_until'])}.")
    context.out.document(
        webhook, lambda console: console.print(Text(plain(webhook["secret"])), soft_wrap=True)
    )
    return Exit.OK


def _print(context: Context, webhook: Webhook) -> Exit:
    context.out.document(webhook, lambda console: console.print(table_of_values(_rows_of(webhook))))
    return Exit.OK


def _rows_of(webhook: Webhook) -> list[tuple[str, str]]:
    rows = [
        ("id", webhook["id"]),
        ("url", webhook["url"]),
        ("status", _status_of(webhook)),
        ("types", _types_of(webhook)),
        ("owners", ALL if webhook["scope"] == "all" else ""),
        ("description", webhook["description"] or ""),
        ("created", f"{moment(webhook['created_at'])} by {webhook['created_by']}"),
        ("changed", moment(webhook["updated_at"])),
        ("failing since", moment(webhook["failing_since"])),
        ("old secret until", moment(webhook["previous_secret_until"])),
        ("replay", _replay_of(webhook)),
    ]
    return [(name, value) for name, value in rows if value]


def _replay_of(webhook: Webhook) -> str:
    replay = webhook["replay"]
    if replay is None:
        return ""
    if replay["after"] is None:
        return "of all that failed, under way"
    return f"from {moment(replay['after'])} to {moment(replay['until'])}, sent up to {moment(replay['reached_at'])}"


def _status_of(webhook: Webhook) -> str:
    if webhook["enabled"]:
        return "failing" if webhook["failing_since"] else "enabled"
    reason = webhook["disabled_reason"] or ""
    return f"disabled: {REASONS.get(reason, reason)}"


def _types_of(webhook: Webhook) -> str:
    return ALL if webhook["types"] is None else ", ".join(webhook["types"])


def _table_of(webhooks: Iterable[Webhook]) -> Table:
    table = new_table()
    table.add_column("id", no_wrap=True, min_width=16)
    for name in ("status", "url", "types", "description"):
        table.add_column(name, overflow="fold")
    for webhook in webhooks:
        values = (_status_of(webhook), webhook["url"], _types_of(webhook), webhook["description"] or "")
        table.add_row(plain(webhook["id"]), *(Text(plain(value)) for value in values))
    return table

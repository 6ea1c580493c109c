"""What was sent to a webhook, and a test event with the answer of the app."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from rich.text import Text

from image_store_cli.command_line.ids import safe_id
from image_store_cli.display.lists import print_list
from image_store_cli.display.tables import new_table
from image_store_cli.display.texts import moment, plain
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from image_store_cli.context import Context
    from image_store_client.schemas import WebhookDelivery

STATUSES = ("pending", "delivered", "failed")
PAGE = 100
NEWEST = 10
"""How many deliveries are read to find that of a test, which is one of the newest."""
POLL_SECONDS = 1.0
MOST_POLLS = 30


def show_deliveries(context: Context) -> Exit:
    """Print what was sent."""
    args = context.args
    deliveries = context.api.webhooks.deliveries(safe_id(args.id), status=args.status, page_size=PAGE)
    shown = islice(deliveries, None if args.all else args.limit)
    return print_list(context, shown, _table_of, empty="No deliveries.")


def test(context: Context) -> Exit:
    """Send a test event, wait for the first answer, and print it; the exit code says whether it was accepted."""
    webhook_id = safe_id(context.args.id)
    delivery = context.api.webhooks.test(webhook_id)
    for _ in range(MOST_POLLS):
        if delivery["attempts"]:
            break
        context.sleep(POLL_SECONDS)
        newest = islice(context.api.webhooks.deliveries(webhook_id, page_size=NEWEST), NEWEST)
        delivery = next((each for each in newest if each["event"]["id"] == delivery["event"]["id"]), delivery)
    context.out.document(delivery, lambda console: console.print(Text(plain(_sentence(delivery)))))
    return Exit.OK if delivery["status"] == "delivered" else Exit.SOME_FAILED


def _sentence(delivery: WebhookDelivery) -> str:
    attempt = delivery["last_attempt"]
    if attempt is None:
        return f"not sent yet: {delivery['event']['id']}; `image-store webhooks deliveries` shows the answer later"
    return f"{_answer_of(delivery)} after {attempt['duration_ms']} ms: {delivery['event']['id']}"


def _answer_of(delivery: WebhookDelivery) -> str:
    attempt = delivery["last_attempt"]
    if attempt is None:
        return ""
    return (
        f"answered {attempt['status']}" if attempt["status"] is not None else attempt["error"] or "no answer"
    )


def _table_of(deliveries: Iterable[WebhookDelivery]) -> Table:
    table = new_table()
    for name in ("created", "status", "type"):
        table.add_column(name, no_wrap=True)
    table.add_column("attempts", justify="right")
    for name in ("last answer", "next attempt"):
        table.add_column(name, overflow="fold")
    table.add_column("event", no_wrap=True, min_width=36)
    for delivery in deliveries:
        event = delivery["event"]
        table.add_row(
            moment(event["created_at"]),
            plain(delivery["status"]),
            plain(event["type"]),
            str(delivery["attempts"]),
            Text(plain(_answer_of(delivery))),
            moment(delivery["next_attempt_at"]),
            plain(event["id"]),
        )
    return table

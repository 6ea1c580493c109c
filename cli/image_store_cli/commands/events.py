"""`image-store events` and `image-store listen`: show what happens in the store, and hand it to a local app."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from rich.text import Text

from image_store_cli.command_line.arguments import add_command
from image_store_cli.display.texts import moment, plain
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from image_store_client.webhooks import new_secret, signed_headers

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context

DELIVERY_SECONDS = 10
"""How long the app may take to answer; webhooks of a store wait as long."""
SCHEMES = ("http://", "https://")


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the commands."""
    events = add_command(
        commands, common, "events", _events, summary="show what happened in the store",
        details="Without --follow it ends with the newest event. With --json: one event per line.",
        examples=("events", "events --follow --types image.created,image.deleted", "events --since 2026-01-31"),
    )  # fmt: skip
    events.add_argument("--follow", action="store_true", help="wait for more events; Ctrl-C ends it")
    events.add_argument("--since", metavar="TIME", help="a day or an instant; by default 30 days ago")
    listen = add_command(
        commands, common, "listen", _listen, summary="hand new events to an app on this machine",
        details="Each event is posted as a webhook with a signature of Standard Webhooks. An event whose "
        "delivery fails is reported and not sent again. With --json: one delivery per line.",
        examples=("listen --forward-to http://localhost:3000/hooks",),
    )  # fmt: skip
    listen.add_argument("--forward-to", metavar="URL", required=True, help="address of the app")
    listen.add_argument(
        "--secret", metavar="WHSEC", help="the secret that signs; by default a new one, which is shown"
    )
    for parser in (events, listen):
        parser.add_argument("--types", metavar="TYPES", help="only these types, separated by commas")
        parser.add_argument(
            "--all", dest="needs_admin", action="store_true", help="events of all owners; for admins"
        )


def _events(context: Context) -> Exit:
    args = context.args
    for event in context.api.events(since=args.since, follow=args.follow, **_filters(context)):
        context.out.line(event, Text(plain(_sentence(event))))
    return Exit.OK


def _listen(context: Context) -> Exit:
    args = context.args
    if not args.forward_to.startswith(SCHEMES):
        raise UsageError(f"{args.forward_to!r} is not an address that begins with http:// or https://.")
    secret = args.secret or new_secret()
    try:
        signed_headers(secret, message_id="", timestamp=0, body=b"")
    except ValueError:
        raise UsageError("--secret is not a secret of webhooks: whsec_ and base64.") from None
    context.show_target()
    context.out.note(f"Signing with {secret}" if args.secret is None else "Signing with the given secret.")
    since = datetime.now(UTC).isoformat()
    for event in context.api.events(since=since, **_filters(context)):
        status = _deliver(context.http, args.forward_to, secret, event)
        answer = str(status) if status is not None else "not reached"
        line = {"id": event["id"], "type": event["type"], "status": status}
        context.out.line(line, Text(plain(f"{_sentence(event)}  → {answer}")))
    return Exit.OK


def _filters(context: Context) -> dict[str, Any]:
    args = context.args
    return {
        "types": args.types.split(",") if args.types else (),
        "scope": "all" if args.needs_admin else None,
    }


def _deliver(http: httpx.Client, url: str, secret: str, event: Mapping[str, Any]) -> int | None:
    """Post an event; the status of the response, None without one."""
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    headers = signed_headers(secret, message_id=event["id"], timestamp=int(time.time()), body=body)
    try:
        headers["Content-Type"] = "application/json"
        return http.post(url, content=body, headers=headers, timeout=DELIVERY_SECONDS).status_code
    except httpx.RequestError:
        return None


def _sentence(event: Mapping[str, Any]) -> str:
    data = event["data"]
    subject = next(
        (data[name] for name in ("image_id", "generation_id", "report_id", "period") if data.get(name)), ""
    )
    owner = f"  {event['owner_id']}" if event.get("owner_id") else ""
    return f"{moment(event['created_at'])}  {event['type']}  {subject}{owner}"

"""`image-store estimate`: calculates what a store costs from a few numbers."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.command_line.arguments import add_command, count, number, percent
from image_store_cli.display.tables import new_table
from image_store_cli.estimate.calculation import Line, Part, estimate, total
from image_store_cli.estimate.prices import BACKUPS, CHECKED_ON, MILLION, STORES
from image_store_cli.estimate.usage import Usage
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from rich.console import Console

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context

_TITLES = {
    Part.FIXED: "fixed, each month",
    Part.MONTHLY: "by use, each month",
    Part.ONCE: "once",
    Part.RESTORE: "if everything has to be restored",
}
_COUNTS = {
    "images": "stored images",
    "uploads": "images uploaded in a month",
    "deletions": "images deleted in a month",
    "renditions": "renditions kept of each image",
    "words": "words by which an image is found, up to 100",
    "tags": "tags of an image",
    "groups": "groups of an image",
    "views": "views by public links in a month",
    "requests": "API requests for single images in a month",
    "lists": "pages of lists and of the feed in a month",
    "searches": "pages of search results in a month",
    "generated": "images generated in a month",
    "warm_instances": "value of WarmInstances",
    "webhook_deliveries": "events sent to webhooks in a month",
    "waiting_readers": "readers of events that wait for the next one all the time",
}
_NUMBERS = {
    "image_mb": "MB of an original",
    "renditions_mb": "MB of all renditions of an image",
    "view_mb": "MB of a view",
    "generation_seconds": "seconds a provider takes for an image",
    "generation_usd": "dollars a provider takes for an image",
}
_PERCENTS = {
    "public_percent": "percent of the images that are public",
    "cached_percent": "percent of the views that a CDN or browser answers",
}


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "estimate", run, summary="calculate what a store costs",
        details="By list prices of us-east-1 and Cloudflare, without free tiers: docs/costs.md has them with their "
        "sources. Nothing is requested, unless --from-store takes number and size of images from the store.",
        examples=(
            "estimate --images 50000 --image-mb 3 --uploads 2000 --views 400000",
            "estimate --store s3 --backup s3-ia --backup-elsewhere --json",
            "estimate --from-store --views 1000000",
        ),
    )  # fmt: skip
    defaults = Usage()
    for parse, options in ((count, _COUNTS), (number, _NUMBERS), (percent, _PERCENTS)):
        for name, meaning in options.items():
            default = getattr(defaults, name)
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                type=parse,
                default=default,
                metavar="N",
                help=f"{meaning} (default: {default:,})".replace("%", "%%"),
            )
    parser.add_argument(
        "--store", choices=sorted(STORES), default=defaults.store, help="the byte store (default: r2)"
    )
    parser.add_argument(
        "--backup", choices=sorted(BACKUPS), help="where originals are backed up (default: nowhere)"
    )
    parser.add_argument(
        "--backup-elsewhere", action="store_true", help="the backup is in another region than the store"
    )
    parser.add_argument("--encrypts", action="store_true", help="EncryptSensitiveFields is true")
    parser.add_argument("--no-event-bus", dest="event_bus", action="store_false", help="EventBus is false")
    parser.add_argument("--no-alarms", dest="alarms", action="store_false", help="RaiseAlarms is false")
    parser.add_argument(
        "--no-dashboard", dest="dashboard", action="store_false", help="ShowDashboard is false"
    )
    parser.add_argument(
        "--from-store",
        dest="needs_admin",
        action="store_true",
        help="take --images and --image-mb from the store; for admins",
    )


def run(context: Context) -> Exit:
    """Print the estimate."""
    values = {each.name: getattr(context.args, each.name) for each in fields(Usage)}
    if context.args.needs_admin:
        values |= _stored(context.api.stats(scope="all"))
    usage = Usage(**values)
    lines = estimate(usage)
    document = {
        "prices_of": CHECKED_ON,
        "usage": asdict(usage),
        "totals_usd": {part.value: round(total(lines, part), 2) for part in Part},
        "lines": [asdict(line) | {"usd": round(line.usd, 4)} for line in lines],
    }
    context.out.document(document, lambda console: _print(console, lines))
    return Exit.OK


def _stored(stats: Any) -> dict[str, Any]:
    images, size_bytes = stats["images"], stats["size_bytes"]
    return {"images": images, "image_mb": size_bytes / images / MILLION if images else 0.0}


def _print(console: Console, lines: list[Line]) -> None:
    for part, title in _TITLES.items():
        if not total(lines, part):
            continue
        table = new_table()
        table.add_column(title)
        table.add_column("USD", justify="right")
        table.add_column("calculation", overflow="fold")
        for line in lines:
            if line.part is part:
                table.add_row(line.item, f"{line.usd:,.2f}", line.calculation)
        table.add_row(Text("sum", style="bold"), Text(f"{total(lines, part):,.2f}", style="bold"), "")
        console.print(table)
        console.print()
    console.print(f"List prices of {CHECKED_ON} without free tiers; your bill differs.")

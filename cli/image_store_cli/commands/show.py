"""`image-store show`: prints an image and its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.arguments import add_command
from image_store_cli.command_line.ids import safe_id
from image_store_cli.display.tables import named_values, table_of_values, words
from image_store_cli.display.texts import moment, size
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from rich.console import Console

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context

FIRST_ATTRIBUTES = ("title", "alt_text", "category")
NO_ATTRIBUTES = frozenset(
    (
        "id", "owner_id", "kind", "visibility", "status", "filename", "content_type", "size_bytes", "width", "height",
        "sha256", "alt_text_source", "placeholder", "url", "public_url", "renditions", "created_at", "updated_at",
        "expires_at", "warnings", "etag",
    )
)  # fmt: skip
"""Fields of an image that have rows of their own, or that people do not need."""


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "show", run, summary="show an image and its attributes",
        details="With --json: the response of the API, and its `etag` for `edit --if-match`.",
        examples=("show ID", "show ID --json"),
    )  # fmt: skip
    parser.add_argument("id", metavar="ID", help="id of the image")


def run(context: Context) -> Exit:
    """Show."""
    version = context.api.images.get_version(safe_id(context.args.id))
    image: dict[str, Any] = {**version.image, "etag": version.etag}
    context.out.document(image, lambda console: print_image(console, image))
    return Exit.OK


def print_image(console: Console, image: dict[str, Any]) -> None:
    """Print an image as a table of names and values, without empty values."""
    console.print(table_of_values(rows_of(image)))


def rows_of(image: dict[str, Any]) -> list[tuple[str, str]]:
    """The names and values of an image, in the order in which people read them."""
    rows = [
        ("id", image["id"]),
        ("filename", image["filename"]),
        ("status", f"{image['status']}, {image['visibility']}, {image['kind']}"),
        (
            "picture",
            f"{image['content_type']}, {image['width']}×{image['height']}, {size(image['size_bytes'])}",
        ),
        *_attributes(image),
        ("sha256", image["sha256"]),
        ("public link", image.get("public_url")),
        ("renditions", ", ".join(image.get("renditions", {}))),
        ("stored", moment(image["created_at"])),
        ("changed", moment(image["updated_at"])),
        ("expires", moment(image.get("expires_at"))),
        ("etag", image.get("etag")),
        ("warnings", "; ".join(image.get("warnings") or [])),
    ]
    return [(name, str(value)) for name, value in rows if value not in (None, "", [])]


def _attributes(image: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The attributes without rows of their own, including those that only newer stores have."""
    groups = [f"{kind}:{name}" for kind, names in image.get("groups", {}).items() for name in names]
    values = image | {"groups": groups}
    for name in dict.fromkeys((*FIRST_ATTRIBUTES, *image)):
        if name not in NO_ATTRIBUTES:
            yield from named_values(words(name), values.get(name))

"""`image-store edit`: changes the attributes of images.

Tags and groups are added and removed one by one, and the API replaces them whole. So the image is read, and the change
is sent with its ETag. If another change came first, the image is read again; nothing of either change is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from image_store_cli.command_line.arguments import (
    VISIBILITIES,
    add_command,
    add_ids,
    group,
    groups_body,
    instant,
    json_object,
)
from image_store_cli.command_line.ids import read_ids
from image_store_cli.errors import UsageError
from image_store_cli.store.each import for_each

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Mapping

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit
    from image_store_client.schemas import Image, ImagePatch

RATINGS = range(1, 6)
FIELDS = ("title", "alt_text", "category", "rating", "metadata", "visibility", "expires_at")
CLEARABLE = ("title", "alt-text", "category", "tags", "groups", "rating", "metadata", "expires-at")


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "edit", run, summary="change title, tags, groups and other attributes",
        details="With --json: one image per line.",
        examples=(
            "edit ID --title 'A cat' --alt-text 'A cat on a red chair' --rating 5",
            "edit ID --add-tag holiday --remove-tag draft --add-group trip:1",
            "edit ID --clear category --clear expires-at",
            'edit ID --metadata \'{"order": 17}\' --if-match \'"3"\'',
        ),
    )  # fmt: skip
    add_ids(parser)
    attributes = parser.add_argument_group("attributes")
    attributes.add_argument("--title", metavar="TEXT")
    attributes.add_argument("--alt-text", metavar="TEXT")
    attributes.add_argument("--category", metavar="NAME")
    attributes.add_argument("--add-tag", action="append", metavar="TAG", help="may be repeated")
    attributes.add_argument("--remove-tag", action="append", metavar="TAG", help="may be repeated")
    attributes.add_argument(
        "--add-group", action="append", metavar="TYPE:ID", type=group, help="may be repeated"
    )
    attributes.add_argument(
        "--remove-group", action="append", metavar="TYPE:ID", type=group, help="may be repeated"
    )
    attributes.add_argument("--rating", type=int, choices=RATINGS, metavar="N", help="1 to 5")
    attributes.add_argument(
        "--metadata", type=json_object, metavar="JSON", help="object to merge; null removes a member"
    )
    attributes.add_argument("--visibility", choices=VISIBILITIES)
    attributes.add_argument("--expires-at", metavar="TIME", type=instant)
    attributes.add_argument(
        "--clear", action="append", choices=CLEARABLE, metavar="FIELD",
        help=f"remove the value of a field: {', '.join(CLEARABLE)}; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--if-match",
        metavar="ETAG",
        help="change the image only if this is still its ETag, as `show` prints it",
    )


def run(context: Context) -> Exit:
    """Edit."""
    args = context.args
    ids = read_ids(args.ids, context.stdin)
    if args.if_match and len(ids) != 1:
        raise UsageError("--if-match is for a single image.")
    if not (_fixed_changes(args) or _changes_a_list(args)):
        raise UsageError("There is nothing to change: use an option such as --title or --add-tag.")
    context.show_target()
    return for_each(
        context,
        ids,
        lambda image_id: _edit(context, image_id),
        describe=lambda image: f"changed  {image['id']}",
    )


def _edit(context: Context, image_id: str) -> Image:
    """Change one image and return it; the image is read first only if tags or groups change."""
    args = context.args
    changes: ImagePatch | Callable[[Image], ImagePatch] = (
        (lambda image: changes_of(args, image)) if _changes_a_list(args) else _fixed_changes(args)
    )
    return context.api.images.update(image_id, changes, if_match=args.if_match)


def changes_of(args: Namespace, image: Mapping[str, Any]) -> ImagePatch:
    """The merge patch for an image as it is now; empty if it has all these values already."""
    changes: dict[str, Any] = {
        name: value
        for name, value in _fixed_changes(args).items()
        if name == "metadata" or image.get(name) != value
    }
    cleared = args.clear or ()
    tags = list(image.get("tags", ()))
    new_tags = _changed([] if "tags" in cleared else tags, args.add_tag or (), args.remove_tag or ())
    if new_tags != tags:
        changes["tags"] = new_tags
    groups = dict(image.get("groups", {}))
    added, removed = groups_body(args.add_group or ()), groups_body(args.remove_group or ())
    new_groups: dict[str, list[str] | None] = {}
    for kind in {**groups, **added}:
        members = groups.get(kind, [])
        new = _changed([] if "groups" in cleared else members, added.get(kind, ()), removed.get(kind, ()))
        if new != members:
            new_groups[kind] = new or None
    return cast("ImagePatch", changes | ({"groups": new_groups} if new_groups else {}))


def _fixed_changes(args: Namespace) -> ImagePatch:
    """The changes that do not depend on the values that an image has."""
    changes: dict[str, Any] = {name: value for name in FIELDS if (value := getattr(args, name)) is not None}
    for field in args.clear or ():
        name = field.replace("-", "_")
        if name in changes:
            raise UsageError(f"--{field} and --clear {field} exclude each other.")
        if name in FIELDS:
            changes[name] = None
    return cast("ImagePatch", changes)


def _changes_a_list(args: Namespace) -> bool:
    cleared = {"tags", "groups"} & set(args.clear or ())
    return bool(args.add_tag or args.remove_tag or args.add_group or args.remove_group or cleared)


def _changed(
    current: list[str], added: tuple[str, ...] | list[str], removed: tuple[str, ...] | list[str]
) -> list[str]:
    remaining = [value for value in current if value not in removed]
    return [*remaining, *(value for value in dict.fromkeys(added) if value not in remaining)]

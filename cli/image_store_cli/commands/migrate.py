"""`image-store migrate`: moves pictures from another system's records into the store; for admins."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from image_store_cli.aws import call_operation
from image_store_cli.command_line.arguments import add_command, add_command_group, add_stack, positive
from image_store_cli.command_line.ids import safe_id
from image_store_cli.display.lists import print_errors
from image_store_cli.display.texts import plain, size
from image_store_cli.display.waiting import wait_for_end
from image_store_cli.downloads import whole_file
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from image_store_client.downloads import ExpectedBytes

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from rich.console import Console

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_client.schemas import Migration, MigrationRequest

PREFIX = "migrations/"
ENDED = ("succeeded", "failed")
FIELDS = ("image", "id", "owner", "attributes")
PAGE_RECORDS = 1_000


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command with its own commands."""
    inner = add_command_group(
        commands, "migrate", summary="move pictures out of records",
        details="The records hold them as base64. For admins.",
        examples=("migrate start --jsonl migrations/messages.jsonl", "migrate status MIGRATION --watch"),
    )  # fmt: skip
    start = add_command(
        inner, common, "start", _start, summary="begin a migration and wait for it", needs_admin=True,
        details="Interrupting the command does not stop the migration. With --json: the migration.",
        examples=(
            "migrate start --jsonl migrations/messages.jsonl",
            "migrate start --table messages --attribute picture --owner alice",
            "migrate start --image cat.png --record m1 --owner alice",
        ),
    )  # fmt: skip
    _add_source(start)
    status = add_command(
        inner,
        common,
        "status",
        _status,
        summary="show the progress of a migration",
        needs_admin=True,
        examples=("migrate status MIGRATION", "migrate status MIGRATION --watch"),
    )
    status.add_argument("id", metavar="MIGRATION", help="id of the migration")
    status.add_argument("--watch", action="store_true", help="wait until it ends")
    records = add_command(
        inner, common, "records", _records, summary="list which image each record became", needs_admin=True,
        details="A line for each record: its id, a tab, the id of its image. With --json: one object per line.",
        examples=("migrate records MIGRATION",),
    )  # fmt: skip
    records.add_argument("id", metavar="MIGRATION", help="id of the migration")
    put = add_command(
        inner, common, "put", _put, summary="upload JSON lines for a migration", needs_admin=True,
        details="Uploads to the stack's ingest bucket; needs its AWS account and boto3. With --json: the source.",
        examples=("migrate put messages.jsonl",),
    )  # fmt: skip
    put.add_argument("file", metavar="FILE", help="file of JSON lines")
    put.add_argument("--name", help="name below migrations/ (default: that of the file)")
    add_stack(put)
    content = add_command(
        inner,
        common,
        "content",
        _content,
        summary="download the picture of a record, moved or not",
        examples=("migrate content MIGRATION m1 --output cat.png",),
        needs_admin=True,
    )
    content.add_argument("id", metavar="MIGRATION", help="id of the migration")
    content.add_argument("record", metavar="RECORD", help="id of the record")
    content.add_argument("-o", "--output", required=True, metavar="FILE", help="file to write")
    content.add_argument("-f", "--force", action="store_true", help="overwrite an existing file")


def _add_source(start: ArgumentParser) -> None:
    sources = start.add_mutually_exclusive_group(required=True)
    sources.add_argument("--jsonl", metavar="KEY", help="JSON lines in the ingest bucket: migrations/….jsonl")
    sources.add_argument("--folder", metavar="PREFIX", help="objects of the ingest bucket: migrations/…/")
    sources.add_argument(
        "--table", metavar="NAME", help="the DynamoDB table that the stack names as MigrationTable"
    )
    sources.add_argument("--image", metavar="FILE", help="file with the picture of a single record")
    start.add_argument("--attribute", metavar="NAME", help="with --table: attribute that holds the pictures")
    start.add_argument("--id-attribute", metavar="NAME", help="with --table: attribute that names a record")
    start.add_argument(
        "--write-back", action="store_true", help="with --table: write the image's id into the record"
    )
    start.add_argument("--record", metavar="ID", help="with --image: the record's id")
    start.add_argument("--owner", metavar="SUBJECT", help="owner of all the images")
    start.add_argument("--batch-size", type=positive, metavar="N", help="records per batch (default: 10)")
    start.add_argument(
        "--field", action="append", default=[], metavar="FIELD=NAME",
        help=f"name of a field in the records: {', '.join(FIELDS)}; may be repeated",
    )  # fmt: skip
    start.add_argument("--no-wait", action="store_true", help="do not wait for the end")


def _start(context: Context) -> Exit:
    args = context.args
    request: dict[str, Any] = {"source": _source(args)}
    if args.image is None:
        options = {"owner": args.owner, "batch_size": args.batch_size, "write_back": args.write_back or None}
        request |= {name: value for name, value in options.items() if value is not None}
    if args.field:
        request["fields"] = _fields(args.field)
    context.show_target()
    migration = context.api.admin.migrations.create(cast("MigrationRequest", request))
    context.out.note(f"Migration {migration['id']}")
    return _end(context, migration if args.no_wait else _wait(context, migration))


def _source(args: Namespace) -> dict[str, Any]:
    if args.table is None and (args.attribute or args.id_attribute or args.write_back):
        raise UsageError("--attribute, --id-attribute and --write-back belong to --table.")
    if args.jsonl is not None:
        return {"jsonl": args.jsonl}
    if args.folder is not None:
        return {"folder": args.folder}
    if args.table is not None:
        if not args.attribute:
            raise UsageError("--table needs --attribute, which holds the pictures.")
        table = {"name": args.table, "attribute": args.attribute, "id_attribute": args.id_attribute}
        return {"table": {name: value for name, value in table.items() if value is not None}}
    if not (args.record and args.owner):
        raise UsageError("--image needs --record and --owner.")
    try:
        data = Path(args.image).read_bytes()
    except OSError as unreadable:
        raise UsageError(f"{args.image} cannot be read: {unreadable.strerror}.") from unreadable
    return {"record": {"id": args.record, "owner": args.owner, "image": base64.b64encode(data).decode()}}


def _fields(options: list[str]) -> dict[str, str]:
    fields = dict(option.partition("=")[::2] for option in options)
    if fields.keys() - set(FIELDS) or not all(fields.values()):
        raise UsageError(
            f"--field takes one of {', '.join(FIELDS)} and its name in the records: image=photo."
        )
    return fields


def _status(context: Context) -> Exit:
    migration = context.api.admin.migrations.get(safe_id(context.args.id))
    return _end(context, _wait(context, migration) if context.args.watch else migration)


def _records(context: Context) -> Exit:
    for item in context.api.admin.migrations.records(safe_id(context.args.id), page_size=PAGE_RECORDS):
        context.out.line(item, f"{plain(item['record_id'])}\t{item['image_id']}")
    return Exit.OK


def _wait(context: Context, migration: Migration) -> Migration:
    def progress_of(state: Migration) -> dict[str, Any]:
        figures = state["progress"]
        is_counting = figures["total"] is None
        return {
            "total": figures["total"],
            "completed": figures["moved"] + figures["already_moved"] + figures["failed"],
            "description": "counting" if is_counting else f"moving, {figures['failed']} failed",
        }

    return wait_for_end(
        context,
        migration,
        read=lambda: context.api.admin.migrations.get(migration["id"]),
        ended=ENDED,
        description="counting",
        progress_of=progress_of,
        resume_hint=f"The migration continues: `image-store migrate status {migration['id']} --watch` shows it.",
    )


def _end(context: Context, migration: Migration) -> Exit:
    def human(console: Console) -> None:
        figures = migration["progress"]
        total = "an unknown number of" if figures["total"] is None else figures["total"]
        console.print(
            f"{migration['id']}  {migration['status']}: {figures['moved']} moved, {figures['already_moved']} moved "
            f"before, {figures['failed']} failed, of {total} records",
            soft_wrap=True,
        )
        print_errors(
            console,
            [f"{error['record']}: {error['detail']} ({error['code']})" for error in migration["errors"]],
        )

    context.out.document(migration, human)
    failed = migration["status"] == "failed" or migration["progress"]["failed"]
    return Exit.SOME_FAILED if failed else Exit.OK


def _put(context: Context) -> Exit:
    args = context.args
    path = Path(args.file)
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    account = context.account
    bucket = account.stack.outputs["IngestBucketName"]
    key = f"{PREFIX}{(args.name or path.name).removeprefix(PREFIX)}"
    context.show_target(account.place)
    with path.open("rb") as file:
        call_operation(account.client("s3"), "put_object", Bucket=bucket, Key=key, Body=file)
    text = f"{key}  {size(path.stat().st_size)}\nNext: image-store migrate start --jsonl {key}"
    context.out.document({"jsonl": key}, lambda console: console.print(text, soft_wrap=True))
    return Exit.OK


def _content(context: Context) -> Exit:
    args = context.args
    path = Path(args.output)
    picture = context.api.admin.migrations.content(safe_id(args.id), args.record)
    is_moved = isinstance(picture, str)
    with whole_file(path, overwrite=args.force) as file:
        if isinstance(picture, str):
            context.api.fetch(picture, file, ExpectedBytes())
        else:
            file.write(picture)
    result = {"record": args.record, "path": str(path), "moved": is_moved}
    context.out.document(result, lambda console: console.print(f"saved  {path}", soft_wrap=True))
    return Exit.OK

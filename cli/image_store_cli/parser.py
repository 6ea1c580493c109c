"""The whole command line as an argparse parser: options that every command has, and the commands."""

from __future__ import annotations

import argparse

from image_store_cli import VERSION
from image_store_cli.commands import (
    cleanup,
    complete,
    delete,
    doctor,
    generate,
    get,
    list_images,
    migrate,
    publish,
    rebuild,
    repair,
    restore,
    search,
    show,
    similar,
    stats,
    upload,
)

COMMANDS = (
    upload, list_images, show, get, search, similar, delete, restore, publish, generate, stats, migrate, cleanup,
    repair, rebuild, doctor, complete,
)  # fmt: skip

EPILOG = """exit codes: 0 done, 1 some failed, 2 the command is wrong, 3 not signed in or not allowed, 4 not found,
5 store or storage unavailable, 6 refused, 7 the store does not offer this, 130 interrupted"""


def build_parser() -> argparse.ArgumentParser:
    """The parser; parsed arguments have `run`, which takes the Context and answers an exit code."""
    parser = argparse.ArgumentParser(
        prog="image-store",
        description="Store, find, publish and generate pictures in an image store.",
        epilog=EPILOG,
        parents=[common_options(defaults=True)],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"image-store {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    common = common_options(defaults=False)
    for command in COMMANDS:
        command.add_to(commands, common)
    return parser


def common_options(*, defaults: bool) -> argparse.ArgumentParser:
    """Options that stand before or after the command; those after it must not undo those before it."""
    common = argparse.ArgumentParser(
        add_help=False, allow_abbrev=False, argument_default=None if defaults else argparse.SUPPRESS
    )
    flag_default = False if defaults else argparse.SUPPRESS
    store = common.add_argument_group("which store, and who asks")
    store.add_argument("--url", metavar="URL", help="address of the store")
    store.add_argument("--profile", metavar="NAME", help="profile of the configuration file")
    store.add_argument("--config", metavar="FILE", help="configuration file")
    store.add_argument(
        "--local", action="store_true", default=flag_default, help="the stack that `make run` runs"
    )
    store.add_argument("--stack-file", metavar="FILE", help="stack.json of a local stack that is elsewhere")
    store.add_argument("--subject", metavar="NAME", help="who to be on a local stack (alice)")
    store.add_argument(
        "--token", metavar="TOKEN", help="bearer token; other programs can see it in the process list"
    )
    store.add_argument("--token-file", metavar="FILE", help="file that holds the token")
    said = common.add_argument_group("what is said")
    said.add_argument("--json", action="store_true", default=flag_default, help="results as JSON on stdout")
    said.add_argument(
        "-q", "--quiet", action="store_true", default=flag_default, help="no progress, no notes"
    )
    return common

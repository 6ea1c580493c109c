"""Builds the argparse parser: the common options, and the commands."""

from __future__ import annotations

import argparse

from image_store_cli import VERSION
from image_store_cli.command_line.usage import PROGRAM, Parser
from image_store_cli.commands import (
    backup,
    cleanup,
    completion,
    delete,
    deploy,
    destroy,
    doctor,
    edit,
    estimate,
    events,
    export,
    feed,
    generate,
    get,
    groups,
    imports,
    jobs,
    keys,
    link,
    list_images,
    login,
    mcp,
    migrate,
    open_page,
    providers,
    publish,
    rebuild,
    repair,
    restore,
    search,
    share,
    shares,
    show,
    similar,
    stats,
    sync,
    tags,
    upload,
    webhooks,
)

COMMANDS = (
    upload, sync, list_images, search, similar, show, get, edit, delete, restore, groups, tags, open_page, publish,
    feed, link, share, shares, generate, jobs, providers, mcp, login, keys, stats, events, webhooks, estimate, doctor,
    cleanup, repair, backup, export, imports, migrate, rebuild, completion,
    deploy, destroy,
)  # fmt: skip

EPILOG = """examples:
  image-store login
  image-store upload photos/ --tag holiday
  image-store list --limit 20
  image-store get ID --output photo.jpg

exit codes: 0 done, 1 some failed, 2 invalid command, 3 not signed in or not allowed, 4 not found,
5 store or storage unavailable, 6 refused, 7 not offered by this store, 130 interrupted"""


def build_parser() -> Parser:
    """Build the parser. Its result has `run`, which takes the Context and returns an exit code.

    The parser raises UsageError for an invalid command.
    """
    parser = Parser(
        prog=PROGRAM,
        description="Store, find, publish and generate images. `image-store COMMAND --help` has examples.",
        epilog=EPILOG,
        parents=[common_options(defaults=True)],
    )
    parser.set_defaults(run=None, parser=parser, needs_admin=False)
    parser.add_argument("--version", action="version", version=f"image-store {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    common = common_options(defaults=False)
    for command in COMMANDS:
        command.add_to(commands, common)
    return parser


def common_options(*, defaults: bool) -> argparse.ArgumentParser:
    """The options that may stand before or after the command; those after it must not reset those before it."""
    common = argparse.ArgumentParser(
        add_help=False, allow_abbrev=False, argument_default=None if defaults else argparse.SUPPRESS
    )
    flag_default = False if defaults else argparse.SUPPRESS
    store = common.add_argument_group("connection")
    store.add_argument("--url", metavar="URL", help="address of the store")
    store.add_argument("--profile", metavar="NAME", help="profile in the configuration file")
    store.add_argument("--config", metavar="FILE", help="configuration file")
    store.add_argument(
        "--local", action="store_true", default=flag_default, help="use the stack started by `make run`"
    )
    store.add_argument(
        "--stack-file", metavar="FILE", help="use the local stack that this stack.json describes"
    )
    store.add_argument("--subject", metavar="NAME", help="user name on a local stack (default: alice)")
    store.add_argument("--token", metavar="TOKEN", help="bearer token; visible in the process list")
    store.add_argument("--token-file", metavar="FILE", help="file with the token")
    store.add_argument(
        "--as",
        dest="acting_for",
        metavar="OWNER",
        help="act for this owner; for API keys with the scope act-as",
    )
    output = common.add_argument_group("output")
    output.add_argument(
        "--json", action="store_true", default=flag_default, help="print results as JSON on stdout"
    )
    output.add_argument(
        "-q", "--quiet", action="store_true", default=flag_default, help="print no progress and no notes"
    )
    return common

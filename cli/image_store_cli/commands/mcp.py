"""`image-store mcp`: serves AI clients on this machine, and adds itself to their configuration."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from image_store_cli.command_line.arguments import add_command
from image_store_cli.errors import CommandError, NotSignedIn, UsageError
from image_store_cli.exits import Exit
from image_store_cli.mcp_clients.clients import AI_CLIENTS, configuration, user_folders
from image_store_cli.mcp_clients.config_files import write_configuration
from image_store_cli.settings import local_stack
from image_store_cli.store.api import token_function
from image_store_client import ImageStore, ImageStoreError

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.sign_in.tokens import Tokens
    from image_store_mcp.tools.tool import Tool

DEFAULT_NAME = "images"
MAX_SHOWN_CHARS = 60
"""Of a name that another program wrote into the file."""


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command and `mcp install`."""
    parser = add_command(
        commands, common, "mcp", serve, summary="serve AI clients, such as Claude, on this machine",
        details="A client starts this command and speaks the Model Context Protocol with it over stdin and stdout. "
        "It acts with the credentials of every other command.",
        examples=("mcp install claude --write", "mcp --folder ~/Pictures", "mcp --read-only"),
    )  # fmt: skip
    _add_limits(parser)
    install = add_command(
        parser.add_subparsers(title="commands", metavar="COMMAND"), common, "install", install_server,
        summary="print what connects a client with this store",
        details="With --write: add it to the file of the client, and keep a copy of the earlier file.",
        examples=("mcp install claude-code", "mcp install cursor --folder ~/Pictures --write"),
    )  # fmt: skip
    _add_limits(install)
    install.add_argument("client", choices=sorted(AI_CLIENTS), metavar="CLIENT", help="|".join(AI_CLIENTS))
    install.add_argument("--write", action="store_true", help="change the client's file")
    install.add_argument(
        "--with-key", action="store_true",
        help="use the API key in IMAGE_STORE_KEY instead of a sign-in; claude gets the key itself in its file",
    )  # fmt: skip
    install.add_argument(
        "--name",
        default=DEFAULT_NAME,
        metavar="NAME",
        help="name of the server in the client (default: images)",
    )


def _add_limits(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--folder", dest="folders", action="append", type=Path, metavar="PATH",
        help="let the client upload files of this folder and download into it; repeat it for several",
    )  # fmt: skip
    parser.add_argument("--read-only", action="store_true", help="offer only what changes nothing")


def serve(context: Context) -> Exit:
    """Serve until stdin ends."""
    from image_store_mcp.local.session import Session
    from image_store_mcp.local.stdio import StdioServer
    from image_store_mcp.local.streams import private_streams

    settings = context.settings
    tools = _tools(context)
    if context.stdin.isatty():
        context.out.note(
            "This command is for AI clients, which start it: see `image-store mcp install --help`."
        )
    with private_streams() as (source, target):  # first: a token_command must not read messages
        _require_sign_in(settings.tokens)
        with ImageStore(
            settings.url, token=token_reader(settings.tokens), owner=settings.acting_for
        ) as store:
            StdioServer(Session(store, tools), source, target).run()
    return Exit.OK


def install_server(context: Context) -> Exit:
    """Print or write the configuration of a client."""
    args = context.args
    client = AI_CLIENTS[args.client]
    command = [*_program(), "mcp", *_options(context)]
    addition = configuration(
        client, args.name, command, with_key=args.with_key, environment=context.environment
    )
    path = client.path(user_folders(context.environment, context.folder))
    if args.write:
        change = write_configuration(path, addition)
        context.out.note(f"{client.title} finds the server {args.name!r} in {path} when it starts again.")
        if change.kept:
            names = ", ".join(ascii(each[:MAX_SHOWN_CHARS])[1:-1] for each in change.kept)
            context.out.note(
                f"Its earlier entry in the file goes on to set: {names}. Remove what you do not know."
            )
        if change.backup is not None:
            context.out.note(f"The earlier file is {change.backup}.")
        context.out.line({"path": str(path), "backup": str(change.backup) if change.backup else None}, None)
        return Exit.OK
    context.out.note(f"Add this to {path}, or repeat the command with --write:")
    context.out.document(
        addition, lambda console: console.print(json.dumps(addition, indent=2), soft_wrap=True)
    )
    return Exit.OK


def _tools(context: Context) -> tuple[Tool, ...]:
    """The tools that the options allow."""
    from image_store_mcp.local.file_tools import with_file_tools
    from image_store_mcp.local.files import Folders
    from image_store_mcp.tools.table import TOOLS, reading_tools

    tools = TOOLS
    if context.args.folders:
        try:
            tools = with_file_tools(tools, Folders(context.args.folders))
        except OSError as failed:
            raise UsageError(f"A --folder cannot be used: {failed}.") from failed
    return reading_tools(tools) if context.args.read_only else tools


def _require_sign_in(tokens: Tokens) -> None:
    """NotSignedIn if there are no credentials; an issuer that does not answer now may do so later."""
    try:
        tokens.current()
    except NotSignedIn:
        raise
    except CommandError as failed:
        if not failed.may_pass:
            raise


def token_reader(tokens: Tokens) -> Callable[[], str]:
    """What returns the token, and after that a renewed one; its failures are errors of the client."""
    read = token_function(tokens)

    def read_for_client() -> str:
        try:
            return read()
        except CommandError as failed:
            code: Literal["network_error", "invalid_token"] = (
                "network_error" if failed.may_pass else "invalid_token"
            )
            raise ImageStoreError(failed.message, code=code) from failed

    return read_for_client


def _program() -> list[str]:
    """How this program is started from anywhere."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return [sys.executable, "-m", "image_store_cli"]
    return [str(Path(shutil.which(started) or started).absolute())]


def _options(context: Context) -> list[str]:
    """The options by which the server finds the same store and caller as this command."""
    args, settings = context.args, context.settings
    options: list[str] = ["--config", str(Path(args.config).absolute())] if args.config else []
    stack = args.stack_file or (
        local_stack.find(context.environment, context.folder) if settings.local else None
    )
    if args.profile:
        options += ["--profile", args.profile]
    elif stack and not args.url:
        options += ["--stack-file", str(Path(stack).absolute())]
    else:
        options += ["--url", settings.url]
    if args.subject:
        options += ["--subject", args.subject]
    if args.token_file:
        options += ["--token-file", str(Path(args.token_file).expanduser().absolute())]
    if settings.acting_for:
        options += ["--as", settings.acting_for]
    for folder in args.folders or ():
        options += ["--folder", str(folder.expanduser().absolute())]
    return [*options, "--read-only"] if args.read_only else options

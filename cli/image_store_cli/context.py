"""The context of a command: the settings of this run, its output, and the store."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack, closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from image_store_cli.aws import Account
from image_store_cli.display.output import Output
from image_store_cli.errors import UsageError
from image_store_cli.settings.command_settings import resolve
from image_store_cli.sign_in.browser import SystemBrowser
from image_store_cli.sign_in.keyrings import system_keyring
from image_store_cli.sign_in.sign_ins import SignIns, default_path
from image_store_cli.store.api import ApiClient, new_client
from image_store_client.http.retries import RetryPolicy

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping

    import httpx

    from image_store_cli.settings.command_settings import CommandSettings
    from image_store_cli.sign_in.browser import Browser
    from image_store_cli.sign_in.keyrings import Keyring
    from image_store_cli.sign_in.tokens import Tokens


class Context:
    """One run of one command; the store is resolved at its first use."""

    def __init__(
        self,
        args: Namespace,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        stdin: TextIO | None = None,
        out: Output | None = None,
        http: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
        browser: Browser | None = None,
        find_keyring: Callable[[], Keyring | None] = system_keyring,
    ) -> None:
        self.args = args
        self.environment = os.environ if environment is None else environment
        self.folder = folder or Path.cwd()
        self.stdin = stdin or sys.stdin
        self.out = out or Output(as_json=args.json, quiet=args.quiet)
        self.sleep = sleep
        self.browser = browser or SystemBrowser(self.environment)
        self.sign_ins = SignIns(default_path(self.environment), find_keyring)
        self._http = http
        self._closing = ExitStack()

    @cached_property
    def settings(self) -> CommandSettings:
        """The store and the token to use."""
        return self.resolve_settings()

    def resolve_settings(self) -> CommandSettings:
        """Resolve the settings again, for a command that has changed them."""
        admin = bool(getattr(self.args, "needs_admin", False))
        return resolve(self.args, self.environment, folder=self.folder, admin=admin, sign_ins=self.sign_ins)

    @cached_property
    def api(self) -> ApiClient:
        """The store: the Python client, with the errors of commands."""
        return self.api_with(RetryPolicy())

    def api_with(self, policy: RetryPolicy, *, tokens: Tokens | None = None) -> ApiClient:
        """Create a client with another retry policy, or with other tokens than those of the settings."""
        settings = self.settings
        http = self._http or self._closing.enter_context(new_client())
        return ApiClient(
            settings.url,
            tokens or settings.tokens,
            owner=settings.acting_for,
            http=http,
            policy=policy,
            sleep=self.sleep,
        )

    @cached_property
    def account(self) -> Account:
        """The AWS account of the stack; UsageError if no stack is named."""
        return self._closing.enter_context(closing(Account(self.settings.aws)))

    def close(self) -> None:
        """Close the connections."""
        self._closing.close()

    def show_target(self, place: str | None = None) -> None:
        """Print what the command is going to change: the store, or the place behind it."""
        self.out.note(f"Target: {place or f'{self.settings.url} ({self.settings.origin})'}")

    def confirm(self, question: str, *, place: str | None = None) -> bool:
        """Show the target and ask for confirmation: true at once with --yes, UsageError without a terminal."""
        self.show_target(place)
        if self.args.yes:
            return True
        if not self.stdin.isatty():
            raise UsageError(f"{question} There is no terminal to ask: repeat the command with --yes.")
        self.out.errors.print(f"{question} [y/N] ", end="", soft_wrap=True)
        return self.stdin.readline().strip().lower() in {"y", "yes"}

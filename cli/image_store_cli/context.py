"""The context of a command: the settings of this run, its output, and the store."""

from __future__ import annotations

import copy
import getpass
import os
import sys
import time
from argparse import Namespace
from contextlib import ExitStack, closing
from dataclasses import replace
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
from image_store_cli.sign_in.tokens import claims_of, key_id_of
from image_store_cli.store.api import ApiClient, new_client
from image_store_client.http.retries import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from image_store_cli.settings.command_settings import AwsAccess, CommandSettings
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
        return ApiClient(
            settings.url,
            tokens or settings.tokens,
            owner=settings.acting_for,
            http=self.http,
            policy=policy,
            sleep=self.sleep,
        )

    @property
    def caller(self) -> str:
        """Whom a journal is kept for: the owner of `--as`, the subject of the token, or the key; empty if unknown."""
        token = self.settings.tokens.current()
        claims = claims_of(token)
        return self.settings.acting_for or (claims.subject if claims else key_id_of(token)) or ""

    @cached_property
    def http(self) -> httpx.Client:
        """The connections of this run."""
        return self._http or self._closing.enter_context(new_client())

    @cached_property
    def account(self) -> Account:
        """The AWS account of the stack; UsageError if no stack is named."""
        return self.open_account(self.settings.aws)

    def open_account(self, access: AwsAccess | None) -> Account:
        """Open an AWS account until the end of this run; UsageError if no stack is named."""
        return self._closing.enter_context(closing(Account(access)))

    def at_store(self, url: str, access: AwsAccess, *, origin: str | None) -> Context:
        """Return a context for checking a store that this run has deployed, with the token of this run for it."""
        there = copy.copy(self)
        there.__dict__ = {
            name: value for name, value in vars(self).items() if name not in {"settings", "api", "account"}
        }
        there.args = Namespace(**{**vars(self.args), "url": url, "origin": origin, "read_only": False})
        there.settings = replace(there.resolve_settings(), aws=access)
        return there

    def close(self) -> None:
        """Close the connections."""
        self._closing.close()

    def show_target(self, place: str | None = None) -> None:
        """Print what the command is going to change: the store, or the place behind it."""
        self.out.note(f"Target: {place or f'{self.settings.url} ({self.settings.origin})'}")

    def confirm(self, question: str, *, place: str | None = None) -> bool:
        """Show the target and ask for confirmation: true at once with --yes, UsageError without a terminal."""
        self.show_target(place)
        return self.agrees(question)

    def agrees(self, question: str) -> bool:
        """Ask for confirmation: true at once with --yes, UsageError without a terminal."""
        if self.args.yes:
            return True
        if not self.stdin.isatty():
            raise UsageError(f"{question} There is no terminal to ask: repeat the command with --yes.")
        return self.ask(question)

    def ask(self, question: str) -> bool:
        """Ask the person at the terminal; true for yes."""
        return self._line(f"{question} [y/N] ").strip().lower() in {"y", "yes"}

    def prompt(self, question: str) -> str:
        """Ask the person at the terminal and return the line; UsageError at the end of the input."""
        line = self._line(question)
        if not line:
            raise UsageError("The input ended before the answer.")
        return line.strip()

    def _line(self, question: str) -> str:
        self.out.errors.print(question, end="", soft_wrap=True)
        return self.stdin.readline()

    def ask_secret(self, question: str) -> str:
        """Ask the person at the terminal for a secret, which is not shown."""
        if self.stdin is sys.stdin:
            return getpass.getpass(question).strip()
        return self.prompt(question)

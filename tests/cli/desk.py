"""A person at a machine who signs in to a store, and what keeps their tokens."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.parser import build_parser
from image_store_cli.context import Context
from image_store_cli.display.output import Output
from image_store_cli.exits import Exit
from image_store_cli.main import run
from image_store_cli.sign_in.keyrings import KeyringError
from tests.cli.running_issuer import Person, RunningIssuer
from tests.unit.cli.terminal import environment_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from image_store_cli.sign_in.keyrings import Keyring
    from tests.cli.store_server import StoreServer


class MemoryKeyring:
    """A keyring in memory, which can be locked."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.is_locked = False
        self.is_full = False

    def read(self, name: str) -> str | None:
        """The text of a name."""
        self._require_open()
        return self.texts.get(name)

    def keep(self, name: str, text: str) -> None:
        """Keep a text."""
        self._require_open()
        if self.is_full:
            raise KeyringError("PasswordSetError")
        self.texts[name] = text

    def forget(self, name: str) -> None:
        """Delete a text."""
        self._require_open()
        self.texts.pop(name, None)

    def _require_open(self) -> None:
        if self.is_locked:
            raise KeyringError("KeyringLocked")


class Desk:
    """A person at a machine, with a store and its issuer."""

    def __init__(self, store: StoreServer, issuer: RunningIssuer, folder: Path) -> None:
        self.store = store
        self.issuer = issuer
        self.folder = folder
        self.person = Person("alice")
        self.keyring: Keyring | None = None
        self.environment = environment_for(folder, store.url) | {"IMAGE_STORE_TOKEN": ""}
        self.waits: list[float] = []
        self.on_wait: Callable[[], None] = lambda: None
        self.err = io.StringIO()

    @property
    def file(self) -> Path:
        """The list of sign-ins."""
        return self.folder / "state/image-store/sign-ins.json"

    def run(self, *words: str, exit_code: Exit = Exit.OK) -> tuple[str, str]:
        """Run a command, check its exit code and return stdout and stderr."""
        args = build_parser().parse_args(words)
        out, self.err = io.StringIO(), io.StringIO()
        context = Context(
            args,
            environment=self.environment,
            folder=self.folder,
            stdin=io.StringIO(),
            out=Output(as_json=args.json, quiet=args.quiet, stdout=out, stderr=self.err),
            sleep=self._wait,
            browser=self.person,
            find_keyring=lambda: self.keyring,
        )
        ended = run(context)
        self.person.wait()
        assert ended == exit_code, out.getvalue() + self.err.getvalue()
        return out.getvalue(), self.err.getvalue()

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.on_wait()

    def sent_tokens(self, path: str = "/v1/images") -> list[str]:
        """The tokens that the store got."""
        return [
            headers["Authorization"].removeprefix("Bearer ")
            for _, sent_path, headers in self.store.requests
            if sent_path == path
        ]

    def secrets(self) -> dict[str, Any]:
        """The tokens that are kept, wherever they are."""
        if isinstance(self.keyring, MemoryKeyring) and self.store.url in self.keyring.texts:
            kept_in_keyring: dict[str, Any] = json.loads(self.keyring.texts[self.store.url])
            return kept_in_keyring
        kept_in_file: dict[str, Any] = json.loads(self.file.read_text())[self.store.url]["secrets"]
        return kept_in_file

    def age(self) -> None:
        """Let the token be at its end."""
        entries = json.loads(self.file.read_text())
        entries[self.store.url]["secrets"]["expires_at"] = 1
        self.file.write_text(json.dumps(entries))

"""Prints results on stdout and everything else on stderr; with --json as JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from image_store_cli.display.texts import escaped, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType
    from rich.progress import Task

    from image_store_cli.errors import CommandError

WIDE = 1000  # columns without a terminal, so that nothing is cut or wrapped


class Output:
    """Prints for people, or for programs with --json."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        quiet: bool = False,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.stdout = stdout or sys.stdout
        self.console = _console(self.stdout)
        self.errors = _console(stderr or sys.stderr)

    def document(self, value: Any, human: Callable[[Console], None]) -> None:
        """Print one result: the value as a JSON document, or by `human`."""
        if self.as_json:
            self._json(value, indent=2)
        else:
            human(self.console)

    def line(self, value: Any, human: RenderableType | None) -> None:
        """Print one of many results: a line of JSON, or `human` unless it is None."""
        if self.as_json:
            self._json(value)
        elif human is not None:
            self.console.print(human, soft_wrap=True)

    def note(self, text: str, *, style: str = "") -> None:
        """Print a note beside the results; not with --quiet."""
        if not self.quiet:
            self.errors.print(Text(plain(text), style=style), soft_wrap=True)

    def error(self, error: CommandError) -> None:
        """Print the error of the command on stderr: a JSON document with --json, otherwise a sentence."""
        if self.as_json:
            body = {"error": {**error.body(), "exit_code": int(error.exit)}}
            self.errors.file.write(_json(body) + "\n")
            return
        self.errors.print(Text.assemble(("error: ", "bold red"), plain(error.message)), soft_wrap=True)

    def progress(self, *columns: str | Any) -> Progress:
        """Show a progress display on stderr, if it is a terminal."""
        all_columns = columns or (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            _CountColumn(),
            TimeElapsedColumn(),
        )
        visible = self.errors.is_terminal and not self.quiet
        return Progress(*all_columns, console=self.errors, transient=True, disable=not visible)

    def _json(self, value: Any, *, indent: int | None = None) -> None:
        self.stdout.write(_json(value, indent=indent) + "\n")
        self.stdout.flush()


class _CountColumn(ProgressColumn):
    """How much is done of how much; nothing as long as nobody knows how much there is."""

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}")


def _json(value: Any, *, indent: int | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return escaped(text.encode(errors="replace").decode())  # file names may hold bytes that are not text


def _console(file: TextIO) -> Console:
    width = None if file.isatty() else WIDE
    return Console(file=file, width=width, markup=False, highlight=False, emoji=False)

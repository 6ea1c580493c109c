"""What commands print."""

from __future__ import annotations

import io
import json

import pytest

from image_store_cli.display.output import Output


def test_json_moves_no_cursor_and_keeps_every_character() -> None:
    stdout, title = io.StringIO(), "a\x9b31m\u202e\u2028\x7f wüste\n"

    Output(as_json=True, stdout=stdout).line({"title": title}, None)

    assert stdout.getvalue() == '{"title": "a\\u009b31m\\u202e\\u2028\\u007f wüste\\n"}\n'
    assert json.loads(stdout.getvalue()) == {"title": title}


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("total", "count"), [(None, ""), (5, "3/5")])
def test_progress_is_shown_at_a_terminal_also_while_nobody_knows_its_end(
    monkeypatch: pytest.MonkeyPatch, total: int | None, count: str
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stderr = Terminal()

    with Output(stderr=stderr).progress() as progress:
        progress.update(progress.add_task("backing up", total=total), completed=3, description="3 images")

    assert "3 images" in stderr.getvalue()
    assert ("3/" in stderr.getvalue()) is bool(count)
    assert count in stderr.getvalue()

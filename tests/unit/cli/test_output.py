"""What commands print."""

from __future__ import annotations

import io
import json

from image_store_cli.display.output import Output


def test_json_moves_no_cursor_and_keeps_every_character() -> None:
    stdout, title = io.StringIO(), "a\x9b31m\u202e\u2028\x7f wüste\n"

    Output(as_json=True, stdout=stdout).line({"title": title}, None)

    assert stdout.getvalue() == '{"title": "a\\u009b31m\\u202e\\u2028\\u007f wüste\\n"}\n'
    assert json.loads(stdout.getvalue()) == {"title": title}

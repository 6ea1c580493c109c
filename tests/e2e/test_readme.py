"""The README's first upload, typed as it stands: by somebody in the checkout, with a port and a state of their own."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

ROOT = Path(__file__).resolve().parents[2]
TYPING_SECONDS = 180
MOST_CHARACTERS = 150
"""Of a line that somebody reads or copies."""


def blocks_below(heading: str) -> list[str]:
    """The shell blocks of a section of the README."""
    section = (ROOT / "README.md").read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```sh$(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)


def changed_files() -> str:
    """What git sees in the checkout."""
    return subprocess.run(
        ["git", "status", "--short"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def test_the_first_upload_works_as_it_is_typed_and_leaves_nothing_in_the_checkout(
    stack: Stack, tmp_path: Path
) -> None:
    """F7: every line of the section, in one shell, with the files in a temporary folder."""
    script = "\n".join(["set -eu", *blocks_below("First upload"), "pwd"])
    environment = os.environ | {"STATE": str(stack.state.path), "TMPDIR": str(tmp_path)}
    before = changed_files()

    typed = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TYPING_SECONDS,
        check=False,
    )

    assert typed.returncode == 0, typed.stderr
    folder = Path(typed.stdout.splitlines()[-1])
    assert folder.is_relative_to(tmp_path)
    assert (folder / "original.jpg").read_bytes() == (stack.state.path / "sample.jpg").read_bytes()
    heads = {name: (folder / name).read_bytes()[:12] for name in ("thumb.jpg", "w640.avif", "square.webp")}
    assert heads["thumb.jpg"].startswith(b"\xff\xd8")
    assert heads["w640.avif"][4:12] == b"ftypavif"
    assert heads["square.webp"].startswith(b"RIFF")
    assert "url_not_allowed" in typed.stdout
    assert '"status": "succeeded"' in typed.stdout
    assert changed_files() == before


def test_no_line_to_be_typed_is_long() -> None:
    lines = [line for block in blocks_below("First upload") for line in block.splitlines()]

    assert len(lines) > 50
    assert max(map(len, lines)) <= MOST_CHARACTERS

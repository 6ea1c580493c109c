"""The shell lines of the README and of the first steps run exactly as they are printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e import anyone

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

ROOT = Path(__file__).resolve().parents[2]
TYPING_SECONDS = 180
MOST_CHARACTERS = 150
"""Of a line that somebody reads or copies."""


def shell_blocks(text: str) -> list[str]:
    """The shell blocks of a page, or of a part of one."""
    return re.findall(r"^```sh$(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def first_image() -> list[str]:
    """The lines of the README that store a first image."""
    return shell_blocks((ROOT / "README.md").read_text().split("\n## First image\n")[1].split("\n## ")[0])


def command_line() -> list[str]:
    """The commands of the README, without the lines that install them."""
    [block] = shell_blocks((ROOT / "README.md").read_text().split("\n## Command line\n")[1].split("\n## ")[0])
    return [line for line in block.splitlines() if line.startswith("image-store ")]


def first_steps() -> list[str]:
    """The lines of the page that continues where the README ends."""
    return shell_blocks((ROOT / "docs/first-steps.md").read_text())


def sign_in() -> list[str]:
    """The lines of the page about tokens."""
    return shell_blocks((ROOT / "docs/sign-in.md").read_text())


def changed_files() -> str:
    """What git sees in the checkout."""
    return subprocess.run(
        ["git", "status", "--short"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def type_lines(blocks: list[str], stack: Stack, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run blocks in one shell, in the checkout, with a state of the test and temporary files below `folder`."""
    return subprocess.run(
        ["bash", "-c", "\n".join(["set -eu", *blocks, "echo", "pwd"])],
        cwd=ROOT,
        env=os.environ | {"STATE": str(stack.state.path), "TMPDIR": str(folder), "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=TYPING_SECONDS,
        check=False,
    )


def test_the_first_image_of_the_readme_is_stored_and_published(stack: Stack, tmp_path: Path) -> None:
    before = changed_files()

    typed = type_lines(first_image(), stack, tmp_path)

    assert typed.returncode == 0, typed.stderr
    folder = Path(typed.stdout.splitlines()[-1])
    assert folder.is_relative_to(tmp_path)
    assert (folder / "thumb.jpg").read_bytes().startswith(b"\xff\xd8")
    assert '"visibility":"public"' in typed.stdout
    assert changed_files() == before


def test_the_first_steps_work_as_they_are_typed_and_leave_nothing_in_the_checkout(
    stack: Stack, tmp_path: Path
) -> None:
    """F7: every line of the page, in one shell, with the files in a temporary folder."""
    before = changed_files()

    typed = type_lines(first_steps(), stack, tmp_path)

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


@pytest.fixture
def no_dead_letters(stack: Stack) -> None:
    """What earlier tests left in the queues is gone: the doctor would report it."""
    queues = stack.client("sqs")
    for url in queues.list_queues()["QueueUrls"]:
        if "DeadLetterQueue" in url:
            queues.purge_queue(QueueUrl=url)


@pytest.mark.usefixtures("no_dead_letters")
def test_the_commands_work_as_they_are_typed_and_leave_nothing_in_the_checkout(
    stack: Stack, tmp_path: Path
) -> None:
    before = changed_files()
    packages = f"{ROOT / 'cli'}:{ROOT / 'clients/python'}"
    installed = f'image-store() {{ PYTHONPATH={packages} {sys.executable} -m image_store_cli "$@"; }}'
    lines = [line.replace(".local/", "$STATE/") for line in command_line()]

    typed = type_lines([installed, *lines], stack, tmp_path)

    assert typed.returncode == 0, typed.stdout + typed.stderr
    assert "No problems" in typed.stderr
    sample = (stack.state.path / "sample.jpg").read_bytes()
    assert sample in [path.read_bytes() for path in (tmp_path / "copies").iterdir()]
    assert changed_files() == before


def test_the_lines_about_tokens_work_as_they_are_typed(stack: Stack, tmp_path: Path) -> None:
    before = changed_files()

    typed = type_lines(sign_in(), stack, tmp_path)

    assert typed.returncode == 0, typed.stderr
    lines = typed.stdout.splitlines()
    assert lines[:4] == ["RS256 200", "ES256 200", "EdDSA 200", "second 404"]
    assert '"code": "invalid_token"' in typed.stdout
    assert changed_files() == before


def test_the_lines_that_make_run_prints_give_a_key_that_works(stack: Stack, tmp_path: Path) -> None:
    lines = (stack.state.path / "launcher.out").read_text().splitlines()
    [token] = [line.strip() for line in lines if "export TOKEN=" in line]
    [begin] = [number for number, line in enumerate(lines) if "/v1/keys" in line]
    create = "\n".join(lines[begin : begin + 2])

    typed = type_lines([token, create], stack, tmp_path)

    assert typed.returncode == 0, typed.stderr
    key = json.loads(typed.stdout.splitlines()[0])
    answer = anyone.get(f"{stack.api_url}/v1/images", headers={"Authorization": f"Bearer {key['key']}"})
    assert (key["owner"], answer.status_code) == ("alice", 200)


def test_no_line_to_be_typed_is_long() -> None:
    lines = [line for block in [*first_image(), *first_steps(), *sign_in()] for line in block.splitlines()]

    assert len(lines) > 50
    assert max(map(len, lines)) <= MOST_CHARACTERS

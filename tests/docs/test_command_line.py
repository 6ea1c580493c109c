"""The pages describe `image-store` as its parser, its settings and its exit codes define it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from image_store_cli.command_line.completion import commands_of as commands_of_parser
from image_store_cli.command_line.parser import build_parser
from image_store_cli.exits import Exit
from image_store_cli.settings import config_file

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "command-line.md"
ENDS = {"|", ";", "&&", "<", ">", ")"}
BEGINNINGS = {"|", ";", "&&", "(", "<("}


def commands_of(page: Path) -> list[list[str]]:
    """The words of every `image-store` command in the shell lines of a page."""
    commands = []
    for block in re.findall(r"^```sh$(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if "image-store" not in line:
                continue
            lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&<>()")
            lexer.whitespace_split = True
            words = list(lexer)
            for start, word in enumerate(words):
                before = words[start - 1] if start else "|"
                if word == "image-store" and (before in BEGINNINGS or "=" in before):
                    rest = words[start + 1 :]
                    end = next((at for at, each in enumerate(rest) if each in ENDS), len(rest))
                    commands.append(rest[:end])
    return commands


DOCUMENTED = [words for page in (PAGE, ROOT / "README.md") for words in commands_of(page)]


@pytest.mark.parametrize("words", [words for words in DOCUMENTED if words != ["--version"]], ids=" ".join)
def test_the_parser_accepts_every_command_of_the_pages(words: list[str]) -> None:
    assert build_parser().parse_args(words).run


def test_the_page_describes_every_command() -> None:
    known = set(commands_of_parser(build_parser())[""].commands)

    documented = {word for words in DOCUMENTED for word in words if word in known}

    assert documented == known


def test_the_page_describes_every_exit_code() -> None:
    table = PAGE.read_text().split("| exit code |")[1]

    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, flags=re.MULTILINE)} == {*map(int, Exit)}


def test_the_profile_of_the_page_sets_every_field(tmp_path: Path) -> None:
    [block] = re.findall(r"^```toml$(.*?)^```$", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    path = tmp_path / "config.toml"
    path.write_text(block.replace("# token_file", "token_file"))

    profile = config_file.read(path, required=True).profile(None)

    assert profile is not None
    assert all(getattr(profile, name) is not None for name in config_file.Profile.__slots__)

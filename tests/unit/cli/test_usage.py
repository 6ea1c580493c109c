"""What the command line says of its own form: help in groups, examples, and one line for a mistake."""

from __future__ import annotations

import argparse
import json
import shlex

import pytest

from image_store_cli.command_line.completion import commands_of
from image_store_cli.command_line.parser import COMMANDS, build_parser
from image_store_cli.command_line.usage import GROUPS, Parser
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from image_store_cli.main import main

PARSER = build_parser()
KNOWN = commands_of(PARSER)
"""Words that list commands when nothing follows."""
ODD_ENGLISH = ("what is said", "who asks", "goes on where", "that is none", "to go by", "is told")


def parser_of(words: str) -> Parser:
    """The parser of a command."""
    parser = PARSER
    for word in words.split():
        [commands] = parser._commands()  # noqa: SLF001 - argparse has no public way
        parser = commands.choices[word]
    return parser


def test_a_bare_call_lists_the_commands_in_groups(capsys: pytest.CaptureFixture[str]) -> None:
    code = main([])

    output = capsys.readouterr()
    assert (code, output.err) == (Exit.OK, "")
    for title, names in GROUPS.items():
        section = output.out.split(f"\n{title}:\n")[1].split("\n\n")[0]
        assert [line.split()[0] for line in section.splitlines()] == list(names)


def test_every_command_is_in_one_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names]

    assert sorted(grouped) == sorted(KNOWN[""].commands)
    assert COMMANDS


def test_a_command_with_commands_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"]) == Exit.OK

    assert "begin a migration" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("uplod a.png", "There is no command 'uplod'. Did you mean upload? See `image-store --help`."),
        ("ls", "There is no command 'ls'. Did you mean list? See `image-store --help`."),
        ("jobs cancle", "There is no command 'cancle'. Did you mean cancel? See `image-store jobs --help`."),
        ("edit ID --clear tag", "'tag' is not one of title, alt-text, category, tags,"),
        ("edit ID --rating 6", "6 is not one of 1, 2, 3, 4, 5."),
        ("edit ID --metadata [1]", "--metadata: the value must be a JSON object like"),
        (
            "providers set-key openai sk-secret",
            "is one argument too many. See `image-store providers set-key --help`.",
        ),
        ("upload", "PATH is missing. See `image-store upload --help`."),
        (
            "upload --tgas x a.png",
            "There is no option --tgas. Did you mean --tag? See `image-store upload --help`.",
        ),
        ("--jsn list", "There is no option --jsn. Did you mean --json? See `image-store list --help`."),
        ("list extra", "'extra' is one argument too many. See `image-store list --help`."),
        ("list --kind uplaod", "Did you mean upload?"),
        (
            "list --limit 0",
            "--limit: '0' is not a whole number of at least 1. See `image-store list --help`.",
        ),
        (
            "list --sha256 zz",
            "--sha256: 'zz' is not a SHA-256 checksum of 64 hexadecimal digits. See `image-store list --help`.",
        ),
        (
            "generate --size big cat",
            "--size: 'big' is not a size like 1024x1024. See `image-store generate --help`.",
        ),
        ("list --group x", "--group: 'x' does not have the form type:id. See `image-store list --help`."),
        (
            "migrate strat",
            "There is no command 'strat'. Did you mean start or status? See `image-store migrate --help`.",
        ),
        ("migrate start", "See `image-store migrate start --help`."),
        ("show", "ID is missing. See `image-store show --help`."),
    ],
)
def test_a_mistake_is_one_line_with_a_hint(
    capsys: pytest.CaptureFixture[str], words: str, sentence: str
) -> None:
    code = main(words.split())

    output = capsys.readouterr()
    assert (code, output.out) == (Exit.USAGE, "")
    assert output.err.startswith("error: ")
    assert output.err.count("\n") == 1
    assert sentence in output.err


def test_a_mistake_is_json_where_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "uplod"]) == Exit.USAGE

    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["exit_code"], "Did you mean upload?" in error["detail"]) == (2, True)
    assert error["code"] == "usage"


@pytest.mark.parametrize("words", sorted(KNOWN), ids=lambda words: words or "image-store")
def test_every_help_has_examples_that_can_be_typed(words: str) -> None:
    examples = parser_of(words).format_help().split("examples:\n")[1].split("\n\n")[0]

    lines = [line.strip() for line in examples.splitlines()]
    assert lines
    for line in lines:
        program, *typed = shlex.split(line.partition(" | ")[0].partition(" < ")[0])
        assert program == "image-store"
        assert " ".join(typed).startswith(words)
        assert PARSER.parse_args(typed).run


@pytest.mark.parametrize("words", sorted(KNOWN), ids=lambda words: words or "image-store")
def test_every_help_is_plain_english(words: str) -> None:
    text = parser_of(words).format_help()

    assert not [phrase for phrase in ODD_ENGLISH if phrase in " ".join(text.split())]
    assert "connection:" in text or any(known.startswith(f"{words} ") for known in KNOWN)


def test_a_wrong_word_raises_and_does_not_exit() -> None:
    with pytest.raises(UsageError):
        build_parser().parse_args(["no-such-command"])


def test_choices_that_are_numbers_are_completed_as_words() -> None:
    parser = argparse.ArgumentParser()
    rate = parser.add_subparsers().add_parser("rate")
    rate.add_argument("--rating", type=int, choices=range(1, 4))

    assert commands_of(parser)["rate"].values["--rating"] == ("1", "2", "3")

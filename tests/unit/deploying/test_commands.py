"""`image-store deploy` and `destroy` at the terminal: questions, and what is refused before any request."""

from __future__ import annotations

import io
import tomllib
from typing import TYPE_CHECKING

import pytest

from image_store_cli.command_line.parser import build_parser
from image_store_cli.commands.deploy import print_changes
from image_store_cli.commands.destroy import is_confirmed
from image_store_cli.context import Context
from image_store_cli.deploying.plan import Action, PlannedChange
from image_store_cli.deploying.questions import QUESTIONS
from image_store_cli.display.output import Output
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from tests.fakes.cloudflare_account import ACCOUNT
from tests.unit.cli.terminal import Keyboard, command

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

ANSWERS = {
    "stack": "",
    "region": "eu-central-1",
    "url": "https://id.example.com",
    "audience": "",
    "console_client_id": "console",
    "account": ACCOUNT,
    "location": "",
    "public_domain": "images.example.com",
    "origins": "https://app.example.com, https://www.example.com",
}


def refuse(request: httpx.Request) -> httpx.Response:
    """No request is sent."""
    raise AssertionError(request.url)


def typed(**changes: str) -> str:
    """What somebody types."""
    answers = ANSWERS | changes
    return "".join(f"{answers[question.name]}\n" for question in QUESTIONS)


def test_questions_write_a_file_without_secrets(tmp_path: Path) -> None:
    result = command(refuse, "deploy", folder=tmp_path, stdin=typed(), somebody=True)

    assert result.exit_code == Exit.USAGE  # a folder that is no checkout
    assert "run it in a checkout" in result.err
    values = tomllib.loads((tmp_path / "store.toml").read_text())
    assert values == {
        "stack": "image-store",
        "region": "eu-central-1",
        "origins": ["https://app.example.com", "https://www.example.com"],
        "issuer": {
            "url": "https://id.example.com",
            "audience": "image-store",
            "console_client_id": "console",
        },
        "r2": {"account": ACCOUNT, "public_domain": "images.example.com"},
    }


def test_an_answer_of_the_wrong_form_is_asked_for_again(tmp_path: Path) -> None:
    stdin = typed(region="Frankfurt\neu-central-1")

    result = command(refuse, "deploy", folder=tmp_path, stdin=stdin, somebody=True)

    assert "It must be an AWS region like eu-central-1." in result.err
    assert tomllib.loads((tmp_path / "store.toml").read_text())["region"] == "eu-central-1"


@pytest.mark.parametrize("stdin", ["", "image-store\n"])
def test_questions_that_nobody_answers_write_no_file(tmp_path: Path, stdin: str) -> None:
    result = command(refuse, "deploy", folder=tmp_path, stdin=stdin, somebody=True)

    assert result.exit_code == Exit.USAGE
    assert not (tmp_path / "store.toml").exists()


def test_without_a_terminal_and_a_file_everything_that_is_needed_is_named(tmp_path: Path) -> None:
    result = command(refuse, "deploy", "--yes", folder=tmp_path)

    assert result.exit_code == Exit.USAGE
    for name in ("stack", "region", "issuer.url", "issuer.audience", "r2.account"):
        assert name in result.err


def test_destroy_needs_a_file(tmp_path: Path) -> None:
    result = command(refuse, "destroy", folder=tmp_path)

    assert result.exit_code == Exit.USAGE
    assert "There is no file" in result.err


def context_of(*words: str, stdin: str | None = None) -> tuple[Context, io.StringIO]:
    """A command at a terminal where somebody types `stdin`, or without a terminal; and its stdout."""
    args, out = build_parser().parse_args(words), io.StringIO()
    output = Output(as_json=args.json, quiet=args.quiet, stdout=out, stderr=io.StringIO())
    return Context(args, stdin=io.StringIO() if stdin is None else Keyboard(stdin), out=output), out


def test_changes_of_one_kind_are_one_line_for_people_and_one_each_for_programs() -> None:
    functions = [PlannedChange(f"F{number}", Action.CHANGE, "AWS::Lambda::Function") for number in range(6)]
    changes = [*functions, PlannedChange("Queue", Action.REPLACE, "AWS::SQS::Queue is REPLACED by a new one")]
    people, printed = context_of("deploy")
    programs, lines = context_of("deploy", "--json")

    print_changes(people, changes)
    print_changes(programs, changes)

    assert printed.getvalue().splitlines() == [
        "  ~ F0, F1, F2, F3 and 2 more: AWS::Lambda::Function",
        "  ! Queue: AWS::SQS::Queue is REPLACED by a new one",
    ]
    assert len(lines.getvalue().splitlines()) == 7


@pytest.mark.parametrize(
    ("answer", "is_right"), [("image-store\n", True), ("y\n", False), ("other\n", False)]
)
def test_destroy_goes_on_only_after_the_name_of_the_stack(answer: str, *, is_right: bool) -> None:
    context, _ = context_of("destroy", stdin=answer)

    assert is_confirmed(context, "image-store") == is_right


def test_destroy_in_a_script_needs_the_right_name() -> None:
    assert is_confirmed(context_of("destroy", "--name", "image-store")[0], "image-store")
    with pytest.raises(UsageError, match="--name image-store"):
        is_confirmed(context_of("destroy")[0], "image-store")
    with pytest.raises(UsageError, match="the file describes 'image-store'"):
        is_confirmed(context_of("destroy", "--name", "other")[0], "image-store")

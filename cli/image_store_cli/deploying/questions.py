"""Asks for what a deployment needs and writes its file."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_store_cli.deploying.store_file import ISSUER, R2, TOP, parse
from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from image_store_cli.context import Context
    from image_store_cli.deploying.store_file import Check

HEAD = """# One deployment of the image store, for `image-store deploy`. It holds no secret: keep it in version control.
# docs/deploying.md describes every setting.
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One question: where its answer is in the file, and how an answer must look."""

    table: str
    name: str
    text: str
    check: Check
    default: Callable[[Mapping[str, str]], str] = lambda _: ""
    """The answer of an empty line, from the environment."""
    is_optional: bool = False
    is_list: bool = False


QUESTIONS = (
    Question("", "stack", "Name of the stack", TOP["stack"], lambda _: "image-store"),
    Question(
        "", "region", "AWS region", TOP["region"],
        lambda environment: environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "",
    ),
    Question("issuer", "url", "Issuer of your users' tokens, exactly as in their iss", ISSUER["url"]),
    Question("issuer", "audience", "Audience of these tokens", ISSUER["audience"], lambda _: "image-store"),
    Question(
        "issuer", "console_client_id", "Client id of the web console at the issuer", ISSUER["console_client_id"],
        is_optional=True,
    ),
    Question(
        "r2", "account", "Cloudflare account id", R2["account"],
        lambda environment: environment.get("CLOUDFLARE_ACCOUNT_ID", ""),
    ),
    Question(
        "r2", "location", "Where the buckets are (weur, eeur, enam, wnam, apac, oc)", R2["location"], is_optional=True
    ),
    Question(
        "r2", "public_domain", "Domain of public images, such as images.example.com", R2["public_domain"],
        is_optional=True,
    ),
    Question(
        "", "origins", "Web origins that upload directly, with commas", TOP["origins"], is_optional=True, is_list=True
    ),
)  # fmt: skip


def ask_for_file(context: Context, path: Path) -> None:
    """Ask for everything and write the file; UsageError without a terminal, with the names of what is needed."""
    if not context.stdin.isatty():
        needs = ", ".join(_place(each) for each in QUESTIONS if not each.is_optional)
        raise UsageError(f"There is no file {path}. Write one with {needs}, as docs/deploying.md shows.")
    context.out.note(f"There is no {path.name} yet. An empty answer takes what is in brackets.")
    answers = {each: _answer(context, each) for each in QUESTIONS}
    text = file_text(answers)
    parse(tomllib.loads(text), path)
    with path.open("x") as file:
        file.write(text)
    context.out.note(f"Wrote {path}.")


def file_text(answers: Mapping[Question, Any]) -> str:
    """Return the file's text: settings of no table first."""
    tables: dict[str, list[str]] = {"": []}
    for question, value in answers.items():
        if value not in ("", []):
            tables.setdefault(question.table, []).append(f"{question.name} = {json.dumps(value)}")
    parts = [
        "\n".join([*([f"[{table}]"] if table else []), *lines]) for table, lines in tables.items() if lines
    ]
    return HEAD + "\n\n".join(parts) + "\n"


def _answer(context: Context, question: Question) -> Any:
    """Ask until the answer has the right form."""
    default = question.default(context.environment)
    is_right, form = question.check
    while True:
        shown = default or ("none" if question.is_optional else "")
        text = context.prompt(f"{question.text}{f' [{shown}]' if shown else ''}: ") or default
        value: Any = [each.strip() for each in text.split(",") if each.strip()] if question.is_list else text
        if (question.is_optional and not value) or is_right(value):
            return value
        context.out.note(f"It must be {form}.")


def _place(question: Question) -> str:
    return f"{question.table}.{question.name}" if question.table else question.name

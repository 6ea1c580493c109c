"""Prints the help in groups, and an error of usage in one line."""

from __future__ import annotations

import argparse
import difflib
import re
from typing import TYPE_CHECKING, Any, NoReturn

from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PROGRAM = "image-store"

GROUPS = {
    "images": (
        "upload",
        "sync",
        "list",
        "search",
        "similar",
        "show",
        "get",
        "edit",
        "delete",
        "restore",
        "groups",
        "tags",
        "open",
    ),
    "sharing": ("publish", "unpublish", "feed", "link", "share", "shares"),
    "generation": ("generate", "jobs", "providers"),
    "account": ("login", "logout", "whoami", "keys"),
    "the store": (
        "stats",
        "events",
        "webhooks",
        "listen",
        "doctor",
        "cleanup",
        "repair",
        "backup",
        "export",
        "import",
        "migrate",
        "rebuild",
    ),
    "deployment": ("deploy", "destroy", "estimate"),
    "AI clients": ("mcp",),
    "shell": ("completion",),
}
"""The commands as `image-store` lists them."""

OTHER_WORDS = {
    "ls": "list", "find": "search", "cat": "get", "download": "get", "info": "show", "view": "show", "add": "upload",
    "rsync": "sync",
    "put": "upload", "cp": "upload", "rm": "delete", "remove": "delete", "update": "edit", "tag": "edit",
    "undelete": "restore", "albums": "groups", "group": "groups", "browse": "open", "create": "generate",
    "signin": "login", "signout": "logout", "auth": "login", "diagnose": "doctor",
}  # fmt: skip
"""Commands of other programs, by what people may type out of habit."""

MIN_SUGGESTED_CHARS = 5
_MISSING = "the following arguments are required: "


class _Formatter(argparse.HelpFormatter):
    """Keeps line breaks of texts with several lines, such as examples and exit codes."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" not in text:
            return super()._fill_text(text, width, indent)
        return "\n".join(f"{indent}{line}" for line in text.splitlines())


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises a UsageError of one sentence, and lists its commands in groups."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", _Formatter)
        super().__init__(**options, allow_abbrev=False)

    def parse_args(  # type: ignore[override]  # argparse overloads it for namespaces of other classes
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Parse; the error for an unknown word suggests similar options."""
        parsed, others = self.parse_known_args(args, namespace)
        if others:
            parser: Parser = getattr(parsed, "parser", self)
            parser.error(_unknown_word(others[0], parser))
        return parsed

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with the message and a pointer to the help."""
        raise UsageError(f"{_sentence(message)} See `{self.prog} --help`.")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - argparse has no public name for it
            other = OTHER_WORDS.get(value)
            hint = (
                f" Did you mean {other}?" if other in action.choices else _did_you_mean(value, action.choices)
            )
            raise UsageError(f"There is no command {value!r}.{hint} See `{self.prog} --help`.")
        choices = ", ".join(map(str, action.choices))
        raise argparse.ArgumentError(
            action, f"{value!r} is not one of {choices}.{_did_you_mean(str(value), action.choices)}"
        )

    def format_help(self) -> str:
        """Format the help, with the commands in groups."""
        commands = next(iter(self._commands()), None)
        if commands is None or not {name for names in GROUPS.values() for name in names} <= set(
            commands.choices
        ):
            return super().format_help()
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        by_name = {each.dest: each for each in commands._choices_actions}  # noqa: SLF001 - as above
        for title, names in GROUPS.items():
            formatter.start_section(title)
            formatter.add_arguments([by_name[name] for name in names])
            formatter.end_section()
        for group in self._action_groups:
            actions = [action for action in group._group_actions if action is not commands]  # noqa: SLF001
            formatter.start_section(group.title)
            formatter.add_arguments(actions)
            formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()

    def _commands(self) -> list[argparse._SubParsersAction[Any]]:
        return [
            action
            for action in self._actions
            if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001 - as above
        ]

    def options(self) -> list[str]:
        """The names of all its options."""
        return [name for action in self._actions for name in action.option_strings]


def _unknown_word(word: str, parser: Parser) -> str:
    if not word.startswith("-"):
        return f"{word!r} is one argument too many."
    option = word.partition("=")[0]
    # Short ones such as --as resemble every mistake.
    candidates = [each for each in parser.options() if len(each) >= MIN_SUGGESTED_CHARS]
    return f"There is no option {option}.{_did_you_mean(option, candidates)}"


def _did_you_mean(word: str, candidates: Iterable[Any]) -> str:
    close = difflib.get_close_matches(word, [str(each) for each in candidates], n=2)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def _sentence(message: str) -> str:
    """Turn a message of argparse into a sentence."""
    if message.startswith(_MISSING):
        return f"{message.removeprefix(_MISSING)} is missing."
    if match := re.fullmatch(r"argument ([^:]+): (.*)", message, re.DOTALL):
        message = f"{match[1].split('/')[-1]}: {match[2]}"
    return message if message.endswith((".", "?")) else f"{message}."

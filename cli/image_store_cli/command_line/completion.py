"""Writes completion scripts for shells from the parser, so that pressing Tab does not start Python."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass

from image_store_cli.command_line.usage import PROGRAM

SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True, slots=True)
class Words:
    """The words that can follow a command: inner commands, options, and the values of options."""

    commands: dict[str, str]
    options: dict[str, str]
    values: dict[str, tuple[str, ...]]
    """By option: its choices; empty if it takes any value."""
    positional: tuple[str, ...]


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Write the script for a shell."""
    commands = commands_of(parser)
    if shell == "fish":
        return _fish(commands)
    body = _bash(commands)
    if shell == "zsh":
        return f"#compdef {PROGRAM}\nautoload -U +X bashcompinit && bashcompinit\n{body}"
    return body


def commands_of(parser: argparse.ArgumentParser) -> dict[str, Words]:
    """Every command by its words: "" is the program itself, "migrate start" an inner command."""
    commands: dict[str, Words] = {}
    queue = [("", parser)]
    while queue:
        name, current = queue.pop(0)
        inner: dict[str, str] = {}
        options: dict[str, str] = {}
        values: dict[str, tuple[str, ...]] = {}
        positional: tuple[str, ...] = ()
        for action in current._actions:  # noqa: SLF001 - argparse has no public list of its options
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
                helps = {each.dest: each.help or "" for each in action._choices_actions}  # noqa: SLF001
                inner = {word: helps.get(word, "") for word in action.choices}
                queue += [(f"{name} {word}".strip(), sub) for word, sub in action.choices.items()]
            elif action.option_strings:
                for option in action.option_strings:
                    options[option] = action.help or ""
                    if action.nargs != 0:
                        values[option] = tuple(map(str, action.choices or ()))
            else:
                positional += tuple(map(str, action.choices or ()))
        commands[name] = Words(inner, options, values, positional)
    return commands


def _bash(commands: dict[str, Words]) -> str:
    follows, takes = [], []
    for name, words in commands.items():
        next_words = " ".join([*words.commands, *words.positional])
        options = " ".join(words.options)
        follows.append(
            f"    {shlex.quote(name)}) words={shlex.quote(next_words)} options={shlex.quote(options)} ;;"
        )
        takes += [
            f"    {shlex.quote(f'{name}:{option}')}) values={shlex.quote(' '.join(choices))} ;;"
            for option, choices in words.values.items()
        ]
    names = " ".join(shlex.quote(name) for name in commands if name)
    return f"""_image_store() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}" command="" word known
  local words="" options="" values=none
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    for known in {names}; do
      if [ "${{command:+$command }}$word" = "$known" ]; then command=$known; break; fi
    done
  done
  case "$command:$previous" in
{"\n".join(takes)}
  esac
  case "$command" in
{"\n".join(follows)}
  esac
  COMPREPLY=()
  if [ "$values" != none ]; then
    if [ -n "$values" ]; then COMPREPLY=($(compgen -W "$values" -- "$current")); return; fi
    COMPREPLY=($(compgen -f -- "$current")); return
  fi
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$current"))
       else COMPREPLY=($(compgen -f -- "$current")); fi ;;
  esac
}}
complete -o filenames -F _image_store {PROGRAM}
"""


def _fish(commands: dict[str, Words]) -> str:
    lines = [f"complete -c {PROGRAM} -e"]
    for name, words in commands.items():
        condition = _fish_condition(name, commands)
        for word, text in words.commands.items():
            lines.append(
                f"complete -c {PROGRAM} -n {condition} -f -a {shlex.quote(word)} -d {shlex.quote(text)}"
            )
        lines += [
            f"complete -c {PROGRAM} -n {condition} -f -a {shlex.quote(word)}" for word in words.positional
        ]
        for option, text in words.options.items():
            kind = "-l" if option.startswith("--") else "-s"
            line = f"complete -c {PROGRAM} -n {condition} {kind} {option.lstrip('-')} -d {shlex.quote(text)}"
            if option in words.values:
                choices = words.values[option]
                line += f" -x -a {shlex.quote(' '.join(choices))}" if choices else " -r"
            lines.append(line)
    return "\n".join(lines) + "\n"


def _fish_condition(name: str, commands: dict[str, Words]) -> str:
    """The condition that this command stands before the cursor, without one of its inner commands."""
    conditions = [f"__fish_seen_subcommand_from {word}" for word in name.split()]
    inner = " ".join(commands[name].commands)
    conditions += [f"not __fish_seen_subcommand_from {inner}"] if inner else []
    return shlex.quote("; and ".join(conditions) or "true")

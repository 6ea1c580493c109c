"""Adds a server to the configuration file of a client, and leaves everything else in it as it is."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_store_cli.errors import UsageError
from image_store_cli.mcp_clients.clients import KEY_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIVATE_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Change:
    """What a change of a file left of the earlier one."""

    backup: Path | None
    """The copy of it; None if there was none."""
    kept: tuple[str, ...]
    """The fields and variables of the earlier entry of the same server that still hold."""


def write_configuration(path: Path, addition: dict[str, Any]) -> Change:
    """Merge into the file, which becomes private, and keep a copy of the earlier one.

    UsageError if the file is not JSON, as one with comments, or cannot be written; it stays as it is then.
    """
    target = path.resolve()  # a link to a file elsewhere stays a link
    try:
        if target.exists() and not target.is_file():
            raise UsageError(f"{path} is not a file.")
        earlier = target.read_text("utf-8-sig") if target.exists() else None
        if earlier is None and not target.parent.is_dir():
            raise UsageError(
                f"{target.parent} does not exist: start the client once, or check that it is installed."
            )
        current = _parsed(earlier, path)
        text = json.dumps(_merged(current, addition, path), ensure_ascii=False, indent=2) + "\n"
        backup = None if earlier is None else _backup(target)
        _replace(target, text)
    except (OSError, UnicodeDecodeError) as failed:
        raise UsageError(f"{path} cannot be changed: {failed}.") from failed
    return Change(backup, tuple(_kept(current, addition)))


def _parsed(text: str | None, path: Path) -> dict[str, Any]:
    if text is None or not text.strip():
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as invalid:
        raise UsageError(
            f"{path} is not plain JSON ({invalid}), perhaps because of comments: add the server by hand. "
            "The command prints it without --write."
        ) from invalid
    if not isinstance(value, dict):
        raise UsageError(f"{path} does not hold a JSON object: add the server by hand.")
    return value


def _merged(current: dict[str, Any], addition: dict[str, Any], path: Path) -> dict[str, Any]:
    """The file with the addition: objects are merged, and inputs replaced by their id."""
    result = dict(current)
    for name, value in addition.items():
        known = current.get(name, type(value)())
        if not isinstance(known, type(value)):
            raise UsageError(f"{path} has {name!r} of another kind than expected: add the server by hand.")
        if isinstance(value, list):
            new_ids = {each["id"] for each in value}
            others = [each for each in known if not (isinstance(each, dict) and each.get("id") in new_ids)]
            result[name] = others + value
        else:
            result[name] = known | {
                server: _with_unknown_fields(known.get(server), fields) for server, fields in value.items()
            }
    return result


def _with_unknown_fields(earlier: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """A server keeps the fields and variables of its earlier entry that are not ours; a key that is not needed goes."""
    if not isinstance(earlier, dict):
        return fields
    variables = earlier.get("env")
    others = (
        {name: value for name, value in variables.items() if name != KEY_VARIABLE}
        if isinstance(variables, dict)
        else {}
    )
    environment = others | fields.get("env", {})
    kept_fields = {name: value for name, value in earlier.items() if name != "env"}
    return kept_fields | fields | ({"env": environment} if environment else {})


def _kept(current: dict[str, Any], addition: dict[str, Any]) -> Iterator[str]:
    """What earlier entries have besides ours: who wrote the file, such as that of a project, decides what it does."""
    for name, servers in addition.items():
        if not isinstance(servers, dict):
            continue
        for server, fields in servers.items():
            earlier = current.get(name, {}).get(server)
            if not isinstance(earlier, dict):
                continue
            yield from (field for field in earlier if field != "env" and field not in fields)
            variables = earlier.get("env")
            if isinstance(variables, dict):
                ours = {KEY_VARIABLE, *fields.get("env", {})}
                yield from (f"env.{variable}" for variable in variables if variable not in ours)


def _backup(target: Path) -> Path:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    backup = target.with_name(f"{target.name}.{moment}.backup")
    handle = os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    with os.fdopen(handle, "wb") as copy, target.open("rb") as source:
        shutil.copyfileobj(source, copy)
    return backup


def _replace(target: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=".image-store-", suffix=".part", dir=target.parent)  # mode 0600
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)

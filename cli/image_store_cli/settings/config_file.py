"""Reads the configuration file, which holds profiles in TOML."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Profile:
    """The settings of one store in the file; None where they are missing."""

    url: str | None = None
    token_file: str | None = None
    token_command: str | list[str] | None = None
    audience: str | None = None
    stack: str | None = None
    region: str | None = None
    aws_profile: str | None = None
    origin: str | None = None
    issuer: str | None = None
    client_id: str | None = None
    scopes: str | None = None
    redirect_uri: str | None = None

    def is_of(self, url: str) -> bool:
        """Whether this is the profile of the store at an address; how to sign in is valid for that store alone."""
        return bool(self.url) and str(self.url).rstrip("/") == url.rstrip("/")


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The profiles of a file, and the name of the default profile."""

    path: Path
    profiles: dict[str, Profile] = field(default_factory=dict)
    default: str | None = None

    def profile(self, name: str | None) -> Profile | None:
        """The profile with this name, or the default profile; None if there is neither."""
        chosen = name or self.default
        if chosen is None:
            return None
        if chosen not in self.profiles:
            names = ", ".join(sorted(self.profiles)) or "none"
            raise UsageError(f"There is no profile {chosen!r} in {self.path}; there are: {names}.")
        return self.profiles[chosen]


def default_path(environment: Mapping[str, str]) -> Path:
    """Return the default path of the file."""
    base = environment.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "image-store" / "config.toml"


def read(path: Path, *, required: bool) -> ConfigFile:
    """Read the file; a missing file is empty unless it is required. UsageError if it is invalid."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        if required:
            raise UsageError(f"There is no configuration file {path}.") from None
        return ConfigFile(path)
    except (OSError, UnicodeDecodeError) as unreadable:
        raise UsageError(f"The configuration file {path} cannot be read.") from unreadable
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        raise UsageError(f"The configuration file {path} is not TOML: {broken}.") from broken
    return _parse(path, values)


def _parse(path: Path, values: dict[str, Any]) -> ConfigFile:
    unknown = values.keys() - {"profile", "profiles"}
    default, profiles = values.get("profile"), values.get("profiles", {})
    if unknown or not isinstance(default, str | None) or not isinstance(profiles, dict):
        raise UsageError(f'{path} holds `profile = "name"` and tables [profiles.name], and nothing else.')
    return ConfigFile(path, {name: _profile(path, name, table) for name, table in profiles.items()}, default)


def _profile(path: Path, name: str, table: Any) -> Profile:
    settings = {each.name for each in fields(Profile)}
    if not isinstance(table, dict):
        raise UsageError(f"profiles.{name} in {path} must be a table.")
    if "token" in table:
        raise UsageError(f"profiles.{name} in {path} holds a token: use token_file or token_command instead.")
    if unknown := table.keys() - settings:
        raise UsageError(f"profiles.{name} in {path} has unknown settings: {', '.join(sorted(unknown))}.")
    for key, value in table.items():
        words = key == "token_command" and isinstance(value, list) and all(isinstance(v, str) for v in value)
        if not isinstance(value, str) and not words:
            raise UsageError(f"profiles.{name}.{key} in {path} must be a text.")
    return Profile(**table)

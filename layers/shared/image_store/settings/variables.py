"""Reads typed values of environment variables."""

from collections.abc import Mapping
from enum import StrEnum

from image_store.domain.errors import ConfigurationError


class Variables:
    """Environment variables; a ConfigurationError names the variable and never shows its value."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str, default: str = "") -> str:
        """A text; the default if the variable is missing."""
        return self._environment.get(name, default)

    def url(self, name: str, default: str = "") -> str:
        """An address without the slash at its end."""
        return self.text(name, default).rstrip("/")

    def number(self, name: str, default: int) -> int:
        """A whole number that is not below 0."""
        text = self.text(name, str(default))
        if not text.isascii() or not text.isdecimal():
            raise ConfigurationError(f"{name} must be a whole number, not below 0.")
        return int(text)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Whether the variable is `true`; the default if it is missing or empty."""
        text = self.text(name) or str(default).lower()
        if text not in {"true", "false"}:
            raise ConfigurationError(f"{name} must be true or false.")
        return text == "true"

    def member[Member: StrEnum](self, name: str, default: Member) -> Member:
        """A member of the enumeration that the default belongs to."""
        members = type(default)
        try:
            return members(self.text(name, default))
        except ValueError:
            raise ConfigurationError(f"{name} must be one of {', '.join(members)}.") from None

    def entries(self, name: str) -> tuple[str, ...]:
        """Entries separated by commas, without empty ones."""
        return tuple(filter(None, self.text(name).split(",")))

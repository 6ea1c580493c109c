"""The keyring of the system, where the package `keyring` is installed and finds one."""

from __future__ import annotations

from typing import Protocol

SERVICE = "image-store"


class KeyringError(Exception):
    """The keyring is locked, or refuses; the message has no secret."""


class Keyring(Protocol):
    """Keeps one text for each name."""

    def read(self, name: str) -> str | None:
        """The text of a name; None if there is none. Raises KeyringError."""

    def keep(self, name: str, text: str) -> None:
        """Keep a text. Raises KeyringError."""

    def forget(self, name: str) -> None:
        """Delete the text of a name, if there is one. Raises KeyringError."""


class SystemKeyring:
    """The keyring of macOS, of GNOME or of KDE, by the package `keyring`."""

    def read(self, name: str) -> str | None:
        """The text of a name."""
        import keyring
        import keyring.errors

        try:
            return keyring.get_password(SERVICE, name)
        except keyring.errors.KeyringError as failed:
            raise KeyringError(type(failed).__name__) from failed

    def keep(self, name: str, text: str) -> None:
        """Keep a text."""
        import keyring
        import keyring.errors

        try:
            keyring.set_password(SERVICE, name, text)
        except keyring.errors.KeyringError as failed:
            raise KeyringError(type(failed).__name__) from failed

    def forget(self, name: str) -> None:
        """Delete the text of a name."""
        import keyring
        import keyring.errors

        try:
            keyring.delete_password(SERVICE, name)
        except keyring.errors.PasswordDeleteError:  # there is none
            return
        except keyring.errors.KeyringError as failed:
            raise KeyringError(type(failed).__name__) from failed


def system_keyring() -> Keyring | None:
    """The keyring of this system; None without the package, or without a backend that it recommends."""
    try:
        from keyring import core
    except ImportError:
        return None
    return SystemKeyring() if core.recommended(core.get_keyring()) else None

"""The browser of the person at this machine."""

from __future__ import annotations

import sys
import webbrowser
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


class Browser(Protocol):
    """Opens addresses."""

    @property
    def is_here(self) -> bool:
        """Whether there is one."""

    def open(self, url: str) -> bool:
        """Open an address; False if that failed or there is no browser."""


class SystemBrowser:
    """The browser that the system has chosen.

    On Linux without a display a browser of text could start in this terminal; it counts only if `BROWSER` names it.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    @property
    def is_here(self) -> bool:
        """Whether there is one."""
        return sys.platform == "darwin" or any(self._environment.get(name) for name in DISPLAYS)

    def open(self, url: str) -> bool:
        """Open an address."""
        try:
            return self.is_here and webbrowser.open(url)
        except webbrowser.Error:
            return False

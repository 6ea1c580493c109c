"""Opens addresses in the browser of the person at this machine."""

from __future__ import annotations

import sys
import webbrowser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def open_in_browser(url: str, environment: Mapping[str, str]) -> bool:
    """Open an address; False if there is no browser.

    On Linux without a display a browser of text could start in this terminal; it opens only if `BROWSER` names it.
    """
    if sys.platform != "darwin" and not any(environment.get(name) for name in DISPLAYS):
        return False
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False

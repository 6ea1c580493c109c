"""The files that a page of the documentation prints, as an app that uses the built client."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tools import client

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BLOCK = re.compile(r"^```tsx?\n// (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def printed_files(page: Path) -> dict[str, str]:
    """Return the files that a page prints, by the name in their first line."""
    return {match[1]: match[2] for match in BLOCK.finditer(page.read_text())}


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write files, in folders of their own where their names say so."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def install_client(folder: Path, *, beside: Iterable[str]) -> None:
    """Make a folder whose modules can import the client and the packages ``beside`` it, such as ``react``."""
    packages = folder / "node_modules"
    (packages / "@image-store").mkdir(parents=True)
    (packages / "@image-store/client").symlink_to(client.PACKAGE)
    for name in beside:
        (packages / name).symlink_to(client.PACKAGE / "node_modules" / name)

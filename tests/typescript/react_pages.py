"""The lines of docs/react.md as files, with what compiles and builds them into pages."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

from tools import client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.typescript.built_client import BuiltClient

DOCUMENT = client.ROOT / "docs/react.md"
BROWSER = client.PACKAGE / "tests/browser"
BLOCK = re.compile(r"^```tsx?\n// (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINKED = ("react", "react-dom", "@types", "vite")


def blocks() -> dict[str, str]:
    """Return the files that the document prints, by name."""
    return {match[1]: match[2] for match in BLOCK.finditer(DOCUMENT.read_text())}


def write_pages(folder: Path) -> None:
    """Write the printed files and the entries of the pages, beside the packages that an app installs."""
    for source in BROWSER.glob("*.tsx"):
        shutil.copy(source, folder)
    for name, text in blocks().items():
        (folder / name).write_text(text)
    packages = folder / "node_modules"
    (packages / "@image-store").mkdir(parents=True)
    (packages / "@image-store/client").symlink_to(client.PACKAGE)
    for name in LINKED:
        (packages / name).symlink_to(client.PACKAGE / "node_modules" / name)
    settings = {
        "extends": str(client.PACKAGE / "tsconfig.json"),
        "compilerOptions": {"types": ["vite/client"]},
        "include": ["."],
    }
    (folder / "tsconfig.json").write_text(json.dumps(settings))


def build_pages(built: BuiltClient, folder: Path, *, react: str, api_url: str) -> None:
    """Build `{folder}/react-{react}`; a server of this React renders the pages before the browser has them."""
    script = str(BROWSER / "build.mjs")
    built.run(script, str(folder), react, VITE_IMAGE_STORE_URL=api_url)

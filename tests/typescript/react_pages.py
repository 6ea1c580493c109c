"""The lines of docs/react.md as files, with what compiles and builds them into pages."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from tests.typescript.printed_app import install_client, printed_files, write_files
from tools import client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.typescript.built_client import BuiltClient

DOCUMENT = client.ROOT / "docs/react.md"
BROWSER = client.PACKAGE / "tests/browser"
LINKED = ("react", "react-dom", "@types", "vite")


def write_pages(folder: Path) -> None:
    """Write the printed files and the entries of the pages, beside the packages that an app installs."""
    for source in BROWSER.glob("*.tsx"):
        shutil.copy(source, folder)
    write_files(folder, printed_files(DOCUMENT))
    install_client(folder, beside=LINKED)
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

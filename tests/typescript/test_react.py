"""The React entry of the TypeScript client: both versions of React, the directive for Next, the printed examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.typescript.printed_app import printed_files
from tests.typescript.react_pages import DOCUMENT, write_pages
from tools import client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.typescript.built_client import BuiltClient

MOST_LINES = {"gallery.tsx": 5, "upload.tsx": 5, "generate.tsx": 8}
"""Of a component that does the whole of it, without its imports."""


def test_the_components_pass_their_tests_with_react_18(typescript_client: BuiltClient) -> None:
    output = typescript_client.run("vitest/vitest.mjs", "run", "--dir", "tests/unit/react", REACT="18")

    assert " passed" in output


@pytest.mark.usefixtures("typescript_client")
def test_the_entry_is_a_client_module() -> None:
    entry = (client.DIST / "react/index.js").read_text()

    assert entry.startswith('"use client";')


def test_the_printed_examples_compile(typescript_client: BuiltClient, tmp_path: Path) -> None:
    write_pages(tmp_path)

    typescript_client.run("typescript/bin/tsc", "--project", str(tmp_path))


@pytest.mark.parametrize("name", MOST_LINES)
def test_an_example_is_as_short_as_promised(name: str) -> None:
    _, component = printed_files(DOCUMENT)[name].split("\n\n", 1)

    assert len(component.splitlines()) <= MOST_LINES[name]

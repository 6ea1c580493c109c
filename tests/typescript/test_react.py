"""The React entry of the TypeScript client: both versions of React, the directive for Next, and its size."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tools import client

if TYPE_CHECKING:
    from tests.typescript.built_client import BuiltClient

MAX_GZIP_BYTES = 4_000
"""Of the entry itself. The core, and the decoder of placeholders that loads when it is needed, are other files."""


def test_the_components_pass_their_tests_with_react_18(typescript_client: BuiltClient) -> None:
    output = typescript_client.run("vitest/vitest.mjs", "run", "--dir", "tests/unit/react", REACT="18")

    assert " passed" in output


@pytest.mark.usefixtures("typescript_client")
def test_the_entry_is_a_client_module_and_small() -> None:
    entry = (client.DIST / "react/index.js").read_bytes()

    assert entry.startswith(b'"use client";')
    assert len(gzip.compress(entry, 9)) <= MAX_GZIP_BYTES

"""The TypeScript client compiles, has the version of the API, and passes its own tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tools import client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.typescript.built_client import BuiltClient

MAX_SOURCE_LINES = 400
MAX_TEST_LINES = 600
SOURCES = sorted(path for path in (client.PACKAGE / "src").rglob("*.ts*") if path != client.SCHEMA)
TESTS = sorted((client.PACKAGE / "tests").rglob("*.ts*"))


@pytest.mark.parametrize("project", [".", "tests"])
def test_the_client_compiles(typescript_client: BuiltClient, project: str) -> None:
    typescript_client.run("typescript/bin/tsc", "--project", project)


def test_the_unit_tests_of_the_client_pass(typescript_client: BuiltClient) -> None:
    output = typescript_client.run("vitest/vitest.mjs", "run", "--dir", "tests/unit")

    assert " passed" in output


def test_the_client_has_the_version_of_the_api() -> None:
    package = json.loads((client.PACKAGE / "package.json").read_text())

    assert package["version"] == json.loads(client.DOCUMENT.read_text())["info"]["version"]


@pytest.mark.parametrize(
    "path", SOURCES + TESTS, ids=lambda path: path.relative_to(client.PACKAGE).as_posix()
)
def test_a_file_of_the_client_is_short(path: Path) -> None:
    limit = MAX_TEST_LINES if ".test." in path.name else MAX_SOURCE_LINES

    assert len(path.read_text().splitlines()) <= limit

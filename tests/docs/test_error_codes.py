"""Every error code that the documentation, the console or the command line names is one of the store's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from image_store.entrypoints.http.problems import STATUSES
from image_store_client.errors import ClientCode

ROOT = Path(__file__).resolve().parents[2]
CODES = {error.code for error in STATUSES}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_gives_each_code_its_status(page: Path) -> None:
    declared = {(status, error.code) for error, status in STATUSES.items()}

    written = re.findall(r"\b([45]\d\d) `([a-z]+(?:_[a-z]+)*)`", page.read_text())

    assert {(int(status), code) for status, code in written} <= declared


def test_the_pages_name_codes() -> None:
    assert any("403 `admin_required`" in page.read_text() for page in PAGES)


def test_the_console_explains_only_codes_of_the_store() -> None:
    source = (ROOT / "functions/site/console/parts/errors.js").read_text()
    sentences = source.partition("const SENTENCES = {")[2].partition("};")[0]

    codes = re.findall(r"^  (\w+):", sentences, flags=re.MULTILINE)

    assert len(codes) > 10
    assert set(codes) <= CODES


def test_the_clients_compare_only_with_codes_of_the_store_and_of_the_python_client() -> None:
    sources = [
        *(ROOT / "cli/image_store_cli").rglob("*.py"),
        *(ROOT / "clients/python/image_store_client").rglob("*.py"),
        *(ROOT / "functions/site/console").rglob("*.js"),
    ]

    compared = [
        code
        for source in sources
        for line in re.findall(r"\bcode (?:===?|!==?|in|not in) (.*)", source.read_text())
        for code in re.findall(r"[\"']([a-z]+(?:_[a-z]+)+)[\"']", line)
    ]

    assert "image_not_found" in compared
    assert set(compared) <= CODES | set(get_args(ClientCode))

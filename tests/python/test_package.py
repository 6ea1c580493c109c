"""The package of the Python client: its version, its types, and the half of it that is generated."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import image_store_client
from image_store_client.uploads.attributes import IN_QUERY
from tools import client_sync, client_types

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "clients/python/image_store_client"
DOCUMENT = json.loads((ROOT / "functions/site/openapi.json").read_text("utf-8"))
CHECK_SECONDS = 120
PLURAL = {"tag": "tags", "group": "groups"}


def test_the_version_is_that_of_the_api() -> None:
    assert image_store_client.__version__ == DOCUMENT["info"]["version"]


def test_the_types_are_those_of_the_api_document() -> None:
    assert (PACKAGE / "schemas.py").read_text("utf-8") == client_types.source()


@pytest.mark.parametrize("module", client_sync.MODULES)
def test_the_synchronous_client_is_that_of_the_asynchronous_one(module: str) -> None:
    assert (PACKAGE / "sync" / f"{module}.py").read_text("utf-8") == client_sync.source(module)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_python_3_11_can_read_each_module(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=(3, 11))


@pytest.mark.parametrize("page", ["docs/python.md", "clients/python/README.md"])
def test_the_printed_lines_have_the_right_types(page: str) -> None:
    blocks = re.findall(r"^```python$(.*?)^```$", (ROOT / page).read_text("utf-8"), flags=re.M | re.S)

    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "-c", "\n".join(blocks)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=CHECK_SECONDS,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout


def test_attributes_in_the_query_are_those_of_the_api() -> None:
    parameters = DOCUMENT["paths"]["/v1/images"]["post"]["parameters"]

    names = {PLURAL.get(each["name"], each["name"]) for each in parameters if each["in"] == "query"}

    assert names == IN_QUERY


def test_every_public_name_exists() -> None:
    values = {name: getattr(image_store_client, name) for name in image_store_client.__all__}

    assert values["ImageStore"].__doc__
    with pytest.raises(AttributeError):
        _ = image_store_client.Nothing

"""The document has neither an error nor a warning of the recommended rules of two linters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tools import openapi

if TYPE_CHECKING:
    from pathlib import Path

    from tests.openapi.nodejs import Node


def redocly(node: Node, document: Path, folder: Path) -> list[str]:
    """What Redocly finds."""
    done = node.run(
        node.package("@redocly/cli/bin/cli.js"), "lint", document, "--extends=recommended", "--format=json",
        "--max-problems=100", folder=folder,
    )  # fmt: skip
    entry = json.loads(done.stdout)
    assert sum(entry["totals"].values()) == len(entry["problems"])
    return [
        f"{problem['ruleId']}: {problem['message']} at {problem['location'][0]['pointer']}"
        for problem in entry["problems"]
    ]


def spectral(node: Node, document: Path, folder: Path) -> list[str]:
    """What Spectral finds."""
    (folder / "rules.yaml").write_text("extends: ['spectral:oas']\n")
    done = node.run(
        node.package("@stoplight/spectral-cli/dist/index.js"), "lint", document, "--ruleset=rules.yaml",
        "--format=json", "--quiet", folder=folder,
    )  # fmt: skip
    # With no findings Spectral adds a sentence after the JSON.
    findings, _ = json.JSONDecoder().raw_decode(done.stdout)
    return [f"{each['code']}: {each['message']} at {'.'.join(map(str, each['path']))}" for each in findings]


LINTERS = {"redocly": redocly, "spectral": spectral}


@pytest.mark.parametrize("linter", LINTERS)
def test_a_linter_finds_nothing(linter: str, node: Node, tmp_path: Path) -> None:
    assert LINTERS[linter](node, openapi.DOCUMENT, tmp_path) == []


@pytest.mark.parametrize("linter", LINTERS)
def test_a_linter_would_find_faults(linter: str, node: Node, tmp_path: Path) -> None:
    broken: dict[str, Any] = json.loads(openapi.DOCUMENT.read_text("utf-8"))
    broken["paths"] = {"/v1/images": {"get": broken["paths"]["/v1/images"]["get"]}}
    del broken["paths"]["/v1/images"]["get"]["operationId"]
    del broken["servers"]
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(broken))

    assert len(LINTERS[linter](node, file, tmp_path)) >= 2

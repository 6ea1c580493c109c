"""The template, before and after the SAM transform."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """``template.yaml`` with CloudFormation's tags in their long form."""
    # Here, because it takes a second, and every worker collects this folder; it has no types.
    cfn_yaml: Any = importlib.import_module("cfnlint.decode.cfn_yaml")
    parsed: dict[str, Any] = json.loads(json.dumps(cfn_yaml.load(str(ROOT / "template.yaml"))))
    return parsed


def transformed(*changes: str) -> dict[str, dict[str, Any]]:
    """The template after the transform by the translator of the project's own SAM CLI, once for each change.

    A change names a function or layer with changed code, or is empty. One process makes all of them, because it takes
    longer to start than to transform.
    """
    result = subprocess.run(
        [
            ROOT / ".venv-sam/bin/python",
            ROOT / "tests/template/sam_transform.py",
            ROOT / "template.yaml",
            *changes,
        ],
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(changes, map(json.loads, result.stdout.splitlines()), strict=True))


@pytest.fixture(scope="session")
def processed() -> dict[str, Any]:
    """The template after the transform."""
    return transformed("")[""]

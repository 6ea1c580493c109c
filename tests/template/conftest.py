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
cfn_yaml: Any = importlib.import_module("cfnlint.decode.cfn_yaml")  # it has no types


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """``template.yaml`` with CloudFormation's tags in their long form."""
    parsed: dict[str, Any] = json.loads(json.dumps(cfn_yaml.load(str(ROOT / "template.yaml"))))
    return parsed


def transformed(*changed: str) -> dict[str, Any]:
    """The template after the transform by the translator of the project's own SAM CLI.

    `changed` names functions and layers with changed code.
    """
    result = subprocess.run(
        [
            ROOT / ".venv-sam/bin/python",
            ROOT / "tests/template/sam_transform.py",
            ROOT / "template.yaml",
            *changed,
        ],
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    template: dict[str, Any] = json.loads(result.stdout)
    return template


@pytest.fixture(scope="session")
def processed() -> dict[str, Any]:
    """The template after the transform."""
    return transformed()

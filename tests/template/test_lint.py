"""cfn-lint finds no problem in the template, before and after the SAM transform."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def findings(template: Path, *options: str) -> str:
    """Return the findings of cfn-lint, an empty text if there are none."""
    result = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), *options, "--template", template],
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def test_the_template_is_free_of_findings() -> None:
    # W1100 says that merge keys need a command that writes them out: `sam build` does, and nothing else is deployed.
    assert findings(ROOT / "template.yaml", "--ignore-checks", "W1100") == ""


def test_the_processed_template_is_free_of_findings(processed: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "processed.json"
    path.write_text(json.dumps(processed))

    # W2001 is an unused parameter: the transform writes AllowedOrigins' value where the reference was.
    assert findings(path, "--ignore-checks", "W2001") == ""


def test_a_mistake_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    table = {"Type": "AWS::DynamoDB::Table", "Properties": {"BilingMode": "PAY_PER_REQUEST"}}
    path.write_text(json.dumps({"Resources": {"Table": table}}))

    assert "BilingMode" in findings(path)

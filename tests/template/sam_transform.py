"""Write the results of the SAM transform of template.yaml to stdout, one a line.

Run by the SAM CLI's Python: ``python sam_transform.py TEMPLATE CHANGE…``, where each change is the name of a function
or layer with changed code, or empty. Conditions, parameters and references stay unresolved.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

# The development environment, whose mypy reads this file, has no samtranslator.
parser: Any = importlib.import_module("samtranslator.parser.parser")
translator: Any = importlib.import_module("samtranslator.translator.translator")
yaml_helper: Any = importlib.import_module("samtranslator.yaml_helper")

CODE_URI = "s3://bucket/key"  # as from `sam package`
CHANGED_CODE_URI = "s3://bucket/another"
VALUES = {"AllowedOrigins": ["*"]}  # CloudFormation passes a list parameter to a transform as a list


def transform(template: dict[str, Any], changed: str) -> dict[str, Any]:
    """Return the processed template; managed policies are unknown, because the template must not use any."""
    for logical_id, resource in template["Resources"].items():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = CHANGED_CODE_URI if logical_id == changed else CODE_URI
    processed: dict[str, Any] = translator.Translator({}, parser.Parser()).translate(
        template, parameter_values=dict(VALUES)
    )
    return processed


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text()
    for change in sys.argv[2:]:
        sys.stdout.write(json.dumps(transform(yaml_helper.yaml_parse(text), change)) + "\n")

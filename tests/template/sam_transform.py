"""Write to stdout what CloudFormation makes of template.yaml with the SAM transform.

Run by the SAM CLI's Python: ``python sam_transform.py TEMPLATE [CHANGED…]``, with the names of functions and layers
whose code is another than before. Conditions, parameters and references stay as they are.
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

PLACE = "s3://bucket/key"  # where `sam package` would have put the code
ANOTHER_PLACE = "s3://bucket/another"
VALUES = {"AllowedOrigins": ["*"]}  # CloudFormation hands a list to a transform as a list


def transform(template: dict[str, Any], changed: list[str]) -> dict[str, Any]:
    """Return the processed template; no managed policy is known, as none may be named."""
    for logical_id, resource in template["Resources"].items():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = ANOTHER_PLACE if logical_id in changed else PLACE
    processed: dict[str, Any] = translator.Translator({}, parser.Parser()).translate(
        template, parameter_values=dict(VALUES)
    )
    return processed


if __name__ == "__main__":
    written = yaml_helper.yaml_parse(Path(sys.argv[1]).read_text())
    sys.stdout.write(json.dumps(transform(written, sys.argv[2:])))

"""Apply SAM's transform to each template once.

It takes seconds, and all stacks of a checkout have the same template.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from local.inside_emulator.shared_folder import SharedFolder

TRANSFORM = "AWS::Serverless-2016-10-31"
INCLUDED = "Fn::Transform"
FILE = "template.json"


def transform_templates_once(shared: SharedFolder) -> None:
    """Reuse what the transform made of the same template; MiniStack gives it no parameters, so nothing else counts.

    Templates with other transforms are left to MiniStack.
    """
    engine: Any = importlib.import_module("ministack.services.cloudformation.engine")
    handlers: Any = importlib.import_module("ministack.services.cloudformation.handlers")
    changes: Any = importlib.import_module("ministack.services.cloudformation.changesets")
    apply = engine._apply_transforms

    def apply_once(template: dict[str, Any], *arguments: Any, **options: Any) -> Any:
        text = json.dumps([importlib.metadata.version("aws-sam-translator"), engine.get_region(), template])
        if template.get("Transform") != TRANSFORM or INCLUDED in text:
            return apply(template, *arguments, **options)
        name = hashlib.sha256(text.encode()).hexdigest()
        entry = shared.find(name)
        if entry is None:
            transformed = json.dumps(apply(template, *arguments, **options))
            entry = shared.add(name, lambda folder: write(folder / FILE, transformed))
        return json.loads((entry / FILE).read_text())

    for module in (engine, handlers, changes):
        module._apply_transforms = apply_once


def write(path: Path, text: str) -> None:
    """Write a file."""
    path.write_text(text)

"""Write `docs/events.schema.json` from the API document: `python -m tools.event_schema`.

It describes an event as the feed, the bus and webhooks have it, with a definition for each type.
"""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "functions/site/openapi.json"
TARGET = ROOT / "docs/events.schema.json"
_REFERENCE = re.compile(r'"#/components/schemas/(\w+)"')
_ROOT = "Event"


def source() -> str:
    """The schema of an event, as JSON."""
    schemas: dict[str, Any] = json.loads(DOCUMENT.read_text("utf-8"))["components"]["schemas"]
    names, waiting = set[str](), [_ROOT]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting += _REFERENCE.findall(json.dumps(schemas[name]))
    event = {name: value for name, value in schemas[_ROOT].items() if name != "discriminator"}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Event of an image store",
        **event,
        "$defs": {name: schemas[name] for name in sorted(names - {_ROOT})},
    }
    return json.dumps(schema, indent=1).replace("#/components/schemas/", "#/$defs/") + "\n"


if __name__ == "__main__":
    TARGET.write_text(source(), "utf-8")

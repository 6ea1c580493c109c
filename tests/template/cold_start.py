"""Import a built function, let it handle an event if there is one, and report the loaded modules.

Run as ``python -I -S cold_start.py PATH [CHILD EVENT.json ANSWERS.json]``. PATH is the search path that Lambda would
have, and CHILD the benchmark that handles the event.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
from pathlib import Path


def main(path: str, inputs: list[str]) -> None:
    """Print the name of the handler, the status of its response and every loaded module."""
    sys.path[:0] = path.split(os.pathsep)
    app = importlib.import_module("app")
    result = {"handler": app.lambda_handler.__name__}
    if inputs:
        sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
        child, *files = inputs
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            importlib.import_module(child).main(*files)
        result |= json.loads(printed.getvalue().splitlines()[-1])
    sys.stdout.write(json.dumps(result | {"loaded": sorted(sys.modules)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

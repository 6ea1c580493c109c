"""Report what a built layer's Powertools imports, and whether it still exports the same names.

Run as ``python -I -S on_demand_imports.py PATH PACKAGE NAME…``: each name is taken from the package, which
must have imported none of them by itself.
"""

from __future__ import annotations

import importlib
import json
import os
import sys


def main(path: str, package: str, names: list[str]) -> None:
    """Print the modules that the import loaded, the exported names, and the names that are missing."""
    sys.path[:0] = path.split(os.pathsep)
    module = importlib.import_module(package)
    loaded = sorted(sys.modules)
    missing = [name for name in names if not hasattr(module, name) or name not in dir(module)]
    sys.stdout.write(json.dumps({"loaded": loaded, "all": module.__all__, "missing": missing}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])

"""Tell what a built layer's Powertools imports, and whether it still offers what it did.

Run as ``python -I -S on_demand_imports.py FOLDER PACKAGE NAME…``: each name is taken from the package, which
must have imported none of them by itself.
"""

from __future__ import annotations

import importlib
import json
import sys


def main(folder: str, package: str, names: list[str]) -> None:
    """Print what was loaded by the import alone, and the names that the package does not offer."""
    sys.path.insert(0, folder)
    module = importlib.import_module(package)
    loaded = sorted(sys.modules)
    missing = [name for name in names if not hasattr(module, name)]
    print(json.dumps({"loaded": loaded, "missing": missing}))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])

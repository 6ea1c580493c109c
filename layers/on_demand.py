"""Make packages import what they export at its first use; run as ``python on_demand.py FOLDER``.

Each costs a tenth of a cold start or more. Powertools exports the resolvers of every AWS service from one package: the
HTTP resolver would also import AppSync's, and with it asyncio. PyJWT exports a client of key sets that the store does
not use, and imports all of X.509 for one function. All modules stay in the layer.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

POWERTOOLS = "aws_lambda_powertools"
PACKAGES = (
    POWERTOOLS,
    f"{POWERTOOLS}/event_handler",
    f"{POWERTOOLS}/event_handler/openapi",
    f"{POWERTOOLS}/utilities/data_classes",
    "jwt",
    "cryptography/x509",
)

_ON_DEMAND = """

_EXPORTED = {exported!r}


def __getattr__(name):
    if name not in _EXPORTED:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    from importlib import import_module

    module, attribute = _EXPORTED[name]
    if module == __name__:
        return import_module(f"{{module}}.{{attribute}}")
    value = globals()[name] = getattr(import_module(module, __name__), attribute)
    return value


def __dir__():
    return sorted({{*globals(), *_EXPORTED}})
"""


def make_on_demand(packages: Path) -> None:
    """Change those of `PACKAGES` that are in a folder of installed packages."""
    for package in PACKAGES:
        if (packages / package).is_dir():
            import_on_demand(packages / package)


def import_on_demand(package: Path) -> None:
    """Make a package import each name that it exports at its first use (PEP 562).

    Names that the package's own statements use are still imported at once.
    """
    init = package / "__init__.py"
    module = ast.parse(init.read_text())
    own = [node for node in module.body if not isinstance(node, ast.ImportFrom)]
    used = {node.id for statement in own for node in ast.walk(statement) if isinstance(node, ast.Name)}
    exported, statements = {}, []
    for node in module.body:
        if not isinstance(node, ast.ImportFrom) or node.module in (None, "__future__"):
            statements.append(node)
            continue
        names = [alias for alias in node.names if (alias.asname or alias.name) in used]
        if names:
            statements.append(ast.ImportFrom(node.module, names, node.level))
        for alias in node.names:
            if alias not in names:
                exported[alias.asname or alias.name] = ("." * node.level + (node.module or ""), alias.name)
    init.write_text(ast.unparse(ast.Module(statements, [])) + _ON_DEMAND.format(exported=exported))


if __name__ == "__main__":
    make_on_demand(Path(sys.argv[1]))

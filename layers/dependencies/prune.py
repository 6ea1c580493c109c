"""Leave in the layer what the store loads, and let it load no more; run as ``python prune.py FOLDER``.

botocore describes every AWS service: most of what would be unzipped and parsed at a cold start. A client of a
service that is not in `SERVICES` cannot be made from the pruned copy. Powertools keeps all of its modules, and
imports them when they are asked for.
"""

from __future__ import annotations

import ast
import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

SERVICES = frozenset({"dynamodb", "kms", "lambda", "s3", "secretsmanager", "sqs"})

POWERTOOLS = "aws_lambda_powertools"
ON_DEMAND = (
    POWERTOOLS,
    f"{POWERTOOLS}/event_handler",
    f"{POWERTOOLS}/event_handler/openapi",
    f"{POWERTOOLS}/utilities/data_classes",
)

_ON_DEMAND = """

_OFFERED = {offered!r}


def __getattr__(name):
    if name not in _OFFERED:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    from importlib import import_module

    module, attribute = _OFFERED[name]
    value = globals()[name] = getattr(import_module(module, __name__), attribute)
    return value


def __dir__():
    return sorted({{*globals(), *_OFFERED}})
"""


def prune(packages: Path) -> None:
    """Prune boto3, botocore and Powertools in a folder of installed packages."""
    shutil.rmtree(packages / "boto3" / "data")  # of resources, and the store only has clients
    shutil.rmtree(packages / "boto3" / "examples")
    data = packages / "botocore" / "data"
    for service in data.iterdir():
        if service.is_dir() and service.name not in SERVICES:
            shutil.rmtree(service)
    for name in SERVICES:
        latest = keep_latest_version(data / name)
        drop_documentation(latest)
    keep_endpoints(data / "endpoints.json")
    for package in ON_DEMAND:
        import_on_demand(packages / package)


def import_on_demand(package: Path) -> None:
    """Let a package import what it offers when it is first asked for (PEP 562), not all of it at once.

    Powertools offers the resolvers of every AWS service from one package: the HTTP resolver alone would bring
    AppSync's, and with it asyncio. What a package needs for its own statements stays imported at once.
    """
    init = package / "__init__.py"
    module = ast.parse(init.read_text())
    own = [node for node in module.body if not isinstance(node, ast.ImportFrom)]
    needed = {node.id for statement in own for node in ast.walk(statement) if isinstance(node, ast.Name)}
    offered, kept = {}, []
    for node in module.body:
        if not isinstance(node, ast.ImportFrom) or node.module in (None, "__future__"):
            kept.append(node)
            continue
        names = [alias for alias in node.names if (alias.asname or alias.name) in needed]
        if names:
            kept.append(ast.ImportFrom(node.module, names, node.level))
        for alias in node.names:
            if alias not in names:
                offered[alias.asname or alias.name] = ("." * node.level + (node.module or ""), alias.name)
    init.write_text(ast.unparse(ast.Module(kept, [])) + _ON_DEMAND.format(offered=offered))


def keep_latest_version(service: Path) -> Path:
    """Delete all but the newest description of a service, and answer its folder."""
    *superseded, latest = sorted(service.iterdir())
    for version in superseded:
        shutil.rmtree(version)
    return latest


def drop_documentation(version: Path) -> None:
    """Write the description of a service without its texts: a quarter of the time a client takes to make."""
    for examples in version.glob("examples-*"):
        examples.unlink()
    compressed = version / "service-2.json.gz"
    described = json.loads(gzip.decompress(compressed.read_bytes()))
    compressed.unlink()
    write_json(version / "service-2.json", without_documentation(described))


def without_documentation(node: Any) -> Any:
    """Answer a description with its texts empty: botocore looks some of them up, and never reads them."""
    if isinstance(node, dict):
        return {
            key: "" if key == "documentation" and isinstance(value, str) else without_documentation(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [without_documentation(value) for value in node]
    return node


def keep_endpoints(path: Path) -> None:
    """Keep the endpoints of our services alone: making the first client parses them all."""
    endpoints = json.loads(path.read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {
            name: described for name, described in partition["services"].items() if name in SERVICES
        }
    write_json(path, endpoints)


def write_json(path: Path, content: Any) -> None:
    """Write JSON in as few bytes as it takes."""
    path.write_text(json.dumps(content, separators=(",", ":")))


if __name__ == "__main__":
    prune(Path(sys.argv[1]))

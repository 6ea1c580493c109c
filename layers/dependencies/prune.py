"""Reduce the layer to what the store loads; run as ``python prune.py FOLDER``.

botocore has descriptions of every AWS service, most of what a cold start would unzip and parse. The pruned copy cannot
create a client of a service that is not in `SERVICES`. pydantic has all of its first version in a package of its own.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

SERVICES = frozenset(
    {"cloudfront", "dynamodb", "events", "kms", "lambda", "s3", "secretsmanager", "sqs", "ssm"}
)


def prune(packages: Path) -> None:
    """Prune boto3, botocore and pydantic in a folder of installed packages."""
    shutil.rmtree(packages / "pydantic" / "v1")  # imported only for models of pydantic 1
    shutil.rmtree(packages / "boto3" / "data")  # of boto3 resources; the store only uses clients
    shutil.rmtree(packages / "boto3" / "examples")
    data = packages / "botocore" / "data"
    for service in data.iterdir():
        if service.is_dir() and service.name not in SERVICES:
            shutil.rmtree(service)
    for name in SERVICES:
        latest = keep_latest_version(data / name)
        drop_documentation(latest)
    keep_endpoints(data / "endpoints.json")


def keep_latest_version(service: Path) -> Path:
    """Delete all but the newest description of a service, and return its folder."""
    *superseded, latest = sorted(service.iterdir())
    for version in superseded:
        shutil.rmtree(version)
    return latest


def drop_documentation(version: Path) -> None:
    """Remove documentation from the description of a service, which saves a quarter of the time to create a client."""
    for examples in version.glob("examples-*"):
        examples.unlink()
    compressed = version / "service-2.json.gz"
    described = json.loads(gzip.decompress(compressed.read_bytes()))
    compressed.unlink()
    write_json(version / "service-2.json", without_documentation(described))


def without_documentation(node: Any) -> Any:
    """Return a description with empty documentation: botocore accesses some of the texts but never uses them."""
    if isinstance(node, dict):
        return {
            key: "" if key == "documentation" and isinstance(value, str) else without_documentation(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [without_documentation(value) for value in node]
    return node


def keep_endpoints(path: Path) -> None:
    """Keep only the endpoints of our services: creating the first client parses all endpoints."""
    endpoints = json.loads(path.read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {
            name: described for name, described in partition["services"].items() if name in SERVICES
        }
    write_json(path, endpoints)


def write_json(path: Path, content: Any) -> None:
    """Write JSON without white space."""
    path.write_text(json.dumps(content, separators=(",", ":")))


if __name__ == "__main__":
    prune(Path(sys.argv[1]))

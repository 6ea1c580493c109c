"""Take out of an installed boto3 what the store never loads; run as ``python prune.py FOLDER``.

botocore describes every AWS service: most of what would be unzipped and parsed at a cold start. A client of a
service that is not in `SERVICES` cannot be made from the pruned copy.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

SERVICES = frozenset({"dynamodb", "s3", "secretsmanager", "sqs"})


def prune(packages: Path) -> None:
    """Delete unused data of boto3 and botocore from a folder of installed packages."""
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

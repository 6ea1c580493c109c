"""Take out of an installed boto3 what the store never loads; run as ``python prune.py FOLDER``.

botocore describes every AWS service and brings their endpoints: 28 MB unzipped, of which the store needs one. A client
of a service that is not in `SERVICES` cannot be made from the pruned copy.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

SERVICES = frozenset({"dynamodb", "s3", "secretsmanager", "sqs"})


def prune(packages: Path) -> None:
    """Delete unused data of boto3 and botocore from a folder of installed packages."""
    shutil.rmtree(packages / "boto3" / "data")  # the resource interfaces, and the store only has clients
    shutil.rmtree(packages / "boto3" / "examples")
    data = packages / "botocore" / "data"
    for service in data.iterdir():
        if service.is_dir() and service.name not in SERVICES:
            shutil.rmtree(service)
    for service in SERVICES:
        keep_latest_version(data / service)
    keep_endpoints(data / "endpoints.json")


def keep_latest_version(service: Path) -> None:
    """Delete all but the newest description of a service, and the examples of that one."""
    *superseded, latest = sorted(service.iterdir())
    for version in superseded:
        shutil.rmtree(version)
    for examples in latest.glob("examples-*"):
        examples.unlink()


def keep_endpoints(path: Path) -> None:
    """Keep the endpoints of our services alone: every cold start parses this file."""
    endpoints: dict[str, Any] = json.loads(path.read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {
            name: described for name, described in partition["services"].items() if name in SERVICES
        }
    path.write_text(json.dumps(endpoints, separators=(",", ":")))


if __name__ == "__main__":
    prune(Path(sys.argv[1]))

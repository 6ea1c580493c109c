"""Upload the output of ``sam build`` to a bucket and put its addresses into the template, as ``sam package`` does."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

CODE_PROPERTIES = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip; equal code must make equal archives
READABLE = 0o644 << 16
EXECUTABLE = 0o755 << 16
NOT_LOCAL = "AWS::CloudWatch::"
"""A laptop needs no alarms, and the emulator refuses alarms on metric math."""


def package(build_folder: Path, *, bucket: str, storage: Any) -> str:
    """Upload the code of the built template; return the template as JSON with the addresses of the code.

    Alarms and dashboards are left out. The key of an archive is its hash, so that functions with unchanged code are not
    updated.
    """
    template: dict[str, Any] = yaml.load((build_folder / "template.yaml").read_text(), yaml.CSafeLoader)
    template["Resources"] = {
        name: resource
        for name, resource in template["Resources"].items()
        if not resource["Type"].startswith(NOT_LOCAL)
    }
    addresses: dict[Path, str] = {}
    for resource in template["Resources"].values():
        name = CODE_PROPERTIES.get(resource["Type"])
        if name is None:
            continue
        folder = (build_folder / resource["Properties"][name]).resolve()
        if folder not in addresses:
            archive = zip_folder(folder)
            key = f"{hashlib.sha256(archive).hexdigest()}.zip"
            storage.put_object(Bucket=bucket, Key=key, Body=archive)
            addresses[folder] = f"s3://{bucket}/{key}"
        resource["Properties"][name] = addresses[folder]
    return json.dumps(template)


def zip_folder(folder: Path) -> bytes:
    """Return an archive of a folder that depends only on the folder's content."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:  # it never leaves the machine
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path)[len(str(folder)) + 1 :], LONG_AGO)
                entry.external_attr = EXECUTABLE if path.stat().st_mode & 0o100 else READABLE
                zipped.writestr(entry, path.read_bytes())
    return archive.getvalue()

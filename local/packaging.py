"""Put what ``sam build`` made into a bucket, and name the places in the template, as ``sam package`` does."""

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
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold: equal code must make equal archives
READABLE = 0o644 << 16
EXECUTABLE = 0o755 << 16
NOT_LOCAL = "AWS::CloudWatch::"
"""A laptop needs no alarms, and the emulator refuses those that compute with metrics."""


def package(build_folder: Path, *, bucket: str, storage: Any) -> str:
    """Upload the code of the built template and answer the template, as JSON, with its new places.

    Alarms and dashboards are left out.
    An archive's key is its hash, so that an unchanged one is recognised and its function left alone.
    """
    template: dict[str, Any] = yaml.safe_load((build_folder / "template.yaml").read_text())
    template["Resources"] = {
        name: resource
        for name, resource in template["Resources"].items()
        if not resource["Type"].startswith(NOT_LOCAL)
    }
    places: dict[Path, str] = {}
    for resource in template["Resources"].values():
        name = CODE_PROPERTIES.get(resource["Type"])
        if name is None:
            continue
        folder = (build_folder / resource["Properties"][name]).resolve()
        if folder not in places:
            archive = zip_folder(folder)
            key = f"{hashlib.sha256(archive).hexdigest()}.zip"
            storage.put_object(Bucket=bucket, Key=key, Body=archive)
            places[folder] = f"s3://{bucket}/{key}"
        resource["Properties"][name] = places[folder]
    return json.dumps(template)


def zip_folder(folder: Path) -> bytes:
    """Answer an archive of a folder that depends on its content alone."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:  # it never leaves the machine
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(folder)), LONG_AGO)
                entry.external_attr = EXECUTABLE if path.stat().st_mode & 0o100 else READABLE
                zipped.writestr(entry, path.read_bytes())
    return archive.getvalue()

"""Archives of built code, and the template that names them."""

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local.packaging import package, zip_folder

TEMPLATE = """
Resources:
  ListFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ListFunction, Handler: app.lambda_handler}
  SharedLayer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: SharedLayer}
  Table:
    Type: AWS::DynamoDB::Table
    Properties: {BillingMode: PAY_PER_REQUEST}
  FailureRateAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {Metrics: []}
"""


class Storage:
    """Keeps uploaded objects."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's names
        self.objects[f"{Bucket}/{Key}"] = Body


@pytest.fixture
def build_folder(tmp_path: Path) -> Path:
    """The output of ``sam build`` for one function and one layer."""
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    for name in ("ListFunction/app.py", "SharedLayer/python/image_store/__init__.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(f"# {name}")
    return tmp_path


def packaged(build_folder: Path) -> tuple[dict[str, Any], Storage]:
    """Package into a fresh storage."""
    storage = Storage()
    return json.loads(package(build_folder, bucket="code", storage=storage))["Resources"], storage


def test_uploaded_code_replaces_the_folders_in_the_template(build_folder: Path) -> None:
    resources, storage = packaged(build_folder)

    function = resources["ListFunction"]["Properties"]["CodeUri"].removeprefix("s3://")
    layer = resources["SharedLayer"]["Properties"]["ContentUri"].removeprefix("s3://")
    assert set(storage.objects) == {function, layer}
    assert zipfile.ZipFile(io.BytesIO(storage.objects[function])).namelist() == ["app.py"]
    assert resources["Table"]["Properties"] == {"BillingMode": "PAY_PER_REQUEST"}


def test_alarms_are_left_out(build_folder: Path) -> None:
    resources, _ = packaged(build_folder)

    assert set(resources) == {"ListFunction", "SharedLayer", "Table"}


def test_equal_code_has_the_same_address_in_every_build(build_folder: Path) -> None:
    before, _ = packaged(build_folder)
    os.utime(build_folder / "ListFunction/app.py", (0, 0))

    after, _ = packaged(build_folder)

    assert after == before


def test_changed_code_has_another_address(build_folder: Path) -> None:
    before, _ = packaged(build_folder)
    (build_folder / "ListFunction/app.py").write_text("# changed")

    after, _ = packaged(build_folder)

    assert after["ListFunction"] != before["ListFunction"]
    assert after["SharedLayer"] == before["SharedLayer"]


def test_an_executable_stays_executable(tmp_path: Path) -> None:
    script = tmp_path / "bootstrap"
    script.write_text("#!/bin/sh")
    script.chmod(0o755)

    entry = zipfile.ZipFile(io.BytesIO(zip_folder(tmp_path))).getinfo("bootstrap")

    assert entry.external_attr >> 16 == 0o755

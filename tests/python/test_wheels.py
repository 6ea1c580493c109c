"""What `pip install` gets: the wheels of the command line and of the clients, with what they need and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSION = json.loads((ROOT / "functions/site/openapi.json").read_text("utf-8"))["info"]["version"]
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Project:
    """One project of this checkout that can be installed."""

    folder: Path
    package: Path
    requirements: frozenset[str]
    """What a plain installation gets with it."""


PROJECTS = {
    "image-store-client": Project(
        ROOT / "clients/python", ROOT / "clients/python/image_store_client", frozenset({"httpx"})
    ),
    "image-store-mcp": Project(
        ROOT / "clients/mcp", ROOT / "clients/mcp/image_store_mcp", frozenset({"image-store-client"})
    ),
    "image-store": Project(
        ROOT, ROOT / "cli/image_store_cli", frozenset({"image-store-client", "image-store-mcp", "rich"})
    ),
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel of each project, built without a network."""
    built = {}
    for name, project in PROJECTS.items():
        folder = tmp_path_factory.mktemp(name)
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        subprocess.run(command, cwd=project.folder, check=True, capture_output=True, timeout=SECONDS)
        [built[name]] = folder.glob("*.whl")
    return built


@pytest.mark.parametrize("name", PROJECTS)
def test_a_wheel_holds_its_package_and_nothing_else(wheels: dict[str, Path], name: str) -> None:
    package = PROJECTS[name].package
    with zipfile.ZipFile(wheels[name]) as wheel:
        files = [file for file in wheel.namelist() if ".dist-info/" not in file]

    sources = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert set(files) == {path.relative_to(package.parent).as_posix() for path in sources}
    assert len(files) == len(set(files)) > 10


@pytest.mark.parametrize("name", PROJECTS)
def test_a_wheel_says_its_version_and_what_it_needs(wheels: dict[str, Path], name: str) -> None:
    with zipfile.ZipFile(wheels[name]) as wheel:
        [path] = [file for file in wheel.namelist() if file.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(wheel.read(path).decode("utf-8"))

    requirements = metadata.get_all("Requires-Dist", [])
    always = {re.split(r"[^\w-]", each)[0] for each in requirements if "extra ==" not in each}
    assert (metadata["Name"], metadata["Version"]) == (name, VERSION)
    assert always == PROJECTS[name].requirements
    # AWS's libraries come only with an extra of the command line.
    assert {each.split(";")[1].strip() for each in requirements if "boto" in each} <= {"extra == 'aws'"}


def test_the_command_runs_from_the_wheels_alone(wheels: dict[str, Path], tmp_path: Path) -> None:
    """Python reads a wheel as it is; httpx and rich come from the environment of the tests."""
    path = os.pathsep.join(map(str, wheels.values()))
    program = "import image_store_cli, image_store_client, image_store_mcp; print(image_store_cli.__file__)"

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env={"PYTHONPATH": path, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
            timeout=SECONDS,
        )
        return done.stdout

    assert str(wheels["image-store"]) in run("-c", program)
    assert VERSION in run("-m", "image_store_cli", "--version")
    assert "install" in run("-m", "image_store_cli", "mcp", "--help")

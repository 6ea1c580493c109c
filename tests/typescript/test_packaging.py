"""The npm package of the TypeScript client is complete, small, and works where it is installed from its tarball."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from local import bootstrap
from tests.benchmarks import clients
from tools import client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.typescript.built_client import BuiltClient

APP = client.PACKAGE / "tests/packaging/app"
MODULES = client.PACKAGE / "node_modules"
TYPES_OF_THE_APP = ("react", "react-dom", "@types/react", "@types/react-dom", "csstype")
"""What an app has beside the client, and what the types of the client refer to."""


@pytest.fixture(scope="module")
def tarball(typescript_client: BuiltClient, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `npm publish` would send."""
    folder = tmp_path_factory.mktemp("tarball")
    npm("pack", "--pack-destination", str(folder), cwd=client.PACKAGE)
    return next(folder.glob("*.tgz"))


@pytest.fixture(scope="module")
def app(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder in which the tarball was installed without a network."""
    folder = tmp_path_factory.mktemp("app")
    dependencies = json.loads((client.PACKAGE / "package.json").read_text())["dependencies"]
    for name in dependencies:
        npm("pack", "--pack-destination", str(folder), str(MODULES / name), cwd=folder)
    (folder / "package.json").write_text('{"type": "module"}')
    packed = [str(path) for path in folder.glob("*.tgz")]
    npm(
        "install",
        "--offline",
        "--cache",
        str(folder / "cache"),
        "--omit=peer",
        *packed,
        str(tarball),
        cwd=folder,
    )
    shutil.copytree(APP, folder, dirs_exist_ok=True)
    return folder


def test_the_package_follows_the_rules_of_publint(typescript_client: BuiltClient) -> None:
    output = typescript_client.run("publint/src/cli.js", "--strict", "--pack", "false")

    assert "All good" in output


def test_every_entry_has_types_for_bundlers_and_node(typescript_client: BuiltClient, tarball: Path) -> None:
    output = typescript_client.run(
        "@arethetypeswrong/cli/dist/index.js", str(tarball), "--profile", "esm-only", "--format", "json"
    )

    problems = json.loads(output)["problems"]
    assert {kind for kind in problems if kind not in ("NoResolution", "CJSResolvesToESM")} == set()


def test_the_tarball_holds_what_apps_load_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}

    entries = json.loads((client.PACKAGE / "package.json").read_text())["exports"].values()
    declared = {
        path for entry in entries for path in (entry.values() if isinstance(entry, dict) else [entry])
    }
    assert {path.removeprefix("./") for path in declared} <= names
    assert {name for name in names if not name.endswith((".js", ".d.ts"))} <= {"package.json", "README.md"}


def test_the_installed_package_works_on_node(app: Path) -> None:
    node = str(bootstrap.node_of(client.ENVIRONMENT))

    process = subprocess.run(
        [node, "use.mjs"], cwd=app, capture_output=True, text=True, check=False, timeout=60
    )

    assert process.stderr == ""
    assert json.loads(process.stdout) == {
        "isTyped": True,
        "code": "image_not_found",
        "uploadCode": "unsupported_media_type",
        "loader": "/logo.png",
        "token": "iut_1",
        "webhookCode": "missing_header",
    }


@pytest.mark.parametrize(("module", "resolution"), [("esnext", "bundler"), ("nodenext", "nodenext")])
def test_the_installed_types_compile(app: Path, module: str, resolution: str) -> None:
    for name in TYPES_OF_THE_APP:
        link = app / "node_modules" / name
        link.parent.mkdir(exist_ok=True)
        if not link.exists():
            link.symlink_to(MODULES / name)
    compiler = client.program("typescript/bin/tsc", "--project", str(app))

    process = subprocess.run(
        [*compiler, "--module", module, "--moduleResolution", resolution],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert process.stdout == ""


def test_the_bundles_are_small_and_hold_everything(typescript_client: BuiltClient) -> None:
    measurements = list(clients.measure(client.ROOT / "build"))

    assert [measurement.name for measurement in measurements if not measurement.holds] == []
    assert clients.modules_outside_of_bundles() <= {"react", "react/jsx-runtime"}, "no module of Node"


def npm(command: str, *arguments: str, cwd: Path) -> None:
    """Run npm without the scripts of packages; fail the test with its output if it fails."""
    process = subprocess.run(
        [
            *bootstrap.npm(client.ENVIRONMENT), command, "--ignore-scripts", "--no-audit", "--no-fund",
            "--no-update-notifier", "--loglevel=error", *arguments,
        ],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )  # fmt: skip
    if process.returncode != 0:
        pytest.fail(process.stdout + process.stderr, pytrace=False)

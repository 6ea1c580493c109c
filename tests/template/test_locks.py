"""Locks have hashes and no registry addresses, and every environment has the versions of the layers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("dependencies", "imaging", "crypto", "providers", "mcp")
LAYER_LOCKS = [ROOT / f"layers/{layer}/requirements.txt" for layer in LAYERS]
LOCKS = [
    *LAYER_LOCKS,
    *sorted((ROOT / "requirements").glob("*.txt")),
    ROOT / "examples/fastapi/requirements.txt",
]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)")
NPM = [
    ROOT / "tests/openapi",
    ROOT / "tests/ai_clients",
    ROOT / "tests/receivers",
    ROOT / "clients/typescript",
    *(ROOT / f"examples/{name}" for name in ("gallery", "hono", "next")),
]
NAMED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")


def name_of(lock: Path) -> str:
    """Name a lock in a test's id."""
    return str(lock.relative_to(ROOT))


def entries(lock: Path) -> list[str]:
    """Every requirement of a lock with its continuation lines."""
    lines = lock.read_text().splitlines()
    requirements = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return re.split(r"(?<!\\)\n(?=\S)", "\n".join(requirements))


def versions(lock: Path) -> dict[str, str]:
    """The pinned version of every package."""
    by_package = {}
    for entry in entries(lock):
        pinned = PINNED.match(entry)
        assert pinned is not None, entry
        by_package[pinned[1].lower()] = pinned[2]
    return by_package


def required_packages(requirements: Path) -> set[str]:
    """The packages that a .in file names itself."""
    lines = requirements.read_text().splitlines()
    matches = [NAMED.match(line) for line in lines]
    return {name[1].lower() for name in matches if name is not None}


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_every_package_is_pinned_with_its_hashes(lock: Path) -> None:
    for entry in entries(lock):
        assert PINNED.match(entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_no_lock_has_a_registry_address(lock: Path) -> None:
    for path in (lock, lock.with_suffix(".in")):
        text = path.read_text()

        assert "://" not in text
        assert not re.search(r"^\s*(-i|-f|--(extra-)?index-url|--find-links)\b", text, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_a_lock_has_every_required_package(lock: Path) -> None:
    assert required_packages(lock.with_suffix(".in")) <= versions(lock).keys()


@pytest.mark.parametrize("layer", LAYER_LOCKS, ids=name_of)
def test_tests_run_on_the_versions_that_are_deployed(layer: Path) -> None:
    tested = versions(ROOT / "requirements/dev.txt")

    assert {name: tested.get(name) for name in versions(layer)} == versions(layer)


def test_only_the_imaging_layer_brings_pillow() -> None:
    by_layer = {layer: versions(lock) for layer, lock in zip(LAYERS, LAYER_LOCKS, strict=True)}

    assert set(by_layer["imaging"]) == {"pillow"}
    assert not [layer for layer in LAYERS if layer != "imaging" and "pillow" in by_layer[layer]]


def test_no_function_gets_a_package_from_two_layers() -> None:
    """Only `generate` has the layer of the providers, and only `mcp` that of the tools for AI clients."""
    for apart in ("providers", "mcp"):
        locks = [lock for layer, lock in zip(LAYERS, LAYER_LOCKS, strict=True) if layer != apart]
        packages = [name for lock in locks for name in versions(lock)]

        assert len(packages) == len(set(packages))


@pytest.mark.parametrize("folder", NPM, ids=name_of)
def test_every_npm_package_has_its_checksum_and_no_address(folder: Path) -> None:
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    # The client is no package of a registry: the example uses the one that is built beside it.
    installed = {
        name: package
        for name, package in packages.items()
        if name.startswith("node_modules/") and "link" not in package
    }

    assert len(installed) > 3
    for name, package in installed.items():
        assert package.get("inBundle") or package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


@pytest.mark.parametrize("folder", NPM, ids=name_of)
def test_npm_packages_are_required_by_exact_version(folder: Path) -> None:
    declared = json.loads((folder / "package.json").read_text())
    dependencies = declared["dependencies"] | declared.get("devDependencies", {})
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    dependencies = {
        name: version for name, version in dependencies.items() if not version.startswith("file:")
    }

    # An alias, such as `npm:react@18.3.1`, is required by the version at its end.
    assert {name: packages[f"node_modules/{name}"]["version"] for name in dependencies} == {
        name: version.rpartition("@")[2] for name, version in dependencies.items()
    }

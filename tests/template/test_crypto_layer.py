"""The pruned encryption layer encrypts and decrypts as before."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cryptography
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path(cryptography.__file__).parents[1]
SEAL_AND_OPEN = """
import sys
sys.path.insert(0, sys.argv[1])
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
import cryptography
cipher = AESGCM(bytes(32))
sealed = cipher.encrypt(bytes(12), b"text", b"bound")
assert cipher.decrypt(bytes(12), sealed, b"bound") == b"text"
try:
    cipher.decrypt(bytes(12), sealed, b"otherwise")
except InvalidTag:
    print(cryptography.__file__)
"""


def pruning() -> Any:
    """The module with which the layer is pruned."""
    spec = importlib.util.spec_from_file_location("prune_crypto", ROOT / "layers/crypto/prune.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pruned(tmp_path: Path) -> Path:
    """A folder with the packages of this machine, pruned as the layer's are."""
    for package in (PACKAGES / "cryptography", *PACKAGES.glob("cryptography-*.dist-info")):
        shutil.copytree(package, tmp_path / package.name)
    for library in PACKAGES.glob("_cffi_backend*"):
        shutil.copy(library, tmp_path)
    for name in ("cffi", "pycparser"):
        (tmp_path / name).mkdir()
    pruning().prune(tmp_path)
    return tmp_path


def test_the_pruned_package_encrypts_and_decrypts(pruned: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SEAL_AND_OPEN, pruned],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.strip()).is_relative_to(pruned)


def test_build_dependencies_are_removed(pruned: Path) -> None:
    assert not {"cffi", "pycparser"} & {path.name for path in pruned.iterdir()}


@pytest.mark.skipif(sys.platform != "linux", reason="libraries of other systems are left as they are")
def test_libraries_lose_sections_that_no_loader_reads(pruned: Path) -> None:
    (library,) = (pruned / "cryptography").rglob("*.so")
    (whole,) = (PACKAGES / "cryptography").rglob("*.so")

    assert library.stat().st_size < 0.9 * whole.stat().st_size
    assert whole.read_bytes()[64:4096] == library.read_bytes()[64:4096]

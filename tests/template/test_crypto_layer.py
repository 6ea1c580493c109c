"""The pruned encryption layer encrypts and decrypts as before."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

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

VERIFY = """
import sys
sys.path.insert(0, sys.argv[1])
import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
keys = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
}
for algorithm, key in keys.items():
    token = jwt.encode({"sub": "alice"}, key, algorithm)
    public = key.public_key()
    assert jwt.decode(token, public, algorithms=[algorithm]) == {"sub": "alice"}
    try:
        jwt.decode(token[:-8] + "AAAAAAAA", public, algorithms=[algorithm])
    except jwt.InvalidSignatureError:
        continue
    raise AssertionError(algorithm)
assert x509.oid.NameOID.COMMON_NAME == x509.NameOID.COMMON_NAME
assert x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")]).rfc4514_string() == "CN=a"
"""


@pytest.fixture
def pruned(tmp_path: Path) -> Path:
    """A folder with the packages of this machine, pruned as the layer's are."""
    for package in (PACKAGES / "jwt", PACKAGES / "cryptography", *PACKAGES.glob("cryptography-*.dist-info")):
        shutil.copytree(package, tmp_path / package.name)
    for library in PACKAGES.glob("_cffi_backend*"):
        shutil.copy(library, tmp_path)
    for name in ("cffi", "pycparser"):
        (tmp_path / name).mkdir()
    for script in ("on_demand.py", "prune.py"):  # as the Makefile does
        subprocess.run([sys.executable, "-I", ROOT / "layers/crypto" / script, tmp_path], check=True)
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


@pytest.mark.parametrize("package", ["jwt", "cryptography.x509"])
def test_a_package_exports_the_same_names_and_imports_them_on_demand(pruned: Path, package: str) -> None:
    exported = [name for name in importlib.import_module(package).__all__ if not name.startswith("_")]

    result = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            ROOT / "tests/template/on_demand_imports.py",
            pruned,
            package,
            *exported,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert result.returncode == 0, result.stderr
    reported = json.loads(result.stdout)
    assert reported["missing"] == []
    assert not {"jwt.jwks_client", "cryptography.x509.base", "cryptography.x509.verification"} & set(
        reported["loaded"]
    )


def test_the_pruned_packages_verify_tokens_and_read_certificates(pruned: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", VERIFY, pruned],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert result.returncode == 0, result.stderr


def test_build_dependencies_are_removed(pruned: Path) -> None:
    assert not {"cffi", "pycparser"} & {path.name for path in pruned.iterdir()}


@pytest.mark.skipif(sys.platform != "linux", reason="libraries of other systems are left as they are")
def test_libraries_lose_sections_that_no_loader_reads(pruned: Path) -> None:
    (library,) = (pruned / "cryptography").rglob("*.so")
    (whole,) = (PACKAGES / "cryptography").rglob("*.so")

    assert library.stat().st_size < 0.9 * whole.stat().st_size
    assert whole.read_bytes()[64:4096] == library.read_bytes()[64:4096]

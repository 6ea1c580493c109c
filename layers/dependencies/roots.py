"""Write each certificate authority that botocore trusts to its own file; run as ``python roots.py FOLDER``.

OpenSSL reads a whole bundle of 126 certificates, of which a function needs two or three: a tenth of a cold start. From
a folder it reads only those it needs, and finds them by a hash of their subject (X509_NAME_hash of OpenSSL 1.0 and
later). The folder has every certificate of the bundle, so that the same authorities are trusted.

This script reads DER itself because layers are built by a bare Python: neither the openssl command nor a library that
computes this hash is on every machine that builds. tests/remote/test_trust.py compares with OpenSSL.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", re.DOTALL)
SEQUENCE, SET, VERSION, UTF8 = 0x30, 0x31, 0xA0, 0x0C
LONG_FORM = 0x80
ENCODINGS = {
    UTF8: "utf-8",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
"""Encodings of the strings that a name can hold, by their tag in X.680."""
SUBJECT = 4
"""Position of the subject in a certificate, not counting the version (RFC 5280, section 4.1)."""


def lay_out(bundle: Path, folder: Path) -> None:
    """Write every certificate of a bundle to a new folder, under the name by which OpenSSL looks it up."""
    folder.mkdir()
    for pem in CERTIFICATE.findall(bundle.read_text(encoding="utf-8")):
        name = subject_hash(ssl.PEM_cert_to_DER_cert(pem))
        same_hash = len(list(folder.glob(f"{name}.*")))
        (folder / f"{name}.{same_hash}").write_text(pem, encoding="ascii")


def subject_hash(certificate: bytes) -> str:
    """Return the hash of a certificate's subject, as `openssl x509 -subject_hash` prints it."""
    ((_, whole),) = elements(certificate)
    _, signed = next(elements(whole))
    parts = [content for tag, content in elements(signed) if tag != VERSION]
    canonical = b"".join(canonical_set(content) for _, content in elements(parts[SUBJECT]))
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def canonical_set(content: bytes) -> bytes:
    """Return a part of a name in the form in which OpenSSL compares names."""
    pairs = []
    for _, pair in elements(content):
        (kind, identifier), (tag, value) = elements(pair)
        if tag in ENCODINGS:
            text = " ".join(re.split(r"[ \t\n\v\f\r]+", value.decode(ENCODINGS[tag]).strip(" \t\n\v\f\r")))
            tag, value = UTF8, "".join(c.lower() if c.isascii() else c for c in text).encode()
        pairs.append(element(SEQUENCE, element(kind, identifier) + element(tag, value)))
    return element(SET, b"".join(sorted(pairs)))


def elements(encoded: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the tag and content of each element of DER (X.690)."""
    at = 0
    while at < len(encoded):
        tag, length = encoded[at], encoded[at + 1]
        at += 2
        if length >= LONG_FORM:
            count = length - LONG_FORM
            length = int.from_bytes(encoded[at : at + count], "big")
            at += count
        yield tag, encoded[at : at + length]
        at += length


def element(tag: int, content: bytes) -> bytes:
    """Encode one element of DER."""
    if len(content) < LONG_FORM:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, LONG_FORM + len(length))) + length + content


if __name__ == "__main__":
    botocore = Path(sys.argv[1], "botocore")
    lay_out(botocore / "cacert.pem", botocore / "cacert.d")

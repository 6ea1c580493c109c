"""Leave in the layer what encryption loads; run as ``python prune.py FOLDER``.

cryptography was built with cffi but only needs `_cffi_backend` at run time. A fifth of its library, which is nearly the
whole layer, is debugging symbols after the loaded segments.
"""

from __future__ import annotations

import shutil
import struct
import sys
from pathlib import Path

BUILT_WITH = ("cffi", "pycparser")

_ELF_64_LITTLE_ENDIAN = b"\x7fELF\x02\x01"
_SECTIONS_OFFSET = 40
_PROGRAM_HEADERS = struct.Struct("<32xQ14xHH")
"""In the file header (System V ABI, chapter 4): their offset, the size of each, and their number."""
_SECTIONS = struct.Struct("<HHH")
_SECTIONS_AT = 58
_SEGMENT = struct.Struct("<8xQ16xQ")
"""In a program header: the offset and size of its segment in the file."""


def prune(packages: Path) -> None:
    """Prune cryptography and remove its build dependencies in a folder of installed packages."""
    for name in BUILT_WITH:
        shutil.rmtree(packages / name)
    for stub in packages.rglob("*.pyi"):  # for type checkers
        stub.unlink()
    for library in packages.rglob("*.so"):
        content = library.read_bytes()
        if content.startswith(_ELF_64_LITTLE_ENDIAN):  # on a Mac the local stack has another format
            library.write_bytes(without_sections(content))


def without_sections(library: bytes) -> bytes:
    """Return a library of 64-bit Linux without the section table and everything else that no loader reads."""
    begin, length, count = _PROGRAM_HEADERS.unpack_from(library)
    segments = [_SEGMENT.unpack_from(library, begin + number * length) for number in range(count)]
    end = max(offset + size for offset, size in segments)
    shortened = bytearray(library[:end])
    struct.pack_into("<Q", shortened, _SECTIONS_OFFSET, 0)
    _SECTIONS.pack_into(shortened, _SECTIONS_AT, 0, 0, 0)
    return bytes(shortened)


if __name__ == "__main__":
    prune(Path(sys.argv[1]))

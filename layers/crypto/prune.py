"""Leave in the layer what sealing loads; run as ``python prune.py FOLDER``.

cryptography was built with cffi, and needs no more of it than `_cffi_backend`. Its library, which is nearly all there
is, carries names for debuggers behind what is loaded: a fifth of it.
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
"""Of the file's header (System V ABI, chapter 4): where they begin, how long each is, and how many there are."""
_SECTIONS = struct.Struct("<HHH")
_SECTIONS_AT = 58
_SEGMENT = struct.Struct("<8xQ16xQ")
"""Of a program header: where its segment begins in the file, and how long it is there."""


def prune(packages: Path) -> None:
    """Prune cryptography and what it was built with in a folder of installed packages."""
    for name in BUILT_WITH:
        shutil.rmtree(packages / name)
    for library in packages.rglob("*.so"):
        held = library.read_bytes()
        if held.startswith(_ELF_64_LITTLE_ENDIAN):  # on a Mac the local stack has others
            library.write_bytes(without_sections(held))


def without_sections(library: bytes) -> bytes:
    """Answer a library of 64-bit Linux without what no loader reads: its sections' table, and what is in no segment."""
    begin, length, count = _PROGRAM_HEADERS.unpack_from(library)
    segments = [_SEGMENT.unpack_from(library, begin + number * length) for number in range(count)]
    end = max(offset + size for offset, size in segments)
    kept = bytearray(library[:end])
    struct.pack_into("<Q", kept, _SECTIONS_OFFSET, 0)
    _SECTIONS.pack_into(kept, _SECTIONS_AT, 0, 0, 0)
    return bytes(kept)


if __name__ == "__main__":
    prune(Path(sys.argv[1]))

"""Metadata that lies, for files of any format."""

import struct

from tests import profiles


def looping_exif() -> bytes:
    """EXIF whose directory names itself as the next one and as its own sub-directory."""
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    return b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + struct.pack("<H", 1) + entry + struct.pack("<I", 8)


def profile_of(size_bytes: int) -> bytes:
    """A profile that is one enormous tag."""
    profile = bytearray(profiles.display_p3_profile())
    profile[0:4] = struct.pack(">I", size_bytes)
    return bytes(profile).ljust(size_bytes, b"\x7f")

"""Reads the orientation of a picture from its EXIF data, and nothing else."""

import struct

_ORIENTATION_TAG = 0x0112
_SHORT, _LONG = 3, 4
_PREFIX = b"Exif\x00\x00"
_ENTRY_BYTES = 12


def orientation_of(exif: bytes) -> int:
    """The orientation, 1–8, in the first directory of EXIF data; 1 if there is none or it is invalid.

    XMP does not count: browsers turn a picture by EXIF alone.
    """
    tiff = exif.removeprefix(_PREFIX)
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 1
    (at,) = struct.unpack_from(f"{order}I", tiff, 4)
    if at + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    for start in range(
        at + 2, min(at + 2 + count * _ENTRY_BYTES, len(tiff) - _ENTRY_BYTES + 1), _ENTRY_BYTES
    ):
        tag, kind, values = struct.unpack_from(f"{order}HHI", tiff, start)
        if tag == _ORIENTATION_TAG:
            form = {_SHORT: "H", _LONG: "I"}.get(kind)
            if form is None or values != 1:
                return 1
            (orientation,) = struct.unpack_from(f"{order}{form}", tiff, start + 8)
            return orientation if 1 <= orientation <= 8 else 1
    return 1

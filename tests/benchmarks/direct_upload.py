"""How much memory it takes to complete the largest direct upload.

The bytes are read whole, up to the size that was announced and never more than MAX_BYTES, and decoded whole,
within the cap of pixels, at four bytes each: 105 MB and 139 MB of this picture. What is above that are the
renditions, of 2048 px at most. So 400 MB is this picture's share with room for another version of Pillow; the worst
that is accepted takes three times as much, as the processor tells, and one upload at a time has 3008 MB.
"""

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measurement import Measurement
from tests.benchmarks.s3_server import LocalS3

_SIDE_PX = 5_900
"""Noise cannot be compressed: three bytes a pixel make 104 MB of 35 MP, just below what is accepted."""
STORED_AS = "noise.png"


def measure(build: Path) -> Iterator[Measurement]:
    """Complete the upload of a picture that lies at a server of this machine, in a process of its own."""
    picture = build / "pictures" / "100mb.png"
    if not picture.exists():
        _write_noise(picture)
    with LocalS3(objects={f"/private/{STORED_AS}": picture}) as server:
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.direct_upload_child",
            server.endpoint,
            str(picture),
        ]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    size_mb = picture.stat().st_size / 1_000_000
    detail = f"PNG of {size_mb:.0f} MB and {_SIDE_PX**2 / 1_000_000:.0f} MP, over the import"
    yield Measurement("direct_upload_100mb_rss_mb", float(done.stdout), "MB", 400, detail)


def _write_noise(path: Path) -> None:
    """Write a PNG of noise row by row, so that the memory of whoever starts a child process stays small."""
    path.parent.mkdir(parents=True, exist_ok=True)
    packer = zlib.compressobj(level=0)
    header = struct.pack(">IIBBBBB", _SIDE_PX, _SIDE_PX, 8, 2, 0, 0, 0)
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header))
        for _ in range(_SIDE_PX):
            file.write(_chunk(b"IDAT", packer.compress(b"\x00" + os.urandom(3 * _SIDE_PX))))
        file.write(_chunk(b"IDAT", packer.flush()) + _chunk(b"IEND", b""))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

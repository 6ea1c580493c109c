"""Files built to hurt whoever opens them: small, of every accepted format, each made when it is asked for.

Many follow what was reported against Pillow and the libraries below it: text and profile bombs, frames without
pixels, counts and offsets that lie, pictures that take a decoder many turns.
"""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

from PIL import Image

from tests import pictures

_GIF_HEAD = b"GIF89a\x10\x00\x10\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
_GIF_PIXEL = b"\x02\x02\x44\x01\x00"


def _gif_frames(*boxes: tuple[int, int, int, int], control: bytes = b"") -> bytes:
    frames = (control + b"," + struct.pack("<HHHHB", *box, 0) + _GIF_PIXEL for box in boxes)
    return _GIF_HEAD + b"".join(frames) + b";"


def _apng(frames: list[tuple[int, int, int, int, int]], *, declared: int, body: bytes | None = None) -> bytes:
    """An APNG of frames as (sequence, width, height, x, y), which claims to have `declared`."""
    row = zlib.compress((b"\x00" + b"\x80" * 48) * 16)
    header = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"acTL", struct.pack(">II", declared, 0))]
    chunks += [(b"fcTL", struct.pack(">IIIIIHHBB", 0, 16, 16, 0, 0, 1, 10, 0, 0)), (b"IDAT", row)]
    for sequence, width, height, x, y in frames:
        control = struct.pack(">IIIIIHHBB", sequence, width, height, x, y, 0, 0, 2, 1)
        chunks += [(b"fcTL", control), (b"fdAT", struct.pack(">I", sequence + 1) + (body or row))]
    return pictures.png_file([*chunks, (b"IEND", b"")])


def _flat_png(width: int, height: int, *, color_type: int = 2, bits: int = 8, interlaced: int = 0) -> bytes:
    """A PNG of one colour, about a thousandth of its pixels in bytes."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color_type]
    row = b"\x00" * (1 + (width * samples * bits + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, interlaced)
    return pictures.png_file([(b"IHDR", header), (b"IDAT", packed), (b"IEND", b"")])


def _with_chunks(*extra: tuple[bytes, bytes]) -> bytes:
    """A good small PNG with more chunks before its pixels."""
    data = pictures.png(16, 16)
    return data[:33] + pictures.png_file(list(extra))[8:] + data[33:]


def _text_bombs(name: bytes, count: int) -> bytes:
    bomb = pictures.compressed_text_chunk(name, size_bytes=1_000_000)
    return _with_chunks(*[(name, bomb)] * count)


def _jpeg_with_app(marker: int, body: bytes) -> bytes:
    data = pictures.jpeg(64, 48)
    return data[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + data[2:]


def _looping_exif() -> bytes:
    """EXIF whose directory names itself as the next one and as its own sub-directory."""
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    return b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + struct.pack("<H", 1) + entry + struct.pack("<I", 8)


def _mpo(*, offset: int, count: int = 2) -> bytes:
    """A JPEG whose index of further pictures points somewhere else."""
    out = BytesIO()
    pictures.quadrants(64, 48).save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (16, 16))])
    data = out.getvalue()
    at = data.index(b"MPF\x00") + 4
    index = bytearray(data[at : at + 200])
    number = index.find(struct.pack("<HHI", 0xB001, 4, 1))
    if number >= 0:
        index[number + 8 : number + 12] = struct.pack("<I", count)
    entries = index.find(struct.pack("<H", 0xB002))
    index[entries + 8 : entries + 12] = struct.pack("<I", offset)
    return data[:at] + bytes(index) + data[at + 200 :]


def _webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _webp_canvas(width: int, height: int, flags: int) -> tuple[bytes, bytes]:
    return b"VP8X", bytes((flags, 0, 0, 0)) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(
        3, "little"
    )


def _webp_picture(width: int, height: int) -> tuple[bytes, bytes]:
    data = pictures.encoded(Image.new("RGB", (width, height), (90, 120, 150)), "WEBP", lossless=True)
    return data[12:16], data[20:]


def _webp_frame(x: int, y: int, width: int, height: int) -> tuple[bytes, bytes]:
    name, picture = _webp_picture(width, height)
    box = b"".join((value).to_bytes(3, "little") for value in (x // 2, y // 2, width - 1, height - 1, 0))
    return b"ANMF", box + b"\x00" + name + struct.pack("<I", len(picture)) + picture


def _avif_with(old: bytes, new: bytes, *, transparent: bool = False) -> bytes:
    picture = pictures.faded(64, 48) if transparent else pictures.quadrants(64, 48)
    data = pictures.encoded(picture, "AVIF", speed=10)
    assert old in data
    return data.replace(old, new)


_SIZE_64_48 = b"ispe" + struct.pack(">III", 0, 64, 48)

FILES: dict[str, Callable[[], bytes]] = {
    # GIF
    "gif frame without pixels": lambda: _gif_frames((0, 0, 0, 0)),
    "gif frames without width": lambda: _gif_frames((0, 0, 16, 16), (0, 0, 0, 16), (0, 0, 16, 0)),
    "gif frame far outside": lambda: _gif_frames((0, 0, 16, 16), (60_000, 0, 5_000, 10)),
    "gif frames that grow": lambda: _gif_frames(*[(0, 0, side, side) for side in range(1, 700)]),
    "gif canvas far larger than frames": lambda: pictures.gif_claiming(6_000, 6_000),
    "gif of 1,000 frames": lambda: pictures.gif_claiming(300, 300, frames=1_000),
    "gif of large frames": lambda: pictures.gif_claiming(2_000, 2_000, frames=24, frame_size=(2_000, 2_000)),
    "gif restored to nothing": lambda: _gif_frames(
        (0, 0, 16, 16), (2, 2, 4, 4), control=b"!\xf9\x04\x0d\x00\x00\xff\x00"
    ),
    "gif without palette": lambda: b"GIF89a\x10\x00\x10\x00\x00\x00\x00," + bytes(9) + _GIF_PIXEL + b";",
    "gif with code size 12": lambda: (
        _GIF_HEAD + b"," + struct.pack("<HHHHB", 0, 0, 16, 16, 0) + b"\x0c\x02\x44\x01\x00;"
    ),
    # PNG
    "png of one colour, 48 MP": lambda: _flat_png(8_000, 6_000, color_type=0, bits=1),
    "png of 16-bit colour with alpha": lambda: _flat_png(2_000, 2_000, color_type=6, bits=16),
    "interlaced png": lambda: _flat_png(1_000, 1_000, interlaced=1),
    "png of one line": lambda: _flat_png(5_000_000, 1),
    "png of one column": lambda: _flat_png(1, 400_000),
    "png with 60 text bombs": lambda: _text_bombs(b"zTXt", 60),
    "png with 500 text bombs": lambda: _text_bombs(b"iTXt", 500),
    "png with profile bombs": lambda: _text_bombs(b"iCCP", 20),
    "png with two headers": lambda: _with_chunks(
        (b"IHDR", struct.pack(">IIBBBBB", 9_000, 9_000, 8, 2, 0, 0, 0))
    ),
    "png with an empty header": lambda: _with_chunks((b"IHDR", b"")),
    "png with an empty sRGB": lambda: _with_chunks((b"sRGB", b"")),
    "png with empty chunks of all names": lambda: _with_chunks(
        *[
            (name, b"")
            for name in (b"gAMA", b"cHRM", b"pHYs", b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"tRNS")
        ]
    ),
    "png whose exif loops": lambda: _with_chunks((b"eXIf", _looping_exif()[6:])),
    "png with a palette of nothing": lambda: pictures.png_file(
        [
            (b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 3, 0, 0, 0)),
            (b"IDAT", zlib.compress(bytes(17 * 16))),
            (b"IEND", b""),
        ]
    ),
    "apng that claims too many frames": lambda: _apng([(1, 16, 16, 0, 0)], declared=900),
    "apng that claims too few frames": lambda: _apng([(1, 16, 16, 0, 0), (3, 16, 16, 0, 0)], declared=1),
    "apng that claims no frames": lambda: _apng([(1, 16, 16, 0, 0)], declared=0),
    "apng with a wrong sequence": lambda: _apng([(7, 16, 16, 0, 0), (7, 16, 16, 0, 0)], declared=3),
    "apng frame outside": lambda: _apng([(1, 16, 16, 9_000, 9_000)], declared=2),
    "apng frame without pixels": lambda: _apng([(1, 0, 0, 0, 0)], declared=2),
    "apng frame far larger than its canvas": lambda: _apng([(1, 30_000, 30_000, 0, 0)], declared=2),
    "apng frame with nothing in it": lambda: _apng([(1, 16, 16, 0, 0)], declared=2, body=b""),
    # JPEG
    "jpeg of 10,000 scans": lambda: pictures.jpeg_of_scans(10_000, width=64, height=64),
    "jpeg that claims 49 MP": lambda: pictures.jpeg_claiming(7_000, 7_000),
    "jpeg whose exif loops": lambda: _jpeg_with_app(0xE1, _looping_exif()),
    "jpeg whose profile is in 255 pieces": lambda: _jpeg_with_app(
        0xE2, b"ICC_PROFILE\x00\x01\xff" + pictures.display_p3_profile()
    ),
    "jpeg with odd adobe": lambda: _jpeg_with_app(0xEE, b"Adobe\x00\x64"),
    "jpeg with odd photoshop": lambda: _jpeg_with_app(0xED, b"Photoshop 3.0\x008BIM\x04\x04\xff" + bytes(20)),
    "mpo that points outside": lambda: _mpo(offset=2**31 - 1),
    "mpo that points at itself": lambda: _mpo(offset=0),
    "mpo of many": lambda: _mpo(offset=100, count=2**32 - 1),
    # WebP
    "webp whose canvas is larger than its picture": lambda: _webp(
        _webp_canvas(5_000, 5_000, 0), _webp_picture(16, 16)
    ),
    "webp whose canvas is smaller than its picture": lambda: _webp(
        _webp_canvas(8, 8, 0), _webp_picture(16, 16)
    ),
    "webp frame outside": lambda: _webp(
        _webp_canvas(16, 16, 2), (b"ANIM", bytes(6)), _webp_frame(100, 100, 16, 16)
    ),
    "webp of 900 frames": lambda: _webp(
        _webp_canvas(300, 300, 2), (b"ANIM", bytes(6)), *[_webp_frame(0, 0, 300, 300)] * 900
    ),
    "webp with two canvases": lambda: _webp(
        _webp_canvas(16, 16, 0), _webp_canvas(16_000, 16_000, 0), _webp_picture(16, 16)
    ),
    "webp with nothing in its frame": lambda: _webp(
        _webp_canvas(16, 16, 2), (b"ANIM", bytes(6)), (b"ANMF", bytes(16))
    ),
    "webp with odd alpha": lambda: _webp(
        _webp_canvas(16, 16, 0x10), (b"ALPH", b"\xff" * 9), _webp_picture(16, 16)
    ),
    # AVIF
    "avif that claims more than it has": lambda: _avif_with(
        _SIZE_64_48, b"ispe" + struct.pack(">III", 0, 7_000, 7_000)
    ),
    "avif that claims 900 MP": lambda: _avif_with(
        _SIZE_64_48, b"ispe" + struct.pack(">III", 0, 30_000, 30_000)
    ),
    "avif whose alpha has another size": lambda: _avif_with(
        _SIZE_64_48, b"ispe" + struct.pack(">III", 0, 65, 48), transparent=True
    ),
    "avif without pixels": lambda: _avif_with(_SIZE_64_48, b"ispe" + struct.pack(">III", 0, 0, 0)),
}
"""By name; making one takes at most a second."""

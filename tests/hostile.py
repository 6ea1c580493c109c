"""Files built to hurt whoever opens them: small, of every accepted format, each made when it is asked for.

Many follow what was reported against Pillow and the libraries below it: text and profile bombs, frames without
pixels, counts and offsets that lie, pictures that take a decoder many turns.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from functools import cache, partial
from io import BytesIO

from PIL import Image

from tests import odd_pictures, pictures

_GIF_HEAD = b"GIF89a\x10\x00\x10\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
_GIF_PIXEL = b"\x02\x02\x44\x01\x00"


@cache
def _gif_pixels(width: int, height: int) -> bytes:
    """The packed pixels of a frame of one colour."""
    if not width * height or width * height > 1_000_000:
        return _GIF_PIXEL
    data = pictures.encoded(Image.new("P", (width, height)), "GIF")
    return data[data.index(b"," + bytes(4) + struct.pack("<HH", width, height)) + 10 : -1]


def _gif_frames(*boxes: tuple[int, int, int, int], control: bytes = b"") -> bytes:
    frames = (control + b"," + struct.pack("<HHHHB", *box, 0) + _gif_pixels(*box[2:]) for box in boxes)
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


def _many_segments(marker: int, bodies: Sequence[bytes]) -> bytes:
    data = pictures.jpeg(64, 48)
    segments = (bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body for body in bodies)
    return data[:2] + b"".join(segments) + data[2:]


def _largest_progressive() -> bytes:
    """Colour at full resolution, kept in coefficients until the last scan."""
    picture = Image.new("RGB", (6_400, 5_000), (90, 120, 150))
    return pictures.encoded(picture, "JPEG", progressive=True, subsampling=0)


def _jpeg_without(start: bytes, replacement: bytes = b"") -> bytes:
    """A JPEG whose first segment with this marker is replaced."""
    data = pictures.jpeg(64, 48)
    at = data.index(start)
    (length,) = struct.unpack(">H", data[at + 2 : at + 4])
    return data[:at] + replacement + data[at + 2 + length :]


def _jpeg_frame(marker: int, *, bits: int = 8, parts: bytes | None = None, width: int = 64) -> bytes:
    """A JPEG whose frame header is of another kind, depth or make."""
    data = pictures.jpeg(64, 48)
    at = data.index(b"\xff\xc0")
    parts = data[at + 10 : at + 19] if parts is None else parts
    body = struct.pack(">BHHB", bits, 48, width, len(parts) // 3) + parts
    return data[:at] + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + data[at + 19 :]


def _profile_of(size_bytes: int) -> bytes:
    """A profile that is one enormous tag."""
    profile = bytearray(pictures.display_p3_profile())
    profile[0:4] = struct.pack(">I", size_bytes)
    return bytes(profile).ljust(size_bytes, b"\x7f")


def _odd_profiles() -> list[bytes]:
    """Profiles that lie about their tags, their tables or their space."""
    good, press = pictures.display_p3_profile(), pictures.press_profile()
    table = press.index(b"mft1")
    return [
        good[:128] + struct.pack(">I", 2**32 - 1) + good[132:],
        good[:136] + struct.pack(">II", 2**32 - 4, 2**31) + good[144:],
        good.replace(b"para", b"curv"),
        good.replace(b"RGB ", b"Lab "),
        good.replace(b"mntr", b"link"),
        press[: table + 8] + bytes((4, 3, 255, 0)) + press[table + 12 :],
        press[: table + 8] + bytes((15, 15, 15, 0)) + press[table + 12 :],
    ]


def _exif_entry(kind: int, count: int, value: int, *, tag: int = 0x0112) -> bytes:
    """EXIF of one entry, which may be anything."""
    return b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + struct.pack("<HHHIII", 1, tag, kind, count, value, 0)


def _nested_boxes(depth: int) -> bytes:
    box = b""
    for _ in range(depth):
        box = struct.pack(">I", 8 + len(box)) + b"meta" + box
    return b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00avifmif1" + box


def _largest(file_format: str, mode: str, width: int, height: int, frames: int = 1) -> bytes:
    """A flat picture, tiny for its pixels, that just fits into what such a file is granted."""
    picture = Image.new(mode, (width, height), 90 if len(mode) == 1 else (90, 120, 150, 200)[: len(mode)])
    exact: dict[str, dict[str, object]] = {
        "WEBP": {"method": 0},
        "AVIF": {"speed": 10},
        "PNG": {"compress_level": 1},
    }
    options = dict(exact.get(file_format, {}))
    if frames > 1:
        others = [
            picture.point([(level + index) % 256 for level in range(256)] * len(mode))
            for index in range(1, frames)
        ]
        options |= {"save_all": True, "append_images": others}
    return pictures.encoded(picture, file_format, **options)


def _giant_sequence(*, frames: int, side: int = 4_096) -> bytes:
    """A small animation all of whose frames are one that is coded in many more pixels."""
    tile = odd_pictures.avif_picture(Image.new("RGB", (4_096, 4_096), "red")).body
    header = odd_pictures.sequence_header(side) if side > 4_096 else b""
    return odd_pictures.avif_sequence_of([header + tile] * frames)


_SIZE_64_48 = b"ispe" + struct.pack(">III", 0, 64, 48)

FILES: dict[str, Callable[[], bytes]] = {
    # GIF
    "gif frame without pixels": lambda: _gif_frames((0, 0, 0, 0)),
    "gif frames without width": lambda: _gif_frames((0, 0, 16, 16), (0, 0, 0, 16), (0, 0, 16, 0)),
    "gif frame far outside": lambda: _gif_frames((0, 0, 16, 16), (60_000, 0, 5_000, 10)),
    "gif frames that grow": lambda: _gif_frames(
        *[(0, 0, 1 + index // 100, 1 + index // 100) for index in range(1_200)]
    ),
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
    "apng with a palette of 3 MB": lambda: odd_pictures.with_chunks(
        _apng([(1 + 2 * index, 16, 16, 0, 0) for index in range(899)], declared=900),
        odd_pictures.chunk(b"PLTE", bytes(3_000_000)),
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
    "avif sequence coded in giant frames": lambda: _giant_sequence(frames=200),
    "avif sequence of one giant frame": lambda: _giant_sequence(frames=1, side=16_384),
    "avif sequence of endless samples": lambda: odd_pictures.with_boxes(
        pictures.animation("AVIF", frames=3),
        {
            b"stsz": lambda _: bytes(4) + struct.pack(">II", 20, 2**32 - 1),
            b"stsc": lambda _: bytes(4) + struct.pack(">IIII", 1, 1, 2**32 - 1, 1),
        },
    ),
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
    # Odd parts that nobody needs, and that readers trip over
    **{
        f"jpeg of frame kind {marker:x}": partial(_jpeg_frame, marker)
        for marker in (0xC1, 0xC2, 0xC3, 0xC5, 0xC9, 0xCA, 0xCF)
    },
    "jpeg of 12 bits": lambda: _jpeg_frame(0xC1, bits=12),
    "jpeg of 2 bits": lambda: _jpeg_frame(0xC0, bits=2),
    "jpeg of no components": lambda: _jpeg_frame(0xC0, parts=b""),
    "jpeg of 2 components": lambda: _jpeg_frame(0xC0, parts=b"\x01\x22\x00\x02\x11\x01"),
    "jpeg of 85 components": lambda: _jpeg_frame(0xC0, parts=b"\x01\x11\x00" * 85),
    "jpeg sampled 4 by 4": lambda: _jpeg_frame(0xC0, parts=b"\x01\x44\x00\x02\x14\x01\x03\x41\x01"),
    "jpeg without tables": lambda: _jpeg_without(b"\xff\xdb"),
    "jpeg without codes": lambda: _jpeg_without(b"\xff\xc4"),
    "jpeg with a table of odd length": lambda: _jpeg_without(b"\xff\xdb", b"\xff\xdb\x00\x05\x00\x01\x02"),
    "jpeg with codes that overflow": lambda: _jpeg_without(
        b"\xff\xc4", b"\xff\xc4\x00\x13\x00" + b"\xff" * 16
    ),
    "jpeg that restarts at once": lambda: pictures.jpeg(64, 48).replace(
        b"\xff\xda", b"\xff\xdd\x00\x04\x00\x01\xff\xda", 1
    ),
    "jpeg in a jpeg": lambda: pictures.jpeg(64, 48)[:2] + pictures.jpeg(32, 32) + pictures.jpeg(64, 48)[2:],
    "jpeg with short jfif": lambda: _jpeg_with_app(0xE0, b"JFIF\x00\x01"),
    "jpeg with short exif": lambda: _jpeg_with_app(0xE1, b"Exif\x00\x00MM\x00"),
    "jpeg with odd multi-picture": lambda: _jpeg_with_app(0xE2, b"MPF\x00II*\x00\xff\xff\xff\x7f"),
    "jpeg with 255 empty profiles": lambda: _many_segments(0xE2, [b"ICC_PROFILE\x00\x00\x00"] * 255),
    "jpeg with a profile of 14 MB": lambda: _many_segments(
        0xE2, [b"ICC_PROFILE\x00" + bytes((index, 220)) + b"\x7f" * 65_000 for index in range(1, 221)]
    ),
    "jpeg whose exif has 2^32 orientations": lambda: _jpeg_with_app(0xE1, _exif_entry(3, 2**32 - 1, 26)),
    "jpeg whose orientation is a text": lambda: _jpeg_with_app(0xE1, _exif_entry(2, 4, 0x41414141)),
    "jpeg whose orientation is 1/0": lambda: _jpeg_with_app(0xE1, _exif_entry(5, 1, 14)),
    "jpeg whose orientation is of no kind": lambda: _jpeg_with_app(0xE1, _exif_entry(99, 1, 6)),
    "jpeg whose exif is a big tiff": lambda: _jpeg_with_app(
        0xE1, b"Exif\x00\x00II+\x00\x08\x00\x00\x00" + b"\xff" * 60
    ),
    "jpeg whose resolution is 1/0": lambda: _jpeg_with_app(0xE1, _exif_entry(5, 1, 8, tag=0x011A)),
    **{
        f"jpeg with odd profile {index}": partial(pictures.jpeg, 64, 48, icc_profile=profile)
        for index, profile in enumerate(_odd_profiles())
    },
    **{
        f"cmyk jpeg with odd profile {index}": partial(
            pictures.encoded, Image.new("CMYK", (32, 32)), "JPEG", icc_profile=profile
        )
        for index, profile in enumerate(_odd_profiles())
    },
    "webp with a profile of 15 MB": lambda: pictures.webp(64, 48, icc_profile=_profile_of(15_000_000)),
    "avif with a profile of 15 MB": lambda: pictures.avif(64, 48, icc_profile=_profile_of(15_000_000)),
    "png with a profile of 40 MB": lambda: _with_chunks(
        (b"iCCP", b"icc\x00\x00" + zlib.compress(_profile_of(40_000_000)))
    ),
    "png with a profile of 15 MB of noise": lambda: _with_chunks(
        (b"iCCP", b"icc\x00\x00" + b"\xa5" * 15_000_000)
    ),
    "png with 60 MB of text": lambda: _with_chunks(*[(b"tEXt", b"key\x00" + b"x" * 1_000_000)] * 60),
    "png with odd short chunks": lambda: _with_chunks(
        (b"pHYs", b"\x00"), (b"cHRM", bytes(3)), (b"gAMA", b"\x00"), (b"tRNS", b"\x00")
    ),
    "png with a comment without an end": lambda: _with_chunks((b"iTXt", b"key\x00\x01\x00en")),
    "png whose text is no zlib": lambda: _with_chunks((b"zTXt", b"key\x00\x00garbage")),
    "png whose text is packed in no way": lambda: _with_chunks((b"zTXt", b"key\x00\x09garbage")),
    "png with a palette of 300": lambda: _with_chunks((b"PLTE", bytes(900))),
    "png with an unknown critical chunk": lambda: _with_chunks((b"CRIT", b"\x00")),
    "png of no colour type": lambda: pictures.png_claiming(4, 4).replace(b"\x08\x02", b"\x08\x09", 1),
    "gif whose loop is cut off": lambda: (
        _GIF_HEAD + b"!\xff\x0bNETSCAPE2.0\x01\x01\x00" + _gif_frames((0, 0, 4, 4))[19:]
    ),
    "gif with an empty application": lambda: _GIF_HEAD + b"!\xff\x00" + _gif_frames((0, 0, 4, 4))[19:],
    "gif with a short control": lambda: _gif_frames((0, 0, 4, 4), control=b"!\xf9\x01\x01\x00"),
    "gif with an empty comment": lambda: _gif_frames((0, 0, 16, 16), control=b"!\xfe\x00"),
    "gif that is transparent beyond its palette": lambda: _gif_frames(
        (0, 0, 16, 16), (0, 0, 8, 8), control=b"!\xf9\x04\x09\x00\x00\xfe\x00"
    ),
    "webp with a profile of nothing": lambda: _webp(
        _webp_canvas(16, 16, 0x20), (b"ICCP", b""), _webp_picture(16, 16)
    ),
    "webp with odd exif": lambda: _webp(
        _webp_canvas(16, 16, 0x08), _webp_picture(16, 16), (b"EXIF", _looping_exif())
    ),
    "avif of nested boxes": lambda: _nested_boxes(5_000),
    "avif whose box has no end": lambda: (
        _avif_with(b"\x00\x00\x00\x0cmeta"[-4:], b"meta"[:4]) + b"\x00\x00\x00\x00mdat"
    ),
    "avif of no bits": lambda: _avif_with(b"av1C\x81", b"av1C\x00"),
    "avif whose places lie": lambda: _avif_with(b"iloc", b"iloC"),
    # Two files in one
    "jpeg and a zip": lambda: pictures.jpeg(64, 48) + b"PK\x03\x04" + bytes(100) + b"PK\x05\x06" + bytes(18),
    "png and a page": lambda: pictures.png(64, 48) + b"<html><script>alert(1)</script></html>",
    "gif and a script": lambda: b"GIF89a/*" + bytes(64) + b"*/=1;alert(1)//;",
    "jpeg in the skin of a png": lambda: b"\x89PNG\r\n\x1a\n" + pictures.jpeg(64, 48),
    "png in the skin of a gif": lambda: b"GIF89a" + pictures.png(64, 48),
    "pdf with a jpeg": lambda: b"%PDF-1.4\n" + pictures.jpeg(64, 48) + b"\n%%EOF",
    "heic that calls itself avif": lambda: pictures.FOREIGN_FILES["heic"].replace(b"ftypheic", b"ftypavif"),
    "mp4 that calls itself avif": lambda: pictures.FOREIGN_FILES["mp4"].replace(b"ftypisom", b"ftypavis"),
    "tiff whose directories loop": lambda: b"II*\x00\x08\x00\x00\x00\x00\x00" + struct.pack("<I", 8),
    "svg that asks for files": lambda: (
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    ),
    **{f"foreign {name}": partial(bytes, data) for name, data in pictures.FOREIGN_FILES.items()},
}
"""By name; making one takes at most a second."""

LARGEST: dict[str, Callable[[], bytes]] = {
    "flat png with alpha": lambda: _largest("PNG", "RGBA", 4_900, 4_900),
    "flat png of colours": lambda: _largest("PNG", "RGB", 8_000, 6_200),
    "flat webp": lambda: _largest("WEBP", "RGB", 4_000, 2_900),
    "flat webp with alpha": lambda: _largest("WEBP", "RGBA", 4_000, 2_900),
    "flat avif": lambda: _largest("AVIF", "RGBA", 4_000, 4_000),
    "still gif": lambda: pictures.gif_claiming(6_000, 6_000),
    "moving gif": lambda: pictures.gif_claiming(2_500, 2_500, frames=8),
    "moving png": lambda: _largest("PNG", "RGBA", 2_700, 2_700, frames=3),
    "moving webp": lambda: _largest("WEBP", "RGBA", 2_200, 2_200, frames=3),
    "moving avif": lambda: _largest("AVIF", "RGB", 2_500, 2_500, frames=3),
    "progressive jpeg": lambda: _largest_progressive(),
}
"""Small files of as many pixels as their memory is granted for; making and reading one takes a second or two."""

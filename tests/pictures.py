"""Pictures and hostile files made in memory: no test carries a binary file, and none needs a network.

Everything is deterministic: the same arguments give the same pixels.
"""

import random
import struct
import zlib
from collections.abc import Sequence
from functools import cache, lru_cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageChops, ImageDraw

from image_store.domain.delivery.renditions import PRESETS, Recipe

GPS_MARK = b"GPS-MARK-51N"
"""Occurs in every file made with `metadata=True`, in its EXIF as well as in its comment or text."""

_GRAIN_TILE_PX = 256
_UNTURN = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def recipes_of(*presets: str) -> dict[str, Recipe]:
    """The recipes of the usual presets of these names."""
    return {name: PRESETS[name].recipe for name in presets}


def scene(width: int, height: int, *, seed: int = 1) -> Image.Image:
    """A photo-like RGB picture: the spectrum of a landscape, a few sharp shapes, the grain of a sensor.

    A 12 MP scene is a JPEG of 2.8 MB at quality 90, a 4 MP one a PNG of 6.6 MB: as cameras make them.
    """
    return _scene(width, height, seed).copy()


@lru_cache(maxsize=16)
def _scene(width: int, height: int, seed: int) -> Image.Image:
    rng = random.Random(seed)  # noqa: S311 - pixels are no secret
    picture = Image.new("RGB", (width, height), (128, 120, 110))
    strength, cells = 0.5, 3
    while cells <= max(width, height) // 2:
        layer = _random_layer(rng, cells, max(2, cells * height // width)).resize((width, height))
        picture = ImageChops.add(picture, _weakened(layer, strength), 1, -128)
        strength, cells = strength * 0.75, cells * 2
    draw = ImageDraw.Draw(picture)
    for _ in range(14):
        x, y = rng.randrange(width), rng.randrange(height)
        radius = rng.randrange(width // 40, width // 10 + 1)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_random_color(rng))
    return ImageChops.add(picture, _grain(rng, width, height), 1, -128)


def _random_color(rng: random.Random) -> tuple[int, int, int]:
    return rng.randrange(40, 215), rng.randrange(40, 215), rng.randrange(40, 215)


def _random_layer(rng: random.Random, width: int, height: int) -> Image.Image:
    colored = Image.frombytes("RGB", (width, height), rng.randbytes(3 * width * height))
    grey = Image.frombytes("L", (width, height), rng.randbytes(width * height)).convert("RGB")
    return Image.blend(colored, grey, 0.8)


def _grain(rng: random.Random, width: int, height: int) -> Image.Image:
    side = _GRAIN_TILE_PX
    first, second = (Image.frombytes("L", (side, side), rng.randbytes(side * side)) for _ in range(2))
    tile = _weakened(Image.blend(first, second, 0.5), 0.08)
    grain = Image.new("L", (width, height))
    for top in range(0, height, side):
        for left in range(0, width, side):
            grain.paste(tile.transpose(rng.choice(list(Image.Transpose))), (left, top))
    return grain.convert("RGB")


def _weakened(image: Image.Image, strength: float) -> Image.Image:
    levels = [max(0, min(255, round(128 + (level - 128) * strength))) for level in range(256)]
    return image.point(levels * len(image.getbands()))


def quadrants(width: int = 400, height: int = 300) -> Image.Image:
    """Red, green, blue and yellow quarters, clockwise from the upper left: every turn shows."""
    image = Image.new("RGB", (width, height), (220, 30, 30))
    image.paste((30, 200, 30), (width // 2, 0, width, height // 2))
    image.paste((30, 30, 220), (width // 2, height // 2, width, height))
    image.paste((230, 220, 30), (0, height // 2, width // 2, height))
    return image


def drawing(width: int = 400, height: int = 300, *, transparent: bool = False) -> Image.Image:
    """Flat art with four colours, on nothing or on white."""
    image = Image.new("RGBA", (width, height), (255, 255, 255, 0 if transparent else 255))
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 10, height // 10, width // 2, height // 2), fill=(200, 20, 40, 255))
    draw.rectangle((width // 3, height // 3, width * 3 // 4, height * 3 // 4), fill=(20, 60, 200, 255))
    draw.rectangle((width // 2, height // 5, width * 9 // 10, height // 2), fill=(250, 200, 0, 255))
    return image if transparent else image.convert("RGB")


def faded(width: int = 400, height: int = 300) -> Image.Image:
    """A white disc whose edge fades out over black hidden below full transparency."""
    alpha = (
        Image.radial_gradient("L").resize((width, height)).point([max(0, 255 - 2 * a) for a in range(256)])
    )
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    image.paste((255, 255, 255, 0), mask=alpha.point([255 * (a > 0) for a in range(256)]))
    image.putalpha(alpha)
    return image


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    """The picture as a file of a Pillow format; a PNG is packed quickly, not well."""
    out = BytesIO()
    packing = {"compress_level": 1} if file_format == "PNG" else {}
    image.save(out, file_format, **packing | options)
    return out.getvalue()


def jpeg(width: int = 400, height: int = 300, *, metadata: bool = False, **options: Any) -> bytes:
    """A photo, with `metadata` as phones and editors write it: position, maker, comment, XMP."""
    if metadata:
        options |= {
            "exif": exif(gps=True),
            "comment": GPS_MARK,
            "xmp": b"<x:xmpmeta>" + GPS_MARK + b"</x:xmpmeta>",
        }
    return encoded(scene(width, height), "JPEG", **{"quality": 90, **options})


def png(width: int = 400, height: int = 300, **options: Any) -> bytes:
    """A photo in a PNG."""
    return encoded(scene(width, height), "PNG", **options)


def webp(width: int = 400, height: int = 300, **options: Any) -> bytes:
    """A photo in a lossy WebP."""
    return encoded(scene(width, height), "WEBP", **{"quality": 85, **options})


def avif(width: int = 400, height: int = 300, **options: Any) -> bytes:
    """A photo in an AVIF."""
    return encoded(scene(width, height), "AVIF", **{"quality": 60, "speed": 10, **options})


def gif(width: int = 400, height: int = 300) -> bytes:
    """A still GIF of a photo."""
    return encoded(scene(width, height).quantize(64), "GIF")


def animation(
    file_format: str, *, frames: int = 4, width: int = 96, height: int = 64, **options: Any
) -> bytes:
    """A GIF, PNG, WEBP or AVIF whose first frame is mostly red and whose others are blue."""
    pictures = [Image.new("RGB", (width, height), (210, 30, 30))]
    for index in range(1, frames):
        picture = Image.new("RGB", (width, height), (30, 30, 200))
        ImageDraw.Draw(picture).rectangle((index, index, index + 20, index + 20), fill=(250, 250, 250))
        pictures.append(picture)
    first, *others = pictures
    return encoded(first, file_format, save_all=True, append_images=others, duration=80, loop=0)


def grey_frame_in_a_colored_gif(level: int = 200, side: int = 64) -> bytes:
    """A GIF whose only frame brings a palette of greys where the palette of the file is red."""
    image = Image.new("P", (side, side), level)
    image.putpalette([255, 0, 0] * 256)
    data = encoded(image, "GIF", optimize=False)
    at = data.index(b"," + struct.pack("<HHHH", 0, 0, side, side))
    if not data[at + 9] & 0x80:
        greys = bytes(grey for level in range(256) for grey in (level, level, level))
        return data[: at + 9] + b"\x87" + greys + data[at + 10 :]
    raise AssertionError("Pillow now writes a palette with each frame.")


@cache
def every_format() -> dict[str, bytes]:
    """One small ordinary file of each accepted kind, still and moving."""
    return {
        "jpeg": jpeg(96, 64),
        "progressive jpeg": jpeg(96, 64, progressive=True),
        "png": png(96, 64),
        "palette png": encoded(drawing(96, 64).quantize(8), "PNG"),
        "gif": gif(96, 64),
        "webp": webp(96, 64),
        "lossless webp": webp(96, 64, lossless=True),
        "avif": avif(96, 64),
        **{f"animated {name.lower()}": animation(name) for name in ("GIF", "PNG", "WEBP", "AVIF")},
    }


def turned(
    file_format: str,
    orientation: int,
    *,
    width: int = 400,
    height: int = 300,
    image: Image.Image | None = None,
) -> bytes:
    """`quadrants`, or another picture, stored turned, with the EXIF orientation that makes viewers turn it back."""
    image = image or quadrants(width, height)
    turn = _UNTURN[orientation]
    if turn is not None:
        image = image.transpose(turn)
    return encoded(image, file_format, exif=exif(orientation=orientation), quality=95)


def exif(*, orientation: int | None = None, gps: bool = False) -> bytes:
    """EXIF data with an orientation, or with a maker and a position."""
    tags = Image.Exif()
    if orientation is not None:
        tags[0x0112] = orientation
    if gps:
        tags[0x010F] = GPS_MARK.decode()
        tags[0x8825] = {1: "N", 2: (51.0, 28.0, 40.1), 3: "W", 4: (0.0, 0.0, 5.3), 29: GPS_MARK.decode()}
    return tags.tobytes()


def sixteen_bit_grey_png(
    levels: Sequence[int], *, side: int = 64, transparent_level: int | None = None
) -> bytes:
    """A PNG of 16-bit grey: one square stripe of `side` pixels for each level of 0–65535."""
    row = b"\x00" + b"".join(struct.pack(">H", level) * side for level in levels)
    chunks = [] if transparent_level is None else [(b"tRNS", struct.pack(">H", transparent_level))]
    header = struct.pack(">IIBBBBB", side * len(levels), side, 16, 0, 0, 0, 0)
    return png_file([(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(row * side)), (b"IEND", b"")])


def sixteen_bit_rgb_png(levels: Sequence[tuple[int, int, int]], *, side: int = 64) -> bytes:
    """A PNG of 16-bit colour: one square stripe of `side` pixels for each colour of 0–65535."""
    row = b"\x00" + b"".join(struct.pack(">HHH", *level) * side for level in levels)
    header = struct.pack(">IIBBBBB", side * len(levels), side, 16, 2, 0, 0, 0)
    return png_file([(b"IHDR", header), (b"IDAT", zlib.compress(row * side)), (b"IEND", b"")])


def png_file(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A PNG of exactly these chunks, with right checksums."""
    out = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks:
        out += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return out


def with_right_checksums(data: bytes) -> bytes:
    """A damaged PNG with the checksum of every chunk made right, so that damage reaches the decoder."""
    out, at = bytearray(data), 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        out[end : end + 4] = (
            zlib.crc32(data[at + 4 : end]).to_bytes(4, "big") if end + 4 <= len(data) else b""
        )
        at = end + 4
    return bytes(out)


def png_claiming(width: int, height: int, *, extra: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """A PNG of a few bytes that claims to be of any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return png_file([(b"IHDR", header), *extra, (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")])


def compressed_text_chunk(name: bytes, *, size_bytes: int) -> bytes:
    """The body of a zTXt, iTXt or iCCP chunk that is tiny and unpacks to `size_bytes` of zeros."""
    packer = zlib.compressobj(9)
    packed = (
        b"".join(packer.compress(bytes(1_000_000)) for _ in range(size_bytes // 1_000_000)) + packer.flush()
    )
    return (b"key\x00\x01\x00\x00\x00" if name == b"iTXt" else b"key\x00\x00") + packed


def gif_claiming(width: int, height: int, *, frames: int = 1, frame_size: tuple[int, int] = (1, 1)) -> bytes:
    """A GIF whose canvas and frames claim any size while each frame takes 15 bytes."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    frame = b"," + struct.pack("<HHHHB", 0, 0, *frame_size, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b";"


def jpeg_claiming(width: int, height: int) -> bytes:
    """A small JPEG with another size written into its header."""
    data = jpeg(64, 48)
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def webp_claiming(width: int, height: int, *, frames: int = 1) -> bytes:
    """A WebP whose canvas claims any size, with empty frames."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"VP8X" + struct.pack("<I", 10) + b"\x02\x00\x00\x00" + canvas
    body += b"ANIM" + struct.pack("<I", 6) + bytes(6)
    body += (b"ANMF" + struct.pack("<I", 16) + bytes(16)) * frames
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def jpeg_of_scans(scans: int, *, width: int = 4000, height: int = 3000) -> bytes:
    """A progressive JPEG that makes a decoder walk over all of the picture `scans` times."""
    data = encoded(Image.new("RGB", (width, height), (90, 120, 150)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]


FOREIGN_FILES: dict[str, bytes] = {
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10"/></svg>',
    "tiff": encoded(Image.new("RGB", (8, 8)), "TIFF"),
    "bmp": encoded(Image.new("RGB", (8, 8)), "BMP"),
    "ico": encoded(Image.new("RGB", (16, 16)), "ICO"),
    "jpeg 2000": encoded(Image.new("RGB", (8, 8)), "JPEG2000"),
    "pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n%%EOF\n",
    "psd": b"8BPS\x00\x01" + bytes(32),
    "mp4": b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(64),
    "html": b"<!doctype html><title>not an image</title>",
    "text": "Ceci n’est pas une image.".encode(),
    "nothing": b"",
}
"""Files of formats that the store refuses, by name."""

"""Pictures that programs show differently: in other colours, turned, animated oddly, or damaged beside their pixels.

All are made in memory, byte for byte the same each time.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from PIL import Image

from tests import pictures

PATCH = 16
PATCHES = [
    *((level, level, level) for level in (0, 10, 30, 64, 128, 148, 192, 230, 255)),
    *((255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 100, 50), (50, 150, 200), (230, 220, 40)),
]
"""The colours of the squares in every picture about colour."""

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_P3 = (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
_WARM_WHITE = (0.3457, 0.3585, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)

type Chunk = tuple[bytes, bytes]


def patches(mode: str = "RGB") -> Image.Image:
    """A row of squares."""
    image = Image.new("RGB", (PATCH * len(PATCHES), PATCH))
    for index, color in enumerate(PATCHES):
        image.paste(color, (PATCH * index, 0, PATCH * (index + 1), PATCH))
    return image.convert(mode)


# PNG -------------------------------------------------------------------------------------------------------


def chunk(name: bytes, body: bytes, *, is_damaged: bool = False) -> bytes:
    """A chunk, with a wrong checksum if it is damaged."""
    checksum = zlib.crc32(name + body) ^ is_damaged
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def with_chunks(png: bytes, *chunks: bytes, is_before_data: bool = True) -> bytes:
    """A PNG with more chunks: behind its header, or before its end."""
    at = 33 if is_before_data else len(png) - 12
    return png[:at] + b"".join(chunks) + png[at:]


def colored_png(*said: Chunk, mode: str = "RGB") -> bytes:
    """Squares in a PNG that says this of its colours."""
    return with_chunks(pictures.encoded(patches(mode), "PNG"), *(chunk(*one) for one in said))


def gama(encoding: int) -> Chunk:
    """A `gAMA` chunk."""
    return b"gAMA", struct.pack(">I", encoding)


def chrm(numbers: Sequence[float]) -> Chunk:
    """A `cHRM` chunk: white, red, green and blue."""
    return b"cHRM", struct.pack(">8I", *(round(number * 100_000) for number in numbers))


def cicp(primaries: int, transfer: int, matrix: int = 0, is_full_range: int = 1) -> Chunk:
    """A `cICP` chunk."""
    return b"cICP", bytes((primaries, transfer, matrix, is_full_range))


def iccp(profile: bytes) -> Chunk:
    """An `iCCP` chunk."""
    return b"iCCP", b"icc\x00\x00" + zlib.compress(profile)


def profile_with_cicp(primaries: int, transfer: int) -> bytes:
    """A profile that also tells its colours by numbers, as editors write it for HDR: ICC.1:2022, 9.2.17."""
    profile = bytearray(pictures.display_p3_profile())
    (count,) = struct.unpack_from(">I", profile, 128)
    table_end = 132 + 12 * count
    for at in range(132, table_end, 12):
        (start,) = struct.unpack_from(">I", profile, at + 4)
        struct.pack_into(">I", profile, at + 4, start + 12)
    entry = struct.pack(">4sII", b"cicp", len(profile) + 12, 12)
    tag = b"cicp" + bytes(4) + bytes((primaries, transfer, 0, 1))
    made = bytes(profile[:table_end]) + entry + bytes(profile[table_end:]) + tag
    return struct.pack(">I", len(made)) + made[4:128] + struct.pack(">I", count + 1) + made[132:]


_SRGB_CHUNK: Chunk = (b"sRGB", b"\x00")
COLORED_PNGS: dict[str, Callable[[], bytes]] = {
    "gamma 1": lambda: colored_png(gama(100_000)),
    "gamma 1.8": lambda: colored_png(gama(55_556)),
    "gamma 2.2": lambda: colored_png(gama(45_455)),
    "gamma 2.2 and primaries": lambda: colored_png(gama(45_455), chrm(_SRGB)),
    "gamma of nothing": lambda: colored_png(gama(0)),
    "primaries alone": lambda: colored_png(chrm(_P3)),
    "primaries of P3": lambda: colored_png(gama(45_455), chrm(_P3)),
    "a warm white": lambda: colored_png(gama(45_455), chrm(_WARM_WHITE)),
    "primaries of nothing": lambda: colored_png(gama(100_000), chrm((0,) * 8)),
    "srgb and gamma 1": lambda: colored_png(_SRGB_CHUNK, gama(100_000)),
    "gamma 1 and srgb": lambda: colored_png(gama(100_000), _SRGB_CHUNK),
    "profile and srgb": lambda: colored_png(iccp(pictures.display_p3_profile()), _SRGB_CHUNK),
    "profile and gamma 1": lambda: colored_png(iccp(pictures.adobe_rgb_profile()), gama(100_000)),
    "broken profile and gamma 1": lambda: colored_png(iccp(b"garbage"), gama(100_000)),
    "damaged gamma": lambda: with_chunks(colored_png(), chunk(*gama(100_000), is_damaged=True)),
    "gamma behind the pixels": lambda: with_chunks(
        colored_png(), chunk(*gama(100_000)), is_before_data=False
    ),
    "grey in gamma 1": lambda: colored_png(gama(100_000), mode="L"),
    "grey with its profile": lambda: colored_png(iccp(pictures.linear_grey_profile()), mode="L"),
    "grey with a profile of colours": lambda: colored_png(iccp(pictures.adobe_rgb_profile()), mode="L"),
    "grey by numbers": lambda: colored_png(cicp(1, 8), mode="L"),
    "grey in PQ": lambda: colored_png(cicp(9, 16), mode="L"),
    "transparent and in PQ": lambda: colored_png(cicp(9, 16), mode="RGBA"),
    "numbers before a profile": lambda: colored_png(iccp(pictures.swapped_profile()), cicp(12, 13)),
    "numbers of a limited range": lambda: colored_png(cicp(12, 13, 0, 0)),
    "profile with numbers of PQ": lambda: colored_png(iccp(profile_with_cicp(9, 16))),
    "profile with numbers of HLG": lambda: colored_png(iccp(profile_with_cicp(9, 18))),
    **{
        f"primaries {number}": partial(colored_png, cicp(number, 13))
        for number in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22, 99)
    },
    **{
        f"curve {number}": partial(colored_png, cicp(1, number))
        for number in (1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 99)
    },
    **{
        f"HDR {primaries} {transfer}": partial(colored_png, cicp(primaries, transfer))
        for primaries in (9, 12)
        for transfer in (16, 18)
    },
}
"""PNGs by what they say of their colours."""


# AVIF ------------------------------------------------------------------------------------------------------


_ESSENTIAL = (b"av1C", b"irot", b"imir")


@dataclass(frozen=True)
class Item:
    """An item of an AVIF: its type, its bytes, and its properties as boxes."""

    kind: bytes
    body: bytes
    properties: Sequence[bytes] = field(default=())


def box(name: bytes, *parts: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def full_box(name: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with version and flags."""
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def avif_picture(image: Image.Image, *, more: Sequence[bytes] = ()) -> Item:
    """A coded picture, in grey or in colours that are hardly compressed, and with more properties."""
    data = pictures.encoded(image, "AVIF", quality=100, subsampling="4:4:4", speed=8)
    at = data.index(b"av1C") - 4
    configuration = data[at : at + struct.unpack_from(">I", data, at)[0]]
    pixels = full_box(b"pixi", bytes((len(image.getbands()), *[8] * len(image.getbands()))))
    extent = full_box(b"ispe", struct.pack(">II", *image.size))
    return Item(b"av01", data[data.index(b"mdat") + 4 :], (extent, pixels, configuration, *more))


def nclx(primaries: int, transfer: int, matrix: int = 6) -> bytes:
    """The colour box with numbers."""
    return box(b"colr", b"nclx", struct.pack(">HHHB", primaries, transfer, matrix, 0x80))


def avif_file(
    items: Sequence[Item],
    *,
    references: Sequence[tuple[bytes, int, Sequence[int]]] = (),
    groups: Sequence[Sequence[int]] = (),
    is_split: bool = False,
) -> bytes:
    """An AVIF whose first item is the picture; the others are numbered from 2.

    `is_split` writes the properties of each item in a box of its own, which the standard does not allow.
    """
    properties = [one for item in items for one in item.properties]
    entries, index = [], 1
    for number, item in enumerate(items, 1):
        indices = [
            at | 0x80 * (item.properties[at - index][4:8] in _ESSENTIAL)
            for at in range(index, index + len(item.properties))
        ]
        entries.append(struct.pack(">HB", number, len(indices)) + bytes(indices))
        index += len(item.properties)
    together = [entries] if not is_split else [[entry] for entry in entries]
    associations = [full_box(b"ipma", struct.pack(">I", len(some)), *some) for some in together]
    infos = [
        full_box(b"infe", struct.pack(">HH4s", number, 0, item.kind), b"\x00", version=2)
        for number, item in enumerate(items, 1)
    ]
    refers = [
        box(kind, struct.pack(f">HH{len(to)}H", source, len(to), *to)) for kind, source, to in references
    ]
    alternatives = [
        full_box(b"altr", struct.pack(f">II{len(group)}I", 100 + at, len(group), *group))
        for at, group in enumerate(groups)
    ]
    brands = box(b"ftyp", b"avif\x00\x00\x00\x00avifmif1miaf" + b"tmap" * bool(groups))

    def meta(first: int) -> bytes:
        at, places = first, b""
        for number, item in enumerate(items, 1):
            places += struct.pack(">HHHII", number, 0, 1, at, len(item.body))
            at += len(item.body)
        return full_box(
            b"meta",
            full_box(b"hdlr", struct.pack(">I4s12x", 0, b"pict"), b"\x00"),
            full_box(b"pitm", struct.pack(">H", 1)),
            full_box(b"iloc", struct.pack(">BBH", 0x44, 0, len(items)), places),
            full_box(b"iinf", struct.pack(">H", len(items)), *infos),
            full_box(b"iref", *refers) if refers else b"",
            box(b"iprp", box(b"ipco", *properties), *associations),
            box(b"grpl", *alternatives) if alternatives else b"",
        )

    first = len(brands) + len(meta(0)) + 8
    return brands + meta(first) + box(b"mdat", *(item.body for item in items))


type Change = Callable[[bytes], bytes]

_CONTAINERS = {b"meta": 4, b"iprp": 0, b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0}


def with_boxes(data: bytes, changes: dict[bytes, Change]) -> bytes:
    """A file with other bodies in the boxes of some names."""
    out, at = b"", 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + size]
        if name in changes:
            body = changes[name](body)
        elif name in _CONTAINERS:
            head = _CONTAINERS[name]
            body = body[:head] + with_boxes(body[head:], changes)
        out += struct.pack(">I4s", 8 + len(body), name) + body
        at += size
    return out


def sequence_header(side: int) -> bytes:
    """The sequence header of a still picture of so many pixels a side, which has little else."""
    stated = 0b000_1_1_00000_1111_1111 << 32 | (side - 1) << 16 | side - 1
    return bytes((0x0A, 7)) + (stated << 6).to_bytes(7)


def avif_sequence_of(frames: Sequence[bytes], *, is_wide: bool = False) -> bytes:
    """An animation of these frames, of which equal ones are stored once; `is_wide` gives places of 8 bytes."""
    bodies = list(dict.fromkeys(frames))
    before = {body: sum(map(len, bodies[:index])) for index, body in enumerate(bodies)}
    data = pictures.animation("AVIF", frames=2) + box(b"mdat", *bodies)
    count = len(frames)

    def placed(begin: int) -> bytes:
        places = [begin + before[body] for body in frames]
        tables = {
            b"stco": struct.pack(f">I{count}{'Q' if is_wide else 'I'}", count, *places),
            b"stsc": struct.pack(">IIII", 1, 1, 1, 1),
            b"stsz": struct.pack(f">II{count}I", 0, count, *map(len, frames)),
            b"stts": struct.pack(">III", 1, count, 1),
        }
        return with_boxes(data, {name: partial(_table, body) for name, body in tables.items()})

    written = placed(len(placed(0)) - sum(map(len, bodies)))
    return written.replace(b"stco", b"co64") if is_wide else written


def _table(body: bytes, _: bytes) -> bytes:
    return bytes(4) + body


def colored_avif(*colors: bytes, mode: str = "RGB") -> bytes:
    """Squares in an AVIF with these colour boxes."""
    return avif_file([avif_picture(patches(mode), more=colors)])


def transparent_avif(*, is_split: bool) -> bytes:
    """A drawing on nothing, as some encoders write it: with a box of properties for each item."""
    image = pictures.drawing(96, 64, transparent=True)
    kind = full_box(b"auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\x00")
    items = [avif_picture(image.convert("RGB")), avif_picture(image.getchannel("A"), more=[kind])]
    return avif_file(items, references=[(b"auxl", 2, [1])], is_split=is_split)


def avif_with_gain_map() -> bytes:
    """Squares with a gain map, ISO 21496-1: four times as bright on screens that can."""
    numbers = [(0, 1), (2, 1), (0, 1), (2, 1), (1, 1), (1, 64), (1, 64)]
    facts = struct.pack(">BHHB", 0, 0, 0, 0x40) + b"".join(struct.pack(">iI", *pair) for pair in numbers)
    extent = full_box(b"ispe", struct.pack(">II", *patches().size))
    tone_map = Item(b"tmap", facts, (extent, full_box(b"pixi", b"\x03\x0a\x0a\x0a"), nclx(9, 16)))
    gain = avif_picture(Image.new("L", patches().size, 255))
    picture = avif_picture(patches(), more=[nclx(1, 13)])
    return avif_file([picture, tone_map, gain], references=[(b"dimg", 2, [1, 3])], groups=[[2, 1]])


def turned_avif(*transforms: bytes, exif: bytes = b"") -> bytes:
    """Quadrants with these properties that turn them, and perhaps EXIF data that must not."""
    picture = avif_picture(pictures.quadrants(64, 48), more=transforms)
    items, references = [picture], []
    if exif:
        items.append(Item(b"Exif", bytes(4) + exif))
        references.append((b"cdsc", 2, [1]))
    return avif_file(items, references=references)


COLORED_AVIFS: dict[str, Callable[[], bytes]] = {
    "no numbers": colored_avif,
    "profile": lambda: colored_avif(box(b"colr", b"prof", pictures.adobe_rgb_profile())),
    "profile and numbers": lambda: colored_avif(
        nclx(1, 8), box(b"colr", b"prof", pictures.adobe_rgb_profile())
    ),
    "grey in linear light": lambda: colored_avif(nclx(1, 8), mode="L"),
    "gain map": avif_with_gain_map,
    **{
        f"numbers {primaries} {transfer}": partial(colored_avif, nclx(primaries, transfer))
        for primaries, transfer in (
            *((1, number) for number in (1, 2, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18)),
            *((number, 13) for number in (2, 3, 5, 9, 10, 11, 12, 22)),
            *((2, 2), (2, 16), (9, 1), (9, 16), (9, 18), (12, 1), (12, 2), (12, 16), (99, 99)),
        )
    },
}
"""AVIFs by what they say of their colours."""


# JPEG ------------------------------------------------------------------------------------------------------


def with_segments(jpeg: bytes, *segments: tuple[int, bytes]) -> bytes:
    """A JPEG with more application segments in front."""
    packed = b"".join(
        b"\xff" + bytes((marker,)) + struct.pack(">H", len(body) + 2) + body for marker, body in segments
    )
    return jpeg[:2] + packed + jpeg[2:]


def colored_jpeg(profile: bytes | None = None, mode: str = "RGB") -> bytes:
    """Squares in a JPEG with a profile."""
    return pictures.encoded(patches(mode), "JPEG", quality=100, subsampling=0, icc_profile=profile)


def printed_jpeg() -> bytes:
    """Each colored ink of a press alone, and these over each other, in a JPEG with its profile.

    Between the 16 colours that this profile knows each program finds its own way, and so it does with black: the
    store compensates for the black point, as print shops do, and browsers do not.
    """
    all_inks = [inks for inks in pictures.INKS if not inks[3]]
    image = Image.new("CMYK", (PATCH * len(all_inks), PATCH))
    for index, inks in enumerate(all_inks):
        color = tuple(255 * ink for ink in inks)
        image.paste(color, (PATCH * index, 0, PATCH * (index + 1), PATCH))
    return pictures.encoded(image, "JPEG", quality=100, subsampling=0, icc_profile=pictures.press_profile())


def colored_webp() -> bytes:
    """Squares in a WebP in Display P3."""
    return pictures.encoded(patches(), "WEBP", lossless=True, icc_profile=pictures.display_p3_profile())


def ultra_hdr() -> bytes:
    """A JPEG as phones write it for HDR screens: a base picture, and behind it a gain map."""
    namespace = b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
    xmp = b"http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta><rdf:Description %b/></x:xmpmeta>"
    gain = pictures.encoded(Image.new("L", patches().size, 255), "JPEG")
    gain = with_segments(gain, (0xE1, xmp % (namespace + b' hdrgm:GainMapMax="2" hdrgm:HDRCapacityMax="2"')))
    base = with_segments(colored_jpeg(), (0xE1, xmp % namespace))
    index = b"MPF\x00MM\x00*" + struct.pack(">IH", 8, 3)
    index += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, 2)
    index += struct.pack(">HHII", 0xB002, 7, 32, 50) + bytes(4)
    size = len(base) + len(index) + 36
    index += struct.pack(">IIIHH", 0x030000, size, 0, 0, 0) + struct.pack(
        ">IIIHH", 0, len(gain), size - 10, 0, 0
    )
    return with_segments(base, (0xE2, index)) + gain


COLORED_JPEGS: dict[str, Callable[[], bytes]] = {
    "P3": lambda: colored_jpeg(pictures.display_p3_profile()),
    "Adobe RGB": lambda: colored_jpeg(pictures.adobe_rgb_profile()),
    "grey": lambda: colored_jpeg(pictures.linear_grey_profile(), "L"),
    "grey with a profile of colours": lambda: colored_jpeg(pictures.adobe_rgb_profile(), "L"),
    "profile of grey": lambda: colored_jpeg(pictures.linear_grey_profile()),
    "profile with numbers of PQ": lambda: colored_jpeg(profile_with_cicp(9, 16)),
    "CMYK": lambda: colored_jpeg(mode="CMYK"),
    "CMYK of a press": printed_jpeg,
    "gain map": ultra_hdr,
}
"""JPEGs by what they say of their colours."""


# Orientation -----------------------------------------------------------------------------------------------


def tiff(orientation: int, *, kind: int = 3, count: int = 1, order: str = "<", times: int = 1) -> bytes:
    """EXIF data with an orientation of a type, 3 for SHORT and 4 for LONG, told once or more often."""
    form = {1: "B", 4: "I", 9: "i"}.get(kind, "H")
    value = struct.pack(order + form, orientation).ljust(4, b"\x00")
    entry = struct.pack(f"{order}HHI", 0x0112, kind, count) + value
    head = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}IH", 8, times)
    return head + entry * times + bytes(4)


def quadrants(file_format: str) -> bytes:
    """Four quarters, each of another colour."""
    options: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}
    return pictures.encoded(pictures.quadrants(64, 48), file_format, **options.get(file_format, {}))


def _xmp(orientation: int) -> bytes:
    return b'<x:xmpmeta><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>' % orientation


_EXIF = b"Exif\x00\x00"
TURNED: dict[str, Callable[[], bytes]] = {
    **{
        f"jpeg {number}": partial(
            lambda number: with_segments(quadrants("JPEG"), (0xE1, _EXIF + tiff(number))), number
        )
        for number in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    },
    "jpeg, high byte first": lambda: with_segments(quadrants("JPEG"), (0xE1, _EXIF + tiff(6, order=">"))),
    "jpeg by a byte": lambda: with_segments(quadrants("JPEG"), (0xE1, _EXIF + tiff(6, kind=1))),
    "jpeg by two values": lambda: with_segments(quadrants("JPEG"), (0xE1, _EXIF + tiff(6, count=2))),
    "jpeg by xmp": lambda: with_segments(
        quadrants("JPEG"), (0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + _xmp(6))
    ),
    "jpeg by the first of two": lambda: with_segments(
        quadrants("JPEG"), (0xE1, _EXIF + tiff(6)), (0xE1, _EXIF + tiff(3))
    ),
    "jpeg with a directory that is cut off": lambda: with_segments(
        quadrants("JPEG"), (0xE1, _EXIF + tiff(6, times=9)[:30])
    ),
    "png": lambda: with_chunks(quadrants("PNG"), chunk(b"eXIf", tiff(6))),
    "png, damaged": lambda: with_chunks(quadrants("PNG"), chunk(b"eXIf", tiff(6), is_damaged=True)),
    "png behind the pixels": lambda: with_chunks(
        quadrants("PNG"), chunk(b"eXIf", tiff(6)), is_before_data=False
    ),
    "png by text": lambda: with_chunks(quadrants("PNG"), chunk(b"tEXt", b"exif\x00Exif\x00\x00" + tiff(6))),
    "png by a raw profile": lambda: with_chunks(
        quadrants("PNG"),
        chunk(b"tEXt", b"Raw profile type exif\x00\nexif\n 32\n" + (_EXIF + tiff(6)).hex().encode()),
    ),
    "png by xmp": lambda: with_chunks(
        quadrants("PNG"), chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + _xmp(6))
    ),
    "avif by exif": lambda: turned_avif(exif=tiff(6)),
    "avif by irot": lambda: turned_avif(box(b"irot", b"\x01")),
    "avif by irot, and exif": lambda: turned_avif(box(b"irot", b"\x01"), exif=tiff(3)),
    "avif by imir": lambda: turned_avif(box(b"imir", b"\x00")),
    "avif by imir of the other axis": lambda: turned_avif(box(b"imir", b"\x01")),
    "avif by both": lambda: turned_avif(box(b"irot", b"\x03"), box(b"imir", b"\x01")),
    "avif by xmp": lambda: pictures.encoded(pictures.quadrants(64, 48), "AVIF", xmp=_xmp(6)),
}
"""Quadrants by what says, or does not, which way up they are."""

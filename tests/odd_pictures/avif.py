"""AVIFs that programs show in other colours, turned, or with an alpha of their own."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from PIL import Image

from tests import pictures, profiles
from tests.odd_pictures.squares import patches

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
    return _coded(image, *more, quality=100, subsampling="4:4:4", speed=8)


def _coded(image: Image.Image, *more: bytes, **options: Any) -> Item:
    data = pictures.encoded(image, "AVIF", **options)
    at = data.index(b"av1C") - 4
    configuration = data[at : at + struct.unpack_from(">I", data, at)[0]]
    pixels = full_box(b"pixi", bytes((len(image.getbands()), *[8] * len(image.getbands()))))
    extent = full_box(b"ispe", struct.pack(">II", *image.size))
    return Item(b"av01", data[data.index(b"mdat") + 4 :], (extent, pixels, configuration, *more))


@cache
def avif_of_one_color(side: int) -> Item:
    """A red square, coded in a few bytes and quickly."""
    return _coded(Image.new("RGB", (side, side), "red"), quality=50, speed=10)


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
    "profile": lambda: colored_avif(box(b"colr", b"prof", profiles.adobe_rgb_profile())),
    "profile and numbers": lambda: colored_avif(
        nclx(1, 8), box(b"colr", b"prof", profiles.adobe_rgb_profile())
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

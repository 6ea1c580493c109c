"""AVIF (the AV1 image file format over ISO/IEC 14496-12 and 23008-12): reads and repairs its boxes.

The decoder reads the boxes itself. Two repairs are made before, which move nothing in the file:

- Items of metadata get a type that the decoder skips, so that broken metadata cannot make the picture fail.
- Some encoders write one box of property associations for each item, which neither the standard nor the decoder
  allows; such boxes are joined.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from image_store.adapters.imaging.color.colorimetry import BT709, SRGB_CURVE, ColorSpace
from image_store.adapters.imaging.color.conversion import MAX_PROFILE_BYTES, ColorTag, tag_of_cicp
from image_store.adapters.imaging.decoding.opening import frames_in, open_image
from image_store.adapters.imaging.formats.avif_boxes import Box, boxes_in, check_parts
from image_store.adapters.imaging.formats.avif_coded import check_coded_pixels
from image_store.adapters.imaging.formats.exif import orientation_of
from image_store.adapters.imaging.formats.source import DAMAGED_PROFILE, ContainerFacts
from image_store.domain.errors import InvalidImage
from image_store.domain.images.media import MediaType

if TYPE_CHECKING:
    from image_store.adapters.imaging.rendering.sizes import Size

_METADATA_TYPES = (b"Exif", b"mime")
_SKIPPED_TYPE = b"skip"
# The path to the color box of a sequence: each box, and the number of bytes before its children.
_TRACK_PATH = (
    (b"moov", 0),
    (b"trak", 0),
    (b"mdia", 0),
    (b"minf", 0),
    (b"stbl", 0),
    (b"stsd", 8),
    (b"av01", 78),
)
_SRGB_NUMBER, _UNKNOWN_NUMBER = 13, 2
# Browsers show pictures that a camera coded by these as sRGB.
_CAMERA_CURVES = frozenset({1, 6, 14, 15})
_CURVES_OF_NO_VIEWER = frozenset({9, 10, 11, 12})
_IS_LARGE_ASSOCIATION, _PROPERTY_BITS = 1, (0x7F, 0x7FFF)
_MOST_ASSOCIATIONS = 255


class AvifFrames:
    """The frames of an AVIF."""

    plays = 0

    def __init__(self, data: bytes) -> None:
        """Read the boxes and open the file; nothing is decoded yet."""
        repaired, colors, warnings = _read(data)
        self._opened = open_image(repaired, MediaType.AVIF)
        self.size: Size = self._opened.size
        self.count: int = getattr(self._opened, "n_frames", 1)
        # Without EXIF items the decoder derives this from irot and imir.
        orientation = orientation_of(self._opened.info.get("exif", b""))
        self.facts = ContainerFacts(colors, orientation, warnings)

    def decode(self) -> Iterator[tuple[Image.Image, float | None]]:
        """Decode each frame."""
        return frames_in(self._opened, count=self.count)


def _read(data: bytes) -> tuple[bytes, ColorTag, tuple[str, ...]]:
    """The file for the decoder, its colours, and warnings about what is ignored."""
    check_parts(data)
    check_coded_pixels(data)
    edits: list[tuple[int, bytes]] = []
    color_boxes: list[bytes] = []
    try:
        meta = _first(boxes_in(data, 0, len(data)), b"meta")
        if meta is not None:
            children = list(boxes_in(data, meta.start + 4, meta.end))
            edits += _hidden_metadata(data, children)
            properties = _first(iter(children), b"iprp")
            if properties is not None:
                edits += _joined_associations(data, properties)
                color_boxes = _item_colors(data, children, properties)
        color_boxes = color_boxes or _track_colors(data)
    except (struct.error, IndexError):
        pass  # the decoder reports the damage
    colors, warnings = _colors(color_boxes)
    if not edits:
        return data, colors, warnings
    repaired = bytearray(data)
    for at, replacement in edits:
        repaired[at : at + len(replacement)] = replacement
    return bytes(repaired), colors, warnings


def _first(boxes: Iterator[Box], name: bytes) -> Box | None:
    return next((box for box in boxes if box.name == name), None)


def _hidden_metadata(data: bytes, children: list[Box]) -> list[tuple[int, bytes]]:
    """The edits, by place, after which no item is EXIF or XMP."""
    edits: list[tuple[int, bytes]] = []
    for items in children:
        if items.name != b"iinf":
            continue
        entries_at = items.start + (6 if data[items.start] == 0 else 8)
        for entry in boxes_in(data, entries_at, items.end):
            version = data[entry.start]
            at = entry.start + 4 + (4 if version == 2 else 6)
            if entry.name == b"infe" and version >= 2 and data[at : at + 4] in _METADATA_TYPES:
                edits.append((at, _SKIPPED_TYPE))
    return edits


@dataclass(frozen=True, slots=True)
class _Associations:
    """An `ipma` box: the packed associations of each item, preceded by their number."""

    kind: bytes
    items: dict[int, bytes]


def _associations(data: bytes, box: Box) -> _Associations:
    kind = data[box.start : box.start + 4]
    is_long, is_large = kind[0] > 0, bool(kind[3] & _IS_LARGE_ASSOCIATION)
    (count,) = struct.unpack_from(">I", data, box.start + 4)
    width = 2 if is_large else 1
    items: dict[int, bytes] = {}
    at = box.start + 8
    for _ in range(min(count, (box.end - at) // 3)):
        (item,) = struct.unpack_from(">I" if is_long else ">H", data, at)
        at += 4 if is_long else 2
        length = data[at] * width
        body = items.get(item, b"") + data[at + 1 : at + 1 + length]
        # One byte holds the number of associations of an item, so further ones cannot be added.
        items[item] = body[: _MOST_ASSOCIATIONS * width]
        at += 1 + length
    packed = {item: bytes((len(body) // width,)) + body for item, body in items.items()}
    return _Associations(kind, packed)


def _joined_associations(data: bytes, properties: Box) -> list[tuple[int, bytes]]:
    """The edits, by place, after which there is one `ipma` of each kind, with free space in place of the others."""
    boxes = [box for box in boxes_in(data, properties.start, properties.end) if box.name == b"ipma"]
    if (
        len(boxes) < 2
        or boxes[-1].end != properties.end
        or boxes[-1].end - boxes[0].at != sum(box.end - box.at for box in boxes)
    ):
        return []
    joined: dict[bytes, dict[int, bytes]] = {}
    for box in boxes:
        associations = _associations(data, box)
        known = joined.setdefault(associations.kind, {})
        if not known.keys().isdisjoint(associations.items):
            return []
        known.update(associations.items)
    if len(joined) == len(boxes):
        return []
    joined_boxes = b"".join(_packed(kind, items) for kind, items in joined.items())
    free = properties.end - boxes[0].at - len(joined_boxes)
    if free < 8:
        return []
    size = properties.end - properties.at - free
    return [
        (properties.at, struct.pack(">I", size)),
        (boxes[0].at, joined_boxes + struct.pack(">I4s", free, b"free") + bytes(free - 8)),
    ]


def _packed(kind: bytes, items: dict[int, bytes]) -> bytes:
    form = ">I" if kind[0] > 0 else ">H"
    body = kind + struct.pack(">I", len(items))
    body += b"".join(struct.pack(form, item) + items[item] for item in sorted(items))
    return struct.pack(">I4s", 8 + len(body), b"ipma") + body


def _item_colors(data: bytes, children: list[Box], properties: Box) -> list[bytes]:
    """The bodies of the color boxes of the primary item."""
    primary = _first(iter(children), b"pitm")
    container = _first(boxes_in(data, properties.start, properties.end), b"ipco")
    if primary is None or container is None:
        return []
    item = int.from_bytes(data[primary.start + 4 : primary.end], "big")
    boxes = list(boxes_in(data, container.start, container.end))
    used: dict[int, Box] = {}  # an item may name the same large property many times
    for box in boxes_in(data, properties.start, properties.end):
        if box.name != b"ipma":
            continue
        associations = _associations(data, box)
        width = 2 if associations.kind[3] & _IS_LARGE_ASSOCIATION else 1
        packed = associations.items.get(item, b"\x00")[1:]
        for at in range(0, len(packed), width):
            index = int.from_bytes(packed[at : at + width], "big") & _PROPERTY_BITS[width - 1]
            if 0 < index <= len(boxes) and boxes[index - 1].name == b"colr":
                used.setdefault(index, boxes[index - 1])
    return [data[box.start : box.end] for box in used.values()]


def _track_colors(data: bytes) -> list[bytes]:
    """The bodies of the color boxes of the first track of a sequence."""
    start, end = 0, len(data)
    for name, skipped in _TRACK_PATH:
        box = _first(boxes_in(data, start, end), name)
        if box is None:
            return []
        start, end = box.start + skipped, box.end
    return [data[box.start : box.end] for box in boxes_in(data, start, end) if box.name == b"colr"]


def _colors(boxes: list[bytes]) -> tuple[ColorTag, tuple[str, ...]]:
    """The colours that color boxes declare: a profile before numbers, as MIAF requires."""
    warnings: tuple[str, ...] = ()
    for body in boxes:
        if body[:4] in (b"prof", b"rICC"):
            if len(body) - 4 <= MAX_PROFILE_BYTES:
                return body[4:], ()
            warnings = (DAMAGED_PROFILE,)
    for body in boxes:
        if body[:4] == b"nclx" and len(body) >= 8:
            primaries, transfer = struct.unpack_from(">HH", body, 4)
            return _color_of_numbers(primaries, transfer), warnings
    return None, warnings


def _color_of_numbers(primaries: int, transfer: int) -> ColorTag:
    if transfer in _CURVES_OF_NO_VIEWER:
        raise InvalidImage(
            f"The AVIF codes its brightness in a way that is not supported (transfer characteristics {transfer}): "
            "save it again as sRGB, PQ or HLG."
        )
    curve = _SRGB_NUMBER if transfer in _CAMERA_CURVES or transfer == _UNKNOWN_NUMBER else transfer
    tag = tag_of_cicp(primaries, curve, unknown_curve=SRGB_CURVE)
    return None if tag == ColorSpace(BT709, SRGB_CURVE) else tag

"""What renditions carry beside the picture: nothing, or the mark of AI (B4, B7)."""

import struct
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image, PngImagePlugin

from image_store.adapters.imaging import PillowProcessor
from image_store.adapters.imaging.rendering.provenance import xmp_packet
from image_store.domain.delivery.renditions import RENDITION_TYPES, UPLOAD_RECIPES, Fit, Recipe
from image_store.domain.images.media import MediaType, sniff
from image_store.domain.images.processing import RenderedFile
from image_store.domain.images.provenance import Provenance
from tests import pictures, profiles

pytestmark = pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\.")

EXTENSION = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
EVERY_RECIPE = {
    **UPLOAD_RECIPES,
    "padded": Recipe(500, 500, Fit.PAD),
    **{media_type.name: Recipe(80, media_type=media_type) for media_type in RENDITION_TYPES},
}


def processed_of(
    data: bytes, *, recipes: dict[str, Recipe] | None = None, provenance: Provenance | None = None
) -> tuple[RenderedFile, ...]:
    processed = PillowProcessor().process(data, None, recipes or EVERY_RECIPE, provenance=provenance)
    return processed.renditions


# What there is in a file -----------------------------------------------------------------------------------


def parts(data: bytes) -> list[tuple[bytes, bytes]]:
    """Names and bodies of all parts of a file, as far as its container has any."""
    readers = {
        MediaType.JPEG: _jpeg_segments,
        MediaType.PNG: _png_chunks,
        MediaType.WEBP: _webp_chunks,
        MediaType.AVIF: _avif_items,
    }
    media_type = sniff(data)
    assert media_type is not None
    return list(readers[media_type](data))


def _jpeg_segments(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 2
    while data[at + 1] != 0xDA:
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        yield data[at : at + 2], data[at + 4 : at + 2 + length]
        at += 2 + length


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at < len(data):
        (length,) = struct.unpack("<I", data[at + 4 : at + 8])
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _avif_items(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The items of an AVIF by type, from its `infe` boxes, and its `colr` properties."""
    for name in (b"infe", b"colr"):
        at = 0
        while (at := data.find(name, at)) >= 0:
            (length,) = struct.unpack(">I", data[at - 4 : at])
            body = data[at + 4 : at - 4 + length]
            yield (body[8:12], body) if name == b"infe" else (b"colr " + body[:4], body)
            at += 4


ALLOWED = {
    # A bare JFIF header, tables and the frame; no other APP segment, no comment.
    MediaType.JPEG: {b"\xff\xe0", b"\xff\xdb", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xdd"},
    MediaType.PNG: {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"},
    MediaType.WEBP: {b"VP8X", b"ALPH", b"VP8 ", b"VP8L", b"ANIM", b"ANMF"},
    # The picture, its alpha, and the colours of sRGB as numbers; no ICC profile, EXIF or XMP.
    MediaType.AVIF: {b"av01", b"colr nclx"},
}
WHERE_XMP_IS = {
    MediaType.JPEG: b"\xff\xe1",
    MediaType.PNG: b"iTXt",
    MediaType.WEBP: b"XMP ",
    MediaType.AVIF: b"mime",
}


def xmp_of(file: RenderedFile) -> bytes | None:
    xmp = Image.open(BytesIO(file.data)).info.get("xmp")
    return xmp if isinstance(xmp, bytes) else None


def properties(packet: bytes) -> dict[str, str | None]:
    """The properties of an XMP packet by their names."""
    root = ElementTree.fromstring(packet.decode())  # noqa: S314 - made by ourselves
    (description,) = root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    return {element.tag.removeprefix(EXTENSION): element.text for element in description}


def _texts() -> PngImagePlugin.PngInfo:
    """What editors write, in each of the ways a PNG has: a comment, a packed one, a time and XMP."""
    texts, mark = PngImagePlugin.PngInfo(), pictures.GPS_MARK.decode()
    texts.add_text("Comment", mark)
    texts.add_text("parameters", mark * 50, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{mark}</x:xmpmeta>")
    texts.add_itxt("Location", mark, zip=True)
    texts.add(b"tIME", bytes((7, 234, 11, 21, 14, 40, 0)))
    return texts


def _with_a_caption(jpeg: bytes) -> bytes:
    """With IPTC data as Photoshop writes it, an unknown segment and something behind the picture."""
    mark = pictures.GPS_MARK
    iptc = b"\x1c\x02\x78" + struct.pack(">H", len(mark)) + mark
    body = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + struct.pack(">I", len(iptc)) + iptc
    body += b"\x00" * (len(iptc) % 2)
    segments = [b"\xff\xed" + struct.pack(">H", len(body) + 2) + body]
    segments.append(b"\xff\xe5" + struct.pack(">H", len(mark) + 2) + mark)
    return jpeg[:2] + b"".join(segments) + jpeg[2:] + mark


@cache
def loaded_with_metadata() -> dict[str, bytes]:
    """Files of all formats that tell where they were taken, in every way there is."""
    tags: dict[str, Any] = {"exif": pictures.exif(gps=True), "icc_profile": profiles.display_p3_profile()}
    xmp = b"<x:xmpmeta>" + pictures.GPS_MARK + b"</x:xmpmeta>"
    transparent = pictures.scene(120, 90)
    transparent.putalpha(Image.linear_gradient("L").resize((120, 90)))
    moving = {"save_all": True, "append_images": [pictures.quadrants(120, 90)], "duration": 90}
    return {
        "jpeg": pictures.jpeg(120, 90, metadata=True, icc_profile=profiles.display_p3_profile()),
        "cmyk jpeg": pictures.encoded(
            pictures.scene(99, 99).convert("CMYK"), "JPEG", comment=pictures.GPS_MARK, exif=tags["exif"]
        ),
        "png": pictures.png(120, 90, **tags),
        "png with texts": pictures.png(120, 90, pnginfo=_texts(), dpi=(300, 300)),
        "jpeg with a caption": _with_a_caption(pictures.jpeg(120, 90)),
        "transparent png": pictures.encoded(transparent, "PNG", **tags),
        "palette png": pictures.encoded(pictures.drawing(120, 90).quantize(8), "PNG", **tags),
        "webp": pictures.webp(120, 90, xmp=xmp, **tags),
        "transparent webp": pictures.encoded(transparent, "WEBP", xmp=xmp, **tags),
        "avif": pictures.avif(120, 90, xmp=xmp, **tags),
        "gif": pictures.encoded(pictures.scene(99, 99).quantize(32), "GIF", comment=pictures.GPS_MARK),
        "animated gif": pictures.encoded(
            pictures.quadrants(120, 90), "GIF", comment=pictures.GPS_MARK, **moving
        ),
        "animated webp": pictures.encoded(pictures.quadrants(120, 90), "WEBP", xmp=xmp, **tags, **moving),
        "animated png": pictures.encoded(pictures.quadrants(120, 90), "PNG", **tags, **moving),
    }


# Nothing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", loaded_with_metadata())
def test_no_rendition_in_any_format_carries_metadata(name: str) -> None:
    data = loaded_with_metadata()[name]
    assert pictures.GPS_MARK in data

    files = processed_of(data)

    assert {file.rendition.media_type for file in files} == set(RENDITION_TYPES)
    for file in files:
        names = {part for part, _ in parts(file.data)}
        assert names <= ALLOWED[file.rendition.media_type], file.rendition
        assert pictures.GPS_MARK not in file.data
        opened = Image.open(BytesIO(file.data))
        assert not opened.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & {
            key for key, value in opened.info.items() if value
        }


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif"])
def test_what_the_upload_says_of_itself_is_not_mixed_into_the_mark(name: str) -> None:
    for file in processed_of(loaded_with_metadata()[name], provenance=Provenance()):
        assert pictures.GPS_MARK not in file.data
        assert not Image.open(BytesIO(file.data)).getexif()


# The mark --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["jpeg", "transparent png", "palette png", "animated gif", "avif"])
def test_every_rendition_of_a_generated_picture_is_marked_and_says_nothing_else(name: str) -> None:
    files = processed_of(loaded_with_metadata()[name], provenance=Provenance())

    for file in files:
        media_type = file.rendition.media_type
        names = [part for part, _ in parts(file.data)]
        assert set(names) <= ALLOWED[media_type] | {WHERE_XMP_IS[media_type]}
        assert names.count(WHERE_XMP_IS[media_type]) == 1
        packet = xmp_of(file)
        assert packet is not None
        assert properties(packet) == {"DigitalSourceType": AI}
        assert len(file.data) == file.rendition.size_bytes


def test_the_packet_is_where_readers_look_for_it() -> None:
    """Adobe's XMP specification, part 3: signature in a JPEG, keyword in a PNG, content type in an AVIF."""
    files = {
        file.rendition.preset: file for file in processed_of(pictures.png(120, 90), provenance=Provenance())
    }

    (segment,) = [body for name, body in parts(files["JPEG"].data) if name == b"\xff\xe1"]
    (text,) = [body for name, body in parts(files["PNG"].data) if name == b"iTXt"]
    (item,) = [body for name, body in parts(files["AVIF"].data) if name == b"mime"]
    assert segment.startswith(b"http://ns.adobe.com/xap/1.0/\x00<?xpacket begin")
    assert text.startswith(b"XML:com.adobe.xmp\x00\x00\x00\x00\x00<?xpacket begin")
    assert b"application/rdf+xml" in item


def test_prompt_and_seed_are_embedded_only_when_given() -> None:
    given = Provenance(prompt="a <cat> & a “dog”, 犬", seed=42)

    files = processed_of(pictures.png(120, 90), provenance=given)

    for file in files:
        packet = xmp_of(file)
        assert packet is not None
        assert properties(packet) == {
            "DigitalSourceType": AI,
            "AIPromptInformation": "a <cat> & a “dog”, 犬\nSeed: 42",
        }


@pytest.mark.parametrize(
    ("provenance", "text"),
    [
        (Provenance(seed=0), "Seed: 0"),
        (Provenance(prompt="a cat"), "a cat"),
        (Provenance(prompt="a\x00 c\x1bat\ud800\ufffe"), "a cat"),
    ],
    ids=["seed", "prompt", "control characters"],
)
def test_the_mark_contains_only_characters_that_xml_allows(provenance: Provenance, text: str) -> None:
    assert properties(xmp_packet(provenance))["AIPromptInformation"] == text


@pytest.mark.parametrize("character", ["&", "犬", "🐈", "a"])
def test_the_longest_prompt_fits_into_a_jpeg(character: str) -> None:
    given = Provenance(prompt=character * 50_000, seed=-(2**63))

    (file,) = processed_of(
        pictures.png(64, 48), recipes={"jpeg": Recipe(media_type=MediaType.JPEG)}, provenance=given
    )

    packet = xmp_of(file)
    assert packet is not None
    assert properties(packet)["AIPromptInformation"] == f"{character * 12_000}\nSeed: {-(2**63)}"

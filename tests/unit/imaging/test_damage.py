"""Whole pictures are accepted whatever else of their file is broken; half ones are refused."""

import struct
import tracemalloc
import zlib
from itertools import product

import pytest
from PIL import Image

from image_store.adapters.imaging import PillowProcessor
from image_store.adapters.imaging.formats.png import read_png
from image_store.domain.delivery.renditions import Recipe
from image_store.domain.errors import InvalidImage
from image_store.domain.images.media import MediaType
from tests import pictures, profiles
from tests.odd_pictures.animations import gif_with_small_frame, three_frames
from tests.odd_pictures.avif import colored_avif, nclx, turned_avif
from tests.odd_pictures.jpeg import with_segments
from tests.odd_pictures.png import chunk, colored_png, iccp, with_chunks

EXACT = {"picture": Recipe(media_type=MediaType.PNG)}
NO_END = "The file ends without its end mark; its picture is complete."
PNG, JPEG, GIF, WEBP, AVIF = (
    pictures.encoded(pictures.quadrants(64, 48), name) for name in ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
)
PALETTE_PNG = pictures.encoded(pictures.drawing(64, 48, transparent=True).quantize(8), "PNG")
PROFILE = profiles.display_p3_profile()


def stored(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The picture that is shown, as a file, and the warnings."""
    processed = PillowProcessor().process(data, None, EXACT)
    return processed.renditions[0].data, processed.warnings


def damaged_in(name: bytes) -> str:
    return f"Damaged parts of the PNG are ignored: {name.decode()}."


def without_checksum(png: bytes, name: bytes) -> bytes:
    """A PNG in which one chunk has a wrong checksum."""
    at = png.index(name) - 4
    end = at + 8 + int.from_bytes(png[at : at + 4], "big")
    return png[:end] + bytes((png[end] ^ 1,)) + png[end + 1 :]


@pytest.mark.parametrize(
    ("data", "whole", "warnings"),
    [
        (PNG[:-12], PNG, (NO_END,)),
        (PNG[:-4], PNG, ()),
        (PNG[:-14], PNG, (NO_END,)),
        (PNG + b"junk" * 9, PNG, ()),
        (with_chunks(PNG, chunk(b"tEXt", b"key\x00text", is_damaged=True)), PNG, (damaged_in(b"tEXt"),)),
        (with_chunks(PNG, chunk(b"iTXt", b"key\x00\x00\x00\x00\x00" + b"x" * 1_500_000)), PNG, ()),
        (with_chunks(PNG, chunk(b"zTXt", b"key\x00\x00garbage")), PNG, ()),
        (with_chunks(PNG, chunk(b"zTXt", b"key\x00\x09garbage")), PNG, ()),
        (with_chunks(PNG, chunk(b"cHRM", bytes(3)), chunk(b"pHYs", b"")), PNG, ()),
        (with_chunks(PNG, chunk(*iccp(bytes(1_100_000)))), PNG, "profile"),
        (with_chunks(PNG, chunk(b"iCCP", b"icc\x00\x00garbage")), PNG, "profile"),
        (PNG[:-12] + (5_000).to_bytes(4, "big") + b"tEXtcut off", PNG, (NO_END, damaged_in(b"tEXt"))),
        (JPEG[:-2], JPEG, (NO_END,)),
        (JPEG + b"junk" * 9, JPEG, ()),
        (with_segments(JPEG, (0xE0, b"JFIF\x00\x01"), (0xE1, b"Exif\x00\x00MM\x00")), JPEG, ()),
        (with_segments(JPEG, (0xE2, b"ICC_PROFILE\x00\x01\x02" + PROFILE)), JPEG, "profile"),
        (with_segments(JPEG, (0xE2, b"MPF\x00II*\x00\xff\xff\xff\x7f")), JPEG, ()),
        (GIF[:-1], GIF, (NO_END,)),
        (GIF[:-2], GIF, (NO_END,)),
        (GIF + b"junk" * 9, GIF, ()),
        (WEBP + b"junk!", WEBP, ()),
        (WEBP[:4] + (len(WEBP) - 7).to_bytes(4, "little") + WEBP[8:], WEBP, "WebP"),
        (WEBP[:4] + (len(WEBP) + 99).to_bytes(4, "little") + WEBP[8:], WEBP, "WebP"),
        (AVIF + b"junk!", AVIF, ()),
        (turned_avif(exif=b"garbage"), turned_avif(), ()),
    ],
)
def test_a_whole_picture_is_shown_whatever_else_is_broken(
    data: bytes, whole: bytes, warnings: tuple[str, ...] | str
) -> None:
    expected, _ = stored(whole)

    picture, notes = stored(data)

    assert picture == expected
    assert notes == warnings if isinstance(warnings, tuple) else warnings in " ".join(notes)


def test_a_profile_of_a_megabyte_is_followed() -> None:
    large = bytearray(PROFILE + bytes(1_100_000))
    large[:4] = len(large).to_bytes(4, "big")
    plain, _ = stored(colored_png())
    expected, _ = stored(colored_png(iccp(PROFILE)))

    picture, warnings = stored(colored_png(iccp(bytes(large))))

    assert (picture, warnings) == (expected, ())
    assert picture != plain


def test_transparency_that_is_damaged_is_ignored_as_in_browsers() -> None:
    picture, warnings = stored(without_checksum(PALETTE_PNG, b"tRNS"))

    assert warnings == (damaged_in(b"tRNS"),)
    assert picture != stored(PALETTE_PNG)[0]


@pytest.mark.parametrize("colors", [bytes(3 * 257), bytes(3_000_000), b"1234"])
def test_invalid_suggested_palettes_are_ignored_as_in_browsers(colors: bytes) -> None:
    picture, warnings = stored(with_chunks(PNG, chunk(b"PLTE", colors)))

    assert warnings == (damaged_in(b"PLTE"),)
    assert picture == stored(PNG)[0]


def test_an_animation_is_decoded_without_invalid_palette_colors() -> None:
    """Each frame is a file of its own for the decoder: a large palette would be copied a thousand times."""
    picture = read_png(with_chunks(three_frames(), chunk(b"PLTE", bytes(3_000_000))))

    assert len(picture.frames) == 3
    assert all(len(picture.still_of(frame).read()) < 1_000 for frame in picture.frames)


def test_transparency_of_more_colors_than_there_are_is_ignored() -> None:
    picture, warnings = stored(with_chunks(PNG, chunk(b"tRNS", bytes(3_000_000))))

    assert warnings == (damaged_in(b"tRNS"),)
    assert picture == stored(PNG)[0]


def test_a_picture_with_an_invalid_palette_is_refused_with_a_message() -> None:
    at = PALETTE_PNG.index(b"PLTE") - 4
    before, behind = PALETTE_PNG[:at], PALETTE_PNG[PALETTE_PNG.index(b"tRNS") - 4 :]

    with pytest.raises(InvalidImage, match="at most 256 colors"):
        stored(before + chunk(b"PLTE", bytes(3 * 257)) + behind)


@pytest.mark.parametrize(
    "data",
    [
        without_checksum(PNG, b"IDAT"),
        without_checksum(PALETTE_PNG, b"PLTE"),
        without_checksum(PNG, b"IHDR"),
        without_checksum(pictures.animation("PNG"), b"fdAT"),
        with_chunks(PNG, chunk(b"CRIT", b"x")),
        with_chunks(PNG, PNG[8:33]),
        PNG[:-40],
        GIF[: len(GIF) * 2 // 3],
        WEBP[:-6],
        WEBP[:4] + (len(WEBP) - 14).to_bytes(4, "little") + WEBP[8:-6],
        AVIF[:-1],
        AVIF[:-20] + bytes(20),
        colored_avif(nclx(1, 9)),
    ],
)
def test_what_cannot_be_shown_right_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidImage):
        stored(data)


@pytest.mark.parametrize("is_interlaced", [False, True])
def test_a_png_whose_packed_rows_end_early_is_refused(*, is_interlaced: bool) -> None:
    # An interlaced picture of 8 × 8 pixels has 15 rows in its seven passes.
    sizes = [1, 1, 2, 2, 2, *[4] * 6, *[8] * 4] if is_interlaced else [8] * 8
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, is_interlaced)

    def apng_rows(missing_rows: int) -> bytes:
        rows = [b"\x00" + b"\xff\x80\x40" * size for size in sizes[: len(sizes) - missing_rows]]
        return pictures.png_file(
            [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")]
        )

    whole, _ = stored(apng_rows(0))

    assert whole
    with pytest.raises(InvalidImage, match="ends before its picture does"):
        stored(apng_rows(1))


def test_a_gif_whose_pixels_end_early_is_refused() -> None:
    whole = gif_with_small_frame()
    half = pictures.encoded(Image.new("P", (64, 24), 1), "GIF")
    at = half.index(b",")
    claims_more = half[: at + 7] + (48).to_bytes(2, "little") + half[at + 9 :]
    claims_more = claims_more[:8] + (48).to_bytes(2, "little") + claims_more[10:]

    assert stored(whole)
    with pytest.raises(InvalidImage):
        stored(claims_more)


def _jpegs() -> dict[str, bytes]:
    kinds = {"photo": pictures.scene(400, 300), "grey": pictures.scene(97, 61).convert("L")}
    kinds |= {
        "CMYK": pictures.scene(97, 61).convert("CMYK"),
        "flat": Image.new("RGB", (300, 200), (128, 128, 128)),
    }
    files = {}
    for (name, image), progressive, restarts in product(kinds.items(), (False, True), (0, 8)):
        options = {"restart_marker_blocks": restarts} if restarts else {}
        files[f"{name}, {progressive=}, {restarts=}"] = pictures.encoded(
            image, "JPEG", quality=90, progressive=progressive, **options
        )
    return files


JPEGS = _jpegs()


@pytest.mark.parametrize("name", JPEGS)
def test_a_whole_jpeg_is_accepted_with_and_without_its_end_mark(name: str) -> None:
    data = JPEGS[name]

    assert stored(data)[1] == stored(data + b"junk")[1] == stored(data + data)[1] == ()
    assert stored(data[:-2]) == (stored(data)[0], (NO_END,))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.9])
@pytest.mark.parametrize("name", JPEGS)
def test_half_a_jpeg_is_refused_with_and_without_an_end_mark(name: str, share: float) -> None:
    data = JPEGS[name]
    first_scan = data.index(b"\xff\xda") + 14
    half = data[: first_scan + int((len(data) - first_scan) * share)]

    for cut in (half, half + b"\xff\xd9", half + b"\xff\xd9" + pictures.jpeg(64, 48)):
        with pytest.raises(InvalidImage, match="incomplete"):
            stored(cut)


@pytest.mark.parametrize("progressive", [False, True])
def test_half_a_jpeg_is_refused_though_only_an_eighth_of_it_is_decoded(*, progressive: bool) -> None:
    data = pictures.jpeg(2400, 1800, progressive=progressive)
    small = {"small": Recipe(64)}

    assert PillowProcessor().process(data, None, small).width == 2400
    with pytest.raises(InvalidImage):
        PillowProcessor().process(data[: len(data) * 9 // 10] + b"\xff\xd9", None, small)


def test_what_is_left_of_the_rows_is_not_copied_while_they_are_unpacked() -> None:
    header = struct.pack(">IIBBBBB", 4_000, 4_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(4_001 * 4_000), 0)
    png = read_png(pictures.png_file([(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]))

    tracemalloc.start()
    try:
        assert png.is_whole(4_000, 4_000, png.spans)
        assert not png.is_whole(4_000, 4_001, png.spans)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4_000_000

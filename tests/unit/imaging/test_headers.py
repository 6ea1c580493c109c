"""Headers are read without decoding, and no structure keeps the reader busy."""

from io import BytesIO

import pytest
from PIL import Image

from image_store.adapters.imaging.decoding.limits import DecodeLimits, Header
from image_store.adapters.imaging.formats.headers import read_header
from image_store.domain.errors import InvalidImage
from image_store.domain.images.media import MediaType, sniff
from tests import pictures

EMPTY_GIF = b"GIF89a\x10\x00\x10\x00\x00\x00\x00"


def with_frames_of_no_animation(png: bytes) -> bytes:
    """A PNG without its end that controls 10,000 frames, and never says that it has any."""
    return png[:-12] + (bytes(4) + b"fcTL" + bytes(4)) * 10_000


def header_of(data: bytes) -> Header | None:
    media_type = sniff(data)
    assert media_type is not None
    return read_header(data, media_type, max_metadata_bytes=DecodeLimits().max_metadata_bytes)


@pytest.mark.parametrize("name", [name for name in pictures.every_format() if "avif" not in name])
def test_the_header_gives_the_size_and_frames_that_the_decoder_finds(name: str) -> None:
    data = pictures.every_format()[name]
    decoder = Image.open(BytesIO(data))

    header = header_of(data)

    assert header is not None
    assert (header.width, header.height) == decoder.size
    assert header.frames == getattr(decoder, "n_frames", 1)


def test_header_of_avif_is_left_to_its_decoder() -> None:
    assert header_of(pictures.avif(32, 32)) is None


@pytest.mark.parametrize(
    ("data", "width", "height", "frames"),
    [
        (pictures.png_claiming(10_000, 20_000), 10_000, 20_000, 1),
        (pictures.gif_claiming(65_535, 65_535), 65_535, 65_535, 1),
        (pictures.gif_claiming(10, 20, frame_size=(30_000, 15), frames=3), 30_000, 20, 3),
        (pictures.webp_claiming(16_383, 16_000, frames=7), 16_383, 16_000, 7),
        (pictures.jpeg_claiming(65_500, 65_000), 65_500, 65_000, 1),
        (pictures.png_claiming(4, 4, extra=[(b"acTL", bytes(8)), *[(b"fcTL", bytes(26))] * 9]), 4, 4, 9),
    ],
    ids=["png", "gif", "gif frame", "webp", "jpeg", "png frames"],
)
def test_the_header_gives_the_claims_of_a_bomb(data: bytes, width: int, height: int, frames: int) -> None:
    header = header_of(data)

    assert header is not None
    assert (header.width, header.height, header.frames) == (width, height, frames)


def test_scans_are_counted_up_to_the_end_of_the_first_picture() -> None:
    baseline, progressive = pictures.jpeg(64, 48), pictures.jpeg(64, 48, progressive=True)

    passes = [
        header.passes
        for data in (baseline, progressive, baseline + progressive)
        if (header := header_of(data))
    ]

    assert passes == [1, progressive.count(b"\xff\xda"), 1]
    assert passes[1] > 5


def test_scans_hidden_behind_a_comment_that_ends_the_picture_are_counted() -> None:
    data = pictures.jpeg_of_scans(30, width=64, height=48)
    at = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", at + 2)
    disguise = b"\xff\xfe\x00\x06\xff\xd9\xff\xd9"

    plain, disguised = header_of(data), header_of(data[:second] + disguise + data[second:])

    assert plain is not None
    assert plain == disguised
    assert plain.passes >= 30


def test_many_frames_are_counted_as_far_as_it_matters() -> None:
    header = header_of(pictures.gif_claiming(1, 1, frames=60_000))

    assert header is not None
    assert header.frames == 10_000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xd8" + b"\xff\xfe\x00\x02" * 100_000, "too many small parts"),
        (b"\xff\xd8" + b"\xff\x01" * 100_000, "too many small parts"),
        (b"\xff\xd8\xff" + b"\xff" * 100_000, "stretches of junk"),
        (b"\xff\xd8\xff\x00" + b"\x00" * 100_000 + b"\xff\x01", "stretches of junk"),
        (pictures.png_claiming(16, 16, extra=[(b"teXt", b"")] * 10_000), "too many small parts"),
        (
            with_frames_of_no_animation(pictures.png(16, 16)) + (bytes(4) + b"teXt" + bytes(4)) * 10_000,
            "too many small parts",
        ),
        (
            pictures.jpeg_of_scans(2, width=64, height=64)[:-2] + b"\xff\x01" * 100_000 + b"\xff\xd9",
            "too many small parts",
        ),
        (
            b"GIF89a\x10\x00\x10\x00\x00\x00\x00" + b"!\xfe" + b"\x01a" * 50_000 + b"\x00;",
            "too many small parts",
        ),
        (EMPTY_GIF + b"\x00" * 50_000, "too many small parts"),
        (EMPTY_GIF + b"?" * 50_000, "unknown block"),
        (
            b"RIFF" + (80_004).to_bytes(4, "little") + b"WEBP" + (b"JUNK" + bytes(4)) * 10_000,
            "too many small parts",
        ),
    ],
    ids=[
        "jpeg comments",
        "jpeg markers",
        "jpeg fill",
        "jpeg junk",
        "png chunks",
        "png chunks behind frames of no animation",
        "jpeg markers in a scan",
        "gif comment",
        "gif zeros",
        "gif junk",
        "webp chunks",
    ],
)
def test_structure_that_only_keeps_a_reader_busy_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidImage, match=reason):
        header_of(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xd8\xff\xe0\x00\x01", "no length"),
        (b"\xff\xd8\xff\xd9", "incomplete"),
        (b"\xff\xd8\xff\xda\x00\x02", "no header"),
        (b"\xff\xd8" + b"\xff\xc0\x00\x08\x08\x00\x01\x00\x01\x00" * 2, "two frame headers"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "does not begin with its header"),
        (EMPTY_GIF + b";", "no picture"),
        (b"RIFF\x04\x00\x00\x00WEBP", "no picture"),
    ],
)
def test_a_container_that_contradicts_itself_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidImage, match=reason):
        header_of(data)


@pytest.mark.parametrize("name", [name for name in pictures.every_format() if "avif" not in name])
def test_no_beginning_of_a_file_makes_the_reader_fail_otherwise(name: str) -> None:
    data = pictures.every_format()[name]
    media_type = sniff(data)
    assert media_type in set(MediaType)

    refused = 0
    for length in range(len(data)):
        try:
            header = read_header(data[:length], media_type, max_metadata_bytes=1_000)
        except InvalidImage:
            refused += 1
        else:
            assert header is not None
            assert (header.width, header.height) == (96, 64)

    assert refused >= 24

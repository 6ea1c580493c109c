"""What is not a whole picture of reasonable size is refused by its code, before it costs much (A3)."""

import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from image_store.adapters.imaging import DecodeLimits, PillowProcessor
from image_store.adapters.imaging import processor as processor_module
from image_store.adapters.imaging.color.conversion import MAX_PROFILE_BYTES
from image_store.adapters.imaging.decoding.limits import Header
from image_store.domain.delivery.renditions import UPLOAD_RECIPES
from image_store.domain.errors import (
    ImageStoreError,
    ImageTooLarge,
    InvalidImage,
    PayloadTooLarge,
    TooManyFrames,
    UnsupportedMediaType,
)
from image_store.domain.images.media import MediaType
from tests import pictures
from tests.hostile.files import FILES

pytestmark = pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\.")


def refusal(data: bytes, **limits: Any) -> ImageStoreError:
    """The error that refuses `data`."""
    with pytest.raises(ImageStoreError) as caught:
        PillowProcessor(DecodeLimits(**limits)).process(data, None, UPLOAD_RECIPES)
    return caught.value


@pytest.mark.parametrize("name", pictures.FOREIGN_FILES)
def test_other_formats_are_refused_by_naming_the_accepted_ones(name: str) -> None:
    error = refusal(pictures.FOREIGN_FILES[name])

    assert isinstance(error, UnsupportedMediaType)
    assert all(media_type.name in error.message.upper() for media_type in MediaType)


@pytest.mark.parametrize("missing", ["a fifth", "half", "all but the first bytes"])
@pytest.mark.parametrize("name", pictures.every_format())
def test_a_picture_that_was_cut_off_is_refused(name: str, missing: str) -> None:
    data = pictures.every_format()[name]
    length = {"a fifth": len(data) * 4 // 5, "half": len(data) // 2}.get(missing, 40)

    error = refusal(data[:length])

    assert isinstance(error, InvalidImage)


@pytest.mark.parametrize("name", pictures.every_format())
def test_a_signature_with_nothing_behind_it_is_refused(name: str) -> None:
    error = refusal(pictures.every_format()[name][:24])

    assert isinstance(error, (InvalidImage, UnsupportedMediaType))


def test_a_jpeg_cut_off_is_refused_though_only_an_eighth_of_it_would_be_decoded() -> None:
    data = pictures.jpeg(2400, 2400)

    error = refusal(data[: len(data) * 9 // 10])

    assert isinstance(error, InvalidImage)


def test_a_png_with_one_changed_bit_is_refused() -> None:
    data = bytearray(pictures.png())
    data[len(data) // 2] ^= 1

    error = refusal(bytes(data))

    assert isinstance(error, InvalidImage)


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_whose_last_frame_is_damaged_is_refused(file_format: str) -> None:
    whole = pictures.animation(file_format, frames=12, width=200, height=150)

    error = refusal(whole[: len(whole) - 40])

    assert isinstance(error, InvalidImage)


@pytest.mark.parametrize(
    "data",
    [
        pictures.png_claiming(10_000, 10_000),
        pictures.gif_claiming(10_000, 10_000),
        pictures.gif_claiming(10, 10, frame_size=(10_000, 10_000)),
        pictures.webp_claiming(10_000, 10_000),
        pictures.jpeg_claiming(10_000, 10_000),
        pictures.png_claiming(2**31 - 1, 2**31 - 1),
    ],
    ids=["png", "gif", "gif frame", "webp", "jpeg", "largest png"],
)
def test_100_megapixels_are_refused_from_the_header_alone(data: bytes) -> None:
    error = refusal(data)

    assert isinstance(error, ImageTooLarge)


def test_a_png_far_too_short_for_its_size_is_refused_before_memory_is_taken_for_it() -> None:
    shortest = pictures.encoded(Image.new("L", (4_000, 4_000)), "PNG", optimize=True)

    accepted = PillowProcessor().process(shortest, None, {})
    error = refusal(pictures.png_claiming(7_000, 7_000))

    assert accepted.width == 4_000
    assert isinstance(error, InvalidImage)
    assert "far too short" in error.message


def test_bytes_are_counted_before_anything_else_is_looked_at() -> None:
    error = refusal(b"not even an image", max_bytes=16)

    assert isinstance(error, PayloadTooLarge)
    assert isinstance(refusal(b"not even an image", max_bytes=17), UnsupportedMediaType)


@pytest.mark.parametrize(("width", "height"), [(65_536, 1), (1, 65_536)])
def test_a_side_longer_than_any_picture_has_is_refused(width: int, height: int) -> None:
    longest = pictures.encoded(Image.new("L", (min(width, 65_535), min(height, 65_535))), "PNG")

    accepted = PillowProcessor().process(longest, None, {})
    error = refusal(pictures.encoded(Image.new("L", (width, height)), "PNG"))

    assert max(accepted.width, accepted.height) == 65_535
    assert isinstance(error, ImageTooLarge)


@pytest.mark.parametrize(
    "data",
    [
        pictures.webp_claiming(5_000, 5_000),
        pictures.webp_claiming(4_000, 4_000, frames=2),
        pictures.gif_claiming(5_000, 5_000, frames=2),
        FILES["avif that claims more than it has"](),
    ],
    ids=["webp", "animated webp", "animated gif", "avif"],
)
def test_a_small_file_is_not_granted_the_memory_of_a_large_one(data: bytes) -> None:
    error = refusal(data)

    assert isinstance(error, ImageTooLarge)
    assert "MB of memory" in error.message


@pytest.mark.parametrize("bytes_per_pixel", [4, 8, 11, 16], ids=["jpeg", "png", "avif", "webp"])
def test_50_megapixels_of_any_format_are_granted_their_memory(bytes_per_pixel: int) -> None:
    header, limits = Header(10_000, 5_000, bytes_per_pixel=bytes_per_pixel), DecodeLimits()

    limits.check(header, 3_000_000)

    with pytest.raises(ImageTooLarge, match="MB of memory"):
        DecodeLimits(max_memory_bytes=50_000_000 * bytes_per_pixel - 1).check(header, 3_000_000)


@pytest.mark.parametrize("name", [name for name in pictures.every_format() if "animated" not in name])
def test_the_pixel_limit_holds_for_every_format(name: str) -> None:
    data = pictures.every_format()[name]

    accepted = PillowProcessor(DecodeLimits(max_pixels=96 * 64)).process(data, None, {})
    error = refusal(data, max_pixels=96 * 64 - 1)

    assert (accepted.width, accepted.height) == (96, 64)
    assert isinstance(error, ImageTooLarge)
    assert "96 × 64" in error.message


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_frames_are_limited_in_number_and_in_pixels(file_format: str) -> None:
    data = pictures.animation(file_format, frames=5)
    pixels = 5 * 96 * 64

    accepted = PillowProcessor(DecodeLimits(max_frames=5, max_total_pixels=pixels)).process(data, None, {})

    assert accepted.frames == 5
    assert isinstance(refusal(data, max_frames=4), TooManyFrames)
    assert isinstance(refusal(data, max_total_pixels=pixels - 1), TooManyFrames)


def test_an_animation_that_takes_too_long_is_given_up() -> None:
    moving, still = pictures.animation("AVIF", frames=3), pictures.avif(96, 64)
    impatient = PillowProcessor(DecodeLimits(max_decode_time=timedelta(0)))

    with pytest.raises(TooManyFrames):
        impatient.process(moving, None, {})

    assert impatient.process(still, None, {}).frames == 1


@pytest.mark.parametrize(
    "data",
    [
        pictures.gif_claiming(4_000, 4_000, frames=900),
        pictures.gif_claiming(1, 1, frames=5_000),
        pictures.gif_claiming(1, 1, frames=50_000),
        pictures.webp_claiming(4_000, 4_000, frames=900),
        pictures.webp_claiming(16, 16, frames=5_000),
        pictures.png_claiming(
            16, 16, extra=[(b"acTL", bytes((0, 0, 0, 2)) * 2), *[(b"fcTL", bytes(26))] * 5_000]
        ),
    ],
    ids=["large gif", "long gif", "endless gif", "large webp", "long webp", "long png"],
)
def test_an_animated_bomb_is_refused_from_its_structure_alone(data: bytes) -> None:
    error = refusal(data)

    assert isinstance(error, TooManyFrames)


def test_a_jpeg_of_hundreds_of_scans_is_refused_and_one_of_ten_is_not() -> None:
    error = refusal(pictures.jpeg_of_scans(500))

    assert isinstance(error, InvalidImage)
    assert PillowProcessor().process(pictures.jpeg(1200, 900, progressive=True), None, {}).frames == 1


def test_scans_of_a_second_picture_behind_the_first_do_not_count() -> None:
    many = pictures.jpeg_of_scans(400, width=64, height=64)
    data = pictures.jpeg(800, 600, progressive=True) + many

    accepted = PillowProcessor(DecodeLimits(max_pixels=500_000)).process(data, None, {})

    assert (accepted.width, accepted.height) == (800, 600)


@pytest.mark.parametrize("limit", [16 * 1024 * 1024, 300_000])
def test_metadata_beyond_its_limit_is_refused(limit: int) -> None:
    block = b"\xff\xe5\xff\xff" + bytes(65_533)
    head, tail = pictures.jpeg(64, 48)[:2], pictures.jpeg(64, 48)[2:]
    blocks = limit // 65_535

    processor = PillowProcessor(DecodeLimits(max_metadata_bytes=limit))
    accepted = processor.process(head + block * (blocks - 1) + tail, None, {})
    error = refusal(head + block * (blocks + 1) + tail, max_metadata_bytes=limit)

    assert accepted.width == 64
    assert isinstance(error, InvalidImage)
    assert f"{limit:,} bytes of metadata" in error.message


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_compressed_text_bomb_is_never_unpacked(name: bytes) -> None:
    bomb = pictures.compressed_text_chunk(name, size_bytes=50_000_000)
    data = pictures.png_claiming(8, 8, extra=[(name, bomb)])
    tracemalloc.start()

    accepted = PillowProcessor().process(data, None, {})

    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert accepted.width == 8
    assert peak_bytes < 3 * MAX_PROFILE_BYTES


@pytest.mark.parametrize(
    "data",
    [
        pictures.jpeg_claiming(0, 0),
        pictures.jpeg_claiming(64, 0),
        pictures.png_claiming(0, 5),
        pictures.gif_claiming(0, 0, frame_size=(0, 0)),
        b"GIF89a\x10\x00\x10\x00\x00\x00\x00;",
        b"RIFF\x04\x00\x00\x00WEBP",
    ],
    ids=["jpeg", "jpeg without height", "png", "gif", "gif without frames", "webp without picture"],
)
def test_a_picture_without_pixels_is_refused(data: bytes) -> None:
    assert isinstance(refusal(data), InvalidImage)


def test_running_out_of_memory_is_a_refusal_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    # Patched, because no test can use up the memory of the machine it runs on.
    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(processor_module, "decode", exhausted)

    error = refusal(pictures.jpeg(64, 48))

    assert isinstance(error, ImageTooLarge)


def test_refusals_never_repeat_what_a_decoder_said() -> None:
    data = pictures.png(96, 64)

    messages = {refusal(data[:length]).message for length in range(30, len(data) * 9 // 10, 97)}

    assert messages <= {
        "The PNG ends before its picture does: the file is incomplete.",
        "The PNG is damaged or incomplete: it cannot be decoded to its end.",
    }

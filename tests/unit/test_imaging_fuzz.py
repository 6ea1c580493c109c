"""Damaged files of every format are processed or refused by a code, and nothing else happens."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_store.adapters.imaging import DecodeLimits, PillowProcessor
from image_store.domain.errors import ImageTooLarge, InvalidImage, TooManyFrames, UnsupportedMediaType
from image_store.domain.renditions import UPLOAD_RECIPES, ProcessedImage
from tests import pictures

pytestmark = pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\.")

CODED = (UnsupportedMediaType, InvalidImage, ImageTooLarge, TooManyFrames)
SEEDS = pictures.every_format() | {
    "jpeg with metadata": pictures.jpeg(64, 48, metadata=True, icc_profile=pictures.display_p3_profile()),
    "cmyk jpeg": pictures.encoded(pictures.scene(48, 48).convert("CMYK"), "JPEG"),
    "16-bit png": pictures.sixteen_bit_grey_png([0, 99, 9999], side=9, transparent_level=99),
    "transparent png": pictures.encoded(pictures.drawing(48, 48, transparent=True), "PNG"),
    "transparent webp": pictures.encoded(pictures.faded(48, 48), "WEBP"),
}
SIGNATURES = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x40\x00\x00\x00WEBPVP8 "]
processor = PillowProcessor(DecodeLimits(max_pixels=1_000_000, max_total_pixels=4_000_000))
bounded = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def outcome(data: bytes) -> ProcessedImage | Exception:
    """What processing answers; any other exception fails the test."""
    try:
        return processor.process(data, None, UPLOAD_RECIPES)
    except CODED as refusal:
        return refusal


def assert_sound(result: ProcessedImage | Exception) -> None:
    if isinstance(result, ProcessedImage):
        assert result.width * result.height <= 1_000_000
        assert len(result.renditions) == len(UPLOAD_RECIPES)
    else:
        assert isinstance(result, CODED)


@pytest.mark.parametrize("name", SEEDS)
def test_flipped_bytes_are_survived(name: str) -> None:
    rng = random.Random(name)  # noqa: S311 - damage is no secret

    for _ in range(80):
        data = bytearray(SEEDS[name])
        for _ in range(rng.choice((1, 1, 2, 5, 20))):
            data[rng.randrange(len(data))] = rng.randrange(256)

        assert_sound(outcome(bytes(data)))


@pytest.mark.parametrize("name", SEEDS)
def test_damaged_headers_are_survived(name: str) -> None:
    rng = random.Random(name)  # noqa: S311 - damage is no secret

    for _ in range(80):
        data = bytearray(SEEDS[name])
        for _ in range(rng.choice((1, 2, 3))):
            data[rng.randrange(min(len(data), 160))] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))

        assert_sound(outcome(bytes(data)))


@pytest.mark.parametrize("name", [name for name in SEEDS if "png" in name])
def test_damage_behind_right_checksums_is_survived(name: str) -> None:
    rng = random.Random(name)  # noqa: S311 - damage is no secret

    for _ in range(150):
        data = bytearray(SEEDS[name])
        for _ in range(rng.choice((1, 1, 2, 5))):
            data[rng.randrange(8, len(data))] = rng.choice((0, 255, rng.randrange(256)))

        assert_sound(outcome(pictures.with_right_checksums(bytes(data))))


@bounded
@given(st.sampled_from(sorted(SEEDS)), st.sampled_from(sorted(SEEDS)), st.integers(0), st.integers(0))
def test_the_beginning_of_one_file_and_the_end_of_another_are_survived(
    first: str, second: str, cut: int, resume: int
) -> None:
    head, tail = SEEDS[first], SEEDS[second]

    result = outcome(head[: cut % len(head)] + tail[resume % len(tail) :])

    assert_sound(result)


@bounded
@given(st.sampled_from(sorted(SEEDS)), st.integers(0), st.integers(0), st.integers(0, 300))
def test_bytes_taken_out_or_repeated_are_survived(name: str, at: int, back: int, length: int) -> None:
    data = SEEDS[name]
    start, source = at % len(data), back % len(data)

    shorter = outcome(data[:start] + data[start + length :])
    repeated = outcome(data[:start] + data[source : source + length] + data[start:])

    assert_sound(shorter)
    assert_sound(repeated)


@bounded
@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x40\x00\x00\x00WEBPVP8 "]),
    st.binary(),
)
def test_a_signature_before_any_bytes_is_survived(signature: bytes, rest: bytes) -> None:
    result = outcome(signature + rest)

    assert_sound(result)

"""Damaged files of every format are processed or refused by a code, and nothing else happens."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_store.adapters.imaging import DecodeLimits, PillowProcessor
from image_store.domain.delivery.renditions import UPLOAD_RECIPES
from image_store.domain.errors import ImageTooLarge, InvalidImage, TooManyFrames, UnsupportedMediaType
from image_store.domain.images.processing import ProcessedImage
from tests import mutations, pictures

pytestmark = pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\.")

CODED = (UnsupportedMediaType, InvalidImage, ImageTooLarge, TooManyFrames)
SEEDS = mutations.seeds()
SIGNATURES = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x40\x00\x00\x00WEBPVP8 "]
processor = PillowProcessor(DecodeLimits(max_pixels=1_000_000, max_total_pixels=4_000_000))
bounded = settings(
    max_examples=int(os.environ.get("SOAK_EXAMPLES", "100")),
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


@bounded
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=20),
)
def test_changed_bytes_are_survived(name: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SEEDS[name])
    for at, byte in changes:
        data[at % len(data)] = byte

    result = outcome(bytes(data))

    assert_sound(result)


@bounded
@given(
    st.sampled_from(sorted(name for name in SEEDS if "png" in name)),
    st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=5),
)
def test_damage_behind_right_checksums_is_survived(name: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SEEDS[name])
    for at, byte in changes:
        data[8 + at % (len(data) - 8)] = byte

    result = outcome(pictures.with_right_checksums(bytes(data)))

    assert_sound(result)


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
    st.sampled_from(SIGNATURES),
    st.binary(),
)
def test_a_signature_before_any_bytes_is_survived(signature: bytes, rest: bytes) -> None:
    result = outcome(signature + rest)

    assert_sound(result)

"""Similar pictures have similar perceptual hashes (B5)."""

import random
from typing import Any

import pytest
from PIL import Image, ImageEnhance

from image_store.adapters.imaging import PillowProcessor
from image_store.domain.delivery.renditions import UPLOAD_RECIPES
from image_store.domain.finding.similarity import BAND_DISTANCE, bands, hamming
from tests import pictures


def hash_of(image: Image.Image, file_format: str = "PNG", **options: Any) -> str:
    return hash_of_file(pictures.encoded(image, file_format, **options))


def hash_of_file(data: bytes) -> str:
    return PillowProcessor().process(data, None, {}).perceptual_hash


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("JPEG", {"quality": 40}),
        ("JPEG", {"quality": 90}),
        ("WEBP", {"quality": 50}),
        ("AVIF", {"speed": 10}),
    ],
)
def test_a_picture_encoded_again_is_hardly_another(
    seed: int, file_format: str, options: dict[str, Any]
) -> None:
    picture = pictures.scene(480, 360, seed=seed)

    assert hamming(hash_of(picture), hash_of(picture, file_format, **options)) <= 3


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("size", [(1200, 900), (300, 225), (160, 120), (481, 360)])
def test_a_resized_picture_is_hardly_another(seed: int, size: tuple[int, int]) -> None:
    picture = pictures.scene(480, 360, seed=seed)

    assert hamming(hash_of(picture), hash_of(picture.resize(size, Image.Resampling.LANCZOS))) <= 3


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_picture_made_a_little_lighter_or_greyer_is_hardly_another(seed: int) -> None:
    picture = pictures.scene(480, 360, seed=seed)
    changed = [ImageEnhance.Brightness(picture).enhance(1.1), ImageEnhance.Color(picture).enhance(0.5)]

    distances = [hamming(hash_of(picture), hash_of(other)) for other in changed]

    assert max(distances) <= 6


def test_different_pictures_are_far_from_each_other() -> None:
    hashes = [hash_of(pictures.scene(480, 360, seed=seed)) for seed in range(1, 16)]

    distances = [hamming(a, b) for index, a in enumerate(hashes) for b in hashes[:index]]

    assert min(distances) >= 12
    assert 24 <= sum(distances) / len(distances) <= 40


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_hash_is_that_of_the_upright_picture(orientation: int) -> None:
    upright = hash_of(pictures.quadrants())

    assert hamming(upright, hash_of_file(pictures.turned("PNG", orientation))) <= 1


def test_a_mirrored_picture_is_another() -> None:
    picture = pictures.scene(480, 360)

    assert hamming(hash_of(picture), hash_of(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))) >= 20


@pytest.mark.parametrize("presets", [("thumb",), ("thumb", "display"), ("w640", "w1280")])
def test_the_hash_does_not_depend_on_what_is_rendered(presets: tuple[str, ...]) -> None:
    data = pictures.jpeg(1600, 1200)

    processed = PillowProcessor().process(data, None, pictures.recipes_of(*presets))

    assert hamming(processed.perceptual_hash, hash_of_file(data)) <= 2


def test_a_transparent_picture_is_hashed_as_it_lies_on_white() -> None:
    on_nothing, on_white = pictures.drawing(transparent=True), pictures.drawing()

    assert hamming(hash_of(on_nothing), hash_of(on_white)) <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (64, 64)])
def test_a_picture_without_anything_in_it_has_the_hash_zero(size: tuple[int, int]) -> None:
    assert hash_of(Image.new("RGB", size, (90, 120, 60))) == "0" * 16


def test_a_hash_reads_its_rows_from_left_to_right() -> None:
    darker_to_the_right = Image.linear_gradient("L").rotate(90).resize((256, 256))
    levels = darker_to_the_right.resize((2, 1), Image.Resampling.BOX).tobytes()

    expected = "f" * 16 if levels[0] > levels[1] else "0" * 16
    assert hash_of(darker_to_the_right) == expected
    assert hash_of(darker_to_the_right.rotate(180)) == ("0" if expected[0] == "f" else "f") * 16


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("0" * 16, "0" * 16, 0),
        ("0" * 16, "f" * 16, 64),
        ("0" * 15 + "1", "0" * 16, 1),
        ("8" + "0" * 15, "1" + "0" * 15, 2),
    ],
)
def test_distance_counts_the_bits_that_differ(a: str, b: str, distance: int) -> None:
    assert hamming(a, b) == hamming(b, a) == distance


def test_hashes_within_the_distance_share_a_band_whichever_bits_differ() -> None:
    rng = random.Random(7)  # noqa: S311 - bits are no secret
    for _ in range(2_000):
        value = rng.getrandbits(64)
        flipped = value
        for bit in rng.sample(range(64), BAND_DISTANCE):
            flipped ^= 1 << bit

        pairs = zip(bands(f"{value:016x}"), bands(f"{flipped:016x}"), strict=True)

        assert any(a == b for a, b in pairs)


def test_bands_are_the_quarters_of_a_hash() -> None:
    assert bands("0123456789abcdef") == ("0123", "4567", "89ab", "cdef")


def test_every_upload_is_hashed() -> None:
    processed = PillowProcessor().process(pictures.jpeg(), None, UPLOAD_RECIPES)

    assert len(processed.perceptual_hash) == 16
    assert int(processed.perceptual_hash, 16) > 0

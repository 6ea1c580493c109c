"""Formats are told apart by their bytes, never by what the sender says (A3)."""

import pytest

from image_store.domain.images.media import MediaType, parse_declared, sniff
from tests import pictures

OF_KIND = {
    MediaType.JPEG: ["jpeg", "progressive jpeg"],
    MediaType.PNG: ["png", "palette png", "animated png"],
    MediaType.GIF: ["gif", "animated gif"],
    MediaType.WEBP: ["webp", "lossless webp", "animated webp"],
    MediaType.AVIF: ["avif", "animated avif"],
}


@pytest.mark.parametrize(
    ("expected", "name"), [(kind, name) for kind, names in OF_KIND.items() for name in names]
)
def test_every_accepted_format_is_recognised_by_its_first_bytes(expected: MediaType, name: str) -> None:
    data = pictures.every_format()[name]

    recognised = sniff(data)

    assert recognised is expected


def test_every_picture_the_tests_make_is_of_a_listed_kind() -> None:
    listed_types = {name for names in OF_KIND.values() for name in names}

    sample_types = set(pictures.every_format())

    assert sample_types == listed_types


@pytest.mark.parametrize("name", pictures.FOREIGN_FILES)
def test_foreign_formats_are_not_recognised(name: str) -> None:
    recognised = sniff(pictures.FOREIGN_FILES[name])

    assert recognised is None


def test_heic_is_not_taken_for_avif_though_both_share_a_container() -> None:
    avif = pictures.avif(32, 32)
    heic = avif.replace(b"avif", b"heic", 1).replace(b"avif", b"heix", 1)

    assert sniff(avif) is MediaType.AVIF
    assert sniff(heic) is None


def test_avif_is_recognised_when_only_a_compatible_brand_names_it() -> None:
    data = b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf" + bytes(16)

    assert sniff(data) is MediaType.AVIF


def test_a_brand_outside_the_ftyp_box_does_not_make_an_avif() -> None:
    data = b"\x00\x00\x00\x14ftypmif1\x00\x00\x00\x00mif1" + b"avif" * 4

    assert sniff(data) is None


@pytest.mark.parametrize("length", range(16))
def test_no_first_bytes_are_too_few_to_be_looked_at(length: int) -> None:
    for name, data in pictures.every_format().items():
        recognised = sniff(data[:length])

        assert recognised is None or name in OF_KIND[recognised]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("image/png", MediaType.PNG),
        ("IMAGE/PNG", MediaType.PNG),
        (" image/webp ; charset=binary", MediaType.WEBP),
        ("image/jpeg", MediaType.JPEG),
        ("image/jpg", MediaType.JPEG),
        ("image/heic", None),
        ("image/svg+xml", None),
        ("application/octet-stream", None),
        ("", None),
    ],
)
def test_a_content_type_names_a_format_or_none(declared: str, expected: MediaType | None) -> None:
    assert parse_declared(declared) is expected


def test_every_format_has_an_extension_of_its_own() -> None:
    extensions = {media_type.extension for media_type in MediaType}

    assert extensions == {"jpg", "png", "gif", "webp", "avif"}

"""The limits and formats that the clients know are those of the store, which the clients cannot import."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from image_store.domain.delivery.renditions import PRESETS
from image_store.domain.images import media
from image_store.entrypoints.operations.console import MAX_REQUEST_BYTES
from image_store.services.images.batch_deletion import MAX_IDS
from image_store_client.aio.images import MOST_DELETED_AT_ONCE
from image_store_client.delivery import WIDTHS
from image_store_client.media import EXTENSIONS, HEAD_BYTES, media_type
from image_store_client.uploads.upload import IN_REQUEST_BYTES

TYPESCRIPT = Path(__file__).resolve().parents[2] / "clients/typescript/src"
WIDTHS_OF_PRESETS = [int(name[1:]) for name in PRESETS if re.fullmatch(r"w\d+", name)]
FAR_BRAND = b"\0\0\0\x40ftypmif1\0\0\0\0" + b"miaf" * 11 + b"avif"
HEADS = {
    "jpeg": b"\xff\xd8\xff\xe0",
    "png": b"\x89PNG\r\n\x1a\n",
    "gif": b"GIF87a",
    "another gif": b"GIF88a",
    "webp": b"RIFF\0\0\0\0WEBP",
    "wave": b"RIFF\0\0\0\0WAVE",
    "avif": b"\0\0\0\x14ftypavif\0\0\0\0avif",
    "avif sequence": b"\0\0\0\x14ftypavis\0\0\0\0avis",
    "avif by its last brand": FAR_BRAND,
    "brand behind the first box": b"\0\0\0\x14ftypheic\0\0\0\0heicavif",
    "brand as version": b"\0\0\0\x14ftypheicavifheic",
    "brand at the end of what is read": b"\0\0\2\0ftypmif1\0\0\0\0" + b"miaf" * 123 + b"avif",
    "brand behind what is read": b"\0\0\2\4ftypmif1\0\0\0\0" + b"miaf" * 124 + b"avif",
    "text": b"hello",
    "nothing": b"",
}


def constant(module: str, name: str) -> str:
    """The value of a constant of the TypeScript client, as it is written."""
    text = (TYPESCRIPT / module).read_text()
    match = re.search(rf"^(?:export )?const {name}(?:: [^=]+)? = (.+);$", text, re.MULTILINE)
    assert match, f"{module} has no {name}"
    return match[1]


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_the_python_client_recognizes_what_the_store_recognizes(head: bytes) -> None:
    assert media_type(head[:HEAD_BYTES]) == media.sniff(head)


def test_the_clients_know_the_media_types_of_the_store() -> None:
    accepted = re.findall(r'/, "(image/\w+)"\]', (TYPESCRIPT / "uploads/media.ts").read_text())

    assert {kind.value: kind.extension for kind in media.MediaType} == EXTENSIONS
    assert sorted(accepted) == sorted(media.MediaType)


def test_the_clients_read_as_many_bytes_as_the_store_to_recognize_a_format() -> None:
    in_typescript = int(constant("uploads/media.ts", "HEAD_BYTES"))

    assert HEAD_BYTES == in_typescript == media.FTYP_LIMIT_BYTES


def test_the_clients_send_as_much_in_one_request_as_the_console() -> None:
    in_typescript = int(constant("uploads/sources.ts", "MAX_REQUEST_BYTES"))

    assert IN_REQUEST_BYTES == in_typescript == MAX_REQUEST_BYTES


def test_the_typescript_client_refuses_only_what_every_store_refuses() -> None:
    factors = constant("uploads/sources.ts", "MAX_BYTES").split(" * ")

    assert [int(factor) for factor in factors] == [media.MAX_BYTES // 1024**2, 1024, 1024]


def test_the_clients_delete_as_many_images_at_once_as_the_store_takes() -> None:
    in_typescript = int(constant("images/images.ts", "MAX_IDS"))

    assert MOST_DELETED_AT_ONCE == in_typescript == MAX_IDS


def test_the_clients_build_a_srcset_of_the_widths_that_every_store_has() -> None:
    in_typescript = re.findall(r"\d+", constant("delivery/addresses.ts", "DEFAULT_WIDTHS"))

    assert list(WIDTHS) == [int(width) for width in in_typescript] == WIDTHS_OF_PRESETS

"""The two clients agree in what both of them know, and the limits and formats are those of the store."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from image_store.domain.delivery.renditions import PRESETS
from image_store.domain.images import media
from image_store.domain.images.details import MAX_GROUP_ID_CHARS
from image_store.entrypoints.operations.console import MAX_REQUEST_BYTES
from image_store.services.images.batch_deletion import MAX_IDS
from image_store_cli.folder_imports.folder_items import MOST_GROUP_CHARS
from image_store_client import ImageStore
from image_store_client.aio.images import MOST_CHANGED_AT_ONCE, MOST_DELETED_AT_ONCE, MOST_UPDATES
from image_store_client.aio.operations import PARALLEL_UPLOADS
from image_store_client.delivery import DEFAULT_PRESET, WIDTHS
from image_store_client.errors import REFUSALS, ClientCode
from image_store_client.http.answer_cache import MAX_CACHED_ANSWERS
from image_store_client.http.problems import CHECKSUM_CODES, GATEWAY_CODES, PASSING
from image_store_client.http.retries import RetryPolicy
from image_store_client.http.runtime import MOST_ANSWER_BYTES
from image_store_client.http.transport import OWN_PATHS
from image_store_client.media import EXTENSIONS, HEAD_BYTES, MOST_IMAGE_BYTES, REFUSED, media_type
from image_store_client.uploads.upload import COMPLETION_SECONDS, IN_REQUEST_BYTES, NOT_ARRIVED
from image_store_client.webhooks import MAX_SIGNATURES, TOLERANCE_SECONDS, WebhookVerificationCode

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


def test_the_clients_refuse_only_what_every_store_refuses() -> None:
    factors = constant("uploads/sources.ts", "MAX_BYTES").split(" * ")

    assert [int(factor) for factor in factors] == [media.MAX_BYTES // 1024**2, 1024, 1024]
    assert MOST_IMAGE_BYTES == media.MAX_BYTES


def test_the_clients_delete_and_change_as_many_images_at_once_as_the_store_takes() -> None:
    in_typescript = int(constant("images/images.ts", "MAX_IDS"))

    assert MOST_DELETED_AT_ONCE == in_typescript == MAX_IDS
    assert MOST_CHANGED_AT_ONCE == int(constant("batches/batches.ts", "MAX_IDS")) == MAX_IDS


def test_the_clients_build_a_srcset_of_the_widths_that_every_store_has() -> None:
    in_typescript = re.findall(r"\d+", constant("delivery/addresses.ts", "DEFAULT_WIDTHS"))

    assert list(WIDTHS) == [int(width) for width in in_typescript] == WIDTHS_OF_PRESETS


def table(module: str, name: str) -> dict[str, str]:
    """The pairs of an object of the TypeScript client."""
    text = (TYPESCRIPT / module).read_text()
    match = re.search(rf"^const {name}: [^=]+ = \{{\n(.*?)^\}};", text, re.MULTILINE | re.DOTALL)
    assert match, f"{module} has no {name}"
    return dict(re.findall(r'(\w+): "?(\w+)"?,', match[1]))


def union(module: str, name: str) -> set[str]:
    """The texts of a type of the TypeScript client."""
    text = (TYPESCRIPT / module).read_text().partition(f"export type {name} =")[2].partition(";")[0]
    return set(re.findall(r'\| "(\w+)"', text))


def test_the_clients_refuse_the_same_webhooks() -> None:
    assert set(get_args(WebhookVerificationCode)) == union("webhooks/errors.ts", "WebhookVerificationCode")
    assert int(constant("webhooks/verify.ts", "TOLERANCE_SECONDS")) == TOLERANCE_SECONDS
    assert int(constant("webhooks/verify.ts", "MAX_SIGNATURES")) == MAX_SIGNATURES


def test_the_clients_find_the_same_errors() -> None:
    codes = union("http/errors.ts", "ClientErrorCode")

    assert "not_offered" in codes
    assert set(get_args(ClientCode)) == codes | {
        "broken_download"
    }  # only Python writes files, and checks them


def test_the_clients_translate_what_a_gateway_answers_in_the_same_way() -> None:
    assert {
        int(status): code for status, code in table("http/errors.ts", "GATEWAY_CODES").items()
    } == GATEWAY_CODES


def test_the_clients_give_what_they_refuse_the_same_status() -> None:
    assert {code: int(status) for code, status in table("http/errors.ts", "REFUSALS").items()} == REFUSALS


def test_the_clients_read_the_answers_of_storage_in_the_same_way() -> None:
    passing = re.findall(r"\d+", constant("http/errors.ts", "PASSING_STATUSES"))
    direct = (TYPESCRIPT / "uploads/direct.ts").read_text()

    assert {int(status) for status in passing} == PASSING
    assert constant("uploads/direct.ts", "CHECKSUM_CODES") == f"/{CHECKSUM_CODES.pattern}/"
    assert set(re.findall(r'"(\w+)"', re.findall(r"if \(!hasCode\((.*?)\)\)", direct)[0])) == NOT_ARRIVED


def test_the_clients_repeat_and_wait_as_often() -> None:
    parameters = inspect.signature(ImageStore.__init__).parameters

    retries = int(constant("http/transport.ts", "DEFAULT_MAX_RETRIES"))
    assert RetryPolicy().max_retries == parameters["max_retries"].default == retries
    assert parameters["timeout_seconds"].default == int(
        constant("http/transport.ts", "DEFAULT_TIMEOUT_SECONDS")
    )
    assert int(constant("images/images.ts", "MAX_UPDATES")) == MOST_UPDATES
    assert int(constant("uploads/direct.ts", "MAX_COMPLETION_SECONDS")) == COMPLETION_SECONDS
    assert int(constant("uploads/many.ts", "USUAL_CONCURRENCY")) == PARALLEL_UPLOADS


def test_the_clients_show_the_same_preset_by_default() -> None:
    signature = re.search(r'preset = "(\w+)"', (TYPESCRIPT / "delivery/addresses.ts").read_text())

    assert signature is not None
    assert signature[1] == DEFAULT_PRESET


def test_the_clients_name_what_they_refuse_in_the_same_words() -> None:
    kinds = re.findall(
        r'/, "(an? [^"]+)"\]|/i, "(an? [^"]+)"\]', (TYPESCRIPT / "uploads/refusals.ts").read_text()
    )

    assert [one or other for one, other in kinds] == [kind for _, kind in REFUSED]


def test_the_clients_read_answers_of_the_same_length_and_refuse_the_same_addresses() -> None:
    length = constant("http/transport.ts", "MAX_ANSWER_BYTES").replace("_", "")
    paths = constant("http/transport.ts", "OWN_PATHS").strip("/").replace("\\/", "/")

    assert int(length) == MOST_ANSWER_BYTES
    assert f"/{paths.removeprefix('/')}" == OWN_PATHS.pattern


def test_the_clients_keep_as_many_shares() -> None:
    assert int(constant("delivery/reused-shares.ts", "MAX_SHARES")) == MAX_CACHED_ANSWERS


def test_a_folder_becomes_a_group_that_the_store_takes() -> None:
    assert MOST_GROUP_CHARS == MAX_GROUP_ID_CHARS

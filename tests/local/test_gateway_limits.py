"""Requests just below and above the real gateway's limits."""

import pytest

from local.gateway_limits import (
    EVENT_FRAME_BYTES,
    MAX_BODY_BYTES,
    MAX_EVENT_BYTES,
    MIB,
    body_bytes_in_event,
    fits,
    is_function_failure,
)

PICTURE = {"Content-Type": "image/png"}


def test_a_picture_of_4_mb_fits() -> None:
    assert fits(bytes(4 * MIB), headers=PICTURE, target="/v1/images")


def test_a_picture_of_5_mb_does_not_fit_as_base64() -> None:
    assert not fits(bytes(5 * MIB), headers=PICTURE, target="/v1/images")


def test_text_fits_up_to_the_event_limit() -> None:
    room = MAX_EVENT_BYTES - EVENT_FRAME_BYTES - 1_000
    headers = {"Content-Type": "application/json; charset=utf-8"}

    assert fits(b"a" * room, headers=headers, target="/")
    assert not fits(b"a" * (room + 2_000), headers=headers, target="/")


def test_a_body_beyond_the_payload_limit_never_fits() -> None:
    assert not fits(bytes(MAX_BODY_BYTES + 1), headers={}, target="/")


@pytest.mark.parametrize(("body", "size"), [(b"", 0), (b"a", 4), (b"abc", 4), (b"abcd", 8)])
def test_a_binary_body_takes_a_third_more(body: bytes, size: int) -> None:
    assert body_bytes_in_event(body, "image/png") == size


def test_escaped_characters_count_with_their_escapes() -> None:
    assert body_bytes_in_event(b'"\n', "text/plain") == len(r'"\"\n"')


def test_a_crash_differs_from_a_problem_response_of_a_function() -> None:
    assert is_function_failure(502, "application/json")
    assert not is_function_failure(502, "application/problem+json")
    assert not is_function_failure(200, "application/json")

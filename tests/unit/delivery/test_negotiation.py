"""Which format a client gets (B2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_store.domain.delivery.negotiation import MAX_RANGES, accepts, preferred_format
from image_store.domain.images.media import MediaType

WEBP, AVIF, JPEG = MediaType.WEBP, MediaType.AVIF, MediaType.JPEG
OFFERED = (WEBP, AVIF, JPEG)
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
SAFARI_13 = "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, WEBP),
        ("", WEBP),
        ("*/*", WEBP),
        ("image/*", WEBP),
        (CHROME, AVIF),
        (SAFARI_13, WEBP),
        ("image/avif", AVIF),
        ("image/avif,*/*", AVIF),
        ("image/avif,image/webp;q=0.9", AVIF),
        ("image/avif;q=0.1,image/webp;q=0.2", WEBP),
        ("image/jpeg", JPEG),
        ("image/jpeg, */*;q=0.5", JPEG),
        ("IMAGE/AVIF ; Q=1.0", AVIF),
        ("image/webp;q=0, */*", AVIF),
        ("image/webp;q=0, image/avif;q=0, image/*", JPEG),
        ("image/jpeg;level=1;q=0.5", JPEG),
        ("text/html", WEBP),
        ("image/webp;q=0", WEBP),
        ("*/*;q=0", WEBP),
        ("image/avif;q=2", WEBP),
        ("image/avif;q=0.1234", WEBP),
        ("image/avif;q=nan, image/jpeg", JPEG),
        (";;,,=,image/avif", AVIF),
    ],
)
def test_the_format_is_the_one_the_client_likes_best(accept: str | None, expected: MediaType) -> None:
    assert preferred_format(accept, OFFERED) is expected


def test_the_usual_format_is_what_the_preset_says() -> None:
    assert preferred_format("*/*", (JPEG, WEBP)) is JPEG
    assert preferred_format("image/avif,image/webp", (JPEG, WEBP)) is WEBP
    assert preferred_format("image/webp,image/png,image/jpeg", (MediaType.PNG, JPEG)) is JPEG


def test_what_was_refused_is_not_accepted() -> None:
    assert accepts(CHROME, JPEG)
    assert accepts(None, AVIF)
    assert not accepts("image/webp;q=0, */*", WEBP)
    assert not accepts("text/html", JPEG)


def test_a_header_without_end_is_read_to_a_limit() -> None:
    assert preferred_format("text/html," * MAX_RANGES + "image/avif", OFFERED) is WEBP


@given(st.text(alphabet="imagewbpvf/*,;q=.019 \t", max_size=200))
def test_whatever_is_sent_is_answered_with_a_format_that_is_offered(accept: str) -> None:
    assert preferred_format(accept, OFFERED) in OFFERED

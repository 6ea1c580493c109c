"""Which Cache-Control may be asked for (A10)."""

import pytest

from image_store.domain.delivery.caching import parse_cache_control
from image_store.domain.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("public, max-age=31536000, immutable", "public, max-age=31536000, immutable"),
        ("PUBLIC,MAX-AGE=060", "public, max-age=60"),
        (" s-maxage=0 ,must-revalidate", "s-maxage=0, must-revalidate"),
        (
            "stale-while-revalidate=5, stale-if-error=6, no-transform",
            "stale-while-revalidate=5, stale-if-error=6, no-transform",
        ),
    ],
)
def test_known_directives_come_out_in_their_standard_form(text: str, expected: str) -> None:
    assert parse_cache_control(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "public,",
        "private",
        "no-store",
        "max-age",
        "max-age=",
        "max-age=-1",
        "max-age=1.5",
        "max-age=31536001",
        "max-age=²",
        "max-age=٣",
        'max-age="60"',
        "public=1",
        "immutable=",
        "public\r\nX-Injected: yes",
        "public; max-age=60",
    ],
)
def test_whatever_else_is_refused_and_never_reaches_a_header(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_cache_control(text)

"""Filenames of generated pictures."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_store.domain.generation.filenames import generated_filename, stem_of

AT = datetime(2026, 11, 29, 12, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("prompt", "stem"),
    [
        ("A red fox in snow", "a-red-fox-in-snow"),
        ("  A red\nfox,\tin snow!  ", "a-red-fox-in-snow"),
        ("Ein Mädchen auf der Straße", "ein-madchen-auf-der-strasse"),
        ("Łódź, smørrebrød & Œuvre", "lodz-smorrebrod-oeuvre"),
        ("The cat's 2 hats", "the-cats-2-hats"),
        ("狐 fox 雪", "fox"),
        ("ＦＯＸ", "fox"),
        ("../../etc/passwd", "etc-passwd"),
        ('a"b\r\nSet-Cookie: x', "a-b-set-cookie-x"),
        ("CON", "image-con"),
        ("word " * 1_000, "word-" * 11 + "word"),
        ("x" * 1_000, "x" * 60),
    ],
)
def test_a_name_is_made_of_the_words_of_a_prompt(prompt: str, stem: str) -> None:
    assert stem_of(prompt) == stem


@pytest.mark.parametrize("prompt", ["雪の中の赤い狐", "лиса", "ثعلب", "🦊", "...", "2026", " "])
def test_a_prompt_without_latin_words_is_named_by_its_time(prompt: str) -> None:
    assert generated_filename(prompt, variation=0, extension="jpg", at=AT) == "generated-20261129-123005.jpg"


def test_variations_have_names_of_their_own() -> None:
    names = [generated_filename("A fox", variation=number, extension="png", at=AT) for number in range(3)]

    assert names == ["a-fox.png", "a-fox-2.png", "a-fox-3.png"]


@given(st.text())
def test_a_name_is_short_and_safe_whatever_the_prompt(prompt: str) -> None:
    name = generated_filename(prompt, variation=9, extension="webp", at=AT)

    assert name.isascii()
    assert len(name) <= 80
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert not name.startswith(("-", "."))

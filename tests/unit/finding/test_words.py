"""Words of texts in many scripts, folded (C3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_store.domain.finding.words import MAX_TERM_CHARS, folded, query_terms, terms_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CAT", "cat"),
        ("Škoda", "skoda"),
        ("Straße", "STRASSE"),
        ("Ελλάς", "ΕΛΛΑΣ"),
        ("Ёлка", "елка"),
        ("İstanbul", "istanbul"),
        ("ısı", "isi"),
        ("smørrebrød", "smorrebrod"),
        ("Łódź", "lodz"),
        ("ﬁne", "fine"),
        ("ＷＩＤＥ", "wide"),
        ("ｶﾞ", "ガ"),
        ("٣٤", "34"),
        ("مُحَمَّد", "محمد"),
        ("שָׁלוֹם", "שלום"),
        ("e\u0301te\u0301", "été"),
        ("می\u200cخواهم", "میخواهم"),
    ],
)
def test_what_a_reader_takes_for_the_same_word_is_the_same(one: str, other: str) -> None:
    assert list(terms_of(one)) == list(terms_of(other)) == [folded(other)]


@pytest.mark.parametrize(("one", "other"), [("か", "が"), ("की", "का"), ("ไม", "ไม้"), ("cat", "cut")])
def test_letters_that_differ_stay_different(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a cat, on_a-mat!", ["a", "cat", "on", "a", "mat"]),
        ("IMG_2024.final.PNG", ["img", "2024", "final", "png"]),
        ("東京タワー", ["東京", "京タ", "タワ", "ワー", "ー"]),
        ("나비", ["나비", "비"]),
        ("iPhone写真2枚", ["iphone", "写真", "真", "2", "枚"]),
        ("👍 …", []),
        ("x" * 40, ["x" * MAX_TERM_CHARS]),
    ],
)
def test_a_text_is_cut_into_words_and_unspaced_scripts_into_pairs(text: str, terms: list[str]) -> None:
    assert list(terms_of(text)) == terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Cat cat CÁT dog", ("cat", "dog")),
        ("東京タ", ("東京", "京タ")),
        ("東", ("東",)),
        ("!?", ()),
    ],
)
def test_a_search_asks_for_each_word_once(text: str, terms: tuple[str, ...]) -> None:
    assert query_terms(text) == terms


@given(TEXTS)
def test_a_text_is_found_by_itself_and_folding_ends_at_once(text: str) -> None:
    terms = set(terms_of(text))

    assert set(query_terms(text)) <= terms
    assert folded(folded(text)) == folded(text)
    assert all(0 < len(term) <= MAX_TERM_CHARS and " " not in term for term in terms)


@given(TEXTS, st.data())
def test_a_word_is_found_by_its_beginning(text: str, data: st.DataObject) -> None:
    for term in terms_of(text):
        beginning = term[: data.draw(st.integers(1, len(term)))]
        assert all(
            any(term.startswith(prefix) for term in terms_of(text)) for prefix in query_terms(beginning)
        )

"""Ids carry their time, and links have one spelling (A2, A8)."""

import base64
import itertools
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from image_store.adapters.system import RandomIds
from image_store.domain.ids import created_at, first_id_at, is_image_id, link, parse_link, uuid7

NOON = datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)
ALL_BITS = (1 << 74) - 1
IMAGE_ID = uuid7(NOON, 1)
PUBLICATION = base64.urlsafe_b64encode(bytes(range(16))).rstrip(b"=").decode()
LINK = link(IMAGE_ID, PUBLICATION)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class _Noon:
    def now(self) -> datetime:
        return NOON


@pytest.mark.parametrize("random_bits", [0, 1, 1 << 62, ALL_BITS])
def test_an_id_is_a_uuid_of_version_7_that_holds_its_time_and_all_its_randomness(random_bits: int) -> None:
    parsed = uuid.UUID(uuid7(NOON, random_bits))

    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert created_at(str(parsed)) == NOON
    assert (parsed.int >> 64 & 0xFFF) << 62 | parsed.int & (1 << 62) - 1 == random_bits


def test_ids_of_later_milliseconds_sort_later_whatever_their_randomness() -> None:
    earlier, later = uuid7(NOON, ALL_BITS), uuid7(NOON + timedelta(milliseconds=1), 0)

    assert earlier < later


def test_the_first_id_of_an_instant_parts_earlier_from_later() -> None:
    border = first_id_at(NOON)

    assert uuid7(NOON - timedelta(milliseconds=1), ALL_BITS) < border < uuid7(NOON, 0)


@pytest.mark.parametrize(
    "at",
    [datetime(1, 1, 2, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)],
)
def test_every_instant_has_a_first_id(at: datetime) -> None:
    assert uuid.UUID(first_id_at(at)).int >> 80 == max(int(at.timestamp() * 1000), 0)


def test_random_ids_are_ids_and_differ() -> None:
    ids = RandomIds(_Noon())

    new_ids = {ids.image_id() for _ in range(100)}

    assert len(new_ids) == 100
    assert all(is_image_id(image_id) and created_at(image_id) == NOON for image_id in new_ids)


def test_random_publications_fit_into_links() -> None:
    publication = RandomIds(_Noon()).publication()

    assert parse_link(link(IMAGE_ID, publication)) == (IMAGE_ID, publication)


@pytest.mark.parametrize(
    "text",
    [
        IMAGE_ID.upper(),
        IMAGE_ID.replace("-", ""),
        f"{{{IMAGE_ID}}}",
        f"urn:uuid:{IMAGE_ID}",
        f"{IMAGE_ID}\n",
        str(uuid.UUID(int=uuid.UUID(IMAGE_ID).int ^ 1 << 76)),
        str(uuid.UUID(int=uuid.UUID(IMAGE_ID).int ^ 1 << 63)),
        IMAGE_ID.replace("0", "０"),
    ],
)
def test_other_spellings_and_other_versions_are_not_ids(text: str) -> None:
    assert is_image_id(IMAGE_ID)
    assert not is_image_id(text)


def test_a_link_names_image_and_publication_in_43_characters_of_a_path() -> None:
    assert parse_link(LINK) == (IMAGE_ID, PUBLICATION)
    assert len(LINK) == 43
    assert set(LINK) <= set(ALPHABET)


def test_only_one_last_character_makes_the_link() -> None:
    """Base64 ignores the spare bits at its end; a link must not have four addresses."""
    spellings = [LINK[:-1] + last for last in ALPHABET]

    parsed = {text: parse_link(text) for text in spellings}

    assert [text for text, named in parsed.items() if named == (IMAGE_ID, PUBLICATION)] == [LINK]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "favicon.ico",
        LINK[:-1],
        f"{LINK}A",
        f"{LINK}=",
        f" {LINK}",
        f"{LINK}\n",
        LINK.replace("-", "+").replace("_", "/") + "+",
        "Ж" * 43,
        "A" * 43,
        "_" * 43,
        IMAGE_ID,
    ],
)
def test_what_is_not_a_link_names_nothing(text: str) -> None:
    assert parse_link(text) is None


def test_changing_any_character_names_another_publication_or_nothing() -> None:
    for position, other in itertools.product(range(len(LINK)), "Aa0_"):
        changed = LINK[:position] + other + LINK[position + 1 :]
        if changed != LINK:
            assert parse_link(changed) != (IMAGE_ID, PUBLICATION)

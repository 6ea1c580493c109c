"""Reservations that an API key's limits count: the repository of the tests and DynamoRepository alike."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from image_store.domain.callers.key_allowance import KeyAllowance
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.errors import QuotaExceeded
from tests.contracts.repository.images import pending, reservation
from tests.contracts.tables import Tables, dynamo
from tests.fakes.repository import MemoryRepository
from tests.fakes.rows import Rows

LAST_HOUR = datetime(2026, 11, 30, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY_ID = "0123456789abcdef"

Reserve = Callable[..., str]


@pytest.fixture(params=["memory", "dynamodb in moto", "dynamodb in memory"])
def rows(request: pytest.FixtureRequest, tables: Tables) -> Rows:
    kind, _, place = request.param.partition(" in ")
    return MemoryRepository() if kind == "memory" else dynamo(tables(place))


@pytest.fixture
def reserve(rows: Rows) -> Reserve:
    """Reserves an image with a key of these limits, and returns its id."""
    numbers = iter(range(1, 100))

    def reserve(
        *, size_bytes: int = 100, key_id: str = KEY_ID, at: datetime = LAST_HOUR, **limits: int
    ) -> str:
        allowance = KeyAllowance(key_id=key_id, limits=KeyLimits(**limits))
        image = pending(id=f"019ca945-0a00-7000-8000-{next(numbers):012x}")
        charges = allowance.charges(size_bytes=size_bytes, at=at)
        try:
            rows.reserve(replace(reservation(image), charges=charges))
        except QuotaExceeded:
            assert rows.get(image.record.id) is None
            raise
        return image.record.id

    return reserve


@pytest.mark.parametrize(
    ("limits", "wait"),
    [
        ({"images_per_day": 2}, HOUR),
        ({"images_per_month": 2}, HOUR),
        ({"bytes_per_day": 299}, HOUR),
        ({"bytes_per_month": 250}, HOUR),
        ({"images_per_day": 9, "bytes_per_month": 200}, HOUR),
    ],
    ids=str,
)
def test_what_is_beyond_a_limit_is_refused_until_the_period_ends(
    reserve: Reserve, limits: dict[str, int], wait: timedelta
) -> None:
    for _ in range(2):
        reserve(**limits)

    with pytest.raises(QuotaExceeded) as refused:
        reserve(**limits)
    reserve(**limits, at=LAST_HOUR + wait)
    reserve(**limits, key_id=KEY_ID[::-1])

    assert refused.value.retry_after == wait


def test_the_month_counts_on_when_a_day_ends(reserve: Reserve) -> None:
    limits = {"images_per_day": 1, "images_per_month": 2}
    noon = datetime(2026, 11, 10, 12, tzinfo=UTC)
    reserve(**limits, at=noon)

    with pytest.raises(QuotaExceeded) as by_day:
        reserve(**limits, at=noon)
    reserve(**limits, at=noon + 24 * HOUR)
    with pytest.raises(QuotaExceeded) as by_month:
        reserve(**limits, at=noon + 48 * HOUR)

    assert by_day.value.retry_after == 12 * HOUR
    assert by_month.value.retry_after == timedelta(days=18, hours=12)


def test_the_last_byte_can_be_used(reserve: Reserve) -> None:
    reserve(size_bytes=60, bytes_per_day=100)

    with pytest.raises(QuotaExceeded):
        reserve(size_bytes=41, bytes_per_day=100)
    assert reserve(size_bytes=40, bytes_per_day=100)


def test_an_image_larger_than_a_limit_is_refused_without_a_time_to_wait(reserve: Reserve) -> None:
    with pytest.raises(QuotaExceeded) as refused:
        reserve(size_bytes=101, bytes_per_day=100)

    assert refused.value.retry_after is None


def test_a_reservation_that_is_repeated_counts_once(rows: Rows) -> None:
    allowance = KeyAllowance(key_id=KEY_ID, limits=KeyLimits(images_per_day=1))
    image = pending()
    full = replace(reservation(image), charges=allowance.charges(size_bytes=1, at=LAST_HOUR))

    rows.reserve(full)
    rows.reserve(full)

    assert rows.get(image.record.id) == image

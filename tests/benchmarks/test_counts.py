"""What the benchmarks count rather than time holds on every machine, so it is a test as well."""

from itertools import islice

import pytest

from image_store.bootstrap import use
from tests.benchmarks import warm
from tests.benchmarks.measurement import Measurement

COUNTED = {"list100_queries", "list100_read_units", "upload_calls"}


@pytest.fixture(scope="module")
def counted() -> dict[str, Measurement]:
    measured = [*islice(warm.list_page(), 2), warm.upload_calls()]
    use(None)
    return {measurement.name: measurement for measurement in measured}


@pytest.mark.parametrize("name", sorted(COUNTED))
def test_a_count_is_within_its_bar(name: str, counted: dict[str, Measurement]) -> None:
    assert counted[name].holds, counted[name]

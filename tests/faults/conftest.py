"""One shard of due rows in place of four: these tests ask for them thousands of times."""

from collections.abc import Iterator

import pytest

from image_store.adapters.dynamodb import keys


@pytest.fixture(autouse=True, scope="session")
def one_shard() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "DUE_SHARDS", 1)
        yield

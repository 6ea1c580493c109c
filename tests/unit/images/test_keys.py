"""No key of the table is longer than DynamoDB takes, whatever owners and groups are called."""

import pytest

from image_store.adapters.dynamodb import generation_keys, keys
from image_store.domain.callers.actor import MAX_OWNER_CHARS, is_owner

MAX_PARTITION_BYTES = 2_048
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
OWNERS = ["/" * MAX_OWNER_CHARS, "\U0001f98a" * 63, "\u732b" * 85]
LINE = "\U0001f98a" * 128


@pytest.mark.parametrize("owner", OWNERS, ids=["ascii", "emoji", "letters"])
def test_a_key_with_the_longest_names_is_one_that_the_table_takes(owner: str) -> None:
    assert is_owner(owner)
    partitions = [
        keys.live(owner),
        keys.trash(owner),
        keys.group(owner, f"{'a' * 32}:{LINE}"),
        keys.feed_of_owner(owner),
        keys.feed_of_group(f"{'a' * 32}:{LINE}"),
        keys.checksum(owner, "5a" * 32),
        keys.tagged(owner, LINE, trashed=True),
        keys.in_category(owner, LINE),
        keys.by_model(owner, LINE),
        keys.hash_band(owner, 3, "ffff"),
        keys.terms(owner, LINE[:32], trashed=True),
        generation_keys.jobs(owner),
        keys.owner_stats(10**6, owner),
    ]

    assert max(len(partition.encode()) for partition in partitions) <= MAX_PARTITION_BYTES


def test_long_groups_of_an_owner_have_keys_of_their_own() -> None:
    owner, names = OWNERS[0], [f"post:{LINE}", f"post:{LINE[:-1]}x", f"prompt:{LINE}"]

    assert len({keys.group(owner, name) for name in names}) == len(names)
    assert keys.group("alice", f"post:{LINE}").endswith("%F0%9F%A6%8A")  # as it has always been

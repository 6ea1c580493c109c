"""Key strings of the list of owners."""

from urllib.parse import quote, unquote

from image_store.adapters.dynamodb.keys import Key, key

OWNERS = "OWNERS"
"""The partition with a row for each owner who has or had an image."""


def listed_owner(owner: str) -> Key:
    """The row that lists an owner."""
    return key(OWNERS, quote(owner, safe=""))


def owner_of_list(sk: str) -> str:
    """The owner in the key of such a row."""
    return unquote(sk)

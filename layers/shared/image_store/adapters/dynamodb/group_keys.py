"""Key strings of the records of groups, and of the figures of groups and tags.

A place is the part of a sort key by which groups or tags are sorted: the folded name, a tab and the name itself. No
name contains a tab.
"""

from urllib.parse import quote

from image_store.adapters.dynamodb.keys import Key, key
from image_store.domain.finding.groups import folded_name

GROUPS_PREFIX = "GROUPS#"
"""Begins the partitions of the records of groups."""
_OF_GROUP = "GROUP#"
_OF_TAG = "TAG#"
_LAST = "\U0010ffff"
_NEXT = "\x00"
"""A text with this character at its end is the next one after the text."""


def records(owner: str) -> str:
    """The partition of the records of an owner's groups."""
    return f"{GROUPS_PREFIX}{quote(owner, safe='')}"


def group_stats(name: str) -> str:
    """The sort key of the figures and of the record of a group, `type:id`."""
    group_type, _, group_id = name.partition(":")
    return f"{_OF_GROUP}{group_type}:{folded_name(group_id)}\t{group_id}"


def tag_stats(tag: str) -> str:
    """The sort key of the figures of a tag."""
    return f"{_OF_TAG}{folded_name(tag)}\t{tag}"


def record(owner: str, name: str) -> Key:
    """The row of the record of a group."""
    return key(records(owner), group_stats(name))


def is_place_stats(sk: str) -> bool:
    """Whether a row of figures is that of a group or a tag."""
    return sk.startswith((_OF_GROUP, _OF_TAG))


def group_of(sk: str) -> str:
    """The group, `type:id`, in a sort key."""
    group_type, _, rest = sk.removeprefix(_OF_GROUP).partition(":")
    return f"{group_type}:{rest.partition('\t')[2]}"


def tag_of(sk: str) -> str:
    """The tag in a sort key."""
    return sk.partition("\t")[2]


def group_bounds(prefix: str, *, after: str | None) -> tuple[str, str]:
    """The first and the last sort key of groups whose places begin with a prefix, after another sort key.

    The first is higher than the last if there can be none.
    """
    return _bounds(f"{_OF_GROUP}{prefix}", after)


def tag_bounds(prefix: str, *, after: str | None) -> tuple[str, str]:
    """The first and the last sort key of tags, as `group_bounds`."""
    return _bounds(f"{_OF_TAG}{prefix}", after)


def _bounds(first: str, after: str | None) -> tuple[str, str]:
    return first if after is None else max(first, after + _NEXT), first + _LAST

"""Key strings of the rows that let callers in: API keys, upload tokens and shares."""

from urllib.parse import quote

from image_store.adapters.dynamodb.keys import Key, key

API_KEY = "KEY"
_API_KEY_PREFIX = "KEY#"


def api_key(key_id: str) -> Key:
    """The row of an API key."""
    return key(f"{_API_KEY_PREFIX}{key_id}", API_KEY)


def id_of_api_key(row: Key) -> str | None:
    """The id of the API key whose row has this key; None for the key of any other row."""
    pk, sk = row["pk"]["S"], row["sk"]["S"]
    return pk.removeprefix(_API_KEY_PREFIX) if sk == API_KEY and pk.startswith(_API_KEY_PREFIX) else None


def key_requests(key_id: str) -> str:
    """The partition of an API key's requests by day; functions that only read may write such rows alone."""
    return f"KEYREQUESTS#{key_id}"


def key_usage(key_id: str) -> str:
    """The partition of what an API key has used by day."""
    return f"KEYUSAGE#{key_id}"


def counted_use(name: str) -> Key:
    """The row that says that a use is counted; `name` is unique among all uses."""
    return key(f"COUNTED#{name}", "COUNTED")


def key_counter(key_id: str, period: str) -> Key:
    """The row that counts what an API key stores in a day or a month."""
    return key(f"KEYUSE#{key_id}", period)


API_KEYS = "KEYS"
"""The partition that lists the API keys of all owners."""


def listed_api_key(owner: str, key_id: str) -> Key:
    """The row that lists an API key under its owner."""
    return key(API_KEYS, f"{api_keys_of(owner)}{key_id}")


def api_keys_of(owner: str) -> str:
    """What the sort keys of an owner's listed API keys begin with."""
    return f"{quote(owner, safe='')}/"


UPLOAD_TOKEN = "UPLOADTOKEN"  # noqa: S105 - a sort key
_UPLOAD_TOKEN_PREFIX = "UPLOADTOKEN#"  # noqa: S105 - what partitions begin with


def upload_token(token_id: str) -> Key:
    """The row of an upload token, which also counts its images."""
    return key(f"{_UPLOAD_TOKEN_PREFIX}{token_id}", UPLOAD_TOKEN)


def is_upload_token(row: Key) -> bool:
    """Whether the row of an upload token has this key."""
    return row["sk"]["S"] == UPLOAD_TOKEN and row["pk"]["S"].startswith(_UPLOAD_TOKEN_PREFIX)


SHARE = "SHARE"
_SHARE_PREFIX = "SHARE#"


def share(share_id: str) -> Key:
    """The row of a share."""
    return key(f"{_SHARE_PREFIX}{share_id}", SHARE)


def is_share(row: Key) -> bool:
    """Whether the row of a share has this key."""
    return row["sk"]["S"] == SHARE and row["pk"]["S"].startswith(_SHARE_PREFIX)


def shares(owner: str) -> str:
    """The partition that lists the shares of an owner."""
    return f"SHARES#{quote(owner, safe='')}"


def listed_share(owner: str, created_at: str, share_id: str) -> Key:
    """The row that lists a share by its instant."""
    return key(shares(owner), f"{created_at}#{share_id}")

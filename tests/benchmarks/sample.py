"""A stored image with every field of its card filled to the limit, and how DynamoDB bills its rows."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.images import records
from image_store.domain.callers.scopes import USER_SCOPES, Scope
from image_store.domain.delivery.renditions import Placeholder, Rendition
from image_store.domain.finding.filters import ROW_FILTERS
from image_store.domain.ids import uuid7
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, ImageRecord, Kind, State, Visibility
from image_store.domain.images.media import MediaType

OWNER = "user_2abcdefghijklmnopqrstuvwxyz"
_FIRST_AT = datetime(2025, 11, 20, 8, 15, 30, tzinfo=UTC)

PROJECTED = (
    *("pk", "sk", "owner_key", "id", "card"),
    *(each.attribute for each in ROW_FILTERS.values() if not each.only_in_list_rows),
)
"""What the index by_owner holds: the keys of the table and its own, the card, and what filters compare."""
_READ_UNIT_BYTES = 4_096


def sample_image(index: int) -> Image:
    """A generated picture, one of many of its owner, and private as most are: links to it are signed."""
    created_at = _FIRST_AT + timedelta(seconds=index)
    record = ImageRecord(
        id=uuid7(created_at, index << 64 | index),
        owner=OWNER,
        state=State.READY,
        attempt=f"{index:016x}",
        version=2,
        change=f"{index:016x}",
        folder="images/generated/2025/11/",
        kind=Kind.GENERATED,
        visibility=Visibility.PRIVATE,
        filename="harbour-at-dawn-fishing-boats-in-a-row-1.png",
        media_type=MediaType.PNG,
        size_bytes=1_482_113 + index,
        width=1536,
        height=1024,
        sha256=f"{index:064x}",
        placeholder=Placeholder("LEHV6nWB2yk8pyo0adR*.7kCMdnj", "#8899aa"),
        renditions=(
            Rendition("thumb", MediaType.JPEG, 300, 300, 14_210),
            Rendition("display", MediaType.JPEG, 1536, 1024, 302_114),
        ),
        created_at=created_at,
        updated_at=created_at,
        category="landscape",
    )
    details = Details(
        alt_text="A harbour at dawn, fishing boats in a row, seen from the pier in soft light",
        tags=("harbour", "dawn", "boats"),
        groups=("conversation:c1", "session:s1"),
        generation={"prompt": "a harbour at dawn", "model": "flux-1-schnell", "provider": "cloudflare"},
    )
    return Image(record, details)


def rows(index: int) -> dict[str, items.Item]:
    """The rows META and DETAIL of a sample, by their sort key."""
    rows = records.rows_of(sample_image(index))
    return {sort_key: row for (_, sort_key), row in rows.items() if sort_key in (keys.META, keys.DETAIL)}


def listed_row(index: int) -> items.Item:
    """What the index by_owner holds of a sample."""
    return {name: value for name, value in rows(index)[keys.META].items() if name in PROJECTED}


def query_read_units(items_read: Sequence[items.Item], *, consistent: bool = False) -> float:
    """What a Query is billed that reads these items, whatever it answers of them."""
    return read_units(sum(map(item_size_bytes, items_read)), consistent=consistent)


def read_units(size_bytes: int, *, consistent: bool) -> float:
    """Half a unit, if consistent a whole one, for each 4 KB of all that is read together."""
    units = max(1, ceil(size_bytes / _READ_UNIT_BYTES))
    return units if consistent else units / 2


def get_read_units(item: items.Item | None, *, consistent: bool = False) -> float:
    """What it is billed to get an item, each of a batch for itself; one that is not there counts as a small one."""
    return query_read_units([item or {}], consistent=consistent)


def item_size_bytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The size of an item as DynamoDB counts it: the UTF-8 bytes of names and texts; numbers by their digits.

    Source: the developer guide, "DynamoDB item sizes and formats".
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "SS":
            return sum(len(text.encode()) for text in content)
        case "N":
            return len(content) // 2 + 2
        case "B":
            return len(content)
    raise NotImplementedError(kind)


def http_event(method: str, route: str, path: str, *, query: str = "") -> dict[str, Any]:
    """An event of an HTTP API (payload 2.0) whose caller owns the samples, and may see the figures of all owners."""
    return {
        "version": "2.0",
        "routeKey": f"{method} {route}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "api.example.com", "accept": "application/json", "authorization": "Bearer token"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "example",
            "authorizer": {
                "lambda": {
                    "name": f"subject:{OWNER}",
                    "owner": OWNER,
                    "scopes": " ".join(sorted(USER_SCOPES | {Scope.ADMIN})),
                }
            },
            "domainName": "api.example.com",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "example",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": f"{method} {route}",
            "stage": "$default",
            "time": "20/Nov/2025:08:15:30 +0000",
            "timeEpoch": 1763626530000,
        },
        "isBase64Encoded": False,
    }


_SECRET = {"access_key_id": "example", "secret_access_key": "example", "current": "k1", "k1": "example"}
SECRET_ANSWER = {"Name": "example", "SecretString": json.dumps(_SECRET)}


def retrieve_event() -> dict[str, Any]:
    """Asks for the first sample."""
    image_id = sample_image(0).record.id
    return http_event("GET", "/v1/images/{image_id}", f"/v1/images/{image_id}")


def retrieve_answers() -> dict[str, Any]:
    """What AWS answers to the calls this takes, by operation."""
    items_of_image = list(rows(0).values())
    return {
        "DynamoDB_20120810.Query": {
            "Items": items_of_image,
            "Count": len(items_of_image),
            "ScannedCount": len(items_of_image),
        },
        "secretsmanager.GetSecretValue": SECRET_ANSWER,
    }

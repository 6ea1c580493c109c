"""Upload tokens as rows of the table; reservations count images in the same row."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from image_store.adapters.dynamodb import caller_keys as keys
from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb.images.attributes import attributes_body, attributes_of
from image_store.adapters.dynamodb.items import Item, as_json, parse_time, signature_of, text_time
from image_store.adapters.dynamodb.table import DynamoTable, OnTable, refused
from image_store.domain.callers.actor import UNNAMED, Actor
from image_store.domain.callers.key_allowance import KeyAllowance
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.callers.upload_tokens import UploadToken
from image_store.domain.images.media import MediaType
from image_store.ports.callers import UploadTokens

KEPT_AFTER_END = timedelta(days=1)
"""The row of a token that has expired stays as long, for whoever looks into a complaint."""


class DynamoUploadTokens(OnTable, UploadTokens):
    """Upload tokens in the one table.

    `actor` returns the actor who creates a token; its row names the actor, for the audit trail.
    """

    def __init__(self, table: DynamoTable, *, actor: Callable[[], Actor] = lambda: UNNAMED) -> None:
        super().__init__(table)
        self._actor = actor

    def create(self, token: UploadToken) -> None:
        actor = self._actor()
        item = _item_of(token) | signature_of(actor)
        written = self._rows.conditional(
            "put_item", Item=item, ConditionExpression="attribute_not_exists(pk)"
        )
        # botocore repeats a write whose response it lost, and the repeat finds the row of the first try.
        if written is None and self.get(token.id) != token:
            raise refused()

    def get(self, token_id: str) -> UploadToken | None:
        answer = self._rows.call("get_item", Key=keys.upload_token(token_id), ConsistentRead=True)
        return token_of(answer["Item"]) if "Item" in answer else None


def _item_of(token: UploadToken) -> Item:
    body: dict[str, Any] = {
        "owner": token.owner,
        "created_at": text_time(token.created_at),
        "created_by": token.created_by,
        "expires_at": text_time(token.expires_at),
        "max_images": token.max_images,
        "max_bytes": token.max_bytes,
        "content_types": sorted(token.content_types),
        "attributes": attributes_body(token.attributes),
        "fixed": sorted(token.fixed),
        "may_set": sorted(token.may_set),
    }
    if token.allowance is not None:
        body["allowance"] = {"key_id": token.allowance.key_id, "limits": asdict(token.allowance.limits)}
    return {
        **keys.upload_token(token.id),
        **schema.STAMP,
        "id": {"S": token.id},
        "token": {"S": as_json(body)},
        "images": {"N": str(token.images)},
        "size_bytes": {"N": "0"},
        "ttl": {"N": str(int((token.expires_at + KEPT_AFTER_END).timestamp()))},
    }


@schema.reading
def token_of(item: Item) -> UploadToken:
    """The upload token in its row; UnreadableRow for a row of a later version."""
    schema.version_of(item)
    body = json.loads(item["token"]["S"])
    body |= {name: parse_time(body[name]) for name in ("created_at", "expires_at")}
    body |= {name: frozenset(body[name]) for name in ("fixed", "may_set")}
    body["content_types"] = frozenset(map(MediaType, body["content_types"]))
    body["attributes"] = attributes_of(body["attributes"])
    if "allowance" in body:
        allowance = body["allowance"]
        body["allowance"] = KeyAllowance(key_id=allowance["key_id"], limits=KeyLimits(**allowance["limits"]))
    return UploadToken(id=item["id"]["S"], images=int(item["images"]["N"]), **body)

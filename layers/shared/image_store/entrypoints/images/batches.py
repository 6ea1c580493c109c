"""Reading batches: only their frame is checked at once; each item is read on its own, when its turn has come."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from image_store.domain.errors import InvalidRequest
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.images.reservation import IdempotencyKey
from image_store.entrypoints.http.api import caller
from image_store.entrypoints.http.requests import any_json, json_body, storable, validated
from image_store.entrypoints.images.deletion_schemas import BatchDelete
from image_store.entrypoints.images.upload_requests import AnyBatch
from image_store.entrypoints.images.uploads import canonical, idempotency_of, json_upload, not_empty
from image_store.services.images.batch_deletion import DeletionRequest
from image_store.services.images.uploads import Upload

ReadUpload = Callable[[], Upload]
"""Reads one item; InvalidRequest, and what else an upload is refused for, when it is wrong."""


def read_batch(api: APIGatewayHttpResolver, *, until: datetime) -> Sequence[ReadUpload]:
    """The uploads of a batch, each to be read on its own and to be done by `until`.

    With an Idempotency-Key each item has one of its own, bound to its place and to what it says.
    """
    batch = validated(AnyBatch, any_json(api), at="body")
    owner, key = caller(api), idempotency_of(api, "batch")
    return [
        partial(_upload, item, index, owner=owner, until=until, key=key)
        for index, item in enumerate(batch.items)
    ]


def read_batch_delete(api: APIGatewayHttpResolver) -> DeletionRequest:
    """What the caller wants deleted: either images by their ids, or those of a group."""
    asked, owner = json_body(api, BatchDelete), caller(api)
    if asked.group is not None and asked.ids is None:
        return DeletionRequest(owner, OwnerGroup(owner, asked.group), asked.permanent, asked.cursor)
    if asked.ids is None or asked.group is not None:
        raise InvalidRequest("Give exactly one of `ids` and `group`.")
    if asked.cursor is not None:
        raise InvalidRequest("A cursor goes on with a group.")
    return DeletionRequest(owner, tuple(asked.ids), asked.permanent)


def _upload(item: Any, index: int, *, owner: str, until: datetime, key: IdempotencyKey | None) -> Upload:
    attributes, source = json_upload(storable(item), at=("body", "items", index))
    return Upload(
        owner=owner,
        source=not_empty(source),
        attributes=attributes.to_domain(),
        until=until,
        idempotency=_key_of_item(key, item, index) if key is not None else None,
    )


def _key_of_item(key: IdempotencyKey, item: Any, index: int) -> IdempotencyKey:
    said = canonical(item)
    return IdempotencyKey(
        name=hashlib.sha256(f"{key.name}/{index}".encode()).hexdigest(),
        fingerprint=hmac.digest(key.fingerprint.encode(), said.encode(), "sha256").hex(),
    )

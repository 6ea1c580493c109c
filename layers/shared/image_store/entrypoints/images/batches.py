"""Reads batches: the list is checked at once, each item when its turn comes."""

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
"""Reads one item; raises InvalidRequest and the other errors of a bad upload."""


def read_batch(api: APIGatewayHttpResolver, *, until: datetime) -> Sequence[ReadUpload]:
    """The readers of the uploads of a batch, with the deadline `until`.

    With an Idempotency-Key each item gets its own key, bound to its place and content.
    """
    batch = validated(AnyBatch, any_json(api), at="body")
    owner, key = caller(api), idempotency_of(api, "batch")
    return [
        partial(_upload, item, index, owner=owner, until=until, key=key)
        for index, item in enumerate(batch.items)
    ]


def read_batch_delete(api: APIGatewayHttpResolver) -> DeletionRequest:
    """Read which images to delete: a list of ids, or a group."""
    request, owner = json_body(api, BatchDelete), caller(api)
    if request.group is not None and request.ids is None:
        return DeletionRequest(owner, OwnerGroup(owner, request.group), request.permanent, request.cursor)
    if request.ids is None or request.group is not None:
        raise InvalidRequest("Give exactly one of `ids` and `group`.")
    if request.cursor is not None:
        raise InvalidRequest("A cursor goes on with a group.")
    return DeletionRequest(owner, tuple(request.ids), request.permanent)


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
    return IdempotencyKey(
        name=hashlib.sha256(f"{key.name}/{index}".encode()).hexdigest(),
        fingerprint=hmac.digest(key.fingerprint.encode(), canonical(item).encode(), "sha256").hex(),
    )

"""Reads batches: the list is validated at once, each item when it is processed."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from image_store.domain.callers.caller import Caller
from image_store.domain.callers.key_allowance import allowance_of
from image_store.domain.errors import InvalidRequest
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.images.reservation import IdempotencyKey
from image_store.entrypoints.http.idempotency import canonical, idempotency_of
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.http.validation import ensure_storable, validate
from image_store.entrypoints.images.deletion_schemas import BatchDelete
from image_store.entrypoints.images.upload_request_schemas import AnyBatch
from image_store.entrypoints.images.uploads import attributes_of, json_upload, not_empty
from image_store.services.images.batch_deletion import DeletionRequest
from image_store.services.images.uploads import Upload

ReadUpload = Callable[[], Upload]
"""Reads one item; raises InvalidRequest and the other errors of a bad upload."""


def read_batch(request: Request, *, until: datetime) -> Sequence[ReadUpload]:
    """The readers of the uploads of a batch, with the deadline `until`.

    With an Idempotency-Key each item gets its own key, bound to its place and content.
    """
    batch = validate(AnyBatch, request.unchecked_json, at="body")
    caller, key = request.caller, idempotency_of(request, "batch")
    return [
        partial(_upload, item, index, caller=caller, until=until, key=key)
        for index, item in enumerate(batch.items)
    ]


def read_batch_delete(request: Request) -> DeletionRequest:
    """Read which images to delete: a list of ids, or a group."""
    batch, owner = request.json(BatchDelete), request.owner
    if batch.group is not None and batch.ids is None:
        return DeletionRequest(owner, OwnerGroup(owner, batch.group), batch.permanent, batch.cursor)
    if batch.ids is None or batch.group is not None:
        raise InvalidRequest("Send exactly one of `ids` and `group`.")
    if batch.cursor is not None:
        raise InvalidRequest("`cursor` needs `group`.")
    return DeletionRequest(owner, tuple(batch.ids), batch.permanent)


def _upload(
    item: Any,
    index: int,
    *,
    caller: Caller,
    until: datetime,
    key: IdempotencyKey | None,
) -> Upload:
    attributes, source = json_upload(ensure_storable(item), at=("body", "items", index))
    return Upload(
        owner=caller.owner,
        source=not_empty(source),
        attributes=attributes_of(attributes, caller),
        until=until,
        allowance=allowance_of(caller),
        idempotency=_key_of_item(key, item, index) if key is not None else None,
    )


def _key_of_item(key: IdempotencyKey, item: Any, index: int) -> IdempotencyKey:
    return IdempotencyKey(
        name=hashlib.sha256(f"{key.name}/{index}".encode()).hexdigest(),
        fingerprint=hmac.digest(key.fingerprint.encode(), canonical(item).encode(), "sha256").hex(),
    )

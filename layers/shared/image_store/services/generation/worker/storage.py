"""Stores provider results as images, each under an idempotency key made of its call."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.callers.key_allowance import KeyAllowance
from image_store.domain.callers.key_limits import NO_LIMITS
from image_store.domain.generation.jobs import JOB_LIFETIME, JobItem
from image_store.domain.generation.ledger import ProviderCall
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Kind
from image_store.domain.images.reservation import IdempotencyKey
from image_store.ports.system import Clock
from image_store.services.generation.provenance import extra_warnings_of, filename_of, generation_attribute_of
from image_store.services.generation.provider_results import ProviderResult
from image_store.services.generation.sealed_requests import OpenRequest
from image_store.services.images.sources import Content
from image_store.services.images.uploads import Upload, Uploads

UPLOAD_TIME = timedelta(seconds=100)
"""The longest time that storing one result may take; shorter than the lifetime of a reservation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultStorage:
    """Stores results the way uploads are stored, so that a result becomes at most one image."""

    uploads: Uploads
    seals: bool
    """Whether prompts are sealed; then they do not appear in filenames."""
    clock: Clock

    def store(self, item: JobItem, opened: OpenRequest, result: ProviderResult, *, until: datetime) -> str:
        """Store a result and return the image id; safe to repeat.

        Raises
        ------
        ImageNotFound
            it was stored before, and its owner has deleted it since
        ImageStoreError
            every error of an upload
        """
        entry = result.entry
        upload = Upload(
            owner=item.owner,
            source=Content(result.data),
            attributes=self._attributes(opened, result),
            until=min(until, self.clock.now() + UPLOAD_TIME),
            idempotency=IdempotencyKey(
                name=_upload_name(item, entry.call),
                fingerprint=hashlib.sha256(result.data).hexdigest(),
                lifetime=JOB_LIFETIME,
            ),
            extra_warnings=lambda processed: extra_warnings_of(opened, entry, processed),
            allowance=_allowance_of(item),
        )
        return self.uploads.accept(upload).record.id

    def find(self, item: JobItem, call: ProviderCall) -> Image | None:
        """Find the image that the result of a call became; ImageNotFound if its owner has deleted it since."""
        return self.uploads.stored_under(_upload_name(item, call))

    def _attributes(self, opened: OpenRequest, result: ProviderResult) -> Attributes:
        attributes, entry = opened.request.attributes, result.entry
        expires_at = attributes.expires_at
        if expires_at is not None:
            # An image that has expired meanwhile was paid for: it is stored, and expires soon after.
            expires_at = max(expires_at, self.clock.now() + UPLOAD_TIME)
        return replace(
            attributes,
            kind=Kind.GENERATED,
            generation=generation_attribute_of(opened, entry),
            filename=attributes.filename or filename_of(opened, entry, result.data, seals=self.seals),
            expires_at=expires_at,
        )


def _allowance_of(item: JobItem) -> KeyAllowance | None:
    """The API key that the image counts for; its limits counted the image when it was ordered."""
    return KeyAllowance(key_id=item.api_key, limits=NO_LIMITS) if item.api_key is not None else None


def _upload_name(item: JobItem, call: ProviderCall) -> str:
    name = json.dumps([item.job_id, item.index, call.id])
    return hashlib.sha256(f"generation\0{name}".encode()).hexdigest()

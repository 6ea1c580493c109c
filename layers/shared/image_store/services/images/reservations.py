"""Reserves images: turns a draft into a PENDING record, and gives a direct upload its next attempt."""

from dataclasses import dataclass, replace
from datetime import timedelta

from image_store.domain.deadlines import has_passed
from image_store.domain.delivery.renditions import Placeholder
from image_store.domain.errors import Conflict
from image_store.domain.ids import created_at, with_time
from image_store.domain.images.attributes import OnDuplicate
from image_store.domain.images.draft import ImageDraft, details, warnings
from image_store.domain.images.image import Image, ImageRecord, State, Visibility
from image_store.domain.images.key_layout import KeyLayout, folder
from image_store.domain.images.processing import ProcessedImage
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import RESERVATION_LIFETIME
from image_store.ports.system import Clock, Ids
from image_store.services.images.earlier_images import EarlierImages
from image_store.services.images.sealing import Sealing
from image_store.services.images.write_protocol import ReservedImage, WriteProtocol

_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservations:
    """Reserves images and renews reservations."""

    earlier: EarlierImages
    protocol: WriteProtocol
    clock: Clock
    ids: Ids
    layout: KeyLayout
    sealing: Sealing

    def reserve(
        self,
        draft: ImageDraft,
        processed: ProcessedImage | None,
        *,
        quota: Quota,
        lifetime: timedelta = RESERVATION_LIFETIME,
    ) -> ReservedImage | Image:
        """Reserve an image, or return the image that another request stored meanwhile.

        Without `processed` the record waits for its bytes in staging. Sensitive attributes are sealed once, before the
        first try.

        Raises QuotaExceeded, the errors of the draft's charges, and what `EarlierImages.find` raises.
        """
        image_id = self.ids.image_id()
        if draft.attributes.created_at is not None:
            image_id = with_time(image_id, draft.attributes.created_at)
        attributes, sealed = self.sealing.seal(draft.attributes, owner=draft.owner, image_id=image_id)
        all_warnings = warnings(draft.size_bytes, processed) + draft.extra_warnings
        pending_details = details(
            attributes, sealed=sealed, image_warnings=all_warnings, old_paths=draft.old_paths
        )
        for _ in range(_TRIES):
            record = self._record(image_id, draft, processed, quota, lifetime)
            try:
                return self.protocol.reserve(
                    Image(record, pending_details),
                    quota=quota,
                    idempotency=draft.idempotency,
                    charges=draft.charges,
                )
            except Conflict:
                # Another request has the key or the checksum, so its outcome decides.
                image = self.earlier.find(draft)
                if image is not None:
                    return image
        raise Conflict(
            "Identical uploads are running at this moment; try again.", retry_after=timedelta(seconds=1)
        )

    def renew(self, image: Image, processed: ProcessedImage) -> ReservedImage:
        """Give a PENDING direct upload a new attempt and the facts of its bytes; older attempts can no longer commit.

        Raises Conflict while another attempt is running.
        """
        record, now = image.record, self.clock.now()
        ends_at = record.updated_at + RESERVATION_LIFETIME
        is_running = record.renditions and not has_passed(ends_at, now, longest=RESERVATION_LIFETIME)
        if is_running and record.queued_at is None:  # a queued upload continues where its request stopped
            raise Conflict("This upload is being completed at this moment.", retry_after=timedelta(seconds=2))
        is_published = record.visibility is not Visibility.PRIVATE
        renewed = record.next_version(
            attempt=self.ids.attempt(),
            change=self.ids.token(),
            width=processed.width,
            height=processed.height,
            placeholder=processed.placeholder,
            perceptual_hash=processed.perceptual_hash,
            renditions=tuple(file.rendition for file in processed.renditions),
            intent=self.ids.publication() if is_published else None,
            updated_at=now,
            due_at=max(record.due_at or now, now + RESERVATION_LIFETIME),
        )
        new_details = replace(image.details, warnings=warnings(record.size_bytes, processed))
        return self.protocol.renew(image, Image(renewed, new_details))

    def _record(
        self,
        image_id: str,
        draft: ImageDraft,
        processed: ProcessedImage | None,
        quota: Quota,
        lifetime: timedelta,
    ) -> ImageRecord:
        """A PENDING record with a new attempt."""
        now = self.clock.now()
        attributes = draft.attributes
        is_published = attributes.visibility is not Visibility.PRIVATE
        return ImageRecord(
            id=image_id,
            owner=draft.owner,
            state=State.PENDING,
            attempt=self.ids.attempt(),
            version=1,
            change=self.ids.token(),
            folder=folder(self.layout, owner=draft.owner, attributes=attributes, at=now),
            kind=attributes.kind,
            visibility=attributes.visibility,
            filename=attributes.filename or f"image.{draft.media_type.extension}",
            media_type=draft.media_type,
            size_bytes=draft.size_bytes,
            width=processed.width if processed else 0,
            height=processed.height if processed else 0,
            sha256=draft.sha256,
            placeholder=processed.placeholder if processed else Placeholder("", ""),
            perceptual_hash=processed.perceptual_hash if processed else None,
            renditions=tuple(file.rendition for file in processed.renditions) if processed else (),
            # The time in its id, so that a list from this instant on begins with this image.
            created_at=created_at(image_id),
            updated_at=now,
            category=attributes.category,
            cache_control=attributes.cache_control,
            expires_at=attributes.expires_at,
            intent=self.ids.publication() if is_published and processed else None,
            due_at=now + lifetime,
            counted=quota.is_set,
            guarded=attributes.on_duplicate is not OnDuplicate.KEEP,
            idempotency=draft.idempotency.name if draft.idempotency else None,
            staging=None if processed else self.ids.attempt(),
            upload_token=draft.upload_token,
            api_key=draft.api_key,
            dated_back_at=now if attributes.created_at is not None else None,
        )

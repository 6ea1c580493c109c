"""The audit trail: who changed an image, an API key, an upload token, a share or a webhook, and how."""

from dataclasses import dataclass, replace
from datetime import datetime

from image_store.domain.callers.actor import Actor
from image_store.domain.callers.api_keys import ApiKey
from image_store.domain.callers.upload_tokens import UploadToken
from image_store.domain.delivery.shares import Share
from image_store.domain.images.image import ImageRecord, State
from image_store.domain.webhooks.webhook import Webhook


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One write of an image record, from the table's stream, which may deliver a write more than once."""

    event_id: str
    """The same in every delivery of this write."""
    at: datetime
    before: ImageRecord | None
    """None if the record is new."""
    after: ImageRecord | None
    """None if the record was removed."""
    actor: Actor | None
    """None if it is unknown: removed records and old records have no actor."""

    @property
    def image(self) -> ImageRecord:
        """The record after the write, or the last one if it was removed."""
        record = self.after or self.before
        if record is None:
            raise ValueError("a change without a record")
        return record

    @property
    def actions(self) -> tuple[str, ...]:
        """What the write did; never empty."""
        if self.after is None:
            is_end = self.before is not None and self.before.state is State.TOMBSTONE
            return ("forgotten",) if is_end else ("record_lost",)
        if self.before is None:
            # Only a restore and a rebuild write whole images; uploads reserve them first.
            return ("reserved",) if self.after.state is State.PENDING else ("recovered",)
        if self.before.change == self.after.change and self.before.amendment == self.after.amendment:
            return ("changed_outside",)
        actions = (*_state_actions(self.before, self.after), *_publication_actions(self.before, self.after))
        return actions or (_other_action(self.before, self.after),)


@dataclass(frozen=True, slots=True)
class KeyAuditEntry:
    """One write of an API key, from the table's stream, which may deliver a write more than once."""

    event_id: str
    """The same in every delivery of this write."""
    at: datetime
    before: ApiKey | None
    """None if the key is new."""
    after: ApiKey | None
    """None if the key was removed."""
    actor: Actor | None
    """None if it is unknown, as for a key that was removed."""

    @property
    def key(self) -> ApiKey:
        """The key after the write, or the last one if it was removed."""
        key = self.after or self.before
        if key is None:
            raise ValueError("a change of nothing")
        return key

    @property
    def actions(self) -> tuple[str, ...]:
        """What the write did; empty if it only noted a use of the key."""
        if self.after is None:
            return ("key_lost",) if self.key.is_in_force(self.at) else ("key_forgotten",)
        if self.before is None:
            return ("key_created",)
        if self.before.version == self.after.version:
            is_use = replace(self.before, last_used_at=self.after.last_used_at) == self.after
            return () if is_use else ("changed_outside",)
        if self.before.revoked_at != self.after.revoked_at:
            return ("key_revoked",)
        return ("key_rotated",) if self.before.secret_sha256 != self.after.secret_sha256 else ("key_changed",)


@dataclass(frozen=True, slots=True)
class ShareAuditEntry:
    """One write of a share, from the table's stream, which may deliver a write more than once."""

    event_id: str
    """The same in every delivery of this write."""
    at: datetime
    before: Share | None
    """None if the share is new."""
    after: Share | None
    """None if the share was removed."""
    actor: Actor | None
    """None if it is unknown, as for a share that was removed."""

    @property
    def share(self) -> Share:
        """The share after the write, or the last one if it was removed."""
        share = self.after or self.before
        if share is None:
            raise ValueError("a change of nothing")
        return share

    @property
    def actions(self) -> tuple[str, ...]:
        """What the write did; empty if it only noted a use of the share."""
        if self.after is None:
            return ("share_lost",) if self.share.is_in_force(self.at) else ("share_forgotten",)
        if self.before is None:
            return ("share_created",)
        if self.before.revoked_at is None and self.after.revoked_at is not None:
            return ("share_revoked",)
        is_use = replace(self.before, last_used_at=self.after.last_used_at) == self.after
        return () if is_use else ("changed_outside",)


@dataclass(frozen=True, slots=True)
class UploadTokenAuditEntry:
    """One write of an upload token, from the table's stream, which may deliver a write more than once."""

    event_id: str
    """The same in every delivery of this write."""
    at: datetime
    before: UploadToken | None
    """None if the token is new."""
    after: UploadToken | None
    """None if the token was removed."""
    actor: Actor | None
    """None if it is unknown, as for a token that was removed."""

    @property
    def token(self) -> UploadToken:
        """The token after the write, or the last one if it was removed."""
        token = self.after or self.before
        if token is None:
            raise ValueError("a change of nothing")
        return token

    @property
    def actions(self) -> tuple[str, ...]:
        """What the write did; empty if it only counted an image, which has a line of its own."""
        if self.after is None:
            return ("upload_token_lost",) if self.token.expires_at > self.at else ("upload_token_forgotten",)
        if self.before is None:
            return ("upload_token_created",)
        is_count = replace(self.before, images=self.after.images) == self.after
        return () if is_count and self.after.images >= self.before.images else ("changed_outside",)


@dataclass(frozen=True, slots=True)
class WebhookAuditEntry:
    """One write of a webhook, from the table's stream, which may deliver a write more than once."""

    event_id: str
    """The same in every delivery of this write."""
    at: datetime
    before: Webhook | None
    """None if the webhook is new."""
    after: Webhook | None
    """None if the row of the webhook was removed."""
    actor: Actor | None
    """None if it is unknown, as for a row that was removed."""

    @property
    def webhook(self) -> Webhook:
        """The webhook after the write, or the last one if its row was removed."""
        webhook = self.after or self.before
        if webhook is None:
            raise ValueError("a change of nothing")
        return webhook

    @property
    def actions(self) -> tuple[str, ...]:
        """What the write did; never empty."""
        before, after = self.before, self.after
        if after is None:
            return ("webhook_lost",) if self.webhook.deleted_at is None else ("webhook_forgotten",)
        if before is None:
            return ("webhook_created",)
        if before.version == after.version:
            return ("changed_outside",)
        if after.deleted_at is not None:
            return ("webhook_deleted",)
        secret = ("webhook_rotated",) if before.sealed_secret != after.sealed_secret else ()
        state: tuple[str, ...] = ()
        if before.is_enabled != after.is_enabled:
            state = ("webhook_enabled",) if after.is_enabled else ("webhook_disabled",)
        return (*secret, *state) or ("webhook_changed",)


type AnyAuditEntry = AuditEntry | KeyAuditEntry | ShareAuditEntry | UploadTokenAuditEntry | WebhookAuditEntry


_ACTION_BY_STATE = {
    State.READY: "stored",
    State.TRASHED: "trashed",
    State.DELETING: "deleting",
    State.TOMBSTONE: "deleted",
}


def _state_actions(before: ImageRecord, after: ImageRecord) -> tuple[str, ...]:
    if before.state is after.state:
        return ()
    if before.state is State.TRASHED and after.state is State.READY:
        return ("restored",)
    return (_ACTION_BY_STATE.get(after.state, "changed_outside"),)


def _publication_actions(before: ImageRecord, after: ImageRecord) -> tuple[str, ...]:
    if before.publication == after.publication:
        has_begun = after.intent is not None and before.intent != after.intent
        return ("publishing",) if has_begun else ()
    ended = ("unpublished",) if before.publication is not None else ()
    begun = ("published",) if after.publication is not None else ()
    return (*ended, *begun)


def _other_action(before: ImageRecord, after: ImageRecord) -> str:
    if before.renditions != after.renditions and after.state is not State.PENDING:
        return "renditions_added"
    if before.transformed != after.transformed:
        return "transform_added"
    if after.state is State.PENDING:
        return "upload_refused" if after.refusal is not None else "upload_advanced"
    if before.intent is not None and after.intent is None:
        return "publishing_given_up"
    return "edited"

"""Schemas of events, one for each type. `docs/events.schema.json` holds them too, for rules and receivers."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, RootModel

from image_store.domain.generation.jobs import JobItemState, JobStatus
from image_store.domain.images.image import Kind, Visibility
from image_store.domain.images.media import MediaType
from image_store.domain.webhooks.webhook import DisabledReason


class EventBase(BaseModel):
    """What every event has. The same event can come more than once, always with the same id."""

    id: str
    created_at: datetime = Field(description="When the change was made.")
    owner_id: str | None = Field(
        description="Whose image, generation, budget or webhook it is about; null for the store as a whole."
    )


class ImageEventData(BaseModel):
    """The image that an event is about, as the change left it."""

    image_id: str
    version: int = Field(description="Grows with each change of the image; a lower one is older.")
    kind: Kind
    visibility: Visibility


class NewImageEventData(ImageEventData):
    """A new image."""

    content_type: MediaType
    size_bytes: int
    width: int
    height: int
    sha256: str


class ChangedImageEventData(ImageEventData):
    """An image whose attributes have changed."""

    changed: list[str] = Field(description="The names of the attributes.")
    category: str | None
    expires_at: datetime | None


class GenerationItemEventData(BaseModel):
    """An image of a generation that has ended."""

    generation_id: str
    index: int
    status: JobItemState
    image_id: str | None
    provider: str | None
    model: str | None
    cost_usd: float | None = Field(description="null if it is unknown.")
    error_code: str | None


class GenerationEventData(BaseModel):
    """A generation that has ended."""

    generation_id: str
    status: JobStatus
    counts: dict[str, int] = Field(description="How many of its images have each status.")
    cost_usd: float | None = Field(description="null if it is unknown.")


class BudgetEventData(BaseModel):
    """A budget of which a part is spent or held."""

    budget: Literal["owner", "key", "deployment"]
    key_id: str | None = Field(description="The API key whose budget it is.")
    period: str = Field(description="Its day as `yyyy-mm-dd`, or its month as `yyyy-mm`, in UTC.")
    percent: int
    committed_usd: float
    limit_usd: float


class CleanupEventData(BaseModel):
    """A run of cleanup that has ended: numbers of what it removed, or would have removed in a dry run."""

    report_id: str
    dry_run: bool
    abandoned: int
    expired: int
    trash: int
    deleted: int
    tombstones: int
    orphans: int
    dangling: int
    failed: int
    policies: int
    bytes_freed: int
    stopped_because: str | None


class WebhookDisabledEventData(BaseModel):
    """A webhook to which nothing more is sent."""

    webhook_id: str
    reason: DisabledReason


class WebhookTestEventData(BaseModel):
    """The webhook that is tested."""

    webhook_id: str


class ImageCreatedEvent(EventBase):
    """An image is complete."""

    type: Literal["image.created"]
    data: NewImageEventData


class ImageUpdatedEvent(EventBase):
    """Attributes of an image have changed."""

    type: Literal["image.updated"]
    data: ChangedImageEventData


class ImagePublishedEvent(EventBase):
    """An image has a new public link."""

    type: Literal["image.published"]
    data: ImageEventData


class ImageUnpublishedEvent(EventBase):
    """The public link of an image is dead."""

    type: Literal["image.unpublished"]
    data: ImageEventData


class ImageTrashedEvent(EventBase):
    """An image is in the trash."""

    type: Literal["image.trashed"]
    data: ImageEventData


class ImageRestoredEvent(EventBase):
    """An image is back from the trash."""

    type: Literal["image.restored"]
    data: ImageEventData


class ImageDeletedEvent(EventBase):
    """An image is gone for good."""

    type: Literal["image.deleted"]
    data: ImageEventData


class GenerationItemFinishedEvent(EventBase):
    """An image of a generation has ended."""

    type: Literal["generation.item_finished"]
    data: GenerationItemEventData


class GenerationFinishedEvent(EventBase):
    """The last image of a generation has ended."""

    type: Literal["generation.finished"]
    data: GenerationEventData


class BudgetReachedEvent(EventBase):
    """A part of a budget is spent or held."""

    type: Literal["budget.reached"]
    data: BudgetEventData


class CleanupFinishedEvent(EventBase):
    """A run of cleanup has ended."""

    type: Literal["cleanup.finished"]
    data: CleanupEventData


class WebhookDisabledEvent(EventBase):
    """The store has disabled a webhook: its endpoint is gone, or has failed for five days."""

    type: Literal["webhook.disabled"]
    data: WebhookDisabledEventData


class WebhookTestEvent(EventBase):
    """A test of a webhook, which gets it alone: the log and the bus do not have it."""

    type: Literal["webhook.test"]
    data: WebhookTestEventData


class EventAnswer(
    RootModel[
        Annotated[
            ImageCreatedEvent
            | ImageUpdatedEvent
            | ImagePublishedEvent
            | ImageUnpublishedEvent
            | ImageTrashedEvent
            | ImageRestoredEvent
            | ImageDeletedEvent
            | GenerationItemFinishedEvent
            | GenerationFinishedEvent
            | BudgetReachedEvent
            | CleanupFinishedEvent
            | WebhookDisabledEvent
            | WebhookTestEvent,
            Field(discriminator="type"),
        ]
    ]
):
    """Something that happened; `type` says what, and what `data` holds."""


class EventPageAnswer(BaseModel):
    """A page of events; it may be short or empty."""

    items: list[EventAnswer]
    next_cursor: str = Field(
        description="Continues after this page, now or later; valid for 30 days, and never null."
    )
    has_more: bool = Field(
        description="Whether there may be more events now; a page can be empty before them."
    )

"""The API's requests and responses as types, generated from its OpenAPI document: never edit this file.

A request may leave out the fields that are `NotRequired`. A store that is newer than this client may send more fields.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

DeliveryStatus = Literal["pending", "delivered", "failed"]
"""What became of a delivery."""
DisabledReason = Literal["by_owner", "gone", "failing"]
"""Why nothing is sent to a webhook."""
ErrorCode = Literal[
    "act_as_required",
    "admin_required",
    "attributes_too_large",
    "backup_damaged",
    "backup_not_configured",
    "backup_not_found",
    "backup_too_new",
    "broken_original",
    "budget_exceeded",
    "checksum_mismatch",
    "conflict",
    "content_refused",
    "content_type_mismatch",
    "deadline_exceeded",
    "duplicate_image",
    "event_not_found",
    "group_exists",
    "group_not_found",
    "idempotency_in_progress",
    "idempotency_mismatch",
    "image_not_found",
    "image_too_large",
    "import_not_found",
    "internal_error",
    "invalid_cursor",
    "invalid_image",
    "invalid_request",
    "invalid_token",
    "issuer_unavailable",
    "job_not_found",
    "key_expired",
    "key_not_found",
    "key_revoked",
    "method_not_allowed",
    "migration_not_found",
    "payload_too_large",
    "precondition_failed",
    "provider_failed",
    "quota_exceeded",
    "rate_limited",
    "recovery_impossible",
    "recovery_in_progress",
    "recovery_not_found",
    "repair_not_found",
    "route_not_found",
    "scope_required",
    "share_not_found",
    "source_unreadable",
    "storage_unavailable",
    "too_many_frames",
    "too_many_groups",
    "too_many_keys",
    "too_many_shares",
    "too_many_webhooks",
    "unsupported_media_type",
    "upload_incomplete",
    "upload_not_allowed",
    "upload_not_found",
    "upload_token_used_up",
    "url_not_allowed",
    "webhook_disabled",
    "webhook_not_found",
]
EventType = Literal[
    "image.created",
    "image.updated",
    "image.published",
    "image.unpublished",
    "image.trashed",
    "image.restored",
    "image.deleted",
    "generation.item_finished",
    "generation.finished",
    "budget.reached",
    "cleanup.finished",
    "webhook.disabled",
    "webhook.test",
]
"""What happened."""
JobItemState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
"""The states of a job item."""
JobStatus = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
"""The state of a job, derived from the states of its items."""
Kind = Literal["generated", "reference", "upload"]
"""The origin of an image; references are never published."""
MediaType = Literal["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"]
"""A format the store accepts and can decode."""
OnDuplicate = Literal["keep", "return_existing", "reject"]
"""What to do if the owner already stores the same bytes."""
Provider = Literal["google", "openai", "cloudflare", "pollinations"]
"""The providers that can make images."""
StatsScope = Literal["own", "all"]
"""Whose statistics to return."""
Visibility = Literal["private", "unlisted", "public"]
"""Who may see an image: its owner, everyone with the link, or everyone (link and feed)."""
WebhookScope = Literal["own", "all"]
"""Whose events a webhook is told about."""


class Amount(TypedDict):
    """A number of images, and the bytes of their originals."""

    images: int
    size_bytes: int


class Analysis(TypedDict):
    """An analysis of the conversation that an image belongs to."""

    response_context: NotRequired[str | None]
    tone_analysis: NotRequired[ToneAnalysis | None]


class ApiKey(TypedDict):
    """An API key without its secret."""

    id: str
    name: str
    owner: str
    scopes: list[Literal["act-as", "generations:write", "images:admin", "images:read", "images:write"]]
    status: Literal["active", "expired", "revoked"]
    created_at: str
    created_by: str
    """`subject:` and the subject of a user, or `key:` and the id of an API key."""
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    """Exact to an hour."""
    limits: KeyLimits
    previous_secret_until: str | None
    """Until when the secret before the last rotation works; null if it does not."""


class ApiKeyPage(TypedDict):
    """A page of API keys."""

    items: list[ApiKey]
    next_cursor: str | None


class ApiKeyPatch(TypedDict):
    """A merge patch (RFC 7396) of an API key; null removes the expiry or a limit."""

    name: NotRequired[str]
    """What it is for, such as `nightly job`."""
    scopes: NotRequired[
        list[Literal["act-as", "generations:write", "images:admin", "images:read", "images:write"]]
    ]
    """What the key may do. Only admins grant `act-as` and `images:admin`."""
    expires_at: NotRequired[str | None]
    limits: NotRequired[KeyLimitsFields | None]
    """Limits to change; null removes all."""


class ApiKeyRequest(TypedDict):
    """An API key to create."""

    name: str
    """What it is for, such as `nightly job`."""
    scopes: list[Literal["act-as", "generations:write", "images:admin", "images:read", "images:write"]]
    """What the key may do. Only admins grant `act-as` and `images:admin`."""
    owner: NotRequired[str | None]
    """Whose images it reads and writes; by default yours. Others need an admin."""
    expires_at: NotRequired[str | None]
    """Within ten years; by default it does not expire."""
    limits: NotRequired[KeyLimitsFields | None]
    """What the key may use; by default no limits of its own."""


class Backup(TypedDict):
    """A run of the backup; `errors` are the last 50."""

    id: str
    task: Literal["run", "verify"]
    status: Literal["queued", "running", "succeeded", "failed"]
    full: bool
    accept_loss: int | None
    deep: bool
    base_images: int | None
    """How many images its full pass has found; null without one."""
    base_images_before: int | None
    """How many the full pass before it has found."""
    manifest: str | None
    progress: BackupProgress
    stopped_because: str | None
    errors: list[BackupError]
    created_at: str
    updated_at: str
    finished_at: str | None


class BackupError(TypedDict):
    """Why an image, a row or a file could not be backed up or verified."""

    entity: str
    code: str
    detail: str


class BackupProgress(TypedDict):
    """Numbers of lines written, of originals copied and compared, of objects removed, and of what
    failed.
    """

    images: int
    rows: int
    deletions: int
    objects: int
    bytes: int
    verified: int
    removed: int
    failed: int


class BackupRequest(TypedDict):
    """What to do with the backup."""

    task: NotRequired[Literal["run", "verify"]]
    """`run` backs up what has changed; `verify` compares the last manifest with the bucket. Default:
    `run`.
    """
    full: NotRequired[bool]
    """For `run`: reads every record again. Default: `false`."""
    accept_loss: NotRequired[int | None]
    """For `run`: how many images may be gone since the last full pass, as counted by a run that ended
    with `shrunk`. Implies `full`.
    """
    deep: NotRequired[bool]
    """For `verify`: reads every byte of the originals in the backup. Default: `false`."""


class Backups(TypedDict):
    """Runs of the backup, the newest first."""

    items: list[Backup]


class BatchChangeResult(TypedDict):
    """The result for each image."""

    successful: list[str]
    """The ids of images that are now as you want them."""
    failed: list[FailedChange]


class BatchDelete(TypedDict):
    """The images to delete: either `ids` or `group`."""

    ids: NotRequired[list[str] | None]
    """Repeated ids are deleted once."""
    group: NotRequired[str | None]
    """`type:id`; at most 100 images per request."""
    permanent: NotRequired[bool]
    """Skips the trash. Images in the trash are in no group, so a group does not include them. Default:
    `false`.
    """
    cursor: NotRequired[str | None]
    """`next_cursor` of the previous response, with the same group."""


class BatchDeleteResult(TypedDict):
    """The result for each image; with `next_cursor` the group has more images."""

    successful: list[str]
    failed: list[FailedDeletion]
    next_cursor: str | None


class BatchRestore(TypedDict):
    """The images to take out of the trash."""

    ids: list[str]
    """Repeated ids count once."""


class BatchResult(TypedDict):
    """The result of each item of a batch."""

    successful: list[StoredItem]
    failed: list[FailedItem]


class BatchUpdate(TypedDict):
    """The images to change, and at least one change, which is the same for all of them."""

    ids: list[str]
    """Repeated ids count once."""
    add_tags: NotRequired[list[str]]
    """They come behind the tags that an image has."""
    remove_tags: NotRequired[list[str]]
    add_groups: NotRequired[list[str]]
    """Each `type:id`, such as `album:summer`."""
    remove_groups: NotRequired[list[str]]
    visibility: NotRequired[Visibility]
    category: NotRequired[str | None]
    """Null removes the category."""


class BudgetEventData(TypedDict):
    """A budget of which a part is spent or held."""

    budget: Literal["owner", "key", "deployment"]
    key_id: str | None
    """The API key whose budget it is."""
    period: str
    """Its day as `yyyy-mm-dd`, or its month as `yyyy-mm`, in UTC."""
    percent: int
    committed_usd: float
    limit_usd: float


class BudgetReachedEvent(TypedDict):
    """A part of a budget is spent or held."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["budget.reached"]
    data: BudgetEventData


class Card(TypedDict):
    """An image in a list."""

    title: NotRequired[str | None]
    prompt: NotRequired[str | None]
    """Null where the deployment keeps it encrypted."""
    model: NotRequired[str | None]
    provider: NotRequired[str | None]
    tags: NotRequired[list[str] | None]
    groups: NotRequired[dict[str, list[str]] | None]
    owner_id: NotRequired[str | None]
    renditions: NotRequired[dict[str, ImageRendition] | None]
    """The renditions that were made with the image."""
    id: str
    kind: Kind
    visibility: Visibility
    filename: str
    content_type: str
    size_bytes: int
    width: int
    height: int
    alt_text: str | None
    placeholder: ImagePlaceholder
    thumb_url: str
    created_at: str
    restorable_until: NotRequired[str | None]
    """When it is deleted for good; only of images in the trash."""


class ChangedImageEventData(TypedDict):
    """An image whose attributes have changed."""

    image_id: str
    version: int
    """Grows with each change of the image; a lower one is older."""
    kind: Kind
    visibility: Visibility
    changed: list[str]
    """The names of the attributes."""
    category: str | None
    expires_at: str | None


class CleanupEventData(TypedDict):
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


class CleanupFinishedEvent(TypedDict):
    """A run of cleanup has ended."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["cleanup.finished"]
    data: CleanupEventData


class CleanupReport(TypedDict):
    """What a run of cleanup removed, or would remove."""

    id: str
    started_at: str
    finished_at: str | None
    dry_run: bool
    abandoned: int
    expired: int
    trash: int
    deleted: int
    tombstones: int
    publications: int
    staged: int
    orphans: int
    dangling: int
    renditions_missing: int
    copies_missing: int
    repairs: int
    policies: list[int]
    unknown: int
    bytes_freed: int
    examined: int
    unreadable: int
    failed: int
    stopped_because: Literal["another_run", "restore", "deadline", "cap"] | None


class CleanupReports(TypedDict):
    """Past runs of cleanup, the newest first, without dry runs."""

    items: list[CleanupReport]


class CleanupRequest(TypedDict):
    """A run of cleanup; a dry run changes nothing."""

    dry_run: NotRequired[bool]
    """Default: `true`."""
    max_deletions: NotRequired[int | None]
    """Replaces the deployment's cap on removals that no due row requests, and lifts the limit of 1 %."""


class Component(TypedDict):
    """Whether a part answers."""

    status: Literal["ok", "degraded", "down", "not_configured"]
    detail: str | None


class ConsoleLimits(TypedDict):
    """How much a client may send."""

    request_bytes: int
    """Through the API; larger images go straight to storage."""
    upload_bytes: int
    upload_pixels: int
    title_chars: int
    group_id_chars: int
    alt_text_chars: int
    job_images: int
    variations: int
    references: int
    share_name_chars: int


class ConsoleSettings(TypedDict):
    """What a client has to know about the deployment."""

    issuer: str
    client_id: str
    scopes: str
    audience: str
    r2_origin: str
    """The origin of presigned links, in whichever store the private bucket is."""
    public_url: str | None
    api_url: str
    """The base address of the API."""
    mcp_url: str
    """The address of the tools for AI clients."""
    openai_url: str | None
    """The base address for clients of OpenAI's images API; null if the deployment has none."""
    presets: list[str]
    widths: dict[str, int]
    """The presets that keep the whole picture at a fixed width, with this width in pixels."""
    limits: ConsoleLimits


class CostEstimate(TypedDict):
    """What images are expected to cost. The provider counts what they do cost."""

    images: list[ImageEstimate]
    """The default quality first."""
    reference_usd: float
    """What each reference image adds."""
    prompt_usd: float
    """What each 1,000 characters of the prompt add."""


class DayAmount(TypedDict):
    """The images of a day that are still stored."""

    images: int
    size_bytes: int
    date: str


class DeepHealth(TypedDict):
    """Whether every part answers; the whole has the worst status of them."""

    status: Literal["ok", "degraded", "down"]
    components: dict[str, Component]


class EventPage(TypedDict):
    """A page of events; it may be short or empty."""

    items: list[Event]
    next_cursor: str
    """Continues after this page, now or later; valid for 30 days, and never null."""
    has_more: bool
    """Whether there may be more events now; a page can be empty before them."""


class FailedChange(TypedDict):
    """An image that was not changed."""

    id: str
    error: ItemProblem


class FailedDeletion(TypedDict):
    """An image that was not deleted."""

    id: str
    error: ItemProblem


class FailedItem(TypedDict):
    """An item that was not stored, by its index in the batch."""

    index: int
    error: ItemProblem


class FeedCard(TypedDict):
    """An image in the feed.  Filenames, derived alt texts and attributes from owners are shown only if
    the deployment allows it, and are null otherwise.
    """

    title: NotRequired[str | None]
    prompt: NotRequired[str | None]
    """Null where the deployment keeps it encrypted."""
    model: NotRequired[str | None]
    provider: NotRequired[str | None]
    tags: NotRequired[list[str] | None]
    groups: NotRequired[dict[str, list[str]] | None]
    owner_id: NotRequired[str | None]
    renditions: NotRequired[dict[str, ImageRendition] | None]
    """The renditions that were made with the image."""
    id: str
    kind: Kind
    content_type: str
    size_bytes: int
    width: int
    height: int
    filename: str | None
    alt_text: str | None
    placeholder: ImagePlaceholder
    thumb_url: str
    public_url: str
    created_at: str


class FeedPage(TypedDict):
    """A page of the feed; it may be short or empty while `next_cursor` is not null."""

    items: list[FeedCard]
    next_cursor: str | None


class GatewayMessage(TypedDict):
    """An error of the gateway, which refused the request itself."""

    message: str


class Generation(TypedDict):
    """How a generated image was made."""

    prompt: NotRequired[str | None]
    negative_prompt: NotRequired[str | None]
    model: NotRequired[str | None]
    provider: NotRequired[str | None]
    seed: NotRequired[int | None]
    """-1 means random; null that a requested seed was not used."""
    size: NotRequired[str | None]
    quality: NotRequired[str | None]
    params: NotRequired[dict[str, Any] | None]
    reference_ids: NotRequired[list[str] | None]
    """The images that it was made from."""
    request: NotRequired[GenerationChoice | None]
    """What was requested; `warnings` list the differences."""
    generated_at: NotRequired[str | None]
    cost_usd: NotRequired[float | None]
    duration_ms: NotRequired[int | None]
    original_url: NotRequired[str | None]


class GenerationChoice(TypedDict):
    """What was requested; the other fields say how the image was made."""

    provider: NotRequired[str | None]
    model: NotRequired[str | None]
    seed: NotRequired[int | None]
    size: NotRequired[str | None]
    quality: NotRequired[str | None]
    background: NotRequired[str | None]
    output_format: NotRequired[str | None]


class GenerationDay(TypedDict):
    """The calls of all providers on a day."""

    date: str
    by_provider: dict[str, ProviderDay]


class GenerationDays(TypedDict):
    """The calls of providers."""

    days: list[GenerationDay]


class GenerationEventData(TypedDict):
    """A generation that has ended."""

    generation_id: str
    status: JobStatus
    counts: dict[str, int]
    """How many of its images have each status."""
    cost_usd: float | None
    """null if it is unknown."""


class GenerationFinishedEvent(TypedDict):
    """The last image of a generation has ended."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["generation.finished"]
    data: GenerationEventData


class GenerationItem(TypedDict):
    """An image to make, or `n` variations of it, with the attributes of the stored image."""

    prompt: str
    negative_prompt: NotRequired[str | None]
    n: NotRequired[int]
    """Variations, each an image of its own. Default: `1`."""
    size: NotRequired[str | None]
    """`WIDTHxHEIGHT`; by default that of the model."""
    quality: NotRequired[Literal["low", "medium", "high", "xhigh", "max"] | None]
    """Used if the model has it."""
    background: NotRequired[Literal["auto", "opaque", "transparent"] | None]
    """`auto`, and by default, the model decides. Only models that have it are used."""
    output_format: NotRequired[Literal["png", "jpeg", "webp"] | None]
    """By default that of the model. Only models that make it are used; `jpeg` cannot be transparent."""
    seed: NotRequired[int]
    """-1 means random; each variation adds 1. Default: `-1`."""
    reference_ids: NotRequired[list[str]]
    """Your images that the new one is made from."""
    visibility: NotRequired[Visibility]
    """Default: `private`."""
    filename: NotRequired[str | None]
    title: NotRequired[str | None]
    """A title."""
    alt_text: NotRequired[str | None]
    """By default derived from the prompt."""
    category: NotRequired[str | None]
    tags: NotRequired[list[str]]
    groups: NotRequired[dict[str, list[str]]]
    """Such as post, prompt, conversation, session and persona."""
    metadata: NotRequired[dict[str, Any]]
    analysis: NotRequired[Analysis | None]
    cache_control: NotRequired[str | None]
    expires_at: NotRequired[str | None]


class GenerationItemEventData(TypedDict):
    """An image of a generation that has ended."""

    generation_id: str
    index: int
    status: JobItemState
    image_id: str | None
    provider: str | None
    model: str | None
    cost_usd: float | None
    """null if it is unknown."""
    error_code: str | None


class GenerationItemFinishedEvent(TypedDict):
    """An image of a generation has ended."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["generation.item_finished"]
    data: GenerationItemEventData


class GenerationRequest(TypedDict):
    """Images to make, at most 50 with their variations."""

    items: list[GenerationItem]
    provider: NotRequired[Provider | None]
    """The preferred provider."""
    model: NotRequired[str | None]
    fallback: NotRequired[bool]
    """Whether other providers may make the images. Default: `true`."""
    join: NotRequired[bool]
    """Return the running job of the same request, if there is one; `false` begins a new one. Default:
    `true`.
    """


class Group(TypedDict):
    """A group of images."""

    group: str
    """`type:id`"""
    type: str
    id: str
    title: str | None
    images: int
    """Images in the trash do not count; changes of images count within seconds."""
    newest_at: str | None
    """When its newest image was stored; null without images."""
    cover: GroupCover | None
    """Null without images."""


class GroupCover(TypedDict):
    """The picture that stands for a group: the chosen image, or else its newest."""

    id: str
    thumb_url: str
    placeholder: ImagePlaceholder
    width: int
    height: int


class GroupDeletion(TypedDict):
    """What a request has done to the images of a group that is deleted."""

    images: int
    """The number of images that it took out of the group."""
    failed: list[FailedDeletion]
    """Images that are still in the group, which stays with them."""
    next_cursor: str | None
    """Send the request again with it until it is null."""


class GroupPage(TypedDict):
    """Groups in the order of type and id; a page may be short or empty while `next_cursor` is not
    null.
    """

    items: list[Group]
    next_cursor: str | None


class GroupPatch(TypedDict):
    """Changes of a group (RFC 7396): a missing field stays, null removes a value."""

    title: NotRequired[str | None]
    cover_image_id: NotRequired[str | None]
    """An image of the group; null for its newest image."""


class GroupRequest(TypedDict):
    """A group to create."""

    type: str
    id: NotRequired[str | None]
    """By default a random one is made."""
    title: NotRequired[str | None]
    """A readable name for your lists."""


class Health(TypedDict):
    """Whether the API answers."""

    status: Literal["ok", "degraded", "down"]


class Image(TypedDict):
    """An image as its owner sees it."""

    id: str
    owner_id: str
    """The owner: the subject of the owner's token."""
    kind: Kind
    visibility: Visibility
    status: Literal["ready", "trashed"]
    filename: str
    content_type: str
    size_bytes: int
    width: int
    height: int
    sha256: str
    title: str | None
    alt_text: str | None
    alt_text_source: Literal["given", "derived", "none"]
    category: str | None
    tags: list[str]
    rating: int | None
    groups: dict[str, list[str]]
    generation: StoredGeneration | None
    analysis: StoredAnalysis | None
    metadata: dict[str, Any]
    cache_control: str | None
    """How long caches keep its public copies; null for the setting of the deployment."""
    placeholder: ImagePlaceholder
    url: str
    public_url: str | None
    renditions: dict[str, ImageRendition]
    created_at: str
    updated_at: str
    expires_at: str | None
    restorable_until: str | None
    """When an image in the trash is deleted for good; null for other images."""
    warnings: list[str]


class ImageAttributes(TypedDict):
    """The attributes of a new image."""

    kind: NotRequired[Kind]
    """Default: `upload`."""
    visibility: NotRequired[Visibility]
    """Default: `private`."""
    filename: NotRequired[str | None]
    title: NotRequired[str | None]
    """A title."""
    alt_text: NotRequired[str | None]
    """A text for people who cannot see the image; derived from prompt or title unless you send one."""
    category: NotRequired[str | None]
    tags: NotRequired[list[str]]
    rating: NotRequired[int | None]
    """Your own rating."""
    groups: NotRequired[dict[str, list[str]]]
    metadata: NotRequired[dict[str, Any]]
    generation: NotRequired[Generation | None]
    analysis: NotRequired[Analysis | None]
    cache_control: NotRequired[str | None]
    expires_at: NotRequired[str | None]
    created_at: NotRequired[str | None]
    """The date of an image that comes from another store; from 1990 on. For admins."""
    on_duplicate: NotRequired[OnDuplicate]
    """Default: `keep`."""


class ImageBatch(TypedDict):
    """Images as JSON, each stored or refused on its own."""

    items: list[ImageUpload]


class ImageCreatedEvent(TypedDict):
    """An image is complete."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["image.created"]
    data: NewImageEventData


class ImageDeletedEvent(TypedDict):
    """An image is gone for good."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["image.deleted"]
    data: ImageEventData


class ImageEstimate(TypedDict):
    """The estimated cost of one image without prompt and references."""

    sizes: list[str]
    """Those of `size_presets` that cost this."""
    quality: str | None
    """Null for a model without a choice."""
    cost_usd: float


class ImageEventData(TypedDict):
    """The image that an event is about, as the change left it."""

    image_id: str
    version: int
    """Grows with each change of the image; a lower one is older."""
    kind: Kind
    visibility: Visibility


class ImagePage(TypedDict):
    """A page of a list; it may be short or empty while `next_cursor` is not null."""

    items: list[Card]
    next_cursor: str | None


class ImagePatch(TypedDict):
    """A merge patch (RFC 7396) of the attributes that may change; null removes a value."""

    title: NotRequired[str | None]
    """A title."""
    alt_text: NotRequired[str | None]
    """A text for people who cannot see the image; derived from prompt or title unless you send one."""
    category: NotRequired[str | None]
    tags: NotRequired[list[str] | None]
    rating: NotRequired[int | None]
    """Your own rating."""
    groups: NotRequired[dict[str, list[str] | None] | None]
    metadata: NotRequired[dict[str, Any] | None]
    visibility: NotRequired[Visibility]
    expires_at: NotRequired[str | None]


class ImagePlaceholder(TypedDict):
    """A placeholder to show while the thumbnail loads."""

    blurhash: str
    color: str


class ImagePublishedEvent(TypedDict):
    """An image has a new public link."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["image.published"]
    data: ImageEventData


class ImageRendition(TypedDict):
    """A rendition, and a link to it that works without a token."""

    url: str
    content_type: str
    width: int
    height: int
    size_bytes: int


class ImageRestoredEvent(TypedDict):
    """An image is back from the trash."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["image.restored"]
    data: ImageEventData


class ImageTrashedEvent(TypedDict):
    """An image is in the trash."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["image.trashed"]
    data: ImageEventData


class ImageUnpublishedEvent(TypedDict):
    """The public link of an image is dead."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["image.unpublished"]
    data: ImageEventData


class ImageUpdatedEvent(TypedDict):
    """Attributes of an image have changed."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["image.updated"]
    data: ChangedImageEventData


class ImageUpload(TypedDict):
    """An image as JSON."""

    kind: NotRequired[Kind]
    """Default: `upload`."""
    visibility: NotRequired[Visibility]
    """Default: `private`."""
    filename: NotRequired[str | None]
    title: NotRequired[str | None]
    """A title."""
    alt_text: NotRequired[str | None]
    """A text for people who cannot see the image; derived from prompt or title unless you send one."""
    category: NotRequired[str | None]
    tags: NotRequired[list[str]]
    rating: NotRequired[int | None]
    """Your own rating."""
    groups: NotRequired[dict[str, list[str]]]
    metadata: NotRequired[dict[str, Any]]
    generation: NotRequired[Generation | None]
    analysis: NotRequired[Analysis | None]
    cache_control: NotRequired[str | None]
    expires_at: NotRequired[str | None]
    created_at: NotRequired[str | None]
    """The date of an image that comes from another store; from 1990 on. For admins."""
    on_duplicate: NotRequired[OnDuplicate]
    """Default: `keep`."""
    source: Source


class Import(TypedDict):
    """The progress of an import; `errors` are the last 50."""

    id: str
    status: Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
    source: str
    owner: str
    dry_run: bool
    progress: ImportProgress
    estimate: ImportEstimate | None
    """The costs of what a dry run has listed."""
    waits_until: str | None
    """How long the source wants to be left alone."""
    errors: list[ImportFault]
    created_at: str
    updated_at: str
    finished_at: str | None


class ImportEstimate(TypedDict):
    """US dollars without free tiers, by the prices of docs/costs.md."""

    once_usd: float
    monthly_usd: float


class ImportFault(TypedDict):
    """Why an image was not imported; `source_id` is `source` for an error of the whole source."""

    source_id: str
    code: str
    detail: str


class ImportProgress(TypedDict):
    """Numbers of images; in a dry run, what they would be."""

    listed: int
    stored: int
    existed: int
    """Imported before, by this import or another."""
    failed: int
    size_bytes: int
    """Of the stored images."""
    unsized: int
    """In a dry run, images whose size the source does not list."""


class ImportRequest(TypedDict):
    """Images of another store that move here."""

    source: str
    """The name of a source in the deployment's secret of imports."""
    owner: str
    """The owner of all the images."""
    prefix: NotRequired[str]
    """Only what begins so, by the ids, names or keys of the source. Default: ``."""
    visibility: NotRequired[Visibility | None]
    """Of all the images. By default what is public at its source becomes `unlisted`, all else private."""
    groups: NotRequired[dict[str, list[str]]]
    """More groups of every image."""
    tags: NotRequired[list[str]]
    """More tags of every image."""
    redirects: NotRequired[bool]
    """Whether the old paths below `/m/` lead to the images while they are published. Default: `false`."""
    dry_run: NotRequired[bool]
    """Only list and count, and estimate the costs. Default: `false`."""


class ImportedRecord(TypedDict):
    """An image of the source and what became of it."""

    source_id: str
    source_url: str | None
    """Its public address at the source."""
    image_id: str | None
    """Null if it failed, or was deleted here."""
    error: ImportFault | None


class ImportedRecords(TypedDict):
    """Some records of an import, in no particular order."""

    items: list[ImportedRecord]
    next_cursor: str | None


class ItemProblem(TypedDict):
    """Why one item of a batch failed, as a problem document says it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: ErrorCode
    errors: NotRequired[list[ProblemError] | None]
    errors_not_listed: NotRequired[int | None]
    existing_id: NotRequired[str | None]


class Job(TypedDict):
    """A job."""

    id: str
    status: Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
    progress: JobProgress
    cost_usd: float | None
    provider: Provider | None
    model: str | None
    prompt: str | None
    """The first 200 characters of the first prompt; null if prompts are encrypted."""
    image_id: str | None
    """The first image of the job; null if there is none yet."""
    created_at: str
    updated_at: str
    items: list[JobItem]


class JobError(TypedDict):
    """Why an image was not made."""

    code: str
    """`content_refused` if the policy of a provider does not allow the image, `provider_failed` for
    other failures of providers, otherwise the code of what kept it from being stored.
    """
    detail: str
    reason: str | None
    """Why the last call of a provider failed."""
    provider: str | None


class JobItem(TypedDict):
    """One image of a job. `cost_usd` is null if it is unknown or nothing was paid."""

    index: int
    request_index: int
    prompt: str | None
    """The first 200 characters; null if prompts are encrypted."""
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    provider: Provider | None
    model: str | None
    attempts: int
    duration_ms: int | None
    cost_usd: float | None
    image_id: str | None
    error: JobError | None
    request: JobItemRequest | None
    """Null unless you ask for it with `requests`, or if it is no longer kept."""


class JobItemRequest(TypedDict):
    """How one image of a job was requested, in the form of an item of a new request.  It is in plain
    text also where prompts are encrypted.
    """

    prompt: str
    negative_prompt: str | None
    size: str | None
    quality: str | None
    background: Literal["auto", "opaque", "transparent"] | None
    output_format: Literal["png", "jpeg", "webp"] | None
    seed: int
    """-1 if none was requested."""
    reference_ids: list[str]
    visibility: Visibility
    filename: str | None
    title: str | None
    alt_text: str | None
    category: str | None
    tags: list[str]
    groups: dict[str, list[str]]
    metadata: dict[str, Any]
    cache_control: str | None
    expires_at: str | None


class JobPage(TypedDict):
    """A page of a list of jobs."""

    items: list[JobSummary]
    next_cursor: str | None


class JobProgress(TypedDict):
    """The number of images in each state."""

    total: int
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class JobSummary(TypedDict):
    """A job in a list."""

    id: str
    status: Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
    progress: JobProgress
    cost_usd: float | None
    provider: Provider | None
    model: str | None
    prompt: str | None
    """The first 200 characters of the first prompt; null if prompts are encrypted."""
    image_id: str | None
    """The first image of the job; null if there is none yet."""
    created_at: str
    updated_at: str


class KeyDay(TypedDict):
    """What an API key has used in a day (UTC)."""

    requests: int | None
    """Requests that its limit of requests let through; null if it had no such limit."""
    images: int
    """Stored images, also those that were deleted since."""
    size_bytes: int
    """The bytes of their originals."""
    cost_usd: float
    """What generated images took from the budgets."""
    date: str


class KeyLimits(TypedDict):
    """What a key may use; null is no limit of its own."""

    requests_per_minute: int | None
    images_per_day: int | None
    images_per_month: int | None
    bytes_per_day: int | None
    bytes_per_month: int | None
    cost_usd_per_day: float | None
    cost_usd_per_month: float | None


class KeyLimitsFields(TypedDict):
    """What a key may use, whoever it acts for; null, or a limit that is not sent, is no limit."""

    requests_per_minute: NotRequired[int | None]
    """A token bucket: it holds as many requests, and fills again within a minute."""
    images_per_day: NotRequired[int | None]
    """How many images it may store in a day (UTC)."""
    images_per_month: NotRequired[int | None]
    """The same for a month (UTC)."""
    bytes_per_day: NotRequired[int | None]
    """How many bytes of originals it may store in a day (UTC)."""
    bytes_per_month: NotRequired[int | None]
    """The same for a month (UTC)."""
    cost_usd_per_day: NotRequired[float | None]
    """What may be spent on generated images in a day (UTC), in dollars."""
    cost_usd_per_month: NotRequired[float | None]
    """The same for a month (UTC)."""


class KeyRotationRequest(TypedDict):
    """A new secret for an API key."""

    grace_seconds: NotRequired[int]
    """How long the old secret still works. Default: `86400`."""


class KeyUsage(TypedDict):
    """What an API key has used by day, and in all of these days."""

    days: list[KeyDay]
    """The earliest first; days without usage are left out."""
    total: KeyUse


class KeyUse(TypedDict):
    """What an API key has used."""

    requests: int | None
    """Requests that its limit of requests let through; null if it had no such limit."""
    images: int
    """Stored images, also those that were deleted since."""
    size_bytes: int
    """The bytes of their originals."""
    cost_usd: float
    """What generated images took from the budgets."""


class MigratedRecord(TypedDict):
    """A record and the image that it became."""

    record_id: str
    image_id: str


class MigratedRecords(TypedDict):
    """Some records of a migration, in no particular order."""

    items: list[MigratedRecord]
    next_cursor: str | None


class Migration(TypedDict):
    """The progress of a migration; `errors` are the last 50."""

    id: str
    status: Literal["queued", "running", "succeeded", "failed"]
    source: MigrationSourceTold
    progress: MigrationProgress
    errors: list[MigrationError]
    created_at: str
    updated_at: str
    finished_at: str | None


class MigrationError(TypedDict):
    """Why a record was not moved."""

    record: str
    """The place of the record in its source: its line, key or id."""
    record_id: str | None
    """The id of the record, if it could be read."""
    code: str
    detail: str


class MigrationFields(TypedDict):
    """The names of the fields of a record; a table names its image and its id itself."""

    image: NotRequired[str]
    """Default: `image`."""
    id: NotRequired[str]
    """Default: `id`."""
    owner: NotRequired[str]
    """Default: `owner`."""
    attributes: NotRequired[str]
    """Default: `attributes`."""


class MigrationProgress(TypedDict):
    """Numbers of records; `total` and `left` are null while the source is being counted."""

    total: int | None
    moved: int
    already_moved: int
    left: int | None
    failed: int


class MigrationRecord(TypedDict):
    """One record, moved at once."""

    id: str
    owner: str
    image: str
    """base64 or a data URI"""
    attributes: NotRequired[dict[str, Any] | None]


class MigrationRecordName(TypedDict):
    """The record that came with the request."""

    id: str


class MigrationRequest(TypedDict):
    """Records whose pictures become images."""

    source: MigrationSource
    fields: NotRequired[MigrationFields]
    owner: NotRequired[str | None]
    """The owner of all the images; by default each record names its own."""
    batch_size: NotRequired[int]
    """Records to move before progress is saved. Default: `10`."""
    write_back: NotRequired[bool]
    """Write the image's id into the table's record as `{attribute}_image_id`. Default: `false`."""


class JsonlMigrationSource(TypedDict):
    jsonl: str
    """Key of an object of JSON lines in the ingest bucket."""


class FolderMigrationSource(TypedDict):
    folder: str
    """Prefix of the ingest bucket: each object below it is a record, named by its key."""


class TableMigrationSource(TypedDict):
    table: MigrationTable


class RecordMigrationSource(TypedDict):
    record: MigrationRecord


class MigrationSourceTold(TypedDict):
    """Where the records are, as requested."""

    jsonl: NotRequired[str | None]
    folder: NotRequired[str | None]
    table: NotRequired[StoredMigrationTable | None]
    record: NotRequired[MigrationRecordName | None]


class MigrationTable(TypedDict):
    """An attribute of the table that the parameter MigrationTable names."""

    name: str
    attribute: str
    id_attribute: NotRequired[str | None]
    """By default the primary key."""


class MigrationTotals(TypedDict):
    """Records of all sources; each source counts with its last migration."""

    moved: int
    left: int
    """Not examined yet. A source that is still being counted counts as 0."""
    failed: int


class ModelPrice(TypedDict):
    """The price of a number of units."""

    unit: str
    amount: str
    per: int
    currency: str
    valid_from: str
    source: str


class Month(TypedDict):
    """A month in UTC with images."""

    month: str
    images: int
    days: dict[str, int]
    """The images of each day that has any, by the day of the month, such as `07`."""


class NewApiKey(TypedDict):
    """An API key with its secret, which no other response shows."""

    id: str
    name: str
    owner: str
    scopes: list[Literal["act-as", "generations:write", "images:admin", "images:read", "images:write"]]
    status: Literal["active", "expired", "revoked"]
    created_at: str
    created_by: str
    """`subject:` and the subject of a user, or `key:` and the id of an API key."""
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    """Exact to an hour."""
    limits: KeyLimits
    previous_secret_until: str | None
    """Until when the secret before the last rotation works; null if it does not."""
    key: str
    """What callers send as `Authorization: Bearer`."""


class NewImageEventData(TypedDict):
    """A new image."""

    image_id: str
    version: int
    """Grows with each change of the image; a lower one is older."""
    kind: Kind
    visibility: Visibility
    content_type: MediaType
    size_bytes: int
    width: int
    height: int
    sha256: str


class NewWebhook(TypedDict):
    """A webhook with its secret, which is in this response and in no other."""

    id: str
    url: str
    types: list[EventType] | None
    """Only events of these types; null for all."""
    description: str | None
    scope: WebhookScope
    enabled: bool
    disabled_reason: DisabledReason | None
    """Why nothing is sent: its owner has disabled it, its endpoint answered 410 Gone, or every
    delivery failed for five days.
    """
    failing_since: str | None
    """The first failure since the endpoint last accepted an event; null while it works."""
    created_at: str
    created_by: str
    """`subject:` and the subject of a user, or `key:` and the id of an API key."""
    updated_at: str
    previous_secret_until: str | None
    """How long the secret before the last rotation signs too."""
    replay: WebhookReplayProgress | None
    """The replay of many events that is under way; null if there is none."""
    secret: str
    """`whsec_` and Base64, as libraries for Standard Webhooks take it."""


class OwnSpending(TypedDict):
    """The caller's spending, in UTC."""

    today: SpentMoney
    month: SpentMoney


class Owner(TypedDict):
    """An owner who has or had an image."""

    owner_id: str


class Owners(TypedDict):
    """Some owners, in an order that does not change."""

    items: list[Owner]
    next_cursor: str | None


class Problem(TypedDict):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: ErrorCode
    errors: NotRequired[list[ProblemError] | None]
    errors_not_listed: NotRequired[int | None]
    existing_id: NotRequired[str | None]
    request_id: str


class ProblemError(TypedDict):
    """One fault of a request."""

    loc: list[str | int]
    type: str
    msg: str


class ProviderDay(TypedDict):
    """The calls of a provider on a day, counted when it answered."""

    succeeded: int
    failed: int
    """Calls, including repeated ones."""
    average_ms: int | None
    """Of calls that succeeded."""
    cost_usd: float
    """Includes images that have been deleted."""
    unknown_costs: int
    """Calls whose price is unknown; `cost_usd` does not include them."""


class ProviderInfo(TypedDict):
    """A provider. Success rate and average time cover all calls of the last seven days."""

    provider: Provider
    configured: bool
    own_key: bool
    health: Literal["unknown", "ok", "degraded", "down"]
    """`unknown` if it was not called in the last seven days."""
    success_rate: float | None
    """Without refusals for the content of a request and failures of owners' own keys."""
    average_ms: int | None
    models: list[ProviderModel]


class ProviderKeyRequest(TypedDict):
    """A provider key of the caller; it is never returned."""

    key: str
    account_id: NotRequired[str | None]
    """The account id, for a provider that needs one."""


class ProviderList(TypedDict):
    """All providers in their order, and the caller's spending."""

    items: list[ProviderInfo]
    prices_version: str
    spending: OwnSpending


class ProviderModel(TypedDict):
    """A model with its limits and prices. Without prices, its cost is unknown."""

    name: str
    max_prompt: int
    max_references: int
    sizes: list[str]
    size_presets: list[str]
    """Sizes to choose from, the default first: those of the model, or common ones that it can make."""
    qualities: list[str]
    backgrounds: list[Literal["auto", "opaque", "transparent"]]
    output_formats: list[Literal["png", "jpeg", "webp"]]
    """The default first. A model with one format makes no other."""
    seeds: bool
    prices: list[ModelPrice]
    estimate: CostEstimate | None
    """Null if a price is not known."""


class Quota(TypedDict):
    """The most that an owner may store, the trash included; null is no limit."""

    images: int | None
    size_bytes: int | None


class RebuildRequest(TypedDict):
    """What a rebuild from the private bucket may do."""

    dry_run: NotRequired[bool]
    """Whether to only count what would be rebuilt. Default: `false`."""
    include_ended: NotRequired[bool]
    """Whether to rebuild also images that were deleted a short time ago. Default: `false`."""
    take_over: NotRequired[bool]
    """Whether to end another restore or rebuild that has not ended. Default: `false`."""


class Recovery(TypedDict):
    """The progress of a restore or a rebuild; `errors` are the last 50."""

    id: str
    kind: Literal["rebuild", "restore"]
    status: Literal["queued", "running", "succeeded", "failed"]
    dry_run: bool
    manifest: str | None
    """The manifest of the backup that is restored."""
    cleanup_waits: bool
    """Whether cleanup waits for 7 days after its end, for the next try."""
    progress: RecoveryProgress
    errors: list[RecoveryError]
    created_at: str
    updated_at: str
    finished_at: str | None


class RecoveryError(TypedDict):
    """Why an image or a row was not recovered."""

    name: str
    """The image, the object or the row."""
    code: str
    detail: str


class RecoveryProgress(TypedDict):
    """Numbers of images and rows, in a dry run those that it would write."""

    images: int
    """Images that were lost and are there again."""
    originals: int
    """Lost originals of images that were there."""
    already_there: int
    ended: int
    """Images that were left out, because they were deleted or have expired."""
    rows: int
    """Rows besides those of images."""
    rows_left_out: int
    failed: int
    repairs: int
    """Images whose renditions or public copies are made again by now."""
    size_bytes: int
    """The bytes of the originals that were stored."""


class Repair(TypedDict):
    """The progress of a repair; `errors` are the last 50."""

    id: str
    status: Literal["queued", "running", "succeeded"]
    dry_run: bool
    progress: RepairProgress
    errors: list[RepairError]
    created_at: str
    updated_at: str
    finished_at: str | None


class RepairError(TypedDict):
    """Why an image could not be repaired."""

    image_id: str
    code: str
    detail: str


class RepairProgress(TypedDict):
    """Numbers of images examined, of files made (in a dry run: missing), and of images that could not
    be repaired.
    """

    examined: int
    renditions: int
    copies: int
    originals_missing: int
    failed: int


class RepairRequest(TypedDict):
    """Which images to repair: the named ones, or all."""

    image_ids: NotRequired[list[str] | None]
    """By default all images of all owners."""
    dry_run: NotRequired[bool]
    """Whether to only count what is missing. Default: `false`."""


class RestoreRequest(TypedDict):
    """What to restore from a backup, and how far; images come back private, and nothing that exists is
    changed.
    """

    manifest: NotRequired[str | None]
    """The manifest of the backup, as a run names it; by default the newest that is whole."""
    owner: NotRequired[str | None]
    """Only the images of this owner."""
    image_id: NotRequired[str | None]
    """Only this image."""
    dry_run: NotRequired[bool]
    """Whether to only count what would be restored. Default: `false`."""
    include_ended: NotRequired[bool]
    """Whether to restore also images that were deleted since, or have expired. Default: `false`."""
    publish: NotRequired[bool]
    """Whether published images are published again, under the same links. Default: `false`."""
    access: NotRequired[bool]
    """Whether to restore also API keys, shares, webhooks and keys of providers. Default: `false`."""
    stack: NotRequired[str | None]
    """The stack whose backup it is, if that is another one."""
    other_key: NotRequired[bool]
    """Whether to restore texts that another KMS key sealed as they are. Default: `false`."""
    without_sealed: NotRequired[bool]
    """Whether to leave out sealed texts. Default: `false`."""
    take_over: NotRequired[bool]
    """Whether to end another restore or rebuild that has not ended. Default: `false`."""


class SearchPage(TypedDict):
    """A page of search results."""

    items: list[Card]
    next_cursor: str | None
    not_searched: list[str]
    """Fields that are not searched in new images, because the deployment encrypts them."""


class Share(TypedDict):
    """A share: a permission to view images without a token."""

    id: str
    url_prefix: str | None
    """The address of a picture is `{url_prefix}/{image_id}/{preset}`. Whoever knows it sees the
    images, so it is null for a key without the scope `images:write`.
    """
    image_id: str | None
    group: str | None
    all: bool
    presets: list[str] | None
    """The presets that the share shows; null for all."""
    name: str | None
    status: Literal["active", "expired", "revoked"]
    created_at: str
    created_by: str
    """`subject:` and the subject of a user, or `key:` and the id of an API key."""
    expires_at: str
    revoked_at: str | None
    last_used_at: str | None
    """When it last showed an image, exact to an hour; null if it never did."""


class SharePage(TypedDict):
    """A page of your shares; it may be short or empty while `next_cursor` is not null."""

    items: list[Share]
    next_cursor: str | None


class ShareRequest(TypedDict):
    """What a share shows, and for how long: exactly one of `image_id`, `group` and `all`."""

    image_id: NotRequired[str | None]
    """One image."""
    group: NotRequired[str | None]
    """The images that are in this group, as `type:id`."""
    all: NotRequired[bool | None]
    """`true`: all your images, later ones too."""
    presets: NotRequired[list[str] | None]
    """The presets that the share shows; by default all. No share shows originals."""
    expires_in: NotRequired[int]
    """The lifetime in seconds. Default: `3600`."""
    name: NotRequired[str | None]
    """A name for your list."""


class SignedLink(TypedDict):
    """A link that works for everyone who has it, until it expires."""

    url: str
    expires_at: str


class SignedLinkRequest(TypedDict):
    """The file that a link shows: a rendition, by default `display`; or, with `w` or `h`, a transform.
    With one side only, the whole picture is shown. No picture is enlarged.
    """

    rendition: NotRequired[str | None]
    """A preset; see `/content`."""
    w: NotRequired[int | None]
    """Width in pixels."""
    h: NotRequired[int | None]
    """Height in pixels."""
    fit: NotRequired[Literal["cover", "contain", "scale-down", "pad"] | None]
    """How the picture fits `w` × `h`; by default `scale-down`."""
    format: NotRequired[Literal["jpeg", "png", "webp", "avif"] | None]
    """By default `webp`."""
    q: NotRequired[int | None]
    """Quality; by default that of the format."""
    gravity: NotRequired[str | None]
    """The part that a crop keeps: `center` (default), `smart`, or a point such as `0.25:0.4`."""
    expires_in: NotRequired[int]
    """The lifetime of the link in seconds. Default: `3600`."""


class SimilarImage(TypedDict):
    """An image that looks like another; `distance` is 0 for images that look the same, and at most 8."""

    card: Card
    distance: int


class SimilarImages(TypedDict):
    """The most similar images, the newest first among equals."""

    items: list[SimilarImage]


class Base64Source(TypedDict):
    base64: str
    """The bytes in base64."""


class DataUriSource(TypedDict):
    data_uri: str
    """A data URI, such as a canvas makes."""


class UrlSource(TypedDict):
    url: str
    """http or https, at a public address; fetched once, while the request runs."""


class SpentMoney(TypedDict):
    """Money that is spent, and money that is held for unfinished images."""

    spent_usd: float
    reserved_usd: float
    budget_usd: float | None
    """What an owner may spend; null without such a limit."""


class Stats(TypedDict):
    """What is stored. `images` and `size_bytes` include the trash; the parts follow changes within
    seconds.
    """

    images: int
    size_bytes: int
    scope: StatsScope
    by_kind: dict[str, Amount]
    by_format: dict[str, Amount]
    by_visibility: dict[str, Amount]
    by_model: dict[str, Amount]
    """At most 1,000 models."""
    trash: Amount
    """The part in the trash."""
    days: list[DayAmount]
    generation: GenerationDays
    quota: NotRequired[Quota | None]
    """Only with `scope=own`."""
    migration: NotRequired[MigrationTotals | None]
    """Only with `scope=all`."""


class StoredAnalysis(TypedDict):
    """An analysis of the conversation that an image belongs to."""

    response_context: str | None
    tone_analysis: StoredToneAnalysis | None


class StoredGeneration(TypedDict):
    """How a generated image was made."""

    prompt: str | None
    negative_prompt: str | None
    model: str | None
    provider: str | None
    seed: int | None
    """-1 means random; null that a requested seed was not used."""
    size: str | None
    quality: str | None
    params: dict[str, Any] | None
    reference_ids: list[str] | None
    """The images that it was made from."""
    request: StoredGenerationChoice | None
    """What was requested; `warnings` list the differences."""
    generated_at: str | None
    cost_usd: float | None
    duration_ms: int | None
    original_url: str | None


class StoredGenerationChoice(TypedDict):
    """What was requested; the other fields say how the image was made."""

    provider: str | None
    model: str | None
    seed: int | None
    size: str | None
    quality: str | None
    background: str | None
    output_format: str | None


class StoredItem(TypedDict):
    """A stored image, by the index of its item in the batch."""

    index: int
    image: Image
    existed: bool
    """Whether `on_duplicate` returned an image that you had already."""


class StoredMigrationTable(TypedDict):
    """An attribute of the table that the parameter MigrationTable names."""

    name: str
    attribute: str
    id_attribute: str | None
    """By default the primary key."""


class StoredToneAnalysis(TypedDict):
    """The tone of a text."""

    primary: str | None
    intensity: str | float | None
    themes: list[str]


class Tag(TypedDict):
    """A tag of images."""

    tag: str
    images: int
    """Images in the trash do not count; changes of images count within seconds."""
    newest_at: str | None
    """When the newest of its images was stored; null if the last one has just lost the tag."""


class TagPage(TypedDict):
    """Tags in order; a page may be short or empty while `next_cursor` is not null."""

    items: list[Tag]
    next_cursor: str | None


class Timeline(TypedDict):
    """Months with images, the newest first. Images in the trash do not count; changes count within
    seconds.
    """

    items: list[Month]
    next_cursor: str | None


class ToneAnalysis(TypedDict):
    """The tone of a text."""

    primary: NotRequired[str | None]
    intensity: NotRequired[str | float | None]
    themes: NotRequired[list[str]]


class UploadLink(TypedDict):
    """The request that sends the bytes; its headers must be sent unchanged."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]


class UploadProgress(TypedDict):
    """A direct upload that is completed after the request; ask again in a moment."""

    id: str
    status: Literal["processing"]


class UploadRequest(TypedDict):
    """An image whose bytes the client sends directly to storage."""

    kind: NotRequired[Kind]
    """Default: `upload`."""
    visibility: NotRequired[Visibility]
    """Default: `private`."""
    filename: NotRequired[str | None]
    title: NotRequired[str | None]
    """A title."""
    alt_text: NotRequired[str | None]
    """A text for people who cannot see the image; derived from prompt or title unless you send one."""
    category: NotRequired[str | None]
    tags: NotRequired[list[str]]
    rating: NotRequired[int | None]
    """Your own rating."""
    groups: NotRequired[dict[str, list[str]]]
    metadata: NotRequired[dict[str, Any]]
    generation: NotRequired[Generation | None]
    analysis: NotRequired[Analysis | None]
    cache_control: NotRequired[str | None]
    expires_at: NotRequired[str | None]
    created_at: NotRequired[str | None]
    """The date of an image that comes from another store; from 1990 on. For admins."""
    on_duplicate: NotRequired[OnDuplicate]
    """Default: `keep`."""
    content_type: MediaType
    size_bytes: int
    """The link accepts exactly this many bytes; at most 100 MiB unless the deployment sets another
    limit.
    """
    sha256: str
    """Of the bytes, in lower-case hexadecimal."""


class UploadTicket(TypedDict):
    """A direct upload that waits for its bytes."""

    id: str
    upload: UploadLink
    expires_at: str


class UploadToken(TypedDict):
    """An upload token, which no other response shows."""

    token: str
    """What a browser sends as `Authorization: Bearer`."""
    expires_at: str


class UploadTokenRequest(TypedDict):
    """An upload token to create."""

    owner: NotRequired[str | None]
    """Whose images are uploaded; by default yours. Others need a key with the scope `act-as`."""
    expires_in: NotRequired[int]
    """In seconds. Default: `3600`."""
    max_images: NotRequired[int]
    """How many images can be uploaded with the token. Default: `1`."""
    max_bytes: NotRequired[int | None]
    """The most bytes of one image; by default as many as the deployment accepts."""
    content_types: NotRequired[list[MediaType]]
    """The formats that the token accepts, by the bytes of the image; empty for all."""
    attributes: NotRequired[ImageAttributes]
    """Every image of the token gets these attributes; the browser cannot change them. Anything but
    `generation` and `analysis`.
    """
    may_set: NotRequired[
        list[
            Literal[
                "alt_text",
                "analysis",
                "cache_control",
                "category",
                "expires_at",
                "filename",
                "generation",
                "groups",
                "kind",
                "metadata",
                "rating",
                "tags",
                "title",
                "visibility",
            ]
        ]
    ]
    """The attributes that the browser can set."""


class Webhook(TypedDict):
    """A webhook: an endpoint that hears about events."""

    id: str
    url: str
    types: list[EventType] | None
    """Only events of these types; null for all."""
    description: str | None
    scope: WebhookScope
    enabled: bool
    disabled_reason: DisabledReason | None
    """Why nothing is sent: its owner has disabled it, its endpoint answered 410 Gone, or every
    delivery failed for five days.
    """
    failing_since: str | None
    """The first failure since the endpoint last accepted an event; null while it works."""
    created_at: str
    created_by: str
    """`subject:` and the subject of a user, or `key:` and the id of an API key."""
    updated_at: str
    previous_secret_until: str | None
    """How long the secret before the last rotation signs too."""
    replay: WebhookReplayProgress | None
    """The replay of many events that is under way; null if there is none."""


class WebhookAttempt(TypedDict):
    """One try at sending an event."""

    at: str
    duration_ms: int
    status: int | None
    """The HTTP status of the answer; null if there was none."""
    error: str | None
    """Why there was no answer, such as `timeout` or `unreachable`."""


class WebhookDelivery(TypedDict):
    """An event that is sent to a webhook; however often it is tried or replayed, its id stays the
    same.
    """

    event: Event
    status: DeliveryStatus
    attempts: int
    created_at: str
    """When it was first to be sent."""
    last_attempt: WebhookAttempt | None
    next_attempt_at: str | None
    """When a pending delivery is tried next."""


class WebhookDeliveryPage(TypedDict):
    """A page of deliveries; it may be short or empty while `next_cursor` is not null."""

    items: list[WebhookDelivery]
    next_cursor: str | None


class WebhookDisabledEvent(TypedDict):
    """The store has disabled a webhook: its endpoint is gone, or has failed for five days."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["webhook.disabled"]
    data: WebhookDisabledEventData


class WebhookDisabledEventData(TypedDict):
    """A webhook to which nothing more is sent."""

    webhook_id: str
    reason: DisabledReason


class WebhookList(TypedDict):
    """Your webhooks, the newest first; there are at most 20."""

    items: list[Webhook]


class WebhookPatch(TypedDict):
    """A merge patch (RFC 7396) of a webhook; null removes the description, or the choice of types."""

    url: NotRequired[str]
    """Where events are sent: an https address without a user."""
    types: NotRequired[list[EventType] | None]
    description: NotRequired[str | None]
    enabled: NotRequired[bool]
    """A webhook that is enabled again hears about events from then on."""


class WebhookReplay(TypedDict):
    """What is sent again."""

    event_id: str | None
    after: str | None
    until: str | None
    failed: bool


class WebhookReplayProgress(TypedDict):
    """A replay of many events that is under way."""

    created_at: str
    after: str | None
    """Null if it sends all deliveries that failed."""
    until: str | None
    reached_at: str | None
    """The events that were recorded before this time have been sent; null for failed deliveries."""


class WebhookReplayRequest(TypedDict):
    """What to send again: exactly one of `event_id`, `after` and `failed`."""

    event_id: NotRequired[str | None]
    """One event that was sent to the webhook before."""
    after: NotRequired[str | None]
    """All events that were recorded from here on, at most 30 days ago."""
    until: NotRequired[str | None]
    """With `after`: up to here; by default up to now."""
    failed: NotRequired[bool | None]
    """`true`: all deliveries that failed."""


class WebhookRequest(TypedDict):
    """A webhook to create."""

    url: str
    """Where events are sent: an https address without a user."""
    types: NotRequired[list[EventType] | None]
    description: NotRequired[str | None]
    scope: NotRequired[WebhookScope]
    """`all` for the events of all owners and of the store as a whole; it needs an admin. Default:
    `own`.
    """


class WebhookRotationRequest(TypedDict):
    """A new secret for a webhook."""

    overlap_hours: NotRequired[int]
    """How long the old secret signs too. Default: `24`."""


class WebhookTestEvent(TypedDict):
    """A test of a webhook, which gets it alone: the log and the bus do not have it."""

    id: str
    created_at: str
    """When the change was made."""
    owner_id: str | None
    """Whose image, generation, budget or webhook it is about; null for the store as a whole."""
    type: Literal["webhook.test"]
    data: WebhookTestEventData


class WebhookTestEventData(TypedDict):
    """The webhook that is tested."""

    webhook_id: str


class ImageListFilters(TypedDict):
    """The filters of `GET /v1/images`."""

    kind: NotRequired[Literal["generated", "reference", "upload"]]
    """How the image came to be."""
    visibility: NotRequired[Literal["private", "unlisted", "public"]]
    """Who may see the image."""
    tag: NotRequired[str]
    """A tag of the image."""
    group: NotRequired[str]
    """`type:id`"""
    model: NotRequired[str]
    """The model that made the image."""
    provider: NotRequired[str]
    """The provider that made the image."""
    category: NotRequired[str]
    """The category of the image."""
    since: NotRequired[str]
    """A day, which begins at midnight UTC, or an instant as RFC 3339 writes it."""
    until: NotRequired[str]
    """A day, which begins at midnight UTC, or an instant as RFC 3339 writes it."""
    trashed: NotRequired[bool]
    """Whether to return the trash instead."""
    fields: NotRequired[str]
    """More fields for each item: some of title, prompt, model, provider, tags, groups, owner_id,
    renditions, separated by commas.
    """
    order: NotRequired[Literal["desc", "asc"]]
    """Newest or oldest first."""
    sha256: NotRequired[str]
    """The checksum of the bytes; not together with `tag`, `group` or `trashed`."""


class SearchFilters(TypedDict):
    """The filters of `GET /v1/search`."""

    kind: NotRequired[Literal["generated", "reference", "upload"]]
    """How the image came to be."""
    visibility: NotRequired[Literal["private", "unlisted", "public"]]
    """Who may see the image."""
    tag: NotRequired[str]
    """A tag of the image."""
    group: NotRequired[str]
    """`type:id`"""
    model: NotRequired[str]
    """The model that made the image."""
    provider: NotRequired[str]
    """The provider that made the image."""
    category: NotRequired[str]
    """The category of the image."""
    since: NotRequired[str]
    """A day, which begins at midnight UTC, or an instant as RFC 3339 writes it."""
    until: NotRequired[str]
    """A day, which begins at midnight UTC, or an instant as RFC 3339 writes it."""
    trashed: NotRequired[bool]
    """Whether to return the trash instead."""
    fields: NotRequired[str]
    """More fields for each item: some of title, prompt, model, provider, tags, groups, owner_id,
    renditions, separated by commas.
    """


class FeedFilters(TypedDict):
    """The filters of `GET /v1/feed`."""

    group: NotRequired[str]
    """`type:id`, of any owner; add `owner` to get the images of one owner only."""
    owner: NotRequired[str]
    """Whose images."""
    since: NotRequired[str]
    """A day, which begins at midnight UTC, or an instant as RFC 3339 writes it."""
    until: NotRequired[str]
    """A day, which begins at midnight UTC, or an instant as RFC 3339 writes it."""
    fields: NotRequired[str]
    """More fields for each item: some of title, prompt, model, provider, tags, groups, owner_id,
    renditions, separated by commas.
    """


Event = (
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
    | WebhookTestEvent
)
"""Something that happened; `type` says what, and what `data` holds."""
MigrationSource = JsonlMigrationSource | FolderMigrationSource | TableMigrationSource | RecordMigrationSource
"""Where the records are: exactly one of these."""
Source = Base64Source | DataUriSource | UrlSource
"""The source of the bytes: exactly one of these."""

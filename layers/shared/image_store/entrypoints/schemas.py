"""The bodies and queries of the HTTP API, as models: what is validated, and what the OpenAPI document shows."""

import json
import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, HttpUrl, model_validator

from image_store.domain import attributes as limits
from image_store.domain.attributes import Attributes, OnDuplicate
from image_store.domain.caching import parse_cache_control
from image_store.domain.errors import AttributesTooLarge, InvalidRequest
from image_store.domain.generation import MAX_IMAGES, MAX_REFERENCES, MAX_VARIATIONS, Wish
from image_store.domain.image import Kind, Visibility
from image_store.domain.media import MediaType
from image_store.domain.providers import Provider
from image_store.domain.renditions import MAX_SIDE_PX
from image_store.domain.sharing import MAX_LIFETIME, MIN_LIFETIME, USUAL_LIFETIME

# Not str.isprintable(): it refuses what names hold in many scripts, as the joiners of Persian and emoji, the wide
# space of Japanese, and the narrow one that macOS puts into the names of screenshots.
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]")
_NOT_IN_A_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")
"""Control characters, what reverses the order of others, and halves of pairs."""


def _one_line(text: str) -> str:
    if _NOT_IN_A_LINE.search(text):
        raise ValueError("must not contain control characters")
    return text


def _text(text: str) -> str:
    if _NOT_IN_A_TEXT.search(text):
        raise ValueError("must not contain control characters")
    return text


_ROOM_FOR_THE_REST = 2 * 1024
"""What a generated image's record says besides its prompts."""
MAX_BATCH = 20
MAX_BATCH_DELETE = 100
MAX_URL_CHARS = 2048

Line = Annotated[str, AfterValidator(_one_line)]
Text = Annotated[str, AfterValidator(_text)]
Tag = Annotated[Line, Field(min_length=1, max_length=limits.MAX_TAG_CHARS)]
GroupType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
GroupId = Annotated[Line, Field(min_length=1, max_length=128)]
GROUP_PATTERN = r"^[a-z][a-z0-9_-]{0,31}:.+$"
Groups = dict[GroupType, list[GroupId]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Generation(_Strict):
    """How a generated image was made."""

    prompt: Text | None = None
    negative_prompt: Text | None = None
    model: Line | None = Field(None, max_length=128)
    provider: Line | None = Field(None, max_length=64)
    seed: int | None = Field(None, ge=-1, le=2**63 - 1, description="-1 means random")
    size: Line | None = Field(None, max_length=32)
    quality: Line | None = Field(None, max_length=32)
    params: dict[str, Any] | None = None
    generated_at: AwareDatetime | None = None
    cost_usd: float | None = Field(None, ge=0, allow_inf_nan=False)
    duration_ms: int | None = Field(None, ge=0)
    original_url: HttpUrl | None = None


class ToneAnalysis(_Strict):
    """The tone that was found in a text."""

    primary: Line | None = None
    intensity: Line | float | None = None
    themes: list[Line] = []


class Analysis(_Strict):
    """What was found out about the conversation an image belongs to."""

    response_context: Text | None = None
    tone_analysis: ToneAnalysis | None = None


class ImageAttributes(_Strict):
    """What may be said about an image when it is stored."""

    kind: Kind = Kind.UPLOAD
    visibility: Visibility = Visibility.PRIVATE
    filename: Line | None = Field(None, min_length=1, max_length=limits.MAX_FILENAME_CHARS)
    title: Line | None = Field(None, max_length=limits.MAX_TITLE_CHARS)
    alt_text: Text | None = Field(None, max_length=limits.MAX_ALT_TEXT_CHARS)
    category: Line | None = Field(None, min_length=1, max_length=limits.MAX_CATEGORY_CHARS)
    tags: list[Tag] = Field([], max_length=limits.MAX_TAGS)
    rating: int | None = Field(None, ge=1, le=5)
    groups: Groups = {}
    metadata: dict[str, Any] = {}
    generation: Generation | None = None
    analysis: Analysis | None = None
    cache_control: str | None = Field(None, max_length=200)
    expires_at: AwareDatetime | None = None
    on_duplicate: OnDuplicate = OnDuplicate.KEEP

    def to_domain(self) -> Attributes:
        """The same as the domain knows it; AttributesTooLarge beyond what a record holds."""
        return Attributes(
            kind=self.kind,
            visibility=self.visibility,
            filename=self.filename,
            title=self.title,
            alt_text=self.alt_text,
            category=self.category,
            tags=unique(self.tags),
            rating=self.rating,
            groups=flat_groups(self.groups),
            metadata=checked_metadata(self.metadata),
            generation=_sized(self.generation, "generation", limits.MAX_GENERATION_BYTES),
            analysis=_sized(self.analysis, "analysis", limits.MAX_ANALYSIS_BYTES),
            cache_control=parse_cache_control(self.cache_control) if self.cache_control is not None else None,
            expires_at=self.expires_at.astimezone(UTC) if self.expires_at else None,
            on_duplicate=self.on_duplicate,
        )


class Source(_Strict):
    """Where the bytes of an image are: exactly one of these."""

    base64: str | None = None
    data_uri: str | None = None
    url: str | None = Field(
        None,
        max_length=MAX_URL_CHARS,
        description="http or https, at a public address; fetched once, while the request runs.",
    )


class ImageUpload(ImageAttributes):
    """An image as JSON."""

    source: Source


class ImageBatch(_Strict):
    """Images as JSON, each stored or refused on its own."""

    items: list[ImageUpload] = Field(min_length=1, max_length=MAX_BATCH)


class AnyBatch(_Strict):
    """The same before its items are looked at."""

    items: list[Any] = Field(min_length=1, max_length=MAX_BATCH)


class UploadRequest(ImageAttributes):
    """An image whose bytes are going to be sent straight to storage."""

    content_type: MediaType
    size_bytes: int = Field(
        ge=1,
        description="Exactly as many bytes can be sent; at most 100 MiB unless the deployment says otherwise.",
    )
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Of the bytes, in lower-case hexadecimal.")


class UploadLink(BaseModel):
    """The request that sends the bytes; its headers have to be sent exactly so."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]


class UploadTicket(BaseModel):
    """A direct upload that waits for its bytes."""

    id: str
    upload: UploadLink
    expires_at: datetime


class UploadProgress(BaseModel):
    """A direct upload that is being completed behind the request; ask again in a moment."""

    id: str
    status: Literal["processing"]


class GenerationItem(_Strict):
    """An image that is to be made, or `n` variations of it, with what may be said about it when it is stored."""

    prompt: Text = Field(min_length=1, max_length=16_000)
    negative_prompt: Text | None = Field(None, min_length=1, max_length=4_000)
    n: int = Field(1, ge=1, le=MAX_VARIATIONS, description="Variations, each an image of its own.")
    size: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]{1,3}x[1-9][0-9]{1,3}$",
        description="`WIDTHxHEIGHT`; the model's own otherwise.",
    )
    quality: Literal["low", "medium", "high", "xhigh", "max"] | None = Field(
        None, description="Where the model knows it."
    )
    seed: int = Field(-1, ge=-1, le=2**31 - 1, description="-1 means random; variations count on from it.")
    reference_ids: list[Annotated[str, Field(max_length=64)]] = Field(
        [], max_length=MAX_REFERENCES, description="Own images that the new one is made from."
    )
    visibility: Visibility = Visibility.PRIVATE
    filename: Line | None = Field(None, min_length=1, max_length=limits.MAX_FILENAME_CHARS)
    title: Line | None = Field(None, max_length=limits.MAX_TITLE_CHARS)
    alt_text: Text | None = Field(
        None, max_length=limits.MAX_ALT_TEXT_CHARS, description="Derived from the prompt otherwise."
    )
    category: Line | None = Field(None, min_length=1, max_length=limits.MAX_CATEGORY_CHARS)
    tags: list[Tag] = Field([], max_length=limits.MAX_TAGS)
    groups: Groups = Field({}, description="Such as post, prompt, conversation, session and persona.")
    metadata: dict[str, Any] = {}
    analysis: Analysis | None = None
    cache_control: str | None = Field(None, max_length=200)
    expires_at: AwareDatetime | None = None

    def to_domain(self) -> Wish:
        """The same as the domain knows it; AttributesTooLarge beyond what a record holds."""
        said = self.model_dump(include={"prompt", "negative_prompt"}, mode="json")
        _limited(said, "generation", limits.MAX_GENERATION_BYTES - _ROOM_FOR_THE_REST)
        given = {name: getattr(self, name) for name in ImageAttributes.model_fields if hasattr(self, name)}
        attributes = ImageAttributes.model_construct(**given, kind=Kind.GENERATED)
        return Wish(
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            size=self.size,
            quality=self.quality,
            seed=None if self.seed < 0 else self.seed,
            reference_ids=tuple(dict.fromkeys(self.reference_ids)),
            attributes=attributes.to_domain(),
        )


class GenerationRequest(_Strict):
    """Images that are to be made, at most 50 with their variations."""

    items: list[GenerationItem] = Field(min_length=1, max_length=MAX_IMAGES)
    provider: Provider | None = Field(None, description="The preferred one.")
    model: Line | None = Field(None, min_length=1, max_length=128)
    fallback: bool = Field(default=True, description="Whether other providers may do it.")
    join: bool = Field(
        default=True,
        description="Answer the job of the same request where one runs already; `false` begins another.",
    )


class JobsQuery(_Strict):
    """Which jobs a list shows, the newest first."""

    limit: int = Field(20, ge=1, le=50)
    cursor: str | None = Field(None, min_length=1, max_length=500)


class JobProgress(BaseModel):
    """Numbers of images."""

    total: int
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class JobError(BaseModel):
    """Why an image was not made."""

    code: str
    detail: str
    reason: str | None
    provider: str | None


class JobItem(BaseModel):
    """One image of a job. `cost_usd` is null when it is not known, or nothing was paid."""

    index: int
    request_index: int
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    provider: Provider | None
    model: str | None
    attempts: int
    duration_ms: int | None
    cost_usd: float | None
    image_id: str | None
    error: JobError | None


class JobSummary(BaseModel):
    """A job in a list."""

    id: str
    status: Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
    progress: JobProgress
    cost_usd: float | None
    provider: Provider | None
    model: str | None
    created_at: datetime
    updated_at: datetime


class Job(JobSummary):
    """A job."""

    items: list[JobItem]


class JobPage(BaseModel):
    """A page of a list of jobs."""

    items: list[JobSummary]
    next_cursor: str | None


class ModelPrice(BaseModel):
    """What so many units cost."""

    unit: str
    amount: str
    per: int
    currency: str
    valid_from: str
    source: str


class ProviderModel(BaseModel):
    """A model, and what it can do; without prices its cost is not known."""

    name: str
    max_prompt: int
    max_references: int
    sizes: list[str]
    qualities: list[str]
    seeds: bool
    prices: list[ModelPrice]


class ProviderInfo(BaseModel):
    """A provider; success rate and time are of the last seven days and everybody's calls."""

    provider: Provider
    configured: bool
    own_key: bool
    health: Literal["ok", "degraded", "down"]
    success_rate: float | None
    average_ms: int | None
    models: list[ProviderModel]


class SpentMoney(BaseModel):
    """What is spent, and what is set aside for images that are not made yet."""

    spent_usd: float
    reserved_usd: float


class OwnSpending(BaseModel):
    """The caller's spending, in UTC."""

    today: SpentMoney
    month: SpentMoney


class ProviderList(BaseModel):
    """All providers in their order, and the caller's spending."""

    items: list[ProviderInfo]
    prices_version: str
    spending: OwnSpending


class ProviderKeyRequest(_Strict):
    """A key of the caller's own; it is never read back."""

    key: str = Field(min_length=1, max_length=1_000, pattern=r"^[!-~]+$")
    account_id: str | None = Field(
        None, pattern=r"^[0-9a-zA-Z]{1,64}$", description="Cloudflare's account, for Cloudflare alone."
    )


class ImagePatch(_Strict):
    """A merge patch (RFC 7396) of what may change; null takes a value away."""

    title: Line | None = Field(None, max_length=limits.MAX_TITLE_CHARS)
    alt_text: Text | None = Field(None, max_length=limits.MAX_ALT_TEXT_CHARS)
    category: Line | None = Field(None, min_length=1, max_length=limits.MAX_CATEGORY_CHARS)
    tags: list[Tag] | None = Field(None, max_length=limits.MAX_TAGS)
    rating: int | None = Field(None, ge=1, le=5)
    groups: dict[GroupType, list[GroupId] | None] | None = None
    metadata: dict[str, Any] | None = None
    visibility: Visibility = Visibility.PRIVATE
    expires_at: AwareDatetime | None = None


class Order(StrEnum):
    """Newest or oldest first."""

    DESC = "desc"
    ASC = "asc"


class _Filters(_Strict):
    """Which images are wanted; `from` is inclusive, `to` is not."""

    limit: int = Field(50, ge=1, le=100)
    kind: Kind | None = None
    visibility: Visibility | None = None
    tag: Tag | None = None
    group: str | None = Field(None, max_length=161, pattern=GROUP_PATTERN, description="`type:id`")
    model: Line | None = Field(None, min_length=1, max_length=128)
    provider: Line | None = Field(None, min_length=1, max_length=64)
    category: Line | None = Field(None, min_length=1, max_length=limits.MAX_CATEGORY_CHARS)
    since: AwareDatetime | None = Field(None, alias="from")
    until: AwareDatetime | None = Field(None, alias="to")
    trashed: bool = False


class ImageQuery(_Filters):
    """Which images a list shows; `from` is inclusive, `to` is not."""

    cursor: str | None = Field(None, min_length=1, max_length=500)
    order: Order = Order.DESC


class SearchQuery(_Filters):
    """What is searched for, and among which images; `from` is inclusive, `to` is not."""

    q: str = Field(
        min_length=1,
        max_length=200,
        description="Words, or beginnings of words, all of which title, tags, filename, alt text or prompt must hold.",
    )
    cursor: str | None = Field(None, min_length=1, max_length=1_000)


class SimilarQuery(_Strict):
    """How many similar images are wanted."""

    limit: int = Field(20, ge=1, le=50)


class FeedQuery(_Strict):
    """How much of the feed is wanted."""

    limit: int = Field(50, ge=1, le=100)
    cursor: str | None = Field(None, min_length=1, max_length=500)


class Scope(StrEnum):
    """Whose figures are wanted."""

    OWN = "own"
    ALL = "all"


class StatsQuery(_Strict):
    """Which figures are wanted; days are those of UTC, `from` is inclusive, `to` is not."""

    scope: Scope = Field(Scope.OWN, description="`all` needs an admin.")
    since: date | None = Field(None, alias="from", description="30 days before `to` when it is not given.")
    until: date | None = Field(None, alias="to", description="Tomorrow when it is not given.")


class BatchDelete(_Strict):
    """What is to be deleted: either `ids` or `group`."""

    ids: list[Annotated[str, Field(max_length=64)]] | None = Field(
        None, min_length=1, max_length=MAX_BATCH_DELETE, description="Each is deleted once."
    )
    group: str | None = Field(
        None,
        max_length=161,
        pattern=GROUP_PATTERN,
        description="`type:id`; up to a hundred images a request.",
    )
    permanent: bool = Field(
        default=False,
        description="Past the trash. What lies in the trash already is in no group, and is not reached by one.",
    )
    cursor: str | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="`next_cursor` of the answer before, with the same group.",
    )


class DeleteQuery(_Strict):
    """How an image is deleted."""

    permanent: bool = False


class ContentQuery(_Strict):
    """Which bytes of an image are wanted; the original unless a rendition is named."""

    rendition: str | None = Field(
        None,
        pattern="^[a-z0-9_-]{1,32}$",
        description="A preset: `thumb`, `display`, `w640`, `w1280`, `w2048`, or those that the deployment sets.",
    )


class ShareRequest(_Strict):
    """What a link is to show: a rendition, `display` unless another is named; or with `w` or `h` a transform.

    Where one side is given the whole picture is shown; no picture is enlarged.
    """

    rendition: str | None = Field(None, pattern="^[a-z0-9_-]{1,32}$", description="A preset; see `/content`.")
    w: int | None = Field(None, ge=1, le=MAX_SIDE_PX, description="Width in pixels.")
    h: int | None = Field(None, ge=1, le=MAX_SIDE_PX, description="Height in pixels.")
    fit: Literal["cover", "contain", "scale-down", "pad"] | None = Field(
        None, description="How the picture is brought into `w` × `h`; `scale-down` unless given."
    )
    format: Literal["jpeg", "png", "webp", "avif"] | None = Field(None, description="`webp` unless given.")
    q: int | None = Field(None, ge=1, le=100, description="Quality; what suits the format unless given.")
    gravity: str | None = Field(
        None,
        pattern=r"^(center|smart|(0(\.[0-9]{1,6})?|1(\.0{1,6})?):(0(\.[0-9]{1,6})?|1(\.0{1,6})?))$",
        description="What a crop keeps in view: `center` (unless given), `smart`, or a point such as `0.25:0.4`.",
    )
    expires_in: int = Field(
        int(USUAL_LIFETIME.total_seconds()),
        ge=int(MIN_LIFETIME.total_seconds()),
        le=int(MAX_LIFETIME.total_seconds()),
        description="For how many seconds the link works.",
    )

    @model_validator(mode="after")
    def _means_one_thing(self) -> Self:
        steps = (self.fit, self.format, self.q, self.gravity)
        is_sized = self.w is not None or self.h is not None
        if is_sized and self.rendition is not None:
            raise ValueError("rendition stands alone")
        if not is_sized and any(step is not None for step in steps):
            raise ValueError("a transform needs w, h or both")
        return self


class ShareLink(BaseModel):
    """A link that works for everybody who has it, for a time."""

    url: str
    expires_at: str


class CleanupRequest(_Strict):
    """A run of cleanup; a dry one changes nothing."""

    dry_run: bool = True
    max_deletions: int | None = Field(
        None,
        ge=0,
        description="Replaces the deployment's cap on what no due row asks to remove, and lifts the bound of 1 %.",
    )


class ReportsQuery(_Strict):
    """How many reports are wanted, the newest first."""

    limit: int = Field(20, ge=1, le=100)


class CleanupReport(BaseModel):
    """What a run of cleanup removed, or would remove."""

    id: str
    started_at: datetime
    finished_at: datetime | None
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
    policies: list[int]
    unknown: int
    bytes_freed: int
    examined: int
    failed: int
    stopped_because: Literal["another_run", "deadline", "cap"] | None


class CleanupReports(BaseModel):
    """Past runs of cleanup, the newest first; dry runs are not kept."""

    items: list[CleanupReport]


class MigrationFields(_Strict):
    """What the fields of a record are called; a table names its image and its id itself."""

    image: Line = Field(default="image", min_length=1, max_length=255)
    id: Line = Field(default="id", min_length=1, max_length=255)
    owner: Line = Field(default="owner", min_length=1, max_length=255)
    attributes: Line = Field(default="attributes", min_length=1, max_length=255)


class MigrationTable(_Strict):
    """An attribute of the table that the deployment names as MigrationTable."""

    name: Line = Field(min_length=3, max_length=255)
    attribute: Line = Field(min_length=1, max_length=255)
    id_attribute: Line | None = Field(
        None, min_length=1, max_length=255, description="The primary key when it is left out."
    )


class MigrationRecord(_Strict):
    """One record, moved at once."""

    id: Line = Field(min_length=1, max_length=2048)
    owner: Line = Field(min_length=1, max_length=255)
    image: str = Field(min_length=1, description="base64 or a data URI")
    attributes: dict[str, Any] | None = None


class MigrationSource(_Strict):
    """Where the records are: exactly one of these."""

    jsonl: Line | None = Field(
        None,
        max_length=1024,
        pattern="^migrations/.*[^/]$",
        description="Key of an object of JSON lines in the ingest bucket.",
    )
    folder: Line | None = Field(
        None,
        max_length=1024,
        pattern="^migrations/(.*/)?$",
        description="Prefix of the ingest bucket: each object below it is a record, named by its key.",
    )
    table: MigrationTable | None = None
    record: MigrationRecord | None = None


class MigrationRequest(_Strict):
    """Records whose pictures are to become images."""

    source: MigrationSource
    fields: MigrationFields = MigrationFields()
    owner: Line | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Whose all the images are; otherwise each record says so.",
    )
    batch_size: int = Field(10, ge=1, le=50, description="Records that are moved before progress is saved.")
    write_back: bool = Field(
        default=False,
        description="Write the image's id into the table's record as `{attribute}_image_id`.",
    )


class MigratedRecordQuery(_Strict):
    """Which record's picture is wanted."""

    record: Line = Field(min_length=1, max_length=2048)


class MigrationRecordName(BaseModel):
    """The record that came with the request."""

    id: str


class MigrationSourceTold(BaseModel):
    """Where the records are, as it was asked for."""

    jsonl: str | None = None
    folder: str | None = None
    table: MigrationTable | None = None
    record: MigrationRecordName | None = None


class MigrationProgress(BaseModel):
    """Numbers of records; `total` and `left` are null while the source is being counted."""

    total: int | None
    moved: int
    already_moved: int
    left: int | None
    failed: int


class MigrationError(BaseModel):
    """Why a record was not moved."""

    record: str
    code: str
    detail: str


class Migration(BaseModel):
    """How far a migration has come; `errors` are the last 50."""

    id: str
    status: Literal["queued", "running", "succeeded", "failed"]
    source: MigrationSourceTold
    progress: MigrationProgress
    errors: list[MigrationError]
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class ImageRendition(BaseModel):
    """A rendition, and a link to it that works without a token."""

    url: str
    content_type: str
    width: int
    height: int
    size_bytes: int


class ImagePlaceholder(BaseModel):
    """What to paint before the thumbnail has arrived."""

    blurhash: str
    color: str = Field(pattern="^#[0-9a-f]{6}$")


class Image(BaseModel):
    """An image."""

    id: str
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
    generation: Generation | None
    analysis: Analysis | None
    metadata: dict[str, Any]
    placeholder: ImagePlaceholder
    url: str
    public_url: str | None
    renditions: dict[str, ImageRendition]
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    warnings: list[str]


class Card(BaseModel):
    """An image in a list."""

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
    created_at: datetime


class ImagePage(BaseModel):
    """A page of a list; it may be short or empty while `next_cursor` is not null."""

    items: list[Card]
    next_cursor: str | None


class SearchPage(ImagePage):
    """A page of what a search found."""

    not_searched: list[str] = Field(
        description="Fields in which new images are not searched, as the deployment keeps them encrypted."
    )


class SimilarImage(BaseModel):
    """An image that looks like another; `distance` is 0 for what looks the same, and at most 8."""

    card: Card
    distance: int


class SimilarImages(BaseModel):
    """The most similar images, the newest first among equals."""

    items: list[SimilarImage]


class FeedCard(BaseModel):
    """An image in the feed. Filenames, and alt texts that were derived, are shown only where a deployment says so."""

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
    created_at: datetime


class FeedPage(BaseModel):
    """A page of the feed; it may be short or empty while `next_cursor` is not null."""

    items: list[FeedCard]
    next_cursor: str | None


class Amount(BaseModel):
    """So many images, and the bytes of their originals."""

    images: int
    size_bytes: int


class DayAmount(Amount):
    """What is still stored of the images of a day."""

    date: date


class ProviderDay(BaseModel):
    """What a provider did on a day, counted when it answered."""

    succeeded: int
    failed: int = Field(description="Calls, those that were repeated among them.")
    average_ms: int | None = Field(description="Of those that succeeded.")
    cost_usd: float = Field(description="Deleted images have cost as much.")
    unknown_costs: int = Field(description="Calls whose price is in no table, and in no sum.")


class GenerationDay(BaseModel):
    """What providers did on a day."""

    date: date
    by_provider: dict[Provider, ProviderDay]


class GenerationDays(BaseModel):
    """What providers did."""

    days: list[GenerationDay]


class Stats(Amount):
    """What is stored. `images` and `size_bytes` hold all; the parts follow changes within seconds."""

    scope: Scope
    by_kind: dict[str, Amount]
    by_format: dict[str, Amount]
    by_visibility: dict[str, Amount]
    by_model: dict[str, Amount] = Field(description="At most 1,000 models.")
    trash: Amount
    days: list[DayAmount]
    generation: GenerationDays


class Component(BaseModel):
    """Whether a part answers."""

    status: Literal["ok", "degraded", "down", "not_configured"]
    detail: str | None


class DeepHealth(BaseModel):
    """Whether every part answers; the worst of them is the whole's."""

    status: Literal["ok", "degraded", "down"]
    components: dict[str, Component]


class Health(BaseModel):
    """Whether the API answers."""

    status: Literal["ok", "degraded", "down"]


class ProblemError(BaseModel):
    """One fault of a request."""

    loc: list[str | int]
    type: str
    msg: str


class ItemProblem(BaseModel):
    """Why one item of a batch failed, as a problem document says it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemError] | None = None
    existing_id: str | None = None


class Problem(ItemProblem):
    """An error (RFC 9457)."""

    request_id: str


class StoredItem(BaseModel):
    """An image of a batch, by the place of its item."""

    index: int
    image: Image


class FailedItem(BaseModel):
    """An item of a batch that was not stored."""

    index: int
    error: ItemProblem


class BatchResult(BaseModel):
    """What became of each item of a batch."""

    successful: list[StoredItem]
    failed: list[FailedItem]


class FailedDeletion(BaseModel):
    """An image that was not deleted."""

    id: str
    error: ItemProblem


class BatchDeleteResult(BaseModel):
    """What became of each image that was to be deleted; with `next_cursor` the group goes on."""

    successful: list[str]
    failed: list[FailedDeletion]
    next_cursor: str | None


def unique(tags: list[str]) -> tuple[str, ...]:
    """Tags in their order, each once."""
    return tuple(dict.fromkeys(tags))


def flat_groups(groups: dict[str, list[str]]) -> tuple[str, ...]:
    """Groups as `type:id`, each once; InvalidRequest beyond 20."""
    names = tuple(dict.fromkeys(f"{kind}:{name}" for kind, members in groups.items() for name in members))
    if len(names) > limits.MAX_GROUPS:
        raise InvalidRequest(f"An image belongs to at most {limits.MAX_GROUPS} groups.")
    return names


def checked_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Custom metadata as given; AttributesTooLarge beyond 4 KB."""
    return _limited(metadata, "metadata", limits.MAX_METADATA_BYTES)


def _sized(model: BaseModel | None, name: str, limit: int) -> dict[str, Any] | None:
    return None if model is None else _limited(model.model_dump(mode="json"), name, limit)


def _limited(value: dict[str, Any], name: str, limit: int) -> dict[str, Any]:
    if len(json.dumps(value, ensure_ascii=False).encode()) > limit:
        raise AttributesTooLarge(f"{name} is larger than {limit // 1024} KB.")
    return value

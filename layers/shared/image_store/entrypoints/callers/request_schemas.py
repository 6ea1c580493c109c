"""Schemas of requests about API keys."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from image_store.domain.callers.actor import MAX_OWNER_CHARS, is_owner
from image_store.domain.callers.api_keys import MAX_GRACE, MAX_NAME_CHARS, USUAL_GRACE
from image_store.domain.callers.key_limits import MAX_REQUESTS_PER_MINUTE, KeyLimits
from image_store.domain.callers.scopes import KEY_SCOPES, Scope
from image_store.domain.generation.money import micros_of, usd
from image_store.entrypoints.http.days import DaysQuery
from image_store.entrypoints.http.fields import MAX_SAFE_INTEGER, Line, MergePatch, Strict
from image_store.entrypoints.http.scalars import Flag, Instant, Number, Whole

MAX_CURSOR_CHARS = 2_000
"""A cursor contains the owner of the last key, percent-encoded and in base64."""
MAX_COST_USD = 1_000_000
_COST = "cost_usd"


def _owner(text: str) -> str:
    if not is_owner(text):
        raise ValueError("must be printable and able to name an owner")
    return text


Owner = Annotated[str, Field(min_length=1, max_length=MAX_OWNER_CHARS), AfterValidator(_owner)]

KeyName = Annotated[
    Line,
    Field(min_length=1, max_length=MAX_NAME_CHARS, description="What it is for, such as `nightly job`."),
]


def _of_a_key(scope: Scope) -> Scope:
    if scope not in KEY_SCOPES:
        raise ValueError("no API key can have it")
    return scope


KeyScope = Annotated[
    Scope, AfterValidator(_of_a_key), WithJsonSchema({"type": "string", "enum": sorted(KEY_SCOPES)})
]

Scopes = Annotated[
    list[KeyScope],
    Field(
        min_length=1,
        max_length=len(KEY_SCOPES),
        description="What the key may do. Only admins grant `act-as` and `images:admin`.",
    ),
]


Count = Annotated[Whole, Field(ge=1, le=MAX_SAFE_INTEGER)]

Dollars = Annotated[Number, Field(ge=0.000001, le=MAX_COST_USD)]


class KeyLimitsFields(MergePatch):
    """What a key may use, whoever it acts for; null, or a limit that is not sent, is no limit."""

    requests_per_minute: Whole | None = Field(
        None,
        ge=1,
        le=MAX_REQUESTS_PER_MINUTE,
        description="A token bucket: it holds as many requests, and fills again within a minute.",
    )
    images_per_day: Count | None = Field(None, description="How many images it may store in a day (UTC).")
    images_per_month: Count | None = Field(None, description="The same for a month (UTC).")
    bytes_per_day: Count | None = Field(
        None, description="How many bytes of originals it may store in a day (UTC)."
    )
    bytes_per_month: Count | None = Field(None, description="The same for a month (UTC).")
    cost_usd_per_day: Dollars | None = Field(
        None, description="What may be spent on generated images in a day (UTC), in dollars."
    )
    cost_usd_per_month: Dollars | None = Field(None, description="The same for a month (UTC).")

    @property
    def sent(self) -> dict[str, int | None]:
        """The limits that were sent, as KeyLimits has them."""
        return {_in_domain(name): _micros(getattr(self, name), name) for name in self.model_fields_set}

    @classmethod
    def shown(cls, limits: KeyLimits) -> dict[str, int | float | None]:
        """Limits as the API shows them."""
        values = {name: getattr(limits, _in_domain(name)) for name in cls.model_fields}
        return {name: usd(value) if name.startswith(_COST) else value for name, value in values.items()}


def _in_domain(name: str) -> str:
    """The name that KeyLimits has for a field."""
    return name.replace(_COST, "cost_micros", 1)


def _micros(value: float | None, name: str) -> int | None:
    """The value that KeyLimits has for that of a field."""
    return micros_of(repr(value)) if value is not None and name.startswith(_COST) else value  # type: ignore[return-value]


class ApiKeyRequest(Strict):
    """An API key to create."""

    name: KeyName
    scopes: Scopes
    owner: Owner | None = Field(
        None, description="Whose images it reads and writes; by default yours. Others need an admin."
    )
    expires_at: Instant | None = Field(None, description="Within ten years; by default it does not expire.")
    limits: KeyLimitsFields | None = Field(
        None, description="What the key may use; by default no limits of its own."
    )


class ApiKeyPatch(MergePatch):
    """A merge patch (RFC 7396) of an API key; null removes the expiry or a limit."""

    name: KeyName = ""
    scopes: Scopes = Field([])
    expires_at: Instant | None = None
    limits: KeyLimitsFields | None = Field(None, description="Limits to change; null removes all.")


class ApiKeysQuery(Strict):
    """A page of API keys, by owner and id."""

    limit: Whole = Field(50, ge=1, le=100)
    cursor: str | None = Field(None, min_length=1, max_length=MAX_CURSOR_CHARS)
    owner: Owner | None = Field(None, description="Whose keys; by default yours. Others need an admin.")
    all_owners: Flag = Field(default=False, description="Whether to list the keys of all owners, for admins.")


class KeyUsageQuery(DaysQuery):
    """Which days of usage to return, at most 366; days are in UTC, `from` is inclusive, `to` is not.

    An instant within a day stands for the whole day.
    """


class KeyRotationRequest(Strict):
    """A new secret for an API key."""

    grace_seconds: Whole = Field(
        int(USUAL_GRACE.total_seconds()),
        ge=0,
        le=int(MAX_GRACE.total_seconds()),
        description="How long the old secret still works.",
    )
